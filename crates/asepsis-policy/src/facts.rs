//! What a face and the plane tell of an exchange.

use std::collections::BTreeSet;

use asepsis_vocab::{IdentifierClass, Label, PurposeOfUse};
use time::OffsetDateTime;

use crate::system::AiSystem;

/// What is known of an exchange when it is decided on.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The user who asks.
    pub user: &'a str,
    /// The user's role.
    pub role: &'a str,
    /// The AI system that is asked.
    pub system: &'a AiSystem,
    /// What for.
    pub purpose: PurposeOfUse,
    /// The classes of identifiers that were found.
    pub classes: BTreeSet<IdentifierClass>,
    /// What more is known of the text.
    pub content: ContentFacts,
    /// What this one request tells of the device and the network.
    pub whereabouts: Whereabouts,
    /// Whether the detectors that looked claim to find every identifier in free text, or are the first layer only.
    pub full_assurance: bool,
    /// Whether the organisation accepts the first layer for the label "deidentified".
    pub first_layer_accepted: bool,
    /// The moment of the decision.
    pub now: OffsetDateTime,
}

/// What one request tells of the device that it comes from, and from where in the network. What was looked for counts in place
/// of what the register says of the user and the role, also where nothing was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whereabouts {
    /// Whether the organisation looks after the device.
    pub managed_device: Looked<bool>,
    /// The network zone.
    pub zone: Looked<String>,
}

/// What came of looking for a fact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Looked<T> {
    /// Nobody looked: the register counts.
    #[default]
    Not,
    /// It is unknown.
    Unknown,
    /// It is this.
    Found(T),
}

impl<T> Looked<T> {
    /// What counts, where the register says this.
    pub(crate) fn or(&self, register: Option<&T>) -> Option<T>
    where
        T: Clone,
    {
        match self {
            Self::Not => register.cloned(),
            Self::Unknown => None,
            Self::Found(value) => Some(value.clone()),
        }
    }
}

/// What is known of a text beside its identifiers. What is `None` is unknown, and the pack's settings say what that counts as.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentFacts {
    /// What makes it sensitive, and the laws that protect it.
    pub labels: Option<BTreeSet<Label>>,
    /// How many individuals it speaks of, at most.
    pub individuals: Option<u32>,
    /// How likely it carries instructions of somebody else, 0 to 100.
    pub injection: Option<u8>,
    /// Whether passwords, keys or tokens are in it.
    pub credentials: Option<bool>,
    /// Where a patient reads the answer: whether a person of the office reads it first, or the wording that is required goes with it.
    pub reviewed: Option<bool>,
    /// What the patient has authorised: labels, and purposes such as `HMARKT`.
    pub authorizations: BTreeSet<String>,
    /// An emergency that was declared.
    pub break_glass: Option<BreakGlass>,
}

/// An emergency that a user declared (45 CFR 164.312(a)(2)(ii)): there is one only with a reason, and it ends by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakGlass {
    /// A code of the reason, for the log.
    pub reason: String,
    /// When it ends.
    pub until: OffsetDateTime,
}

impl BreakGlass {
    /// The purpose of what is asked in the emergency without a purpose of its own: treatment becomes emergency treatment, the only
    /// purpose under which an emergency lifts anything. Every other purpose stays.
    pub fn purpose(usual: PurposeOfUse) -> PurposeOfUse {
        if usual == PurposeOfUse::Treat { PurposeOfUse::Etreat } else { usual }
    }
}
