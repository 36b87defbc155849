use std::path::PathBuf;

use asepsis_db::DbError;
use asepsis_log::proof::ProofError;
use asepsis_log::{InvalidOrigin, LogError};

/// Why a witness cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// Its database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// Its key.
    #[error(transparent)]
    Key(#[from] LogError),
    /// Its name.
    #[error(transparent)]
    Name(#[from] InvalidOrigin),
    /// The key is there and the memory is gone.
    #[error(
        "{path} is gone, and a witness without memory would cosign anything: restore it, or retire the key and make a new \
         witness in another folder", path = path.display()
    )]
    Forgotten {
        /// The database that is missing.
        path: PathBuf,
    },
    /// The folder is that of a witness of another name.
    #[error("this folder is the witness `{there}`, not `{asked}`; a name is for good: take another folder")]
    OtherName {
        /// The name that was asked for.
        asked: String,
        /// Its name.
        there: String,
    },
    /// No log is known.
    #[error("the witness knows no log; name at least one by its public key")]
    NoLogs,
}

/// Why a witness did not cosign.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// It cannot be reached, or does not answer in time.
    #[error("{url} cannot be reached ({what}); the log goes on, and it is asked again")]
    Away {
        /// The witness.
        url: String,
        /// What failed.
        what: String,
    },
    /// It does not speak the protocol.
    #[error("{url} answered {status} and not as C2SP tlog-witness has it ({what}); check its address")]
    Protocol {
        /// The witness.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What is wrong.
        what: &'static str,
    },
    /// It does not know the log, or not this key of it.
    #[error("{url} refused ({status}): {}", if *status == 404 { "it does not know this log" } else { "it does not know this key of the log" })]
    Unknown {
        /// The witness.
        url: String,
        /// The HTTP status: 404 or 403.
        status: u16,
    },
    /// It has cosigned more entries than the log has.
    #[error(
        "{url} has cosigned {cosigned} entries and this log has {size}: it was put back to an older state, or another log \
         writes under its name. Run `asepsis audit verify`, restore the newest backup"
    )]
    RolledBack {
        /// The witness.
        url: String,
        /// What it cosigned.
        cosigned: u64,
        /// What the log has.
        size: u64,
    },
    /// What it cosigned is not the beginning of this log.
    #[error(
        "{url} has cosigned another history of {cosigned} entries under this log's name. Run `asepsis audit verify` and find \
         out who had access to the log's key"
    )]
    Forked {
        /// The witness.
        url: String,
        /// What it cosigned.
        cosigned: u64,
    },
    /// Its cosignature does not hold, or is of a key that the policy does not name.
    #[error("{url} answered with no cosignature of a key that the policy names; check the policy")]
    OtherKey {
        /// The witness.
        url: String,
    },
    /// The log cannot prove its growth.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl AskError {
    /// Whether it speaks of the log's own history, and not of the witness or the way to it.
    pub fn is_alarm(&self) -> bool {
        matches!(self, Self::RolledBack { .. } | Self::Forked { .. } | Self::Proof(_))
    }
}
