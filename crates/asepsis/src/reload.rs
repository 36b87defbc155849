//! Other policies, or other facts, for a gateway that is running: it takes them between two exchanges, whole or not at all.
//!
//! `asepsis policy apply` and `rollback`, and every change of a register in the store, are noticed within a second. On SIGHUP
//! the configuration is read again as well: its registers, what it says of hostile text, answers, groups and tools and, where no
//! policies were ever applied, the policies that it names. Which of its other sections changed and wait for a restart is said. What cannot be used changes nothing; what is switched off in the store is switched off all the same. Where the store cannot be
//! read for half a minute, nothing in the registers is relied on any more ([`asepsis_policy::Register::doubted`]): a change that
//! nobody could see might have taken something away.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use anyhow::Context;
use asepsis_exchange::{Plane, Rules};
use asepsis_gateway::Gateway;
use asepsis_log::act_event;
use asepsis_store::Store;
use asepsis_vocab::{Act, ActKind};

use crate::commands::policy::Versions;
use crate::config::Config;
use crate::registers::{KINDS, Records};

/// How soon after it was applied a version is taken.
const NOTICED_WITHIN: Duration = Duration::from_millis(500);

/// How long the registers are relied on though the store cannot be read.
const RELIED_ON: Duration = Duration::from_secs(30);

/// What is watched.
struct Watch {
    plane: Weak<Plane>,
    gateway: Weak<Gateway>,
    store: Store,
    path: PathBuf,
    data: PathBuf,
    /// What the file said when the gateway started.
    started: Config,
    /// Where the pages for people are reached.
    pages: Option<String>,
    /// What the file says, as it could be used last.
    file: Config,
    /// The file with the records, as they could be used last.
    used: Config,
    /// The number of the version that was looked at last; a version that cannot be used is said once.
    seen: Option<u64>,
    last: tokio::sync::watch::Receiver<i64>,
    /// The number of the last change of a record that was looked at.
    looked: i64,
    /// That the records could not be read and are to be looked at again.
    again: bool,
    doubts: bool,
}

/// Watches for what is applied or changed, and for SIGHUP, until the plane is gone. `file` is what the configuration says, `used`
/// the same with the records as they were at the change `looked`.
///
/// # Errors
/// If the system takes no handler for the signal, or the version that decides cannot be told.
pub(crate) fn watch(
    path: &Path,
    (file, used, looked): (&Config, &Config, i64),
    plane: &Arc<Plane>,
    gateway: &Arc<Gateway>,
    store: &Store,
) -> anyhow::Result<()> {
    let data = file.data_dir();
    let mut watch = Watch {
        plane: Arc::downgrade(plane),
        gateway: Arc::downgrade(gateway),
        path: path.to_owned(),
        seen: Versions::of(&data).current_number()?,
        data,
        started: file.clone(),
        pages: file.pages(),
        file: file.clone(),
        used: used.clone(),
        last: store.last_change(),
        store: store.clone(),
        looked,
        again: false,
        doubts: false,
    };
    #[cfg(unix)]
    let mut hangup = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())
        .context("cannot listen for the signal that reads the configuration again")?;
    tokio::spawn(async move {
        let mut turn = tokio::time::interval(NOTICED_WITHIN);
        loop {
            #[cfg(unix)]
            let asked = tokio::select! {
                _ = turn.tick() => false,
                Ok(()) = watch.last.changed() => false,
                signal = hangup.recv() => signal.is_some(),
            };
            #[cfg(not(unix))]
            let asked = {
                turn.tick().await;
                false
            };
            let Some((plane, gateway)) = watch.plane.upgrade().zip(watch.gateway.upgrade()) else { return };
            for happened in watch.look(&plane, &gateway, asked).await {
                record(&plane, happened).await;
            }
        }
    });
    Ok(())
}

/// What happened: the kind of act, what it was about, and the number of a version.
struct Happened {
    kind: ActKind,
    target: Option<String>,
    number: Option<u64>,
}

impl Watch {
    /// Takes what is there now, and says what came of it.
    async fn look(&mut self, plane: &Plane, gateway: &Gateway, asked: bool) -> Vec<Happened> {
        let mut happened = Vec::new();
        // A file that is being replaced, or cannot be read for a moment, is looked at again.
        let current = Versions::of(&self.data).current_number().unwrap_or(self.seen);
        let applied = current != self.seen;
        if applied || asked {
            let back = applied && self.seen.zip(current).is_some_and(|(seen, current)| current < seen);
            self.seen = current;
            let kind = if back { ActKind::PolicyRolledBack } else { ActKind::PolicyApplied };
            happened.push(match self.take_policies(plane, gateway, asked).await {
                Ok(target) => Happened { kind, target: Some(target), number: current },
                Err(error) => {
                    tracing::error!("what decides goes on deciding: {error:#}");
                    Happened { kind: ActKind::PolicyRefused, target: None, number: current }
                }
            });
        }
        let unread = self.store.unread_for().is_some_and(|unread| unread >= RELIED_ON);
        if unread && !self.doubts {
            self.doubts = true;
            let rules = plane.rules();
            plane.set_rules(Rules { register: Arc::new(rules.register.doubted()), ..rules });
            tracing::error!("the store cannot be read, so nothing in the registers is relied on until it can");
            happened.push(Happened { kind: ActKind::RegisterRefused, target: Some("store".to_owned()), number: None });
        }
        if !unread && (self.touched().await || self.again || self.doubts) {
            match self.take_records(plane, gateway).await {
                Ok(()) => self.doubts = false,
                Err(refused) => happened.extend(refused),
            }
        }
        happened
    }

    /// Takes other policies and, where that was asked for, the configuration as it is now. Gives the policies' version.
    async fn take_policies(&mut self, plane: &Plane, gateway: &Gateway, asked: bool) -> anyhow::Result<String> {
        if !asked {
            let rules = Rules { policy: Arc::new(self.used.policy()?), register: plane.rules().register };
            let version = rules.policy.version().to_owned();
            plane.set_rules(rules);
            tracing::info!(policies = version, "other policies decide from here on");
            return Ok(version);
        }
        let file = Config::read(&self.path)?;
        let records = Records::read(&self.store).await?;
        records.sound()?;
        let looked = records.last;
        let used = file.joined(records)?;
        let rules = used.rules()?;
        let version = rules.policy.version().to_owned();
        let (routes, left_out) = used.system_routes()?;
        say_left_out(&left_out);
        // Everything is read before anything is taken, so that a file that cannot be used changes nothing.
        let (guarding, house) = (file.guarding()?, file.house_rules(self.pages.clone())?);
        let waiting = self.started.needs_restart(&file);
        if !waiting.is_empty() {
            tracing::warn!("changed, and counts from the next start on: {}", waiting.join(", "));
        }
        plane.set_rules(rules);
        plane.set_guarding(Arc::new(guarding));
        gateway.set_house_rules(house);
        gateway.serve_systems(routes);
        (self.file, self.used, self.looked) = (file, used, looked);
        tracing::info!(policies = version, "other policies or facts decide from here on");
        Ok(version)
    }

    /// Whether a record that decides was changed since it was last looked.
    async fn touched(&mut self) -> bool {
        let mut touched = false;
        self.last.mark_unchanged();
        while *self.last.borrow() > self.looked {
            // What cannot be read is looked at again at the next turn.
            let Ok(changes) = self.store.changed_since(self.looked).await else { break };
            let Some(last) = changes.last() else { break };
            self.looked = last.seq;
            touched |= changes.iter().any(|change| KINDS.contains(&change.kind.as_str()));
        }
        touched
    }

    /// Takes the records as they are now, whole; of what cannot be used, only what is switched off.
    async fn take_records(&mut self, plane: &Plane, gateway: &Gateway) -> Result<(), Option<Happened>> {
        let records = match Records::read(&self.store).await {
            Ok(records) => records,
            Err(error) => {
                tracing::warn!("{error:#}; it is tried again");
                self.again = true;
                return Err(None);
            }
        };
        self.again = false;
        let target = records.fault.as_ref().map(|(record, _)| record.clone());
        let (stops, last) = (records.stops.clone(), records.last);
        let taken = records.sound().and_then(|()| {
            let used = self.file.joined(records)?;
            let routes = used.system_routes()?;
            Ok((used, routes))
        });
        let (refused, used, (routes, left_out)) = match taken {
            Ok((used, routes)) => (None, used, routes),
            Err(error) => {
                tracing::error!("the registers in the store cannot be used, and what was known decides: {error:#}");
                let used = self.used.with_stops(stops);
                let target = Some(target.unwrap_or_else(|| "registers".to_owned()));
                let refused = Happened { kind: ActKind::RegisterRefused, target, number: None };
                let routes = used.system_routes().map_err(|_| None)?;
                (Some(refused), used, routes)
            }
        };
        say_left_out(&left_out);
        let doubted = self.doubts && refused.is_some();
        let register = if doubted { Arc::new(used.register.doubted()) } else { Arc::clone(&used.register) };
        plane.set_rules(Rules { register, ..plane.rules() });
        gateway.serve_systems(routes);
        self.used = used;
        self.looked = self.looked.max(last);
        match refused {
            None => Ok(()),
            refused => Err(refused),
        }
    }
}

/// Says which AI systems are not served.
pub(crate) fn say_left_out(left_out: &[String]) {
    for why in left_out {
        tracing::error!("an AI system of the store is not served: {why}");
    }
}

async fn record(plane: &Plane, happened: Happened) {
    let figures = happened.number.map(|number| ("version".to_owned(), number)).into_iter().collect();
    let act = Act { kind: happened.kind, target: happened.target, basis: None, figures };
    if let Err(error) = plane.log().append(&act_event(act, "serve", None)).await {
        tracing::error!(%error, "that other policies or facts decide could not be recorded");
    }
}
