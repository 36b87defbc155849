use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use asepsis_vocab::PurposeOfUse;
use serde::Deserialize;
use time::{Date, Duration, OffsetDateTime, UtcOffset};

/// Vendors, their agreements, the AI systems that may be reached, and the roles of people: the facts behind a decision.
#[derive(Clone, Debug, Default)]
pub struct Register {
    /// Tells registers apart; copies are the same. A register never changes, and an empty one has 0.
    id: u64,
    vendors: BTreeMap<String, Vendor>,
    systems: BTreeMap<String, AiSystem>,
    roles: BTreeMap<String, Role>,
}

/// Who offers AI systems.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vendor {
    /// A short stable name.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// What was agreed with the vendor.
    #[serde(default, rename = "agreement")]
    pub agreements: Vec<Agreement>,
}

/// A contract with a vendor.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// A short stable name; it goes into the log.
    pub id: String,
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
}

/// The kind of a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgreementKind {
    /// Business associate agreement, 45 CFR 164.504(e).
    Baa,
    /// Data use agreement for a limited data set, 45 CFR 164.514(e)(4).
    Dua,
}

/// How far a contract has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgreementState {
    /// Asked for, not signed.
    Requested,
    /// Signed by both.
    Signed,
    /// Ended before its last day.
    Terminated,
}

/// A product of a vendor that exchanges may go to.
#[derive(Clone, Debug)]
pub struct AiSystem {
    /// A short stable name.
    pub id: String,
    /// The id of its vendor.
    pub vendor: String,
    /// The roles that may use it.
    pub roles: BTreeSet<String>,
    /// The purposes that it is approved for.
    pub purposes: BTreeSet<PurposeOfUse>,
    /// How long the vendor keeps data, in days; `None` is unknown.
    pub retention_days: Option<u32>,
    /// Whether the vendor trains on data; `None` is unknown.
    pub trains_on_data: Option<bool>,
}

/// A role of people or programs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// A short stable name.
    pub id: String,
    /// Whether the role may be given back what surrogates stand for.
    pub restore: bool,
}

/// What is wrong with a register, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// Two entries have the same id.
    #[error("{kind} `{id}` stands twice; ids must be unique")]
    Twice {
        /// vendor, system or role.
        kind: &'static str,
        /// The id.
        id: String,
    },
    /// An entry names another that is not there.
    #[error("{place} names the {kind} `{id}`, which is not there; add it or correct the name")]
    Missing {
        /// Where the name stands.
        place: String,
        /// vendor, system or role.
        kind: &'static str,
        /// The id.
        id: String,
    },
    /// An agreement has no end, or two.
    #[error(
        "agreement `{0}` needs `last_day`, or `open_ended = true` where it runs until somebody ends it, and not both"
    )]
    NoEnd(String),
    /// An agreement ends before it starts.
    #[error("agreement `{0}` ends before it starts; correct `first_day` or `last_day`")]
    EndsBeforeStart(String),
    /// An id that could not stand in a log or a policy.
    #[error("{kind} id at {place} must be 1 to 64 of letters, digits, `.`, `_`, `-`, and start with a letter or digit")]
    BadId {
        /// vendor, system, role or agreement.
        kind: &'static str,
        /// Where it stands.
        place: String,
    },
}

impl Register {
    /// A register of these entries, if they hold together.
    pub fn new(vendors: Vec<Vendor>, systems: Vec<AiSystem>, roles: Vec<Role>) -> Result<Self, RegisterError> {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let mut register = Self { id: LAST.fetch_add(1, Ordering::Relaxed) + 1, ..Self::default() };
        for (i, role) in roles.into_iter().enumerate() {
            check_id("role", &role.id, || format!("role {}", i + 1))?;
            let id = role.id.clone();
            if register.roles.insert(id.clone(), role).is_some() {
                return Err(RegisterError::Twice { kind: "role", id });
            }
        }
        for (i, vendor) in vendors.into_iter().enumerate() {
            check_id("vendor", &vendor.id, || format!("vendor {}", i + 1))?;
            let id = vendor.id.clone();
            if register.vendors.insert(id.clone(), vendor).is_some() {
                return Err(RegisterError::Twice { kind: "vendor", id });
            }
        }
        for (i, system) in systems.into_iter().enumerate() {
            check_id("system", &system.id, || format!("system {}", i + 1))?;
            register.check_system(&system)?;
            let id = system.id.clone();
            if register.systems.insert(id.clone(), system).is_some() {
                return Err(RegisterError::Twice { kind: "system", id });
            }
        }
        register.check_agreements()?;
        Ok(register)
    }

    fn check_system(&self, system: &AiSystem) -> Result<(), RegisterError> {
        let place = || format!("system `{}`", system.id);
        if !self.vendors.contains_key(&system.vendor) {
            return Err(RegisterError::Missing { place: place(), kind: "vendor", id: system.vendor.clone() });
        }
        match system.roles.iter().find(|role| !self.roles.contains_key(*role)) {
            Some(role) => Err(RegisterError::Missing { place: place(), kind: "role", id: role.clone() }),
            None => Ok(()),
        }
    }

    fn check_agreements(&self) -> Result<(), RegisterError> {
        for vendor in self.vendors.values() {
            for (i, agreement) in vendor.agreements.iter().enumerate() {
                check_id("agreement", &agreement.id, || format!("vendor `{}`, agreement {}", vendor.id, i + 1))?;
                if agreement.last_day.is_some() == agreement.open_ended {
                    return Err(RegisterError::NoEnd(agreement.id.clone()));
                }
                if agreement.last_day.is_some_and(|last| last < agreement.first_day) {
                    return Err(RegisterError::EndsBeforeStart(agreement.id.clone()));
                }
                for system in &agreement.systems {
                    if self.systems.get(system).is_none_or(|s| s.vendor != vendor.id) {
                        let place = format!("agreement `{}` of vendor `{}`", agreement.id, vendor.id);
                        return Err(RegisterError::Missing { place, kind: "system", id: system.clone() });
                    }
                }
            }
        }
        Ok(())
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// The AI system of this id.
    pub fn system(&self, id: &str) -> Option<&AiSystem> {
        self.systems.get(id)
    }

    /// The vendor of this id.
    pub fn vendor(&self, id: &str) -> Option<&Vendor> {
        self.vendors.get(id)
    }

    /// The role of this id.
    pub fn role(&self, id: &str) -> Option<&Role> {
        self.roles.get(id)
    }

    /// Every AI system, by id.
    pub fn systems(&self) -> impl Iterator<Item = &AiSystem> {
        self.systems.values()
    }

    /// Every vendor, by id.
    pub fn vendors(&self) -> impl Iterator<Item = &Vendor> {
        self.vendors.values()
    }

    /// The moments at which an agreement that covers the system begins or ends.
    pub(crate) fn moments(&self, system: &AiSystem, offset: UtcOffset) -> impl Iterator<Item = OffsetDateTime> {
        let agreements = self.vendors.get(&system.vendor).into_iter().flat_map(|vendor| &vendor.agreements);
        agreements
            .filter(|a| a.systems.contains(&system.id))
            .flat_map(move |a| [a.effective(offset), a.expires(offset)])
    }

    /// The agreement of this kind that covers the system and speaks most in its favour at `now`: one in force before one
    /// that is not, and among those the one that ends last.
    pub fn agreement(
        &self,
        system: &AiSystem,
        kind: AgreementKind,
        now: OffsetDateTime,
        offset: UtcOffset,
    ) -> Option<&Agreement> {
        self.vendors
            .get(&system.vendor)?
            .agreements
            .iter()
            .filter(|a| a.kind == kind && a.systems.contains(&system.id))
            .max_by_key(|a| (a.in_force(now, offset), a.expires(offset)))
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
}

fn check_id(kind: &'static str, id: &str, place: impl Fn() -> String) -> Result<(), RegisterError> {
    let good = (1..=64).contains(&id.len())
        && id.starts_with(|c: char| c.is_ascii_alphanumeric())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if good { Ok(()) } else { Err(RegisterError::BadId { kind, place: place() }) }
}

fn day<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = String::deserialize(deserializer)?;
    let format = time::macros::format_description!("[year]-[month]-[day]");
    Date::parse(&text, format).map_err(|_| serde::de::Error::custom("a day looks like \"2026-12-31\", in quotes"))
}

fn some_day<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    day(deserializer).map(Some)
}
