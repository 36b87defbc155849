use std::path::PathBuf;

use asepsis_log::NoteFault;
use asepsis_log::proof::ProofError;

use crate::InvalidAddress;

/// Why a mirror was not brought up to the log, or cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MirrorError {
    /// The settings do not hold together.
    #[error("{0}")]
    Settings(String),
    /// No place of published files.
    #[error(transparent)]
    Address(#[from] InvalidAddress),
    /// The store cannot be reached or does not do what it is asked. A gateway tries again.
    #[error("{place}: {what}; look at the store and the way to it")]
    Away {
        /// The store.
        place: String,
        /// What happened.
        what: String,
    },
    /// The store refuses.
    #[error("{place}: it refuses ({path}); the access key needs the rights to get, put and list there")]
    Denied {
        /// The store.
        place: String,
        /// The file.
        path: String,
    },
    /// A published file is not what the log has. **Alarm.**
    #[error(
        "{place}: {path} is not what this log has: somebody changed it there, or it is the mirror of another log; it is not written over. \
         Compare both with `asepsis audit verify`, and find out who had access"
    )]
    Altered {
        /// The store.
        place: String,
        /// The file.
        path: String,
    },
    /// The published checkpoint goes further than the log. **Alarm.**
    #[error(
        "{place}: {there} entries are published, and this log has {here}: this log was put back to an older state, or the mirror is \
         another's; nothing is written. Find out which before anything else"
    )]
    Shrank {
        /// The store.
        place: String,
        /// Entries under the published checkpoint.
        there: u64,
        /// Entries under ours.
        here: u64,
    },
    /// The published checkpoint is not the beginning of the log. **Alarm.**
    #[error(
        "{place}: the {there} entries that are published are not the beginning of this log: its history was rewritten, here or \
         there; nothing is written. Find out which before anything else"
    )]
    Forked {
        /// The store.
        place: String,
        /// Entries under the published checkpoint.
        there: u64,
    },
    /// The published checkpoint is not this log's. **Alarm.**
    #[error(
        "{place}: its checkpoint: {fault}; nothing is written: give each log a place of its own, or find out who changed it"
    )]
    Checkpoint {
        /// The store.
        place: String,
        /// What is wrong with it.
        fault: NoteFault,
    },
    /// A published file is longer than any of a log may be. **Alarm.**
    #[error("{place}: {path} is longer than any file of a log; find out who put it there")]
    TooLong {
        /// The store.
        place: String,
        /// The file.
        path: String,
    },
    /// A local file cannot be read.
    #[error("{}: {source}; run `asepsis audit verify`", path.display())]
    Local {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The local log cannot prove that it goes on from what is published.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// Another process is at it.
    #[error("another process brings the mirror of this log up to date; wait for its end")]
    Busy,
}

impl MirrorError {
    /// Whether it speaks of the log or its mirror having been changed, and not of a store that is away for a while.
    pub fn is_alarm(&self) -> bool {
        matches!(
            self,
            Self::Altered { .. }
                | Self::Shrank { .. }
                | Self::Forked { .. }
                | Self::Checkpoint { .. }
                | Self::TooLong { .. }
        )
    }
}
