//! `asepsis backup watch` over a backup that the real restic makes, beside a running gateway.
#![cfg(unix)]

mod support;

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::{Ran, Setup, Site, request};

const PASSWORD: &str = "correct-horse-battery-staple";

/// Whether who runs the tests asked for those with other people's backup tools to be left out. It is said then.
fn left_out(what: &str) -> bool {
    let asked = std::env::var("ASEPSIS_LEAVE_OUT").unwrap_or_default();
    let left_out = asked.split(',').any(|what| what.trim() == "backup");
    if left_out {
        writeln!(std::io::stderr(), "left out, as ASEPSIS_LEAVE_OUT asks: {what}").ok();
    }
    left_out
}

/// A practice, and a share that restic backs up.
struct Practice {
    site: Site,
    elsewhere: tempfile::TempDir,
}

impl Practice {
    fn start() -> Self {
        let elsewhere = tempfile::tempdir().expect("a folder");
        let at = |name: &str| elsewhere.path().join(name);
        std::fs::create_dir(at("share")).expect("a folder");
        std::fs::write(at("share/anna-lind.txt"), "Patient: Anna Lind").expect("a file");
        std::fs::write(at("password"), PASSWORD).expect("a file");
        // What the tool is called with is written down on the way.
        let said = at("called-with");
        let script = format!("#!/bin/sh\necho \"$*\" >> {}\nenv >> {0}.env\nexec restic \"$@\"\n", said.display());
        std::fs::write(at("restic.sh"), script).expect("a script");
        std::fs::set_permissions(at("restic.sh"), std::fs::Permissions::from_mode(0o755)).expect("its mode");
        let watch = |name: &str, more: &str| {
            format!(
                "\n[[backup.watch]]\nname = \"{name}\"\nkind = \"restic\"\nrepository = \"{}\"\nprogram = \"{}\"\n{more}\n",
                at("repository").display(),
                at("restic.sh").display()
            )
        };
        let password =
            format!("password_file = \"{}\"\nparts = 2\nmost_changed_percent = 100", at("password").display());
        let settings = watch("files", &password) + &watch("by-env", "environment = [\"RESTIC_PASSWORD\"]");
        let practice = Self { site: Setup::new().extra(&settings).env("RESTIC_PASSWORD", PASSWORD).start(), elsewhere };
        practice.restic(&["init", "--quiet"]);
        practice
    }

    fn at(&self, name: &str) -> PathBuf {
        self.elsewhere.path().join(name)
    }

    /// restic as the practice uses it.
    fn restic(&self, words: &[&str]) {
        let mut command = Command::new("restic");
        command.env("RESTIC_REPOSITORY", self.at("repository")).env("RESTIC_PASSWORD", PASSWORD);
        command.env("XDG_CACHE_HOME", self.at("cache")).args(words);
        let ran = support::run(&mut command, b"");
        assert_eq!(ran.code, 0, "{}; `cargo xtask setup` installs restic", ran.stderr);
    }

    fn back_up(&self) {
        self.restic(&["backup", "--quiet", self.at("share").to_str().expect("a path")]);
    }

    fn watch(&self, words: &[&str]) -> Ran {
        let ran = self.site.run([&["backup", "watch"], words].concat());
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!said.contains(PASSWORD) && !said.to_lowercase().contains("anna"), "{said}");
        ran
    }

    fn acts(&self) -> Vec<Value> {
        let folder = self.site.data_dir().join("log-cli");
        let ran = self.site.run(["audit", "search", "--json", "--folder", folder.to_str().expect("a path")]);
        let all = ran.stdout.lines().map(|l| serde_json::from_str::<Value>(l).expect("JSON")["act"].clone());
        // That the practice's own key was made stands there as well.
        all.filter(|act| act["kind"] != "register_changed").collect()
    }

    fn metrics(&self) -> String {
        request(self.site.address(), "GET", "/metrics", &[], b"").text().to_owned()
    }

    fn doctor(&self, wanted: &str) -> String {
        let looked = self.site.run(["doctor"]).stdout;
        looked.lines().find(|line| line.contains(wanted)).unwrap_or_else(|| panic!("{wanted}: {looked}")).to_owned()
    }
}

#[test]
fn p6_the_backup_of_another_system_is_watched_recorded_and_told_of_by_the_doctor() {
    if left_out("asepsis backup watch with restic") {
        return;
    }
    let practice = Practice::start();
    assert!(practice.doctor("the backup files was never verified").starts_with("WARNING"));
    assert!(practice.metrics().contains("backup_watch_sound{backup=\"files\"} 0"), "{}", practice.metrics());
    let share = practice.at("share");
    let planted = practice.site.run(["backup", "canary", "create", share.to_str().expect("a path"), "--for", "files"]);
    assert_eq!(planted.code, 0, "{}", planted.stderr);
    let canaries: Vec<PathBuf> =
        planted.stdout.lines().filter_map(|l| Some(Path::new(l.strip_prefix("PLANTED  ")?).to_owned())).collect();
    assert_eq!(canaries.len(), 4, "{}", planted.stdout);
    practice.back_up();

    let ran = practice.watch(&["files"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    for line in
        ["READ     files: part 1 of 2; next is part 2", "CANARIES files: 4 as they were planted", "SOUND    files"]
    {
        assert!(ran.stdout.lines().any(|l| l == line), "{line}: {}", ran.stdout);
    }
    // The next run, of another process, goes on with the next part.
    let ran = practice.watch(&["files", "--json"]);
    let told: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(
        (ran.code, &told["verdict"], &told["read_part"], &told["next_part"]),
        (0, &"sound".into(), &2.into(), &1.into())
    );
    assert!(told["all_read"].is_string() && told["append_only"] == "missing", "{told}");
    let target = &told["restore_target"];
    assert!(
        target["hours"] == 72 && target["basis"].as_str().is_some_and(|b| b.starts_with("proposed, not law")),
        "{target}"
    );
    assert!(target["can_be_met"] == "unknown" && target["reading_all_takes_seconds"].is_u64(), "{target}");
    assert!(practice.doctor("the backup files was verified at").starts_with("OK"));
    assert!(practice.metrics().contains("backup_watch_sound{backup=\"files\"} 1"), "{}", practice.metrics());
    // A drill of our own backups is another thing than a check of theirs.
    practice.doctor("no backup was ever tried");

    let length = std::fs::metadata(&canaries[1]).expect("a canary").len() as usize;
    let mut noise = vec![0; length];
    aws_lc_rs::rand::fill(&mut noise).expect("random bytes");
    std::fs::write(&canaries[1], noise).expect("written");
    practice.back_up();
    let ran = practice.watch(&["files"]);
    let name = canaries[1].file_name().and_then(|n| n.to_str()).expect("a name");
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(
        ran.stdout.contains(&format!("ALARM    files: canary_encrypted: canary {name} looks encrypted")),
        "{}",
        ran.stdout
    );
    assert!(practice.doctor("something is wrong with it (canary_encrypted)").starts_with("FAULT"));
    assert!(practice.metrics().contains("backup_watch_alarm{backup=\"files\"} 1"), "{}", practice.metrics());

    // The password from the environment; and a wrong one: nothing is known then.
    let ran = practice.watch(&["by-env"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    std::fs::write(practice.at("password"), "incorrect-horse").expect("written");
    let ran = practice.watch(&["files"]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stdout.contains("NOT LOOKED files: password: "), "{}", ran.stdout);
    assert_eq!(practice.watch(&[]).code, 2, "all of them, of which one cannot be looked at");
    for (words, why) in [
        (&["nobody"][..], "no [[backup.watch]] of the name nobody"),
        (&["files", "--part", "3"][..], "--part is 1 to 2"),
    ] {
        let ran = practice.watch(words);
        assert!(ran.code == 2 && ran.stderr.contains(why), "{}", ran.stderr);
    }

    let acts = practice.acts();
    let told: Vec<_> = acts.iter().map(|a| (a["kind"].as_str(), a["target"].as_str(), a["basis"].as_str())).collect();
    let (good, bad) = (Some("backup_verified"), Some("backup_fault"));
    let (files, by_env) = (Some("watch files"), Some("watch by-env"));
    assert_eq!(
        told,
        [
            (good, files, None),
            (good, files, None),
            (bad, files, Some("canary_encrypted")),
            (good, by_env, None),
            (bad, files, Some("password")),
            (bad, files, Some("password")),
            (good, by_env, None),
        ]
    );
    assert_eq!((&acts[0]["figures"]["part"], &acts[0]["figures"]["parts"]), (&1.into(), &2.into()));
    assert_eq!((&acts[2]["figures"]["canaries"], &acts[2]["figures"]["alarms"]), (&3.into(), &1.into()));

    // No secret on a command line, and only where it has to be in an environment.
    let called = std::fs::read_to_string(practice.at("called-with")).expect("the calls");
    assert!(called.contains("check --read-data-subset=2/2 --no-lock") && !called.contains("horse"), "{called}");
    let environment = std::fs::read_to_string(practice.at("called-with.env")).expect("the environments");
    assert!(!environment.contains("ASEPSIS_"), "the tool gets what is named, and no more");
    support::wait_until("a checkpoint covers the entries", || practice.site.run(["audit", "verify"]).code == 0);
}

#[test]
fn p6_settings_that_do_not_hold_together_are_told_before_anything_is_read() {
    let site = Setup::new();
    for (watch, why) in [
        ("name = \"x\"\nkind = \"tape\"\nrepository = \"/x\"", "the kinds are restic, borg, pgbackrest and folder"),
        ("name = \"Anna Lind\"\nkind = \"folder\"\nrepository = \"/x\"", "name no person"),
        ("name = \"x\"\nkind = \"restic\"\nrepository = \"rest:https://me:sesame@h/x\"", "holds a password"),
        ("name = \"x\"\nkind = \"borg\"\nrepository = \"/x\"\nparts = 3", "`parts` is for restic"),
        (
            "name = \"x\"\nkind = \"folder\"\nrepository = \"/x\"\n[[backup.watch]]\nname = \"x\"\nkind = \"folder\"\nrepository = \"/y\"",
            "there are two of this name",
        ),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let toml = site.toml("http://127.0.0.1:9") + "\n[[backup.watch]]\n" + watch + "\n";
        std::fs::write(folder.path().join("asepsis.toml"), toml).expect("written");
        let mut command = support::asepsis();
        command.args(["backup", "watch"]).current_dir(folder.path());
        let ran = support::run(&mut command, b"");
        assert!(ran.code == 2 && ran.stderr.contains(why) && !ran.stderr.contains("sesame"), "{why}: {}", ran.stderr);
        assert!(!folder.path().join("data").exists());
    }
}
