use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::Date;

use crate::{Autonomy, Catalogue, DataClass, Evidence, Fact, Grade, Safety, Subject, Value};

/// What decides how deep an assessment goes. What nobody said counts as the highest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Intake {
    /// What could happen to patients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub safety: Option<Safety>,
    /// What data it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<DataClass>,
    /// How much it does by itself, 1 to 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autonomy: Option<Autonomy>,
}

/// Everything that is known of a vendor or an AI system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dossier {
    /// The id of the vendor or system.
    pub id: String,
    /// Which of the two.
    pub subject: Subject,
    /// The id of the vendor; the same as `id` of one.
    pub vendor: String,
    /// What decides how deep the assessment goes.
    #[serde(default)]
    pub intake: Intake,
    /// The facts. Those of a system are its own and, where it says nothing, its vendor's.
    #[serde(default)]
    pub facts: BTreeMap<String, Fact>,
    /// The documents that facts may name as `evidence:ID`.
    #[serde(default)]
    pub evidence: BTreeMap<String, Evidence>,
    /// What was measured otherwise than it was claimed. Such a claim counts as unknown.
    #[serde(default)]
    pub contradicted: Vec<Contradiction>,
}

/// A claim that a measurement does not bear out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contradiction {
    /// The fact.
    pub fact: String,
    /// The value that was claimed when it was measured: another claim is not contradicted by it.
    pub claimed: Value,
    /// What was found.
    pub found: String,
}

/// A fact as it counts on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Known<'a> {
    /// The value; absent is unknown.
    pub value: Option<&'a Value>,
    /// The grade that counts.
    pub grade: Grade,
    /// Why it counts for less than it says.
    pub why: Option<String>,
}

impl Known<'_> {
    const fn unknown(why: String) -> Self {
        Self { value: None, grade: Grade::U, why: Some(why) }
    }
}

impl Dossier {
    /// An empty dossier of a system.
    pub fn of_system(id: &str, vendor: &str) -> Self {
        Self { id: id.to_owned(), subject: Subject::System, ..Self::of_vendor(vendor) }
    }

    /// An empty dossier of a vendor.
    pub fn of_vendor(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            subject: Subject::Vendor,
            vendor: id.to_owned(),
            intake: Intake::default(),
            facts: BTreeMap::new(),
            evidence: BTreeMap::new(),
            contradicted: Vec::new(),
        }
    }

    /// The fact of this name as it counts on this day.
    pub fn known<'a>(&'a self, catalogue: &Catalogue, name: &str, today: Date) -> Known<'a> {
        let Some(fact) = self.facts.get(name) else { return Known { value: None, grade: Grade::U, why: None } };
        // Who says that something is unknown may say why.
        let Some(value) = &fact.value else { return Known { value: None, grade: Grade::U, why: fact.source.clone() } };
        let Some(kind) = catalogue.fact(name) else {
            return Known::unknown("there is no fact of this name".to_owned());
        };
        if !kind.value.fits(value) {
            return Known::unknown(format!("`{value}` is not {}", kind.value.looks()));
        }
        if let Some(first) = fact.as_of.filter(|first| *first > today) {
            return Known::unknown(format!("it counts from {first} on"));
        }
        if let Some(last) = fact.expires.filter(|last| *last < today) {
            return Known::unknown(format!("it counted until {last}"));
        }
        if fact.grade == Grade::U {
            return Known::unknown("it has no evidence".to_owned());
        }
        if let Some(other) = self.contradicted.iter().find(|other| other.fact == name && other.claimed == *value) {
            return Known::unknown(format!("measured otherwise: {}", other.found));
        }
        let Some(id) = fact.evidence() else { return Known { value: Some(value), grade: fact.grade, why: None } };
        let Some(document) = self.evidence.get(id) else {
            return Known::unknown(format!("the document `{id}` is not there"));
        };
        let system = (self.subject == Subject::System).then_some(self.id.as_str());
        let (best, why) = document.grade(&self.vendor, system, name, today);
        if best == Grade::U {
            return Known { value: None, grade: Grade::U, why };
        }
        // The later letter is the poorer one.
        let why = why.or_else(|| {
            let kind = document.kind.name();
            (best > fact.grade).then(|| format!("a document of the kind {kind} gives no better than {best:?}"))
        });
        Known { value: Some(value), grade: fact.grade.max(best), why: why.filter(|_| best > fact.grade) }
    }
}
