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
    /// The key does not count any more.
    #[error("this key was revoked, has expired or was replaced already; make a new one with `asepsis key add`")]
    KeyEnded,
    /// A destination that is no host and port.
    #[error("a destination has 1 to 255 printable characters without space")]
    InvalidDestination,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers; no key was made")]
    NoRandomness,
    /// A kind of records that is no short word.
    #[error("a kind of records has 1 to 32 characters out of a to z and _")]
    InvalidKind,
    /// An id of a record that a log and policies cannot carry.
    #[error(
        "{kind}: the id of a record has 1 to 64 characters out of letters, digits and . _ @ -, and begins with a letter or digit"
    )]
    InvalidId {
        /// The kind of the record.
        kind: String,
    },
    /// The body is no JSON.
    #[error("{kind} `{id}`: the body of a record is JSON")]
    InvalidBody {
        /// The kind of the record.
        kind: String,
        /// Its id.
        id: String,
    },
    /// The body is too long.
    #[error("{kind} `{id}`: it has {bytes} bytes as JSON, and a record has {most} at most; keep long texts elsewhere")]
    TooLong {
        /// The kind of the record.
        kind: String,
        /// Its id.
        id: String,
        /// The length of its body.
        bytes: usize,
        /// The most that there may be.
        most: usize,
    },
    /// Who changed it, or the basis, is no short line.
    #[error("{what} is one line of 1 to 200 bytes")]
    InvalidLine {
        /// `the one who changes a record` or `a basis`.
        what: &'static str,
    },
    /// Somebody else changed the record first.
    #[error(
        "{kind} `{id}`: it is at version {found} now and not at {expected}, so somebody else changed it; nothing was \
         changed, look at it again"
    )]
    Conflict {
        /// The kind of the record.
        kind: String,
        /// Its id.
        id: String,
        /// The version that was expected, 0 for none.
        expected: u32,
        /// The version there is, 0 for none.
        found: u32,
    },
    /// What is to be removed is not there.
    #[error("there is no {kind} `{id}`; nothing was changed")]
    UnknownRecord {
        /// The kind of the record.
        kind: String,
        /// Its id.
        id: String,
    },
    /// There are too many of them.
    #[error("there are {most} records of the kind {kind} already, and no more are kept; nothing was changed")]
    TooMany {
        /// The kind of the records.
        kind: String,
        /// The most that there may be.
        most: u32,
    },
    /// Too many answers wait for a person.
    #[error("{most} answers {} wait for a person already; nothing more is held until some are decided or lapse", if *.of_user { "of this user" } else { "in all" })]
    TooManyHeld {
        /// The most that there may be.
        most: u32,
        /// Whether of one user, or in all.
        of_user: bool,
    },
    /// An answer that is too long to be held.
    #[error("an answer that is held has {most} bytes at most, sealed")]
    HeldTooLong {
        /// The most that there may be.
        most: usize,
    },
    /// What gave the changes ended early.
    #[error("{0}; nothing was changed")]
    Interrupted(String),
}
