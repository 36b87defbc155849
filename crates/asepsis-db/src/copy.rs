//! Rows of one database into another, of whichever kind.

use crate::session::blocking;
use crate::{Connection, Database, DbError, Error, Schema, Value};

/// Rows that are sent together.
const ROWS: usize = 256;

/// Bytes that are in memory at most, unless one row has more.
const BYTES: usize = 16 << 20;

impl Database {
    /// Copies all rows, as they are in one moment, into an empty database of the same layout; how many there were. They are
    /// durable there when this returns, or none is.
    ///
    /// # Errors
    /// [`DbError::NotEmpty`] if rows are there already; [`DbError`] of either.
    pub async fn copy_to(&self, to: &Self) -> Result<u64, DbError> {
        let (from, to) = (self.source.clone(), to.source.clone());
        blocking(&to.place.clone(), move || {
            let (reading, writing) = (from.reader()?, to.writer()?);
            let schema = from.schema;
            let read = |e: &Error| DbError::of(&from.place, e);
            let wrote = |e: &Error| DbError::of(&to.place, e);
            reading.begin_snapshot().map_err(|e| read(&e))?;
            writing.begin(true).map_err(|e| wrote(&e))?;
            let copied = copy(&reading, &writing, schema).map_err(|at| match at {
                Fault::Reading(e) => read(&e),
                Fault::Writing(e) => wrote(&e),
                Fault::NotEmpty => DbError::NotEmpty { place: to.place.clone() },
            });
            let _ = reading.rollback();
            match copied {
                Ok(rows) => writing.commit().map(|()| rows).map_err(|e| wrote(&e)),
                Err(error) => {
                    let _ = writing.rollback();
                    Err(error)
                }
            }
        })
        .await
    }
}

enum Fault {
    Reading(Error),
    Writing(Error),
    NotEmpty,
}

fn copy(from: &Connection, to: &Connection, schema: &Schema) -> Result<u64, Fault> {
    let mut rows = 0;
    for table in schema.tables {
        let any = to.one(&format!("SELECT EXISTS (SELECT 1 FROM {table})"), &[], |row| row.get::<bool>(0));
        if any.map_err(Fault::Writing)? {
            return Err(Fault::NotEmpty);
        }
    }
    for table in schema.tables {
        let columns = columns(from, table).map_err(Fault::Reading)?;
        let names = columns.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        let places = vec!["?"; columns.len()].join(", ");
        let insert = format!("INSERT INTO {table} ({names}) VALUES ({places})");
        let (mut waiting, mut bytes, mut written) = (Vec::new(), 0, Ok(()));
        let read = from.each(&format!("SELECT {names} FROM {table}"), &[], |row| {
            let owned = (0..columns.len()).map(|at| row.value(at).map(Owned::from)).collect::<Result<Vec<_>, _>>()?;
            bytes += owned.iter().map(Owned::len).sum::<usize>();
            waiting.push(owned);
            rows += 1;
            if waiting.len() >= ROWS || bytes >= BYTES {
                written = write(to, &insert, &waiting);
                (bytes, waiting) = (0, Vec::new());
                if written.is_err() {
                    return Err(Error::Missing);
                }
            }
            Ok(())
        });
        written.map_err(Fault::Writing)?;
        read.map_err(Fault::Reading)?;
        write(to, &insert, &waiting).map_err(Fault::Writing)?;
    }
    Ok(rows)
}

fn write(to: &Connection, insert: &str, rows: &[Vec<Owned>]) -> Result<(), Error> {
    let rows: Vec<Vec<Value<'_>>> = rows.iter().map(|row| row.iter().map(Owned::as_value).collect()).collect();
    to.execute_rows(insert, &rows).map(drop)
}

/// The columns of a table or view, in order.
fn columns(db: &Connection, table: &str) -> Result<Vec<String>, Error> {
    let statement = if db.is_to_server() {
        "SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = ?::text::regclass AND a.attnum > 0
         AND NOT a.attisdropped ORDER BY a.attnum"
    } else {
        "SELECT name FROM pragma_table_info(?) ORDER BY cid"
    };
    db.query(statement, &[Value::Text(table)], |row| row.get(0))
}

/// A value that outlives its row.
enum Owned {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl Owned {
    fn len(&self) -> usize {
        match self {
            Self::Null | Self::Int(_) => 8,
            Self::Text(text) => text.len(),
            Self::Blob(bytes) => bytes.len(),
        }
    }

    fn as_value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Int(number) => Value::Int(*number),
            Self::Text(text) => Value::Text(text),
            Self::Blob(bytes) => Value::Blob(bytes),
        }
    }
}

impl From<Value<'_>> for Owned {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Int(number) => Self::Int(number),
            Value::Text(text) => Self::Text(text.to_owned()),
            Value::Blob(bytes) => Self::Blob(bytes.to_owned()),
        }
    }
}
