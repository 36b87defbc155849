//! Finding entries: by exchange, user, system, form, status, phase and time.

use asepsis_db::Database;
use asepsis_vocab::{AuditEvent, DisclosureForm, ExchangeId, Phase, SubjectId};

use crate::{Entry, LogError, LogPlace, entries};

/// Rows that are looked at together.
const ROWS: u32 = 1024;

/// What is looked for; all that is set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// The exchange.
    pub exchange: Option<ExchangeId>,
    /// The user's id.
    pub user: Option<String>,
    /// Whose data it is about.
    pub subject: Option<SubjectId>,
    /// The AI system's id.
    pub system: Option<String>,
    /// The form that was permitted.
    pub form: Option<DisclosureForm>,
    /// How it ended, as [`Outcome::status`](asepsis_vocab::Outcome::status).
    pub status: Option<String>,
    /// The moment.
    pub phase: Option<Phase>,
    /// This time or later: RFC 3339 in UTC or a beginning of it, as `2026-11-22` or `2026-11-22T08:30`.
    pub from: Option<String>,
    /// Before this time, written alike.
    pub until: Option<String>,
    /// At most so many, the newest; all where absent. They are returned oldest first.
    pub last: Option<usize>,
}

/// An entry that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Its index in the log.
    pub index: u64,
    /// What it records.
    pub event: AuditEvent,
}

impl Query {
    /// Whether the event is one of those looked for. The limit is not a matter of one event.
    pub fn matches(&self, event: &AuditEvent) -> bool {
        fn is<T: PartialEq + ?Sized>(wanted: Option<&T>, found: Option<&T>) -> bool {
            wanted.is_none_or(|wanted| found == Some(wanted))
        }
        is(self.exchange.as_ref(), Some(&event.exchange))
            && is(self.user.as_deref(), event.actor.as_ref().map(|actor| actor.user.as_str()))
            && is(self.subject.as_ref(), event.subject.as_ref())
            && is(self.system.as_deref(), event.recipient.as_ref().map(|recipient| recipient.system.as_str()))
            && is(self.form.as_ref(), event.decision.as_ref().map(|decision| &decision.form))
            && is(self.status.as_deref(), event.outcome.as_ref().map(|outcome| outcome.status.as_str()))
            && is(self.phase.as_ref(), Some(&event.phase))
            // Times of one layout and one zone order as their texts do.
            && self.from.as_deref().is_none_or(|from| event.time.as_str() >= from)
            && self.until.as_deref().is_none_or(|until| event.time.as_str() < until)
    }
}

/// Searches the log in `dir`, which another process may be writing.
///
/// # Errors
/// [`LogError::Db`] if there is no log; [`LogError::NotAnEvent`] if an entry is none that this version knows.
pub async fn search(log: impl Into<LogPlace>, query: &Query) -> Result<Vec<Hit>, LogError> {
    let db = log.into().open().await?;
    let hits = in_database(&db, query).await;
    db.close().await;
    hits
}

/// Gives every entry of the log in `dir` that matches to `found`, oldest first, in bounded memory. `found` ends it with
/// `false`; [`Query::last`] is not looked at.
///
/// # Errors
/// As [`search`].
pub async fn for_each(
    log: impl Into<LogPlace>,
    query: &Query,
    mut found: impl FnMut(Hit) -> bool,
) -> Result<(), LogError> {
    let db = log.into().open().await?;
    let mut from = 0;
    loop {
        let rows = entries::rows(&db, from..u64::MAX, ROWS).await?;
        let Some(last) = rows.last() else { break };
        from = last.index + 1;
        for row in rows {
            let hit = hit(&row)?;
            if query.matches(&hit.event) && !found(hit) {
                return Ok(());
            }
        }
    }
    db.close().await;
    Ok(())
}

/// The entry of this index in the log in `dir`, as it is stored, if it is there.
///
/// # Errors
/// [`LogError::Db`] if there is no log.
pub async fn entry(log: impl Into<LogPlace>, index: u64) -> Result<Option<Entry>, LogError> {
    let db = log.into().open().await?;
    let rows = entries::rows(&db, index..index.saturating_add(1), 1).await;
    db.close().await;
    Ok(rows?.pop().map(|row| Entry { index: row.index, bytes: row.bytes }))
}

/// Searches from the newest entry back, so that the last few are found without reading all.
pub(crate) async fn in_database(db: &Database, query: &Query) -> Result<Vec<Hit>, LogError> {
    let most = query.last.unwrap_or(usize::MAX);
    let mut hits = Vec::new();
    if let Some(exchange) = &query.exchange {
        for phase in [Phase::Act, Phase::Outcome, Phase::Intent] {
            if let Some(row) = entries::by_id(db, &entries::event_id(exchange, phase)).await? {
                hits.extend(Some(hit(&row)?).filter(|hit| query.matches(&hit.event)));
            }
        }
        hits.sort_by_key(|hit| std::cmp::Reverse(hit.index));
        hits.truncate(most);
    } else {
        let mut end = u64::MAX;
        while hits.len() < most {
            let rows = entries::rows_back(db, end, ROWS).await?;
            let Some(first) = rows.last() else { break };
            end = first.index;
            for row in rows {
                let hit = hit(&row)?;
                if hits.len() < most && query.matches(&hit.event) {
                    hits.push(hit);
                }
            }
        }
    }
    hits.reverse();
    Ok(hits)
}

fn hit(row: &entries::Row) -> Result<Hit, LogError> {
    let event = entries::parse(&row.bytes).ok_or(LogError::NotAnEvent { index: row.index })?;
    Ok(Hit { index: row.index, event })
}
