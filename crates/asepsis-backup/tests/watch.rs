//! Backups of the real restic and borg, looked after: sound ones, and those that something happened to.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use asepsis_backup::watch::{AppendOnly, Canaries, Found, Verdict, Watch, WatchKind, WatchState, plant};
use support::{flip, left_out, look, noise, now, replace, run};

const PASSWORD: &str = "correct horse battery staple";

/// Something that is backed up, with canaries in it.
struct Source {
    kind: WatchKind,
    dir: tempfile::TempDir,
    canaries: Vec<PathBuf>,
    made: u32,
}

impl Source {
    fn new(kind: WatchKind) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("share/anna-lind");
        fs::create_dir_all(&data).unwrap();
        fs::create_dir(dir.path().join("state")).unwrap();
        for n in 0..6 {
            fs::write(data.join(format!("scan-{n}")), noise(400_000)).unwrap();
        }
        fs::write(dir.path().join("password"), format!("{PASSWORD}\n")).unwrap();
        let canaries = plant(&dir.path().join("state"), "ehr", &data, None).unwrap();
        let source = Self { kind, dir, canaries, made: 0 };
        match kind {
            WatchKind::Restic => run(&mut source.tool(), &["init", "--quiet"]),
            _ => run(&mut source.tool(), &["init", "--encryption", "repokey"]),
        };
        source
    }

    fn repository(&self) -> PathBuf {
        self.dir.path().join("repository")
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("share/anna-lind")
    }

    /// The tool as the site uses it.
    fn tool(&self) -> Command {
        let mut command = Command::new(self.kind.name());
        let cache = self.dir.path().join("cache");
        command
            .env("RESTIC_REPOSITORY", self.repository())
            .env("RESTIC_PASSWORD", PASSWORD)
            .env("XDG_CACHE_HOME", &cache);
        command.env("BORG_REPO", self.repository()).env("BORG_PASSPHRASE", PASSWORD).env("BORG_BASE_DIR", &cache);
        command
    }

    /// The site's backup runs.
    fn back_up(&mut self) {
        self.made += 1;
        let data = self.dir.path().join("share");
        let data = data.to_str().unwrap();
        match self.kind {
            WatchKind::Restic => run(&mut self.tool(), &["backup", "--quiet", data]),
            _ => run(&mut self.tool(), &["create", &format!("::day-{}", self.made), data]),
        };
    }

    fn watch(&self) -> Watch {
        let base = self.dir.path().join("cache").to_str().unwrap().to_owned();
        Watch {
            password_file: Some(self.dir.path().join("password")),
            parts: if self.kind == WatchKind::Restic { 3 } else { 1 },
            environment: vec![("BORG_BASE_DIR".to_owned(), base.into())],
            ..Watch::new("ehr", self.kind, self.repository().to_str().unwrap())
        }
    }

    fn canary_list(&self) -> Canaries {
        Canaries::load(&self.dir.path().join("state"), "ehr").unwrap().unwrap()
    }

    fn look(&self, watch: &Watch, state: &mut WatchState) -> Found {
        look(watch, Some(&self.canary_list()), state, now())
    }
}

/// What ransomware leaves of a file.
fn encrypt(path: &Path) {
    let length = fs::metadata(path).unwrap().len() as usize;
    fs::write(path, noise(length)).unwrap();
}

fn says(found: &Found, what: &str) -> bool {
    found.alarms.iter().any(|alarm| alarm.what.contains(what))
}

#[test]
fn p6_restic_is_read_part_by_part_and_a_byte_that_was_changed_is_found_and_stays_an_alarm() {
    if left_out("the backups of restic") {
        return;
    }
    let mut source = Source::new(WatchKind::Restic);
    source.back_up();
    fs::write(source.data().join("scan-0"), noise(300_000)).unwrap();
    source.back_up();
    let (watch, mut state) = (source.watch(), WatchState::default());
    for part in 1..=3 {
        let found = source.look(&watch, &mut state);
        assert_eq!(found.verdict(), Verdict::Sound, "{found:?}");
        assert_eq!((found.snapshots, found.canaries, found.read), (Some(2), 4, Some((part, 3))), "{found:?}");
        assert!(found.changed.is_some_and(|bytes| (300_000..400_000).contains(&bytes)), "{found:?}");
        assert!(found.bytes.is_some_and(|bytes| bytes > 2_300_000) && found.age.is_some_and(|age| age < 600));
        assert_eq!((found.next_part, found.all_read.is_some()), (Some(part % 3 + 1), part == 3));
        assert_eq!(found.append_only, AppendOnly::Missing, "it lies on this machine");
    }
    // No lock was left, nor anything else written.
    assert_eq!(fs::read_dir(source.repository().join("locks")).unwrap().count(), 0);

    let (pack, content) = flip(&source.repository().join("data"));
    let mut damaged = 0;
    for _ in 1..=3 {
        let found = look(&watch, None, &mut state, now());
        let name = pack.file_name().unwrap().to_str().unwrap();
        let here = found.alarms.iter().find(|alarm| alarm.what.contains(&name[..8]));
        damaged += usize::from(here.is_some());
        assert_eq!(found.verdict() == Verdict::Alarm, damaged == 1, "from the part on in which it is: {found:?}");
        assert_eq!(here.is_none() && damaged == 1, says(&found, "was found damaged"), "{found:?}");
    }
    assert_eq!((damaged, state.damaged.len()), (1, 1), "in one of the parts");
    replace(&pack, &content);
    for _ in 1..=3 {
        look(&watch, None, &mut state, now());
    }
    assert_eq!((state.verdict, state.damaged.len()), (Verdict::Sound, 0));

    // A pack that is gone altogether is missed whatever part is read, and restic's patience with it does not stop the check.
    fs::remove_file(&pack).unwrap();
    let watch = Watch { timeout: Duration::from_secs(120), ..watch };
    let found = source.look(&watch, &mut state);
    assert!(found.codes().contains(&"damaged"), "{found:?}");
}

#[test]
fn p6_canaries_that_were_changed_encrypted_or_removed_are_named() {
    if left_out("the canaries in backups of restic and borg") {
        return;
    }
    for kind in [WatchKind::Restic, WatchKind::Borg] {
        let mut source = Source::new(kind);
        source.back_up();
        let (watch, mut state) = (source.watch(), WatchState::default());
        let found = source.look(&watch, &mut state);
        assert_eq!((found.verdict(), found.canaries), (Verdict::Sound, 4), "{found:?}");

        let mut text = fs::read_to_string(&source.canaries[0]).unwrap();
        text.push_str("and more\n");
        fs::write(&source.canaries[0], text).unwrap();
        encrypt(&source.canaries[1]);
        fs::remove_file(&source.canaries[2]).unwrap();
        // Larger than it is read, too.
        fs::write(&source.canaries[3], noise(3_000_000)).unwrap();
        source.back_up();
        let found = source.look(&watch, &mut state);
        assert_eq!(found.canaries, 0, "{found:?}");
        let name = |at: usize| source.canaries[at].file_name().unwrap().to_str().unwrap().to_owned();
        for (at, what) in
            [(0, "was changed"), (1, "looks encrypted"), (2, "is not in the newest snapshot"), (3, "looks encrypted")]
        {
            assert!(says(&found, &format!("canary {} {what}", name(at))), "{kind:?} {at}: {found:?}");
        }
        assert_eq!(
            found.codes(),
            ["canary_changed", "canary_encrypted", "canary_missing", "much_changed"],
            "3 MB of what were 2.4 are new: {found:?}"
        );
    }
}

#[test]
fn p6_snapshots_that_are_too_old_of_the_future_deleted_or_none_at_all_are_alarms() {
    if left_out("the snapshots of restic and borg") {
        return;
    }
    for kind in [WatchKind::Restic, WatchKind::Borg] {
        let mut source = Source::new(kind);
        let (watch, mut state) = (source.watch(), WatchState::default());
        assert_eq!(look(&watch, None, &mut state, now()).codes(), ["empty"], "{kind:?}");
        for _ in 0..4 {
            source.back_up();
        }
        assert_eq!(look(&watch, None, &mut state, now()).verdict(), Verdict::Sound, "{kind:?}");
        let found = look(&watch, None, &mut state, now() + 30 * 3600);
        assert!(found.codes() == ["too_old"] && says(&found, "30 h old, and 26 h are allowed"), "{kind:?}: {found:?}");
        assert_eq!(look(&watch, None, &mut state, now() - 7200).codes(), ["future"], "{kind:?}");

        // One may expire between two checks; more may not, and never the newest.
        let delete = |source: &Source, newest: bool, count: usize| match kind {
            WatchKind::Restic => {
                let ids: Vec<serde_json::Value> =
                    serde_json::from_str(&run(&mut source.tool(), &["snapshots", "--json"])).unwrap();
                let mut ids: Vec<&str> = ids.iter().map(|s| s["id"].as_str().unwrap()).collect();
                if newest {
                    ids.reverse();
                }
                run(&mut source.tool(), &[&["forget", "--quiet"], &ids[..count]].concat());
            }
            _ => {
                let names = run(&mut source.tool(), &["list", "--short"]);
                let mut names: Vec<String> = names.lines().map(|name| format!("::{name}")).collect();
                if newest {
                    names.reverse();
                }
                for name in &names[..count] {
                    run(&mut source.tool(), &["delete", name]);
                }
            }
        };
        delete(&source, false, 1);
        assert_eq!(look(&watch, None, &mut state, now()).verdict(), Verdict::Sound, "{kind:?}");
        delete(&source, true, 1);
        let found = look(&watch, None, &mut state, now());
        assert!(
            found.codes() == ["fewer"] && says(&found, "the newest of the last check, is gone"),
            "{kind:?}: {found:?}"
        );
        source.back_up();
        source.back_up();
        assert_eq!(look(&watch, None, &mut state, now()).verdict(), Verdict::Sound, "{kind:?}");
        delete(&source, false, 3);
        let found = look(&watch, None, &mut state, now());
        assert!(found.codes() == ["fewer"] && says(&found, "there were 4 snapshots"), "{kind:?}: {found:?}");
    }
}

#[test]
fn p6_borg_reads_all_of_it_and_names_the_segment_that_was_changed() {
    if left_out("the backups of borg") {
        return;
    }
    let mut source = Source::new(WatchKind::Borg);
    source.back_up();
    fs::write(source.data().join("scan-0"), noise(300_000)).unwrap();
    source.back_up();
    let (watch, mut state) = (source.watch(), WatchState::default());
    let found = source.look(&watch, &mut state);
    assert_eq!((found.verdict(), found.read, found.append_only), (Verdict::Sound, Some((1, 1)), AppendOnly::Missing));
    assert!(found.changed.is_some_and(|bytes| (300_000..400_000).contains(&bytes)), "{found:?}");
    let must = Watch { must_be_append_only: true, ..watch.clone() };
    assert_eq!(source.look(&must, &mut state).codes(), ["deletable"]);
    run(&mut source.tool(), &["config", source.repository().to_str().unwrap(), "append_only", "1"]);
    assert_eq!(source.look(&must, &mut state).verdict(), Verdict::Sound);

    let (segment, content) = flip(&source.repository().join("data"));
    let found = source.look(&watch, &mut state);
    let segment_name = segment.file_name().unwrap().to_str().unwrap();
    assert!(says(&found, &format!("segment {segment_name} at ")), "{found:?}");
    assert!(found.codes().contains(&"damaged"), "{found:?}");
    replace(&segment, &content);
    let found = source.look(&watch, &mut state);
    assert_eq!(found.verdict(), Verdict::Sound, "{found:?}");
}

#[test]
fn p6_what_could_not_be_looked_at_is_told_from_what_is_wrong() {
    if left_out("the failures of restic and borg") {
        return;
    }
    for kind in [WatchKind::Restic, WatchKind::Borg] {
        let mut source = Source::new(kind);
        source.back_up();
        let good = source.watch();
        let wrong = source.dir.path().join("wrong");
        fs::write(&wrong, "incorrect horse\n").unwrap();
        let script = |name: &str, text: &str| {
            let path = source.dir.path().join(name);
            fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            path
        };
        let nowhere = source.dir.path().join("nowhere");
        for (watch, code) in [
            (Watch { password_file: Some(wrong), ..good.clone() }, "password"),
            (Watch { password_file: Some(nowhere.clone()), ..good.clone() }, "password"),
            (Watch { repository: nowhere.to_str().unwrap().to_owned(), ..good.clone() }, "repository"),
            (Watch { program: Some("no-such-tool-here".into()), ..good.clone() }, "tool_missing"),
            (
                Watch { program: Some(script("hangs", "sleep 600")), timeout: Duration::from_secs(1), ..good.clone() },
                "tool_late",
            ),
            (Watch { program: Some(script("fails", "echo 'anna-lind: /x' >&2; exit 3")), ..good.clone() }, "failed"),
            (Watch { program: Some(script("raves", "yes '{\"anna-lind\":'")), ..good.clone() }, "failed"),
            (Watch { program: Some(script("quiet", "exit 0")), ..good.clone() }, "failed"),
        ] {
            let mut state = WatchState::default();
            let found = source.look(&watch, &mut state);
            assert_eq!((found.verdict(), found.codes()), (Verdict::NotLooked, vec![code]), "{kind:?}: {found:?}");
            assert_eq!((state.next_part, state.sound), (1, None), "what was not read is read the next time");
            assert!(!format!("{found:?}").contains("horse"));
        }
    }
}

#[test]
fn p6_a_plain_folder_is_looked_at_by_its_canaries() {
    let (state_dir, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let share = folder.path().join("anna-lind");
    fs::create_dir(&share).unwrap();
    let planted = plant(state_dir.path(), "files", &share, Some("anna-lind")).unwrap();
    let list = Canaries::load(state_dir.path(), "files").unwrap().unwrap();
    let watch = Watch::new("files", WatchKind::Folder, folder.path().to_str().unwrap());
    let mut state = WatchState::default();
    let found = look(&watch, Some(&list), &mut state, now());
    assert_eq!((found.verdict(), found.canaries), (Verdict::Sound, 4), "{found:?}");
    encrypt(&planted[2]);
    assert_eq!(look(&watch, Some(&list), &mut state, now()).codes(), ["canary_encrypted"]);
    assert_eq!(look(&watch, None, &mut state, now()).verdict(), Verdict::NotLooked);
    let gone = Watch { repository: "/nowhere/at/all".to_owned(), ..watch };
    assert_eq!(look(&gone, Some(&list), &mut state, now()).codes(), ["repository"]);
}
