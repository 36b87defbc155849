//! The entries in SQLite: the truth that all else is derived from.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use asepsis_db::{Batch, Database, DbError, Statements};
use asepsis_vocab::{AuditEvent, ExchangeId, Phase};
use sqlx::{Row as _, SqliteConnection};

/// The layouts of the database, oldest first. `event_id` is the exchange (16 bytes) and the phase (1 byte).
pub(crate) const SCHEMA: &[&str] = &["
    CREATE TABLE entries (idx INTEGER PRIMARY KEY, event_id BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL) STRICT;
    CREATE TABLE state (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
"];

/// An entry as it is stored: its exact bytes are the leaf of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place, from 0.
    pub index: u64,
    /// The event as JSON.
    pub bytes: Vec<u8>,
}

/// The name under which an entry is appended only once.
pub(crate) type EventId = [u8; 17];

pub(crate) fn event_id(exchange: &ExchangeId, phase: Phase) -> EventId {
    let mut id = [0; 17];
    id[..16].copy_from_slice(exchange.as_bytes());
    id[16] = match phase {
        Phase::Intent => 0,
        Phase::Outcome => 1,
    };
    id
}

/// The exchange of an event id, and whether it is the outcome.
pub(crate) fn split(id: &[u8]) -> Option<(ExchangeId, bool)> {
    let (exchange, phase) = id.split_last_chunk::<1>()?;
    let exchange: [u8; 16] = exchange.try_into().ok()?;
    let text = format!("ex_{:032x}", u128::from_be_bytes(exchange));
    match phase {
        [0] => Some((text.parse().ok()?, false)),
        [1] => Some((text.parse().ok()?, true)),
        _ => None,
    }
}

/// The event in the bytes of an entry.
pub(crate) fn parse(bytes: &[u8]) -> Option<AuditEvent> {
    serde_json::from_slice(bytes).ok()
}

/// An entry that waits to be stored.
pub(crate) struct NewEntry {
    pub(crate) id: EventId,
    pub(crate) bytes: Vec<u8>,
}

/// What became of it.
pub(crate) enum Stored {
    /// It has this index.
    At(u64),
    /// The id is taken by other content.
    Contradicts,
}

/// Exchanges whose intent is stored and whose outcome is not, with the index of the intent.
pub(crate) type Unfinished = BTreeMap<[u8; 16], u64>;

/// Appends entries: the one who gives out indexes.
pub(crate) struct Appender {
    size: Arc<AtomicU64>,
    unfinished: Unfinished,
}

impl Appender {
    pub(crate) fn new(size: Arc<AtomicU64>, unfinished: Unfinished) -> Self {
        Self { size, unfinished }
    }
}

impl Batch for Appender {
    type Job = NewEntry;
    type Done = Stored;

    fn statements(&mut self, jobs: &[NewEntry], into: &mut Statements) -> Vec<Stored> {
        let first = self.size.load(Ordering::Acquire);
        let mut index = first;
        into.insert("INSERT INTO entries (idx, event_id, bytes) VALUES", "(?,?,?)", jobs, |into, job| {
            into.bind(index as i64);
            into.bind(&job.id[..]);
            into.bind(&job.bytes[..]);
            index += 1;
        });
        // All exchanges before this index are finished: where the next start begins to look.
        let settled = self.unfinished.values().min().copied().unwrap_or(first);
        if settled % 1024 == 0 || jobs.len() > 64 {
            into.add("INSERT OR REPLACE INTO state (key, value) VALUES ('settled', ?)");
            into.bind(settled as i64);
        }
        (first..).take(jobs.len()).map(Stored::At).collect()
    }

    async fn stored(&mut self, db: &mut SqliteConnection, job: &NewEntry) -> Result<Option<Stored>, sqlx::Error> {
        let found = sqlx::query("SELECT idx, bytes FROM entries WHERE event_id = ?").bind(&job.id[..]);
        let Some(row) = found.fetch_optional(&mut *db).await? else { return Ok(None) };
        let same = row.try_get::<&[u8], _>(1)? == job.bytes;
        let index = row.try_get::<i64, _>(0)? as u64;
        Ok(Some(if same { Stored::At(index) } else { Stored::Contradicts }))
    }

    fn committed(&mut self, jobs: &[NewEntry], done: &[Stored]) {
        let mut size = self.size.load(Ordering::Acquire);
        for (job, done) in jobs.iter().zip(done) {
            let Stored::At(index) = done else { continue };
            if *index < size {
                continue;
            }
            size = index + 1;
            if let Some((exchange, outcome)) = job
                .id
                .split_last_chunk::<1>()
                .and_then(|(exchange, phase)| Some((<[u8; 16]>::try_from(exchange).ok()?, *phase == [1])))
            {
                if outcome {
                    self.unfinished.remove(&exchange);
                } else {
                    self.unfinished.insert(exchange, *index);
                }
            }
        }
        self.size.store(size, Ordering::Release);
    }
}

/// The number of entries, if their indexes have no gap at the end of the table.
pub(crate) async fn count(db: &Database) -> Result<u64, DbError> {
    let next: i64 = sqlx::query_scalar("SELECT coalesce(max(idx) + 1, 0) FROM entries")
        .fetch_one(db.reader())
        .await
        .map_err(|e| db.error(&e))?;
    Ok(next as u64)
}

/// Intents without outcome, by exchange.
pub(crate) async fn unfinished(db: &Database) -> Result<Unfinished, DbError> {
    let settled: i64 = sqlx::query_scalar("SELECT coalesce(max(value), 0) FROM state WHERE key = 'settled'")
        .fetch_one(db.reader())
        .await
        .map_err(|e| db.error(&e))?;
    let mut open = Unfinished::new();
    let mut from = settled as u64;
    loop {
        let rows = sqlx::query("SELECT idx, event_id FROM entries WHERE idx >= ? ORDER BY idx LIMIT 8192")
            .bind(from as i64)
            .fetch_all(db.reader())
            .await
            .map_err(|e| db.error(&e))?;
        for row in &rows {
            let index = row.try_get::<i64, _>(0).map_err(|e| db.error(&e))? as u64;
            let id: &[u8] = row.try_get(1).map_err(|e| db.error(&e))?;
            from = index + 1;
            if let Some((exchange, phase)) = id.split_last_chunk::<1>()
                && let Ok(exchange) = exchange.try_into()
            {
                match phase {
                    [0] => drop(open.insert(exchange, index)),
                    _ => drop(open.remove(&exchange)),
                }
            }
        }
        if rows.len() < 8192 {
            return Ok(open);
        }
    }
}

/// A stored row, as it is.
pub(crate) struct Row {
    pub(crate) index: u64,
    pub(crate) id: Vec<u8>,
    pub(crate) bytes: Vec<u8>,
}

/// At most `limit` rows from index `range.start` on, in order.
pub(crate) async fn rows(db: &Database, range: Range<u64>, limit: u32) -> Result<Vec<Row>, DbError> {
    let bound = |index: u64| i64::try_from(index).unwrap_or(i64::MAX);
    let rows = sqlx::query("SELECT idx, event_id, bytes FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx LIMIT ?")
        .bind(bound(range.start))
        .bind(bound(range.end))
        .bind(i64::from(limit))
        .fetch_all(db.reader())
        .await
        .map_err(|e| db.error(&e))?;
    rows.iter().map(read).collect::<Result<_, _>>().map_err(|e| db.error(&e))
}

/// At most `limit` rows below index `end`, from the last to the first.
pub(crate) async fn rows_back(db: &Database, end: u64, limit: u32) -> Result<Vec<Row>, DbError> {
    let rows = sqlx::query("SELECT idx, event_id, bytes FROM entries WHERE idx < ? ORDER BY idx DESC LIMIT ?")
        .bind(i64::try_from(end).unwrap_or(i64::MAX))
        .bind(i64::from(limit))
        .fetch_all(db.reader())
        .await
        .map_err(|e| db.error(&e))?;
    rows.iter().map(read).collect::<Result<_, _>>().map_err(|e| db.error(&e))
}

/// The row of an event id.
pub(crate) async fn by_id(db: &Database, id: &EventId) -> Result<Option<Row>, DbError> {
    let row = sqlx::query("SELECT idx, event_id, bytes FROM entries WHERE event_id = ?")
        .bind(&id[..])
        .fetch_optional(db.reader())
        .await
        .map_err(|e| db.error(&e))?;
    row.as_ref().map(read).transpose().map_err(|e| db.error(&e))
}

fn read(row: &sqlx::sqlite::SqliteRow) -> Result<Row, sqlx::Error> {
    Ok(Row { index: row.try_get::<i64, _>(0)? as u64, id: row.try_get(1)?, bytes: row.try_get(2)? })
}
