//! AI systems.

use std::collections::{BTreeMap, BTreeSet};

use asepsis_vocab::PurposeOfUse;

use crate::fact::Fact;
use crate::known::FactSheet;
use crate::vendor::Status;

/// A product of a vendor that exchanges may go to.
#[derive(Clone, Debug, Default)]
pub struct AiSystem {
    /// A short stable name.
    pub id: String,
    /// The id of its vendor.
    pub vendor: String,
    /// The roles that may use it.
    pub roles: BTreeSet<String>,
    /// The purposes that it is approved for, with their kinds, for each of these roles.
    pub purposes: BTreeSet<PurposeOfUse>,
    /// Further roles for single purposes.
    pub grants: BTreeMap<PurposeOfUse, BTreeSet<String>>,
    /// How far its assessment has got.
    pub status: Fact<Status>,
    /// That somebody pulled its kill switch.
    pub stopped: bool,
    /// How long the vendor keeps data, in days.
    pub retention_days: Fact<u32>,
    /// Whether the vendor trains on data.
    pub trains_on_data: Fact<bool>,
    /// Where the vendor stores and processes data, in words of the organisation's own such as `us`.
    pub regions: Fact<BTreeSet<String>>,
    /// Whether patients read what it writes.
    pub patient_facing: Fact<bool>,
    /// From which network zones it may be used; empty means from all.
    pub zones: BTreeSet<String>,
    /// Who looks after it here.
    pub owner: Option<String>,
    /// What more is known.
    pub facts: FactSheet,
}
