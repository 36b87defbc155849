//! Counting exchanges by system, dimension and value.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

use asepsis_vocab::SubjectId;

/// What may happen to an exchange, that may happen to one group more often than to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Nothing was sent: policy refused it, or a check on what was to be sent.
    Refused,
    /// The answer was held until a licensed person has read it.
    Held,
    /// A clinical check marked something in the answer; held ones too.
    Marked,
    /// Something was taken out of the answer: a link, a secret, an instruction.
    TakenOut,
    /// Somebody reported it as biased or as unsafe advice.
    Concern,
}

impl Measure {
    /// Every measure.
    pub const ALL: [Self; 5] = [Self::Refused, Self::Held, Self::Marked, Self::TakenOut, Self::Concern];

    /// The word for it, for programs and on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Held => "held",
            Self::Marked => "marked",
            Self::TakenOut => "taken-out",
            Self::Concern => "concern",
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How many exchanges, and of how many persons at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Exchanges.
    pub exchanges: u64,
    /// The most different persons that they can be about: those that are named by pseudonym, and one for each exchange that names none.
    pub persons: u64,
}

impl Count {
    /// That many exchanges, each about somebody else.
    #[must_use]
    pub const fn each(exchanges: u64) -> Self {
        Self { exchanges, persons: exchanges }
    }
}

/// What was counted for one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All.
    pub all: Count,
    /// By measure: those it happened to.
    pub with: [Count; Measure::ALL.len()],
    /// By measure: those it did not happen to.
    pub without: [Count; Measure::ALL.len()],
}

/// One exchange, as it ended.
#[derive(Clone, Debug)]
pub struct Exchange<'a> {
    /// The AI system.
    pub system: &'a str,
    /// The groups that were stated, by dimension.
    pub groups: &'a BTreeMap<String, String>,
    /// Whom it was about, where that was stated.
    pub subject: Option<SubjectId>,
    /// What happened to it.
    pub happened: BTreeSet<Measure>,
}

/// Adds exchanges up.
#[derive(Clone, Debug, Default)]
pub struct Counter {
    cells: BTreeMap<(String, String, String), Adding>,
    systems: BTreeMap<String, Adding>,
}

#[derive(Clone, Debug, Default)]
struct Adding {
    all: Set,
    with: [Set; Measure::ALL.len()],
    without: [Set; Measure::ALL.len()],
}

#[derive(Clone, Debug, Default)]
struct Set {
    exchanges: u64,
    unnamed: u64,
    named: HashSet<SubjectId>,
}

impl Set {
    fn add(&mut self, subject: Option<SubjectId>) {
        self.exchanges += 1;
        match subject {
            Some(subject) => drop(self.named.insert(subject)),
            None => self.unnamed += 1,
        }
    }

    fn count(&self) -> Count {
        Count { exchanges: self.exchanges, persons: self.unnamed + self.named.len() as u64 }
    }
}

impl Adding {
    fn add(&mut self, exchange: &Exchange<'_>) {
        self.all.add(exchange.subject);
        for (at, measure) in Measure::ALL.into_iter().enumerate() {
            let side = if exchange.happened.contains(&measure) { &mut self.with } else { &mut self.without };
            side[at].add(exchange.subject);
        }
    }

    fn tally(&self) -> Tally {
        let of = |sets: &[Set; Measure::ALL.len()]| std::array::from_fn(|at| sets[at].count());
        Tally { all: self.all.count(), with: of(&self.with), without: of(&self.without) }
    }
}

impl Counter {
    /// Adds an exchange. One without groups belongs to no cell; the caller says how many there were.
    pub fn add(&mut self, exchange: &Exchange<'_>) {
        if exchange.groups.is_empty() {
            return;
        }
        let system = exchange.system.to_owned();
        for (dimension, value) in exchange.groups {
            let key = (system.clone(), dimension.clone(), value.clone());
            self.cells.entry(key).or_default().add(exchange);
        }
        self.systems.entry(system).or_default().add(exchange);
    }

    /// What was counted.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for ((system, dimension, value), adding) in &self.cells {
            counts.insert(system, dimension, value, adding.tally());
        }
        for (system, adding) in &self.systems {
            counts.totals.insert(system.clone(), adding.tally());
        }
        counts
    }
}

/// Counts by system, dimension and value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    pub(crate) systems: BTreeMap<String, BTreeMap<String, BTreeMap<String, Tally>>>,
    /// By system: the exchanges that stated any dimension at all. One that did not state a dimension is "not stated" there.
    pub(crate) totals: BTreeMap<String, Tally>,
}

impl Counts {
    /// Enters what was counted for a value.
    pub fn insert(&mut self, system: &str, dimension: &str, value: &str, tally: Tally) {
        let dimensions = self.systems.entry(system.to_owned()).or_default();
        dimensions.entry(dimension.to_owned()).or_default().insert(value.to_owned(), tally);
    }

    /// Enters what was counted for a system over all values; without this, nobody left a dimension unstated.
    pub fn total(&mut self, system: &str, tally: Tally) {
        self.totals.insert(system.to_owned(), tally);
    }
}
