//! The table of answers that are held.

use asepsis_db::{Connection, Database, DbError, Error, Row, values};

use crate::StoreError;
use crate::held::{Held, HeldState};

/// Those that lapse in one turn.
const TOGETHER: u32 = 100;

const FACTS: &str = "id, \"user\", state, made, lapses, ended, body, decision";

pub(crate) fn insert(
    db: &Connection,
    held: &Held,
    most_of_user: u32,
    most: u32,
) -> Result<Result<(), StoreError>, Error> {
    db.transaction(|db| {
        let open = "state IN ('new', 'waiting', 'approved')";
        let all: u32 = db.one(&format!("SELECT count(*) FROM held WHERE {open}"), &[], |row| row.get(0))?;
        if all >= most {
            return Ok(Err(StoreError::TooManyHeld { most, of_user: false }));
        }
        let count = format!("SELECT count(*) FROM held WHERE {open} AND \"user\" = ?");
        let own: u32 = db.one(&count, values![&held.user], |row| row.get(0))?;
        if own >= most_of_user {
            return Ok(Err(StoreError::TooManyHeld { most: most_of_user, of_user: true }));
        }
        db.execute(
            "INSERT INTO held (id, \"user\", state, made, lapses, body, sealed) VALUES (?, ?, ?, ?, ?, ?, ?)",
            values![
                &held.id,
                &held.user,
                HeldState::New.name(),
                held.made,
                held.lapses,
                &held.body,
                held.sealed.as_ref()
            ],
        )?;
        Ok(Ok(()))
    })
}

pub(crate) async fn one(db: &Database, id: String) -> Result<Option<Held>, DbError> {
    let statement = format!("SELECT {FACTS}, sealed FROM held WHERE id = ?");
    let whole = |row: &Row<'_>| Ok(Held { sealed: row.get(8)?, ..facts(row)? });
    db.read(move |db| db.optional(&statement, values![&id], whole)).await
}

pub(crate) async fn list(db: &Database, most: u32) -> Result<Vec<Held>, DbError> {
    let statement = format!("SELECT {FACTS} FROM held WHERE state <> 'new' ORDER BY made DESC, id LIMIT ?");
    db.read(move |db| db.query(&statement, values![most], facts)).await
}

pub(crate) async fn waiting(db: &Database, now: i64) -> Result<u64, DbError> {
    let statement = "SELECT count(*) FROM held WHERE state = 'waiting' AND lapses > ?";
    db.read(move |db| db.one(statement, values![now], |row| Ok(row.get::<i64>(0)?.unsigned_abs()))).await
}

pub(crate) fn advance(
    db: &Connection,
    id: &str,
    (from, to): (HeldState, HeldState),
    decision: Option<&String>,
    now: i64,
) -> Result<bool, Error> {
    // What ends has nothing sealed any more.
    let ends = if to.is_final() { ", ended = ?4, sealed = NULL" } else { "" };
    let statement = format!(
        "UPDATE held SET state = ?1, decision = coalesce(?2, decision){ends} WHERE id = ?3 AND state = ?5 AND lapses > ?4"
    );
    let moved = db.execute(&statement, values![to.name(), decision, id, now, from.name()])?;
    Ok(moved > 0)
}

pub(crate) fn lapse(db: &Connection, now: i64, forget: i64) -> Result<Vec<Held>, Error> {
    db.transaction(|db| {
        let statement = format!(
            "SELECT {FACTS} FROM held WHERE state IN ('new', 'waiting', 'approved') AND lapses <= ? ORDER BY lapses LIMIT ?"
        );
        let mut lapsed = db.query(&statement, values![now, TOGETHER], facts)?;
        for held in &lapsed {
            db.execute(
                "UPDATE held SET state = 'lapsed', ended = ?, sealed = NULL WHERE id = ?",
                values![now, &held.id],
            )?;
        }
        db.execute("DELETE FROM held WHERE ended < ?", values![forget])?;
        // Nobody ever heard of those that were not in the log.
        lapsed.retain(|held| held.state != HeldState::New);
        Ok(lapsed)
    })
}

fn facts(row: &Row<'_>) -> Result<Held, Error> {
    Ok(Held {
        id: row.get(0)?,
        user: row.get(1)?,
        state: HeldState::of(&row.get::<String>(2)?).ok_or(Error::Missing)?,
        made: row.get(3)?,
        lapses: row.get(4)?,
        ended: row.get(5)?,
        body: row.get(6)?,
        decision: row.get(7)?,
        sealed: None,
    })
}
