//! What is remembered of a watched backup from one check to the next.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::WatchFault;

/// The layout of the file.
const LAYOUT: u32 = 1;

/// No state is longer, in bytes.
const LONGEST: u64 = 1 << 20;

/// What is remembered of a watched backup. All times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchState {
    v: u32,
    /// The part that is read next, from 1.
    pub next_part: u32,
    /// How many parts there are.
    pub parts: u32,
    /// When all parts had been read once.
    pub all_read: Option<u64>,
    /// Parts that were found damaged and were not found whole since, and when that was.
    pub damaged: BTreeMap<u32, u64>,
    /// When it was looked at last, whatever came of it.
    pub looked: u64,
    /// When a check found nothing wrong.
    pub sound: Option<u64>,
    /// What the last check came to.
    pub verdict: super::Verdict,
    /// The codes of its alarms, and of what could not be looked at.
    pub codes: Vec<String>,
    /// The number of snapshots.
    pub snapshots: Option<u64>,
    /// The id and the time of the newest one.
    pub newest: Option<(String, u64)>,
}

impl Default for WatchState {
    fn default() -> Self {
        Self {
            v: LAYOUT,
            next_part: 1,
            parts: 1,
            all_read: None,
            damaged: BTreeMap::new(),
            looked: 0,
            sound: None,
            verdict: super::Verdict::NotLooked,
            codes: Vec::new(),
            snapshots: None,
            newest: None,
        }
    }
}

impl WatchState {
    /// The state of the backup of that name in `folder`; `None` if it was never looked at.
    ///
    /// # Errors
    /// [`WatchFault::State`] if there is one that cannot be read: what is known of damage must not be forgotten.
    pub fn load(folder: &Path, name: &str) -> Result<Option<Self>, WatchFault> {
        let path = file(folder, name);
        let fault = |why: String| WatchFault::State { path: path.clone(), why };
        let mut text = Vec::new();
        match File::open(&path) {
            Ok(file) => file.take(LONGEST).read_to_end(&mut text).map_err(|e| fault(e.to_string()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(fault(error.to_string())),
        };
        let state: Self = serde_json::from_slice(&text).map_err(|_| fault("it is no state of a check".to_owned()))?;
        if state.v != LAYOUT {
            return Err(fault(format!("it is of layout {}, and this program knows {LAYOUT}", state.v)));
        }
        Ok(Some(state))
    }

    /// Keeps it: it is on disk, as a whole, when this returns.
    ///
    /// # Errors
    /// [`WatchFault::State`].
    pub fn save(&self, folder: &Path, name: &str) -> Result<(), WatchFault> {
        let path = file(folder, name);
        keep(&path, &serde_json::to_vec_pretty(self).unwrap_or_default())
    }

    /// Takes up another number of parts: what was read under the old one says nothing of the new parts.
    pub(super) fn in_parts(&mut self, parts: u32) {
        if self.parts != parts {
            // What was damaged is somewhere: the first round says where.
            let oldest = self.damaged.values().min().copied();
            self.damaged = oldest.map(|when| (1..=parts).map(|part| (part, when)).collect()).unwrap_or_default();
            (self.parts, self.next_part, self.all_read) = (parts, 1, None);
        }
    }

    /// A part was read to its end.
    pub(super) fn read(&mut self, part: u32, whole: bool, now: u64) {
        if whole {
            self.damaged.remove(&part);
        } else {
            self.damaged.entry(part).or_insert(now);
        }
        // One that was asked for out of turn does not stand in for the next.
        if part == self.next_part {
            if part == self.parts {
                self.all_read = Some(now);
            }
            self.next_part = part % self.parts + 1;
        }
    }
}

/// Replaces a file as a whole, with mode 0600, and syncs it.
pub(super) fn keep(path: &Path, content: &[u8]) -> Result<(), WatchFault> {
    let write = || {
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut new = tempfile::NamedTempFile::new_in(folder)?;
        new.write_all(content)?;
        new.as_file().sync_all()?;
        new.persist(path).map_err(|error| error.error)?;
        asepsis_db::files::sync_parent(path)
    };
    write().map_err(|error: io::Error| WatchFault::State { path: path.to_owned(), why: error.to_string() })
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.json"))
}

/// The right to check one backup: one process at a time.
#[derive(Debug)]
pub struct WatchLock {
    _file: File,
}

impl WatchLock {
    /// Takes it, and makes `folder` where it is not there.
    ///
    /// # Errors
    /// [`WatchFault::Busy`] if another process has it; [`WatchFault::State`].
    pub fn take(folder: &Path, name: &str) -> Result<Self, WatchFault> {
        let path = folder.join(format!("{name}.lock"));
        let fault = |why: String| WatchFault::State { path: path.clone(), why };
        asepsis_db::files::private_directory(folder).map_err(|error| fault(error.to_string()))?;
        let mut options = fs::OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(|error| fault(error.to_string()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(fs::TryLockError::WouldBlock) => Err(WatchFault::Busy { name: name.to_owned() }),
            Err(fs::TryLockError::Error(error)) => Err(fault(error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p6_parts_go_round_and_damage_is_remembered_until_its_part_is_read_whole() {
        let mut state = WatchState::default();
        state.in_parts(3);
        state.read(1, true, 10);
        state.read(2, false, 20);
        assert_eq!((state.next_part, state.all_read, state.damaged.get(&2)), (3, None, Some(&20)));
        state.read(3, true, 30);
        assert_eq!((state.next_part, state.all_read), (1, Some(30)));
        state.read(2, false, 40);
        assert_eq!((state.next_part, state.damaged.get(&2)), (1, Some(&20)), "out of turn, and since when it is");
        state.in_parts(2);
        assert_eq!(state.damaged, BTreeMap::from([(1, 20), (2, 20)]));
        state.read(1, true, 50);
        state.read(2, true, 60);
        assert!(state.damaged.is_empty() && state.all_read == Some(60));
    }

    #[test]
    fn p6_a_state_is_kept_as_a_whole_and_one_that_cannot_be_read_is_said() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(WatchState::load(dir.path(), "ehr").unwrap(), None);
        let state = WatchState { snapshots: Some(7), ..WatchState::default() };
        state.save(dir.path(), "ehr").unwrap();
        assert_eq!(WatchState::load(dir.path(), "ehr").unwrap(), Some(state));
        for broken in ["", "{", "{\"v\":1}"] {
            fs::write(dir.path().join("ehr.json"), broken).unwrap();
            assert!(WatchState::load(dir.path(), "ehr").unwrap_err().to_string().contains("ehr.json"), "{broken}");
        }
        let held = WatchLock::take(dir.path(), "ehr").unwrap();
        assert!(matches!(WatchLock::take(dir.path(), "ehr"), Err(WatchFault::Busy { .. })));
        assert!(WatchLock::take(dir.path(), "pacs").is_ok());
        drop(held);
        assert!(WatchLock::take(dir.path(), "ehr").is_ok());
    }
}
