use std::fmt;
use std::path::{Path, PathBuf};

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
    /// The file was written by a newer version.
    #[error("{path}: the database has layout {found}, this program knows up to {known}; run the newer version of asepsis", path = path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// The file's layout.
        found: u32,
        /// The newest layout known here.
        known: u32,
    },
    /// The file was written by an older version and may only be read.
    #[error("{path}: the database has layout {found}, this program reads {known}; open it once with this version to bring it up to date", path = path.display())]
    Older {
        /// The database.
        path: PathBuf,
        /// The file's layout.
        found: u32,
        /// The layout known here.
        known: u32,
    },
    /// SQLite refused.
    #[error("{path}: {cause}", path = path.display())]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// What it said.
        cause: Cause,
    },
}

impl DbError {
    /// The error of a statement on the database at `path`.
    pub fn sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        Self::Sqlite { path: path.to_owned(), cause: Cause::new(error) }
    }
}

/// What SQLite said, without any value that a statement carried.
///
/// SQLite's own messages name tables and columns, never contents; of other errors only the kind is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause(String);

impl Cause {
    /// The cause of an error of SQLite.
    pub fn new(error: &rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        Self(match error {
            E::SqliteFailure(e, message) => sqlite(*e, message.as_deref()),
            // The statement's text is ours and holds no values, but says nothing to who runs Asepsis.
            E::SqlInputError { error, msg, .. } => sqlite(*error, Some(msg)),
            E::QueryReturnedNoRows => "a row that must be there is missing; restore the file from a backup".to_owned(),
            E::InvalidColumnType(column, ..)
            | E::FromSqlConversionFailure(column, ..)
            | E::IntegralValueOutOfRange(column, _)
            | E::Utf8Error(column, _) => format!("column {column} does not hold what it must"),
            _ => "the database cannot be used; restart, and restore it from a backup if this comes again".to_owned(),
        })
    }

    /// Work on the database ended before its time: a panic, or the process is about to end.
    pub(crate) fn ended() -> Self {
        Self("the database's thread ended; restart".to_owned())
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
