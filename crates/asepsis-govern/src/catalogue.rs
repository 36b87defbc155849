use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use time::Date;

use crate::tier::TierRules;
use crate::{Criterion, Question, Tier, ValueKind, day};

/// What an assessment is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Who offers AI systems.
    Vendor,
    /// A product of a vendor.
    System,
}

/// The facts that there are, what each tier needs, the gates, the five questions.
#[derive(Clone, Debug)]
pub struct Catalogue {
    facts: Vec<FactKind>,
    by_name: BTreeMap<String, usize>,
    gates: Vec<Gate>,
    questions: Vec<(Question, Vec<Need>)>,
    tiers: TierRules,
}

/// One fact of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactKind {
    /// The name in dossiers, registers and approvals.
    pub name: String,
    /// What is asked, in our own words.
    pub asks: String,
    /// What to ask a vendor for, as proof.
    pub proof: String,
    /// Of what it is a fact. Those of a vendor are asked once for all of its systems, and a system may answer otherwise.
    pub of: Subject,
    /// The kind of its value.
    pub value: ValueKind,
    /// Which values are as they should be.
    #[serde(default)]
    pub wants: Criterion,
    /// From which tier on it has to be answered.
    pub from: Tier,
    /// The source of the rule, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cite: Option<String>,
    /// When the source was last looked at.
    #[serde(with = "day")]
    pub as_of: Date,
}

/// What has to hold: one of these facts is known and as it should be.
pub(crate) type Need = Vec<String>;

/// A gate: passed or not. One that is not passed caps the result.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// A short stable name.
    pub id: String,
    /// What has to be so.
    pub title: String,
    /// The source of the rule.
    pub cite: String,
    /// When the source was last looked at.
    #[serde(with = "day")]
    pub as_of: Date,
    pub(crate) needs: Vec<Need>,
}

/// What is wrong with a catalogue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// A file that cannot be read.
    #[error("{file}: {message}")]
    Syntax {
        /// Which.
        file: &'static str,
        /// What, with the place.
        message: String,
    },
    /// A fact stands twice.
    #[error("the fact `{0}` stands twice")]
    Twice(String),
    /// A gate or question names a fact that is not there.
    #[error("{place} names the fact `{name}`, which is not in the catalogue")]
    NoFact {
        /// The gate or question.
        place: String,
        /// The fact.
        name: String,
    },
    /// A question has no needs, or something that can be said leads to no tier.
    #[error("{0}")]
    NotWhole(&'static str),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    fact: Vec<FactKind>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Gates {
    gate: Vec<Gate>,
    question: BTreeMap<Question, Needs>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Needs {
    needs: Vec<Need>,
}

/// The shipped catalogue.
///
/// # Panics
/// Never: a test reads it, and it is part of the program.
pub fn catalogue() -> &'static Catalogue {
    static SHIPPED: LazyLock<Catalogue> = LazyLock::new(|| {
        Catalogue::read(
            include_str!("../../../data/govern/facts.toml"),
            include_str!("../../../data/govern/gates.toml"),
            include_str!("../../../data/govern/tiers.toml"),
        )
        .expect("the shipped catalogue holds together, as a test proves")
    });
    &SHIPPED
}

impl Catalogue {
    /// A catalogue of these three files.
    ///
    /// # Errors
    /// [`CatalogueError`].
    pub fn read(facts: &str, gates: &str, tiers: &str) -> Result<Self, CatalogueError> {
        let facts: Facts = parse("facts.toml", facts)?;
        let gates: Gates = parse("gates.toml", gates)?;
        let tiers: TierRules = parse("tiers.toml", tiers)?;
        let mut by_name = BTreeMap::new();
        for (at, fact) in facts.fact.iter().enumerate() {
            if by_name.insert(fact.name.clone(), at).is_some() {
                return Err(CatalogueError::Twice(fact.name.clone()));
            }
        }
        let questions: Vec<_> = gates.question.into_iter().map(|(question, needs)| (question, needs.needs)).collect();
        if questions.len() != Question::ALL.len() || questions.iter().any(|(_, needs)| needs.is_empty()) {
            return Err(CatalogueError::NotWhole("each of the five questions needs at least one fact"));
        }
        if !tiers.is_whole() {
            return Err(CatalogueError::NotWhole(
                "tiers.toml must say where everything leads, and a higher tier may ask for no less than a lower one",
            ));
        }
        let of_gates = gates.gate.iter().map(|gate| (format!("the gate `{}`", gate.id), &gate.needs));
        let of_questions = questions.iter().map(|(question, needs)| (format!("the question of {question}"), needs));
        for (place, needs) in of_gates.chain(of_questions) {
            if let Some(name) = needs.iter().flatten().find(|name| !by_name.contains_key(*name)) {
                return Err(CatalogueError::NoFact { place, name: name.clone() });
            }
        }
        Ok(Self { facts: facts.fact, by_name, gates: gates.gate, questions, tiers })
    }

    /// Every fact, in the order in which they are asked.
    pub fn facts(&self) -> impl Iterator<Item = &FactKind> {
        self.facts.iter()
    }

    /// The fact of this name.
    pub fn fact(&self, name: &str) -> Option<&FactKind> {
        self.by_name.get(name).and_then(|at| self.facts.get(*at))
    }

    /// The fact whose name is most like this one, for who made a typing error.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        let close = |other: &str| {
            let (a, b): (BTreeSet<_>, BTreeSet<_>) = (pairs(name), pairs(other));
            (2 * a.intersection(&b).count() * 100).checked_div(a.len() + b.len()).unwrap_or_default()
        };
        let best = self.facts.iter().map(|fact| (close(&fact.name), fact.name.as_str())).max()?;
        (best.0 >= 40).then_some(best.1)
    }

    /// The questionnaire: what has to be answered of a vendor or system at this tier.
    pub fn questionnaire(&self, subject: Subject, tier: Tier) -> impl Iterator<Item = &FactKind> {
        self.facts.iter().filter(move |fact| fact.from <= tier && (subject == Subject::System || fact.of == subject))
    }

    /// The gates.
    pub fn gates(&self) -> &[Gate] {
        &self.gates
    }

    pub(crate) fn questions(&self) -> &[(Question, Vec<Need>)] {
        &self.questions
    }

    /// What leads to which tier.
    pub fn tiers(&self) -> &TierRules {
        &self.tiers
    }
}

fn pairs(text: &str) -> BTreeSet<(u8, u8)> {
    text.as_bytes().windows(2).map(|pair| (pair[0].to_ascii_lowercase(), pair[1].to_ascii_lowercase())).collect()
}

fn parse<T: serde::de::DeserializeOwned>(file: &'static str, text: &str) -> Result<T, CatalogueError> {
    toml::from_str(text).map_err(|error| CatalogueError::Syntax { file, message: error.to_string() })
}
