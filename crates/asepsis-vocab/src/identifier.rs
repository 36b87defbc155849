use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A kind of identifier.
///
/// All but [`Org`](Self::Org) and [`Profession`](Self::Profession) are among the eighteen of the Safe Harbor method,
/// 45 CFR 164.514(b)(2)(i)(A) to (R), of the individual and of relatives, employers and household members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IdentifierClass {
    /// (A) Names.
    Name,
    /// (B) Geographic subdivisions smaller than a state, and their codes.
    Location,
    /// (C) Elements of dates, except the year, directly related to an individual.
    Date,
    /// (C) Ages over 89, and what indicates such an age.
    Age,
    /// (D) Telephone numbers.
    Phone,
    /// (E) Fax numbers.
    Fax,
    /// (F) Electronic mail addresses.
    Email,
    /// (G) Social security numbers.
    Ssn,
    /// (H) Medical record numbers.
    Mrn,
    /// (I) Health plan beneficiary numbers.
    HealthPlan,
    /// (J) Account numbers.
    Account,
    /// (K) Certificate and license numbers.
    License,
    /// (L) Vehicle identifiers and serial numbers, including license plates.
    Vehicle,
    /// (M) Device identifiers and serial numbers.
    Device,
    /// (N) Web universal resource locators.
    Url,
    /// (O) Internet protocol addresses.
    Ip,
    /// (P) Biometric identifiers, including finger and voice prints.
    Biometric,
    /// (Q) Full-face photographs and comparable images.
    Photo,
    /// (R) Any other unique identifying number, characteristic or code.
    Id,
    /// An organisation; covered where policy asks, or where it is an employer or a place of care below a state.
    Org,
    /// A profession; covered where policy asks.
    Profession,
}

impl IdentifierClass {
    /// Every class, in the order of the regulation.
    pub const ALL: [Self; 21] = [
        Self::Name,
        Self::Location,
        Self::Date,
        Self::Age,
        Self::Phone,
        Self::Fax,
        Self::Email,
        Self::Ssn,
        Self::Mrn,
        Self::HealthPlan,
        Self::Account,
        Self::License,
        Self::Vehicle,
        Self::Device,
        Self::Url,
        Self::Ip,
        Self::Biometric,
        Self::Photo,
        Self::Id,
        Self::Org,
        Self::Profession,
    ];

    /// The label that reports, placeholders and `scan --jsonl` use, for example `HEALTH_PLAN`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Name => "NAME",
            Self::Location => "LOCATION",
            Self::Date => "DATE",
            Self::Age => "AGE",
            Self::Phone => "PHONE",
            Self::Fax => "FAX",
            Self::Email => "EMAIL",
            Self::Ssn => "SSN",
            Self::Mrn => "MRN",
            Self::HealthPlan => "HEALTH_PLAN",
            Self::Account => "ACCOUNT",
            Self::License => "LICENSE",
            Self::Vehicle => "VEHICLE",
            Self::Device => "DEVICE",
            Self::Url => "URL",
            Self::Ip => "IP",
            Self::Biometric => "BIOMETRIC",
            Self::Photo => "PHOTO",
            Self::Id => "ID",
            Self::Org => "ORG",
            Self::Profession => "PROFESSION",
        }
    }

    /// The paragraph of 45 CFR 164.514(b)(2)(i) that names the class; `None` for those that only policy covers.
    pub fn safe_harbor_paragraph(self) -> Option<char> {
        Some(match self {
            Self::Name => 'A',
            Self::Location => 'B',
            Self::Date | Self::Age => 'C',
            Self::Phone => 'D',
            Self::Fax => 'E',
            Self::Email => 'F',
            Self::Ssn => 'G',
            Self::Mrn => 'H',
            Self::HealthPlan => 'I',
            Self::Account => 'J',
            Self::License => 'K',
            Self::Vehicle => 'L',
            Self::Device => 'M',
            Self::Url => 'N',
            Self::Ip => 'O',
            Self::Biometric => 'P',
            Self::Photo => 'Q',
            Self::Id => 'R',
            Self::Org | Self::Profession => return None,
        })
    }

    /// Whether the number alone lets a thief open an account or obtain care in the individual's name.
    pub fn enables_identity_theft(self) -> bool {
        matches!(self, Self::Ssn | Self::Account | Self::HealthPlan | Self::License)
    }
}

impl fmt::Display for IdentifierClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl FromStr for IdentifierClass {
    type Err = UnknownLabel;

    fn from_str(s: &str) -> Result<Self, UnknownLabel> {
        Self::ALL.into_iter().find(|c| c.label() == s).ok_or(UnknownLabel)
    }
}

/// A label that names no [`IdentifierClass`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown identifier label; the labels are those of `IdentifierClass::ALL`")]
pub struct UnknownLabel;

/// What more is known of a finding within its class, as far as a form of disclosure depends on it.
///
/// A limited data set (45 CFR 164.514(e)(2)) keeps town, state and ZIP code but not the street; Safe Harbor keeps the
/// first three digits of most ZIP codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// Nothing more is known: treated as the most identifying of its class.
    #[default]
    Unspecified,
    /// A street address, a post-office box, a unit, coordinates.
    Street,
    /// A town, city, county or precinct.
    Town,
    /// A ZIP or other postal code.
    PostalCode,
    /// A date of birth.
    Birth,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_unique_and_read_back() {
        for class in IdentifierClass::ALL {
            assert_eq!(class.label().parse(), Ok(class));
            assert_eq!(serde_json::to_string(&class).unwrap(), format!("\"{}\"", class.label()));
        }
    }

    #[test]
    fn all_eighteen_paragraphs_of_safe_harbor_are_covered() {
        let mut letters: Vec<char> =
            IdentifierClass::ALL.into_iter().filter_map(IdentifierClass::safe_harbor_paragraph).collect();
        letters.dedup();
        assert_eq!(letters, ('A'..='R').collect::<Vec<_>>());
    }
}
