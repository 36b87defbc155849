use std::io;

use asepsis_db::DbError;
use asepsis_keys::{CryptoFailed, KeyError};

use crate::MOST_BYTES;

/// Why a document cannot be kept or given out. Never holds anything of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The cryptographic module.
    #[error(transparent)]
    Crypto(#[from] CryptoFailed),
    /// No id that can stand in a register.
    #[error("the id of a document is 1 to 64 of letters, digits, `.`, `_`, `-`, and starts with a letter or digit")]
    InvalidId,
    /// A name that is none.
    #[error("the name of a document's file is one line of 1 to 255 bytes; rename it")]
    InvalidName,
    /// More than a document may have.
    #[error("a document has at most {} MiB; split it, or keep the part that proves something", MOST_BYTES >> 20)]
    TooLarge,
    /// Nothing.
    #[error("the document is empty")]
    Empty,
    /// There is one of that id.
    #[error("there is a document `{0}` already; remove it first, or give another id")]
    Exists(String),
    /// There is none of that id.
    #[error("there is no document `{0}`; `asepsis evidence list` shows them")]
    Unknown(String),
    /// What is stored was changed, moved or damaged.
    #[error("{place} of the document was changed or damaged; restore it from a backup, or add the document again")]
    Tampered {
        /// Which part.
        place: String,
    },
    /// It cannot be read where it comes from.
    #[error("the document cannot be read: {0}")]
    Read(io::Error),
    /// It cannot be written where it goes to.
    #[error("the document cannot be written: {0}")]
    Write(io::Error),
}
