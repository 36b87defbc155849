use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use crate::{Cause, DbError};

/// One connection that several tasks use in turn. Its statements run on threads where waiting for the disk harms nobody.
#[derive(Clone)]
pub struct Session {
    path: Arc<PathBuf>,
    connection: Arc<Mutex<Connection>>,
}

impl Session {
    pub(crate) fn new(path: Arc<PathBuf>, connection: Connection) -> Self {
        Self { path, connection: Arc::new(Mutex::new(connection)) }
    }

    /// Runs `work` when it is its turn. Dropping the future does not undo it.
    ///
    /// # Errors
    /// What `work` answers, as [`DbError`].
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, DbError> {
        let (connection, path) = (self.connection.clone(), self.path.clone());
        // A panic within `work` rolls its transaction back, so the connection is whole.
        let work = move || work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner));
        blocking(&path, move || Ok(work())).await?.map_err(|e| DbError::sqlite(&path, &e))
    }
}

/// Runs `work` where blocking does no harm.
pub(crate) async fn blocking<T: Send + 'static>(
    path: &std::path::Path,
    work: impl FnOnce() -> Result<T, DbError> + Send + 'static,
) -> Result<T, DbError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(DbError::Sqlite { path: path.to_owned(), cause: Cause::ended() }))
}
