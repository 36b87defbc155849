//! The tables of the registers.

use asepsis_db::{Connection, Database, DbError, Error, Row, Schema, Value, values};

use crate::keys::Kept;
use crate::{KeyRecord, Unlisted};

/// The layouts of the database, oldest first.
pub(crate) const SCHEMA: Schema = Schema { name: "store", sqlite: SQLITE, postgres: POSTGRES, tables: TABLES };

const TABLES: &[&str] = &["api_keys", "unlisted", "record_changes", "records", "held"];

const SQLITE: &[&str] = &[
    "
    CREATE TABLE api_keys (
        id TEXT PRIMARY KEY, hash BLOB NOT NULL, user TEXT NOT NULL, role TEXT NOT NULL, created INTEGER NOT NULL,
        expires INTEGER, revoked INTEGER, last_used INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE unlisted (
        destination TEXT PRIMARY KEY, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, count INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX unlisted_by_last_seen ON unlisted (last_seen);
",
    "
    CREATE TABLE record_changes (
        seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL,
        changed INTEGER NOT NULL, changed_by TEXT NOT NULL, basis TEXT, removed INTEGER NOT NULL,
        UNIQUE (kind, id, version)
    ) STRICT;
    CREATE TABLE records (
        kind TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL REFERENCES record_changes (seq),
        removed INTEGER NOT NULL, PRIMARY KEY (kind, id)
    ) STRICT, WITHOUT ROWID;
",
    "
    ALTER TABLE api_keys ADD COLUMN replaced_by TEXT;
",
    "
    CREATE TABLE held (
        id TEXT PRIMARY KEY, user TEXT NOT NULL, state TEXT NOT NULL, made INTEGER NOT NULL, lapses INTEGER NOT NULL,
        ended INTEGER, body TEXT NOT NULL, decision TEXT, sealed BLOB
    ) STRICT;
    CREATE INDEX held_by_state ON held (state, lapses);
",
];

/// The same for a server.
const POSTGRES: &[&str] = &[
    "
    CREATE TABLE api_keys (
        id TEXT COLLATE \"C\" PRIMARY KEY, hash BYTEA NOT NULL, \"user\" TEXT NOT NULL, role TEXT NOT NULL,
        created BIGINT NOT NULL, expires BIGINT, revoked BIGINT, last_used BIGINT
    );
    CREATE TABLE unlisted (
        destination TEXT COLLATE \"C\" PRIMARY KEY, first_seen BIGINT NOT NULL, last_seen BIGINT NOT NULL,
        count BIGINT NOT NULL
    );
    CREATE INDEX unlisted_by_last_seen ON unlisted (last_seen);
",
    "
    CREATE TABLE record_changes (
        seq BIGINT PRIMARY KEY, kind TEXT COLLATE \"C\" NOT NULL, id TEXT COLLATE \"C\" NOT NULL,
        version BIGINT NOT NULL, body TEXT NOT NULL, changed BIGINT NOT NULL, changed_by TEXT NOT NULL, basis TEXT,
        removed BIGINT NOT NULL, UNIQUE (kind, id, version)
    );
    CREATE TABLE records (
        kind TEXT COLLATE \"C\" NOT NULL, id TEXT COLLATE \"C\" NOT NULL,
        seq BIGINT NOT NULL REFERENCES record_changes (seq), removed BIGINT NOT NULL, PRIMARY KEY (kind, id)
    );
",
    "
    ALTER TABLE api_keys ADD COLUMN replaced_by TEXT COLLATE \"C\";
",
    "
    CREATE TABLE held (
        id TEXT COLLATE \"C\" PRIMARY KEY, \"user\" TEXT NOT NULL, state TEXT COLLATE \"C\" NOT NULL, made BIGINT NOT NULL,
        lapses BIGINT NOT NULL, ended BIGINT, body TEXT NOT NULL, decision TEXT, sealed BYTEA
    );
    CREATE INDEX held_by_state ON held (state, lapses);
",
];

/// Destinations that are kept; beyond, those not seen for longest go.
pub(crate) const MOST_UNLISTED: i64 = 10_000;

pub(crate) fn add_key(db: &Connection, key: &Kept) -> Result<(), Error> {
    let record = &key.record;
    db.execute(
        "INSERT INTO api_keys (id, hash, \"user\", role, created, expires) VALUES (?, ?, ?, ?, ?, ?)",
        values![&record.id, &key.hash, &record.user, &record.role, record.created, record.expires],
    )
    .map(drop)
}

/// Whether there was such a key.
pub(crate) fn revoke_key(db: &Connection, id: &str, now: i64) -> Result<bool, Error> {
    Ok(db.execute("UPDATE api_keys SET revoked = coalesce(revoked, ?) WHERE id = ?", values![now, id])? > 0)
}

/// The key `old` gives way to `new` at `until`, unless it ends before; whether it was one that still counted.
pub(crate) fn replace_key(db: &Connection, old: &str, new: &Kept, until: i64, now: i64) -> Result<bool, Error> {
    db.transaction(|db| {
        let changed = db.execute(
            "UPDATE api_keys SET replaced_by = ?1, expires = CASE WHEN expires < ?2 THEN expires ELSE ?2 END \
             WHERE id = ?3 AND revoked IS NULL AND replaced_by IS NULL AND (expires IS NULL OR expires > ?4)",
            values![&new.record.id, until, old, now],
        )?;
        if changed > 0 {
            add_key(db, new)?;
        }
        Ok(changed > 0)
    })
}

pub(crate) async fn keys(db: &Database) -> Result<Vec<Kept>, DbError> {
    db.read(|db| {
        db.query(
            "SELECT id, hash, \"user\", role, created, expires, revoked, last_used, replaced_by \
             FROM api_keys ORDER BY created, id",
            &[],
            kept,
        )
    })
    .await
}

fn kept(row: &Row<'_>) -> Result<Kept, Error> {
    // A hash of another length fits no key: it is kept as one that nothing hashes to.
    let hash = row.get::<Vec<u8>>(1)?.try_into().unwrap_or_default();
    let record = KeyRecord {
        id: row.get(0)?,
        user: row.get(2)?,
        role: row.get(3)?,
        created: row.get(4)?,
        expires: row.get(5)?,
        revoked: row.get(6)?,
        last_used: row.get(7)?,
        replaced_by: row.get(8)?,
    };
    Ok(Kept { record, hash })
}

/// Stores uses of keys and refused destinations.
pub(crate) fn note(db: &Connection, used: &[(String, i64)], unlisted: &[Unlisted]) -> Result<(), Error> {
    db.transaction(|db| {
        db.execute_each(
            "UPDATE api_keys SET last_used = ?1 WHERE id = ?2 AND coalesce(last_used, 0) < ?1",
            used.iter().map(|(id, time)| [Value::Int(*time), Value::Text(id)]),
        )?;
        db.execute_each(
            "INSERT INTO unlisted (destination, first_seen, last_seen, count) VALUES (?, ?, ?, ?) \
             ON CONFLICT (destination) DO UPDATE SET count = unlisted.count + excluded.count, \
             last_seen = CASE WHEN excluded.last_seen > unlisted.last_seen THEN excluded.last_seen \
             ELSE unlisted.last_seen END, \
             first_seen = CASE WHEN excluded.first_seen < unlisted.first_seen THEN excluded.first_seen \
             ELSE unlisted.first_seen END",
            unlisted.iter().map(|seen| {
                let count = i64::try_from(seen.count).unwrap_or(i64::MAX);
                [Value::Text(&seen.destination), seen.first_seen.into(), seen.last_seen.into(), count.into()]
            }),
        )?;
        if !unlisted.is_empty() {
            // More than are kept: the oldest of them go.
            db.execute(
                "DELETE FROM unlisted WHERE destination IN (SELECT destination FROM unlisted \
                 ORDER BY last_seen DESC, destination LIMIT ? OFFSET ?)",
                values![i64::MAX, MOST_UNLISTED],
            )?;
        }
        Ok(())
    })
}

pub(crate) async fn unlisted(db: &Database) -> Result<Vec<Unlisted>, DbError> {
    let read = |row: &Row<'_>| {
        Ok(Unlisted {
            destination: row.get(0)?,
            first_seen: row.get(1)?,
            last_seen: row.get(2)?,
            count: row.get::<i64>(3)?.unsigned_abs(),
        })
    };
    db.read(move |db| {
        let statement =
            "SELECT destination, first_seen, last_seen, count FROM unlisted ORDER BY last_seen DESC, destination";
        db.query(statement, &[], read)
    })
    .await
}
