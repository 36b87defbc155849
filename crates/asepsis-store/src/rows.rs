//! The tables of the registers.

use asepsis_db::{Database, DbError};
use sqlx::{Connection as _, Row as _, SqliteConnection};

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

pub(crate) async fn add_key(db: &mut SqliteConnection, key: &Kept) -> Result<(), sqlx::Error> {
    let record = &key.record;
    sqlx::query("INSERT INTO api_keys (id, hash, user, role, created, expires) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(&record.id)
        .bind(&key.hash[..])
        .bind(&record.user)
        .bind(&record.role)
        .bind(record.created)
        .bind(record.expires)
        .execute(db)
        .await
        .map(drop)
}

/// Whether there was such a key.
pub(crate) async fn revoke_key(db: &mut SqliteConnection, id: &str, now: i64) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("UPDATE api_keys SET revoked = coalesce(revoked, ?) WHERE id = ?")
        .bind(now)
        .bind(id)
        .execute(db)
        .await?;
    Ok(done.rows_affected() > 0)
}

pub(crate) async fn keys(db: &Database) -> Result<Vec<Kept>, DbError> {
    let rows = sqlx::query(
        "SELECT id, hash, user, role, created, expires, revoked, last_used FROM api_keys ORDER BY created, id",
    )
    .fetch_all(db.reader())
    .await
    .map_err(|e| db.error(&e))?;
    rows.iter().map(kept).collect::<Result<_, _>>().map_err(|e| db.error(&e))
}

fn kept(row: &sqlx::sqlite::SqliteRow) -> Result<Kept, sqlx::Error> {
    // A hash of another length fits no key: it is kept as one that nothing hashes to.
    let hash = row.try_get::<&[u8], _>(1)?.try_into().unwrap_or_default();
    let record = KeyRecord {
        id: row.try_get(0)?,
        user: row.try_get(2)?,
        role: row.try_get(3)?,
        created: row.try_get(4)?,
        expires: row.try_get(5)?,
        revoked: row.try_get(6)?,
        last_used: row.try_get(7)?,
    };
    Ok(Kept { record, hash })
}

/// Stores uses of keys and refused destinations.
pub(crate) async fn note(
    db: &mut SqliteConnection,
    used: &[(String, i64)],
    unlisted: &[Unlisted],
) -> Result<(), sqlx::Error> {
    let mut transaction = db.begin_with("BEGIN IMMEDIATE").await?;
    for (id, time) in used {
        sqlx::query("UPDATE api_keys SET last_used = max(coalesce(last_used, 0), ?) WHERE id = ?")
            .bind(time)
            .bind(id)
            .execute(&mut *transaction)
            .await?;
    }
    for seen in unlisted {
        sqlx::query(
            "INSERT INTO unlisted (destination, first_seen, last_seen, count) VALUES (?, ?, ?, ?) \
             ON CONFLICT (destination) DO UPDATE SET last_seen = max(last_seen, excluded.last_seen), \
             first_seen = min(first_seen, excluded.first_seen), count = count + excluded.count",
        )
        .bind(&seen.destination)
        .bind(seen.first_seen)
        .bind(seen.last_seen)
        .bind(i64::try_from(seen.count).unwrap_or(i64::MAX))
        .execute(&mut *transaction)
        .await?;
    }
    if !unlisted.is_empty() {
        sqlx::query(
            "DELETE FROM unlisted WHERE destination IN (SELECT destination FROM unlisted ORDER BY last_seen \
             LIMIT max(0, (SELECT count(*) FROM unlisted) - ?))",
        )
        .bind(MOST_UNLISTED)
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await
}

pub(crate) async fn unlisted(db: &Database) -> Result<Vec<Unlisted>, DbError> {
    let rows = sqlx::query(
        "SELECT destination, first_seen, last_seen, count FROM unlisted ORDER BY last_seen DESC, destination",
    )
    .fetch_all(db.reader())
    .await
    .map_err(|e| db.error(&e))?;
    let read = |row: &sqlx::sqlite::SqliteRow| {
        Ok(Unlisted {
            destination: row.try_get(0)?,
            first_seen: row.try_get(1)?,
            last_seen: row.try_get(2)?,
            count: row.try_get::<i64, _>(3)?.unsigned_abs(),
        })
    };
    rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(|e| db.error(&e))
}
