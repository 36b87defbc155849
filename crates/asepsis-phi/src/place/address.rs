//! Addresses: street and unit, town with state, ZIP code, post-office box, coordinates.

use asepsis_vocab::{Detail, EvidenceKind};

use super::{add, state_at};
use crate::cue::CueKind;
use crate::doc::{Doc, Rule};
use crate::lexicon::{
    COMMON, FIRST, MEASURE, MONTH, PARTICLE, SIGNAL, STATE, STATE_NAME, STOP, STREET, TOWN_TAIL, UNIT,
};
use crate::sorts::Sort;
use crate::token::{Case, Kind, SPACE};

static STREET_RULE: Rule =
    Rule { name: "location.street", kind: EvidenceKind::Pattern, note: "a street address or box" };
static TOWN_STATE: Rule =
    Rule { name: "location.town_state", kind: EvidenceKind::Pattern, note: "a town before a state" };
static ZIP: Rule = Rule { name: "location.zip", kind: EvidenceKind::Pattern, note: "a ZIP code" };
static GPS: Rule = Rule { name: "location.coordinates", kind: EvidenceKind::Pattern, note: "coordinates" };

/// Streets, boxes, codes and coordinates: what has digits.
pub(crate) fn find_addresses(doc: &mut Doc<'_>) {
    let mut i = 0;
    while let Some(next) = doc.sorts.next(i, [Sort::Number, Sort::Sign, Sort::Signal, Sort::State]) {
        i = next;
        if doc.taken[i] {
            i += 1;
            continue;
        }
        let end = if doc.is_number(i) {
            street(doc, i).or_else(|| zip(doc, i)).or_else(|| coordinates(doc, i))
        } else if doc.mark(i) == b'-' && doc.glued(i + 1) {
            coordinates(doc, i)
        } else {
            post_box(doc, i).or_else(|| state_zip(doc, i))
        };
        i = end.unwrap_or(i + 1);
    }
}

/// `1260 Sunflower Avenue, Apt 4`, then town, state and ZIP code.
fn street(doc: &mut Doc<'_>, i: usize) -> Option<usize> {
    if !doc.digits(i, 1, 6) || doc.glued(i) && i > 0 && doc.tokens[i - 1].kind != Kind::Mark {
        return None;
    }
    if doc.glued(i) && i > 1 && matches!(doc.mark(i - 1), b'/' | b'.' | b'-') && doc.is_number(i - 2) {
        return None;
    }
    let mut j = i + 1;
    if doc.glued(j) && doc.tokens[j].kind == Kind::Word && doc.tokens[j].len() == 1 {
        j += 1;
    }
    // A mark, or what is far, begins no street.
    if doc.tokens.get(j).is_none_or(|t| t.gap > SPACE || !matches!(t.kind, Kind::Word | Kind::Number)) {
        return None;
    }
    let said = doc.is_cued(CueKind::Street)
        && doc.cues_before(i, 7).find(|c| c.kind != CueKind::Name).is_some_and(|c| c.kind == CueKind::Street);
    let mut words = 0;
    let mut found = None;
    while words < 6 && doc.tokens.get(j).is_some_and(|t| t.gap <= SPACE) {
        let t = doc.tokens[j];
        let lowered = said || t.case != Case::Lower || t.is(PARTICLE);
        let direction = t.len() == 1 && doc.mark(j + 1) == b'.';
        if t.kind == Kind::Word && (lowered || t.is(STREET) && words > 0) {
            let suffix = t.is(STREET) || foreign_suffix(doc.word(j));
            if suffix && (words > 0 || foreign_suffix(doc.word(j)) && t.case != Case::Lower) {
                found = Some(j + 1);
            } else if words == 0 && t.is(MEASURE | MONTH | STOP) && !foreign_first(doc.word(j)) {
                return None;
            }
            if words > 0 && found.is_none() && t.is(STOP) && !t.is(PARTICLE) {
                break;
            }
            words += 1;
            j += if direction { 2 } else { 1 };
            if foreign_first(doc.word(j - 1)) {
                found = Some(j + 2);
            }
            if found.is_some()
                && !foreign_first(doc.word(j - 1))
                && !(doc.has(j, STREET) && doc.tokens[j].gap == SPACE && doc.tokens[j].is_capital())
            {
                break;
            }
        } else if t.kind == Kind::Number && (1..=3).contains(&t.len()) && words < 2 {
            // "5 42nd Street".
            j += 1;
            if matches!(doc.word(j), "st" | "nd" | "rd" | "th") {
                j += 1;
            }
            words += 1;
        } else if matches!(t.mark, b'-' | b'.') && t.gap == 0 && words > 0 {
            j += 1;
        } else {
            break;
        }
    }
    // Foreign forms "Rue de la Paix": take the capitals that follow the kind of street.
    if let Some(end) = found
        && words > 0
        && doc.tokens.get(i + 1).is_some_and(|t| foreign_first(&doc.text[t.start..t.end]))
    {
        let mut k = end.min(i + 2);
        while k < i + 8
            && doc
                .tokens
                .get(k)
                .is_some_and(|t| t.gap == SPACE && (t.is_capital() || t.is(PARTICLE)) || t.mark == b'\'' && t.gap == 0)
        {
            k += 1;
        }
        found = Some(k);
    }
    let mut end = found.filter(|&e| e <= doc.tokens.len() && e > i + 1)?;
    let first = doc.tokens[i + 1];
    let last = doc.tokens[end - 1];
    let common_way =
        last.case == Case::Lower && !said || first.is(MEASURE) && !first.is(FIRST) && first.case == Case::Lower;
    if common_way {
        return None;
    }
    if doc.mark(end) == b'.'
        && doc.glued(end)
        && (last.len() <= 4)
        && doc.tokens.get(end + 1).is_some_and(|t| t.gap <= SPACE)
    {
        end += 1;
    }
    if let Some(e) = direction_word(doc, end) {
        end = e;
    }
    end = unit(doc, end);
    add(doc, i, end, Detail::Street, 0.95, &STREET_RULE);
    Some(town_after(doc, end))
}

fn direction_word(doc: &Doc<'_>, end: usize) -> Option<usize> {
    let t = doc.tokens.get(end)?;
    (t.gap == SPACE
        && matches!(
            doc.word(end),
            "N" | "S" | "E" | "W" | "NE" | "NW" | "SE" | "SW" | "North" | "South" | "East" | "West"
        ))
    .then_some(end + 1)
}

fn foreign_first(word: &str) -> bool {
    const WORDS: [&str; 15] = [
        "rue", "calle", "via", "avenida", "allée", "allee", "chemin", "impasse", "rua", "camino", "paseo", "carrer",
        "quai", "ul", "ulica",
    ];
    if word.is_ascii() {
        return WORDS.iter().any(|w| word.eq_ignore_ascii_case(w));
    }
    WORDS.contains(&word.to_lowercase().as_str())
}

fn foreign_suffix(word: &str) -> bool {
    const ENDS: [&str; 13] = [
        "straße", "strasse", "gasse", "weg", "straat", "gatan", "vägen", "vej", "gade", "veien", "laan", "tie", "katu",
    ];
    if word.is_ascii() {
        let ends = |s: &str| {
            let at = word.len().checked_sub(s.len());
            at.is_some_and(|at| word.as_bytes()[at..].eq_ignore_ascii_case(s.as_bytes()))
        };
        return word.len() > 6 && ENDS.iter().any(|s| ends(s));
    }
    let lower = word.to_lowercase();
    lower.chars().count() > 6 && ENDS.iter().any(|s| lower.ends_with(s))
}

/// `, Apt 4B`, ` #64`, `, Suite 835`.
fn unit(doc: &Doc<'_>, end: usize) -> usize {
    let mut j = end;
    if doc.mark(j) == b',' {
        j += 1;
    }
    let marked = if doc.mark(j) == b'#' {
        j += 1;
        true
    } else if doc.has(j, UNIT) && doc.tokens[j].gap <= 2 {
        j += 1;
        if matches!(doc.mark(j), b'.' | b'#') {
            j += 1;
        }
        if doc.mark(j) == b'#' {
            j += 1;
        }
        true
    } else {
        false
    };
    if !marked {
        return end;
    }
    let mut k = j;
    while k < j + 4
        && doc.tokens.get(k).is_some_and(|t| {
            (k == j || t.gap == 0) && (t.kind == Kind::Number || t.kind == Kind::Word && t.len() <= 2 || t.mark == b'-')
        })
    {
        k += 1;
    }
    if k > j { unit(doc, k) } else { end }
}

/// Town, state and ZIP code after a street; gives back where they end.
fn town_after(doc: &mut Doc<'_>, end: usize) -> usize {
    let mut j = end;
    if matches!(doc.mark(j), b',' | b'.') {
        j += 1;
    }
    let from = j;
    let mut words = 0;
    while words < 4
        && doc.tokens.get(j).is_some_and(|t| {
            t.is_capital()
                && (t.gap <= 2 || words > 0 && t.gap <= SPACE)
                && !(t.is(STATE) && t.case == Case::Upper && t.len() == 2 && words > 0)
                && !t.is(UNIT | MONTH)
                || t.mark == b'-' && t.gap == 0 && words > 0
        })
    {
        words += 1;
        j += 1;
        if doc.mark(j) == b'.'
            && doc.tokens[j - 1].len() <= 2
            && doc.tokens.get(j + 1).is_some_and(crate::token::Token::is_capital)
        {
            j += 1;
        }
    }
    let separated = from > end || doc.tokens.get(from).is_some_and(|t| t.gap == 2);
    let state = state_at(doc, j);
    if words == 0
        || !(state.is_some() || separated && words <= 3 && (!doc.has(from, COMMON) || doc.has(j - 1, TOWN_TAIL)))
    {
        return end;
    }
    let town_end = state.unwrap_or(j);
    add(doc, from, town_end, Detail::Town, 0.95, &TOWN_STATE);
    let mut k = town_end;
    if doc.mark(k) == b',' {
        k += 1;
    }
    match zip_shape(doc, k) {
        Some(z) if doc.tokens[k].gap <= 2 => {
            add(doc, k, z, Detail::PostalCode, 0.95, &ZIP);
            z
        }
        _ => town_end,
    }
}

pub(super) fn zip_shape(doc: &Doc<'_>, i: usize) -> Option<usize> {
    if !doc.digits(i, 5, 5) || doc.glued(i) && i > 0 && doc.tokens[i - 1].kind != Kind::Mark {
        return None;
    }
    let plus = doc.mark(i + 1) == b'-' && doc.glued(i + 1) && doc.glued(i + 2) && doc.digits(i + 2, 4, 4);
    let broken = doc.glued(i + 1) && doc.tokens[i + 1].kind != Kind::Mark;
    (!broken).then_some(if plus { i + 3 } else { i + 1 })
}

/// A ZIP code after a cue for one, or with its four digits more.
fn zip(doc: &mut Doc<'_>, i: usize) -> Option<usize> {
    let end = zip_shape(doc, i).filter(|_| doc.is_cued(CueKind::Zip))?;
    let said = doc.cues_before(i, 4).next().is_some_and(|c| c.kind == CueKind::Zip);
    if !said {
        return None;
    }
    add(doc, i, end, Detail::PostalCode, 0.95, &ZIP);
    Some(end)
}

/// `MA 02139` where no street stands before.
fn state_zip(doc: &mut Doc<'_>, i: usize) -> Option<usize> {
    let t = doc.tokens[i];
    let state = t.is(STATE) && t.case == Case::Upper && t.len() == 2 || t.is(STATE_NAME) && t.is_capital();
    if !state || doc.tokens.get(i + 1)?.gap != SPACE {
        return None;
    }
    let end = zip_shape(doc, i + 1)?;
    let mut from = i;
    if from > 0 && doc.mark(from - 1) == b',' {
        from -= 1;
        let stop = from.saturating_sub(4);
        let mut k = from;
        while k > stop
            && doc.tokens[k - 1].is_capital()
            && !doc.tokens[k - 1].is(STOP)
            && (k == from || doc.tokens[k].gap == SPACE)
            && !doc.taken[k - 1]
        {
            k -= 1;
        }
        from = if k == from { i } else { k };
    }
    add(doc, from, i + 1, Detail::Town, 0.9, &TOWN_STATE);
    add(doc, i + 1, end, Detail::PostalCode, 0.95, &ZIP);
    Some(end)
}

/// The words that a post-office box begins with.
pub(crate) const SIGNALS: [&str; 5] = ["po", "p", "post", "box", "pobox"];

/// `PO Box 508`, `P.O. Box 12`.
fn post_box(doc: &mut Doc<'_>, i: usize) -> Option<usize> {
    if !doc.has(i, SIGNAL) || !SIGNALS.iter().any(|w| doc.is_word(i, w)) {
        return None;
    }
    let mut j = i;
    while j < i + 6
        && (matches!(doc.mark(j), b'.') || ["p", "o", "po", "post", "office"].iter().any(|w| doc.is_word(j, w)))
    {
        j += 1;
    }
    if !(doc.is_word(j, "box") && j > i || doc.is_word(i, "pobox")) {
        return None;
    }
    j += 1;
    if doc.mark(j) == b'#' {
        j += 1;
    }
    if !doc.digits(j, 1, 7) {
        return None;
    }
    add(doc, i, j + 1, Detail::Street, 0.95, &STREET_RULE);
    Some(town_after(doc, j + 1))
}

/// `42.3601, -71.0589`.
fn coordinates(doc: &mut Doc<'_>, i: usize) -> Option<usize> {
    let one = |k: usize| -> Option<(usize, usize)> {
        let k = if matches!(doc.mark(k), b'-' | b'+') { k + 1 } else { k };
        let fine = doc.digits(k, 1, 3)
            && doc.mark(k + 1) == b'.'
            && doc.glued(k + 1)
            && doc.glued(k + 2)
            && doc.digits(k + 2, 3, 12);
        fine.then(|| (k + 3, doc.tokens[k + 2].len()))
    };
    let (mut j, places) = one(i)?;
    while matches!(doc.mark(j), b',' | b'/')
        || doc.tokens.get(j).is_some_and(|t| t.kind == Kind::Mark && t.mark == 0)
        || matches!(doc.word(j), "N" | "S")
        || doc.is_word(j, "lon")
        || doc.is_word(j, "longitude")
        || doc.mark(j) == b':'
    {
        j += 1;
        if j > i + 9 {
            return None;
        }
    }
    let (mut end, more) = one(j)?;
    if places < 3 || more < 3 {
        return None;
    }
    while doc.tokens.get(end).is_some_and(|t| t.kind == Kind::Mark && t.mark == 0) || matches!(doc.word(end), "E" | "W")
    {
        end += 1;
    }
    add(doc, i, end, Detail::Street, 0.9, &GPS);
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_streets_are_told_whatever_their_case() {
        for word in ["rue", "Calle", "ALLÉE", "allee", "Ul"] {
            assert!(foreign_first(word), "{word}");
        }
        for word in ["Lindenstraße", "LINDENSTRASSE", "Feldweg", "Storgatan", "Vasavägen", "Mannerheimin\u{212A}atu"]
        {
            assert!(foreign_suffix(word), "{word}");
        }
        for word in ["", "ruee", "rué", "Weg", "Hofweg", "étie", "Lindenallé"] {
            assert!(!foreign_first(word) && !foreign_suffix(word), "{word}");
        }
    }
}
