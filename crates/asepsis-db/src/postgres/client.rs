//! One connection to a server.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use futures_util::future::try_join_all;
use tokio_postgres::types::ToSql;
use tokio_postgres::{NoTls, Row, Statement};

use crate::postgres::values::Given;
use crate::postgres::wait::{runtime, wait};
use crate::postgres::{PgFault, Server};
use crate::sqlite::BUSY_TIMEOUT;
use crate::{DbError, Value};

/// How long the server may take for one answer. One that takes longer is as good as gone: the connection is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Statements that are kept prepared.
const STATEMENTS: usize = 128;

/// A connection with the settings under which nothing acknowledged is lost.
pub(crate) struct Client {
    client: tokio_postgres::Client,
    statements: RefCell<HashMap<String, Statement>>,
    in_transaction: Cell<bool>,
    /// Set when the connection ends, whoever ended it.
    lost: Arc<AtomicBool>,
    /// The lock that keeps transactions of one part apart.
    lock: i64,
    server: Server,
}

impl Client {
    /// Connects. `part` is the part of the installation that it is for, `log` the log that it sees, if any.
    pub(crate) fn connect(server: &Server, part: &str, log: Option<i64>, writes: bool) -> Result<Self, DbError> {
        let fail = |fault: PgFault| DbError::server(server, fault);
        let (client, lost) = open(server).map_err(fail)?;
        let lock = key(server.schema(), &format!("{part} {}", log.unwrap_or_default()));
        let client = Self {
            client,
            statements: RefCell::default(),
            in_transaction: Cell::new(false),
            lost,
            lock,
            server: server.clone(),
        };
        let read_only = if writes { "off" } else { "on" };
        let log = log.map_or_else(String::new, |log| log.to_string());
        // The schema's name is a plain word.
        client
            .batch(&format!(
                "SET search_path = \"{0}\"; SET application_name = 'asepsis {0} {part}'; SET synchronous_commit = on; SET lock_timeout = {1};
                 SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = {read_only};
                 SET client_min_messages = warning; SET statement_timeout = 0;
                 SET idle_in_transaction_session_timeout = 60000; SET asepsis.log = '{log}';
                 SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;",
                server.schema(),
                BUSY_TIMEOUT.as_millis(),
            ))
            .map_err(fail)?;
        client.check(server)?;
        Ok(client)
    }

    /// Reads back what keeps acknowledged data, of this connection and of the server.
    fn check(&self, server: &Server) -> Result<(), DbError> {
        const WANTED: [(&str, &str); 3] = [("synchronous_commit", "on"), ("fsync", "on"), ("full_page_writes", "on")];
        for (setting, wanted) in WANTED {
            let statement = format!("SELECT current_setting('{setting}')");
            let mut found = String::new();
            self.each(&statement, &[], |row| {
                found = row.try_get::<_, String>(0).unwrap_or_default();
                true
            })
            .map_err(|fault| DbError::server(server, fault))?;
            if found != wanted {
                return Err(DbError::NotSafe { server: server.to_string(), setting, found, wanted });
            }
        }
        Ok(())
    }

    /// Whether the connection is gone.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed) || self.client.is_closed()
    }

    /// What says that the connection is gone.
    pub(crate) fn lost(&self) -> Arc<AtomicBool> {
        self.lost.clone()
    }

    /// Waits for the server. When it does not answer, the connection is of no use any more: an answer that comes later would
    /// be taken for another's.
    fn wait<T>(&self, future: impl Future<Output = Result<T, PgFault>>) -> Result<T, PgFault> {
        if self.lost.load(Ordering::Relaxed) {
            return Err(PgFault::link("the connection to the server is cut"));
        }
        wait(future, PATIENCE).unwrap_or_else(|| {
            self.lost.store(true, Ordering::Relaxed);
            Err(PgFault::link(format!("the server did not answer within {} seconds", PATIENCE.as_secs())))
        })
    }

    fn statement(&self, text: &str) -> Result<Statement, PgFault> {
        if let Some(statement) = self.statements.borrow().get(text) {
            return Ok(statement.clone());
        }
        let numbered = numbered(text);
        let statement = self.wait(async { Ok(self.client.prepare(&numbered).await?) })?;
        let mut statements = self.statements.borrow_mut();
        if statements.len() >= STATEMENTS {
            statements.clear();
        }
        statements.insert(text.to_owned(), statement.clone());
        Ok(statement)
    }

    pub(crate) fn execute(&self, text: &str, values: &[Value<'_>]) -> Result<usize, PgFault> {
        let statement = self.statement(text)?;
        let changed = self.wait(run(&self.client, &statement, values))?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    /// Sends the statement with each row of values before the first answer is there.
    pub(crate) fn execute_each<'v, const N: usize>(
        &self,
        text: &str,
        rows: impl IntoIterator<Item = [Value<'v>; N]>,
    ) -> Result<usize, PgFault> {
        let rows: Vec<_> = rows.into_iter().collect();
        if rows.is_empty() {
            return Ok(0);
        }
        let statement = self.statement(text)?;
        let changed = self.wait(try_join_all(rows.iter().map(|values| run(&self.client, &statement, values))))?;
        Ok(usize::try_from(changed.into_iter().sum::<u64>()).unwrap_or(usize::MAX))
    }

    pub(crate) fn batch(&self, statements: &str) -> Result<(), PgFault> {
        self.wait(async { Ok(self.client.batch_execute(statements).await?) })
    }

    /// Reads rows one after the other, until `read` says that it is enough.
    pub(crate) fn each(
        &self,
        text: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row) -> bool,
    ) -> Result<(), PgFault> {
        let statement = self.statement(text)?;
        let given: Vec<Given<'_>> = values.iter().map(|value| Given(*value)).collect();
        let given = given.iter().map(|value| value as &(dyn ToSql + Sync));
        let rows = self.wait(async { Ok(self.client.query_raw(&statement, given).await?) })?;
        let mut rows = std::pin::pin!(rows);
        while let Some(row) = self.wait(async { Ok(rows.try_next().await?) })? {
            if !read(&row) {
                break;
            }
        }
        Ok(())
    }

    /// Begins a transaction, which no other of the same part comes in between. Says `false` where another is in one and
    /// `patient` is not set.
    pub(crate) fn begin(&self, patient: bool) -> Result<bool, PgFault> {
        self.in_transaction.set(true);
        let statement = if patient { "SELECT pg_advisory_xact_lock(?)" } else { "SELECT pg_try_advisory_xact_lock(?)" };
        let locked = {
            let statement = self.statement(statement)?;
            self.wait(async {
                let lock = Given(Value::Int(self.lock));
                // The second goes with the first: they come there in this order.
                let lock: [&(dyn ToSql + Sync); 1] = [&lock];
                let (_, row) = futures_util::future::try_join(
                    self.client.batch_execute("BEGIN"),
                    self.client.query_one(&statement, &lock),
                )
                .await?;
                Ok(patient || row.try_get(0)?)
            })
        };
        match locked {
            Ok(true) => Ok(true),
            Ok(false) => self.rollback().map(|()| false),
            Err(fault) => {
                let _ = self.rollback();
                Err(fault)
            }
        }
    }

    pub(crate) fn commit(&self) -> Result<(), PgFault> {
        self.batch("COMMIT")?;
        self.in_transaction.set(false);
        Ok(())
    }

    /// Undoes the transaction, if there still is one. A connection that is gone takes it with it.
    pub(crate) fn rollback(&self) -> Result<(), PgFault> {
        if !self.in_transaction.replace(false) || self.is_lost() {
            return Ok(());
        }
        self.batch("ROLLBACK")
    }
}

/// Locks that last as long as the connection.
impl Client {
    /// Whether the lock on something of the installation was to be had, alone or beside others who share it.
    pub(crate) fn try_lock(&self, what: &str, shared: bool) -> Result<bool, PgFault> {
        let statement = if shared { "SELECT pg_try_advisory_lock_shared(?)" } else { "SELECT pg_try_advisory_lock(?)" };
        self.ask(statement, what)
    }

    /// Gives one lock back.
    pub(crate) fn unlock(&self, what: &str, shared: bool) -> Result<bool, PgFault> {
        let statement = if shared { "SELECT pg_advisory_unlock_shared(?)" } else { "SELECT pg_advisory_unlock(?)" };
        self.ask(statement, what)
    }

    /// Whether a connection of another process than `but` holds it. PostgreSQL shows the number of a lock in two halves.
    pub(crate) fn is_locked_by_others(&self, what: &str, but: i64) -> Result<bool, PgFault> {
        let statement = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
                         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                         AND ((classid::bigint << 32) | objid::bigint) = ? AND pid::bigint <> ?";
        let mut found = false;
        self.each(statement, &[Value::Int(key(self.server.schema(), what)), Value::Int(but)], |_| {
            found = true;
            false
        })?;
        Ok(found)
    }

    fn ask(&self, statement: &str, what: &str) -> Result<bool, PgFault> {
        let mut yes = false;
        self.each(statement, &[Value::Int(key(self.server.schema(), what))], |row| {
            yes = row.try_get(0).unwrap_or_default();
            true
        })?;
        Ok(yes)
    }
}

async fn run(client: &tokio_postgres::Client, statement: &Statement, values: &[Value<'_>]) -> Result<u64, PgFault> {
    let given: Vec<Given<'_>> = values.iter().map(|value| Given(*value)).collect();
    Ok(client.execute_raw(statement, given.iter().map(|value| value as &(dyn ToSql + Sync))).await?)
}

fn open(server: &Server) -> Result<(tokio_postgres::Client, Arc<AtomicBool>), PgFault> {
    let runtime = runtime().map_err(|e| PgFault::link(format!("the system has no thread for it ({e})")))?;
    let (config, tls, lost) = (server.config(), server.tls(), Arc::new(AtomicBool::new(false)));
    let flag = lost.clone();
    let connecting = runtime.spawn(async move {
        match tls {
            Some(tls) => {
                let (client, connection) = config.connect(tls).await?;
                tokio::spawn(async move {
                    let _ = connection.await;
                    flag.store(true, Ordering::Relaxed);
                });
                Ok(client)
            }
            None => {
                let (client, connection) = config.connect(NoTls).await?;
                tokio::spawn(async move {
                    let _ = connection.await;
                    flag.store(true, Ordering::Relaxed);
                });
                Ok(client)
            }
        }
    });
    match wait(connecting, PATIENCE) {
        Some(Ok(Ok(client))) => Ok((client, lost)),
        Some(Ok(Err(error))) => Err(PgFault::from(&error)),
        Some(Err(_)) => Err(PgFault::link("connecting to the server broke off")),
        None => Err(PgFault::link("the server did not take the connection in time")),
    }
}

/// The statement with `$1`, `$2` for `?` or `?1`, `?2`. There are no question marks in our texts and names.
fn numbered(statement: &str) -> String {
    let mut text = String::with_capacity(statement.len() + 16);
    let mut next = 1;
    let mut rest = statement.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '?' {
            text.push(c);
            continue;
        }
        text.push('$');
        if !rest.peek().is_some_and(char::is_ascii_digit) {
            text += &next.to_string();
            next += 1;
        }
    }
    text
}

/// A number for an advisory lock on something in a schema: FNV-1a, 64 bits.
pub(crate) fn key(schema: &str, what: &str) -> i64 {
    let bytes = b"asepsis ".iter().chain(schema.as_bytes()).chain(b" ").chain(what.as_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_in_turn_or_as_they_say() {
        assert_eq!(numbered("a = ? AND b = ?"), "a = $1 AND b = $2");
        assert_eq!(numbered("SELECT ?2, ?1, ?12"), "SELECT $2, $1, $12");
        assert_eq!(numbered("nothing"), "nothing");
    }

    #[test]
    fn locks_of_different_things_are_different() {
        assert_ne!(key("asepsis", "log 1"), key("asepsis", "log 2"));
        assert_ne!(key("asepsis", "log 1"), key("other", "log 1"));
    }
}
