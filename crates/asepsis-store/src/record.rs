use std::fmt;

use serde::de::IgnoredAny;

use crate::StoreError;

/// The longest body, in bytes.
pub const MOST_BODY: usize = 64 << 10;

/// The most records of a kind.
pub const MOST_RECORDS: u32 = 100_000;

/// The longest line: who changed it, and the basis.
const MOST_LINE: usize = 200;

/// One version of one thing in a register.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// The number of the change over all kinds, counted from 1 without gaps.
    pub seq: i64,
    /// The register: `vendor`, `system`, `agreement`, `stop`, `person`, and so on.
    pub kind: String,
    /// The id within the register.
    pub id: String,
    /// The version, counted from 1. Removing and making anew count on.
    pub version: u32,
    /// What is known, as JSON; `null` where it was removed.
    pub body: String,
    /// When it was changed, in milliseconds since 1970 UTC.
    pub changed: i64,
    /// The user who changed it.
    pub by: String,
    /// On what basis.
    pub basis: Option<String>,
    /// Whether it was removed with this version.
    pub removed: bool,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The body may hold a credential, and who changed it is a person.
        write!(f, "Record({}/{}@{})", self.kind, self.id, self.version)
    }
}

/// What is to become of a record.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) body: Option<String>,
    pub(crate) expected: Option<u32>,
}

impl Change {
    /// Makes the record, or gives it another body, which is JSON.
    pub fn set(kind: impl Into<String>, id: impl Into<String>, body: impl Into<String>) -> Self {
        Self { kind: kind.into(), id: id.into(), body: Some(body.into()), expected: None }
    }

    /// Removes the record. Its history stays.
    pub fn remove(kind: impl Into<String>, id: impl Into<String>) -> Self {
        Self { kind: kind.into(), id: id.into(), body: None, expected: None }
    }

    /// Only if the record is at this version, 0 where there must be none. A version that was removed is none.
    #[must_use]
    pub fn expecting(mut self, version: u32) -> Self {
        self.expected = Some(version);
        self
    }

    /// The register.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The id within it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The new body; `None` where the record is removed.
    pub fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }

    /// The version that the record must be at, where the change holds on to one.
    pub fn expected(&self) -> Option<u32> {
        self.expected
    }

    /// Checks what can be checked without the database.
    ///
    /// # Errors
    /// [`StoreError::InvalidKind`], [`StoreError::InvalidId`], [`StoreError::TooLong`], [`StoreError::InvalidBody`].
    pub fn check(&self) -> Result<(), StoreError> {
        let plain = |b: u8| b.is_ascii_lowercase() || b == b'_';
        if !(1..=32).contains(&self.kind.len()) || !self.kind.bytes().all(plain) {
            return Err(StoreError::InvalidKind);
        }
        // As for the ids that stand in the configuration, and for users.
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._@-".contains(&b);
        let begins = self.id.starts_with(|c: char| c.is_ascii_alphanumeric());
        if self.id.len() > 64 || !begins || !self.id.bytes().all(plain) {
            return Err(StoreError::InvalidId { kind: self.kind.clone() });
        }
        let Some(body) = &self.body else { return Ok(()) };
        let (kind, id) = (self.kind.clone(), self.id.clone());
        if body.len() > MOST_BODY {
            return Err(StoreError::TooLong { kind, id, bytes: body.len(), most: MOST_BODY });
        }
        match serde_json::from_str::<IgnoredAny>(body) {
            // PostgreSQL takes no text with this character; JSON has no use for it outside of an escape.
            Ok(_) if !body.contains('\0') => Ok(()),
            _ => Err(StoreError::InvalidBody { kind, id }),
        }
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.body.is_some() { "set" } else { "remove" };
        write!(f, "Change({what} {}/{})", self.kind, self.id)
    }
}

/// A line that says who, or on what basis.
pub(crate) fn check_line(what: &'static str, line: &str) -> Result<(), StoreError> {
    let good = !line.trim().is_empty() && line.len() <= MOST_LINE && !line.chars().any(char::is_control);
    if good { Ok(()) } else { Err(StoreError::InvalidLine { what }) }
}
