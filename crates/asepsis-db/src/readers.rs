use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::database::Access;
use crate::session::blocking;
use crate::{Cause, DbError};

/// Connections that read beside each other.
const READERS: usize = 4;

/// A small pool of connections that cannot write. They are opened when they are needed first.
pub(crate) struct Readers {
    path: Arc<PathBuf>,
    access: Access,
    idle: Arc<Mutex<Vec<Connection>>>,
    room: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(path: Arc<PathBuf>, access: Access) -> Self {
        Self { path, access, idle: Arc::default(), room: Arc::new(Semaphore::new(READERS)) }
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, DbError> {
        let closed = || DbError::Sqlite { path: self.path.to_path_buf(), cause: Cause::ended() };
        let room = self.room.clone().acquire_owned().await.map_err(|_| closed())?;
        let (path, access, idle) = (self.path.clone(), self.access, self.idle.clone());
        blocking(&self.path, move || {
            let kept = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = match kept {
                Some(connection) => connection,
                None => access.reader(&path)?,
            };
            let done = work(&connection).map_err(|e| DbError::sqlite(&path, &e));
            let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
            // Looked at under the lock, so that nothing is kept after `close` emptied it.
            if !room.semaphore().is_closed() {
                idle.push(connection);
            }
            done
        })
        .await
    }

    /// Closes the connections; those at work close when they are done.
    pub(crate) fn close(&self) {
        self.room.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
