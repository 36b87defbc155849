//! Changing records of the store: each change is an entry of the log first.

use std::collections::BTreeMap;

use asepsis_log::{Log, LogError, act_event};
use asepsis_store::{Change, Record, Store, StoreError};
use asepsis_vocab::{Act, ActKind, Actor};
use tokio::task::JoinSet;

/// Entries that are appended together.
const TOGETHER: usize = 128;

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The log cannot be written.
    #[error("the log cannot be written, so nothing is changed: {0}")]
    Log(#[from] LogError),
    /// What appends to it broke down.
    #[error("the log cannot be written, so nothing is changed: {0}")]
    Broken(#[from] tokio::task::JoinError),
    /// The store, or somebody else who was faster.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Changes records, and records each change in a log before it is made.
pub struct Ledger<'a> {
    store: &'a Store,
    log: &'a Log,
    actor: Actor,
    interface: &'a str,
}

impl<'a> Ledger<'a> {
    /// Changes by this person through this face (`cli.vendor.set`, `console`).
    pub fn new(store: &'a Store, log: &'a Log, actor: Actor, interface: &'a str) -> Self {
        Self { store, log, actor, interface }
    }

    /// Makes all of these changes or none, after an entry for each is durable in the log. Where a change expects no version,
    /// it gets the present one, so that the entry names the very version that comes to be. `now` is in milliseconds since 1970
    /// UTC.
    ///
    /// # Errors
    /// Where the log or the store cannot be written, or somebody else changed a record in between: nothing is changed then.
    pub async fn change(
        &self,
        changes: Vec<Change>,
        basis: Option<&str>,
        now: i64,
    ) -> Result<Vec<Record>, LedgerError> {
        let mut pinned: Vec<Change> = Vec::with_capacity(changes.len());
        for change in changes {
            change.check()?;
            pinned.push(self.pin(change).await?);
        }
        for some in pinned.chunks(TOGETHER) {
            self.announce(some, basis).await?;
        }
        Ok(self.store.change(pinned, &self.actor.user, basis, now).await?)
    }

    /// The change with the version that it expects, if it had none.
    ///
    /// # Errors
    /// [`LedgerError::Store`].
    pub async fn pin(&self, change: Change) -> Result<Change, LedgerError> {
        if change.expected().is_some() {
            return Ok(change);
        }
        let there = self.store.record(change.kind(), change.id()).await?;
        Ok(change.expecting(there.map_or(0, |record| record.version)))
    }

    /// Records that these changes are about to be made, each from the version that it expects.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn announce(&self, changes: &[Change], basis: Option<&str>) -> Result<(), LedgerError> {
        let mut entries = JoinSet::new();
        for change in changes {
            let before = self.store.last_version(change.kind(), change.id()).await?;
            let target = format!("{}/{}@{}", change.kind(), change.id(), before + 1);
            let removed = change.body().is_none();
            let figures = if removed { BTreeMap::from([("removed".to_owned(), 1)]) } else { BTreeMap::new() };
            let act =
                Act { kind: ActKind::RegisterChanged, target: Some(target), basis: basis.map(str::to_owned), figures };
            let event = act_event(act, self.interface, Some(self.actor.clone()));
            let log = self.log.clone();
            entries.spawn(async move { log.append(&event).await });
        }
        while let Some(appended) = entries.join_next().await {
            appended??;
        }
        Ok(())
    }
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
    let ledger = Ledger::new(store, log, actor.clone(), interface);
    ledger.change(changes, None, now.saturating_mul(1000)).await.map(drop)
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
    let act = Act { kind, target, basis, figures: BTreeMap::new() };
    log.append(&act_event(act, interface, Some(actor.clone()))).await.map(drop)
}
