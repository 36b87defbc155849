use sqlx::error::BoxDynError;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, AssertSqlSafe, Encode, Sqlite, SqliteConnection, Type};

/// The most rows in one INSERT: SQLite takes 32,766 values in a statement.
const ROWS: usize = 512;

/// The statements of one transaction.
///
/// They go to the database's thread together, in one trip: a trip for each statement costs more than the statement. One
/// statement alone is a transaction by itself, and is sent without the two that would begin and end one: the answer to each
/// statement wakes the caller, and that too costs more than the statement.
#[derive(Debug, Default)]
pub struct Statements {
    sql: String,
    count: usize,
    arguments: SqliteArguments,
    failed: Option<BoxDynError>,
}

impl Statements {
    /// Adds a statement; its values are bound next, in the order of its question marks.
    pub fn add(&mut self, statement: &str) {
        self.sql.push_str(statement);
        self.end();
    }

    /// Adds an INSERT of many rows: `insert` up to and with VALUES, `row` the question marks of a row, and `bind` the
    /// values of one.
    pub fn insert<T>(&mut self, insert: &str, row: &str, rows: &[T], mut bind: impl FnMut(&mut Self, &T)) {
        for rows in rows.chunks(ROWS) {
            self.sql.push_str(insert);
            for i in 0..rows.len() {
                self.sql.push(if i == 0 { ' ' } else { ',' });
                self.sql.push_str(row);
            }
            self.end();
            rows.iter().for_each(|row| bind(self, row));
        }
    }

    /// Binds a value.
    pub fn bind<'t>(&mut self, value: impl Encode<'t, Sqlite> + Type<Sqlite>) {
        if let Err(error) = self.arguments.add(value) {
            self.failed.get_or_insert(error);
        }
    }

    fn end(&mut self) {
        self.sql.push(';');
        self.count += 1;
    }

    /// Whether a failure leaves a transaction open that has to be undone.
    pub(crate) fn is_many(&self) -> bool {
        self.count > 1
    }

    /// Runs the statements; when this returns they are durable, all of them.
    pub(crate) async fn commit(self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        if let Some(error) = self.failed {
            return Err(sqlx::Error::Encode(error));
        }
        let sql = if self.count > 1 { format!("BEGIN IMMEDIATE;{}COMMIT", self.sql) } else { self.sql };
        sqlx::query_with(AssertSqlSafe(sql), self.arguments).execute(connection).await.map(drop)
    }
}
