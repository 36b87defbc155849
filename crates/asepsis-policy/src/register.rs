//! A register: what is known of vendors, AI systems, roles and people, and what that comes to at a moment.

mod assemble;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use time::{OffsetDateTime, UtcOffset};

use crate::agreement::{Agreement, AgreementKind};
use crate::fact::{Fact, Grade};
use crate::facts::BreakGlass;
use crate::grants::Grants;
use crate::people::{Person, Role, Standing};
use crate::stops::{StopOf, Stops};
use crate::system::AiSystem;
use crate::vendor::{Status, Vendor};

pub use assemble::{Emergencies, Parts, RegisterError, Trained};

/// Vendors, their agreements, the AI systems that may be reached, and the roles of people: the facts behind a decision.
#[derive(Clone, Debug, Default)]
pub struct Register {
    /// Tells registers apart; copies are the same. A register never changes, and an empty one has 0.
    id: u64,
    /// Shared with registers that differ in kill switches only.
    vendors: Arc<BTreeMap<String, Vendor>>,
    systems: Arc<BTreeMap<String, AiSystem>>,
    roles: BTreeMap<String, Role>,
    people: BTreeMap<String, Person>,
    trained: Arc<Trained>,
    emergencies: Arc<Emergencies>,
    stops: Stops,
    /// Who may use a system for what, by system, as policies see it; made when it is asked for first.
    grants: BTreeMap<String, OnceLock<Grants>>,
}

impl Register {
    /// The same register with these kill switches.
    #[must_use]
    pub fn with_stops(&self, stops: Stops) -> Self {
        Self { id: next_id(), stops, ..self.clone() }
    }

    /// What is left to rely on where it is not known any more whether all this still holds: no agreement, no approval, and of
    /// systems and people no fact. What is switched off stays so.
    #[must_use]
    pub fn doubted(&self) -> Self {
        let mut register = self.with_stops(self.stops.clone());
        for vendor in Arc::make_mut(&mut register.vendors).values_mut() {
            vendor.agreements.clear();
            vendor.status = Fact::default();
        }
        for system in Arc::make_mut(&mut register.systems).values_mut() {
            system.status = Fact::default();
            system.retention_days = Fact::default();
            system.trains_on_data = Fact::default();
            system.regions = Fact::default();
        }
        register
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

    /// What is known of a user: what is said of the person, of training then what was passed, and for the rest what is said of the
    /// role.
    pub(crate) fn standing(&self, user: &str, role: &str) -> Standing {
        fn says<T>(fact: &Fact<T>) -> bool {
            fact.value.is_some() || fact.grade != Grade::U
        }
        fn first<T: Clone>(person: &Fact<T>, role: &Fact<T>) -> Fact<T> {
            if says(person) { person.clone() } else { role.clone() }
        }
        let of_role = self.roles.get(role).map(|role| &role.standing);
        let of_person = self.people.get(user).map(|person| &person.standing);
        let mut standing = match (of_person, of_role) {
            (Some(person), Some(role)) => Standing {
                training: first(&person.training, &role.training),
                attestation: first(&person.attestation, &role.attestation),
                managed_device: first(&person.managed_device, &role.managed_device),
                zone: first(&person.zone, &role.zone),
            },
            (Some(standing), None) | (None, Some(standing)) => standing.clone(),
            (None, None) => Standing::default(),
        };
        let passed = self.trained.get(user).and_then(|roles| roles.get(role));
        if let Some(passed) = passed.filter(|_| !of_person.is_some_and(|person| says(&person.training))) {
            standing.training = passed.clone();
        }
        standing
    }

    /// The emergency that the user declared, where its time is not over at `now` (45 CFR 164.312(a)(2)(ii)).
    pub fn emergency(&self, user: &str, now: OffsetDateTime) -> Option<&BreakGlass> {
        self.emergencies.get(user).filter(|glass| now < glass.until)
    }

    /// Who may use the system for what, as policies see it; made anew for a system that is not the register's own.
    pub(crate) fn grants(&self, system: &AiSystem) -> Cow<'_, Grants> {
        match (self.systems.get(&system.id), self.grants.get(&system.id)) {
            (Some(own), Some(grants)) if std::ptr::eq(own, system) => {
                Cow::Borrowed(grants.get_or_init(|| Grants::of(system)))
            }
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

    /// Everybody of whom more is known than the role, by user.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        self.people.values()
    }

    /// What is switched off by record.
    pub fn stops(&self) -> &Stops {
        &self.stops
    }

    /// Of what the kill switch is that keeps the system, this model and these tools from being used, if one is pulled, and
    /// its name.
    pub fn stopped<'a>(
        &self,
        system: &'a str,
        model: &'a str,
        tools: impl IntoIterator<Item = &'a str>,
    ) -> Option<(StopOf, &'a str)> {
        if self.systems.get(system).is_some_and(|system| self.is_stopped(system)) {
            return Some((StopOf::System, system));
        }
        if self.stops.of(StopOf::Model, model).is_some() {
            return Some((StopOf::Model, model));
        }
        tools.into_iter().find(|tool| self.stops.of(StopOf::Tool, tool).is_some()).map(|tool| (StopOf::Tool, tool))
    }

    /// Whether the system or its vendor is switched off.
    pub fn is_stopped(&self, system: &AiSystem) -> bool {
        system.stopped
            || self.vendors.get(&system.vendor).is_some_and(|vendor| vendor.stopped)
            || self.stops.of(StopOf::System, &system.id).is_some()
            || self.stops.of(StopOf::Vendor, &system.vendor).is_some()
    }

    /// How far the system's assessment has got, as far as that may be relied on at `now`. An approval that rests on facts
    /// lapses where one of them is not known any more, or speaks against the vendor (45 CFR 164.308(b)).
    pub fn system_status(
        &self,
        system: &AiSystem,
        now: OffsetDateTime,
        offset: UtcOffset,
        least: Grade,
    ) -> Option<Status> {
        resting(&system.status, now, offset, least, |name| self.supports(system, name, now, offset, least))
    }

    /// Whether the approval of a system may rest on this fact at `now`: `contract`, that a business associate agreement is in
    /// force; or what is known of the system, or else of its vendor, or by that agreement.
    pub fn supports(
        &self,
        system: &AiSystem,
        name: &str,
        now: OffsetDateTime,
        offset: UtcOffset,
        least: Grade,
    ) -> bool {
        match name {
            "contract" => {
                self.agreement(system, AgreementKind::Baa, now, offset).is_some_and(|a| a.in_force(now, offset))
            }
            "retention_days" => system.retention_days.at(now, offset, least).is_some(),
            "trains_on_data" => system.trains_on_data.at(now, offset, least) == Some(&false),
            "regions" => system.regions.at(now, offset, least).is_some(),
            "patient_facing" => system.patient_facing.at(now, offset, least).is_some(),
            // What is said of the system counts before what is said of all of the vendor's.
            name => match system.facts.get(name) {
                Some(_) => system.facts.supports(name, now, offset, least),
                None => {
                    let vendor = self.vendors.get(&system.vendor);
                    let agreed = self.agreement(system, AgreementKind::Baa, now, offset);
                    vendor.is_some_and(|vendor| vendor.facts.supports(name, now, offset, least))
                        || agreed.is_some_and(|a| a.in_force(now, offset) && a.facts.supports(name, now, offset, least))
                }
            },
        }
    }

    /// How far the vendor's assessment has got, likewise.
    pub fn vendor_status(
        &self,
        vendor: &Vendor,
        now: OffsetDateTime,
        offset: UtcOffset,
        least: Grade,
    ) -> Option<Status> {
        let agreed = vendor.agreements.iter().filter(|a| a.kind == AgreementKind::Baa && a.in_force(now, offset));
        resting(&vendor.status, now, offset, least, |name| match name {
            "contract" => agreed.clone().next().is_some(),
            name => {
                vendor.facts.supports(name, now, offset, least)
                    || agreed.clone().any(|a| a.facts.supports(name, now, offset, least))
            }
        })
    }

    /// The moments at which an agreement that covers the system, or a fact about it or its user, begins or ends to count.
    pub(crate) fn moments(&self, user: &str, role: &str, system: &AiSystem, offset: UtcOffset) -> Vec<OffsetDateTime> {
        let mut moments = Vec::new();
        if let Some(vendor) = self.vendors.get(&system.vendor) {
            let rests_on_any = vendor.status.rests_on.iter().any(|name| name == "contract");
            let agreements = vendor.agreements.iter().filter(|a| rests_on_any || a.systems.contains(&system.id));
            moments.extend(agreements.flat_map(|a| [a.effective(offset), a.expires(offset)]));
            moments.extend(vendor.status.moments(offset));
            for name in vendor.status.rests_on.iter().chain(&system.status.rests_on) {
                moments.extend(vendor.facts.get(name).into_iter().flat_map(|fact| fact.moments(offset)));
                let agreed = vendor.agreements.iter().filter_map(|agreement| agreement.facts.get(name));
                moments.extend(agreed.flat_map(|fact| fact.moments(offset)));
            }
        }
        for name in system.status.rests_on.iter().map(String::as_str).chain([crate::NO_OUTSIDE_PARTY]) {
            moments.extend(system.facts.get(name).into_iter().flat_map(|fact| fact.moments(offset)));
        }
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

fn next_id() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

/// The status, lapsed where it is an approval and one of the facts that it rests on does not support it.
fn resting(
    status: &Fact<Status>,
    now: OffsetDateTime,
    offset: UtcOffset,
    least: Grade,
    supports: impl Fn(&str) -> bool,
) -> Option<Status> {
    let stated = *status.at(now, offset, least)?;
    let lapsed = stated == Status::Approved && !status.rests_on.iter().all(|name| supports(name));
    Some(if lapsed { Status::Lapsed } else { stated })
}
