//! Changing records of the store from within the gateway: each change is an entry of the log first.

use asepsis_log::{Log, LogError, act_event};
use asepsis_store::{Change, Store, StoreError};
use asepsis_vocab::{Act, ActKind, Actor};

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The log cannot be written.
    #[error("the log cannot be written, so nothing is changed: {0}")]
    Log(#[from] LogError),
    /// The store, or somebody else who was faster.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes all of these changes or none, after an entry for each is durable. `now` is in seconds since 1970 UTC.
///
/// # Errors
/// [`LedgerError`]; nothing is changed then.
pub async fn change(
    log: &Log,
    store: &Store,
    changes: Vec<Change>,
    actor: &Actor,
    interface: &str,
    now: i64,
) -> Result<(), LedgerError> {
    for change in &changes {
        change.check()?;
        let (kind, id) = (change.kind(), change.id());
        let version = match store.record(kind, id).await? {
            Some(record) => record.version + 1,
            // Versions count on behind a removal, which only the history shows.
            None => store.history(kind, id, 0).await?.last().map_or(0, |record| record.version) + 1,
        };
        record(log, ActKind::RegisterChanged, Some(format!("{kind}/{id}@{version}")), None, actor, interface).await?;
    }
    store.change(changes, &actor.user, None, now.saturating_mul(1000)).await?;
    Ok(())
}

/// Records an act of somebody.
///
/// # Errors
/// Where the log cannot be written.
pub async fn record(
    log: &Log,
    kind: ActKind,
    target: Option<String>,
    basis: Option<String>,
    actor: &Actor,
    interface: &str,
) -> Result<(), LogError> {
    let act = Act { kind, target, basis, figures: std::collections::BTreeMap::new() };
    log.append(&act_event(act, interface, Some(actor.clone()))).await.map(drop)
}
