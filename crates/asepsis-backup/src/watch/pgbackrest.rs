//! pgBackRest: <https://pgbackrest.org/command.html#command-verify>.

use std::path::Path;

use serde::Deserialize;

use super::finding::Looking;
use super::tool::{Keep, Ran, Tool};
use super::{AlarmKind, WatchState};

/// The longest list of backups, in bytes.
const LONGEST_LIST: usize = 32 << 20;

/// What is read of `verify`: some lines a backup.
const LONGEST_REPORT: usize = 4 << 20;

#[derive(Deserialize)]
struct Stanza {
    name: String,
    #[serde(default)]
    backup: Vec<Backup>,
    status: Status,
}

#[derive(Deserialize)]
struct Status {
    code: u32,
}

#[derive(Deserialize)]
struct Backup {
    label: String,
    #[serde(rename = "type")]
    kind: String,
    timestamp: Timestamp,
    info: Info,
    /// Whether pages with a wrong checksum were found when it was made.
    #[serde(default)]
    error: Option<bool>,
}

#[derive(Deserialize)]
struct Timestamp {
    stop: u64,
}

#[derive(Deserialize)]
struct Info {
    size: u64,
    delta: u64,
}

pub(super) fn check(looking: &mut Looking<'_>, state: &mut WatchState, scratch: &Path) {
    let tool = looking.tool(scratch);
    let mut words = vec![
        format!("--stanza={}", looking.watch.repository),
        "--log-level-console=off".to_owned(),
        "--log-level-stderr=error".to_owned(),
        "--log-level-file=off".to_owned(),
    ];
    if let Some(file) = &looking.watch.config_file {
        words.push(format!("--config={}", file.display()));
    }
    let with = |more: &[&str]| words.iter().cloned().chain(more.iter().map(|w| (*w).to_owned())).collect::<Vec<_>>();
    let Some(listed) = run(looking, &tool, &with(&["--output=json", "info"]), LONGEST_LIST) else { return };
    let stanzas: Option<Vec<Stanza>> = serde_json::from_slice(&listed.out).ok();
    let Some(stanza) = stanzas.and_then(|all| all.into_iter().find(|s| s.name == looking.watch.repository)) else {
        return looking
            .not_looked("failed", "what pgbackrest says of its backups cannot be read: this version is not known");
    };
    // Codes of `info`: 1 no stanza of that name, 2 no backup, 3 to 6 trouble, 99 other.
    if stanza.status.code == 1 {
        return looking.not_looked("repository", "there is no such stanza, or its repository cannot be reached");
    }
    let mut backups = stanza.backup;
    backups.sort_by_key(|b| b.timestamp.stop);
    let newest = backups.last().map(|b| (b.label.clone(), b.timestamp.stop));
    looking.snapshots(backups.len() as u64, newest, |label| backups.iter().any(|b| b.label == label), state);
    if let Some(newest) = backups.last() {
        looking.found.bytes = Some(newest.info.size);
        // All of a full backup is new in it.
        if newest.kind != "full" {
            looking.changed(newest.info.size, newest.info.delta);
        }
        if newest.error == Some(true) {
            looking.alarm(
                AlarmKind::Damaged,
                format!("when backup {} was made, the database had pages with a wrong checksum", newest.label),
            );
        }
    }
    let Some(ran) = run(looking, &tool, &with(&["--output=text", "--verbose", "verify"]), LONGEST_REPORT) else {
        return;
    };
    let said = String::from_utf8_lossy(&ran.out);
    // Its exit code is 0 whatever it found, so only its own word counts.
    let status = said.lines().find_map(|line| line.strip_prefix("status: "));
    match status {
        Some("ok") if !ran.too_much => {
            (looking.found.read, looking.found.read_took) = (Some((1, 1)), Some(ran.took));
            state.read(1, true, looking.now);
        }
        Some("error") => {
            let places = places(&said);
            looking.alarm(AlarmKind::Damaged, format!("pgbackrest finds files that are not as they were written: {places}"));
            looking.found.read = Some((1, 1));
            state.read(1, false, looking.now);
        }
        _ => looking.not_looked(
            "failed",
            "pgbackrest does not say what its check came to: it takes 2.45 or newer, whose `verify` knows --output=text",
        ),
    }
}

fn run(looking: &mut Looking<'_>, tool: &Tool, words: &[String], most: usize) -> Option<Ran> {
    looking.run(tool, words, Keep::First(most), understood)
}

/// Says what a failed command means, by the number of its error: `ERROR: [055]: ...`.
fn understood(looking: &mut Looking<'_>, ran: &Ran) {
    let number: Option<u32> = ran.err.split_once("ERROR: [").and_then(|(_, rest)| rest.get(..3)?.parse().ok());
    match number {
        Some(50) => looking.not_looked("locked", "another pgbackrest is at it; look again when it is done"),
        // CryptoError: a wrong passphrase cannot be told from damage.
        Some(95) => looking.not_looked("password", "it cannot be decrypted: look at repo-cipher-pass of its configuration"),
        Some(number @ (27 | 41 | 42 | 55 | 73 | 102 | 103)) => looking.not_looked(
            "repository",
            format!("the repository or the configuration cannot be read (error {number}); run it as the user that it belongs to"),
        ),
        Some(number) => looking.not_looked("failed", format!("pgbackrest ended with its error {number}; run it by hand to see it")),
        None => {
            let code = ran.code.map_or("a signal".to_owned(), |code| format!("code {code}"));
            looking.not_looked("failed", format!("pgbackrest ended with {code}; run it by hand to see why"));
        }
    }
}

/// Which backups and archives are concerned, with the counts that stand below them.
fn places(said: &str) -> String {
    let mut places = Vec::new();
    let mut lines = said.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        let counts = lines.peek().copied().unwrap_or_default();
        let faulty = counts.split(", ").any(|c| c.split_once(": ").is_some_and(|(_, n)| n.parse() != Ok(0_u64)));
        let named = line.strip_prefix("backup: ").or_else(|| line.strip_prefix("archiveId: "));
        if let Some(label) = named.and_then(|rest| rest.split(',').next())
            && faulty
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        {
            places.push(format!("{label} ({counts})"));
        }
    }
    if places.is_empty() { "no usable list of backups".to_owned() } else { places.join("; ") }
}
