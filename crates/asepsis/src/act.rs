//! Entries of the log for what is done with keys and surrogates themselves.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use asepsis_log::LogError;
use asepsis_vocab::{Act, ActKind, Actor, AuditEvent, ExchangeId, Phase, PurposeOfUse, SCHEMA_VERSION, SubjectId};

use crate::commands::deid::local_user;
use crate::home::{Home, LogName};

/// The longest basis, in bytes.
const MOST: usize = 200;

/// An act that is about to be recorded.
pub(crate) struct Recorded {
    event: AuditEvent,
}

impl Recorded {
    /// An act of the user of this machine.
    pub(crate) fn new(interface: &str, kind: ActKind, basis: Option<&str>) -> anyhow::Result<Self> {
        basis.map(checked).transpose()?;
        Ok(Self {
            event: AuditEvent {
                v: SCHEMA_VERSION,
                exchange: ExchangeId::now(),
                phase: Phase::Act,
                time: now()?,
                interface: interface.to_owned(),
                actor: Some(actor()),
                purpose: PurposeOfUse::Unknown,
                subject: None,
                recipient: None,
                found: Vec::new(),
                found_in_answer: Vec::new(),
                decision: None,
                outcome: None,
                traffic: None,
                act: Some(Act { kind, target: None, basis: basis.map(str::to_owned), figures: BTreeMap::new() }),
                payload: None,
                versions: vec![("asepsis".to_owned(), env!("CARGO_PKG_VERSION").to_owned())],
            },
        })
    }

    pub(crate) fn target(mut self, target: String) -> Self {
        self.act().target = Some(target);
        self
    }

    pub(crate) fn subject(mut self, subject: SubjectId) -> Self {
        self.event.subject = Some(subject);
        self
    }

    pub(crate) fn purpose(mut self, purpose: PurposeOfUse) -> Self {
        self.event.purpose = purpose;
        self
    }

    pub(crate) fn figure(mut self, name: &str, value: u64) -> Self {
        self.act().figures.insert(name.to_owned(), value);
        self
    }

    /// Names the second person, behind the basis.
    pub(crate) fn approved_by(mut self, user: &str, key: &str) -> Self {
        let act = self.act();
        let basis = act.basis.take().unwrap_or_default();
        act.basis = Some(format!("{basis}; second person: {user} (key {key})"));
        self
    }

    /// Appends it to the gateway's log, beside the entries that it may be about, or, where there is none or the gateway
    /// is writing it, to that of the command line. It is durable when this returns.
    pub(crate) async fn append(self, home: &Home) -> anyhow::Result<()> {
        let log = match home.log_dir(LogName::Gateway).exists() {
            true => match home.log(LogName::Gateway).await {
                Err(e) if matches!(e.downcast_ref(), Some(LogError::Locked { .. })) => None,
                opened => Some(opened?.0),
            },
            false => None,
        };
        let log = match log {
            Some(log) => log,
            None => home.log(LogName::CommandLine).await?.0,
        };
        log.append(&self.event).await.context("the log cannot be written, so nothing is done")?;
        Ok(log.close().await?)
    }

    fn act(&mut self) -> &mut Act {
        self.event.act.get_or_insert_with(|| Act {
            kind: ActKind::Reveal,
            target: None,
            basis: None,
            figures: BTreeMap::new(),
        })
    }
}

/// The user of the operating system.
fn actor() -> Actor {
    let asker = local_user();
    Actor { user: asker.user, role: asker.role, method: asker.method, credential: asker.credential }
}

/// What goes into the log for good must hold no identifier.
fn checked(basis: &str) -> anyhow::Result<()> {
    if basis.trim().is_empty() || basis.len() > MOST || basis.chars().any(char::is_control) {
        bail!("--basis is one line of 1 to {MOST} bytes, for example \"GDPR Art. 17, ticket 4711\"");
    }
    if let Some(trip) = asepsis_phi::tripwire(basis) {
        bail!(
            "--basis holds what looks like {}; it stays in the log for good, so name a ticket and no person",
            trip.class
        );
    }
    Ok(())
}

fn now() -> anyhow::Result<String> {
    let format =
        time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    Ok(time::OffsetDateTime::now_utc().format(format)?)
}
