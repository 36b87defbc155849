use asepsis_db::{Cause, DbError};
use asepsis_keys::{CryptoFailed, KeyError};
use asepsis_vocab::IdentifierClass;

/// Why the vault does not answer. Never holds a value or a surrogate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The database or a key file.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The keys are not those that the vault was made with.
    #[error("these keys do not open this vault; use the keys.db and the root key that belong to it, or restore them")]
    WrongKey,
    /// The vault is sealed under the root key itself, as before there were epochs.
    #[error(
        "the vault is of an older layout, sealed under the root key itself; open it once with that root key's file"
    )]
    Old,
    /// What is stored was changed, moved to another place, or damaged.
    #[error("{place} of the vault was changed or damaged; restore the vault from a backup")]
    Tampered {
        /// The table and the scope, which says nothing of a patient.
        place: String,
    },
    /// No text was found that is free in the scope.
    #[error("no unused surrogate for {class} was found in 16 tries; use placeholders for this class, or a longer list")]
    NoSurrogate {
        /// The class of the identifier.
        class: IdentifierClass,
    },
    /// The identifier or its surrogate is too long to be kept.
    #[error("an identifier of class {class} or its surrogate is over 65535 bytes; it is no identifier")]
    TooLong {
        /// The class of the identifier.
        class: IdentifierClass,
    },
    /// Others changed the scope again and again at the same time.
    #[error("the scope is changed by others all the time; try again")]
    Contended,
    /// Something could not be made durable; the vault stores nothing until it is open again.
    #[error("the vault is stopped, nothing may leave: {0}; restart when the cause is gone")]
    Stopped(Cause),
    /// The vault was closed.
    #[error("the vault is closed; restart")]
    Closed,
    /// The cryptographic module.
    #[error(transparent)]
    Crypto(#[from] CryptoFailed),
}
