//! Letting go of what may not be kept any more, so that what stays still verifies.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use asepsis_db::{Database, values};
use asepsis_vocab::{Act, ActKind, Actor, AuditEvent, ExchangeId, Phase, PurposeOfUse};
use serde::Deserialize;
use time::Date;

use crate::layout::{self, TILE};
use crate::retention::Retention;
use crate::{Log, LogError, entries};

/// Rows that are deleted in one transaction: the writer of entries waits for no longer than that.
const ROWS: usize = 256;

/// The name of the figure in an act of pruning that says which entry is the first to stay (C2SP tlog-tiles, "minimum index").
const MINIMUM: &str = "minimum_index";

/// The index below which this act let entries go.
pub(crate) fn pruned_below(act: &Act) -> Option<u64> {
    act.figures.get(MINIMUM).copied().filter(|_| act.kind == ActKind::Prune)
}

/// An event for something that is done with the records themselves: its own id, and this moment.
pub fn act_event(act: Act, interface: &str, actor: Option<Actor>) -> AuditEvent {
    let now = time::OffsetDateTime::now_utc();
    let (hour, minute, second, milli) = now.time().as_hms_milli();
    let time = format!("{}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z", now.date());
    AuditEvent {
        actor,
        purpose: PurposeOfUse::Hoperat,
        act: Some(act),
        ..AuditEvent::new(ExchangeId::now(), Phase::Act, time, interface)
    }
}

/// What was let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// The number of entries.
    pub entries: u64,
    /// The index of the first entry that stays.
    pub minimum: u64,
    /// The entry that records it; absent where there was nothing to let go.
    pub by: Option<u64>,
}

/// When an entry was made.
#[derive(Deserialize)]
struct Dated {
    time: String,
}

impl Log {
    /// Lets go of the entries from before a day whose retention is over, in whole segments of 256, so that what stays still
    /// verifies: the tiles keep the hashes of all entries, and with them every proof (C2SP tlog-tiles, "Pruning").
    ///
    /// It is recorded as an act, which is durable and signed before the first entry goes. An entry stands after those that were
    /// made before it, so the first one that is younger ends what is let go, as does an exchange that has no end yet.
    /// `minimum` says what would go, without doing it, where `only_look` is set.
    ///
    /// # Errors
    /// [`LogError::Retention`] if the policy keeps entries of that day; [`LogError::Db`], [`LogError::Publish`].
    pub async fn prune(
        &self,
        policy: &Retention,
        before: Date,
        actor: Option<Actor>,
        only_look: bool,
    ) -> Result<Pruned, LogError> {
        let kept_from = policy.kept_from(time::OffsetDateTime::now_utc().date());
        if before > kept_from {
            return Err(LogError::Retention { before, kept_from });
        }
        let (db, dir) = (self.database(), self.dir());
        let first = entries::first(db).await?;
        let open = entries::unfinished(db).await?.into_values().min().unwrap_or(u64::MAX);
        let minimum = older_than(db, first, &before.to_string()).await?.min(open) / TILE * TILE;
        let entries = minimum.saturating_sub(first);
        if !only_look {
            // Of a time that was cut off between the entries and their bundles.
            remove_bundles(dir, first)?;
        }
        if entries == 0 || only_look {
            return Ok(Pruned { entries, minimum: minimum.max(first), by: None });
        }
        let figures = BTreeMap::from([(MINIMUM.to_owned(), minimum), ("entries".to_owned(), entries)]);
        let target = Some(format!("entries before {before}"));
        let act = Act { kind: ActKind::Prune, target, basis: Some(policy.to_string()), figures };
        let by = self.append(&act_event(act, "audit.prune", actor)).await?;
        self.checkpoint().await?;
        delete_below(db, minimum).await?;
        remove_bundles(dir, minimum)?;
        Ok(Pruned { entries, minimum, by: Some(by) })
    }
}

/// The index of the first entry from `first` on that is not older than this time.
async fn older_than(db: &Database, first: u64, time: &str) -> Result<u64, LogError> {
    let mut next = first;
    loop {
        let rows = entries::rows(db, next..u64::MAX, 1024).await?;
        if rows.is_empty() {
            return Ok(next);
        }
        for row in rows {
            let dated = serde_json::from_slice::<Dated>(&row.bytes);
            if dated.is_ok_and(|dated| dated.time.as_str() < time) {
                next = row.index + 1;
            } else {
                return Ok(row.index);
            }
        }
    }
}

/// Deletes entries and payloads from the first on, so that what is left after a crash begins later and has no gap.
async fn delete_below(db: &Database, minimum: u64) -> Result<(), LogError> {
    let session = db.session().await?;
    loop {
        let first = entries::first(db).await?;
        if first >= minimum {
            return Ok(());
        }
        let end = minimum.min(first + ROWS as u64) as i64;
        session
            .run(move |db| {
                db.transaction(|db| {
                    db.execute("DELETE FROM payloads WHERE idx < ?", values![end])?;
                    db.execute("DELETE FROM entries WHERE idx < ?", values![end]).map(drop)
                })
            })
            .await?;
    }
}

/// Removes the bundles of entries that are gone, also of those that an earlier time was stopped at.
fn remove_bundles(dir: &Path, minimum: u64) -> Result<(), LogError> {
    for number in 0..minimum / TILE {
        let path = layout::under(dir, &layout::bundle(number, TILE));
        match fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(LogError::Publish { path, source });
            }
            _ => {}
        }
    }
    Ok(())
}

/// The act of an entry, if it is there and is one.
async fn act(db: &Database, index: u64) -> Result<Option<Act>, LogError> {
    let row = entries::rows(db, index..index.saturating_add(1), 1).await?.pop();
    Ok(row.and_then(|row| entries::parse(&row.bytes)?.act))
}

pub(crate) async fn delete_shredded(db: &Database, shredded: u64) -> Result<u64, LogError> {
    let act = act(db, shredded).await?.filter(|act| act.kind == ActKind::Shred);
    let key = act.and_then(|act| act.target).ok_or(LogError::NotShredded { index: shredded })?;
    let session = db.session().await?;
    let mut deleted = 0;
    loop {
        let key = key.clone();
        let statement =
            "DELETE FROM payloads WHERE idx IN (SELECT idx FROM payloads WHERE key = ? AND idx < ? LIMIT ?)";
        let before = i64::try_from(shredded).unwrap_or(i64::MAX);
        let rows = session.run(move |db| db.execute(statement, values![&key, before, ROWS as i64])).await?;
        deleted += rows as u64;
        if rows == 0 {
            return Ok(deleted);
        }
    }
}
