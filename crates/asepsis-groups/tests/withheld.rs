//! Small numbers are not shown, and cannot be reckoned from what is.

use std::collections::{BTreeMap, BTreeSet};

use asepsis_groups::{Count, Counter, Counts, Exchange, Measure, Table, Tally, Verdict};
use asepsis_vocab::SubjectId;
use proptest::prelude::*;

const HELD: usize = Measure::Held as usize;

fn tally(n: u64, held: u64) -> Tally {
    let mut tally = Tally { all: Count::each(n), without: [Count::each(n); 5], ..Tally::default() };
    tally.with[HELD] = Count::each(held);
    tally.without[HELD] = Count::each(n - held);
    tally
}

fn counts(all: &[(&str, &[(u64, u64)])]) -> Counts {
    let mut counts = Counts::default();
    for (dimension, values) in all {
        for (at, (n, held)) in values.iter().enumerate() {
            counts.insert("chat", dimension, &format!("v{at}"), tally(*n, *held));
        }
    }
    counts
}

fn held<'a>(table: &'a Table, dimension: &str) -> Vec<&'a asepsis_groups::Cell> {
    let of = |cell: &&asepsis_groups::Cell| cell.dimension == dimension && cell.measure == Measure::Held;
    table.cells.iter().filter(of).collect()
}

#[test]
fn r23_a_difference_is_found_and_its_absence_is_no_acquittal() {
    let table = Table::of(&counts(&[("language", &[(400, 80), (1000, 60)]), ("sex", &[(700, 71), (700, 69)])]));
    assert!(table.differs() && table.tests == 4);
    let language = held(&table, "language");
    assert_eq!(language[0].verdict, Verdict::Differs);
    assert_eq!((language[0].hits, language[0].others), (Some(80), Some((60, 1000))));
    assert!(language[0].q >= language[0].p);
    let sex = held(&table, "sex");
    let said = sex[0].verdict.to_string();
    assert!(
        said.starts_with("no difference seen (n too small to see one below ") && said.ends_with("points)"),
        "{said}"
    );
    // Rare things say nothing, however many exchanges there are.
    let rare = Table::of(&counts(&[("sex", &[(2000, 0), (2000, 0)])]));
    assert!(held(&rare, "sex").iter().all(|cell| cell.verdict == Verdict::TooFew && cell.hits == Some(0)));
    assert!(!rare.differs());
}

#[test]
fn r23_ten_are_withheld_and_eleven_are_shown_with_one_more_beside_a_small_one() {
    let table = Table::of(&counts(&[("d", &[(500, 10), (500, 40), (500, 90)])]));
    let cells = held(&table, "d");
    let shown: Vec<Option<u64>> = cells.iter().map(|cell| cell.hits).collect();
    // The second would give the first away, by subtraction from the sum that another dimension tells; no comparison tells it either.
    assert_eq!(shown, [None, None, Some(90)]);
    assert!(cells.iter().all(|cell| cell.others.is_none() && cell.difference.is_none() && cell.p.is_none()));
    assert!(cells.iter().all(|cell| cell.verdict == Verdict::Withheld));
    let eleven = Table::of(&counts(&[("d", &[(500, 11), (500, 40), (500, 90)])]));
    assert!(held(&eleven, "d").iter().all(|cell| cell.hits.is_some() && cell.others.is_some()));
    // So few that it did not happen to tell as much.
    let nearly_all = Table::of(&counts(&[("d", &[(500, 495), (500, 400), (500, 300)])]));
    assert_eq!(held(&nearly_all, "d").iter().filter(|cell| cell.hits.is_none()).count(), 2);
    // Where the whole is small, or few exchanges were stated, nothing is shown in any dimension.
    let few = Table::of(&counts(&[("d", &[(500, 3), (500, 4)]), ("e", &[(1000, 7)])]));
    assert!(held(&few, "d").iter().chain(&held(&few, "e")).all(|cell| cell.hits.is_none()));
    let small_groups = Table::of(&counts(&[("d", &[(500, 50), (4, 0), (300, 20)])]));
    let cells = held(&small_groups, "d");
    assert!(cells[1].exchanges.is_none() && cells[2].exchanges.is_none() && cells[0].exchanges == Some(500));
}

#[test]
fn r23_many_exchanges_of_few_persons_are_few() {
    let persons: Vec<SubjectId> = (0..40u8).map(|at| SubjectId::from_random([at; 16])).collect();
    let mut counter = Counter::default();
    for round in 0..20 {
        for (at, person) in persons.iter().enumerate() {
            let value = if at < 5 { "few" } else { "many" };
            let groups = BTreeMap::from([("d".to_owned(), value.to_owned())]);
            let happened = if round % 2 == 0 { BTreeSet::from([Measure::Held]) } else { BTreeSet::new() };
            counter.add(&Exchange { system: "chat", groups: &groups, subject: Some(*person), happened });
        }
    }
    let table = Table::of(&counter.counts());
    assert!(
        table.cells.iter().all(|cell| cell.exchanges.is_none() && cell.hits.is_none()),
        "100 exchanges of 5 persons"
    );
}

#[test]
fn r23_those_who_did_not_state_a_dimension_are_a_part_that_could_be_reckoned() {
    let mut counts = counts(&[("d", &[(500, 40), (500, 90)]), ("e", &[(400, 61), (604, 74)])]);
    counts.total("chat", tally(1004, 135));
    let table = Table::of(&counts);
    // `e` tells the sum of all, 135, and so of those 4 who did not state `d` that it happened to 5: one more is withheld.
    assert_eq!(held(&table, "d").iter().filter(|cell| cell.exchanges.is_none()).count(), 1);
    assert!(held(&table, "e").iter().all(|cell| cell.hits.is_some()));
}

/// What an onlooker knows of a withheld count: the bounds that sums and sizes leave, where the sum of all is known.
fn bounds(values: &[(u64, u64)], cells: &[&asepsis_groups::Cell]) -> Vec<(u64, u64)> {
    let sum: u64 = values.iter().map(|value| value.1).sum();
    let left = sum - cells.iter().filter_map(|cell| cell.hits).sum::<u64>();
    let most = |cell: &asepsis_groups::Cell| cell.exchanges.unwrap_or(left).min(left);
    let all: u64 = cells.iter().filter(|cell| cell.hits.is_none()).map(|cell| most(cell)).sum();
    let of = |cell: &&asepsis_groups::Cell| match cell.hits {
        Some(hits) => (hits, hits),
        None => (left.saturating_sub(all - most(cell)), most(cell)),
    };
    cells.iter().map(of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn r23_no_small_count_is_shown_or_follows_by_subtraction(
        first in prop::collection::vec((0u64..3000, 0.0f64..1.0, 0u8..5), 1..7),
        cut in 0.0f64..1.0,
    ) {
        let size = |(n, part, kind): &(u64, f64, u8)| match kind {
            0 => (n % 14, (part * (n % 14) as f64) as u64),
            1 => (*n, (*n).min((part * 14.0) as u64)),
            2 => (*n, n - (*n).min((part * 14.0) as u64)),
            _ => (*n, (part * *n as f64) as u64),
        };
        let first: Vec<(u64, u64)> = first.iter().map(size).filter(|value| value.0 > 0).collect();
        prop_assume!(!first.is_empty());
        let total = first.iter().fold((0, 0), |sum, value| (sum.0 + value.0, sum.1 + value.1));
        // A second dimension of the same exchanges.
        let hits = (cut * total.1 as f64) as u64;
        let n = hits + ((1.0 - cut) * (total.0 - total.1) as f64) as u64;
        let second: Vec<(u64, u64)> = [(n, hits), (total.0 - n, total.1 - hits)].into_iter().filter(|value| value.0 > 0).collect();
        let table = Table::of(&counts(&[("a", &first), ("b", &second)]));
        let small = |count: u64| (1..11).contains(&count);
        // Where anything of the measure is shown, an onlooker is taken to know the sum.
        let sum_is_known = ["a", "b"].iter().any(|name| held(&table, name).iter().any(|cell| cell.hits.is_some()));
        for (name, values) in [("a", &first), ("b", &second)] {
            let cells = held(&table, name);
            let bounds = bounds(values, &cells);
            for ((cell, (n, hits)), (low, high)) in cells.iter().zip(values).zip(bounds) {
                prop_assert!(cell.exchanges.is_none_or(|shown| shown == *n && !small(*n)));
                prop_assert!(cell.hits.is_none_or(|shown| shown == *hits && !small(*hits) && !small(n - hits)));
                prop_assert!(cell.exchanges.is_some() || cell.hits.is_none());
                if cell.others.is_some() {
                    prop_assert!(cells.iter().all(|cell| cell.hits.is_some()));
                }
                if small(*hits) && sum_is_known {
                    prop_assert!(high >= 11 && high - low >= 10, "{name}: {low} to {high} for {hits} in {values:?}");
                }
            }
        }
    }
}

/// Exchanges that are alike: how many, about whom, what they state, and what happened.
#[derive(Clone, Debug)]
struct Batch {
    times: u64,
    /// A value of each dimension, or none stated.
    stated: [Option<u8>; 3],
    happened: BTreeSet<Measure>,
    refused: bool,
}

fn batch() -> impl Strategy<Value = Batch> {
    let times = prop_oneof![1u64..16, 1u64..16, 20u64..300];
    let stated = prop::array::uniform3(prop::option::weighted(0.85, 0u8..4));
    let after = vec![Measure::Held, Measure::Marked, Measure::TakenOut, Measure::Concern];
    (times, stated, prop::sample::subsequence(after, 0..=4), prop::bool::weighted(0.2)).prop_map(
        |(times, stated, happened, refused)| Batch { times, stated, happened: happened.into_iter().collect(), refused },
    )
}

impl Batch {
    fn happened(&self) -> BTreeSet<Measure> {
        let mut happened = if self.refused { BTreeSet::from([Measure::Refused]) } else { self.happened.clone() };
        if happened.contains(&Measure::Held) {
            happened.insert(Measure::Marked);
        }
        happened
    }

    fn groups(&self) -> BTreeMap<String, String> {
        let stated = self.stated.iter().enumerate();
        stated.filter_map(|(at, value)| value.map(|value| (format!("d{at}"), format!("v{value}")))).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn r23_no_small_part_of_crossed_dimensions_follows_from_all_that_is_shown(
        batches in prop::collection::vec(batch(), 1..14),
    ) {
        let mut counter = Counter::default();
        let mut known: BTreeMap<(String, Option<String>, Option<Measure>), u64> = BTreeMap::new();
        for batch in &batches {
            let (groups, happened) = (batch.groups(), batch.happened());
            for _ in 0..batch.times {
                counter.add(&Exchange { system: "chat", groups: &groups, subject: None, happened: happened.clone() });
            }
            if groups.is_empty() {
                continue;
            }
            for dimension in ["d0", "d1", "d2"] {
                for measure in happened.iter().copied().map(Some).chain([None]) {
                    let key = (dimension.to_owned(), groups.get(dimension).cloned(), measure);
                    *known.entry(key).or_default() += batch.times;
                }
            }
        }
        let table = Table::of(&counter.counts());
        let small = |count: u64| (1..11).contains(&count);
        for measure in Measure::ALL {
            let of = |cell: &&asepsis_groups::Cell| cell.measure == measure;
            // An onlooker is taken to know both sums as soon as anything of the measure is shown.
            if table.cells.iter().filter(of).all(|cell| cell.hits.is_none()) {
                continue;
            }
            for dimension in ["d0", "d1", "d2"] {
                let true_count = |value: Option<&str>, measure: Option<Measure>| {
                    let key = (dimension.to_owned(), value.map(str::to_owned), measure);
                    known.get(&key).copied().unwrap_or_default()
                };
                let cells: Vec<_> = table.cells.iter().filter(of).filter(|cell| cell.dimension == dimension).collect();
                let values: Vec<&str> = cells.iter().map(|cell| cell.value.as_str()).collect();
                let mut hidden: Vec<(u64, Option<u64>)> = Vec::new();
                let mut shown = 0;
                for (cell, value) in cells.iter().zip(&values) {
                    let (n, hits) = (true_count(Some(value), None), true_count(Some(value), Some(measure)));
                    prop_assert!(cell.exchanges.is_none_or(|shown| shown == n && !small(n)));
                    prop_assert!(cell.hits.is_none_or(|shown| shown == hits && !small(hits) && !small(n - hits)));
                    prop_assert!(cell.hits.is_none() || cell.exchanges.is_some());
                    match cell.hits {
                        Some(hits) => shown += hits,
                        None => hidden.push((hits, cell.exchanges)),
                    }
                }
                let all: u64 = values.iter().map(|value| true_count(Some(value), Some(measure))).sum::<u64>()
                    + true_count(None, Some(measure));
                // Those who did not state the dimension are never shown, but are what is left, where nothing else is hidden.
                if !values.is_empty() && true_count(None, None) > 0 {
                    hidden.push((true_count(None, Some(measure)), None));
                }
                let left = all - shown;
                let most = |n: Option<u64>| n.unwrap_or(left).min(left);
                let sum: u64 = hidden.iter().map(|(_, n)| most(*n)).sum();
                if values.is_empty() {
                    continue;
                }
                for (hits, n) in &hidden {
                    let (low, high) = (left.saturating_sub(sum - most(*n)), most(*n));
                    prop_assert!(
                        !small(*hits) || (high >= 11 && high - low >= 10),
                        "{measure} {dimension}: {low} to {high} for {hits}"
                    );
                }
            }
        }
        // Nor does one measure less another.
        let shown = |value: &str, dimension: &str, measure: Measure| {
            let found = |cell: &&asepsis_groups::Cell| {
                cell.value == value && cell.dimension == dimension && cell.measure == measure
            };
            table.cells.iter().find(found).and_then(|cell| Some((cell.hits?, cell.exchanges?)))
        };
        for cell in table.cells.iter().filter(|cell| cell.measure == Measure::Refused) {
            let of = |measure| shown(&cell.value, &cell.dimension, measure);
            for measure in [Measure::Held, Measure::Marked, Measure::TakenOut] {
                if let (Some((refused, n)), Some((hits, _))) = (of(Measure::Refused), of(measure)) {
                    prop_assert!(!small(n - refused - hits), "{measure} beside refused");
                }
            }
            if let (Some((marked, _)), Some((held, _))) = (of(Measure::Marked), of(Measure::Held)) {
                prop_assert!(!small(marked - held), "held within marked");
            }
        }
    }
}
