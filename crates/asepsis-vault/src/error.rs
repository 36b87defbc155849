use asepsis_db::{Cause, DbError};
use asepsis_vocab::IdentifierClass;

/// Why the vault does not answer. Never holds a value or a surrogate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The database or a key file.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The root key is not the one that the vault was made with.
    #[error(
        "the root key does not open this vault; use the key file that was made with it, or restore that from its backup"
    )]
    WrongKey,
    /// The root key file holds no key.
    #[error("the file holds no root key; restore it from its backup, without it the vault stays closed")]
    BadKeyFile,
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
    /// The system gives no random numbers or the cipher refuses to work.
    #[error("the cryptographic module failed; restart, and do not use this machine if it comes again")]
    Crypto,
}

impl From<aws_lc_rs::error::Unspecified> for VaultError {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::Crypto
    }
}
