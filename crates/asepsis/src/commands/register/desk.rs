//! What commands about registers work on: the configuration, the store, and the log that changes are recorded in.

use std::path::Path;

use asepsis_store::{Change, Record, Store};

use crate::act::{actor, checked, open_log};
use crate::config::Config;
use crate::home::Home;
use crate::registers::{Records, approval, needs_two, now};
use asepsis_people::ledger::Ledger;

/// The configuration with its store.
pub(crate) struct Desk {
    pub(crate) config: Config,
    pub(crate) home: Home,
    pub(crate) store: Store,
}

impl Desk {
    /// Opens the store of the configuration at `path`.
    pub(crate) async fn open(path: &Path) -> anyhow::Result<Self> {
        let config = Config::read(path)?;
        let home = Home::of(&config)?;
        let store = home.store().await?;
        Ok(Self { config, home, store })
    }

    /// The configuration with the records as they are.
    pub(crate) async fn joined(&self) -> anyhow::Result<Config> {
        let records = Records::read(&self.store).await?;
        records.sound()?;
        self.config.joined(records)
    }

    /// Makes these changes if the register holds together with them, with an entry in the log before each.
    ///
    /// # Errors
    /// What does not hold together, or could not be written; nothing is changed then.
    pub(crate) async fn change(
        &self,
        interface: &str,
        changes: Vec<Change>,
        basis: &str,
    ) -> anyhow::Result<Vec<Record>> {
        checked(basis)?;
        if self.config.two_approve() {
            self.approved_by_two(&changes).await?;
        }
        let records = Records::read_as_after(&self.store, &changes).await?;
        records.sound()?;
        self.config.joined(records)?;
        self.change_unchecked(interface, changes, basis).await
    }

    /// That no change approves anything by one person.
    async fn approved_by_two(&self, changes: &[Change]) -> anyhow::Result<()> {
        for change in changes {
            let Some(after) = change.body().and_then(approval) else { continue };
            let before = self.store.record(change.kind(), change.id()).await?.filter(|record| !record.removed);
            if before.and_then(|record| approval(&record.body)) != Some(after) {
                anyhow::bail!(needs_two(change.kind(), change.id()));
            }
        }
        Ok(())
    }

    /// As [`change`](Self::change), for what is to be done whatever else is wrong.
    pub(crate) async fn change_unchecked(
        &self,
        interface: &str,
        changes: Vec<Change>,
        basis: &str,
    ) -> anyhow::Result<Vec<Record>> {
        checked(basis)?;
        let log = open_log(&self.home).await?;
        let made = Ledger::new(&self.store, &log, actor(), interface).change(changes, Some(basis), now()).await;
        log.close().await?;
        Ok(made?)
    }

    /// The record, which must be there.
    pub(crate) async fn record(&self, register: &str, id: &str) -> anyhow::Result<Record> {
        if let Some(record) = self.store.record(register, id).await? {
            return Ok(record);
        }
        if self.config.has(register, id) {
            anyhow::bail!(
                "{register} `{id}` stands in the configuration; change it there, and send SIGHUP to a running gateway"
            );
        }
        anyhow::bail!("there is no {register} `{id}`; `asepsis {register} list` shows them")
    }
}
