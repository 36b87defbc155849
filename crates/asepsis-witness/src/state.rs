//! What a witness remembers, durable before it answers.

use asepsis_db::{Connection, Error, Schema, values};

/// The layouts of the database, oldest first. One row a log: the largest tree that was cosigned, and when.
pub(crate) const SCHEMA: Schema = Schema { name: "witness", sqlite: SQLITE, postgres: &[] };

const SQLITE: &[&str] = &["
    CREATE TABLE heads (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, time INTEGER NOT NULL,
        note TEXT NOT NULL) STRICT;
"];

/// The largest tree of a log that was cosigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) size: u64,
    pub(crate) root: [u8; 32],
    /// When, in seconds since 1970.
    pub(crate) time: u64,
    /// The checkpoint with the cosignatures.
    pub(crate) note: String,
}

/// What is remembered of a log.
pub(crate) fn head(db: &Connection, origin: &str) -> Result<Option<Head>, Error> {
    db.optional("SELECT size, root, time, note FROM heads WHERE origin = ?", values![origin], |row| {
        Ok(Head {
            size: row.get::<i64>(0)? as u64,
            root: row.get(1)?,
            time: row.get::<i64>(2)? as u64,
            note: row.get(3)?,
        })
    })
}

/// Decides on what is remembered and remembers what comes of it, as one step: `decide` gets the head and gives the next one or
/// a refusal. When this returns, the next head is on disk.
pub(crate) fn advance<R>(
    db: &Connection,
    origin: &str,
    decide: impl FnOnce(Option<&Head>) -> Result<Head, R>,
) -> Result<Result<Head, R>, Error> {
    db.transaction(|db| {
        let next = match decide(head(db, origin)?.as_ref()) {
            Ok(next) => next,
            Err(refused) => return Ok(Err(refused)),
        };
        db.execute(
            "INSERT OR REPLACE INTO heads (origin, size, root, time, note) VALUES (?, ?, ?, ?, ?)",
            values![origin, next.size as i64, &next.root, next.time as i64, &next.note],
        )?;
        Ok(Ok(next))
    })
}
