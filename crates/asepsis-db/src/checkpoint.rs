//! Writing the write-ahead log back into the database, beside the transactions and not within one.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use crate::DbError;
use crate::sqlite::connect;

/// Pages in the write-ahead log after which they are written back; 4 MiB, as SQLite does by itself.
const PAGES: u32 = 1000;

/// Pages more until it is tried again, where a reader or a row of transactions was in the way.
const AGAIN: u32 = 250;

/// Pages after which the writer itself writes back: nobody adds to the log meanwhile, so it begins anew and cannot grow
/// without end.
const MOST: u32 = 4 * PAGES;

/// Sees to it that the write-ahead log of a writer's connection is written back by another thread. SQLite's own way makes
/// one transaction in a hundred wait for it, for milliseconds.
pub(crate) struct Checkpoints {
    /// Pages in the log after the last transaction.
    pages: Arc<AtomicU32>,
    before: u32,
    due: u32,
    ask: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Takes over from SQLite for `connection`.
    pub(crate) fn new(connection: &mut Connection) -> Result<Self, rusqlite::Error> {
        let pages = Arc::new(AtomicU32::new(0));
        let seen = pages.clone();
        // Takes the place of the hook with which SQLite would do it within the commit.
        connection.wal_hook(Some(move |_: &mut _, pages: std::ffi::c_int| {
            seen.store(pages.unsigned_abs(), Ordering::Relaxed);
            Ok(())
        }))?;
        let (ask, asked) = sync_channel(1);
        let path = connection.path().map(PathBuf::from).unwrap_or_default();
        let thread = std::thread::Builder::new().name("db-checkpoint".into()).spawn(move || serve(&path, &asked));
        // Without the thread the writer does it all, later.
        Ok(Self { pages, before: 0, due: PAGES, ask: Some(ask), thread: thread.ok() })
    }

    /// To be called after each transaction, when who waited for it has been answered.
    pub(crate) fn after_commit(&mut self, connection: &Connection) {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages < self.before {
            // The log began anew.
            self.due = PAGES;
        }
        self.before = pages;
        if pages >= self.due {
            self.due = pages + AGAIN;
            // Where that is full, it is asked already.
            let _ = self.ask.as_ref().map(|ask| ask.try_send(()));
            if pages >= MOST {
                let _ = passive(connection);
            }
        }
    }
}

impl Drop for Checkpoints {
    /// Waits until the thread has closed its connection, so that the writer's is the last: whoever closes the last one
    /// writes back all of the log and removes it, and a database without one can be read from where nothing can be written.
    fn drop(&mut self) {
        drop(self.ask.take());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// An error here loses nothing: the log stays as it is, and the writer meets the same error and stops.
fn serve(path: &std::path::Path, asked: &Receiver<()>) {
    let mut connection: Option<Connection> = None;
    while asked.recv().is_ok() {
        if connection.is_none() {
            connection = open(path).ok();
        }
        if let Some(connection) = &connection {
            // The second time finds little to do, and most often nobody in the way.
            let _ = passive(connection).and_then(|whole| if whole { Ok(true) } else { passive(connection) });
        }
    }
}

fn open(path: &std::path::Path) -> Result<Connection, DbError> {
    let connection = connect(path)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0).map_err(|e| DbError::sqlite(path, &e))?;
    Ok(connection)
}

/// Writes back what no reader needs any more, in nobody's way. Whether that was all.
fn passive(connection: &Connection) -> Result<bool, rusqlite::Error> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |row| {
        Ok(row.get::<_, i64>(0)? == 0 && row.get::<_, i64>(1)? == row.get::<_, i64>(2)?)
    })
}
