//! Which processes have the keys open. One that is alone may let an old epoch go: another could wrap a key under it.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use asepsis_db::{Connection, Database, DbError, Error, Place, Session, files};

use crate::KeyError;

/// The lock on a server that says that the keys are open. Each writer's connection shares it, so that it lasts as long as
/// anything can be written.
const OPEN: &str = "keys are open";

/// The lock on a server that is passed, shared, on the way to the other: who holds it alone keeps others out.
const GATE: &str = "keys may be opened";

/// How long one waits at the gate.
const PATIENCE: Duration = Duration::from_millis(1500);

/// That this process has the keys open.
#[derive(Debug)]
pub(crate) enum Presence {
    /// A shared lock on an empty file next to the database, which is never deleted.
    File(File, PathBuf),
    /// A shared lock of the writer's connection, and the server's process of it.
    Server(i64),
}

/// That no other process has them open, until it is dropped.
pub(crate) enum Alone<'a> {
    File(&'a File),
    /// Its connection has the gate.
    Server(#[expect(dead_code, reason = "what counts is that it lives")] Session),
}

impl Presence {
    /// Says that the keys are open, and gives the writer's connection.
    pub(crate) async fn enter(db: &Database) -> Result<(Self, Connection), KeyError> {
        if let Place::File(path) = db.place() {
            return Ok((lock(path)?, db.connection().await?));
        }
        let (connection, process) = db
            .connection_with(|db| {
                if !pass(db, true)? {
                    return Ok(None);
                }
                db.try_lock(OPEN, true)?;
                db.unlock(GATE, true)?;
                db.process()
            })
            .await?;
        Ok((Self::Server(process.ok_or(KeyError::InUse)?), connection))
    }

    /// Keeps all others out, where there are none.
    pub(crate) async fn alone(&self, db: &Database) -> Result<Alone<'_>, KeyError> {
        match self {
            Self::File(file, path) => match file.try_lock() {
                Ok(()) => Ok(Alone::File(file)),
                Err(TryLockError::WouldBlock) => {
                    // A lock that is asked for and not given may have cost the one that was there.
                    file.try_lock_shared().map_err(|_| KeyError::InUse)?;
                    Err(KeyError::InUse)
                }
                Err(TryLockError::Error(source)) => {
                    Err(DbError::File { path: path.clone(), doing: "lock the keys", source }.into())
                }
            },
            Self::Server(process) => {
                let (session, process) = (db.session().await?, *process);
                let alone =
                    session.run(move |db| Ok(pass(db, false)? && !db.is_locked_by_others(OPEN, process)?)).await?;
                if alone { Ok(Alone::Server(session)) } else { Err(KeyError::InUse) }
            }
        }
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        if let Self::File(file) = self {
            // The worst is that it stays locked for this process alone until it ends.
            let _ = file.try_lock_shared();
        }
    }
}

/// Whether the gate was to be had. A server needs a moment to notice that a connection which had it was closed.
fn pass(db: &Connection, shared: bool) -> Result<bool, Error> {
    let began = Instant::now();
    while !db.try_lock(GATE, shared)? {
        if began.elapsed() > PATIENCE {
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(true)
}

fn lock(database: &Path) -> Result<Presence, KeyError> {
    let mut name: OsString = database.as_os_str().to_owned();
    name.push(".lock");
    let path = PathBuf::from(name);
    let fail = |doing, source| DbError::File { path: path.clone(), doing, source };
    match files::create_secret(&path, b"") {
        Err(DbError::File { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {}
        other => other?,
    }
    let file = File::options().read(true).write(true).open(&path).map_err(|e| fail("open the file", e))?;
    match file.try_lock_shared() {
        Ok(()) => Ok(Presence::File(file, path)),
        Err(TryLockError::WouldBlock) => Err(KeyError::InUse),
        Err(TryLockError::Error(e)) => Err(fail("lock the file", e).into()),
    }
}
