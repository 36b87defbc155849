//! BorgBackup: <https://borgbackup.readthedocs.io/en/stable/usage/check.html>.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::Deserialize;
use time::PrimitiveDateTime;
use zeroize::Zeroizing;

use super::canary::{Canaries, Taken};
use super::finding::Looking;
use super::tool::{Keep, Ran, Tool};
use super::{AlarmKind, AppendOnly, WatchState};

/// The longest list of archives, in bytes.
const LONGEST_LIST: usize = 32 << 20;

/// What is kept of other output.
const END: usize = 64 << 10;

/// The longest passphrase, in bytes.
const LONGEST_PASSPHRASE: u64 = 4 << 10;

#[derive(Deserialize)]
struct List {
    archives: Vec<Archive>,
}

#[derive(Deserialize)]
struct Archive {
    id: String,
    name: String,
    /// Without an offset: in the zone of the process, which is UTC.
    time: String,
}

#[derive(Deserialize)]
struct Info {
    archives: Vec<Informed>,
}

#[derive(Deserialize)]
struct Informed {
    stats: Stats,
}

#[derive(Deserialize)]
struct Stats {
    original_size: u64,
    /// What is in no other archive.
    deduplicated_size: u64,
}

/// A line that `--log-json` writes.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    message: String,
    #[serde(default)]
    levelname: String,
    #[serde(default)]
    msgid: Option<String>,
}

pub(super) fn check(looking: &mut Looking<'_>, canaries: Option<&Canaries>, state: &mut WatchState, scratch: &Path) {
    let mut tool = looking.tool(scratch).with("BORG_REPO", &looking.watch.repository);
    if let Some(file) = &looking.watch.password_file {
        let mut passphrase = Zeroizing::new(Vec::new());
        let read = File::open(file).and_then(|file| file.take(LONGEST_PASSPHRASE).read_to_end(&mut passphrase));
        if let Err(error) = read {
            return looking.not_looked("password", format!("`password_file` cannot be read: {error}"));
        }
        // On its standard input: what stands in the environment can be seen by more.
        tool = tool.with("BORG_PASSPHRASE_FD", "0").reading(passphrase.trim_ascii());
    }
    looking.found.append_only = append_only(looking, &tool);
    let Some(newest) = archives(looking, &tool, state) else { return };
    if let Some((name, has_older)) = newest {
        match canaries.filter(|list| !list.planted.is_empty()) {
            Some(list) => take(looking, &tool, &name, list),
            None => looking.no_canaries(),
        }
        let archive = format!("::{name}");
        let words = words(looking, &["info", "--json", &archive]);
        if let Some(ran) = run(looking, &tool, &words)
            && let Ok(info) = serde_json::from_slice::<Info>(&ran.out)
            && let Some(Informed { stats }) = info.archives.first()
        {
            looking.found.bytes = Some(stats.original_size);
            if has_older {
                looking.changed(stats.original_size, stats.deduplicated_size);
            }
        }
    }
    read(looking, &tool, state);
}

/// The words of a command, with those that all have.
fn words(looking: &Looking<'_>, command: &[&str]) -> Vec<String> {
    let lock: &[&str] = if looking.watch.lock { &["--lock-wait", "30"] } else { &["--bypass-lock"] };
    [&["--log-json"], lock, command].concat().into_iter().map(str::to_owned).collect()
}

/// The name of the newest archive, and whether there are others; none at all where there is no archive.
fn archives(looking: &mut Looking<'_>, tool: &Tool, state: &mut WatchState) -> Option<Option<(String, bool)>> {
    let words = words(looking, &["list", "--json"]);
    let ran = run(looking, tool, &words)?;
    let dated = |archive: Archive| {
        let form = time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
        let whole = archive.time.split(['.', '+']).next()?;
        let time = PrimitiveDateTime::parse(whole, form).ok()?.assume_utc();
        Some((u64::try_from(time.unix_timestamp()).ok()?, archive))
    };
    let list = serde_json::from_slice::<List>(&ran.out).ok().filter(|_| !ran.too_much);
    let Some(mut list) = list.and_then(|list| list.archives.into_iter().map(dated).collect::<Option<Vec<_>>>()) else {
        looking.not_looked("failed", "what borg says of its archives cannot be read: this version of it is not known");
        return None;
    };
    list.sort_by_key(|(time, _)| *time);
    let short = |id: &str| id.chars().take(16).collect::<String>();
    let newest = list.last().map(|(time, archive)| (short(&archive.id), *time));
    looking.snapshots(list.len() as u64, newest, |id| list.iter().any(|(_, a)| short(&a.id) == id), state);
    let count = list.len();
    Some(list.pop().map(|(_, archive)| (archive.name, count > 1)))
}

/// Takes each canary out of the newest archive. It goes through a pipe and never onto a disk.
fn take(looking: &mut Looking<'_>, tool: &Tool, archive: &str, list: &Canaries) {
    let archive = format!("::{archive}");
    for canary in &list.planted {
        // Archives hold paths without the first slash; what is behind `pp:` is no pattern.
        let path = format!("pp:{}", canary.path.trim_start_matches('/'));
        let words = words(looking, &["extract", "--stdout", &archive, &path]);
        let ran = match tool.run(&words, Keep::First(canary.limit())) {
            Ok(ran) => ran,
            Err(failed) => return looking.failed(failed),
        };
        if ran.code == Some(0) || ran.too_much {
            looking.canary(canary, &Taken::Content(ran.out));
        } else if ran.err.contains("never matched") {
            looking.canary(canary, &Taken::Missing);
        } else if !understood(looking, &ran) {
            return;
        }
    }
}

fn read(looking: &mut Looking<'_>, tool: &Tool, state: &mut WatchState) {
    let words = words(looking, &["check", "--verify-data"]);
    let ran = match tool.run(&words, Keep::Last(END)) {
        Ok(ran) => ran,
        Err(failed) => return looking.failed(failed),
    };
    if ran.code == Some(0) {
        (looking.found.read, looking.found.read_took) = (Some((1, 1)), Some(ran.took));
        state.read(1, true, looking.now);
    } else if understood(looking, &ran) {
        looking.found.read = Some((1, 1));
        state.read(1, false, looking.now);
    }
}

/// Of a repository on this machine borg tells.
fn append_only(looking: &Looking<'_>, tool: &Tool) -> AppendOnly {
    if looking.watch.repository.contains(':') {
        return AppendOnly::Unknown;
    }
    match tool.run(&["config", &looking.watch.repository, "append_only"], Keep::First(END)) {
        Ok(ran) if ran.code == Some(0) && ran.out.trim_ascii() == b"1" => AppendOnly::Held,
        _ => AppendOnly::Unknown,
    }
}

fn run(looking: &mut Looking<'_>, tool: &Tool, words: &[String]) -> Option<Ran> {
    looking.run(tool, words, Keep::First(LONGEST_LIST), understood)
}

/// Says what a failed command means. Whether it is damage, after which the rest can still be looked at.
fn understood(looking: &mut Looking<'_>, ran: &Ran) -> bool {
    let lines: Vec<Line> = ran.err.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let ids: Vec<&str> = lines.iter().filter_map(|line| line.msgid.as_deref()).collect();
    let has = |wanted: &[&str]| wanted.iter().any(|wanted| ids.contains(wanted));
    let errors = || lines.iter().filter(|line| line.levelname == "ERROR");
    if has(&[
        "PassphraseWrong",
        "PasscommandFailure",
        "NoPassphraseFailure",
        "PasswordRetriesExceeded",
        "KeyfileNotFoundError",
    ]) {
        looking.not_looked(
            "password",
            "the passphrase does not open it, or its key is not there: look at `password_file`",
        );
    } else if has(&["LockTimeout", "LockFailed", "LockError"]) {
        looking
            .not_looked("locked", "the repository is in use, or cannot be locked; look again when the backup is done");
    } else if has(&[
        "Repository.DoesNotExist",
        "Repository.InvalidRepository",
        "ConnectionClosed",
        "ConnectionClosedWithHint",
    ]) {
        looking.not_looked("repository", "there is no repository, or it cannot be reached: look at `repository`");
    } else if has(&["IntegrityError", "Repository.CheckNeeded", "Repository.ObjectNotFound", "FileIntegrityError"])
        || errors().any(|line| says_damage(&line.message))
    {
        let segments = errors().filter_map(|line| segment(&line.message)).take(5).collect::<Vec<_>>().join(", ");
        let named = if segments.is_empty() { String::new() } else { format!(": {segments}") };
        looking.alarm(AlarmKind::Damaged, format!("borg finds bytes that are not those that were written{named}"));
        return true;
    } else {
        let code = ran.code.map_or("a signal".to_owned(), |code| format!("code {code}"));
        let id = ids.iter().find(|id| id.len() < 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.'));
        let id = id.map(|id| format!(" ({id})")).unwrap_or_default();
        looking.not_looked(
            "failed",
            format!(
                "borg ended with {code}{id} for a reason that is not known here; run `borg check` by hand to see it"
            ),
        );
    }
    false
}

fn says_damage(message: &str) -> bool {
    [
        "integrity error",
        "errors found",
        "mismatch",
        "is corrupted",
        "chunk missing",
        "missing chunk",
        "not found in the repository",
    ]
    .iter()
    .any(|text| message.to_ascii_lowercase().contains(text))
}

/// The place in "... [segment 2, offset 5000260]".
fn segment(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("[segment ")?;
    let place: String = rest.split(']').next()?.chars().filter(|c| c.is_ascii_digit() || *c == ',').collect();
    let (segment, offset) = place.split_once(',')?;
    Some(format!("segment {segment} at {offset}"))
}
