//! Dates with the name of a month, in either order, with a year or without, and spans of them.

use super::{is_day, is_year, spoken};
use crate::cue::CueKind;
use crate::doc::Doc;
use crate::lexicon::{MEASURE, MONTH};
use crate::sorts::Sort;
use crate::token::{Case, SPACE};

/// The most tokens from the first of a day to the name of its month: the day, two words or signs, the second day, two more.
const REACH: u32 = 12;

/// Whether the name of a month stands so near behind token `i` that a day or year there may belong to it.
pub(super) fn month_is_near(doc: &Doc<'_>, i: usize) -> bool {
    doc.sorts.has_within(i + 1, REACH, Sort::Month)
}

/// `13 Jul 2026`, `18-Apr-1957`, `5th of March`, `3-5 March`, `the third of march`.
pub(super) fn day_month(doc: &Doc<'_>, i: usize) -> Option<usize> {
    if !month_is_near(doc, i) {
        return None;
    }
    let in_words = !doc.is_number(i);
    let mut j = if in_words { spoken::ordinal_day(doc, i)? } else { ordinal(doc, i + 1) };
    if !in_words && !is_day(doc, i) {
        return None;
    }
    // The second day of a span.
    let to = matches!(doc.mark(j), b'-' | b'/' | b'&')
        || ["to", "and", "through", "thru", "or"].iter().any(|w| doc.is_word(j, w));
    if to && is_day(doc, j + 1) {
        let end = ordinal(doc, j + 2);
        if doc.has(end, MONTH) || doc.is_word(end, "of") && doc.has(end + 1, MONTH) {
            j = end;
        }
    }
    if doc.is_word(j, "day") && doc.is_word(j + 1, "of") {
        j += 1;
    }
    let of = doc.is_word(j, "of");
    if of || matches!(doc.mark(j), b'-' | b'/' | b'.' | b',') {
        j += 1;
    }
    let month = doc.tokens.get(j).filter(|t| t.is(MONTH) && t.gap <= 2)?;
    if in_words && !of {
        return None;
    }
    let lower_may = month.case == Case::Lower && doc.is_word(j, "may") && !of;
    j += 1;
    let year = year_after(doc, j);
    if year.is_none() && (lower_may || month.case == Case::Lower && doc.is_word(j - 1, "mar")) {
        return None;
    }
    Some(year.unwrap_or(j))
}

/// `March 3, 2024`, `Jan. 5-7`, `Jan 3rd through 5th`, `March 2024`, `March third nineteen fifty eight`.
pub(super) fn month_day(doc: &Doc<'_>, i: usize) -> Option<usize> {
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
    if let Some(end) = in_words(doc, j) {
        return Some(end);
    }
    if !is_day(doc, j) || doc.tokens[j].gap > 2 {
        return None;
    }
    let first = ordinal(doc, j + 1);
    let said = first > j + 1;
    let mut end = first;
    // Further days, or the same in another month: "March 3-5", "Jan 3rd through 5th", "March 30 to April 2".
    for _ in 0..3 {
        let dashed =
            matches!(doc.mark(end), b'-' | b'/' | b'&') && doc.tokens.get(end + 1).is_some_and(|t| t.gap <= SPACE);
        let worded = ["to", "and", "through", "thru", "until", "or"].iter().any(|w| doc.is_word(end, w))
            && !doc.has(end + 2, MEASURE);
        if !(dashed || worded) || doc.breaks_before(end) {
            break;
        }
        let month = doc.has(end + 1, MONTH) && doc.tokens[end + 1].case != Case::Lower;
        let day = if month { end + 2 } else { end + 1 };
        if !is_day(doc, day) || doc.glued(day + 1) && doc.mark(day + 1) == b'/' {
            break;
        }
        end = ordinal(doc, day + 1);
    }
    match year_after(doc, end) {
        Some(end) => Some(end),
        None if said && !doc.has(end, MEASURE) => Some(end),
        None if unsure || doc.has(end, MEASURE) && end == j + 1 => None,
        None if doc.mark(end) == b'.' && doc.glued(end) && doc.is_number(end + 1) => None,
        None => Some(end),
    }
}

/// The day, in words, and the year after a month: `third nineteen fifty eight`, `fifth`, `five nineteen eighty`.
fn in_words(doc: &Doc<'_>, j: usize) -> Option<usize> {
    if let Some(end) = spoken::ordinal_day(doc, j) {
        let next = if doc.mark(end) == b',' || doc.is_word(end, "of") { end + 1 } else { end };
        let year = spoken::year(doc, next).or_else(|| is_year(doc, next).then_some(next + 1));
        // "march second" is a date; "may second" could be "may second this", so a year or a capital has to follow.
        let month = &doc.tokens[j.checked_sub(1)?];
        let sure = month.case != Case::Lower
            || !(doc.is_word(j - 1, "may") || doc.is_word(j - 1, "march") || doc.is_word(j - 1, "mar"));
        let told = || {
            doc.cues_before(j, 6).any(|c| matches!(c.kind, CueKind::Birth | CueKind::Date))
                || doc.is_word(j.wrapping_sub(2), "on")
        };
        return year.or_else(|| (sure || told()).then_some(end));
    }
    if let Some(end) = spoken::year(doc, j).filter(|_| !doc.is_word(j, "o") && !doc.is_word(j, "oh")) {
        return Some(end);
    }
    let (day, end) = spoken::cardinal(doc, j)?;
    let next = if doc.mark(end) == b',' { end + 1 } else { end };
    (1..=31).contains(&day).then(|| spoken::year(doc, next)).flatten()
}

/// `2024 March 5`, `2024-Mar-05`.
pub(super) fn year_month(doc: &Doc<'_>, i: usize) -> Option<usize> {
    if !is_year(doc, i) {
        return None;
    }
    let j = if matches!(doc.mark(i + 1), b'-' | b'/' | b',' | b'.') { i + 2 } else { i + 1 };
    let month = doc.tokens.get(j).filter(|t| t.is(MONTH) && t.gap <= SPACE && t.case != Case::Lower)?;
    let tight = month.gap == 0 && j > i + 1;
    let k = if matches!(doc.mark(j + 1), b'-' | b'/' | b'.') { j + 2 } else { j + 1 };
    if is_day(doc, k) && doc.tokens[k].gap <= SPACE && !doc.has(k + 1, MEASURE) && !is_year(doc, k + 1) {
        return Some(ordinal(doc, k + 1));
    }
    tight.then_some(j + 1)
}

/// Past the ending of an ordinal number.
pub(super) fn ordinal(doc: &Doc<'_>, j: usize) -> usize {
    let suffix = || ["st", "nd", "rd", "th"].iter().any(|s| doc.is_word(j, s));
    if doc.glued(j) && suffix() { j + 1 } else { j }
}

/// The end of a year after the day or month, with what may stand before it.
fn year_after(doc: &Doc<'_>, j: usize) -> Option<usize> {
    let mut k = j;
    if matches!(doc.mark(k), b',' | b'-' | b'/' | b'.') {
        k += 1;
    }
    if doc.is_word(k, "of") || doc.is_word(k, "in") {
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
    if let Some(end) = spoken::year(doc, k) {
        return Some(end);
    }
    (k > j && doc.digits(k, 2, 2) && doc.glued(k) && doc.glued(j)).then_some(k + 1)
}
