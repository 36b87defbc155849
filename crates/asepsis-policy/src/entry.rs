//! Whether an entry of a register can be used, by itself.

use std::fmt;

use crate::agreement::Agreement;
use crate::fact::Fact;
use crate::known::{FactOf, FactSheet, known_fact};
use crate::people::Role;
use crate::system::AiSystem;
use crate::vendor::{Status, Vendor};

/// What is wrong with an entry: where it stands, the field, what is wrong and what helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryProblem {
    /// Where the entry stands; empty where only one is spoken of.
    pub place: String,
    /// The field.
    pub field: String,
    /// What is wrong, and what helps.
    pub message: String,
}

impl fmt::Display for EntryProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.message)
    }
}

impl EntryProblem {
    /// A problem of a field.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: String::new(), field: field.into(), message: message.into() }
    }

    /// The same with its place.
    #[must_use]
    pub fn at(mut self, place: &str) -> Self {
        place.clone_into(&mut self.place);
        self
    }

    pub(crate) fn of_role(role: &Role) -> Option<Self> {
        bad_id("role", &role.id)
    }
}

impl Vendor {
    /// What is wrong with it and with the agreements in it.
    pub fn problems(&self) -> Vec<EntryProblem> {
        let mut problems: Vec<_> = bad_id("vendor", &self.id).into_iter().collect();
        let entry = format!("vendor `{}`", self.id);
        problems.extend(bad_status(&entry, &self.status));
        problems.extend(misplaced(&entry, &self.facts, FactOf::Vendor));
        for agreement in &self.agreements {
            if !agreement.vendor.is_empty() && agreement.vendor != self.id {
                let message = format!(
                    "{entry}: agreement `{}` names the vendor `{}`; leave `vendor` out",
                    agreement.id, agreement.vendor
                );
                problems.push(EntryProblem::new("agreement", message));
            }
            problems.extend(agreement.problems());
        }
        problems
    }
}

impl AiSystem {
    /// What is wrong with it.
    pub fn problems(&self) -> Vec<EntryProblem> {
        let mut problems: Vec<_> = bad_id("system", &self.id).into_iter().collect();
        let entry = format!("system `{}`", self.id);
        problems.extend(bad_status(&entry, &self.status));
        problems.extend(misplaced(&entry, &self.facts, FactOf::System));
        problems
    }
}

impl Agreement {
    /// What is wrong with it.
    pub fn problems(&self) -> Vec<EntryProblem> {
        let mut problems: Vec<_> = bad_id("agreement", &self.id).into_iter().collect();
        let id = &self.id;
        if self.last_day.is_some() == self.open_ended {
            problems.push(EntryProblem::new(
                "last_day",
                format!(
                    "agreement `{id}` needs `last_day`, or `open_ended = true` where it runs until somebody ends it, and not both"
                ),
            ));
        }
        if self.last_day.is_some_and(|last| last < self.first_day) {
            let message = format!("agreement `{id}` ends before it starts; correct `first_day` or `last_day`");
            problems.push(EntryProblem::new("last_day", message));
        }
        problems.extend(misplaced(&format!("agreement `{id}`"), &self.facts, FactOf::Agreement));
        problems
    }
}

/// An id that could not stand in a log or a policy.
fn bad_id(kind: &'static str, id: &str) -> Option<EntryProblem> {
    let good = (1..=64).contains(&id.len())
        && id.starts_with(|c: char| c.is_ascii_alphanumeric())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    (!good).then(|| {
        EntryProblem::new(
            "id",
            format!(
                "{kind} id must be 1 to 64 of letters, digits, `.`, `_`, `-`, and start with a letter or digit; correct `id`"
            ),
        )
    })
}

/// Facts that an approval may rest on beside those of the table.
const RESTS: [&str; 5] = ["contract", "retention_days", "trains_on_data", "regions", "patient_facing"];

fn bad_status(entry: &str, status: &Fact<Status>) -> Option<EntryProblem> {
    if status.value == Some(Status::Lapsed) {
        let message = format!("{entry}: an approval lapses by itself; write another `status`");
        return Some(EntryProblem::new("status", message));
    }
    let unknown = |name: &&String| !RESTS.contains(&name.as_str()) && known_fact(name).is_err();
    status.rests_on.iter().find(unknown).map(|name| {
        let why = known_fact(name).err().map(|e| e.to_string()).unwrap_or_default();
        EntryProblem::new("status", format!("{entry}: `rests_on` of its status: {why}"))
    })
}

fn misplaced(entry: &str, facts: &FactSheet, of: FactOf) -> Option<EntryProblem> {
    facts.misplaced(of).map(|name| {
        let of: Vec<_> =
            known_fact(name).map(|known| known.of.iter().map(|of| of.name()).collect()).unwrap_or_default();
        let message = format!("{entry}: the fact `{name}` is kept of a {}; put it there", of.join(" or "));
        EntryProblem::new(format!("facts.{name}"), message)
    })
}
