//! How a file is opened: with every setting under which nothing acknowledged is lost, set and read back.

use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::{DbError, files};

/// How long a statement waits for another process before it fails.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How the file may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Write,
    Read,
    /// A copy on a medium that cannot be written, without a write-ahead log.
    Immutable,
}

/// Makes the file where it is missing, and brings it to the newest layout.
pub(crate) fn make(path: &Path, layouts: &[&str]) -> Result<(), DbError> {
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        files::private_directory(parent)?;
    }
    create_private(path)?;
    migrate(path, &mut connect(path)?, layouts)
}

/// In which way the file can be read, and the number of its layout.
pub(crate) fn look(path: &Path) -> Result<(Access, u32), DbError> {
    // Not opened to find out: closing a file drops the locks that SQLite holds on it in this process.
    if let Err(source) = std::fs::metadata(path) {
        return Err(DbError::File { path: path.to_path_buf(), doing: "open the database", source });
    }
    let version = |access: Access| user_version(&access.open(path)?);
    match version(Access::Read) {
        Ok(found) => Ok((Access::Read, found)),
        // A copy on a medium that cannot be written: SQLite cannot make its index of the write-ahead log. Without
        // such a log the file can be read as it is.
        Err(_) if !has_pending_log(path) => {
            Ok((Access::Immutable, version(Access::Immutable).map_err(|e| DbError::sqlite(path, &e))?))
        }
        Err(e) => Err(DbError::sqlite(path, &e)),
    }
}

impl Access {
    /// A connection for this use, without settings other than how long it waits.
    fn open(self, path: &Path) -> Result<Connection, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = match self {
            Self::Write => Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_WRITE)?,
            Self::Read => Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_ONLY)?,
            Self::Immutable => {
                let flags = flags | OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
                Connection::open_with_flags(format!("file:{}?immutable=1", escaped(path)), flags)?
            }
        };
        connection.busy_timeout(BUSY_TIMEOUT)?;
        Ok(connection)
    }

    /// A connection that cannot write.
    pub(crate) fn reader(self, path: &Path) -> Result<Connection, DbError> {
        if self != Self::Write {
            return self.open(path).map_err(|e| DbError::sqlite(path, &e));
        }
        let connection = connect(path)?;
        connection.pragma_update(None, "query_only", "ON").map_err(|e| DbError::sqlite(path, &e))?;
        Ok(connection)
    }
}

/// A path as it stands in a URI of SQLite.
fn escaped(path: &Path) -> String {
    path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}

/// The settings of a connection that may write, in order, and what SQLite must answer to each where that is checked.
const SETTINGS: [(&str, &str, Option<&str>); 7] = [
    ("journal_mode", "WAL", Some("wal")),
    // NORMAL does not sync the write-ahead log at a commit and loses acknowledged rows in a power cut.
    ("synchronous", "FULL", Some("2")),
    // What is deleted is overwritten, so that an erased key is gone from the file.
    ("secure_delete", "ON", Some("1")),
    ("foreign_keys", "ON", Some("1")),
    // macOS: fsync alone leaves data in the drive's cache.
    ("fullfsync", "ON", None),
    ("checkpoint_fullfsync", "ON", None),
    // Nothing here is worth a file of its own.
    ("temp_store", "MEMORY", None),
];

/// Does it again while another process holds the database. SQLite waits by itself in most places, and not where two change a
/// new file to the write-ahead log at once: there waiting could never end for one that already reads.
fn patiently<T>(mut work: impl FnMut() -> Result<T, rusqlite::Error>) -> Result<T, rusqlite::Error> {
    let began = std::time::Instant::now();
    loop {
        match work() {
            Err(error)
                if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
                    && began.elapsed() < BUSY_TIMEOUT =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            done => return done,
        }
    }
}

/// The settings; in a build for tests those that a control asks for, which proves that losing them is noticed.
fn settings() -> [(&'static str, &'static str, Option<&'static str>); 7] {
    let mut settings = SETTINGS;
    if cfg!(debug_assertions) && std::env::var_os("ASEPSIS_TEST_WITHOUT_SYNC").is_some() {
        settings[1] = ("synchronous", "NORMAL", Some("1"));
    }
    settings
}

/// A connection that may write, with every setting set and read back.
pub(crate) fn connect(path: &Path) -> Result<Connection, DbError> {
    let fail = |e: rusqlite::Error| DbError::sqlite(path, &e);
    let connection = Access::Write.open(path).map_err(fail)?;
    for (setting, value, wanted) in settings() {
        patiently(|| connection.pragma_update(None, setting, value)).map_err(fail)?;
        let Some(wanted) = wanted else { continue };
        let found = connection.pragma_query_value(None, setting, text).map_err(fail)?;
        if found != wanted {
            return Err(DbError::NotDurable { path: path.to_owned(), setting, found, wanted });
        }
    }
    Ok(connection)
}

/// The answer of a setting: a word or a number.
fn text(row: &rusqlite::Row<'_>) -> Result<String, rusqlite::Error> {
    use rusqlite::types::ValueRef;
    Ok(match row.get_ref(0)? {
        ValueRef::Integer(number) => number.to_string(),
        other => other.as_str().unwrap_or_default().to_owned(),
    })
}

/// SQLite gives its write-ahead log and index the mode of the database, so the database is made with the right one.
fn create_private(path: &Path) -> Result<(), DbError> {
    let fail = |doing, source| DbError::File { path: path.to_owned(), doing, source };
    match files::private(OpenOptions::new().write(true).create_new(true)).open(path) {
        Ok(_) => files::sync_parent(path).map_err(|e| fail("sync the directory", e)),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                let metadata = std::fs::metadata(path).map_err(|e| fail("look at the database", e))?;
                if metadata.permissions().mode() & 0o077 != 0 {
                    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
                        .map_err(|e| fail("set mode 0600", e))?;
                }
            }
            Ok(())
        }
        Err(e) => Err(fail("create the database", e)),
    }
}

fn user_version(connection: &Connection) -> Result<u32, rusqlite::Error> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(u32::try_from(found).unwrap_or(u32::MAX))
}

fn migrate(path: &Path, connection: &mut Connection, schema: &[&str]) -> Result<(), DbError> {
    let fail = |e: rusqlite::Error| DbError::sqlite(path, &e);
    let known = u32::try_from(schema.len()).unwrap_or(u32::MAX);
    // Two processes may start at once: the version is read under the write lock.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail)?;
    let found = user_version(&transaction).map_err(fail)?;
    if found > known {
        return Err(DbError::Newer { place: path.into(), found, known });
    }
    for statements in &schema[found as usize..] {
        transaction.execute_batch(statements).map_err(fail)?;
    }
    if found < known {
        transaction.pragma_update(None, "user_version", known).map_err(fail)?;
    }
    transaction.commit().map_err(fail)
}

fn has_pending_log(path: &Path) -> bool {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    std::fs::metadata(name).is_ok_and(|m| m.len() > 0)
}
