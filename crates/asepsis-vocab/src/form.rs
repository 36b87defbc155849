use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A rung of the ladder of disclosure: the form in which data may go. Ordered from the poorest to the richest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisclosureForm {
    /// Nothing goes.
    Nothing,
    /// None of the eighteen identifiers of Safe Harbor is left, 45 CFR 164.514(b)(2).
    Deidentified,
    /// Identifiers are replaced by random surrogates that the vault can turn back. Still protected health information.
    Pseudonymised,
    /// A limited data set, 45 CFR 164.514(e): dates, town and ZIP code stay.
    Limited,
    /// As it is.
    Identified,
}

impl DisclosureForm {
    /// Every form, from the richest to the poorest.
    pub const LADDER: [Self; 5] =
        [Self::Identified, Self::Limited, Self::Pseudonymised, Self::Deidentified, Self::Nothing];

    /// The name in policies, configuration and the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Deidentified => "deidentified",
            Self::Pseudonymised => "pseudonymised",
            Self::Limited => "limited",
            Self::Identified => "identified",
        }
    }
}

impl fmt::Display for DisclosureForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no rung of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown form of disclosure; the forms are identified, limited, pseudonymised, deidentified and nothing")]
pub struct UnknownForm;

impl FromStr for DisclosureForm {
    type Err = UnknownForm;

    fn from_str(s: &str) -> Result<Self, UnknownForm> {
        Self::LADDER.into_iter().find(|f| f.name() == s).ok_or(UnknownForm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_goes_from_richest_to_poorest_and_names_read_back() {
        assert!(DisclosureForm::LADDER.windows(2).all(|w| w[0] > w[1]));
        for form in DisclosureForm::LADDER {
            assert_eq!(form.name().parse(), Ok(form));
        }
    }
}
