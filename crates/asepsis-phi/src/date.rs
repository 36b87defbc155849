//! Dates: every element but the year, 45 CFR 164.514(b)(2)(i)(C).

use asepsis_vocab::{Detail, EvidenceKind, IdentifierClass};

use crate::cue::CueKind;
use crate::doc::{Doc, Rule};
use crate::lexicon::{MEASURE, MONTH};
use crate::token::{Case, Kind, SPACE};

static DATE: Rule = Rule { name: "date", kind: EvidenceKind::Pattern, note: "a date with a day or a month" };

pub(crate) fn find(doc: &mut Doc<'_>) {
    let mut i = 0;
    while i < doc.tokens.len() {
        let token = doc.tokens[i];
        let found = if doc.taken[i] {
            None
        } else if token.kind == Kind::Number && !glued_left(doc, i) {
            numeric(doc, i).or_else(|| day_month(doc, i)).or_else(|| partial(doc, i)).or_else(|| stamp(doc, i))
        } else if token.is(MONTH) && !glued_left(doc, i) {
            month_day(doc, i)
        } else {
            None
        };
        match found {
            Some(end) if !another_number(doc, i, end) => {
                let end = time_of_day(doc, end);
                let birth = doc
                    .cues_before(i, 8)
                    .find(|c| matches!(c.kind, CueKind::Birth | CueKind::Date))
                    .is_some_and(|c| c.kind == CueKind::Birth);
                let detail = if birth { Detail::Birth } else { Detail::Unspecified };
                doc.add(i, end, IdentifierClass::Date, detail, 0.95, &DATE);
                i = end;
            }
            _ => i += 1,
        }
    }
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

/// `13 Jul 2026`, `18-Apr-1957`, `5th of March`.
fn day_month(doc: &Doc<'_>, i: usize) -> Option<usize> {
    if !is_day(doc, i) {
        return None;
    }
    let mut j = ordinal(doc, i + 1);
    if doc.is_word(j, "day") && doc.is_word(j + 1, "of") {
        j += 1;
    }
    if doc.is_word(j, "of") || matches!(doc.mark(j), b'-' | b'/' | b'.' | b',') {
        j += 1;
    }
    let month = doc.tokens.get(j).filter(|t| t.is(MONTH) && t.gap <= 2)?;
    let lower_may = month.case == Case::Lower && doc.is_word(j, "may");
    j += 1;
    let year = year_after(doc, j);
    if year.is_none() && (lower_may || month.case == Case::Lower && doc.is_word(j - 1, "mar")) {
        return None;
    }
    Some(year.unwrap_or(j))
}

/// `March 3, 2024`, `Jan. 5-7`, `March 2024`.
fn month_day(doc: &Doc<'_>, i: usize) -> Option<usize> {
    let lower = doc.tokens[i].case == Case::Lower;
    let unsure = lower && (doc.word(i).len() == 3 || doc.is_word(i, "march"));
    let mut j = i + 1;
    if matches!(doc.mark(j), b'.' | b'-' | b'/' | b',') {
        j += 1;
    }
    if doc.is_word(j, "of") || doc.is_word(j, "the") {
        j += 1;
    }
    if is_year(doc, j) && doc.tokens[j].gap <= SPACE {
        return Some(j + 1);
    }
    if doc.mark(j) == b'\'' && doc.digits(j + 1, 2, 2) && doc.glued(j + 1) {
        return Some(j + 2);
    }
    if !is_day(doc, j) || doc.tokens[j].gap > 2 {
        return None;
    }
    let mut end = ordinal(doc, j + 1);
    let dashed = matches!(doc.mark(end), b'-' | b'/') && doc.tokens.get(end + 1).is_some_and(|t| t.gap <= SPACE);
    let worded = matches!(doc.word(end), "to" | "and" | "through") && !doc.has(end + 2, MEASURE);
    if is_day(doc, end + 1) && (dashed || worded) {
        end = ordinal(doc, end + 2);
    }
    match year_after(doc, end) {
        Some(end) => Some(end),
        None if unsure || doc.has(end, MEASURE) && end == j + 1 => None,
        None if doc.mark(end) == b'.' && doc.glued(end) && doc.is_number(end + 1) => None,
        None => Some(end),
    }
}

fn ordinal(doc: &Doc<'_>, j: usize) -> usize {
    let suffix = matches!(doc.word(j), "st" | "nd" | "rd" | "th" | "ST" | "ND" | "RD" | "TH");
    if suffix && doc.glued(j) { j + 1 } else { j }
}

/// The end of a year after the day or month, with what may stand before it.
fn year_after(doc: &Doc<'_>, j: usize) -> Option<usize> {
    let mut k = j;
    if matches!(doc.mark(k), b',' | b'-' | b'/' | b'.') {
        k += 1;
    }
    if doc.is_word(k, "of") {
        k += 1;
    }
    if doc.tokens.get(k).is_none_or(|t| t.gap > 2) {
        return None;
    }
    if is_year(doc, k) {
        return Some(k + 1);
    }
    if doc.mark(k) == b'\'' && doc.digits(k + 1, 2, 2) {
        return Some(k + 2);
    }
    (k > j && doc.digits(k, 2, 2) && doc.glued(k) && doc.glued(j)).then_some(k + 1)
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
    let said = doc.cues_before(i, 3).any(|c| matches!(c.kind, CueKind::Date | CueKind::Birth));
    let on = i > 0 && matches!(doc.word(i - 1), "on" | "On" | "since" | "until" | "dated" | "by" | "due" | "scheduled");
    (said || on).then_some(end)
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
    (fits && clock && !other && !goes_on(doc, i + 1)).then_some(i + 1)
}

/// Takes the time of day that belongs to a date along: `T10:30:00Z`, ` 18:43:36`.
fn time_of_day(doc: &Doc<'_>, end: usize) -> usize {
    let mut j = end;
    if doc.is_word(j, "T") && doc.glued(j) {
        j += 1;
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
    if doc.is_word(j, "Z") && doc.glued(j) {
        j += 1;
    }
    j
}
