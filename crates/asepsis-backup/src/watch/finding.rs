use std::ffi::OsStr;
use std::fmt;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::tool::{Failed, Keep, Ran, Tool};
use super::{TOLERANCE, Watch, WatchKind, WatchState, append_only};

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing is wrong, as far as the check looks.
    Sound,
    /// Something is wrong with the backup.
    Alarm,
    /// Something could not be looked at, and nothing else is known to be wrong.
    NotLooked,
}

/// What kind of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlarmKind {
    /// Bytes are not those that were written, or are gone.
    Damaged,
    /// A canary is not in the newest snapshot.
    CanaryMissing,
    /// A canary has other content.
    CanaryChanged,
    /// A canary has other content, of an entropy that only ciphertext and compressed data have.
    CanaryEncrypted,
    /// There is no snapshot at all.
    Empty,
    /// The newest snapshot is older than it may be.
    TooOld,
    /// The newest snapshot is dated in the future: its age cannot be told.
    Future,
    /// Snapshots are gone.
    Fewer,
    /// Much more than usual is new in the newest snapshot.
    MuchChanged,
    /// Snapshots can be deleted from this machine.
    Deletable,
}

impl AlarmKind {
    /// Its code, for programs and the log.
    pub fn code(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::CanaryMissing => "canary_missing",
            Self::CanaryChanged => "canary_changed",
            Self::CanaryEncrypted => "canary_encrypted",
            Self::Empty => "empty",
            Self::TooOld => "too_old",
            Self::Future => "future",
            Self::Fewer => "fewer",
            Self::MuchChanged => "much_changed",
            Self::Deletable => "deletable",
        }
    }

    /// What to do.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Damaged => {
                "keep this repository as it is, make a new backup elsewhere, and try to restore what you need"
            }
            Self::CanaryMissing => {
                "look whether the backup still takes that folder, and whether somebody moved the canary"
            }
            Self::CanaryChanged => "find out who changed it, and keep the older snapshots from expiring until you know",
            Self::CanaryEncrypted => {
                "ransomware does this: cut the machine that was backed up off the network, keep the older snapshots from \
                 expiring, and call for help"
            }
            Self::Empty => "look whether backups are made at all",
            Self::TooOld => "look why no newer backup was made",
            Self::Future => "set the clock of the machine that was backed up",
            Self::Fewer => "find out who or what deleted them; `may_expire` says how many may go between two checks",
            Self::MuchChanged => "find out what changed: many files may have been encrypted",
            Self::Deletable => "make it append-only, or give this machine no right to delete",
        }
    }
}

/// Something that is wrong with a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// What kind of thing.
    pub kind: AlarmKind,
    /// What exactly: ids, counts, times, the names of canaries, and no other name of a file.
    pub what: String,
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what, self.kind.remedy())
    }
}

/// Something that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotLooked {
    /// Its code: `tool_missing`, `tool_late`, `password`, `repository`, `locked`, `failed`.
    pub code: &'static str,
    /// What happened, and what to do.
    pub what: String,
}

/// Something to know that is no alarm.
pub type Notice = String;

/// Whether snapshots can be deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AppendOnly {
    /// Something keeps them from being deleted by this machine.
    Held,
    /// This machine can delete them.
    Missing,
    /// That cannot be told from here.
    #[default]
    Unknown,
}

/// What a check found. Times are seconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The number of snapshots.
    pub snapshots: Option<u64>,
    /// When the newest one was made.
    pub newest: Option<u64>,
    /// Its age in seconds.
    pub age: Option<u64>,
    /// The length of what is in it, in bytes.
    pub bytes: Option<u64>,
    /// How much of it is new in it, in bytes.
    pub changed: Option<u64>,
    /// The part that was read now and how many there are.
    pub read: Option<(u32, u32)>,
    /// How long that reading took.
    pub read_took: Option<Duration>,
    /// The part that is read next.
    pub next_part: Option<u32>,
    /// When all parts had been read once.
    pub all_read: Option<u64>,
    /// Canaries that were found as they were planted.
    pub canaries: u64,
    /// Whether snapshots can be deleted.
    pub append_only: AppendOnly,
    /// What is wrong.
    pub alarms: Vec<Alarm>,
    /// What could not be looked at.
    pub not_looked: Vec<NotLooked>,
    /// What else is to be known.
    pub notices: Vec<Notice>,
    /// How long the check took.
    pub took: Duration,
}

impl Found {
    /// What it comes to.
    pub fn verdict(&self) -> Verdict {
        match (self.alarms.as_slice(), self.not_looked.as_slice()) {
            ([], []) => Verdict::Sound,
            ([], _) => Verdict::NotLooked,
            _ => Verdict::Alarm,
        }
    }

    /// The codes of all alarms and of what could not be looked at, each once.
    pub fn codes(&self) -> Vec<&'static str> {
        let mut codes: Vec<&str> =
            self.alarms.iter().map(|a| a.kind.code()).chain(self.not_looked.iter().map(|n| n.code)).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }

    /// How long it takes at least to read all of the backup at the pace of this check. A restore writes it as well.
    pub fn reading_all(&self) -> Option<Duration> {
        Some(self.read_took? * self.read?.1)
    }
}

/// A check that is under way.
pub(super) struct Looking<'a> {
    pub(super) watch: &'a Watch,
    pub(super) now: u64,
    pub(super) part: u32,
    pub(super) found: Found,
    pub(super) deadline: Instant,
}

impl Looking<'_> {
    pub(super) fn tool(&self, scratch: &std::path::Path) -> Tool {
        let tool = Tool::new(&self.watch.program(), self.deadline, scratch);
        self.watch.environment.iter().fold(tool, |tool, (name, value)| tool.with(name, value))
    }

    pub(super) fn alarm(&mut self, kind: AlarmKind, what: impl Into<String>) {
        self.found.alarms.push(Alarm { kind, what: what.into() });
    }

    pub(super) fn not_looked(&mut self, code: &'static str, what: impl Into<String>) {
        self.found.not_looked.push(NotLooked { code, what: what.into() });
    }

    /// Runs a program and gives what it says where it succeeds; else `understood` says what its failure means.
    pub(super) fn run<T>(
        &mut self,
        tool: &Tool,
        words: &[impl AsRef<OsStr>],
        keep: Keep,
        understood: impl FnOnce(&mut Self, &Ran) -> T,
    ) -> Option<Ran> {
        match tool.run(words, keep) {
            Ok(ran) if ran.code == Some(0) => Some(ran),
            Ok(ran) => {
                understood(self, &ran);
                None
            }
            Err(failed) => {
                self.failed(failed);
                None
            }
        }
    }

    /// Says why a program did not come to its end.
    pub(super) fn failed(&mut self, failed: Failed) {
        match failed {
            Failed::Missing(program) => {
                self.not_looked("tool_missing", format!("{program} is not there; install it, or name it with `program`"));
            }
            Failed::Start(program, kind) => self.not_looked("tool_missing", format!("{program} cannot be started: {kind}")),
            Failed::Late(program) => self.not_looked(
                "tool_late",
                format!(
                    "{program} was not done within its share of {} min and was ended; look whether it hangs, or allow more with \
                     `timeout_minutes`{}",
                    self.watch.timeout.as_secs().div_ceil(60),
                    if self.watch.kind == WatchKind::Restic { ", or read less at a time with more `parts`" } else { "" }
                ),
            ),
        }
    }

    /// Compares what snapshots there are with the policy and with the last check. `newest` is the id and time of the
    /// newest, `still_there` whether an id is among them.
    pub(super) fn snapshots(
        &mut self,
        count: u64,
        newest: Option<(String, u64)>,
        still_there: impl Fn(&str) -> bool,
        state: &mut WatchState,
    ) {
        self.found.snapshots = Some(count);
        if let Some(before) = state.snapshots
            && count.saturating_add(self.watch.may_expire) < before
        {
            self.alarm(
                AlarmKind::Fewer,
                format!("there were {before} snapshots at the last check, and {count} are left"),
            );
        } else if let Some((id, _)) = &state.newest
            && !still_there(id)
        {
            self.alarm(AlarmKind::Fewer, format!("snapshot {id}, the newest of the last check, is gone"));
        }
        state.snapshots = Some(count);
        state.newest.clone_from(&newest);
        let Some((id, time)) = newest else {
            self.alarm(AlarmKind::Empty, "there is no snapshot in it");
            return;
        };
        self.found.newest = Some(time);
        if time > self.now + TOLERANCE {
            self.alarm(AlarmKind::Future, format!("snapshot {id} is dated {} s ahead", time - self.now));
            return;
        }
        let age = self.now.saturating_sub(time);
        self.found.age = Some(age);
        let most = self.watch.max_age.as_secs();
        if age > most {
            self.alarm(
                AlarmKind::TooOld,
                format!("the newest snapshot, {id}, is {} h old, and {} h are allowed", age / 3600, most / 3600),
            );
        }
    }

    /// Compares how much of the newest snapshot is new in it with what may be.
    pub(super) fn changed(&mut self, bytes: u64, changed: u64) {
        (self.found.bytes, self.found.changed) = (Some(bytes), Some(changed));
        let most = self.watch.most_changed_percent;
        let percent = u128::from(changed) * 100 / u128::from(bytes.max(1));
        if most < 100 && percent > u128::from(most) {
            self.alarm(
                AlarmKind::MuchChanged,
                format!("{percent} % of the newest snapshot are new in it, and {most} % are usual here"),
            );
        }
    }

    /// Damage of before in parts that were not read since: it is still there.
    pub(super) fn old_damage(&mut self, state: &WatchState) {
        let part_now = self.found.read.map(|(part, _)| part);
        for (part, since) in &state.damaged {
            if Some(*part) != part_now {
                let days = self.now.saturating_sub(*since) / 86_400;
                self.alarm(
                    AlarmKind::Damaged,
                    format!(
                        "part {part} of {} was found damaged {days} days ago and was not read since; `--part {part}` reads it",
                        state.parts
                    ),
                );
            }
        }
    }

    pub(super) fn append_only(&mut self) {
        if self.found.append_only == AppendOnly::Unknown {
            self.found.append_only = append_only::of_folder(self.watch);
        }
        let what = match self.found.append_only {
            AppendOnly::Held => return,
            AppendOnly::Missing => "this machine can delete it: who takes this machine over can do so as well",
            AppendOnly::Unknown => "whether it can be deleted (append-only, object lock) cannot be told from here",
        };
        if self.found.append_only == AppendOnly::Missing && self.watch.must_be_append_only {
            self.alarm(AlarmKind::Deletable, what);
        } else {
            self.found.notices.push(what.to_owned());
        }
    }
}
