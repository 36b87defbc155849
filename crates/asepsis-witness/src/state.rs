//! What a witness remembers, durable before it answers.

use asepsis_db::rusqlite::{Connection, Error, OptionalExtension as _, TransactionBehavior};

/// The layouts of the database, oldest first. One row a log: the largest tree that was cosigned, and when.
pub(crate) const SCHEMA: &[&str] = &["
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
    db.prepare_cached("SELECT size, root, time, note FROM heads WHERE origin = ?")?
        .query_row((origin,), |row| {
            Ok(Head {
                size: row.get::<_, i64>(0)? as u64,
                root: row.get(1)?,
                time: row.get::<_, i64>(2)? as u64,
                note: row.get(3)?,
            })
        })
        .optional()
}

/// Decides on what is remembered and remembers what comes of it, as one step: `decide` gets the head and gives the next one or
/// a refusal. When this returns, the next head is on disk.
pub(crate) fn advance<R>(
    db: &mut Connection,
    origin: &str,
    decide: impl FnOnce(Option<&Head>) -> Result<Head, R>,
) -> Result<Result<Head, R>, Error> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let next = match decide(head(&transaction, origin)?.as_ref()) {
        Ok(next) => next,
        Err(refused) => return Ok(Err(refused)),
    };
    transaction
        .prepare_cached("INSERT OR REPLACE INTO heads (origin, size, root, time, note) VALUES (?, ?, ?, ?, ?)")?
        .execute((origin, next.size as i64, next.root, next.time as i64, &next.note))?;
    transaction.commit()?;
    Ok(Ok(next))
}
