//! Changing records: each change is an entry of the log first.

use asepsis_log::{Log, act_event};
use asepsis_store::{Change, Record, Store};
use asepsis_vocab::{Act, ActKind, Actor};
use std::collections::BTreeMap;

use anyhow::Context;

/// Entries that are appended together.
const TOGETHER: usize = 128;

/// Changes records, and records each change in a log before it is made.
pub(crate) struct Ledger<'a> {
    store: &'a Store,
    log: &'a Log,
    actor: Actor,
    interface: &'a str,
}

impl<'a> Ledger<'a> {
    /// Changes by this person through this face (`cli.vendor.set`, `console`).
    pub(crate) fn new(store: &'a Store, log: &'a Log, actor: Actor, interface: &'a str) -> Self {
        Self { store, log, actor, interface }
    }

    /// Makes all of these changes or none, after an entry for each is durable in the log. Where a change expects no version,
    /// it gets the present one, so that the entry names the very version that comes to be.
    ///
    /// # Errors
    /// Where the log or the store cannot be written, or somebody else changed a record in between: nothing is changed then.
    pub(crate) async fn change(&self, changes: Vec<Change>, basis: Option<&str>) -> anyhow::Result<Vec<Record>> {
        let mut pinned: Vec<Change> = Vec::with_capacity(changes.len());
        for change in changes {
            change.check()?;
            pinned.push(self.pin(change).await?);
        }
        for some in pinned.chunks(TOGETHER) {
            self.announce(some, basis).await?;
        }
        Ok(self.store.change(pinned, &self.actor.user, basis, now()).await?)
    }

    /// The change with the version that it expects, if it had none.
    pub(crate) async fn pin(&self, change: Change) -> anyhow::Result<Change> {
        if change.expected().is_some() {
            return Ok(change);
        }
        let there = self.store.record(change.kind(), change.id()).await?;
        Ok(change.expecting(there.map_or(0, |record| record.version)))
    }

    /// Records that these changes are about to be made, each from the version that it expects.
    pub(crate) async fn announce(&self, changes: &[Change], basis: Option<&str>) -> anyhow::Result<()> {
        let mut entries = tokio::task::JoinSet::new();
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
            appended?.context("the log cannot be written, so nothing is changed")?;
        }
        Ok(())
    }
}

/// The present moment, in milliseconds since 1970 UTC.
pub(crate) fn now() -> i64 {
    i64::try_from(time::OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}
