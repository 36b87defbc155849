//! Agreements: from the first day to the last, at the organisation's midnight.

use serde::{Deserialize, Serialize};
use time::{Date, Duration, OffsetDateTime, UtcOffset};

use crate::fact::{day, some_day};
use crate::known::FactSheet;

/// An agreement is about to end when it has this many days or fewer.
pub const EXPIRING_DAYS: i64 = 30;

/// A contract with a vendor.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// A short stable name; it goes into the log.
    pub id: String,
    /// The id of the vendor, where the agreement does not stand within it.
    #[serde(default)]
    pub vendor: String,
    /// What kind of contract.
    pub kind: AgreementKind,
    /// How far it has got.
    pub state: AgreementState,
    /// The first day that it is in force.
    #[serde(deserialize_with = "day")]
    pub first_day: Date,
    /// The last day that it is in force; absent only with `open_ended`.
    #[serde(default, deserialize_with = "some_day")]
    pub last_day: Option<Date>,
    /// That the contract runs until somebody ends it.
    #[serde(default)]
    pub open_ended: bool,
    /// The ids of the AI systems that it covers.
    pub systems: Vec<String>,
    /// What it says.
    #[serde(default)]
    pub facts: FactSheet,
}

/// The kind of a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgreementKind {
    /// Business associate agreement, 45 CFR 164.504(e).
    Baa,
    /// Data use agreement for a limited data set, 45 CFR 164.514(e)(4).
    Dua,
    /// Qualified service organisation agreement, 42 CFR 2.11 and 2.12(c)(4).
    Qsoa,
    /// Data processing agreement, GDPR Art. 28(3).
    Dpa,
    /// Standard contractual clauses, GDPR Art. 46(2)(c).
    Scc,
}

/// How far a contract has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgreementState {
    /// There is none.
    None,
    /// Asked for, not signed.
    Requested,
    /// Signed by both.
    Signed,
    /// Ended before its last day.
    Terminated,
}

impl AgreementState {
    /// The name in policies.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Requested => "requested",
            Self::Signed => "signed",
            Self::Terminated => "terminated",
        }
    }
}

/// Where a contract stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AgreementStanding {
    /// There is none.
    None,
    /// Asked for, not signed.
    Requested,
    /// Signed, and its first day is still to come.
    NotYet,
    /// In force.
    Signed,
    /// In force, for 30 days or less.
    Expiring,
    /// Its last day is over.
    Expired,
    /// Ended before its last day.
    Terminated,
}

impl AgreementStanding {
    /// The name in output.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Requested => "requested",
            Self::NotYet => "not_yet",
            Self::Signed => "signed",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::Terminated => "terminated",
        }
    }
}

impl Agreement {
    /// The first moment that it is in force: the start of its first day where the organisation is.
    pub fn effective(&self, offset: UtcOffset) -> OffsetDateTime {
        self.first_day.midnight().assume_offset(offset)
    }

    /// The first moment that it is no longer in force: the midnight after its last day where the organisation is.
    pub fn expires(&self, offset: UtcOffset) -> OffsetDateTime {
        match self.last_day {
            Some(last) => last.midnight().assume_offset(offset).saturating_add(Duration::DAY),
            None => time::macros::datetime!(9999-01-01 0:00 UTC),
        }
    }

    /// Whether it is signed and in force at `now`.
    pub fn in_force(&self, now: OffsetDateTime, offset: UtcOffset) -> bool {
        self.state == AgreementState::Signed && self.effective(offset) <= now && now < self.expires(offset)
    }

    /// Where it stands at `now`.
    pub fn standing(&self, now: OffsetDateTime, offset: UtcOffset) -> AgreementStanding {
        match self.state {
            AgreementState::None => AgreementStanding::None,
            AgreementState::Requested => AgreementStanding::Requested,
            AgreementState::Terminated => AgreementStanding::Terminated,
            AgreementState::Signed if now < self.effective(offset) => AgreementStanding::NotYet,
            AgreementState::Signed if self.expires(offset) <= now => AgreementStanding::Expired,
            AgreementState::Signed => match self.last_day.map(|last| days_left(last, now, offset)) {
                Some(left) if left <= EXPIRING_DAYS => AgreementStanding::Expiring,
                _ => AgreementStanding::Signed,
            },
        }
    }
}

/// The days from today to a last day, where the organisation is: 0 on the last day, less than 0 once it is over.
pub fn days_left(last: Date, now: OffsetDateTime, offset: UtcOffset) -> i64 {
    (last - now.to_offset(offset).date()).whole_days()
}
