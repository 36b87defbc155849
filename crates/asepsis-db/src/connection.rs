use rusqlite::{OptionalExtension as _, params_from_iter};

use crate::postgres::Client;
use crate::sqlite::BUSY_TIMEOUT;
use crate::value::Columns;
use crate::{Error, Row, Value};

/// A connection to one of the databases. The row modules are written once, over this.
///
/// Statements are in the SQL that both know; parameters are `?`, or `?1`, `?2` where one is used twice. Each is prepared
/// once and kept.
pub struct Connection {
    pub(crate) kind: Kind,
}

pub(crate) enum Kind {
    Sqlite(rusqlite::Connection),
    Postgres(Client),
}

impl Connection {
    pub(crate) fn sqlite(connection: rusqlite::Connection) -> Self {
        connection.set_prepared_statement_cache_capacity(32);
        Self { kind: Kind::Sqlite(connection) }
    }

    pub(crate) fn postgres(client: Client) -> Self {
        Self { kind: Kind::Postgres(client) }
    }

    /// Whether this leads to a server: for the few statements that are not in the common SQL.
    pub fn is_to_server(&self) -> bool {
        matches!(self.kind, Kind::Postgres(_))
    }

    /// Whether the connection is gone and of no use any more.
    pub(crate) fn is_lost(&self) -> bool {
        match &self.kind {
            Kind::Sqlite(_) => false,
            Kind::Postgres(client) => client.is_lost(),
        }
    }

    /// Runs the statement and says how many rows it changed.
    ///
    /// # Errors
    /// [`Error`].
    pub fn execute(&self, statement: &str, values: &[Value<'_>]) -> Result<usize, Error> {
        match &self.kind {
            Kind::Sqlite(connection) => Ok(connection.prepare_cached(statement)?.execute(params_from_iter(values))?),
            Kind::Postgres(client) => Ok(client.execute(statement, values)?),
        }
    }

    /// Runs the statement once for each row of values, in order, and says how many rows all of them changed. A server is not
    /// waited for between them.
    ///
    /// # Errors
    /// [`Error`]: the first.
    pub fn execute_each<'v, const N: usize>(
        &self,
        statement: &str,
        rows: impl IntoIterator<Item = [Value<'v>; N]>,
    ) -> Result<usize, Error> {
        match &self.kind {
            Kind::Sqlite(connection) => {
                let mut prepared = connection.prepare_cached(statement)?;
                let mut changed = 0;
                for values in rows {
                    changed += prepared.execute(params_from_iter(&values))?;
                }
                Ok(changed)
            }
            Kind::Postgres(client) => Ok(client.execute_each(statement, rows)?),
        }
    }

    /// Runs several statements without values, parted by `;`.
    ///
    /// # Errors
    /// [`Error`].
    pub fn batch(&self, statements: &str) -> Result<(), Error> {
        match &self.kind {
            Kind::Sqlite(connection) => Ok(connection.execute_batch(statements)?),
            Kind::Postgres(client) => Ok(client.batch(statements)?),
        }
    }

    /// Reads all rows of the statement.
    ///
    /// # Errors
    /// [`Error`], also of `read`.
    pub fn query<T>(
        &self,
        statement: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut found = Vec::new();
        self.each(statement, values, |row| {
            found.push(read(row)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// Reads the rows of the statement one after the other; one at a time is in memory.
    ///
    /// # Errors
    /// [`Error`], also of `read`.
    pub fn each(
        &self,
        statement: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match &self.kind {
            Kind::Sqlite(connection) => {
                let mut prepared = connection.prepare_cached(statement)?;
                let mut rows = prepared.query(params_from_iter(values))?;
                while let Some(row) = rows.next()? {
                    read(&Row(Columns::Sqlite(row)))?;
                }
                Ok(())
            }
            Kind::Postgres(client) => {
                let mut done = Ok(());
                client.each(statement, values, |row| {
                    done = read(&Row(Columns::Postgres(row)));
                    done.is_ok()
                })?;
                done
            }
        }
    }

    /// Reads the first row of the statement, if it gives one.
    ///
    /// # Errors
    /// [`Error`], also of `read`.
    pub fn optional<T>(
        &self,
        statement: &str,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        match &self.kind {
            Kind::Sqlite(connection) => {
                let mut prepared = connection.prepare_cached(statement)?;
                let read = prepared
                    .query_row(params_from_iter(values), |row| Ok(read(&Row(Columns::Sqlite(row)))))
                    .optional()?;
                read.transpose()
            }
            Kind::Postgres(client) => {
                let (mut read, mut found) = (Some(read), None);
                client.each(statement, values, |row| {
                    found = read.take().map(|read| read(&Row(Columns::Postgres(row))));
                    false
                })?;
                found.transpose()
            }
        }
    }

    /// Reads the one row that the statement gives.
    ///
    /// # Errors
    /// [`Error`], also of `read`; [`Error::Missing`] where there is none.
    pub fn one<T>(
        &self,
        statement: &str,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.optional(statement, values, read)?.ok_or(Error::Missing)
    }

    /// Does `work` in one transaction, which nobody else's comes in between: kept as a whole, or undone where `work` answers
    /// an error.
    ///
    /// # Errors
    /// [`Error`], also of `work`.
    pub fn transaction<T>(&self, work: impl FnOnce(&Self) -> Result<T, Error>) -> Result<T, Error> {
        self.begin(true)?;
        let undone = Undo(self);
        let done = work(self)?;
        self.commit()?;
        std::mem::forget(undone);
        Ok(done)
    }

    /// Sees to it that what was deleted is gone from the write-ahead log too. Whether that was possible: another process that
    /// reads is in the way. A server is not asked to: what was deleted stays in its files until it clears them itself.
    ///
    /// # Errors
    /// [`Error`].
    pub fn forget_deleted(&self) -> Result<bool, Error> {
        match &self.kind {
            Kind::Sqlite(_) => self.one("PRAGMA wal_checkpoint(TRUNCATE)", &[], |row| Ok(row.get::<i64>(0)? == 0)),
            // There the old versions of rows and the server's own log are not ours to empty.
            Kind::Postgres(_) => Ok(true),
        }
    }

    /// Whether the transaction has begun. `patient`: waits for another process that is in one.
    pub(crate) fn begin(&self, patient: bool) -> Result<bool, Error> {
        match &self.kind {
            Kind::Sqlite(connection) => {
                let begin = || connection.prepare_cached("BEGIN IMMEDIATE")?.execute(());
                if patient {
                    begin()?;
                    return Ok(true);
                }
                connection.busy_timeout(std::time::Duration::ZERO)?;
                let begun = begin();
                connection.busy_timeout(BUSY_TIMEOUT)?;
                match begun {
                    Err(e) if e.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => Ok(false),
                    begun => Ok(begun.map(|_| true)?),
                }
            }
            Kind::Postgres(client) => Ok(client.begin(patient)?),
        }
    }

    pub(crate) fn commit(&self) -> Result<(), Error> {
        match &self.kind {
            Kind::Sqlite(connection) => Ok(connection.prepare_cached("COMMIT")?.execute(()).map(drop)?),
            Kind::Postgres(client) => Ok(client.commit()?),
        }
    }

    /// Undoes the transaction, if there still is one: SQLite undoes all itself where the disk is full or fails.
    pub(crate) fn rollback(&self) -> Result<(), Error> {
        match &self.kind {
            Kind::Sqlite(connection) if connection.is_autocommit() => Ok(()),
            Kind::Sqlite(connection) => Ok(connection.prepare_cached("ROLLBACK")?.execute(()).map(drop)?),
            Kind::Postgres(client) => Ok(client.rollback()?),
        }
    }

    /// Whether the lock on something of the installation was to be had on a server, `shared` beside others who share it. It
    /// lasts as long as the connection. Files have locks of their own beside them, so here it always is.
    ///
    /// # Errors
    /// [`Error`].
    pub fn try_lock(&self, what: &str, shared: bool) -> Result<bool, Error> {
        match &self.kind {
            Kind::Sqlite(_) => Ok(true),
            Kind::Postgres(client) => Ok(client.try_lock(what, shared)?),
        }
    }

    /// The number of the server's process that serves this connection; `None` for a file.
    ///
    /// # Errors
    /// [`Error`].
    pub fn process(&self) -> Result<Option<i64>, Error> {
        match &self.kind {
            Kind::Sqlite(_) => Ok(None),
            Kind::Postgres(_) => self.one("SELECT pg_backend_pid()::bigint", &[], |row| row.get(0)).map(Some),
        }
    }

    /// Whether another connection than that of the server's process `but` holds the lock on something, alone or shared.
    ///
    /// # Errors
    /// [`Error`].
    pub fn is_locked_by_others(&self, what: &str, but: i64) -> Result<bool, Error> {
        match &self.kind {
            Kind::Sqlite(_) => Ok(false),
            Kind::Postgres(client) => Ok(client.is_locked_by_others(what, but)?),
        }
    }

    /// Gives one lock back.
    ///
    /// # Errors
    /// [`Error`].
    pub fn unlock(&self, what: &str, shared: bool) -> Result<(), Error> {
        match &self.kind {
            Kind::Sqlite(_) => Ok(()),
            Kind::Postgres(client) => Ok(client.unlock(what, shared).map(drop)?),
        }
    }
}

/// Undoes the transaction when it is dropped, also by a panic.
struct Undo<'a>(&'a Connection);

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        let _ = self.0.rollback();
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}
