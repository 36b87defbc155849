use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use time::Date;

use crate::{Grade, day};

/// A document that facts rest on. Its text is kept elsewhere, sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// What kind of document.
    pub kind: EvidenceKind,
    /// Who issued it: the auditor, the certification body, the vendor.
    pub issuer: String,
    /// The vendor that it is about.
    pub vendor: String,
    /// The AI systems that it covers; empty means all of the vendor's.
    #[serde(default)]
    pub systems: BTreeSet<String>,
    /// The facts that may rest on it; empty means all.
    #[serde(default)]
    pub facts: BTreeSet<String>,
    /// The last day on which it may be relied on; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "day::option")]
    pub valid_to: Option<Date>,
}

/// The kinds of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EvidenceKind {
    /// AICPA SOC 2, type II: controls over a period.
    #[serde(rename = "SOC2-II")]
    Soc2Type2,
    /// AICPA SOC 2, type I: controls on one day.
    #[serde(rename = "SOC2-I")]
    Soc2Type1,
    /// Certificate of ISO/IEC 27001.
    #[serde(rename = "ISO27001")]
    Iso27001,
    /// Certificate of ISO/IEC 42001.
    #[serde(rename = "ISO42001")]
    Iso42001,
    /// HITRUST e1.
    #[serde(rename = "HITRUST-e1")]
    HitrustE1,
    /// HITRUST i1.
    #[serde(rename = "HITRUST-i1")]
    HitrustI1,
    /// HITRUST r2.
    #[serde(rename = "HITRUST-r2")]
    HitrustR2,
    /// HITRUST ai1.
    #[serde(rename = "HITRUST-ai1")]
    HitrustAi1,
    /// HITRUST ai2.
    #[serde(rename = "HITRUST-ai2")]
    HitrustAi2,
    /// FedRAMP authorisation.
    #[serde(rename = "FedRAMP")]
    FedRamp,
    /// Report of a penetration test.
    #[serde(rename = "pen-test")]
    PenTest,
    /// The signed agreement: a scan of a BAA, DPA, DUA or QSOA.
    #[serde(rename = "agreement")]
    Agreement,
    /// A policy, white paper, manual or answered questionnaire of the vendor.
    #[serde(rename = "vendor-document")]
    VendorDocument,
    /// A letter or mail with a statement.
    #[serde(rename = "statement")]
    Statement,
}

impl EvidenceKind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::Soc2Type2,
        Self::Soc2Type1,
        Self::Iso27001,
        Self::Iso42001,
        Self::HitrustE1,
        Self::HitrustI1,
        Self::HitrustR2,
        Self::HitrustAi1,
        Self::HitrustAi2,
        Self::FedRamp,
        Self::PenTest,
        Self::Agreement,
        Self::VendorDocument,
        Self::Statement,
    ];

    /// The name in data and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Soc2Type2 => "SOC2-II",
            Self::Soc2Type1 => "SOC2-I",
            Self::Iso27001 => "ISO27001",
            Self::Iso42001 => "ISO42001",
            Self::HitrustE1 => "HITRUST-e1",
            Self::HitrustI1 => "HITRUST-i1",
            Self::HitrustR2 => "HITRUST-r2",
            Self::HitrustAi1 => "HITRUST-ai1",
            Self::HitrustAi2 => "HITRUST-ai2",
            Self::FedRamp => "FedRAMP",
            Self::PenTest => "pen-test",
            Self::Agreement => "agreement",
            Self::VendorDocument => "vendor-document",
            Self::Statement => "statement",
        }
    }

    /// The best grade that a fact can have by such a document.
    pub fn best(self) -> Grade {
        match self {
            Self::Agreement => Grade::B,
            Self::VendorDocument => Grade::C,
            Self::Statement => Grade::D,
            _ => Grade::A,
        }
    }

    /// Whether such a document means nothing without a last day.
    pub fn needs_end(self) -> bool {
        self.best() == Grade::A
    }
}

impl std::str::FromStr for EvidenceKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(text)).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.into_iter().map(Self::name).collect();
            format!("the kinds of documents are {}", names.join(", "))
        })
    }
}

impl Evidence {
    /// Whether it may be relied on, on this day.
    pub fn in_date(&self, today: Date) -> bool {
        self.valid_to.is_none_or(|last| today <= last)
    }

    /// The best grade that a fact can have by it while it is in date, and its last day.
    pub fn reach(&self, vendor: &str, system: Option<&str>, fact: &str) -> (Grade, Option<Date>) {
        (self.scope(vendor, system, fact).0, self.valid_to)
    }

    /// The best grade of a fact that rests on it on this day, and why it is no better than what the document could give. One that is
    /// over is none.
    pub(crate) fn grade(&self, vendor: &str, system: Option<&str>, fact: &str, today: Date) -> (Grade, Option<String>) {
        match self.valid_to {
            Some(last) if last < today => (Grade::U, Some(format!("the document ended on {last}"))),
            _ => self.scope(vendor, system, fact),
        }
    }

    fn scope(&self, vendor: &str, system: Option<&str>, fact: &str) -> (Grade, Option<String>) {
        if self.vendor != vendor {
            return (Grade::D, Some(format!("the document is about `{}`", self.vendor)));
        }
        if let Some(system) = system
            && !self.systems.is_empty()
            && !self.systems.contains(system)
        {
            return (Grade::D, Some("the document does not cover this system".to_owned()));
        }
        if !self.facts.is_empty() && !self.facts.contains(fact) {
            return (Grade::D, Some("the document does not speak of this".to_owned()));
        }
        match self.valid_to {
            None if self.kind.needs_end() => (Grade::C, Some("the document has no last day".to_owned())),
            _ => (self.kind.best(), None),
        }
    }
}
