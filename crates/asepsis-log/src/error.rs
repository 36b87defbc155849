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
    /// Another writer holds this log on the server.
    #[error("the log {origin} is written by {holder}; stop that one, or give this one a log of its own")]
    Leased {
        /// The log's name.
        origin: String,
        /// Process, host and since when.
        holder: String,
    },
    /// The server has no such log.
    #[error("{place}: there is no log {origin}; name the database that it is in, or open it once for writing")]
    NoLog {
        /// The server.
        place: asepsis_db::Place,
        /// The log's name.
        origin: String,
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
    /// A payload is over the limit.
    #[error("a sealed payload of {bytes} bytes is over the limit of {limit}; leave out or shorten what is kept", limit = crate::MAX_PAYLOAD_BYTES)]
    PayloadTooLong {
        /// Its length.
        bytes: usize,
    },
    /// A text that cannot name a key.
    #[error("the id of a payload's key has 1 to 128 graphic characters of ASCII")]
    KeyId,
    /// The event speaks of a payload that is not the one that came with it.
    #[error("the event speaks of a payload that did not come with it; leave that field to the log")]
    OtherPayload,
    /// There is no written policy of retention.
    #[error(
        "nothing is pruned without a written policy: {what}. Write a file `retention` into the log's directory with the lines \
         `keep 6 years` and `basis 45 CFR 164.316(b)(2)(i)`"
    )]
    NoRetention {
        /// What is missing.
        what: String,
    },
    /// The policy of retention keeps what is to go.
    #[error(
        "the log's policy of retention keeps entries from {kept_from} on, so nothing up to {before} is pruned; name an earlier day"
    )]
    Retention {
        /// The day that was asked for.
        before: time::Date,
        /// What is kept.
        kept_from: time::Date,
    },
    /// Tiles cannot be made anew because the entries below them were pruned.
    #[error(
        "the checkpoint or the tiles are missing or damaged, and the entries before {first} are not there, so they cannot be \
         written anew; run `asepsis audit verify`, restore `checkpoint` and the folder `tile` from a backup"
    )]
    Pruned {
        /// The first entry that is there.
        first: u64,
    },
    /// The entry does not say that a key was destroyed.
    #[error("entry {index} does not say that a key was shredded; append that first, then delete what it sealed")]
    NotShredded {
        /// The entry.
        index: u64,
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
