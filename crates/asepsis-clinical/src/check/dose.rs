//! Doses against the table of bounds: too much at once or a day, a route that is never right, a weekly drug taken daily.

use asepsis_vocab::Verdict;

use super::Found;
use crate::context::{Context, thousandths};
use crate::dose::Dose;
use crate::lexicon::Lexicon;
use crate::quantity::Quantity;
use crate::reading::Reading;
use crate::sense::Sense;
use crate::tables::{Bound, Tables};
use crate::unit::Dimension;

/// Above this many tablets at once it is a slip or an overdose. (Boxes of methotrexate or prednisone come near it.)
const MANY_PIECES: f64 = 10.0;

pub(crate) fn check(answer: &Reading<'_>, doses: &[Dose], context: &Context, tables: &Tables, found: &mut Found) {
    let lexicon = &*tables.lexicon;
    for dose in doses {
        let q = &answer.quantities[dose.quantity];
        let span = answer.span(q.first, q.last);
        if let Some(drug) = dose.drug {
            found.looked.doses += 1;
            if !unit_fits(lexicon, drug, q) {
                found.flag(span, "dose/unit-drug", Verdict::Hold);
            }
            if let Some(bounds) = tables.bounds.get(&drug) {
                bounded(answer, dose, q, bounds, context, found);
            }
        }
        if let Some((drug, per_day)) = dose.drug.zip(dose.per_day) {
            let mut known = context.frequencies.range((drug, 0)..=(drug, u32::MAX)).take(64).peekable();
            if known.peek().is_some() && known.all(|(_, k)| k.abs_diff(thousandths(per_day)) > k / 20) {
                found.flag(span, "dose/frequency", Verdict::Annotate);
            }
        }
        if let Some(token) = dose.route_token.filter(|_| !route_fits(answer, lexicon, dose, q)) {
            found.flag(answer.span(token, token), "dose/unit-route", Verdict::Annotate);
        }
    }
    never_routes(answer, tables, found);
    for q in &answer.quantities {
        if q.unit.dimension == Dimension::Piece && q.value > MANY_PIECES && is_swallowed_as_told(answer, q) {
            found.flag(answer.span(q.first, q.last), "dose/many-pieces", Verdict::Hold);
        }
    }
}

/// Whether somebody is told to swallow it, and it is not what a pharmacy hands out.
fn is_swallowed_as_told(answer: &Reading<'_>, q: &Quantity) -> bool {
    let swallowed = ["tablet", "pill", "capsule", "tab", "cap", "tableta", "pastilla"]
        .iter()
        .any(|word| answer.word(q.last).to_ascii_lowercase().trim_end_matches('s') == *word);
    let before = q.first.checked_sub(1).map_or("", |k| answer.word(k));
    let dispensed =
        ["dispense", "disp", "quantity", "qty", "#", "of", "bottle"].iter().any(|w| before.eq_ignore_ascii_case(w));
    let told = q.first > 0 && {
        let (start, _) = answer.sentence(q.first, 4);
        answer.has(start, q.first - 1, |sense| sense == Sense::Cue(crate::sense::Cue::Give))
    };
    swallowed && told && !dispensed
}

/// Insulin and heparin are dosed in units, never by weight or volume alone; units are of few drugs.
fn unit_fits(lexicon: &Lexicon, drug: crate::sense::Drug, q: &Quantity) -> bool {
    let of = |class: &str| lexicon.is_of_class(drug, class);
    match q.unit.dimension {
        Dimension::Mass | Dimension::Equivalent | Dimension::Mole => !of("insulin"),
        Dimension::Activity => {
            let swallowed = [
                "statin",
                "ssri",
                "ace-inhibitor",
                "arb",
                "beta-blocker",
                "biguanide",
                "nsaid",
                "opioid",
                "sulfonylurea",
                "thiazide",
            ];
            of("insulin") || !of("potassium") && !swallowed.iter().any(|class| of(class))
        }
        _ => true,
    }
}

/// Tablets are not injected, and nobody swallows an infusion's rate.
fn route_fits(answer: &Reading<'_>, lexicon: &Lexicon, dose: &Dose, q: &Quantity) -> bool {
    let Some(route) = dose.route.map(|route| lexicon.routes[usize::from(route)]) else { return true };
    let injected = matches!(route, "iv" | "im" | "sc" | "intrathecal");
    let token = dose.route_token.unwrap_or(q.last);
    let (from, to) = (q.first.min(token), q.last.max(token));
    let solid = || {
        (from..=to + 2).any(|k| {
            ["tablet", "tablets", "capsule", "capsules", "pill", "pills"]
                .iter()
                .any(|w| answer.word(k).eq_ignore_ascii_case(w))
        })
    };
    let rate = q.unit.dimension == Dimension::Volume && q.unit.per[0] == Some(Dimension::Time);
    !(injected && solid() || rate && matches!(route, "oral" | "sl" | "topical"))
}

fn bounded(answer: &Reading<'_>, dose: &Dose, q: &Quantity, bounds: &[Bound], context: &Context, found: &mut Found) {
    let span = answer.span(q.first, q.last);
    let age = context.ages.iter().next_back().map(|age| f64::from(*age)).filter(|_| context.ages.len() == 1);
    let fits = |bound: &&Bound| {
        let of_age = match (bound.min_age, bound.max_age, age) {
            (None, None, _) => true,
            (_, _, None) => false,
            (min, max, Some(age)) => min.is_none_or(|min| age >= min) && max.is_none_or(|max| age <= max),
        };
        of_age && (bound.route.is_none() || dose.route.is_none() || bound.route == dose.route)
    };
    if bounds.iter().filter(fits).any(|b| b.weekly) && dose.per_day.is_some_and(|per_day| per_day > 0.3) {
        found.flag(span, "dose/weekly-drug", Verdict::Hold);
    }
    let single = q.base() * dose.pieces;
    let daily = if dose.divided || dose.limit { Some(single) } else { dose.per_day.map(|n| single * n.max(1.0)) };
    let per_kg = q.unit.per[0] == Some(Dimension::Mass);
    // Where the route is not said the most permissive row counts; where an age is, its own row goes before the general one.
    let by_age = |bound: &&Bound| fits(bound) && (bound.min_age.is_some() || bound.max_age.is_some());
    let most = |of: fn(&Bound) -> Option<f64>| {
        let greatest = |rows: &mut dyn Iterator<Item = &Bound>| {
            rows.filter(|b| b.unit.dimension == q.unit.dimension).filter_map(of).max_by(f64::total_cmp)
        };
        greatest(&mut bounds.iter().filter(by_age)).or_else(|| greatest(&mut bounds.iter().filter(fits)))
    };
    let above = |value: f64, bound: Option<f64>| bound.is_some_and(|bound| value > bound * 1.001);
    if per_kg {
        let day = q.unit.per[1] == Some(Dimension::Time);
        if above(q.base(), most(|b| b.max_single_per_kg).filter(|_| !day)) {
            found.flag(span, "dose/above-single", Verdict::Hold);
        }
        return;
    }
    if q.unit.per[0].is_some() {
        return;
    }
    let weighed = context.weight.zip(most(|b| b.max_single_per_kg)).map(|(kg, per_kg)| kg * per_kg);
    if !(dose.divided || dose.limit) && (above(single, most(|b| b.max_single)) || above(single, weighed)) {
        found.flag(span, "dose/above-single", Verdict::Hold);
    } else if daily.is_some_and(|daily| above(daily, most(|b| b.max_daily))) {
        found.flag(span, "dose/above-daily", Verdict::Hold);
    }
}

/// Drugs that kill by a route ("vincristine intrathecally"), with a dose or without.
fn never_routes(answer: &Reading<'_>, tables: &Tables, found: &mut Found) {
    for term in &answer.terms {
        let Sense::Drug(drug) = term.sense else { continue };
        let Some(bounds) = tables.bounds.get(&drug) else { continue };
        let first = term.first as usize;
        let (start, end) = answer.sentence(first, 14);
        if !bounds.iter().any(|b| b.never) {
            continue;
        }
        // What warns of it is no order: "never give vincristine intrathecally", "not for intrathecal use".
        let warned = answer.has(start, end, |sense| {
            matches!(sense, Sense::Cue(crate::sense::Cue::Denied | crate::sense::Cue::Not | crate::sense::Cue::Avoid))
        }) || (start..=end)
            .any(|k| ["fatal", "only"].iter().any(|w| answer.word(k).eq_ignore_ascii_case(w)));
        for route in answer.terms_between(first, end) {
            let Sense::Route(of) = route.sense else { continue };
            if !warned && bounds.iter().any(|b| b.never && b.route == Some(of)) {
                found.flag(answer.span(first, route.last as usize), "dose/route-never", Verdict::Hold);
            }
        }
    }
}
