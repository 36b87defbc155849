//! How far the other side has everything: a small file, written anew and synced at each step.

use std::io::Write;
use std::path::{Path, PathBuf};

use asepsis_db::files;
use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::Record;

/// No cursor file is longer.
const LONGEST: u64 = 4096;

/// Why a cursor cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CursorError {
    /// The file or its folder.
    #[error("cannot {doing} {}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file holds no cursor.
    #[error("{} holds no cursor of a stream; delete it, and everything is sent anew", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The cursor is of another log.
    #[error(
        "{} is the cursor of a stream of the log {theirs}, and this is {ours}; give the stream another name, or delete the \
         file, and everything is sent anew",
        path.display()
    )]
    OtherLog {
        /// The file.
        path: PathBuf,
        /// The origin in the file.
        theirs: String,
        /// The origin of this log.
        ours: String,
    },
}

/// The state of a stream that outlives the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    path: PathBuf,
    state: State,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    /// The log's origin.
    origin: String,
    /// All entries below this index are with the other side.
    confirmed: u64,
    /// SHA-256 of the last of them in hexadecimal, to recognise a log that was rolled back; empty where there is none.
    last: String,
}

/// Makes the folder of the cursors.
pub(super) fn make_folder(folder: &Path) -> Result<(), CursorError> {
    files::private_directory(folder).map_err(|error| CursorError::File {
        path: folder.to_owned(),
        doing: "make the folder",
        source: std::io::Error::other(error.to_string()),
    })
}

impl Cursor {
    /// The cursor of the stream in the folder, at the first entry where there is no file yet.
    ///
    /// # Errors
    /// [`CursorError`] where there is a file and it cannot be read, or is of another log.
    pub fn open(folder: &Path, stream: &str, origin: &str) -> Result<Self, CursorError> {
        let path = folder.join(format!("{stream}.json"));
        let state = match std::fs::metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                State { origin: origin.to_owned(), confirmed: 0, last: String::new() }
            }
            Err(source) => return Err(CursorError::File { path, doing: "read", source }),
            Ok(file) if file.len() > LONGEST => return Err(CursorError::Malformed { path }),
            Ok(_) => {
                let bytes = match std::fs::read(&path) {
                    Ok(bytes) => bytes,
                    Err(source) => return Err(CursorError::File { path, doing: "read", source }),
                };
                let Ok(state) = serde_json::from_slice::<State>(&bytes) else {
                    return Err(CursorError::Malformed { path });
                };
                state
            }
        };
        if state.origin != origin {
            return Err(CursorError::OtherLog { path, theirs: state.origin, ours: origin.to_owned() });
        }
        Ok(Self { path, state })
    }

    /// All entries below this index are with the other side.
    pub fn confirmed(&self) -> u64 {
        self.state.confirmed
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether these are the bytes of the last entry that was confirmed.
    pub(super) fn is_at(&self, bytes: &[u8]) -> bool {
        hex(bytes) == self.state.last
    }

    /// Moves behind the record. When this returns well, the step is on disk. It has moved also where it could not be written:
    /// what the other side has, it has.
    pub(super) fn confirm(&mut self, last: &Record) -> Result<(), CursorError> {
        self.state.confirmed = last.index + 1;
        self.state.last = hex(&last.bytes);
        self.write().map_err(|source| CursorError::File { path: self.path.clone(), doing: "write", source })
    }

    fn write(&self) -> std::io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(&serde_json::to_vec(&self.state)?)?;
        file.as_file().sync_data()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        files::sync_parent(&self.path)
    }
}

fn hex(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(index: u64) -> Record {
        let json = format!(
            "{{\"v\":1,\"exchange\":\"ex_{index:032x}\",\"phase\":\"intent\",\"time\":\"2026-11-25T08:30:00.123Z\",\
             \"interface\":\"openai.chat\",\"purpose\":\"TREAT\"}}"
        );
        Record::read(index, json.into_bytes()).expect("an event")
    }

    #[test]
    fn a_cursor_is_found_again_where_it_was_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut cursor = Cursor::open(folder.path(), "siem", "log/1").expect("a new one");
        assert_eq!(cursor.confirmed(), 0);
        cursor.confirm(&record(41)).expect("written");
        let again = Cursor::open(folder.path(), "siem", "log/1").expect("the same");
        assert_eq!((again.confirmed(), &again), (42, &cursor));
        assert!(again.is_at(&record(41).bytes) && !again.is_at(&record(40).bytes));
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing else is left");
        assert_eq!(Cursor::open(folder.path(), "other", "log/1").expect("a new one").confirmed(), 0);
    }

    #[test]
    fn a_cursor_of_another_log_or_of_nothing_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        Cursor::open(folder.path(), "siem", "log/1").expect("a new one").confirm(&record(0)).expect("written");
        let error = Cursor::open(folder.path(), "siem", "log/2").expect_err("of another log");
        assert!(error.to_string().contains("log/1, and this is log/2"), "{error}");
        let mut bytes = std::fs::read(folder.path().join("siem.json")).expect("the file");
        bytes.truncate(bytes.len() / 2);
        std::fs::write(folder.path().join("siem.json"), bytes).expect("cut");
        let error = Cursor::open(folder.path(), "siem", "log/1").expect_err("cut");
        assert!(matches!(error, CursorError::Malformed { .. }), "{error}");
        std::fs::write(folder.path().join("siem.json"), vec![b' '; 5000]).expect("long");
        assert!(matches!(Cursor::open(folder.path(), "siem", "log/1"), Err(CursorError::Malformed { .. })));
    }
}
