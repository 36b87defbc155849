//! Looking after other people's backups: of an EHR, a PACS, file shares.
//!
//! The tool that made a backup checks it: `restic check --read-data-subset`, `borg check --verify-data`, `pgbackrest
//! verify`. Beside that stand *canaries*, files of known content in what is backed up: each check takes them out of the
//! newest snapshot, so that files which somebody encrypted or changed are noticed before the last good snapshot expires.
//! An *alarm* is something wrong with the backup; what *could not be looked at* is told apart from that.
//!
//! No name of a file in a backup comes out of here, since such names may identify patients: what tools say is read for
//! what is known, and ids of packs, segments and backups are all that is passed on.

mod append_only;
mod borg;
mod canary;
mod finding;
mod folder;
mod pgbackrest;
mod restic;
mod settings;
mod state;
mod tool;

use std::path::Path;
use std::time::Instant;

pub use canary::{Canaries, Canary, plant};
pub use finding::{Alarm, AlarmKind, AppendOnly, Found, NotLooked, Notice, Verdict};
pub use settings::{Watch, WatchKind};
pub use state::{WatchLock, WatchState};

use finding::Looking;

/// How far a clock may be ahead of ours before what it dated is called of the future, in seconds.
const TOLERANCE: u64 = 300;

/// Why a check could not begin, or what it found could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum WatchFault {
    /// Another process is at it.
    #[error("another check of the backup {name} is running; wait for its end")]
    Busy {
        /// The name of the backup.
        name: String,
    },
    /// A file of ours cannot be read or written.
    #[error(
        "{}: {why}; what is known of earlier damage stands there: restore it, or remove it to begin anew", path.display()
    )]
    State {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        why: String,
    },
    /// A canary cannot be planted.
    #[error("{}: {why}", path.display())]
    Plant {
        /// The file or folder.
        path: std::path::PathBuf,
        /// Why.
        why: String,
    },
    /// The settings do not hold together.
    #[error("[[backup.watch]] {name}: {why}")]
    Settings {
        /// The name of the backup.
        name: String,
        /// What is wrong with them.
        why: String,
    },
}

/// Checks a backup, and brings `state` up to what was found. `part` is the part to read in place of the next one, `now` the
/// present in seconds since 1970; the tool's temporary files go to `scratch`.
///
/// It never fails: what could not be looked at is part of what was found.
pub fn check(
    watch: &Watch,
    canaries: Option<&Canaries>,
    state: &mut WatchState,
    part: Option<u32>,
    now: u64,
    scratch: &Path,
) -> Found {
    let began = Instant::now();
    state.in_parts(watch.parts);
    let part = part.unwrap_or(state.next_part);
    let mut looking = Looking { watch, now, part, found: Found::default(), deadline: began + watch.timeout };
    match watch.kind {
        WatchKind::Restic => restic::check(&mut looking, canaries, state, scratch),
        WatchKind::Borg => borg::check(&mut looking, canaries, state, scratch),
        WatchKind::PgBackRest => pgbackrest::check(&mut looking, state, scratch),
        WatchKind::Folder => folder::check(&mut looking, canaries),
    }
    looking.old_damage(state);
    looking.append_only();
    let mut found = looking.found;
    found.took = began.elapsed();
    found.next_part = (watch.kind == WatchKind::Restic).then_some(state.next_part);
    found.all_read = state.all_read;
    state.looked = now;
    state.verdict = found.verdict();
    if state.verdict == Verdict::Sound {
        state.sound = Some(now);
    }
    state.codes = found.codes().iter().map(|code| (*code).to_owned()).collect();
    found
}
