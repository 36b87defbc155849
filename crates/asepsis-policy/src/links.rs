//! Whether the entries of a register hold together: ids that stand once, names that are there, no circles. It needs the ids and
//! what refers to them, and not the entries themselves, so that a hundred thousand can be looked at in little memory.

use std::collections::{BTreeMap, BTreeSet};

use crate::agreement::Agreement;
use crate::system::AiSystem;
use crate::vendor::Vendor;

/// What of entries refers to others.
#[derive(Clone, Debug, Default)]
pub struct Links {
    roles: BTreeSet<String>,
    vendors: BTreeMap<String, Linked<BTreeSet<String>>>,
    systems: BTreeMap<String, Linked<SystemLinks>>,
    agreements: BTreeMap<String, Linked<(String, Vec<String>)>>,
}

#[derive(Clone, Debug)]
struct Linked<T> {
    /// Where the entry stands.
    place: String,
    refers: T,
}

#[derive(Clone, Debug)]
struct SystemLinks {
    vendor: String,
    roles: BTreeSet<String>,
}

/// What does not hold together, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkProblem {
    /// Two entries have the same id.
    #[error("{kind} `{id}` stands twice, {first} and {second}; ids must be unique")]
    Twice {
        /// vendor, system, agreement, role or person.
        kind: &'static str,
        /// The id.
        id: String,
        /// Where it stands.
        first: String,
        /// Where it stands again.
        second: String,
    },
    /// An entry names another that is not there.
    #[error("{place}: {entry} names the {kind} `{id}`, which is not there; add it or correct the name")]
    Missing {
        /// Where the entry stands.
        place: String,
        /// The entry.
        entry: String,
        /// The field that names it.
        field: &'static str,
        /// vendor, system or role.
        kind: &'static str,
        /// The id.
        id: String,
    },
    /// An agreement covers a system of another vendor.
    #[error(
        "{place}: agreement `{agreement}` of vendor `{vendor}` covers the system `{system}`, which is of vendor `{of}`; correct one"
    )]
    OtherVendor {
        /// Where the agreement stands.
        place: String,
        /// The agreement.
        agreement: String,
        /// Its vendor.
        vendor: String,
        /// The system.
        system: String,
        /// The vendor of the system.
        of: String,
    },
    /// Vendors hand data on in a circle.
    #[error("{place}: vendors hand data on in a circle: {}; take one of them out of `subprocessors`", .circle.join(" -> "))]
    Circle {
        /// Where the first of them stands.
        place: String,
        /// The vendors, the first again at the end.
        circle: Vec<String>,
    },
}

impl LinkProblem {
    /// Where it is.
    pub fn place(&self) -> &str {
        match self {
            Self::Twice { second, .. } => second,
            Self::Missing { place, .. } | Self::OtherVendor { place, .. } | Self::Circle { place, .. } => place,
        }
    }

    /// The field that it is about.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Twice { .. } => "id",
            Self::Missing { field, .. } => field,
            Self::OtherVendor { .. } => "systems",
            Self::Circle { .. } => "subprocessors",
        }
    }
}

impl Links {
    /// Links of entries whose roles are among these.
    pub fn new(roles: impl IntoIterator<Item = String>) -> Self {
        Self { roles: roles.into_iter().collect(), ..Self::default() }
    }

    /// Adds a vendor that stands at `place`.
    ///
    /// # Errors
    /// [`LinkProblem::Twice`].
    pub fn vendor(&mut self, vendor: &Vendor, place: impl Into<String>) -> Result<(), LinkProblem> {
        add("vendor", &mut self.vendors, &vendor.id, place.into(), vendor.subprocessors.clone())
    }

    /// Adds a system that stands at `place`.
    ///
    /// # Errors
    /// [`LinkProblem::Twice`].
    pub fn system(&mut self, system: &AiSystem, place: impl Into<String>) -> Result<(), LinkProblem> {
        let roles = system.roles.iter().chain(system.grants.values().flatten()).cloned().collect();
        let links = SystemLinks { vendor: system.vendor.clone(), roles };
        add("system", &mut self.systems, &system.id, place.into(), links)
    }

    /// Adds an agreement that stands at `place` and names its vendor.
    ///
    /// # Errors
    /// [`LinkProblem::Twice`].
    pub fn agreement(&mut self, agreement: &Agreement, place: impl Into<String>) -> Result<(), LinkProblem> {
        let links = (agreement.vendor.clone(), agreement.systems.clone());
        add("agreement", &mut self.agreements, &agreement.id, place.into(), links)
    }

    /// Takes a vendor away, as one that is about to be replaced or removed.
    pub fn forget(&mut self, kind: &str, id: &str) {
        match kind {
            "vendor" => drop(self.vendors.remove(id)),
            "system" => drop(self.systems.remove(id)),
            "agreement" => drop(self.agreements.remove(id)),
            _ => {}
        }
    }

    /// Where the entry of that id stands.
    pub fn place(&self, kind: &str, id: &str) -> Option<&str> {
        match kind {
            "vendor" => self.vendors.get(id).map(|linked| linked.place.as_str()),
            "system" => self.systems.get(id).map(|linked| linked.place.as_str()),
            "agreement" => self.agreements.get(id).map(|linked| linked.place.as_str()),
            _ => None,
        }
    }

    /// Everything that does not hold together.
    pub fn problems(&self) -> Vec<LinkProblem> {
        let mut problems = Vec::new();
        let missing = |place: &str, entry: String, field, kind, id: &str| LinkProblem::Missing {
            place: place.to_owned(),
            entry,
            field,
            kind,
            id: id.to_owned(),
        };
        for (id, Linked { place, refers }) in &self.systems {
            let entry = || format!("system `{id}`");
            if !self.vendors.contains_key(&refers.vendor) {
                problems.push(missing(place, entry(), "vendor", "vendor", &refers.vendor));
            }
            let unknown = refers.roles.iter().filter(|role| !self.roles.contains(*role));
            problems.extend(unknown.map(|role| missing(place, entry(), "roles", "role", role)));
        }
        for (id, Linked { place, refers: (vendor, systems) }) in &self.agreements {
            if !self.vendors.contains_key(vendor) {
                problems.push(missing(place, format!("agreement `{id}`"), "vendor", "vendor", vendor));
            }
            for system in systems {
                problems.extend(self.covers(place, id, vendor, system));
            }
        }
        for (id, Linked { place, refers }) in &self.vendors {
            let unknown = refers.iter().filter(|other| !self.vendors.contains_key(*other));
            problems.extend(unknown.map(|o| missing(place, format!("vendor `{id}`"), "subprocessors", "vendor", o)));
        }
        problems.extend(self.circle());
        problems
    }

    /// What is wrong with an agreement's covering a system.
    pub(crate) fn covers(&self, place: &str, agreement: &str, vendor: &str, system: &str) -> Option<LinkProblem> {
        match self.systems.get(system) {
            None => Some(LinkProblem::Missing {
                place: place.to_owned(),
                entry: format!("agreement `{agreement}` of vendor `{vendor}`"),
                field: "systems",
                kind: "system",
                id: system.to_owned(),
            }),
            Some(linked) if linked.refers.vendor != vendor => Some(LinkProblem::OtherVendor {
                place: place.to_owned(),
                agreement: agreement.to_owned(),
                vendor: vendor.to_owned(),
                system: system.to_owned(),
                of: linked.refers.vendor.clone(),
            }),
            Some(_) => None,
        }
    }

    /// A circle of vendors that hand data on, if there is one. Without recursion: a chain may be as long as the register.
    fn circle(&self) -> Option<LinkProblem> {
        let mut done = BTreeSet::new();
        for start in self.vendors.keys() {
            let mut path: Vec<&str> = Vec::new();
            let mut on_path = BTreeSet::new();
            // Each vendor with how many of its subprocessors were looked at.
            let mut open: Vec<(&str, Vec<&str>)> = Vec::new();
            let mut next = Some(start.as_str());
            loop {
                if let Some(vendor) = next.take() {
                    if on_path.contains(vendor) {
                        let from = path.iter().position(|on| *on == vendor).unwrap_or_default();
                        let circle: Vec<String> =
                            path[from..].iter().copied().chain([vendor]).map(str::to_owned).collect();
                        let place = self.place("vendor", vendor).unwrap_or_default().to_owned();
                        return Some(LinkProblem::Circle { place, circle });
                    }
                    if let Some(linked) = self.vendors.get(vendor).filter(|_| !done.contains(vendor)) {
                        path.push(vendor);
                        on_path.insert(vendor);
                        open.push((vendor, linked.refers.iter().map(String::as_str).collect()));
                    }
                }
                let Some((vendor, rest)) = open.last_mut() else { break };
                if let Some(other) = rest.pop() {
                    next = Some(other);
                } else {
                    done.insert(*vendor);
                    on_path.remove(*vendor);
                    path.pop();
                    open.pop();
                }
            }
        }
        None
    }
}

fn add<T>(
    kind: &'static str,
    to: &mut BTreeMap<String, Linked<T>>,
    id: &str,
    place: String,
    refers: T,
) -> Result<(), LinkProblem> {
    if let Some(first) = to.get(id) {
        return Err(LinkProblem::Twice { kind, id: id.to_owned(), first: first.place.clone(), second: place });
    }
    to.insert(id.to_owned(), Linked { place, refers });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vendor(id: &str, subprocessors: &[&str]) -> Vendor {
        let subprocessors = subprocessors.iter().map(|s| (*s).to_owned()).collect();
        Vendor { id: id.to_owned(), name: id.to_owned(), subprocessors, ..Vendor::default() }
    }

    fn of(vendors: &[(&str, &[&str])]) -> Vec<LinkProblem> {
        let mut links = Links::default();
        for (at, (id, subprocessors)) in vendors.iter().enumerate() {
            links.vendor(&vendor(id, subprocessors), format!("line {}", at + 1)).unwrap();
        }
        links.problems()
    }

    #[test]
    fn c18_a_circle_of_subprocessors_is_found_and_named() {
        assert!(of(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])]).is_empty());
        let problems = of(&[("a", &["b"]), ("b", &["c"]), ("c", &["d", "b"]), ("d", &[])]);
        assert_eq!(problems.len(), 1);
        let said = problems[0].to_string();
        assert!(said.contains("line 2") && said.contains("b -> c -> b"), "{said}");
        assert!(of(&[("a", &["a"])])[0].to_string().contains("a -> a"));
        assert!(of(&[("a", &["gone"])])[0].to_string().contains("names the vendor `gone`, which is not there"));
    }

    #[test]
    fn c18_a_chain_as_long_as_the_register_is_looked_at() {
        let mut links = Links::default();
        for n in 0..50_000 {
            let next = if n == 49_999 { "v00000".to_owned() } else { format!("v{:05}", n + 1) };
            links.vendor(&vendor(&format!("v{n:05}"), &[next.as_str()]), "here").unwrap();
        }
        let problems = links.problems();
        assert!(matches!(&problems[..], [LinkProblem::Circle { circle, .. }] if circle.len() == 50_001));
    }
}
