use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::{Detail, IdentifierClass};

/// A half-open range of bytes of the text that was inspected; both ends lie on character boundaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The span from `start` to `end`.
    ///
    /// # Panics
    /// If `start` is past `end`.
    pub fn new(start: usize, end: usize) -> Self {
        assert!(start <= end, "a span ends where it starts or later");
        Self { start, end }
    }

    /// The number of bytes.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether the span holds no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Whether the two spans share a byte.
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Whether every byte of `other` lies in this span.
    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The same as a range, for slicing.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// How sure a detector is, from 0 (a guess) to 1 (certain).
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Confidence(f32);

impl Confidence {
    /// Nothing is left to doubt: a typed field, a known patient, a cue with the right shape.
    pub const CERTAIN: Self = Self(1.0);

    /// A confidence; values outside 0 to 1 are brought to the nearer end, and NaN to 0.
    pub const fn new(value: f32) -> Self {
        if value > 1.0 {
            Self(1.0)
        } else if value >= 0.0 {
            Self(value)
        } else {
            Self(0.0)
        }
    }

    /// The number.
    pub const fn get(self) -> f32 {
        self.0
    }
}

/// What kind of reason stands behind a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// The caller's field or the format says what it is.
    Field,
    /// The caller named the person, the place or the number.
    KnownPhi,
    /// A check digit is right.
    Checksum,
    /// A word before or after says what it is.
    Cue,
    /// The shape alone says what it is.
    Pattern,
    /// A list of names or places makes it likely.
    Lexicon,
    /// The same was found with a stronger reason elsewhere in the document or conversation.
    Propagated,
    /// A trained model says so.
    Model,
}

/// Why a finding was made, in words that hold nothing of the text itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Evidence {
    /// The kind of reason.
    pub kind: EvidenceKind,
    /// What exactly, for a person to read: "after a cue for a medical record number". Fixed text, never the value.
    pub note: &'static str,
}

/// An identifier at a place in a text.
///
/// A finding never holds the identifier itself, so that it may be logged and printed.
#[derive(Clone, Copy, PartialEq)]
pub struct Finding {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub class: IdentifierClass,
    /// What more is known within the class.
    pub detail: Detail,
    /// How sure the detector is.
    pub confidence: Confidence,
    /// Which rule found it: a stable name such as `ssn.cued`.
    pub detector: &'static str,
    /// Why.
    pub evidence: Evidence,
}

impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}[{}..{}] {:.2} by {} ({})",
            self.class,
            self.span.start,
            self.span.end,
            self.confidence.get(),
            self.detector,
            self.evidence.note
        )
    }
}
