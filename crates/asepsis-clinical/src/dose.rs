//! Doses of an answer or a text: a quantity of a drug with its route and how often it is given.

use crate::keys;
use crate::reading::Reading;
use crate::sense::{Cue, Drug, Sense};
use crate::unit::Dimension;

/// How far behind or before the quantity its route and frequency are looked for, in tokens.
const REACH: usize = 16;

/// A dose. Indexes point into the reading's quantities.
#[derive(Clone, Copy)]
pub(crate) struct Dose {
    pub(crate) quantity: usize,
    pub(crate) drug: Option<Drug>,
    pub(crate) route: Option<u8>,
    /// The route stands between the drug and the next one, not far away.
    pub(crate) route_token: Option<usize>,
    pub(crate) per_day: Option<f64>,
    /// How many pieces of that strength are taken at once.
    pub(crate) pieces: f64,
    /// It is named as a limit ("no more than 4 g a day"), not as a dose.
    pub(crate) limit: bool,
    /// The quantity is for a whole day ("daily dose of 80 mg", "4 g per day in divided doses").
    pub(crate) divided: bool,
}

/// The doses of a text: quantities in units of doses that are a drug's, or that route or frequency makes one.
pub(crate) fn doses(reading: &Reading<'_>) -> Vec<Dose> {
    let mut out = Vec::with_capacity(reading.quantities.len() / 4 + 1);
    for (k, q) in reading.quantities.iter().enumerate() {
        let weighed = q.unit.per[0] == Some(Dimension::Mass);
        if !(q.unit.is_plain_dose() || q.unit.dimension.is_dose() && weighed && !q.unit.is_of_bodies()) {
            continue;
        }
        let (first, last) = reading.sentence(q.first, REACH + 24);
        let next = reading.quantities[k + 1..]
            .iter()
            .take(6)
            .find(|other| other.unit.is_plain_dose() && other.subject != q.subject)
            .map_or(last, |other| other.first.saturating_sub(1));
        let ahead = (q.last + REACH).min(last).min(next.max(q.last));
        let behind = match k.checked_sub(1).map(|p| &reading.quantities[p]) {
            Some(p) if p.unit.is_plain_dose() => (p.last + 1).max(first),
            _ => first,
        }
        .max(q.first.saturating_sub(8));
        let after = reading.terms_between(q.last + 1, ahead);
        let before = reading.terms_between(behind, q.first.saturating_sub(1));
        let route = |term: &&crate::sense::Term| matches!(term.sense, Sense::Route(_));
        // "500 mg tablets IV": the form says a route too, and the word after it says more.
        let first_route = after.iter().find(route);
        let more = first_route.and_then(|form| {
            after.iter().rfind(|term| route(term) && term.first > form.last && term.first - form.last <= 2)
        });
        let found = more.or(first_route).or_else(|| before.iter().rfind(route));
        let per_day =
            frequency(reading, q.last + 1, ahead).or_else(|| frequency(reading, behind, q.first.saturating_sub(1)));
        let limit = before.iter().any(|term| term.sense == Sense::Cue(Cue::Limit));
        if q.drug().is_none() && found.is_none() && per_day.is_none() {
            continue;
        }
        out.push(Dose {
            quantity: k,
            drug: q.drug(),
            route: found.and_then(|term| match term.sense {
                Sense::Route(route) => Some(route),
                _ => None,
            }),
            route_token: found.map(|term| term.first as usize),
            per_day,
            pieces: pieces(reading, k, ahead),
            limit,
            divided: divided(reading, behind, q.first, ahead),
        });
    }
    out
}

/// How often a day, from what stands between two tokens.
fn frequency(reading: &Reading<'_>, first: usize, last: usize) -> Option<f64> {
    if first > last {
        return None;
    }
    let named = reading.terms_between(first, last).iter().find_map(|term| match term.sense {
        Sense::Frequency(per_day) => Some(per_day),
        _ => None,
    });
    // "every 6 to 8 hours": the first number is the shortest time, so the most that is given.
    named.or_else(|| {
        let from = reading.quantities.partition_point(|q| q.first < first);
        reading.quantities[from..].iter().enumerate().take_while(|(_, q)| q.last <= last).find_map(|(k, q)| {
            let every = q.first > 0
                && ["every", "q", "cada"].iter().any(|word| reading.word(q.first - 1).eq_ignore_ascii_case(word));
            // The unit stands by it, or by the second number of a range.
            let time = |q: &&crate::quantity::Quantity| q.unit.dimension == Dimension::Time;
            let unit = reading.quantities[from + k..].iter().take(2).find(time).filter(|_| every)?.unit;
            let hours = unit.base(q.value);
            (hours > 0.0).then_some(24.0 / hours)
        })
    })
}

/// "500 mg, 2 tablets" is a gram; "take 2 tablets of 500 mg" too.
fn pieces(reading: &Reading<'_>, k: usize, ahead: usize) -> f64 {
    let q = &reading.quantities[k];
    let near = [k.checked_sub(1), Some(k + 1)];
    for other in near.into_iter().flatten().filter_map(|n| reading.quantities.get(n)) {
        let gap = if other.first > q.last { other.first - q.last } else { q.first.saturating_sub(other.last) };
        let same = reading.tokens[other.first].sentence == reading.tokens[q.first].sentence;
        if other.unit.dimension == Dimension::Piece
            && gap <= 3
            && same
            && other.first <= ahead
            && (0.25..=20.0).contains(&other.value)
        {
            return other.value;
        }
    }
    1.0
}

fn divided(reading: &Reading<'_>, behind: usize, first: usize, ahead: usize) -> bool {
    let said = |from: usize, to: usize, words: &[&str]| {
        let mut keyed = reading.keyed_between(keys::DIVIDED, from, to);
        keyed.any(|i| words.iter().any(|word| reading.word(i).eq_ignore_ascii_case(word)))
    };
    said(first, ahead, &["divided"]) || said(behind, first, &["total", "dose"]) && said(behind, first, &["daily"])
}
