use std::path::PathBuf;

use asepsis_db::{Cause, DbError};

use crate::{InvalidOrigin, NoteFault};

/// Why the log cannot be opened, written or read. Holds no content of any entry.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The database or a file of the log.
    #[error(transparent)]
    Db(#[from] DbError),
    /// Another process writes this log.
    #[error("{dir}: another process writes this log; stop it, or give this one a directory of its own", dir = dir.display())]
    Locked {
        /// The log's directory.
        dir: PathBuf,
    },
    /// An entry could not be made durable. Nothing may leave until the log is open again.
    #[error("the log is stopped, nothing may leave: {0}; restart when the cause is gone")]
    Stopped(Cause),
    /// The log was closed.
    #[error("the log is closed, nothing may leave; restart")]
    Closed,
    /// An entry is too long for an entry bundle.
    #[error("an entry of {bytes} bytes is over the limit of 65535; shorten its lists of findings, rules or versions")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The event has no JSON form.
    #[error("the event cannot be written as JSON")]
    NotJson,
    /// The exchange has such an entry already, with other content.
    #[error("the exchange has another entry of this phase in the log; what is recorded is never changed")]
    Conflict,
    /// The stored bytes of an entry are no event of this version.
    #[error("entry {index} is no event that this version knows; run the newer version, or `asepsis audit verify`")]
    NotAnEvent {
        /// The entry.
        index: u64,
    },
    /// The key is of another log.
    #[error("the key belongs to {key}, the log to {log}; use the key that was made for this log")]
    OtherKey {
        /// The origin of the key.
        key: String,
        /// The origin that the options or the checkpoint name.
        log: String,
    },
    /// A text that cannot name a log.
    #[error(transparent)]
    Origin(#[from] InvalidOrigin),
    /// The signed checkpoint on disk cannot be trusted.
    #[error("{path}: {fault}; nothing is signed over it: run `asepsis audit verify`, restore the log from a backup", path = path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: NoteFault,
    },
    /// Entries that a checkpoint was signed over are gone.
    #[error(
        "the log shrank from {signed} to {stored} entries; run `asepsis audit verify`, restore the log from a backup"
    )]
    Shrank {
        /// The size of the signed checkpoint.
        signed: u64,
        /// The entries that are there.
        stored: u64,
    },
    /// The entries do not give the root that was signed.
    #[error(
        "the first {size} entries do not give the signed root; run `asepsis audit verify`, restore the log from a backup"
    )]
    Altered {
        /// The size of the signed checkpoint.
        size: u64,
    },
    /// A tile, bundle or checkpoint cannot be written. Entries are not concerned.
    #[error("{path}: cannot write what is derived from the entries: {source}; make room or correct the directory's mode", path = path.display())]
    Publish {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}
