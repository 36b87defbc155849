//! Putting a register together, and what may be wrong with it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::{Register, next_id};
use crate::agreement::Agreement;
use crate::entry::EntryProblem;
use crate::fact::Fact;
use crate::facts::BreakGlass;
use crate::links::{LinkProblem, Links};
use crate::people::{Person, Role};
use crate::stops::Stops;
use crate::system::AiSystem;
use crate::vendor::Vendor;

/// What a register is made of.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// Vendors, with agreements in them or without, and where each stands.
    pub vendors: Vec<(Vendor, String)>,
    /// AI systems, and where each stands.
    pub systems: Vec<(AiSystem, String)>,
    /// Agreements that stand by themselves and name their vendor, and where each stands.
    pub agreements: Vec<(Agreement, String)>,
    /// Roles.
    pub roles: Vec<Role>,
    /// People of whom more is known than their role.
    pub people: Vec<Person>,
    /// Whether users have passed what their roles need, by user and role.
    pub trained: Trained,
    /// Emergencies that users declared, by user.
    pub emergencies: Emergencies,
    /// What is switched off.
    pub stops: Stops,
}

/// Whether users have passed what their roles need, by user and role.
pub type Trained = BTreeMap<String, BTreeMap<String, Fact<bool>>>;

/// Emergencies that users declared, by user: of each the one that ends last.
pub type Emergencies = BTreeMap<String, BreakGlass>;

/// What is wrong with a register, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// An entry by itself.
    #[error("{0}")]
    Entry(EntryProblem),
    /// Entries do not hold together.
    #[error("{0}")]
    Link(LinkProblem),
}

/// Where what a caller gives without a place stands.
const HERE: &str = "in the configuration";

impl Register {
    /// A register of these entries, if they hold together.
    ///
    /// # Errors
    /// [`RegisterError`]: the first problem.
    pub fn new(vendors: Vec<Vendor>, systems: Vec<AiSystem>, roles: Vec<Role>) -> Result<Self, RegisterError> {
        Self::with_people(vendors, systems, roles, Vec::new())
    }

    /// The same with people of whom more is known than their role.
    ///
    /// # Errors
    /// [`RegisterError`]: the first problem.
    pub fn with_people(
        vendors: Vec<Vendor>,
        systems: Vec<AiSystem>,
        roles: Vec<Role>,
        people: Vec<Person>,
    ) -> Result<Self, RegisterError> {
        let here = || HERE.to_owned();
        let vendors = vendors.into_iter().map(|vendor| (vendor, here())).collect();
        let systems = systems.into_iter().map(|system| (system, here())).collect();
        Self::assemble(Parts { vendors, systems, roles, people, ..Parts::default() })
    }

    /// A register of these parts, if they hold together.
    ///
    /// # Errors
    /// [`RegisterError`]: the first problem.
    pub fn assemble(parts: Parts) -> Result<Self, RegisterError> {
        let mut register = Self {
            id: next_id(),
            stops: parts.stops,
            trained: Arc::new(parts.trained),
            emergencies: Arc::new(parts.emergencies),
            ..Self::default()
        };
        let twice = |kind, id: &str| {
            let (first, second) = (HERE.to_owned(), HERE.to_owned());
            Err(RegisterError::Link(LinkProblem::Twice { kind, id: id.to_owned(), first, second }))
        };
        for role in parts.roles {
            first(EntryProblem::of_role(&role))?;
            let id = role.id.clone();
            if register.roles.insert(id.clone(), role).is_some() {
                return twice("role", &id);
            }
        }
        let mut links = Links::new(register.roles.keys().cloned());
        for (vendor, place) in &parts.vendors {
            first(vendor.problems().into_iter().map(|problem| problem.at(place)))?;
            links.vendor(vendor, place).map_err(RegisterError::Link)?;
        }
        for (system, place) in &parts.systems {
            first(system.problems().into_iter().map(|problem| problem.at(place)))?;
            links.system(system, place).map_err(RegisterError::Link)?;
        }
        for (agreement, place) in &parts.agreements {
            first(agreement.problems().into_iter().map(|problem| problem.at(place)))?;
            links.agreement(agreement, place).map_err(RegisterError::Link)?;
        }
        // An agreement within a vendor needs no id that is unique beyond it, but none that stands by itself may share it.
        for (vendor, place) in &parts.vendors {
            for agreement in &vendor.agreements {
                if let Some(first) = links.place("agreement", &agreement.id) {
                    let (kind, id) = ("agreement", agreement.id.clone());
                    let (first, second) = (first.to_owned(), place.clone());
                    return Err(RegisterError::Link(LinkProblem::Twice { kind, id, first, second }));
                }
                let wrong = agreement.systems.iter().find_map(|s| links.covers(place, &agreement.id, &vendor.id, s));
                wrong.map_or(Ok(()), |problem| Err(RegisterError::Link(problem)))?;
            }
        }
        if let Some(problem) = links.problems().into_iter().next() {
            return Err(RegisterError::Link(problem));
        }
        let mut vendors: BTreeMap<_, _> = parts.vendors.into_iter().map(|(v, _)| (v.id.clone(), v)).collect();
        for (agreement, _) in parts.agreements {
            if let Some(vendor) = vendors.get_mut(&agreement.vendor) {
                vendor.agreements.push(agreement);
            }
        }
        register.vendors = Arc::new(vendors);
        register.grants = parts.systems.iter().map(|(system, _)| (system.id.clone(), OnceLock::new())).collect();
        register.systems = Arc::new(parts.systems.into_iter().map(|(system, _)| (system.id.clone(), system)).collect());
        for person in parts.people {
            let user = person.user.clone();
            if register.people.insert(user.clone(), person).is_some() {
                return twice("person", &user);
            }
        }
        Ok(register)
    }
}

fn first(problems: impl IntoIterator<Item = EntryProblem>) -> Result<(), RegisterError> {
    problems.into_iter().next().map_or(Ok(()), |problem| Err(RegisterError::Entry(problem)))
}
