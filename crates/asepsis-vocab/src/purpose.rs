use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why data is used: a code of HL7 v3 `ActReason`, value set PurposeOfUse (2.16.840.1.113883.1.11.20448).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PurposeOfUse {
    /// Treatment of the patient.
    Treat,
    /// Emergency treatment.
    Etreat,
    /// Payment for care.
    Hpaymt,
    /// Running the organisation.
    Hoperat,
    /// Research.
    Hresch,
    /// Public health.
    Pubhlth,
    /// The patient asked for it.
    Patrqt,
    /// Marketing.
    Hmarkt,
    /// Nobody said why, or not in a code that is known. Never permits a richer form.
    #[default]
    Unknown,
}

impl PurposeOfUse {
    /// Every purpose that can be stated.
    pub const STATED: [Self; 8] = [
        Self::Treat,
        Self::Etreat,
        Self::Hpaymt,
        Self::Hoperat,
        Self::Hresch,
        Self::Pubhlth,
        Self::Patrqt,
        Self::Hmarkt,
    ];

    /// The HL7 code, or `UNKNOWN`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Treat => "TREAT",
            Self::Etreat => "ETREAT",
            Self::Hpaymt => "HPAYMT",
            Self::Hoperat => "HOPERAT",
            Self::Hresch => "HRESCH",
            Self::Pubhlth => "PUBHLTH",
            Self::Patrqt => "PATRQT",
            Self::Hmarkt => "HMARKT",
            Self::Unknown => "UNKNOWN",
        }
    }
}

impl fmt::Display for PurposeOfUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A code that is no known purpose of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown purpose of use; the codes are TREAT, ETREAT, HPAYMT, HOPERAT, HRESCH, PUBHLTH, PATRQT and HMARKT")]
pub struct UnknownPurpose;

impl FromStr for PurposeOfUse {
    type Err = UnknownPurpose;

    fn from_str(s: &str) -> Result<Self, UnknownPurpose> {
        Self::STATED.into_iter().find(|p| p.code().eq_ignore_ascii_case(s)).ok_or(UnknownPurpose)
    }
}
