use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use crate::database::Source;
use crate::session::blocking;
use crate::{Cause, Connection, DbError, Error};

/// Connections that read beside each other.
const READERS: usize = 4;

/// A small pool of connections that cannot write. They are opened when they are needed first.
pub(crate) struct Readers {
    source: Arc<Source>,
    idle: Arc<Mutex<Vec<Connection>>>,
    room: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(source: Arc<Source>) -> Self {
        Self { source, idle: Arc::default(), room: Arc::new(Semaphore::new(READERS)) }
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, DbError> {
        let closed = || DbError::Database { place: self.source.place.clone(), cause: Cause::ended() };
        let room = self.room.clone().acquire_owned().await.map_err(|_| closed())?;
        let (source, idle) = (self.source.clone(), self.idle.clone());
        blocking(&self.source.place, move || {
            // One that was cut meanwhile is let go.
            let kept = {
                let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
                std::iter::from_fn(|| idle.pop()).find(|connection| !connection.is_lost())
            };
            let connection = match kept {
                Some(connection) => connection,
                None => source.reader()?,
            };
            let done = work(&connection).map_err(|e| DbError::of(&source.place, &e));
            let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
            // Looked at under the lock, so that nothing is kept after `close` emptied it.
            if !room.semaphore().is_closed() && !connection.is_lost() {
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
