//! Vendors: how far their assessment has got, and what else is known of them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use time::Date;

use crate::agreement::Agreement;
use crate::fact::{Fact, some_day};
use crate::known::FactSheet;

/// Who offers AI systems.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vendor {
    /// A short stable name.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// The country that it is in, for people.
    #[serde(default)]
    pub country: Option<String>,
    /// Who is to be asked there.
    #[serde(default)]
    pub contacts: Vec<String>,
    /// Who looks after it here.
    #[serde(default)]
    pub owner: Option<String>,
    /// How much depends on it.
    #[serde(default)]
    pub tier: Option<Tier>,
    /// The day on which it is to be looked at again.
    #[serde(default, deserialize_with = "some_day")]
    pub next_review: Option<Date>,
    /// The ids of the vendors to whom it hands data on.
    #[serde(default)]
    pub subprocessors: BTreeSet<String>,
    /// How far its assessment has got.
    #[serde(default)]
    pub status: Fact<Status>,
    /// That somebody pulled the kill switch for all of its systems.
    #[serde(default)]
    pub stopped: bool,
    /// What more is known.
    #[serde(default)]
    pub facts: FactSheet,
    /// What was agreed with the vendor.
    #[serde(default, rename = "agreement")]
    pub agreements: Vec<Agreement>,
}

/// How much depends on a vendor, by the harm that it can do and the data that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Little.
    Low,
    /// Some.
    Moderate,
    /// Much.
    High,
    /// Patients' safety.
    Critical,
}

/// How far the assessment of a vendor or an AI system has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Somebody asked for it.
    Requested,
    /// It is being looked at.
    InReview,
    /// It may be used under conditions, which are not met yet.
    Conditional,
    /// It may be used.
    Approved,
    /// It was approved, and something that the approval rests on is not known any more. The register finds that out; nobody
    /// states it.
    Lapsed,
    /// It may not be used for the time being.
    Suspended,
    /// It is not used any more.
    Retired,
}

impl Status {
    /// The name in policies and configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::InReview => "in_review",
            Self::Conditional => "conditional",
            Self::Approved => "approved",
            Self::Lapsed => "lapsed",
            Self::Suspended => "suspended",
            Self::Retired => "retired",
        }
    }
}
