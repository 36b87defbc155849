use std::sync::{Arc, Mutex, PoisonError};

use crate::database::Source;
use crate::{Cause, Connection, DbError, Error, Place};

/// One connection that several tasks use in turn. One to a server that was cut is made anew with the next work. Its statements run on threads where waiting for the disk harms nobody.
#[derive(Clone)]
pub struct Session {
    source: Arc<Source>,
    connection: Arc<Mutex<Connection>>,
}

impl Session {
    pub(crate) fn new(source: Arc<Source>, connection: Connection) -> Self {
        Self { source, connection: Arc::new(Mutex::new(connection)) }
    }

    /// Runs `work` when it is its turn. Dropping the future does not undo it.
    ///
    /// # Errors
    /// What `work` answers, as [`DbError`].
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, DbError> {
        let (connection, source) = (self.connection.clone(), self.source.clone());
        blocking(&self.source.place, move || {
            // A panic within `work` rolls its transaction back, so the connection is whole.
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            if connection.is_lost() {
                *connection = source.writer()?;
            }
            work(&connection).map_err(|e| DbError::of(&source.place, &e))
        })
        .await
    }
}

/// Runs `work` where blocking does no harm.
pub(crate) async fn blocking<T: Send + 'static>(
    place: &Place,
    work: impl FnOnce() -> Result<T, DbError> + Send + 'static,
) -> Result<T, DbError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(DbError::Database { place: place.clone(), cause: Cause::ended() }))
}
