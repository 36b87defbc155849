use asepsis_db::DbError;

/// Why a register cannot be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A user or role that the log and policies cannot carry.
    #[error("{what} has 1 to 64 characters out of letters, digits and . _ @ -")]
    InvalidName {
        /// `a user` or `a role`.
        what: &'static str,
    },
    /// There is no key of that id.
    #[error("there is no key of that id; `asepsis key list` shows them")]
    UnknownKey,
    /// A destination that is no host and port.
    #[error("a destination has 1 to 255 printable characters without space")]
    InvalidDestination,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers; no key was made")]
    NoRandomness,
}
