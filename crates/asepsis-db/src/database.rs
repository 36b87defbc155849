use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, SqlitePool};

use crate::{DbError, files};

/// How long a statement waits for another process before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections that read beside each other; each is a thread.
const READERS: u32 = 4;

/// One SQLite file. A cheap handle.
///
/// Reads go through [`reader`](Self::reader), a small pool that cannot write. Whoever writes takes a
/// [`connection`](Self::connection) of his own, so that there is one writer by construction.
#[derive(Clone)]
pub struct Database {
    path: Arc<PathBuf>,
    writable: Option<SqliteConnectOptions>,
    reader: SqlitePool,
}

impl Database {
    /// Opens or makes the database at `path` and brings it to the newest layout.
    ///
    /// `schema` holds the statements of each layout in order; the number of those that have run is kept in the file
    /// (`user_version`), and the missing ones run in one transaction. The file has mode 0600, a directory made here 0700.
    ///
    /// # Errors
    /// [`DbError`]: the file cannot be reached, is of a newer version, or does not take the settings under which
    /// nothing that was acknowledged is lost.
    pub async fn open(path: &Path, schema: &[&'static str]) -> Result<Self, DbError> {
        if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            files::private_directory(parent)?;
        }
        create_private(path)?;
        let options = settings(path);
        let mut connection = connect(path, &options).await?;
        migrate(path, &mut connection, schema).await?;
        connection.close().await.map_err(|e| DbError::sqlite(path, &e))?;
        let reader = pool(options.clone().pragma("query_only", "ON"));
        Ok(Self { path: Arc::new(path.to_owned()), writable: Some(options), reader })
    }

    /// Opens the database for reading only; nothing in the directory is changed as far as SQLite can help it.
    ///
    /// `layout` is the number of the newest layout, as the length of `schema` in [`open`](Self::open).
    ///
    /// # Errors
    /// [`DbError`]: the file is missing, no database, or of another layout.
    pub async fn open_read_only(path: &Path, layout: u32) -> Result<Self, DbError> {
        if let Err(source) = std::fs::File::open(path) {
            return Err(DbError::File { path: path.to_owned(), doing: "open the database", source });
        }
        let mut options = SqliteConnectOptions::new()
            .filename(path)
            .read_only(true)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging();
        let opened = match options.connect().await {
            Ok(mut connection) => user_version(&mut connection).await.map(|found| (connection, found)),
            Err(e) => Err(e),
        };
        let (connection, found) = match opened {
            Ok(opened) => opened,
            // A copy on a medium that cannot be written: SQLite cannot make its index of the write-ahead log. Without
            // such a log the file can be read as it is.
            Err(_) if !has_pending_log(path) => {
                options = options.immutable(true);
                let mut connection = options.connect().await.map_err(|e| DbError::sqlite(path, &e))?;
                let found = user_version(&mut connection).await.map_err(|e| DbError::sqlite(path, &e))?;
                (connection, found)
            }
            Err(e) => return Err(DbError::sqlite(path, &e)),
        };
        connection.close().await.map_err(|e| DbError::sqlite(path, &e))?;
        if found > layout {
            return Err(DbError::Newer { path: path.to_owned(), found, known: layout });
        }
        if found < layout {
            return Err(DbError::Older { path: path.to_owned(), found, known: layout });
        }
        Ok(Self { path: Arc::new(path.to_owned()), writable: None, reader: pool(options) })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The pool of connections that cannot write.
    pub fn reader(&self) -> &SqlitePool {
        &self.reader
    }

    /// A new connection that may write, with every setting checked.
    ///
    /// # Errors
    /// [`DbError`]: the file cannot be opened, was opened read-only, or a setting did not take.
    pub async fn connection(&self) -> Result<SqliteConnection, DbError> {
        match &self.writable {
            Some(options) => connect(&self.path, options).await,
            None => Err(DbError::File {
                path: self.path.to_path_buf(),
                doing: "write",
                source: std::io::Error::new(std::io::ErrorKind::ReadOnlyFilesystem, "it was opened for reading"),
            }),
        }
    }

    /// The error of a statement on this database.
    pub fn error(&self, error: &sqlx::Error) -> DbError {
        DbError::sqlite(&self.path, error)
    }

    /// Ends all readers.
    pub async fn close(&self) {
        self.reader.close().await;
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("path", &self.path).finish_non_exhaustive()
    }
}

fn settings(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL does not sync the write-ahead log at a commit and loses acknowledged rows in a power cut.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        // What is deleted is overwritten, so that an erased key is gone from the file.
        .pragma("secure_delete", "ON")
        // macOS: fsync alone leaves data in the drive's cache.
        .pragma("fullfsync", "ON")
        .pragma("checkpoint_fullfsync", "ON")
        .disable_statement_logging()
}

fn pool(options: SqliteConnectOptions) -> SqlitePool {
    SqlitePoolOptions::new().min_connections(0).max_connections(READERS).connect_lazy_with(options)
}

async fn connect(path: &Path, options: &SqliteConnectOptions) -> Result<SqliteConnection, DbError> {
    let fail = |e: sqlx::Error| DbError::sqlite(path, &e);
    let mut connection = options.connect().await.map_err(fail)?;
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut connection).await.map_err(fail)?;
    expect(path, "journal_mode", mode, "wal")?;
    for (setting, wanted) in [("synchronous", "2"), ("secure_delete", "1"), ("foreign_keys", "1")] {
        let found: i64 = match setting {
            "synchronous" => sqlx::query_scalar("PRAGMA synchronous"),
            "secure_delete" => sqlx::query_scalar("PRAGMA secure_delete"),
            _ => sqlx::query_scalar("PRAGMA foreign_keys"),
        }
        .fetch_one(&mut connection)
        .await
        .map_err(fail)?;
        expect(path, setting, found.to_string(), wanted)?;
    }
    Ok(connection)
}

fn expect(path: &Path, setting: &'static str, found: String, wanted: &'static str) -> Result<(), DbError> {
    if found == wanted { Ok(()) } else { Err(DbError::NotDurable { path: path.to_owned(), setting, found, wanted }) }
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

async fn user_version(connection: &mut SqliteConnection) -> Result<u32, sqlx::Error> {
    let found: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(connection).await?;
    Ok(u32::try_from(found).unwrap_or(u32::MAX))
}

async fn migrate(path: &Path, connection: &mut SqliteConnection, schema: &[&'static str]) -> Result<(), DbError> {
    let fail = |e: sqlx::Error| DbError::sqlite(path, &e);
    let known = u32::try_from(schema.len()).unwrap_or(u32::MAX);
    // Two processes may start at once: the version is read under the write lock.
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(fail)?;
    let found = user_version(&mut transaction).await.map_err(fail)?;
    if found > known {
        return Err(DbError::Newer { path: path.to_owned(), found, known });
    }
    for statements in &schema[found as usize..] {
        sqlx::raw_sql(*statements).execute(&mut *transaction).await.map_err(fail)?;
    }
    if found < known {
        let set = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {known}"));
        sqlx::query(set).execute(&mut *transaction).await.map_err(fail)?;
    }
    transaction.commit().await.map_err(fail)
}

fn has_pending_log(path: &Path) -> bool {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    std::fs::metadata(name).is_ok_and(|m| m.len() > 0)
}
