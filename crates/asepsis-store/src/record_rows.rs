//! The tables of records: every change that there ever was, and for each record its newest.

use std::collections::HashMap;

use asepsis_db::{Connection, Database, DbError, Error, Row, Value, values};

use crate::StoreError;
use crate::record::{Change, MOST_RECORDS, Record};

/// Changes that are written together.
const TOGETHER: usize = 256;

/// Bytes of bodies that are in memory at most, of one page or of what is written together, and one body more.
const BYTES: usize = 8 << 20;

const COLUMNS: &str = "c.seq, c.kind, c.id, c.version, c.body, c.changed, c.changed_by, c.basis, c.removed";

const LAST: &str = "SELECT coalesce(max(seq), 0) FROM record_changes";

/// Who changes records, when and why.
pub(crate) struct Signed {
    pub(crate) by: String,
    pub(crate) basis: Option<String>,
    pub(crate) now: i64,
}

/// What a change comes to.
struct Next {
    seq: i64,
    version: u32,
    change: Change,
}

/// Writes all changes in the transaction that is open; what they came to, without bodies that were not asked for.
pub(crate) fn write(
    db: &Connection,
    changes: impl Iterator<Item = Result<Change, String>>,
    signed: &Signed,
    mut written: impl FnMut(Record),
) -> Result<Result<(), StoreError>, Error> {
    let last = db.one(LAST, &[], |row| row.get::<i64>(0))?;
    let mut counts = HashMap::new();
    let (mut waiting, mut bytes) = (Vec::<Next>::new(), 0);
    for (seq, change) in (last + 1..).zip(changes) {
        let change = match change.map_err(StoreError::Interrupted).and_then(|change| change.check().map(|()| change)) {
            Ok(change) => change,
            Err(refused) => return Ok(Err(refused)),
        };
        // A record that is changed twice has its first change before its eyes.
        let full = waiting.len() >= TOGETHER || bytes >= BYTES;
        if full || waiting.iter().any(|next| next.change.id == change.id && next.change.kind == change.kind) {
            store(db, std::mem::take(&mut waiting), signed, &mut written)?;
            bytes = 0;
        }
        let found = match current(db, &change)? {
            Ok(version) => version,
            Err(refused) => return Ok(Err(refused)),
        };
        if let Err(refused) = counted(db, &mut counts, &change, found.is_some_and(|(_, removed)| !removed))? {
            return Ok(Err(refused));
        }
        bytes += change.body.as_ref().map_or(0, String::len);
        waiting.push(Next { seq, version: found.map_or(0, |(version, _)| version) + 1, change });
    }
    store(db, waiting, signed, &mut written)?;
    Ok(Ok(()))
}

/// The newest version and whether that was a removal, if the change may follow it.
fn current(db: &Connection, change: &Change) -> Result<Result<Option<(u32, bool)>, StoreError>, Error> {
    let found = db.optional(
        "SELECT c.version, c.removed FROM records r JOIN record_changes c ON c.seq = r.seq WHERE r.kind = ? AND r.id = ?",
        values![&change.kind, &change.id],
        |row| Ok((row.get::<u32>(0)?, row.get::<bool>(1)?)),
    )?;
    let (kind, id) = (change.kind.clone(), change.id.clone());
    let version = found.filter(|(_, removed)| !removed).map_or(0, |(version, _)| version);
    Ok(match change.expected {
        Some(expected) if expected != version => Err(StoreError::Conflict { kind, id, expected, found: version }),
        _ if version == 0 && change.body.is_none() => Err(StoreError::UnknownRecord { kind, id }),
        _ => Ok(found),
    })
}

/// Keeps count of the records of each kind.
fn counted(
    db: &Connection,
    counts: &mut HashMap<String, u32>,
    change: &Change,
    there: bool,
) -> Result<Result<(), StoreError>, Error> {
    if there == change.body.is_some() {
        return Ok(Ok(()));
    }
    if !counts.contains_key(&change.kind) {
        let statement = "SELECT count(*) FROM records WHERE kind = ? AND removed = 0";
        let count = db.one(statement, values![&change.kind], |row| row.get(0))?;
        counts.insert(change.kind.clone(), count);
    }
    let count = counts.entry(change.kind.clone()).or_default();
    if change.body.is_none() {
        *count = count.saturating_sub(1);
    } else if *count >= MOST_RECORDS {
        return Ok(Err(StoreError::TooMany { kind: change.kind.clone(), most: MOST_RECORDS }));
    } else {
        *count += 1;
    }
    Ok(Ok(()))
}

fn store(db: &Connection, waiting: Vec<Next>, signed: &Signed, written: &mut impl FnMut(Record)) -> Result<(), Error> {
    db.execute_each(
        "INSERT INTO record_changes (seq, kind, id, version, body, changed, changed_by, basis, removed) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        waiting.iter().map(|next| {
            let Change { kind, id, body, .. } = &next.change;
            [
                next.seq.into(),
                kind.into(),
                id.into(),
                next.version.into(),
                Value::Text(body.as_deref().unwrap_or("null")),
                signed.now.into(),
                (&signed.by).into(),
                signed.basis.as_ref().into(),
                body.is_none().into(),
            ]
        }),
    )?;
    db.execute_each(
        "INSERT INTO records (kind, id, seq, removed) VALUES (?, ?, ?, ?) \
         ON CONFLICT (kind, id) DO UPDATE SET seq = excluded.seq, removed = excluded.removed",
        waiting.iter().map(|next| {
            let Change { kind, id, body, .. } = &next.change;
            [kind.into(), id.into(), next.seq.into(), body.is_none().into()]
        }),
    )?;
    for Next { seq, version, change } in waiting {
        written(Record {
            seq,
            kind: change.kind,
            id: change.id,
            version,
            removed: change.body.is_none(),
            body: change.body.unwrap_or_else(|| "null".to_owned()),
            changed: signed.now,
            by: signed.by.clone(),
            basis: signed.basis.clone(),
        });
    }
    Ok(())
}

/// The number of the last change; 0 where there is none.
pub(crate) async fn last(db: &Database) -> Result<i64, DbError> {
    db.read(|db| db.one(LAST, &[], |row| row.get(0))).await
}

/// The record as it is now, if it is there.
pub(crate) async fn one(db: &Database, kind: String, id: String) -> Result<Option<Record>, DbError> {
    let statement = format!(
        "SELECT {COLUMNS} FROM records r JOIN record_changes c ON c.seq = r.seq \
         WHERE r.kind = ? AND r.id = ? AND r.removed = 0"
    );
    db.read(move |db| db.optional(&statement, values![&kind, &id], record)).await
}

/// The newest version, also where it is a removal.
pub(crate) async fn last_version(db: &Database, kind: String, id: String) -> Result<u32, DbError> {
    let statement = "SELECT coalesce(max(version), 0) FROM record_changes WHERE kind = ? AND id = ?";
    db.read(move |db| db.one(statement, values![&kind, &id], |row| row.get(0))).await
}

/// Records of a kind behind an id, in the order of their ids.
pub(crate) async fn page(db: &Database, kind: String, after: String, most: u32) -> Result<Vec<Record>, DbError> {
    let statement = format!(
        "SELECT {COLUMNS} FROM records r JOIN record_changes c ON c.seq = r.seq \
         WHERE r.kind = ? AND r.id > ? AND r.removed = 0 ORDER BY r.id LIMIT ?"
    );
    db.read(move |db| bounded(db, &statement, values![&kind, &after, most])).await
}

/// The versions of a record behind one.
pub(crate) async fn history(
    db: &Database,
    kind: String,
    id: String,
    after: u32,
    most: u32,
) -> Result<Vec<Record>, DbError> {
    let statement = format!(
        "SELECT {COLUMNS} FROM record_changes c WHERE c.kind = ? AND c.id = ? AND c.version > ? ORDER BY c.version LIMIT ?"
    );
    db.read(move |db| bounded(db, &statement, values![&kind, &id, after, most])).await
}

/// Changes behind one.
pub(crate) async fn since(db: &Database, seq: i64, most: u32) -> Result<Vec<Record>, DbError> {
    let statement = format!("SELECT {COLUMNS} FROM record_changes c WHERE c.seq > ? ORDER BY c.seq LIMIT ?");
    db.read(move |db| bounded(db, &statement, values![seq, most])).await
}

/// All records of these kinds as they are in one moment, one after the other, and the number of the last change then.
pub(crate) async fn each<F>(db: &Database, kinds: Vec<String>, mut take: F) -> Result<i64, DbError>
where
    F: FnMut(Record) + Send + 'static,
{
    let places = vec!["?"; kinds.len()].join(", ");
    // One statement sees one moment. In the order of the key there is nothing to sort, in memory or in a temporary file.
    let statement = format!(
        "SELECT {COLUMNS}, (SELECT max(seq) FROM record_changes) FROM records r \
         JOIN record_changes c ON c.seq = r.seq \
         WHERE r.kind IN ({places}) AND r.removed = 0 ORDER BY r.kind, r.id"
    );
    db.read(move |db| {
        let kinds: Vec<Value<'_>> = kinds.iter().map(Value::from).collect();
        // Where there are no records, what was changed since this moment is looked at once more.
        let mut last = db.one(LAST, &[], |row| row.get(0))?;
        db.each(&statement, &kinds, |row| {
            last = row.get(9)?;
            take(record(row)?);
            Ok(())
        })?;
        Ok(last)
    })
    .await
}

/// Rows up to what may be in memory.
fn bounded(db: &Connection, statement: &str, values: &[Value<'_>]) -> Result<Vec<Record>, Error> {
    let (mut found, mut bytes) = (Vec::new(), 0);
    let read = db.each(statement, values, |row| {
        if bytes >= BYTES {
            return Err(Error::Missing);
        }
        let record = record(row)?;
        bytes += record.body.len();
        found.push(record);
        Ok(())
    });
    match read {
        Err(Error::Missing) if bytes >= BYTES => Ok(found),
        read => read.map(|()| found),
    }
}

fn record(row: &Row<'_>) -> Result<Record, Error> {
    Ok(Record {
        seq: row.get(0)?,
        kind: row.get(1)?,
        id: row.get(2)?,
        version: row.get(3)?,
        body: row.get(4)?,
        changed: row.get(5)?,
        by: row.get(6)?,
        basis: row.get(7)?,
        removed: row.get(8)?,
    })
}
