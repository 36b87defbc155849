use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use asepsis_vocab::PurposeOfUse;
use serde::{Deserialize, Serialize};
use time::{Date, Duration, OffsetDateTime, UtcOffset};

use crate::fact::{Fact, day, some_day};
use crate::grants::Grants;

/// Vendors, their agreements, the AI systems that may be reached, and the roles of people: the facts behind a decision.
#[derive(Clone, Debug, Default)]
pub struct Register {
    /// Tells registers apart; copies are the same. A register never changes, and an empty one has 0.
    id: u64,
    vendors: BTreeMap<String, Vendor>,
    systems: BTreeMap<String, AiSystem>,
    roles: BTreeMap<String, Role>,
    people: BTreeMap<String, Person>,
    /// Who may use a system for what, by system, as policies see it.
    grants: BTreeMap<String, Grants>,
}

/// Who offers AI systems.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vendor {
    /// A short stable name.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// How far its assessment has got.
    #[serde(default)]
    pub status: Fact<Status>,
    /// That somebody pulled the kill switch for all of its systems.
    #[serde(default)]
    pub stopped: bool,
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
    /// Qualified service organisation agreement, 42 CFR 2.11 and 2.12(c)(4).
    Qsoa,
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
            Self::Suspended => "suspended",
            Self::Retired => "retired",
        }
    }
}

/// How far a contract has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgreementState {
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
            Self::Requested => "requested",
            Self::Signed => "signed",
            Self::Terminated => "terminated",
        }
    }
}

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
}

/// A role of people or programs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// A short stable name.
    pub id: String,
    /// Whether the role may be given back what surrogates stand for.
    pub restore: bool,
    /// Whether the role looks after Asepsis itself.
    #[serde(default)]
    pub administer: bool,
    /// What holds for everybody of the role of whom nothing else is said.
    #[serde(default)]
    pub standing: Standing,
}

/// A user or program of whom more is known than the role.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The user's id, as keys and logins name it.
    pub user: String,
    /// What is known.
    #[serde(default)]
    pub standing: Standing,
}

/// What is known of people and of what they work with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Standing {
    /// That the training for the role was passed (45 CFR 164.308(a)(5), 164.530(b)); `expires` is when it lapses.
    pub training: Fact<bool>,
    /// That the present usage policy was agreed to.
    pub attestation: Fact<bool>,
    /// That the device is one that the organisation looks after (45 CFR 164.310(c)).
    pub managed_device: Fact<bool>,
    /// The network zone that requests come from.
    pub zone: Fact<String>,
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
        Self::with_people(vendors, systems, roles, Vec::new())
    }

    /// The same with people of whom more is known than their role.
    pub fn with_people(
        vendors: Vec<Vendor>,
        systems: Vec<AiSystem>,
        roles: Vec<Role>,
        people: Vec<Person>,
    ) -> Result<Self, RegisterError> {
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
            register.grants.insert(id.clone(), Grants::of(&system));
            if register.systems.insert(id.clone(), system).is_some() {
                return Err(RegisterError::Twice { kind: "system", id });
            }
        }
        register.check_agreements()?;
        for person in people {
            let user = person.user.clone();
            if register.people.insert(user.clone(), person).is_some() {
                return Err(RegisterError::Twice { kind: "person", id: user });
            }
        }
        Ok(register)
    }

    fn check_system(&self, system: &AiSystem) -> Result<(), RegisterError> {
        let place = || format!("system `{}`", system.id);
        if !self.vendors.contains_key(&system.vendor) {
            return Err(RegisterError::Missing { place: place(), kind: "vendor", id: system.vendor.clone() });
        }
        let mut named = system.roles.iter().chain(system.grants.values().flatten());
        match named.find(|role| !self.roles.contains_key(*role)) {
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

    /// What is known of a user: what is said of the person, and for the rest what is said of the role.
    pub(crate) fn standing(&self, user: &str, role: &str) -> Standing {
        fn first<T: Clone>(person: &Fact<T>, role: &Fact<T>) -> Fact<T> {
            if person.value.is_some() || person.grade != crate::Grade::U { person.clone() } else { role.clone() }
        }
        let of_role = self.roles.get(role).map(|role| &role.standing);
        match (self.people.get(user).map(|person| &person.standing), of_role) {
            (Some(person), Some(role)) => Standing {
                training: first(&person.training, &role.training),
                attestation: first(&person.attestation, &role.attestation),
                managed_device: first(&person.managed_device, &role.managed_device),
                zone: first(&person.zone, &role.zone),
            },
            (Some(standing), None) | (None, Some(standing)) => standing.clone(),
            (None, None) => Standing::default(),
        }
    }

    /// Who may use the system for what, as policies see it; made anew for a system that is not the register's own.
    pub(crate) fn grants(&self, system: &AiSystem) -> Cow<'_, Grants> {
        match (self.systems.get(&system.id), self.grants.get(&system.id)) {
            (Some(own), Some(grants)) if std::ptr::eq(own, system) => Cow::Borrowed(grants),
            _ => Cow::Owned(Grants::of(system)),
        }
    }

    /// Every role, by id.
    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        self.roles.values()
    }

    /// Every AI system, by id.
    pub fn systems(&self) -> impl Iterator<Item = &AiSystem> {
        self.systems.values()
    }

    /// Every vendor, by id.
    pub fn vendors(&self) -> impl Iterator<Item = &Vendor> {
        self.vendors.values()
    }

    /// The moments at which an agreement that covers the system, or a fact about it or its user, begins or ends to count.
    pub(crate) fn moments(&self, user: &str, role: &str, system: &AiSystem, offset: UtcOffset) -> Vec<OffsetDateTime> {
        let vendor = self.vendors.get(&system.vendor);
        let agreements = vendor.into_iter().flat_map(|vendor| &vendor.agreements);
        let of_agreements = agreements
            .filter(|a| a.systems.contains(&system.id))
            .flat_map(move |a| [a.effective(offset), a.expires(offset)]);
        let mut moments: Vec<OffsetDateTime> = of_agreements.collect();
        moments.extend(vendor.into_iter().flat_map(|vendor| vendor.status.moments(offset)));
        let standing = self.standing(user, role);
        moments.extend(standing.training.moments(offset).chain(standing.attestation.moments(offset)));
        moments.extend(standing.managed_device.moments(offset).chain(standing.zone.moments(offset)));
        moments.extend(system.status.moments(offset).chain(system.retention_days.moments(offset)));
        moments.extend(system.trains_on_data.moments(offset).chain(system.regions.moments(offset)));
        moments.extend(system.patient_facing.moments(offset));
        moments
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
