//! The table: what is shown of each cell, and what it says.

use std::collections::BTreeMap;
use std::fmt;

use crate::compare::{Pair, benjamini_hochberg, detectable};
use crate::count::{Count, Counts, Measure, Tally};
use crate::interval::{Interval, newcombe, wilson};
use crate::withhold::{Part, is_small, withheld};

/// The rate of false discoveries among cells that are said to differ.
pub const LEVEL: f64 = 0.05;

/// Fewer exchanges than this say nothing, on either side.
pub const LEAST_TO_SAY: u64 = 30;

/// What a cell says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// The rate differs from that of all others, after correction for all cells of the table.
    Differs,
    /// No difference is seen. One smaller than `below` would mostly not be: there may be one.
    NotSeen {
        /// The smallest difference that these numbers show four times in five.
        below: f64,
    },
    /// Too few exchanges, or too few that it happened to.
    TooFew,
    /// Nobody stated another value of the dimension.
    Alone,
    /// Not shown, so that nobody is found by a small number. It says nothing about a difference.
    Withheld,
}

impl Verdict {
    /// The word for it, for programs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Differs => "differs",
            Self::NotSeen { .. } => "no-difference-seen",
            Self::TooFew => "too-few",
            Self::Alone => "alone",
            Self::Withheld => "withheld",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs => f.write_str("differs"),
            // Rounded up, so that it never promises more than it can see.
            Self::NotSeen { below } => {
                let points = (below * 1000.0).ceil() / 10.0;
                write!(f, "no difference seen (n too small to see one below {points:.1} points)")
            }
            Self::TooFew => f.write_str("too few to say"),
            Self::Alone => f.write_str("nothing to compare with"),
            Self::Withheld => f.write_str("withheld (small numbers)"),
        }
    }
}

/// What is shown of one value under one measure. What is `None` is withheld, or cannot be said.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The AI system.
    pub system: String,
    /// The dimension.
    pub dimension: String,
    /// The value.
    pub value: String,
    /// The measure.
    pub measure: Measure,
    /// Exchanges.
    pub exchanges: Option<u64>,
    /// Those that it happened to.
    pub hits: Option<u64>,
    /// The rate, with Wilson's 95 % interval.
    pub rate: Option<Interval>,
    /// Of all other values of the dimension together: those that it happened to, exchanges.
    pub others: Option<(u64, u64)>,
    /// The rate less that of all other values of the dimension, with Newcombe's 95 % interval.
    pub difference: Option<Interval>,
    /// Two-sided, by Fisher's exact test or chi-square, before correction.
    pub p: Option<f64>,
    /// The same after correction over all cells of the table that were tested (Benjamini-Hochberg).
    pub q: Option<f64>,
    /// What it says.
    pub verdict: Verdict,
}

/// The table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The AI systems, and of how many exchanges groups were stated; `None` where that is withheld. They are not to be added up where
    /// one is.
    pub systems: BTreeMap<String, Option<u64>>,
    /// The cells, by system, dimension, value and measure.
    pub cells: Vec<Cell>,
    /// How many of them were tested.
    pub tests: usize,
}

impl Table {
    /// What the counts come to.
    #[must_use]
    pub fn of(counts: &Counts) -> Self {
        let (mut rows, mut systems) = (Vec::new(), BTreeMap::new());
        for (system, dimensions) in &counts.systems {
            let total = counts.totals.get(system).copied();
            let parts: Vec<(&String, Dimension<'_>)> =
                dimensions.iter().map(|(name, values)| (name, Dimension::new(values, total))).collect();
            // Every dimension adds up to the same, so what one has to hide wholly no other may give away.
            let exchanges: Option<Vec<Vec<bool>>> =
                parts.iter().map(|(_, dimension)| dimension.hidden_exchanges()).collect();
            let stated = total.filter(|_| exchanges.is_some()).map(|total| total.all);
            systems.insert(system.clone(), stated.filter(|all| !is_small(*all)).map(|all| all.exchanges));
            let measures: Vec<Option<Vec<Vec<bool>>>> = (0..Measure::ALL.len())
                .map(|at| {
                    let exchanges = exchanges.as_ref()?;
                    let mut hidden = Vec::with_capacity(parts.len());
                    for ((_, dimension), exchanges) in parts.iter().zip(exchanges) {
                        hidden.push(dimension.hidden_hits(at, exchanges)?);
                    }
                    Some(hidden)
                })
                .collect();
            for (number, (name, dimension)) in parts.iter().enumerate() {
                for (row, value) in dimension.values.iter().enumerate() {
                    let shown = exchanges.as_ref().is_some_and(|hidden| !hidden[number][row]);
                    for (at, measure) in Measure::ALL.into_iter().enumerate() {
                        let hidden = measures[at].as_ref().map(|hidden| hidden[number].as_slice());
                        let cell = Cell {
                            system: system.clone(),
                            dimension: (*name).clone(),
                            value: (*value).clone(),
                            measure,
                            exchanges: shown.then(|| dimension.tallies[row].all.exchanges),
                            hits: None,
                            rate: None,
                            others: None,
                            difference: None,
                            p: None,
                            q: None,
                            verdict: Verdict::Withheld,
                        };
                        rows.push(dimension.fill(cell, row, at, hidden));
                    }
                }
            }
        }
        Self { systems, ..judge(rows) }
    }

    /// Whether any cell differs after correction.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.cells.iter().any(|cell| cell.verdict == Verdict::Differs)
    }

    /// How many cells are withheld.
    #[must_use]
    pub fn withheld(&self) -> usize {
        self.cells.iter().filter(|cell| cell.verdict == Verdict::Withheld && cell.hits.is_none()).count()
    }
}

/// The values of a dimension, and behind them those that did not state one.
struct Dimension<'a> {
    values: Vec<&'a String>,
    /// By value; the last is of those that did not state it, and is never shown, but could be reckoned.
    tallies: Vec<Tally>,
}

impl<'a> Dimension<'a> {
    fn new(values: &'a BTreeMap<String, Tally>, total: Option<Tally>) -> Self {
        let mut tallies: Vec<Tally> = values.values().copied().collect();
        tallies.push(rest(total.unwrap_or_default(), &tallies));
        Self { values: values.keys().collect(), tallies }
    }

    fn hidden_exchanges(&self) -> Option<Vec<bool>> {
        let part = |tally: &Tally| Part {
            with: tally.all,
            without: Count::default(),
            is_whole_shown: false,
            is_forced: false,
        };
        withheld(&self.tallies.iter().map(part).collect::<Vec<_>>())
    }

    /// Which counts of a measure are withheld, where these counts of exchanges are.
    fn hidden_hits(&self, at: usize, exchanges: &[bool]) -> Option<Vec<bool>> {
        let part = |(tally, hidden): (&Tally, &bool)| Part {
            with: tally.with[at],
            without: tally.without[at],
            is_whole_shown: !hidden,
            is_forced: *hidden || tells_another(tally, at),
        };
        withheld(&self.tallies.iter().zip(exchanges).map(part).collect::<Vec<_>>())
    }

    /// Fills in what may be shown.
    fn fill(&self, cell: Cell, row: usize, at: usize, hidden: Option<&[bool]>) -> Cell {
        let Some(hidden) = hidden.filter(|hidden| !hidden[row]) else { return cell };
        let tally = &self.tallies[row];
        let one = (tally.with[at].exchanges, tally.all.exchanges);
        let shown = Cell { hits: Some(one.0), rate: wilson(one.0, one.1), ..cell };
        // A comparison with all others would tell what is withheld among them.
        if hidden.contains(&true) {
            return shown;
        }
        let stated = &self.tallies[..self.values.len()];
        let others = stated
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != row)
            .fold((0, 0), |sum, (_, other)| (sum.0 + other.with[at].exchanges, sum.1 + other.all.exchanges));
        if others.1 == 0 {
            return Cell { verdict: Verdict::Alone, ..shown };
        }
        let pair = Pair { one, others };
        let shown = Cell { others: Some(others), difference: newcombe(one, others), ..shown };
        if one.1.min(others.1) < LEAST_TO_SAY || pair.least_expected() < 5.0 {
            return Cell { verdict: Verdict::TooFew, ..shown };
        }
        // What it says depends on how many cells are tested, so it waits for that.
        Cell { p: Some(pair.p()), verdict: Verdict::TooFew, ..shown }
    }
}

/// Whether the count, less another that is shown, would be a small one: what is neither refused nor this, or marked and not held.
fn tells_another(tally: &Tally, at: usize) -> bool {
    let with = |measure: Measure| tally.with[measure as usize].exchanges;
    let few = |count: u64| is_small(Count::each(count));
    let sent = tally.all.exchanges.saturating_sub(with(Measure::Refused));
    match Measure::ALL[at] {
        Measure::Refused | Measure::Concern => false,
        measure @ (Measure::Marked | Measure::TakenOut) => few(sent.saturating_sub(with(measure))),
        Measure::Held => {
            few(sent.saturating_sub(with(Measure::Held)))
                || few(with(Measure::Marked).saturating_sub(with(Measure::Held)))
        }
    }
}

/// What is left of a total. How many persons those are is not known, so each exchange counts as one's own.
fn rest(total: Tally, parts: &[Tally]) -> Tally {
    let left = |of: &dyn Fn(&Tally) -> Count| {
        let sum: u64 = parts.iter().map(|part| of(part).exchanges).sum();
        Count::each(of(&total).exchanges.saturating_sub(sum))
    };
    Tally {
        all: left(&|tally| tally.all),
        with: std::array::from_fn(|at| left(&|tally| tally.with[at])),
        without: std::array::from_fn(|at| left(&|tally| tally.without[at])),
    }
}

/// Corrects for all cells that were tested, and says what they say.
fn judge(mut cells: Vec<Cell>) -> Table {
    let tested: Vec<usize> = (0..cells.len()).filter(|at| cells[*at].p.is_some()).collect();
    let p: Vec<f64> = tested.iter().filter_map(|at| cells[*at].p).collect();
    for (at, q) in tested.iter().zip(benjamini_hochberg(&p)) {
        let cell = &mut cells[*at];
        cell.q = Some(q);
        // The strictest level that the correction can ask for, so that what can be seen is not said to be more than it is.
        let level = LEVEL / tested.len() as f64;
        let below = cell.exchanges.zip(cell.others).and_then(|(n, others)| detectable(n, others, level));
        cell.verdict = match below {
            _ if q <= LEVEL => Verdict::Differs,
            Some(below) => Verdict::NotSeen { below },
            None => Verdict::TooFew,
        };
    }
    Table { systems: BTreeMap::new(), cells, tests: tested.len() }
}
