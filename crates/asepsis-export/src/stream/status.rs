//! How a stream stands.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use asepsis_log::Log;

use super::Failure;

/// What kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FailureKind {
    /// No connection came about.
    Unreachable,
    /// TLS did: a certificate that does not fit, or no common version.
    Tls,
    /// The connection broke off; what was under way is sent again.
    Broken,
    /// The other side took nothing for a minute.
    Stalled,
    /// A syslog receiver did not end the connection when we did, so that it is not known what it has read.
    Unconfirmed,
    /// The other side does not want what it gets: an OTLP receiver's 4xx.
    Refused,
    /// The other side asked for later: 429, or a 5xx.
    Busy,
    /// An OTLP receiver took a batch and threw records of it away; it must not be sent again (OTLP, partial success).
    Rejected,
    /// An entry that this version cannot read. The stream stands there.
    Entry,
    /// The log is not the one that was sent before. The stream stands.
    OtherLog,
    /// The log cannot be read.
    Log,
    /// The cursor cannot be written. The stream goes on; after the next start more comes twice.
    Cursor,
}

impl FailureKind {
    /// The name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Broken => "broken",
            Self::Stalled => "stalled",
            Self::Unconfirmed => "unconfirmed",
            Self::Refused => "refused",
            Self::Busy => "busy",
            Self::Rejected => "rejected",
            Self::Entry => "entry",
            Self::OtherLog => "other_log",
            Self::Log => "log",
            Self::Cursor => "cursor",
        }
    }
}

/// The failure that came last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastFailure {
    /// Its kind.
    pub kind: FailureKind,
    /// What a person is told. It holds no content of an entry and no secret.
    pub message: String,
    /// When, in seconds since 1970.
    pub unix_seconds: u64,
    /// Whether it still is so: nothing was confirmed since.
    pub lasting: bool,
}

/// How a stream stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamStatus {
    /// Its name.
    pub name: String,
    /// `syslog` or `otlp`.
    pub kind: &'static str,
    /// Entries of the log.
    pub size: u64,
    /// The other side has all entries below this index.
    pub confirmed: u64,
    /// All entries below this index were written to the present connection, or are confirmed.
    pub written: u64,
    /// Entries that were sent since the start, those counted twice that were sent twice.
    pub sent: u64,
    /// Whether there is a connection now.
    pub connected: bool,
    /// Failures since the start.
    pub failures: BTreeMap<FailureKind, u64>,
    /// Records that an OTLP receiver threw away since the start.
    pub rejected: u64,
    /// The last failure.
    pub last_failure: Option<LastFailure>,
}

impl StreamStatus {
    /// Entries of which it is not known yet that the other side has them.
    pub fn lag(&self) -> u64 {
        self.size.saturating_sub(self.confirmed)
    }

    /// Entries that still have to be sent.
    pub fn unsent(&self) -> u64 {
        self.size.saturating_sub(self.written)
    }
}

/// What a stream's task and those who look at it share.
pub(super) struct Shared {
    pub(super) name: String,
    kind: &'static str,
    /// Gone once the stream has ended, so that the log can be closed.
    log: Mutex<Option<Log>>,
    size: AtomicU64,
    confirmed: AtomicU64,
    written: AtomicU64,
    sent: AtomicU64,
    connected: AtomicBool,
    rejected: AtomicU64,
    failures: Mutex<(BTreeMap<FailureKind, u64>, Option<LastFailure>)>,
}

impl Shared {
    pub(super) fn new(name: String, kind: &'static str, log: Log, confirmed: u64) -> Self {
        Self {
            name,
            kind,
            size: log.size().into(),
            log: Mutex::new(Some(log)),
            confirmed: confirmed.into(),
            written: confirmed.into(),
            sent: 0.into(),
            connected: false.into(),
            rejected: 0.into(),
            failures: Mutex::default(),
        }
    }

    pub(super) fn status(&self) -> StreamStatus {
        if let Some(log) = &*self.log.lock().unwrap_or_else(PoisonError::into_inner) {
            self.size.store(log.size(), Ordering::Relaxed);
        }
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner).clone();
        StreamStatus {
            name: self.name.clone(),
            kind: self.kind,
            size: self.size.load(Ordering::Relaxed),
            confirmed: self.confirmed.load(Ordering::Relaxed),
            written: self.written.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
            connected: self.connected.load(Ordering::Relaxed),
            rejected: self.rejected.load(Ordering::Relaxed),
            failures: failures.0,
            last_failure: failures.1,
        }
    }

    pub(super) fn forget_log(&self) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// So many entries were written, now all below index `next`.
    pub(super) fn sent(&self, entries: u64, next: u64) {
        self.sent.fetch_add(entries, Ordering::Relaxed);
        self.written.store(next, Ordering::Relaxed);
    }

    pub(super) fn connected(&self, connected: bool) {
        self.connected.store(connected, Ordering::Relaxed);
        if !connected {
            self.written.store(self.confirmed.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    pub(super) fn rejected(&self, records: u64) {
        self.rejected.fetch_add(records, Ordering::Relaxed);
    }

    pub(super) fn confirmed(&self, confirmed: u64) {
        self.confirmed.store(confirmed, Ordering::Relaxed);
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = failures.1.as_mut().filter(|last| last.lasting) {
            last.lasting = false;
            tracing::info!(stream = self.name, "the stream of the audit log goes on");
        }
    }

    /// Counts a failure, and says it where it is not the one that was said before.
    pub(super) fn failed(&self, failure: &Failure) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        *failures.0.entry(failure.kind).or_default() += 1;
        let said = failures.1.as_ref().is_some_and(|last| last.lasting && last.kind == failure.kind);
        if !said {
            tracing::warn!(
                stream = self.name,
                kind = failure.kind.name(),
                "the stream of the audit log does not go on: {}; it is tried again, and nothing is lost",
                failure.message
            );
        }
        failures.1 = Some(LastFailure {
            kind: failure.kind,
            message: failure.message.clone(),
            unix_seconds: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
            lasting: true,
        });
    }
}
