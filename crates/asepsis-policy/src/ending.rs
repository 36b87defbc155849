//! What ends, and when: agreements in force and facts that count.

use time::{Date, OffsetDateTime, UtcOffset};

use crate::agreement::{AgreementState, days_left};
use crate::fact::{Fact, Grade};
use crate::known::FactSheet;
use crate::register::Register;

/// Something with a last day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ending {
    /// The last day that it counts, where the organisation is.
    pub last_day: Date,
    /// vendor, system or agreement.
    pub kind: &'static str,
    /// The id of the entry.
    pub id: String,
    /// The fact; `None` where the agreement itself ends.
    pub fact: Option<String>,
}

impl Ending {
    /// `agreement/acme-baa`, `system/chat.retention_days`.
    pub fn target(&self) -> String {
        match &self.fact {
            None => format!("{}/{}", self.kind, self.id),
            Some(fact) => format!("{}/{}.{fact}", self.kind, self.id),
        }
    }

    /// The days from today to the last day: 0 on it, less than 0 once it is over.
    pub fn days_left(&self, now: OffsetDateTime, offset: UtcOffset) -> i64 {
        days_left(self.last_day, now, offset)
    }
}

impl Register {
    /// Every agreement that is signed and every fact that counts, as far as it has a last day; the soonest first.
    pub fn endings(&self) -> Vec<Ending> {
        fn of<T>(into: &mut Vec<Ending>, kind: &'static str, id: &str, name: &str, fact: &Fact<T>) {
            if let Some(last_day) = fact.expires.filter(|_| fact.value.is_some() && fact.grade != Grade::U) {
                into.push(Ending { last_day, kind, id: id.to_owned(), fact: Some(name.to_owned()) });
            }
        }
        fn sheet(into: &mut Vec<Ending>, kind: &'static str, id: &str, facts: &FactSheet) {
            facts.iter().for_each(|(name, fact)| of(into, kind, id, name, fact));
        }
        let mut endings = Vec::new();
        for vendor in self.vendors() {
            of(&mut endings, "vendor", &vendor.id, "status", &vendor.status);
            sheet(&mut endings, "vendor", &vendor.id, &vendor.facts);
            for agreement in vendor.agreements.iter().filter(|a| a.state == AgreementState::Signed) {
                let id = agreement.id.clone();
                endings.extend(agreement.last_day.map(|last_day| Ending {
                    last_day,
                    kind: "agreement",
                    id,
                    fact: None,
                }));
                sheet(&mut endings, "agreement", &agreement.id, &agreement.facts);
            }
        }
        for system in self.systems() {
            of(&mut endings, "system", &system.id, "status", &system.status);
            of(&mut endings, "system", &system.id, "retention_days", &system.retention_days);
            of(&mut endings, "system", &system.id, "trains_on_data", &system.trains_on_data);
            of(&mut endings, "system", &system.id, "regions", &system.regions);
            of(&mut endings, "system", &system.id, "patient_facing", &system.patient_facing);
            sheet(&mut endings, "system", &system.id, &system.facts);
        }
        endings.sort_unstable();
        endings
    }
}
