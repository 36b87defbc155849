use asepsis_db::{Cause, DbError, NotStored};

use crate::root::RootError;
use crate::{CryptoFailed, KeyId, RootKeyId};

/// Why a key is not to be had. Never holds a key, a patient's identifier or anything that was sealed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The database of keys.
    #[error(transparent)]
    Db(#[from] DbError),
    /// Where the root key is.
    #[error(transparent)]
    Root(#[from] RootError),
    /// No root that is configured holds the key of an epoch.
    #[error(
        "epoch {epoch} is sealed under {key}, which is none of the configured roots; name that root under [keys] (or as a \
         [[keys.former]]), or put its key file back"
    )]
    UnknownRoot {
        /// The epoch.
        epoch: u32,
        /// The key at its root.
        key: RootKeyId,
    },
    /// There is no such epoch.
    #[error("there is no epoch {0}; the data is of another installation, or keys.db is older than it: restore keys.db")]
    NoEpoch(u32),
    /// The epoch's key was destroyed, on purpose.
    #[error("the key of epoch {0} was destroyed; what was sealed under it and not wrapped anew is erased")]
    EpochDestroyed(u32),
    /// The epoch may not be destroyed.
    #[error("epoch {epoch} is not destroyed: {why}")]
    EpochInUse {
        /// The epoch.
        epoch: u32,
        /// What stands against it, and what to do.
        why: String,
    },
    /// The subject's key was shredded.
    #[error("the key {key} was shredded; what was sealed under it is erased, and the log says by which entry")]
    Shredded {
        /// The key.
        key: KeyId,
    },
    /// There is no such key, and none that was shredded.
    #[error("there is no key {0}; keys.db is older than what it was asked for: restore a newer one")]
    NoKey(KeyId),
    /// What is stored was changed, moved to another place, or damaged.
    #[error("{place} was changed or damaged; restore keys.db from a backup")]
    Tampered {
        /// Which key.
        place: String,
    },
    /// A sealed record does not open.
    #[error("the record was changed, damaged, or belongs in another place than it was asked for")]
    BadRecord,
    /// A record is too long.
    #[error("a record of {bytes} bytes is longer than {most}; keep a part of it")]
    TooLong {
        /// Its bytes.
        bytes: usize,
        /// The most that is sealed.
        most: usize,
    },
    /// What was to be a tenant's name is none.
    #[error("the name of a tenant is 1 to 64 of a-z, 0-9, - and _")]
    BadTenant,
    /// What was to name a patient does not.
    #[error("a patient is named by system and number, each 1 to 256 bytes, for example urn:oid:1.2.3|12345")]
    BadPatient,
    /// A named key is another than the one that is to be brought in.
    #[error("the key `{0}` is there already and is another one; this keys.db belongs to another vault")]
    Different(&'static str),
    /// Others store the same again and again at the same time.
    #[error("the keys are changed by others all the time; try again")]
    Contended,
    /// Another process has the keys open.
    #[error("another process has the keys open; stop the gateway and other commands of Asepsis, then do this again")]
    InUse,
    /// Something could not be made durable; no new keys until the database is open again.
    #[error("the keys are stopped, nothing new may be sealed: {0}; restart when the cause is gone")]
    Stopped(Cause),
    /// The database was closed.
    #[error("the keys are closed; restart")]
    Closed,
    /// The cryptographic module.
    #[error(transparent)]
    Crypto(#[from] CryptoFailed),
}

impl From<NotStored> for KeyError {
    fn from(error: NotStored) -> Self {
        match error {
            NotStored::Stopped(cause) => Self::Stopped(cause),
            NotStored::Conflict => Self::Contended,
            NotStored::Closed => Self::Closed,
        }
    }
}
