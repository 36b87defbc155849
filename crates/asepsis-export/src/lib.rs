//! The audit log in the formats that others read.
//!
//! A *record* is one entry of the log with its index. A *format* turns a record into bytes, always into the same ones, and
//! knows neither clock nor network: FHIR R4 `AuditEvent` after the Basic Audit Log Patterns of IHE, OCSF API Activity, the
//! audit message of DICOM PS3.15 A.5 that an ATNA repository takes, CEF, CSV, and the exact entry as it lies in the log. An
//! *export* is a run of records in one format, written one after the other.
//!
//! [`stream`] sends the log as it grows; the formats know nothing of it.
//!
//! Entries hold no identifier of a patient, and so does no export. What each field becomes is written down in
//! `docs/audit-export.md`.

mod export;
mod format;
mod reading;
mod record;
pub mod stream;
mod text;

pub use export::{Export, Tally};
pub use format::{Format, UnknownFormat, otlp_request};
pub use record::{NotAnEvent, Record};
pub use text::{LONGEST_FIELD, LONGEST_LIST};

/// Whose log it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The log's origin, as in its key: `asepsis.example.org/node-1`.
    pub origin: String,
}

impl Source {
    /// The log of that origin.
    pub fn new(origin: impl Into<String>) -> Self {
        Self { origin: origin.into() }
    }

    /// The name of the node: the origin up to its first slash, of which letters, digits, dots and hyphens stay, since that
    /// is what a host name is made of. At most 255 characters (RFC 5424, HOSTNAME).
    pub fn host(&self) -> String {
        let name = self.origin.split('/').next().unwrap_or_default();
        let plain = |c: char| if c.is_ascii_alphanumeric() || ".-".contains(c) { c } else { '-' };
        let host: String = name.chars().map(plain).take(255).collect();
        if host.is_empty() { "-".to_owned() } else { host }
    }
}

/// The version of the program, as exports name it.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
