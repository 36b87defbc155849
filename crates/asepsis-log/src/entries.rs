//! The entries in the database: the truth that all else is derived from.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use asepsis_db::{Batch, Connection, Database, DbError, Error, Schema, Value, values};
use asepsis_vocab::{AuditEvent, ExchangeId, Phase};

use crate::lease::Lease;
use crate::payloads::{self, SealedPayload};

/// The layouts of the database, oldest first. `event_id` is the exchange (16 bytes) and the phase (1 byte).
pub(crate) const SCHEMA: Schema = Schema { name: "log", sqlite: SQLITE, postgres: POSTGRES };

const SQLITE: &[&str] = &[
    "
    CREATE TABLE entries (idx INTEGER PRIMARY KEY, event_id BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL) STRICT;
    CREATE TABLE state (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
",
    "
    CREATE TABLE payloads (idx INTEGER PRIMARY KEY, key TEXT NOT NULL, sealed BLOB NOT NULL) STRICT;
    CREATE INDEX payloads_by_key ON payloads (key);
",
];

/// The same for a server, whose tables hold many logs. A connection is for one of them (`asepsis.log`), and sees and writes that
/// one alone through the views.
const POSTGRES: &[&str] = &["
    CREATE TABLE logs (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, origin TEXT NOT NULL UNIQUE, epoch BIGINT NOT NULL DEFAULT 0,
        host TEXT, process BIGINT, since BIGINT
    );
    CREATE TABLE log_entries (
        log BIGINT NOT NULL DEFAULT current_setting('asepsis.log')::BIGINT REFERENCES logs (id), idx BIGINT NOT NULL,
        event_id BYTEA NOT NULL, bytes BYTEA NOT NULL, PRIMARY KEY (log, idx), UNIQUE (log, event_id)
    );
    CREATE TABLE log_state (
        log BIGINT NOT NULL DEFAULT current_setting('asepsis.log')::BIGINT REFERENCES logs (id), key TEXT NOT NULL,
        value BIGINT NOT NULL, PRIMARY KEY (log, key)
    );
    CREATE TABLE log_payloads (
        log BIGINT NOT NULL DEFAULT current_setting('asepsis.log')::BIGINT REFERENCES logs (id), idx BIGINT NOT NULL,
        key TEXT NOT NULL, sealed BYTEA NOT NULL, PRIMARY KEY (log, idx)
    );
    ALTER TABLE log_payloads ALTER COLUMN sealed SET STORAGE EXTERNAL;
    CREATE INDEX log_payloads_by_key ON log_payloads (log, key);
    CREATE VIEW entries AS SELECT idx, event_id, bytes FROM log_entries WHERE log = current_setting('asepsis.log')::BIGINT;
    CREATE VIEW state AS SELECT key, value FROM log_state WHERE log = current_setting('asepsis.log')::BIGINT;
    CREATE VIEW payloads AS SELECT idx, key, sealed FROM log_payloads WHERE log = current_setting('asepsis.log')::BIGINT;
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
        Phase::Act => 2,
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
    /// What goes into the same transaction, where the entry has it.
    pub(crate) payload: Option<SealedPayload>,
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

/// What the entry of this id says of exchanges that are open.
fn note(open: &mut Unfinished, id: &[u8], index: u64) {
    let Some((exchange, phase)) = id.split_last_chunk::<1>() else { return };
    let Ok(exchange) = exchange.try_into() else { return };
    match phase {
        [0] => drop(open.insert(exchange, index)),
        [1] => drop(open.remove(&exchange)),
        // An act is no exchange.
        _ => {}
    }
}

/// Appends entries: the one who gives out indexes.
pub(crate) struct Appender {
    size: Arc<AtomicU64>,
    unfinished: Unfinished,
    /// On a server: that this one may write.
    lease: Option<Lease>,
}

impl Appender {
    pub(crate) fn new(size: Arc<AtomicU64>, unfinished: Unfinished, lease: Option<Lease>) -> Self {
        Self { size, unfinished, lease }
    }
}

impl Batch for Appender {
    type Job = NewEntry;
    type Done = Stored;

    fn write(&mut self, db: &Connection, jobs: &[NewEntry]) -> Result<Vec<Stored>, Error> {
        if let Some(lease) = &self.lease {
            lease.check(db)?;
        }
        let first = self.size.load(Ordering::Acquire);
        db.execute_each(
            "INSERT INTO entries (idx, event_id, bytes) VALUES (?, ?, ?)",
            jobs.iter()
                .zip(first..)
                .map(|(job, index)| [Value::Int(index as i64), Value::Blob(&job.id), Value::Blob(&job.bytes)]),
        )?;
        payloads::insert(db, jobs.iter().zip(first..).filter_map(|(job, index)| Some((index, job.payload.as_ref()?))))?;
        // All exchanges before this index are finished: where the next start begins to look.
        let settled = self.unfinished.values().min().copied().unwrap_or(first);
        if settled % 1024 == 0 || jobs.len() > 64 {
            let changed = db.execute("UPDATE state SET value = ? WHERE key = 'settled'", values![settled as i64])?;
            if changed == 0 {
                db.execute("INSERT INTO state (key, value) VALUES ('settled', ?)", values![settled as i64])?;
            }
        }
        Ok((first..).take(jobs.len()).map(Stored::At).collect())
    }

    fn stored(&mut self, db: &Connection, job: &NewEntry) -> Result<Option<Stored>, Error> {
        if let Some(lease) = &self.lease {
            lease.check(db)?;
        }
        let statement = "SELECT idx, bytes FROM entries WHERE event_id = ?";
        let stored = db.optional(statement, values![&job.id], |row| {
            let same = row.value(1)? == Value::Blob(&job.bytes);
            Ok(if same { Stored::At(row.get::<i64>(0)? as u64) } else { Stored::Contradicts })
        })?;
        // The lock keeps other writers out, but where the file system does not carry it, or somebody goes around it, two
        // would give out the same indexes: then this one stops.
        if stored.is_none() && next(db)? != self.size.load(Ordering::Acquire) {
            return Err(Error::Refused("another writer has appended to this log; stop it, and restart this one"));
        }
        Ok(stored)
    }

    fn committed(&mut self, jobs: &[NewEntry], done: &[Stored]) {
        let mut size = self.size.load(Ordering::Acquire);
        for (job, done) in jobs.iter().zip(done) {
            let Stored::At(index) = done else { continue };
            if *index < size {
                continue;
            }
            size = index + 1;
            note(&mut self.unfinished, &job.id, *index);
        }
        self.size.store(size, Ordering::Release);
    }
}

/// The index after the last entry.
fn next(db: &Connection) -> Result<u64, Error> {
    db.one("SELECT coalesce(max(idx) + 1, 0) FROM entries", &[], |row| row.get::<i64>(0)).map(|next| next as u64)
}

/// The number of entries, if their indexes have no gap at the end of the table.
pub(crate) async fn count(db: &Database) -> Result<u64, DbError> {
    db.read(next).await
}

/// The index of the first entry that is there; 0 for an empty log.
pub(crate) async fn first(db: &Database) -> Result<u64, DbError> {
    db.read(|db| db.one("SELECT coalesce(min(idx), 0) FROM entries", &[], |row| row.get::<i64>(0)))
        .await
        .map(|first| first as u64)
}

/// What in the database is not as this program makes it: rules that are missing, programs that were added, rows that nobody
/// reads. Each could let something pass that the rows themselves do not show.
pub(crate) async fn strange(db: &Database) -> Result<Vec<String>, DbError> {
    db.read(|db| {
        let mut found = Vec::new();
        let [unique, added] = if db.is_to_server() { STRANGE_POSTGRES } else { STRANGE_SQLITE };
        if db.one(unique, &[], |row| row.get::<i64>(0))? == 0 {
            found.push("the rule is gone by which an entry is there only once".to_owned());
        }
        db.each(added, &[], |row| {
            let (kind, name): (String, String) = (row.get(0)?, row.get(1)?);
            let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(64).collect();
            found.push(format!("somebody added the {kind} `{name}`"));
            Ok(())
        })?;
        for table in ["entries", "payloads"] {
            let below = format!("SELECT count(*) FROM {table} WHERE idx < 0");
            if db.one(&below, &[], |row| row.get::<i64>(0))? > 0 {
                found.push(format!("the table `{table}` has rows before the first index"));
            }
        }
        Ok(found)
    })
    .await
}

/// How many rules there are that keep an event id from coming twice; and what was added: its kind and name.
const STRANGE_SQLITE: [&str; 2] = [
    "SELECT count(*) FROM pragma_index_list('entries') i JOIN pragma_index_info(i.name) c
     WHERE i.\"unique\" AND c.name = 'event_id'",
    "SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view')",
];

/// The same for a server, over all of the installation's schema.
const STRANGE_POSTGRES: [&str; 2] = [
    "SELECT count(*) FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
     WHERE i.indrelid = 'log_entries'::regclass AND i.indisunique AND i.indisvalid AND a.attname = 'event_id'",
    "SELECT 'trigger', t.tgname::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace
     UNION ALL SELECT 'rule', r.rulename::text FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
     WHERE r.rulename <> '_RETURN' AND c.relnamespace = current_schema()::regnamespace
     UNION ALL SELECT 'view', c.relname::text FROM pg_class c WHERE c.relkind IN ('v', 'm')
     AND c.relnamespace = current_schema()::regnamespace AND c.relname NOT IN ('entries', 'state', 'payloads')",
];

/// Intents without outcome, by exchange.
pub(crate) async fn unfinished(db: &Database) -> Result<Unfinished, DbError> {
    db.read(|db| {
        let settled: i64 =
            db.one("SELECT coalesce(max(value), 0) FROM state WHERE key = 'settled'", &[], |row| row.get(0))?;
        let mut open = Unfinished::new();
        db.each("SELECT idx, event_id FROM entries WHERE idx >= ? ORDER BY idx", values![settled], |row| {
            if let Value::Blob(id) = row.value(1)? {
                note(&mut open, id, row.get::<i64>(0)? as u64);
            }
            Ok(())
        })?;
        Ok(open)
    })
    .await
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
    let (start, end) = (bound(range.start), bound(range.end));
    db.read(move |db| {
        let statement = "SELECT idx, event_id, bytes FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx LIMIT ?";
        db.query(statement, values![start, end, limit], read)
    })
    .await
}

/// At most `limit` rows below index `end`, from the last to the first.
pub(crate) async fn rows_back(db: &Database, end: u64, limit: u32) -> Result<Vec<Row>, DbError> {
    let end = i64::try_from(end).unwrap_or(i64::MAX);
    db.read(move |db| {
        let statement = "SELECT idx, event_id, bytes FROM entries WHERE idx < ? ORDER BY idx DESC LIMIT ?";
        db.query(statement, values![end, limit], read)
    })
    .await
}

/// The row of an event id.
pub(crate) async fn by_id(db: &Database, id: &EventId) -> Result<Option<Row>, DbError> {
    let id = *id;
    db.read(move |db| db.optional("SELECT idx, event_id, bytes FROM entries WHERE event_id = ?", values![&id], read))
        .await
}

fn read(row: &asepsis_db::Row<'_>) -> Result<Row, Error> {
    Ok(Row { index: row.get::<i64>(0)? as u64, id: row.get(1)?, bytes: row.get(2)? })
}
