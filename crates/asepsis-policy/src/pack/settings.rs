use std::collections::{BTreeMap, BTreeSet};

use asepsis_vocab::{IdentifierClass, PurposeOfUse};
use serde::{Deserialize, Serialize};

use crate::fact::Grade;

/// What can be set without writing a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The longest that a vendor may keep data that names people, in days.
    pub retention_days: u32,
    /// The most individuals that an interactive exchange may speak of.
    pub individuals: u32,
    /// The score, 1 to 100, from which a text counts as an attack; from half of it on no tools are called.
    pub injection: u8,
    /// Whether a person may release a call that writes or reaches out although text of strangers is in the conversation.
    pub release_tainted: bool,
    /// Where health information may be kept; empty means that the organisation has not limited it.
    pub regions: BTreeSet<String>,
    /// What text counts as that bears no sensitivity label.
    pub unlabelled: Unlabelled,
    /// What text counts as in which nobody looked for hostile instructions and credentials.
    pub unscreened: Unscreened,
    /// The poorest evidence that a fact about a vendor may rest on.
    pub least_grade: Grade,
    /// The classes that may stand in identified data for a purpose other than treatment; where a purpose is not listed, none.
    pub minimum_necessary: BTreeMap<PurposeOfUse, BTreeSet<IdentifierClass>>,
}

/// What text counts as that bears no sensitivity label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unlabelled {
    /// It bears none: the organisation says that its sources label what is sensitive.
    Ordinary,
    /// It may bear any.
    Unknown,
}

/// What text counts as in which nobody looked for hostile instructions and credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unscreened {
    /// It is taken as clean.
    Accept,
    /// It is refused where a rule asks for it.
    Refuse,
}

/// Settings as a file states them: what it does not state stays as it was.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Stated {
    retention_days: Option<u32>,
    individuals: Option<u32>,
    injection: Option<u8>,
    release_tainted: Option<bool>,
    regions: Option<BTreeSet<String>>,
    unlabelled: Option<Unlabelled>,
    unscreened: Option<Unscreened>,
    least_grade: Option<Grade>,
    minimum_necessary: BTreeMap<PurposeOfUse, BTreeSet<IdentifierClass>>,
}

/// The poorest settings: what a pack that states nothing gets.
impl Default for Settings {
    fn default() -> Self {
        Self {
            retention_days: 0,
            individuals: 1,
            injection: 1,
            release_tainted: false,
            regions: BTreeSet::new(),
            unlabelled: Unlabelled::Unknown,
            unscreened: Unscreened::Refuse,
            least_grade: Grade::D,
            minimum_necessary: BTreeMap::new(),
        }
    }
}

impl Settings {
    pub(crate) fn state(&mut self, stated: Stated) {
        fn set<T>(to: &mut T, from: Option<T>) {
            if let Some(value) = from {
                *to = value;
            }
        }
        set(&mut self.retention_days, stated.retention_days);
        set(&mut self.individuals, stated.individuals);
        set(&mut self.injection, stated.injection);
        set(&mut self.release_tainted, stated.release_tainted);
        set(&mut self.regions, stated.regions);
        set(&mut self.unlabelled, stated.unlabelled);
        set(&mut self.unscreened, stated.unscreened);
        set(&mut self.least_grade, stated.least_grade);
        self.minimum_necessary.extend(stated.minimum_necessary);
    }

    /// The classes that may stand in identified data for this purpose under the obligation MINEC: those of the purpose, or of
    /// what it is a kind of.
    pub fn kept_for(&self, purpose: PurposeOfUse) -> BTreeSet<IdentifierClass> {
        purpose.kinds().find_map(|kind| self.minimum_necessary.get(&kind)).cloned().unwrap_or_default()
    }
}
