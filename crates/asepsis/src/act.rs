//! Entries of the log for what is done with keys and surrogates themselves.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use asepsis_log::{Log, LogError, act_event};
use asepsis_vocab::{Act, ActKind, Actor, AuditEvent, PurposeOfUse, SubjectId};

use crate::commands::deid::local_user;
use crate::home::{Home, LogName};

/// The longest basis, in bytes.
const MOST: usize = 200;

/// An act that is about to be recorded.
pub(crate) struct Recorded {
    event: AuditEvent,
    act: Act,
}

impl Recorded {
    /// An act of the user of this machine.
    pub(crate) fn new(interface: &str, kind: ActKind, basis: Option<&str>) -> anyhow::Result<Self> {
        basis.map(checked).transpose()?;
        let act = Act { kind, target: None, basis: basis.map(str::to_owned), figures: BTreeMap::new() };
        let versions = vec![("asepsis".into(), env!("CARGO_PKG_VERSION").into())];
        Ok(Self { event: AuditEvent { versions, ..act_event(act.clone(), interface, Some(actor())) }, act })
    }

    pub(crate) fn target(mut self, target: String) -> Self {
        self.act.target = Some(target);
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
        self.act.figures.insert(name.to_owned(), value);
        self
    }

    /// Names the second person, behind the basis.
    pub(crate) fn approved_by(mut self, user: &str, key: &str) -> Self {
        let basis = self.act.basis.take().unwrap_or_default();
        self.act.basis = Some(format!("{basis}; second person: {user} (key {key})"));
        self
    }

    /// Appends it to the gateway's log, beside the entries that it may be about, or, where there is none or the gateway
    /// is writing it, to that of the command line. It is durable when this returns.
    pub(crate) async fn append(self, home: &Home) -> anyhow::Result<()> {
        let log = open_log(home).await?;
        let event = AuditEvent { act: Some(self.act), ..self.event };
        log.append(&event).await.context("the log cannot be written, so nothing is done")?;
        Ok(log.close().await?)
    }
}

/// The log for what is done at the command line: the gateway's, beside the entries that it may be about, or, where there is none
/// or the gateway is writing it, that of the command line.
pub(crate) async fn open_log(home: &Home) -> anyhow::Result<Log> {
    if home.log_dir(LogName::Gateway).exists() {
        match home.log(LogName::Gateway).await {
            Err(e) if matches!(e.downcast_ref(), Some(LogError::Locked { .. } | LogError::Leased { .. })) => {}
            opened => return Ok(opened?.0),
        }
    }
    Ok(home.log(LogName::CommandLine).await?.0)
}

/// The user of the operating system.
pub(crate) fn actor() -> Actor {
    let asker = local_user();
    Actor { user: asker.user, role: asker.role, method: asker.method, credential: asker.credential, device: None }
}

/// What goes into the log for good must hold no identifier.
pub(crate) fn checked(basis: &str) -> anyhow::Result<()> {
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
