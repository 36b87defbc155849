use std::path::Path;
use std::sync::Arc;

use crate::postgres::{self, Client};
use crate::readers::Readers;
use crate::session::{Session, blocking};
use crate::sqlite::{self, Access};
use crate::{Connection, DbError, Error, Place, Schema};

/// One database. A cheap handle.
///
/// Reads go through [`read`](Self::read), a small pool that cannot write. Whoever writes takes a
/// [`connection`](Self::connection) or a [`session`](Self::session) of his own, so that there is one writer by construction.
#[derive(Clone)]
pub struct Database {
    source: Arc<Source>,
    readers: Arc<Readers>,
}

/// Gives connections.
pub(crate) struct Source {
    pub(crate) place: Place,
    schema: &'static Schema,
    access: Access,
}

impl Database {
    /// Opens or makes the database and brings it to the newest layout.
    ///
    /// The number of the layouts that have run is kept in the database (in a file as `user_version`), and the missing ones run
    /// in one transaction. A file has mode 0600, a directory made here 0700.
    ///
    /// # Errors
    /// [`DbError`]: it cannot be reached, is of a newer version, or does not take the settings under which nothing that was
    /// acknowledged is lost.
    pub async fn open(place: impl Into<Place>, schema: &'static Schema) -> Result<Self, DbError> {
        let place = place.into();
        let at = place.clone();
        blocking(&place, move || match &at {
            Place::File(path) => sqlite::make(path, schema.sqlite),
            Place::Server { server, .. } => postgres::make(server, schema),
        })
        .await?;
        Ok(Self::new(place, schema, Access::Write))
    }

    /// Opens the database for reading only; nothing is changed, in the directory of a file as far as SQLite can help it.
    ///
    /// # Errors
    /// [`DbError`]: it is missing, no database, or of another layout.
    pub async fn open_read_only(place: impl Into<Place>, schema: &'static Schema) -> Result<Self, DbError> {
        let place = place.into();
        let at = place.clone();
        let known = schema.newest(&place);
        let (access, found) = blocking(&place, move || match &at {
            Place::File(path) => sqlite::look(path),
            Place::Server { server, .. } => postgres::look(server, schema).map(|found| (Access::Read, found)),
        })
        .await?;
        if found > known {
            return Err(DbError::Newer { place, found, known });
        }
        if found < known {
            return Err(DbError::Older { place, found, known });
        }
        Ok(Self::new(place, schema, access))
    }

    fn new(place: Place, schema: &'static Schema, access: Access) -> Self {
        let source = Arc::new(Source { place, schema, access });
        Self { readers: Arc::new(Readers::new(source.clone())), source }
    }

    /// The same database as one of its logs sees it. A file has one log only.
    #[must_use]
    pub fn of_log(&self, log: i64) -> Self {
        let place = match &self.source.place {
            Place::File(path) => Place::File(path.clone()),
            Place::Server { server, .. } => Place::Server { server: server.clone(), log: Some(log) },
        };
        Self::new(place, self.source.schema, self.source.access)
    }

    /// Where it is.
    pub fn place(&self) -> &Place {
        &self.source.place
    }

    /// The file, where it is one.
    pub fn file(&self) -> Option<&Path> {
        self.source.place.file()
    }

    /// Runs `work` on one of the connections that cannot write. Dropping the future does not end it.
    ///
    /// # Errors
    /// What `work` answers, as [`DbError`].
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, DbError> {
        self.readers.read(work).await
    }

    /// A new connection that may write, with every setting checked.
    ///
    /// # Errors
    /// [`DbError`]: the database cannot be reached, was opened read-only, or a setting did not take.
    pub async fn connection(&self) -> Result<Connection, DbError> {
        let source = self.source.clone();
        blocking(&self.source.place, move || source.writer()).await
    }

    /// A new connection that may write, and what `work` does on it first.
    ///
    /// # Errors
    /// As [`connection`](Self::connection), and what `work` answers.
    pub async fn connection_with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<(Connection, T), DbError> {
        let source = self.source.clone();
        blocking(&self.source.place, move || {
            let connection = source.writer()?;
            let done = work(&connection).map_err(|e| DbError::of(&source.place, &e))?;
            Ok((connection, done))
        })
        .await
    }

    /// A new connection that may write, for several tasks to use in turn.
    ///
    /// # Errors
    /// As [`connection`](Self::connection).
    pub async fn session(&self) -> Result<Session, DbError> {
        Ok(Session::new(self.source.clone(), self.connection().await?))
    }

    /// Ends all readers.
    pub async fn close(&self) {
        self.readers.close();
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("place", &self.source.place).finish_non_exhaustive()
    }
}

impl Source {
    /// A connection that may write.
    pub(crate) fn writer(&self) -> Result<Connection, DbError> {
        if self.access != Access::Write {
            return Err(DbError::ReadOnly { place: self.place.clone() });
        }
        match &self.place {
            Place::File(path) => sqlite::connect(path).map(Connection::sqlite),
            Place::Server { server, log } => {
                Client::connect(server, self.schema.name, *log, true).map(Connection::postgres)
            }
        }
    }

    /// A connection that cannot write.
    pub(crate) fn reader(&self) -> Result<Connection, DbError> {
        match &self.place {
            Place::File(path) => self.access.reader(path).map(Connection::sqlite),
            Place::Server { server, log } => {
                Client::connect(server, self.schema.name, *log, false).map(Connection::postgres)
            }
        }
    }
}
