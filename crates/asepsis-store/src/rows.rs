//! The tables of the registers.

use asepsis_db::rusqlite::{Connection, Error, Row, TransactionBehavior};
use asepsis_db::{Database, DbError};

use crate::keys::Kept;
use crate::{KeyRecord, Unlisted};

/// The layouts of the database, oldest first.
pub(crate) const SCHEMA: &[&str] = &["
    CREATE TABLE api_keys (
        id TEXT PRIMARY KEY, hash BLOB NOT NULL, user TEXT NOT NULL, role TEXT NOT NULL, created INTEGER NOT NULL,
        expires INTEGER, revoked INTEGER, last_used INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE unlisted (
        destination TEXT PRIMARY KEY, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, count INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX unlisted_by_last_seen ON unlisted (last_seen);
"];

/// Destinations that are kept; beyond, those not seen for longest go.
pub(crate) const MOST_UNLISTED: i64 = 10_000;

pub(crate) fn add_key(db: &Connection, key: &Kept) -> Result<(), Error> {
    let record = &key.record;
    db.execute(
        "INSERT INTO api_keys (id, hash, user, role, created, expires) VALUES (?, ?, ?, ?, ?, ?)",
        (&record.id, &key.hash, &record.user, &record.role, record.created, record.expires),
    )
    .map(drop)
}

/// Whether there was such a key.
pub(crate) fn revoke_key(db: &Connection, id: &str, now: i64) -> Result<bool, Error> {
    Ok(db.execute("UPDATE api_keys SET revoked = coalesce(revoked, ?) WHERE id = ?", (now, id))? > 0)
}

pub(crate) async fn keys(db: &Database) -> Result<Vec<Kept>, DbError> {
    db.read(|db| {
        db.prepare_cached(
            "SELECT id, hash, user, role, created, expires, revoked, last_used FROM api_keys ORDER BY created, id",
        )?
        .query_map((), kept)?
        .collect()
    })
    .await
}

fn kept(row: &Row<'_>) -> Result<Kept, Error> {
    // A hash of another length fits no key: it is kept as one that nothing hashes to.
    let hash = row.get_ref(1)?.as_blob()?.try_into().unwrap_or_default();
    let record = KeyRecord {
        id: row.get(0)?,
        user: row.get(2)?,
        role: row.get(3)?,
        created: row.get(4)?,
        expires: row.get(5)?,
        revoked: row.get(6)?,
        last_used: row.get(7)?,
    };
    Ok(Kept { record, hash })
}

/// Stores uses of keys and refused destinations.
pub(crate) fn note(db: &mut Connection, used: &[(String, i64)], unlisted: &[Unlisted]) -> Result<(), Error> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (id, time) in used {
        transaction
            .execute("UPDATE api_keys SET last_used = max(coalesce(last_used, 0), ?) WHERE id = ?", (time, id))?;
    }
    for seen in unlisted {
        let count = i64::try_from(seen.count).unwrap_or(i64::MAX);
        transaction.execute(
            "INSERT INTO unlisted (destination, first_seen, last_seen, count) VALUES (?, ?, ?, ?) \
             ON CONFLICT (destination) DO UPDATE SET last_seen = max(last_seen, excluded.last_seen), \
             first_seen = min(first_seen, excluded.first_seen), count = count + excluded.count",
            (&seen.destination, seen.first_seen, seen.last_seen, count),
        )?;
    }
    if !unlisted.is_empty() {
        transaction.execute(
            "DELETE FROM unlisted WHERE destination IN (SELECT destination FROM unlisted ORDER BY last_seen \
             LIMIT max(0, (SELECT count(*) FROM unlisted) - ?))",
            (MOST_UNLISTED,),
        )?;
    }
    transaction.commit()
}

pub(crate) async fn unlisted(db: &Database) -> Result<Vec<Unlisted>, DbError> {
    let read = |row: &Row<'_>| {
        Ok(Unlisted {
            destination: row.get(0)?,
            first_seen: row.get(1)?,
            last_seen: row.get(2)?,
            count: row.get::<_, i64>(3)?.unsigned_abs(),
        })
    };
    db.read(move |db| {
        db.prepare_cached(
            "SELECT destination, first_seen, last_seen, count FROM unlisted ORDER BY last_seen DESC, destination",
        )?
        .query_map((), read)?
        .collect()
    })
    .await
}
