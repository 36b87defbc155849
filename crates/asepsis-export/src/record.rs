use asepsis_vocab::{AuditEvent, Phase};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// An entry of the log, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its index in the log.
    pub index: u64,
    /// Its exact bytes: the leaf of the Merkle tree.
    pub bytes: Vec<u8>,
    /// What they say.
    pub event: AuditEvent,
    /// When it was, in milliseconds since 1970 in UTC.
    pub millis: i64,
}

/// Bytes that are no event of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "entry {index} is no event that this version knows, and was not exported; run the newer version, or `asepsis audit \
     verify`"
)]
pub struct NotAnEvent {
    /// Its index in the log.
    pub index: u64,
}

impl Record {
    /// Reads an entry.
    ///
    /// # Errors
    /// [`NotAnEvent`] if the bytes are no event, if its time is none, or if they are more than one line, which no version
    /// has ever written.
    pub fn read(index: u64, bytes: Vec<u8>) -> Result<Self, NotAnEvent> {
        let event: AuditEvent = serde_json::from_slice(&bytes).map_err(|_| NotAnEvent { index })?;
        let time = OffsetDateTime::parse(&event.time, &Rfc3339).map_err(|_| NotAnEvent { index })?;
        // UTC with milliseconds, so that every format can take it as it is.
        let time_is_plain = event.time.len() == 24 && event.time.ends_with('Z');
        if !time_is_plain || bytes.iter().any(|b| matches!(b, b'\n' | b'\r')) {
            return Err(NotAnEvent { index });
        }
        let millis = i64::try_from(time.unix_timestamp_nanos() / 1_000_000).map_err(|_| NotAnEvent { index })?;
        Ok(Self { index, bytes, event, millis })
    }

    /// The name of the entry, the same in every format and each time that it is sent: `ex_01...-outcome`. Whoever gets it
    /// twice knows by this that it is the same.
    pub fn id(&self) -> String {
        format!("{}-{}", self.event.exchange, phase(self.event.phase))
    }
}

/// The name of a phase, as in the log.
pub(crate) fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Intent => "intent",
        Phase::Outcome => "outcome",
        Phase::Act => "act",
    }
}
