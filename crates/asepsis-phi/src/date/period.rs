//! What tells a part of a year without a day and a month: holidays, quarters, seasons, weeks; and a day without its month.

use super::is_year;
use super::named::ordinal;
use crate::cue::CueKind;
use crate::doc::Doc;
use crate::token::{Case, Kind, SPACE};

/// The place of each holiday, with the words that count days from it and the year.
pub(super) fn holidays(doc: &Doc<'_>) -> Vec<(usize, usize)> {
    if !doc.is_cued(CueKind::Holiday) {
        return Vec::new();
    }
    let mut out = Vec::new();
    for cue in doc.cues.iter().filter(|c| c.kind == CueKind::Holiday) {
        let (mut from, end) = (doc.token_at(cue.start), doc.token_at(cue.end.saturating_sub(1)) + 1);
        let Some(first) = doc.tokens.get(from) else { continue };
        // "may day", "easter": where the word has other uses it has to be written as a name.
        if cue.weak && (first.case == Case::Lower || doc.starts_sentence(from)) {
            continue;
        }
        const THINGS: [&str; 7] = ["tree", "factor", "disease", "fasting", "seals", "cactus", "hospital"];
        if THINGS.iter().any(|w| doc.is_word(end, w)) || doc.tokens.len() < end {
            continue;
        }
        // "the day after Thanksgiving", "week of Christmas"
        let counted = |k: usize| ["after", "before", "of", "following", "around"].iter().any(|w| doc.is_word(k, w));
        let unit = |k: usize| {
            ["day", "days", "week", "weekend", "morning", "night", "eve", "friday", "saturday", "monday"]
                .iter()
                .any(|w| doc.is_word(k, w))
        };
        if from >= 2 && counted(from - 1) && unit(from - 2) {
            from -= 2;
        }
        let year = if matches!(doc.mark(end), b',') || doc.is_word(end, "of") || doc.is_word(end, "in") {
            end + 1
        } else {
            end
        };
        let end = if is_year(doc, year) && doc.tokens[year].gap <= SPACE { year + 1 } else { end };
        out.push((from, end));
    }
    out
}

/// The words that a part of a year begins with.
pub(super) const SIGNALS: [&str; 7] = ["q", "quarter", "spring", "summer", "fall", "autumn", "winter"];

/// `Q3 2023`, `2023 Q3`, `third quarter of 2023`, `winter of 2021`, `2024-W28`, of which each is less than a year.
pub(super) fn part_of_year(doc: &Doc<'_>, i: usize) -> Option<usize> {
    let t = doc.tokens[i];
    let quarter = |k: usize| {
        doc.is_word(k, "q") && doc.digits(k + 1, 1, 1) && doc.glued(k + 1) && (1..=4).contains(&doc.value(k + 1))
    };
    let year_at = |k: usize| {
        let k = if doc.is_word(k, "of") || matches!(doc.mark(k), b',' | b'-' | b'/' | b'\'') { k + 1 } else { k };
        is_year(doc, k).then_some(k + 1).filter(|_| doc.tokens[k].gap <= SPACE)
    };
    if t.kind == Kind::Number {
        if !is_year(doc, i) {
            return None;
        }
        let k = if matches!(doc.mark(i + 1), b'-' | b'/') { i + 2 } else { i + 1 };
        if quarter(k) && doc.tokens[k].gap <= SPACE {
            return Some(k + 2);
        }
        let week = k == i + 2 && doc.is_word(k, "w") && doc.digits(k + 1, 2, 2) && doc.glued(k) && doc.glued(k + 1);
        return week.then(|| if doc.mark(k + 2) == b'-' && doc.digits(k + 3, 1, 1) { k + 4 } else { k + 2 });
    }
    match t.len() {
        1 if quarter(i) => year_at(i + 2),
        7 if doc.is_word(i, "quarter") => year_at(i + 1),
        4 | 6 if ["spring", "summer", "fall", "autumn", "winter"].iter().any(|s| doc.is_word(i, s)) => year_at(i + 1),
        _ => None,
    }
}

/// `on the 14th`, where nothing is counted: a day of a month that is told elsewhere.
pub(super) fn day_alone(doc: &Doc<'_>, i: usize) -> Option<usize> {
    let end = ordinal(doc, i + 1);
    if end == i + 1 || !super::is_day(doc, i) || i < 2 || !doc.is_word(i - 1, "the") {
        return None;
    }
    let on = ["on", "by", "until", "since", "till"].iter().any(|w| doc.is_word(i - 2, w));
    let ends =
        doc.tokens.get(end).is_none_or(|t| t.kind == Kind::Mark && t.gap == 0 && t.mark != b'-' || t.gap > SPACE)
            || doc.is_word(end, "at") && doc.is_number(end + 1)
            || doc.is_word(end, "of")
                && (doc.is_word(end + 1, "this") || doc.is_word(end + 1, "the") || doc.is_word(end + 1, "last"));
    (on && ends).then_some(end)
}
