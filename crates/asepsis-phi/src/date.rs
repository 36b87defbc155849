//! Dates: every element but the year, 45 CFR 164.514(b)(2)(i)(C).

mod named;
mod period;
pub(crate) mod spoken;

use asepsis_vocab::{Detail, EvidenceKind, IdentifierClass};

use crate::cue::CueKind;
use crate::doc::{Doc, Rule};
use crate::lexicon::{MEASURE, MONTH, WEEKDAY};
use crate::sorts::Sort;
use crate::token::{Kind, LINE, SPACE};

static DATE: Rule = Rule { name: "date", kind: EvidenceKind::Pattern, note: "a date with a day or a month" };

/// The words that dates and parts of a year are told by, beside the names of months.
pub(crate) fn signals() -> impl Iterator<Item = &'static str> {
    spoken::words().chain(period::SIGNALS)
}

static PERIOD: Rule = Rule { name: "date.period", kind: EvidenceKind::Pattern, note: "a part of a year, or a holiday" };

pub(crate) fn find(doc: &mut Doc<'_>) {
    for (from, to) in period::holidays(doc) {
        doc.add(from, to, IdentifierClass::Date, Detail::Unspecified, 0.85, &PERIOD);
    }
    let mut i = 0;
    while let Some(next) = doc.sorts.next(i, [Sort::Number, Sort::Month, Sort::Signal]) {
        i = next;
        match at(doc, i) {
            Some((end, rule)) if !another_number(doc, i, end) => {
                let end = time_of_day(doc, end);
                let birth = doc
                    .cues_before(i, 8)
                    .find(|c| matches!(c.kind, CueKind::Birth | CueKind::Date))
                    .is_some_and(|c| c.kind == CueKind::Birth);
                let detail = if birth { Detail::Birth } else { Detail::Unspecified };
                doc.add(i, end, IdentifierClass::Date, detail, 0.95, rule);
                i = end;
            }
            _ => i += 1,
        }
    }
}

/// The end of the date that starts at token `i`.
fn at(doc: &Doc<'_>, i: usize) -> Option<(usize, &'static Rule)> {
    let token = doc.tokens[i];
    if doc.taken[i] || token.kind == Kind::Mark || glued_left(doc, i) {
        return None;
    }
    let date = if token.kind == Kind::Number {
        let (mark, month) = (doc.mark(i + 1), named::month_is_near(doc, i));
        let sign = matches!(mark, b'-' | b'/' | b'.' | b',');
        let span = || if mark == b'/' { span(doc, i) } else { None };
        let numeric = || if sign { numeric(doc, i) } else { None };
        let named = || if month { named::day_month(doc, i).or_else(|| named::year_month(doc, i)) } else { None };
        let partial = || if sign { partial(doc, i) } else { None };
        span().or_else(numeric).or_else(named).or_else(partial).or_else(|| stamp(doc, i))
    } else if token.is(MONTH) {
        named::month_day(doc, i)
    } else if spoken::is_said(doc, i) {
        named::day_month(doc, i).or_else(|| said(doc, i))
    } else {
        None
    };
    let period = || match token.kind {
        Kind::Number => period::part_of_year(doc, i).or_else(|| period::day_alone(doc, i)),
        _ => period::part_of_year(doc, i),
    };
    date.map(|end| (end, &DATE)).or_else(|| period().map(|end| (end, &PERIOD)))
}

/// A date of birth in words without the name of the month: `five seven nineteen sixty one` after a cue.
fn said(doc: &Doc<'_>, i: usize) -> Option<usize> {
    let (month, next) = spoken::cardinal(doc, i)?;
    let (day, next) = spoken::cardinal(doc, next)?;
    if !(1..=31).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let end = spoken::year(doc, next)?;
    doc.cues_before(i, 6).any(|c| matches!(c.kind, CueKind::Birth | CueKind::Date)).then_some(end)
}

/// Whether a letter, a digit or a joined part stands right before, so that this is no number of its own.
fn glued_left(doc: &Doc<'_>, i: usize) -> bool {
    if i == 0 || !doc.glued(i) {
        return false;
    }
    let before = doc.tokens[i - 1];
    before.kind != Kind::Mark
        || matches!(before.mark, b'-' | b'/' | b'.')
            && i > 1
            && doc.glued(i - 1)
            && doc.tokens[i - 2].kind != Kind::Mark
            && doc.is_number(i - 2)
}

/// Whether the parts go on after `end`, so that it is a code and no date.
fn goes_on(doc: &Doc<'_>, end: usize) -> bool {
    doc.glued(end)
        && (matches!(doc.mark(end), b'-' | b'/' | b'.') && doc.glued(end + 1) && doc.is_number(end + 1)
            || doc.tokens[end].kind == Kind::Word && !doc.is_word(end, "T") && !doc.is_word(end, "Z"))
}

/// Whether a cue right before says that these digits are some other number.
fn another_number(doc: &Doc<'_>, i: usize, end: usize) -> bool {
    let shape = end - i;
    if (i..end).any(|k| doc.has(k, MONTH)) {
        return false;
    }
    let Some(cue) = doc.cues_before(i, 4).next() else { return false };
    let far = cue.distance > 2 || doc.tokens[i].kind == Kind::Word;
    (cue.kind.is_number() && !cue.weak && !far && (shape < 5 || shape == 1)) || cue.kind == CueKind::Public && shape < 5
}

fn is_year(doc: &Doc<'_>, i: usize) -> bool {
    doc.digits(i, 4, 4) && (1880..=2100).contains(&doc.value(i))
}

fn is_day(doc: &Doc<'_>, i: usize) -> bool {
    doc.digits(i, 1, 2) && (1..=31).contains(&doc.value(i))
}

fn is_month(doc: &Doc<'_>, i: usize) -> bool {
    doc.digits(i, 1, 2) && (1..=12).contains(&doc.value(i))
}

/// `2024-01-15`, `1/15/24`, `15.01.2024`.
fn numeric(doc: &Doc<'_>, i: usize) -> Option<usize> {
    let sep = doc.mark(i + 1);
    if !matches!(sep, b'-' | b'/' | b'.' | b',') || doc.mark(i + 3) != sep {
        return None;
    }
    let end = i + 5;
    let tight = (1..5).all(|k| doc.glued(i + k));
    let spoken = !tight && doc.cues_before(i, 6).any(|c| matches!(c.kind, CueKind::Birth | CueKind::Date));
    if !(tight && sep != b',' || spoken) || goes_on(doc, end) {
        return None;
    }
    let pair = |a, b| is_month(doc, a) && is_day(doc, b) || is_day(doc, a) && is_month(doc, b);
    if is_year(doc, i) && pair(i + 2, i + 4) || pair(i, i + 2) && is_year(doc, i + 4) {
        return Some(end);
    }
    let short = pair(i, i + 2) && doc.digits(i + 4, 2, 2);
    let full = doc.tokens[i].len() == 2 && doc.digits(i + 2, 2, 2);
    let said = || doc.cues_before(i, 6).any(|c| matches!(c.kind, CueKind::Birth | CueKind::Date));
    (short && (sep == b'/' || sep == b'-' && full || said())).then_some(end)
}

/// `03/2021`, `2021-03`, and `3/14` after a cue for a date.
fn partial(doc: &Doc<'_>, i: usize) -> Option<usize> {
    let sep = doc.mark(i + 1);
    let end = i + 3;
    if !matches!(sep, b'/' | b'-') || !doc.glued(i + 1) || !doc.glued(i + 2) || goes_on(doc, end) {
        return None;
    }
    if is_month(doc, i) && is_year(doc, i + 2) || is_year(doc, i) && doc.digits(i + 2, 2, 2) && is_month(doc, i + 2) {
        return Some(end);
    }
    let day = is_month(doc, i) && is_day(doc, i + 2);
    if !day || sep != b'/' || doc.has(end, MEASURE) || doc.mark(end) == b'%' {
        return None;
    }
    // "3/14: seen on rounds" at the start of a line.
    let heads = doc.tokens[i].gap >= LINE && (doc.mark(end) == b':' || doc.mark(end) == b'-' && !doc.glued(end));
    let scale = matches!(doc.value(i + 2), 2..=6 | 8 | 10);
    let from = ["from", "after", "before", "through", "for", "last", "this", "started", "stopped"];
    let loosely = !scale && i > 0 && from.iter().any(|w| doc.is_word(i - 1, w));
    (told(doc, i) || heads || loosely).then_some(end)
}

/// `3/4-3/6`, `3/4/24 - 3/6/24`, `3/4 to 3/6`: two dates of which the first may be told by the second.
fn span(doc: &Doc<'_>, i: usize) -> Option<usize> {
    let short = |k: usize| {
        (is_month(doc, k) && doc.mark(k + 1) == b'/' && is_day(doc, k + 2) && doc.glued(k + 1) && doc.glued(k + 2))
            .then_some(k + 3)
    };
    let first = short(i)?;
    let dash = doc.mark(first) == b'-';
    let to = ["to", "through", "thru", "until", "and"].iter().any(|w| doc.is_word(first, w));
    if !dash && !to || doc.tokens.get(first + 1).is_none_or(|t| t.gap > SPACE) {
        return None;
    }
    if let Some(end) = numeric(doc, first + 1) {
        return Some(end);
    }
    let end = short(first + 1)?;
    if goes_on(doc, end) || doc.has(end, MEASURE) || doc.mark(end) == b'%' {
        return None;
    }
    // "3/5-4/5" and "2/10 to 8/10" are grades; dates differ in their second part or have one that no scale has.
    let (a, b) = (doc.value(i + 2), doc.value(first + 3));
    let day = |d: u32| d > 10 || matches!(d, 7 | 9);
    (told(doc, i) || a != b && (day(a) || day(b))).then_some(end)
}

/// Whether what stands before says that a date follows.
fn told(doc: &Doc<'_>, i: usize) -> bool {
    let on = ["on", "since", "until", "dated", "by", "due", "scheduled", "starting", "beginning", "effective"];
    let cue = || doc.cues_before(i, 3).any(|c| matches!(c.kind, CueKind::Date | CueKind::Birth));
    let weekday = |k: usize| i >= k && doc.has(i - k, WEEKDAY);
    i > 0 && (on.iter().any(|w| doc.is_word(i - 1, w)) || weekday(1) || weekday(2) && doc.mark(i - 1) == b',') || cue()
}

/// HL7 and DICOM time stamps: `20240115`, `202401151030`.
fn stamp(doc: &Doc<'_>, i: usize) -> Option<usize> {
    let digits = doc.word(i);
    if !matches!(digits.len(), 8 | 12 | 14) {
        return None;
    }
    let number = |from: usize, to: usize| digits[from..to].parse::<u32>().unwrap_or(u32::MAX);
    let fits =
        (1880..=2100).contains(&number(0, 4)) && (1..=12).contains(&number(4, 6)) && (1..=31).contains(&number(6, 8));
    let other = doc.cues_before(i, 8).next().is_some_and(|c| c.kind.is_number() || c.kind == CueKind::Public);
    let clock = digits.len() == 8 || number(8, 10) < 24 && number(10, 12) < 60;
    let plain = fits && clock && !other;
    if plain && digits.len() == 14 {
        return Some(zone(doc, i + 1)).filter(|&end| !goes_on(doc, end));
    }
    (plain && !goes_on(doc, i + 1)).then_some(i + 1)
}

/// Takes the time of day that belongs to a date along: `T10:30:00Z`, ` 18:43:36`.
fn time_of_day(doc: &Doc<'_>, end: usize) -> usize {
    let mut j = end;
    if doc.is_word(j, "T") && doc.glued(j) {
        j += 1;
        // "20240713T093000Z"
        if doc.digits(j, 4, 6) && doc.glued(j) {
            return zone(doc, j + 1);
        }
    }
    if !(doc.digits(j, 1, 2) && doc.mark(j + 1) == b':' && doc.digits(j + 2, 2, 2) && doc.glued(j + 2))
        || doc.tokens[j].gap > SPACE
    {
        return end;
    }
    j += 3;
    if doc.mark(j) == b':' && doc.digits(j + 1, 2, 2) && doc.glued(j + 1) {
        j += 2;
    }
    zone(doc, j)
}

/// Takes the fraction of a second and the time zone along: `.250-05:00`, `Z`.
fn zone(doc: &Doc<'_>, end: usize) -> usize {
    let mut j = end;
    if doc.mark(j) == b'.' && doc.glued(j) && doc.glued(j + 1) && doc.is_number(j + 1) {
        j += 2;
    }
    if doc.is_word(j, "Z") && doc.glued(j) {
        return j + 1;
    }
    let shifted = matches!(doc.mark(j), b'+' | b'-') && doc.glued(j) && doc.glued(j + 1);
    if shifted && doc.digits(j + 1, 4, 4) {
        return j + 2;
    }
    let parts = shifted && doc.digits(j + 1, 2, 2) && doc.mark(j + 2) == b':' && doc.digits(j + 3, 2, 2);
    if parts { j + 4 } else { j }
}
