//! Who a text is about: age and sex, record numbers, dates of birth. Values are kept as hashes.

use std::hash::{DefaultHasher, Hash, Hasher};

use asepsis_vocab::Span;

use crate::keys;
use crate::reading::Reading;
use crate::sense::{Cue, Sense};
use crate::token::Kind;
use crate::unit::Dimension;

/// A statement of age and sex: "72-year-old man", "embarazada de 30 años".
#[derive(Clone, Copy)]
pub(crate) struct Stated {
    pub(crate) age: u16,
    /// 1 male, 2 female, 0 not said.
    pub(crate) sex: u8,
    pub(crate) first: usize,
    pub(crate) last: usize,
    pub(crate) sex_token: usize,
}

/// Every statement of age that is of the patient, not of a relative.
pub(crate) fn stated(reading: &Reading<'_>) -> Vec<Stated> {
    let mut out = Vec::new();
    for q in &reading.quantities {
        if q.unit.dimension != Dimension::Time
            || (q.unit.factor - 8766.0).abs() > 1.0
            || !(0.0..=125.0).contains(&q.value)
        {
            continue;
        }
        // "50-year-old", "50 year old", "50 yo", "50 años"
        let mut last = q.last;
        let unit = &reading.text[reading.span(q.first, q.last).range()];
        let mut old = ["yo", "y.o", "y/o"].iter().any(|form| unit.to_ascii_lowercase().ends_with(form));
        for k in q.last + 1..q.last + 3 {
            if reading.word(k).eq_ignore_ascii_case("old") {
                (last, old) = (k, true);
            }
        }
        let (start, end) = reading.sentence(q.first, 10);
        let family = |from: usize, to: usize| reading.has(from, to, |sense| sense == Sense::Cue(Cue::Family));
        if !old || family(start.max(q.first.saturating_sub(6)), (last + 4).min(end)) {
            continue;
        }
        let sex = reading.terms_between(last + 1, (last + 5).min(end)).iter().find_map(|term| match term.sense {
            Sense::Cue(Cue::Male) => Some((1, term.first as usize)),
            Sense::Cue(Cue::Female) => Some((2, term.first as usize)),
            _ => None,
        });
        let (sex, sex_token) = sex.unwrap_or((0, last));
        out.push(Stated { age: q.value as u16, sex, first: q.first, last, sex_token });
    }
    out
}

/// The sexes that fields state ("Sex: F", `"gender":"female"`), as bits.
pub(crate) fn sexes(reading: &Reading<'_>) -> u8 {
    let mut out = 0;
    for k in reading.keyed(keys::SEX) {
        let field = ["sex", "gender"].iter().any(|word| reading.word(k).eq_ignore_ascii_case(word));
        if !field || !reading.tokens.get(k + 1).is_some_and(|t| matches!(t.mark, b':' | b'"' | b'=')) {
            continue;
        }
        let value = (k + 1..k + 5).find(|n| reading.tokens.get(*n).is_some_and(|t| t.kind == Kind::Word));
        match value.map(|n| reading.word(n).to_lowercase()).as_deref() {
            Some("male" | "m") => out |= 1,
            Some("female" | "f") => out |= 2,
            _ => {}
        }
    }
    out
}

/// An identifier that a cue names, with the hash of what it is.
#[derive(Clone, Copy)]
pub(crate) struct Named {
    pub(crate) birth: bool,
    pub(crate) hash: u64,
    pub(crate) span: Span,
}

/// Record numbers and dates of birth after their cues.
pub(crate) fn named(reading: &Reading<'_>) -> Vec<Named> {
    let mut out = Vec::new();
    for i in reading.keyed(keys::PERSON) {
        if reading.tokens[i].kind != Kind::Word {
            continue;
        }
        let word = reading.word(i);
        let is = |w: &str| word.eq_ignore_ascii_case(w);
        let next = |k: usize, w: &str| reading.word(i + k).eq_ignore_ascii_case(w);
        let (birth, from) = if is("mrn") {
            (false, i + 1)
        } else if is("record") && (next(1, "number") || next(1, "no")) {
            (false, i + 2)
        } else if is("dob") {
            (true, i + 1)
        } else if is("date") && next(1, "of") && next(2, "birth") {
            (true, i + 3)
        } else if is("birth") && next(1, "date") {
            (true, i + 2)
        } else if is("birthdate") || is("birthDate") {
            (true, i + 1)
        } else {
            continue;
        };
        let found = (from..from + 4).find_map(|k| {
            let token = reading.tokens.get(k)?;
            if birth { date(reading, k) } else { record(reading, k) }.filter(|_| token.kind != Kind::Mark)
        });
        if let Some((hash, span)) = found {
            out.push(Named { birth, hash, span });
        }
    }
    out
}

/// Everything in a text that could be a record number or a date, as hashes: what an answer names is looked up among them.
pub(crate) fn values(reading: &Reading<'_>, out: &mut Vec<u64>) {
    for k in reading.keyed(keys::DIGITS | keys::MONTH) {
        if let Some((hash, _)) = record(reading, k) {
            out.push(hash);
        }
        if let Some((hash, _)) = date(reading, k) {
            out.push(hash);
        }
    }
}

/// A run of letters, digits and hyphens with at least four digits.
fn record(reading: &Reading<'_>, k: usize) -> Option<(u64, Span)> {
    let token = reading.tokens.get(k)?;
    let joined = token.glued && k > 0 && reading.tokens[k - 1].kind != Kind::Mark;
    if token.kind == Kind::Mark || joined {
        return None;
    }
    let start = token.start as usize;
    let bytes = reading.text.as_bytes();
    let mut end = start;
    while end < bytes.len() && end - start < 32 && (bytes[end].is_ascii_alphanumeric() || bytes[end] == b'-') {
        end += 1;
    }
    if bytes[start..end].iter().filter(|b| b.is_ascii_digit()).count() < 4 {
        return None;
    }
    let text = reading.text.get(start..end)?.trim_end_matches('-');
    let plain: String = text.chars().filter(|c| *c != '-').map(|c| c.to_ascii_uppercase()).collect();
    Some((hash(plain.trim_start_matches('0')), Span::new(start, start + text.len())))
}

/// A date as `4/12/1950`, `1950-04-12`, `April 12, 1950` or `12 April 1950`: month, day, year.
fn date(reading: &Reading<'_>, k: usize) -> Option<(u64, Span)> {
    let number = |k: usize| -> Option<u32> {
        let token = reading.tokens.get(k)?;
        (token.kind == Kind::Number).then(|| reading.word(k).parse().ok()).flatten()
    };
    let apart = |k: usize| reading.tokens.get(k).is_some_and(|t| t.is(b'/') || t.is(b'-') || t.is(b'.'));
    let (month, day, year, last) = if apart(k + 1) && apart(k + 3) {
        let (a, b, c) = (number(k)?, number(k + 2)?, number(k + 4)?);
        if a > 31 { (b, c, a, k + 4) } else { (a, b, c, k + 4) }
    } else if let Some(month) = month(reading, k) {
        let comma = usize::from(reading.tokens.get(k + 2).is_some_and(|t| t.is(b',')));
        (month, number(k + 1)?, number(k + 2 + comma)?, k + 2 + comma)
    } else if let (Some(day), Some(month)) = (number(k), month(reading, k + 1)) {
        (month, day, number(k + 2)?, k + 2)
    } else {
        return None;
    };
    let good = (1..=12).contains(&month) && (1..=31).contains(&day) && (1850..=2200).contains(&year);
    good.then(|| (hash(&format!("{year}-{month}-{day}")), reading.span(k, last)))
}

fn month(reading: &Reading<'_>, k: usize) -> Option<u32> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    const LONG: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let word = reading.tokens.get(k).filter(|token| token.has(keys::MONTH)).map(|_| reading.word(k))?;
    let known = |list: &[&str]| list.iter().position(|m| word.eq_ignore_ascii_case(m));
    known(&MONTHS).or_else(|| known(&LONG)).map(|k| k as u32 + 1)
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
