//! Other policies, or other facts, for a gateway that is running: it takes them between two exchanges, whole or not at all.
//!
//! `asepsis policy apply` and `rollback` are noticed within a second. On SIGHUP the configuration is read again as well: its
//! registers and, where no policies were ever applied, the policies that it names. What cannot be used changes nothing.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use anyhow::Context;
use asepsis_exchange::{Plane, Rules};
use asepsis_log::act_event;
use asepsis_vocab::{Act, ActKind};

use crate::commands::policy::Versions;
use crate::config::Config;

/// How soon after it was applied a version is taken.
const NOTICED_WITHIN: Duration = Duration::from_millis(500);

/// What is watched.
struct Watch {
    plane: Weak<Plane>,
    config: PathBuf,
    data: PathBuf,
    /// The number of the version that was looked at last; a version that cannot be used is said once.
    seen: Option<u64>,
}

/// Watches for what is applied, and for SIGHUP, until the plane is gone.
///
/// # Errors
/// If the system takes no handler for the signal, or the version that decides cannot be told.
pub(crate) fn watch(path: &Path, config: &Config, plane: &Arc<Plane>) -> anyhow::Result<()> {
    let data = config.data_dir();
    let seen = Versions::of(&data).current_number()?;
    let mut watch = Watch { plane: Arc::downgrade(plane), config: path.to_owned(), data, seen };
    #[cfg(unix)]
    let mut hangup = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())
        .context("cannot listen for the signal that reads the configuration again")?;
    tokio::spawn(async move {
        let mut turn = tokio::time::interval(NOTICED_WITHIN);
        loop {
            #[cfg(unix)]
            let asked = tokio::select! {
                _ = turn.tick() => false,
                signal = hangup.recv() => signal.is_some(),
            };
            #[cfg(not(unix))]
            let asked = {
                turn.tick().await;
                false
            };
            let Some(plane) = watch.plane.upgrade() else { return };
            if let Some(result) = watch.changed(&plane, asked) {
                record(&plane, result).await;
            }
        }
    });
    Ok(())
}

/// What happened: the kind of act, the policies, and the number of their version.
struct Change {
    kind: ActKind,
    policies: Option<String>,
    number: Option<u64>,
}

impl Watch {
    /// Takes what is there now; `None` where nothing is new.
    fn changed(&mut self, plane: &Plane, asked: bool) -> Option<Change> {
        // A file that is being replaced, or cannot be read for a moment, is looked at again.
        let current = Versions::of(&self.data).current_number().ok()?;
        let applied = current != self.seen;
        if !applied && !asked {
            return None;
        }
        let back = applied && self.seen.zip(current).is_some_and(|(seen, current)| current < seen);
        self.seen = current;
        let kind = if back { ActKind::PolicyRolledBack } else { ActKind::PolicyApplied };
        match self.read(plane, asked) {
            Ok(rules) => {
                let policies = Some(rules.policy.version().to_owned());
                plane.set_rules(rules);
                tracing::info!(policies, "other policies or facts decide from here on");
                Some(Change { kind, policies, number: current })
            }
            Err(error) => {
                tracing::error!("what decides goes on deciding: {error:#}");
                Some(Change { kind: ActKind::PolicyRefused, policies: None, number: current })
            }
        }
    }

    /// The rules that are to decide: on SIGHUP with the registers of the configuration as it is now.
    fn read(&self, plane: &Plane, asked: bool) -> anyhow::Result<Rules> {
        let config = Config::read(&self.config)?;
        let rules = config.rules()?;
        Ok(if asked { rules } else { Rules { register: plane.rules().register, ..rules } })
    }
}

async fn record(plane: &Plane, change: Change) {
    let figures = change.number.map(|number| ("version".to_owned(), number)).into_iter().collect();
    let act = Act { kind: change.kind, target: change.policies, basis: None, figures };
    if let Err(error) = plane.log().append(&act_event(act, "serve", None)).await {
        tracing::error!(%error, "that other policies decide could not be recorded");
    }
}
