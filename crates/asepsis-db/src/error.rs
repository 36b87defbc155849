use std::fmt;
use std::path::{Path, PathBuf};

use crate::{PgFault, Place, Server};

/// Why a database could not be opened, read or written. Holds the file and the next step, never a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DbError {
    /// The directory or the file cannot be made or reached.
    #[error("{path}: cannot {doing}: {source}; check that the directory exists and belongs to this user", path = path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// Others may write into the directory.
    #[error("{path}: every user of this machine may write here; use a directory of its own (chmod 700)", path = path.display())]
    OpenToAll {
        /// The directory.
        path: PathBuf,
    },
    /// A setting that keeps acknowledged data did not take.
    #[error("{path}: SQLite answers {setting}={found} where {wanted} was set; the file system may not carry it, use a local disk", path = path.display())]
    NotDurable {
        /// The database.
        path: PathBuf,
        /// The setting.
        setting: &'static str,
        /// What was read back.
        found: String,
        /// What was asked for.
        wanted: &'static str,
    },
    /// A setting of the server that keeps acknowledged data is off.
    #[error(
        "{server}: PostgreSQL answers {setting}={found} where {wanted} must be; nothing is kept there that could be lost, turn it on"
    )]
    NotSafe {
        /// The server.
        server: String,
        /// The setting.
        setting: &'static str,
        /// What it is.
        found: String,
        /// What it must be.
        wanted: &'static str,
    },
    /// The database was written by a newer version.
    #[error(
        "{place}: the database has layout {found}, this program knows up to {known}; run the newer version of asepsis"
    )]
    Newer {
        /// The database.
        place: Place,
        /// Its layout.
        found: u32,
        /// The newest layout known here.
        known: u32,
    },
    /// The database was written by an older version and may only be read.
    #[error(
        "{place}: the database has layout {found}, this program reads {known}; open it once with this version to bring it up to date"
    )]
    Older {
        /// The database.
        place: Place,
        /// Its layout.
        found: u32,
        /// The layout known here.
        known: u32,
    },
    /// It was opened for reading.
    #[error("{place}: it was opened for reading and cannot be written")]
    ReadOnly {
        /// The database.
        place: Place,
    },
    /// The database refused.
    #[error("{place}: {cause}")]
    Database {
        /// The database.
        place: Place,
        /// What it said.
        cause: Cause,
    },
}

impl DbError {
    /// The error of a statement on the database there.
    pub fn of(place: &Place, error: &Error) -> Self {
        Self::Database { place: place.clone(), cause: Cause::new(error) }
    }

    /// The error of SQLite on the file at `path`.
    pub fn sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        Self::Database { place: path.into(), cause: Cause(of_sqlite(error)) }
    }

    pub(crate) fn server(server: &Server, fault: PgFault) -> Self {
        Self::of(&server.into(), &Error::Postgres(fault))
    }
}

/// Why a statement failed. What it carried is no part of it, also not in `Debug`.
#[derive(thiserror::Error)]
#[error("{}", Cause::new(self))]
pub enum Error {
    /// SQLite refused.
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL refused, or cannot be reached.
    Postgres(#[from] PgFault),
    /// A column is not there, or does not hold what it must.
    Column(usize),
    /// A row that must be there is not.
    Missing,
    /// What was found may not be gone on with: what it is, and what to do.
    Refused(&'static str),
}

impl Error {
    /// Whether the statement failed because of what is stored already. A trigger's refusal is no such thing.
    pub fn is_constraint(&self) -> bool {
        use rusqlite::ffi::{SQLITE_CONSTRAINT_FOREIGNKEY, SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
        match self {
            Self::Sqlite(error) => error.sqlite_error().is_some_and(|e| {
                [SQLITE_CONSTRAINT_FOREIGNKEY, SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE]
                    .contains(&e.extended_code)
            }),
            Self::Postgres(fault) => fault.is_constraint(),
            Self::Column(_) | Self::Missing | Self::Refused(_) => false,
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({})", Cause::new(self))
    }
}

/// What the database said, without any value that a statement carried.
///
/// SQLite's own messages name tables and columns, never contents; of other errors only the kind is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause(String);

impl Cause {
    /// The cause of an error.
    pub fn new(error: &Error) -> Self {
        Self(match error {
            Error::Sqlite(error) => of_sqlite(error),
            Error::Postgres(fault) => fault.to_string(),
            Error::Column(column) => of_column(*column),
            Error::Missing => MISSING.to_owned(),
            Error::Refused(why) => (*why).to_owned(),
        })
    }

    /// Work on the database ended before its time: a panic, or the process is about to end.
    pub(crate) fn ended() -> Self {
        Self("the database's thread ended; restart".to_owned())
    }
}

const MISSING: &str = "a row that must be there is missing; restore the database from a backup";

fn of_column(column: usize) -> String {
    format!("column {column} does not hold what it must")
}

fn of_sqlite(error: &rusqlite::Error) -> String {
    use rusqlite::Error as E;
    match error {
        E::SqliteFailure(e, message) => sqlite(*e, message.as_deref()),
        // The statement's text is ours and holds no values, but says nothing to who runs Asepsis.
        E::SqlInputError { error, msg, .. } => sqlite(*error, Some(msg)),
        E::QueryReturnedNoRows => MISSING.to_owned(),
        E::InvalidColumnType(column, ..)
        | E::FromSqlConversionFailure(column, ..)
        | E::IntegralValueOutOfRange(column, _)
        | E::Utf8Error(column, _) => of_column(*column),
        _ => "the database cannot be used; restart, and restore it from a backup if this comes again".to_owned(),
    }
}

fn sqlite(error: rusqlite::ffi::Error, message: Option<&str>) -> String {
    let code = error.extended_code;
    let message = message.unwrap_or_else(|| rusqlite::ffi::code_to_str(code));
    // The primary result code is the low byte of the extended one.
    let remedy = match code & 0xff {
        5 | 6 => "; another process holds the database, stop it or wait",
        8 | 14 => "; check the owner and the mode of the file and its directory",
        10 => "; the disk answers with errors, look at the system's log",
        11 | 26 => "; the file is damaged or no database, restore it from a backup",
        13 => "; the disk is full, make room",
        _ => "",
    };
    format!("{message} (SQLite {code}){remedy}")
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
