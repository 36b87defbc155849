//! Dossiers out of the registers.

use std::collections::{BTreeMap, BTreeSet};

use asepsis_govern::{Autonomy, DataClass, Dossier, Fact, Grade, Intake, Safety, Value, ValueKind, catalogue};
use serde_json::Value as Json;
use time::Date;

use super::book::{Book, DECIDING, Entry, says};
use crate::registers::VENDOR;

impl Book {
    pub(super) fn of_vendor(&self, id: &str) -> Dossier {
        let mut dossier = Dossier::of_vendor(id);
        dossier.evidence = self.evidence.clone();
        for agreement in self.agreements.values().filter(|entry| says(entry, VENDOR, id)) {
            take(&mut dossier.facts, agreement.body.get("facts"));
        }
        if let Some(entry) = self.vendors.get(id) {
            take(&mut dossier.facts, entry.body.get("facts"));
        }
        // As deep as the system that asks for most.
        let mut intakes: Vec<_> = self.systems.keys().filter(|system| self.vendor_of(system) == Some(id)).collect();
        intakes.sort_by_key(|system| std::cmp::Reverse(catalogue().tiers().tier(&self.of_system(system).intake).tier));
        dossier.intake = intakes.first().map(|system| self.of_system(system).intake).unwrap_or_default();
        dossier
    }

    pub(super) fn of_system(&self, id: &str) -> Dossier {
        let vendor = self.vendor_of(id).unwrap_or_default().to_owned();
        let mut dossier = Dossier::of_system(id, &vendor);
        dossier.evidence = self.evidence.clone();
        let covers = |entry: &&Entry| {
            let systems = entry.body.get("systems").and_then(Json::as_array).into_iter().flatten();
            says(entry, VENDOR, &vendor) && systems.filter_map(Json::as_str).any(|system| system == id)
        };
        let mut agreements: Vec<_> = self.agreements.iter().filter(|(_, entry)| covers(entry)).collect();
        // The one that counts longest comes last, and so counts.
        agreements.sort_by_key(|(id, entry)| (in_force(entry, self.today), last_day(entry), (*id).clone()));
        for (agreement, entry) in agreements {
            take(&mut dossier.facts, entry.body.get("facts"));
            if says(entry, "kind", "baa") {
                dossier.facts.insert("contract".to_owned(), contract(agreement, entry));
            }
        }
        if let Some(entry) = self.vendors.get(&vendor) {
            take(&mut dossier.facts, entry.body.get("facts"));
        }
        if let Some(entry) = self.systems.get(id) {
            take(&mut dossier.facts, entry.body.get("facts"));
            let deciding = entry.body.iter().filter(|(name, _)| DECIDING.contains(&name.as_str()));
            take(&mut dossier.facts, Some(&Json::Object(deciding.map(|(n, v)| (n.clone(), v.clone())).collect())));
            dossier.intake = intake(entry, self.today);
        }
        dossier.contradicted = self.probes.get(id).map(|probed| probed.contradictions.clone()).unwrap_or_default();
        dossier
    }
}

fn day_of(entry: &Entry, field: &str) -> Option<Date> {
    asepsis_govern::day::parse(entry.body.get(field)?.as_str()?)
}

fn last_day(entry: &Entry) -> Date {
    day_of(entry, "last_day").unwrap_or(Date::MAX)
}

fn in_force(entry: &Entry, today: Date) -> bool {
    says(entry, "state", "signed")
        && day_of(entry, "first_day").is_some_and(|first| first <= today)
        && today <= last_day(entry)
}

/// The fact that an agreement is: a contract's clause, from its first to its last day.
fn contract(id: &str, entry: &Entry) -> Fact {
    Fact {
        value: Some(Value::Truth(says(entry, "state", "signed"))),
        grade: Grade::B,
        source: Some(format!("agreement:{id}")),
        as_of: day_of(entry, "first_day"),
        expires: day_of(entry, "last_day"),
        ..Fact::default()
    }
}

/// Takes the facts of a table over those that are there. One that cannot be read is unknown.
fn take(facts: &mut BTreeMap<String, Fact>, table: Option<&Json>) {
    for (name, value) in table.and_then(Json::as_object).into_iter().flatten() {
        let mut value = value.clone();
        if let Some(table) = value.as_object_mut() {
            // An approval's, of which no fact of the catalogue is one.
            table.remove("rests_on");
        }
        let mut fact: Fact = serde_json::from_value(value).unwrap_or_default();
        if let (Some(Value::Text(text)), Some(kind)) = (&fact.value, catalogue().fact(name))
            && kind.value == ValueKind::Truth
        {
            fact.value = Value::read(text);
        }
        facts.insert(name.clone(), fact);
    }
}

/// What decides how deep the assessment goes, out of what the register keeps of a system: the organisation's own words on its use.
fn intake(entry: &Entry, today: Date) -> Intake {
    let mut facts = BTreeMap::new();
    take(&mut facts, entry.body.get("facts"));
    let known = |name: &str| {
        let fact = facts.get(name)?;
        let counts = fact.grade != Grade::U
            && fact.as_of.is_none_or(|first| first <= today)
            && fact.expires.is_none_or(|last| today <= last);
        fact.value.clone().filter(|_| counts)
    };
    let autonomy = match known("autonomy") {
        Some(Value::Number(level)) => u8::try_from(level).ok().and_then(Autonomy::new),
        _ => None,
    };
    let safety = match known("clinical_impact") {
        Some(Value::Text(word)) => safety(&word),
        _ => None,
    };
    let words = known("data_classes").map(|value| value.words().into_iter().map(data).collect::<BTreeSet<_>>());
    // One that nobody knows counts as the most sensitive.
    let data = words.filter(|words| !words.contains(&None)).and_then(|words| words.into_iter().flatten().max());
    Intake { safety, data, autonomy }
}

fn safety(word: &str) -> Option<Safety> {
    Some(match word {
        "none" | "administrative" => Safety::Administrative,
        "low" | "informs" => Safety::Informs,
        "moderate" | "drives" => Safety::Drives,
        "high" | "life_critical" => Safety::LifeCritical,
        _ => return None,
    })
}

fn data(word: &str) -> Option<DataClass> {
    Some(match word {
        "none" => DataClass::None,
        "deidentified" => DataClass::Deidentified,
        "limited" | "pseudonymised" => DataClass::Limited,
        "identified" => DataClass::Identified,
        "special" => DataClass::Special,
        _ => return None,
    })
}
