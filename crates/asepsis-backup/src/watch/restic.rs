//! restic: <https://restic.readthedocs.io/en/stable/045_working_with_repos.html>.

use std::path::Path;

use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::canary::{Canaries, Taken};
use super::finding::Looking;
use super::tool::{Keep, Ran, Tool};
use super::{AlarmKind, WatchState};

/// The longest list of snapshots, in bytes: some 50,000 of them.
const LONGEST_LIST: usize = 32 << 20;

/// What is kept of other output.
const END: usize = 64 << 10;

/// The share of the time of a check that canaries may take, and that the counting of changes may take.
const SHARE: u32 = 10;

/// Ids of damaged packs that are named.
const NAMED: usize = 5;

#[derive(Deserialize)]
struct Snapshot {
    id: String,
    time: String,
    #[serde(default)]
    hostname: String,
    #[serde(default)]
    paths: Option<Vec<String>>,
    /// From restic 0.17 on.
    summary: Option<Summary>,
}

#[derive(Deserialize)]
struct Summary {
    data_added: u64,
    total_bytes_processed: u64,
}

#[derive(Deserialize)]
struct Stats {
    total_size: u64,
}

/// The last line of `diff --json`.
#[derive(Deserialize)]
struct Diff {
    added: Added,
}

#[derive(Deserialize)]
struct Added {
    bytes: u64,
}

pub(super) fn check(looking: &mut Looking<'_>, canaries: Option<&Canaries>, state: &mut WatchState, scratch: &Path) {
    let mut tool = looking.tool(scratch).with("RESTIC_REPOSITORY", &looking.watch.repository);
    if let Some(file) = &looking.watch.password_file {
        tool = tool.with("RESTIC_PASSWORD_FILE", &file.to_string_lossy());
    }
    let Some(snapshots) = snapshots(looking, &tool, state) else { return };
    if let Some((newest, before)) = snapshots {
        // restic tries for a quarter of an hour to get a pack that is gone; the check below tells what is the matter.
        tool.allow(Some(looking.watch.timeout / SHARE));
        match canaries.filter(|list| !list.planted.is_empty()) {
            Some(list) => take(looking, &tool, &newest.id, list),
            None => looking.no_canaries(),
        }
        if looking.found.not_looked.is_empty() {
            tool.allow(Some(looking.watch.timeout / SHARE));
            changed(looking, &tool, &newest, before.as_ref());
        }
        tool.allow(None);
    }
    read(looking, &tool, state);
}

/// The newest snapshot, and the one before it of the same host and folders; none at all where there is no snapshot.
type Newest = Option<(Snapshot, Option<Snapshot>)>;

fn snapshots(looking: &mut Looking<'_>, tool: &Tool, state: &mut WatchState) -> Option<Newest> {
    let ran = run(looking, tool, &["snapshots", "--json", "--no-lock", "--no-cache"], Keep::First(LONGEST_LIST))?;
    let list: Option<Vec<Option<Snapshot>>> =
        serde_json::from_slice::<Option<_>>(&ran.out).map(Option::unwrap_or_default).ok();
    let dated = |s: Snapshot| {
        let time = OffsetDateTime::parse(&s.time, &Rfc3339).ok()?;
        Some((u64::try_from(time.unix_timestamp()).ok()?, s))
    };
    let dated: Option<Vec<_>> = list.and_then(|list| list.into_iter().map(|s| s.and_then(dated)).collect());
    let Some(mut list) = dated.filter(|_| !ran.too_much) else {
        looking
            .not_looked("failed", "what restic says of its snapshots cannot be read: this version of it is not known");
        return None;
    };
    list.sort_by_key(|(time, _)| *time);
    let newest = list.last().map(|(time, s)| (s.id.clone(), *time));
    looking.snapshots(list.len() as u64, newest, |id| list.iter().any(|(_, s)| s.id == id), state);
    let Some((_, newest)) = list.pop() else { return Some(None) };
    let before = list.into_iter().rev().map(|(_, s)| s);
    let before = before.into_iter().find(|s| s.hostname == newest.hostname && s.paths == newest.paths);
    Some(Some((newest, before)))
}

/// Takes each canary out of the newest snapshot. It goes through a pipe and never onto a disk.
fn take(looking: &mut Looking<'_>, tool: &Tool, snapshot: &str, list: &Canaries) {
    for canary in &list.planted {
        let words = ["dump", "--no-lock", "--no-cache", "--quiet", "--", snapshot, &canary.path];
        let ran = match tool.run(&words, Keep::First(canary.limit())) {
            Ok(ran) => ran,
            Err(failed) => return looking.failed(failed),
        };
        if ran.code == Some(0) || ran.too_much {
            looking.canary(canary, &Taken::Content(ran.out));
        } else if ran.err.contains("not found in snapshot") {
            looking.canary(canary, &Taken::Missing);
        } else if !understood(looking, &ran) {
            return;
        }
    }
}

fn changed(looking: &mut Looking<'_>, tool: &Tool, newest: &Snapshot, before: Option<&Snapshot>) {
    if let Some(summary) = &newest.summary {
        looking.found.bytes = Some(summary.total_bytes_processed);
        if before.is_some() {
            looking.changed(summary.total_bytes_processed, summary.data_added);
        }
        return;
    }
    let Some(ran) = run(looking, tool, &["stats", "--json", "--no-lock", "--no-cache", &newest.id], Keep::Last(END))
    else {
        return;
    };
    let Some(Stats { total_size }) = last_line(&ran.out) else { return };
    looking.found.bytes = Some(total_size);
    let Some(before) = before else { return };
    let words = ["diff", "--json", "--no-lock", "--no-cache", &before.id, &newest.id];
    // It names every file that differs; only its last line is looked at, and nothing of it is kept.
    if let Some(ran) = run(looking, tool, &words, Keep::Last(END))
        && let Some(Diff { added }) = last_line(&ran.out)
    {
        looking.changed(total_size, added.bytes);
    }
}

/// Reads the next part of the packs, and the structure as a whole.
fn read(looking: &mut Looking<'_>, tool: &Tool, state: &mut WatchState) {
    let (part, parts) = (looking.part, looking.watch.parts);
    let subset = format!("--read-data-subset={part}/{parts}");
    let mut words = vec!["check", subset.as_str()];
    if !looking.watch.lock {
        // A lock would stop the backups that are due while it reads.
        words.push("--no-lock");
    }
    let ran = match tool.run(&words, Keep::Last(END)) {
        Ok(ran) => ran,
        Err(failed) => return looking.failed(failed),
    };
    if ran.code == Some(0) {
        (looking.found.read, looking.found.read_took) = (Some((part, parts)), Some(ran.took));
        state.read(part, true, looking.now);
    } else if understood(looking, &ran) {
        looking.found.read = Some((part, parts));
        state.read(part, false, looking.now);
    }
}

fn run(looking: &mut Looking<'_>, tool: &Tool, words: &[&str], keep: Keep) -> Option<Ran> {
    looking.run(tool, words, keep, understood)
}

/// Says what a failed command means. Whether it is damage, after which the rest can still be looked at.
fn understood(looking: &mut Looking<'_>, ran: &Ran) -> bool {
    const DAMAGE: [&str; 8] = [
        "repository contains errors",
        "Pack ID does not match",
        "is damaged",
        "ciphertext verification failed",
        "invalid data returned",
        "does not match content",
        "errors were found",
        "Load(<data/",
    ];
    let says = |text: &str| ran.err.contains(text);
    // From restic 0.17 on the exit code tells as well.
    if ran.code == Some(12)
        || says("wrong password")
        || says("unable to open password")
        || says("Resolving password failed")
    {
        looking.not_looked(
            "password",
            "the password does not open it, or its file cannot be read: look at `password_file`",
        );
    } else if DAMAGE.iter().any(|text| says(text)) {
        let ids = ids(&ran.err);
        let named = if ids.is_empty() { String::new() } else { format!(": {}", ids.join(", ")) };
        let hint =
            if looking.watch.lock { "" } else { " (were packs pruned meanwhile? then `lock = true` and look again)" };
        looking
            .alarm(AlarmKind::Damaged, format!("restic finds bytes that are not those that were written{named}{hint}"));
        return true;
    } else if ran.code == Some(11) || says("already locked") || says("unable to create lock") {
        looking.not_looked(
            "locked",
            "the repository is in use, or a lock was left behind; look again when the backup is done",
        );
    } else if ran.code == Some(10) || says("unable to open config file") || says("Is there a repository") {
        looking.not_looked("repository", "there is no repository, or it cannot be reached: look at `repository`");
    } else {
        let code = ran.code.map_or("a signal".to_owned(), |code| format!("code {code}"));
        looking.not_looked(
            "failed",
            format!(
                "restic ended with {code} for a reason that is not known here; run `restic check` by hand to see it"
            ),
        );
    }
    false
}

/// Packs and other files of the repository that are named, shortened as restic does.
fn ids(text: &str) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for line in text.lines() {
        let words = line.split(|c: char| !c.is_ascii_alphanumeric());
        let id = words
            .into_iter()
            .find(|word| word.len() >= 8 && word.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
        if let Some(id) = id.map(|id| id.chars().take(8).collect()).filter(|id| !ids.contains(id)) {
            ids.push(id);
        }
    }
    ids.truncate(NAMED);
    ids
}

fn last_line<'a, T: Deserialize<'a>>(out: &'a [u8]) -> Option<T> {
    let line = out.trim_ascii_end().rsplit(|byte| *byte == b'\n').next()?;
    serde_json::from_slice(line).ok()
}
