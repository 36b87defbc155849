//! One connection to a server.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::TryStreamExt as _;
use futures_util::future::try_join_all;
use tokio_postgres::types::ToSql;
use tokio_postgres::{NoTls, Row, Statement};

use crate::postgres::locks::key;
use crate::postgres::values::Given;
use crate::postgres::wait::{runtime, wait};
use crate::postgres::{PgFault, Server};
use crate::sqlite::BUSY_TIMEOUT;
use crate::{DbError, Value};

/// Rows from which on an insert is one statement.
const MANY: usize = 4;

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
    pub(super) server: Server,
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
        wait(future, self.server.patience()).unwrap_or_else(|| {
            self.lost.store(true, Ordering::Relaxed);
            Err(PgFault::link(format!("the server did not answer within {:?}", self.server.patience())))
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

    /// Runs the statement for each row of values: an insert as one statement over all of them, others one behind the other
    /// without waiting for the answers in between.
    pub(crate) fn execute_rows<'v, R: AsRef<[Value<'v>]>>(&self, text: &str, rows: &[R]) -> Result<usize, PgFault> {
        if rows.is_empty() {
            return Ok(0);
        }
        let statement = self.statement(text)?;
        let changed = match rows.len() >= MANY && inserts(text).is_some() {
            true => {
                let at_once = self.at_once(text, &statement)?;
                let width = statement.params().len();
                let columns: Vec<Vec<Given<'_>>> = (0..width)
                    .map(|at| {
                        rows.iter().map(|row| Given(row.as_ref().get(at).copied().unwrap_or(Value::Null))).collect()
                    })
                    .collect();
                let columns = columns.iter().map(|column| column as &(dyn ToSql + Sync));
                self.wait(async { Ok(self.client.execute_raw(&at_once, columns).await?) })?
            }
            false => {
                let all = rows.iter().map(|values| run(&self.client, &statement, values.as_ref()));
                self.wait(try_join_all(all))?.into_iter().sum()
            }
        };
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    /// The insert over arrays of values, one a column.
    fn at_once(&self, text: &str, single: &Statement) -> Result<Statement, PgFault> {
        let arrays: Vec<_> =
            single.params().iter().zip(1..).map(|(ty, number)| format!("${number}::{}[]", ty.name())).collect();
        let into = inserts(text).unwrap_or_default();
        self.statement(&format!("{into} SELECT * FROM unnest({})", arrays.join(", ")))
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

    /// Begins a transaction that reads what there is in this moment.
    pub(crate) fn begin_snapshot(&self) -> Result<(), PgFault> {
        self.in_transaction.set(true);
        self.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
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
    match wait(connecting, server.patience()) {
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

/// What stands before the values of an insert of one row, all of whose values are parameters.
fn inserts(statement: &str) -> Option<&str> {
    let (into, values) = statement.split_once(" VALUES (")?;
    let mut places = values.strip_suffix(')')?.split(", ");
    (into.starts_with("INSERT INTO ") && places.all(|place| place == "?")).then_some(into)
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
    fn only_an_insert_whose_values_are_all_parameters_is_one_over_many_rows() {
        assert_eq!(inserts("INSERT INTO t (a, b) VALUES (?, ?)"), Some("INSERT INTO t (a, b)"));
        for other in [
            "INSERT INTO t VALUES (?, 1)",
            "INSERT INTO t VALUES (?) ON CONFLICT DO NOTHING",
            "INSERT INTO t SELECT ?",
            "UPDATE t SET a = ? WHERE b = ?",
        ] {
            assert_eq!(inserts(other), None, "{other}");
        }
    }
}
