//! Geographic subdivisions smaller than a state, 45 CFR 164.514(b)(2)(i)(B).
//!
//! Street, town and ZIP code are separate findings, because a limited data set (164.514(e)(2)) keeps the latter two.

use asepsis_vocab::{Detail, EvidenceKind, IdentifierClass};

use crate::cue::CueKind;
use crate::doc::{Doc, Rule};
use crate::lexicon::{
    COMMON, COUNTRY, CREDENTIAL, DRUG, EPONYM_TAIL, FIRST, MEASURE, MONTH, ORG_HEAD, PARTICLE, PLACE_PREPOSITION,
    STATE, STATE_NAME, STOP, STREET, TITLE, TOWN, TOWN_TAIL, UNIT, WEEKDAY,
};
use crate::token::{Case, Kind, SPACE};

static STREET_RULE: Rule =
    Rule { name: "location.street", kind: EvidenceKind::Pattern, note: "a street address or box" };
static TOWN_STATE: Rule =
    Rule { name: "location.town_state", kind: EvidenceKind::Pattern, note: "a town before a state" };
static TOWN_CUE: Rule = Rule { name: "location.town", kind: EvidenceKind::Cue, note: "a place after a cue for one" };
static TOWN_LIST: Rule =
    Rule { name: "location.listed", kind: EvidenceKind::Lexicon, note: "a known town after a preposition" };
static ZIP: Rule = Rule { name: "location.zip", kind: EvidenceKind::Pattern, note: "a ZIP code" };
static GPS: Rule = Rule { name: "location.coordinates", kind: EvidenceKind::Pattern, note: "coordinates" };

/// Streets, boxes, codes and coordinates: what has digits.
pub(crate) fn find_addresses(doc: &mut Doc<'_>) {
    let mut i = 0;
    while i < doc.tokens.len() {
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

fn add(doc: &mut Doc<'_>, from: usize, to: usize, detail: Detail, confidence: f32, rule: &'static Rule) {
    doc.add(from, to, IdentifierClass::Location, detail, confidence, rule);
}

/// `1260 Sunflower Avenue, Apt 4`, then town, state and ZIP code.
fn street(doc: &mut Doc<'_>, i: usize) -> Option<usize> {
    if !doc.digits(i, 1, 6) || doc.glued(i) && i > 0 && doc.tokens[i - 1].kind != Kind::Mark {
        return None;
    }
    if doc.glued(i) && i > 1 && matches!(doc.mark(i - 1), b'/' | b'.' | b'-') && doc.is_number(i - 2) {
        return None;
    }
    let said = doc.cues_before(i, 7).find(|c| c.kind != CueKind::Name).is_some_and(|c| c.kind == CueKind::Street);
    let mut j = i + 1;
    if doc.glued(j) && doc.tokens[j].kind == Kind::Word && doc.tokens[j].len() == 1 {
        j += 1;
    }
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
    matches!(
        word.to_lowercase().as_str(),
        "rue"
            | "calle"
            | "via"
            | "avenida"
            | "allée"
            | "allee"
            | "chemin"
            | "impasse"
            | "rua"
            | "camino"
            | "paseo"
            | "carrer"
            | "quai"
            | "ul"
            | "ulica"
    )
}

fn foreign_suffix(word: &str) -> bool {
    let lower = word.to_lowercase();
    lower.chars().count() > 6
        && [
            "straße", "strasse", "gasse", "weg", "straat", "gatan", "vägen", "vej", "gade", "veien", "laan", "tie",
            "katu",
        ]
        .iter()
        .any(|s| lower.ends_with(s))
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
            && doc.tokens.get(j + 1).is_some_and(super::token::Token::is_capital)
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

/// The end of `, ST` or ` State` at token `j`; any two capitals count before a ZIP code.
fn state_at(doc: &Doc<'_>, j: usize) -> Option<usize> {
    let comma = doc.mark(j) == b',';
    let k = if comma { j + 1 } else { j };
    let t = doc.tokens.get(k)?;
    let code = t.kind == Kind::Word && t.len() == 2 && t.case == Case::Upper && t.gap <= 2;
    let zip = zip_shape(doc, k + 1).is_some() || doc.mark(k + 1) == b',' && zip_shape(doc, k + 2).is_some();
    if code && (t.is(STATE) && !t.is(CREDENTIAL) || t.is(STATE) && comma && !doc.has(k, CREDENTIAL) || zip)
        || t.is(STATE_NAME) && t.is_capital() && comma
    {
        return Some(k + 1);
    }
    (code && t.is(STATE) && zip).then_some(k + 1)
}

fn zip_shape(doc: &Doc<'_>, i: usize) -> Option<usize> {
    if !doc.digits(i, 5, 5) || doc.glued(i) && i > 0 && doc.tokens[i - 1].kind != Kind::Mark {
        return None;
    }
    let plus = doc.mark(i + 1) == b'-' && doc.glued(i + 1) && doc.glued(i + 2) && doc.digits(i + 2, 4, 4);
    let broken = doc.glued(i + 1) && doc.tokens[i + 1].kind != Kind::Mark;
    (!broken).then_some(if plus { i + 3 } else { i + 1 })
}

/// A ZIP code after a cue for one, or with its four digits more.
fn zip(doc: &mut Doc<'_>, i: usize) -> Option<usize> {
    let end = zip_shape(doc, i)?;
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

/// `PO Box 508`, `P.O. Box 12`.
fn post_box(doc: &mut Doc<'_>, i: usize) -> Option<usize> {
    if !doc.is_word(i, "po")
        && !doc.is_word(i, "p")
        && !doc.is_word(i, "post")
        && !doc.is_word(i, "box")
        && !doc.is_word(i, "pobox")
    {
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

/// Towns: before a state, after a cue, or of the list after a preposition.
pub(crate) fn find_towns(doc: &mut Doc<'_>) {
    let mut i = 0;
    while i < doc.tokens.len() {
        let t = doc.tokens[i];
        if doc.taken[i] || !t.is_capital() || t.is(STOP) && t.case != Case::Upper {
            i += 1;
            continue;
        }
        let end = run(doc, i);
        if end == i {
            i += 1;
            continue;
        }
        if let Some(state) = state_at(doc, end).filter(|&s| doc.mark(end) == b',' && s == end + 2)
            && !doc.has(end + 1, CREDENTIAL)
            && doc.has(end + 1, STATE | STATE_NAME)
            && !t.is(ORG_HEAD)
        {
            let from = (i..end).find(|&k| !(doc.tokens[k].is(COMMON) && doc.starts_sentence(k))).unwrap_or(end - 1);
            add(doc, from, state, Detail::Town, 0.9, &TOWN_STATE);
            i = state;
            continue;
        }
        cued_town(doc, i, end);
        i = end;
    }
}

fn cued_town(doc: &mut Doc<'_>, i: usize, end: usize) {
    let t = doc.tokens[i];
    let listed = t.is(TOWN) || phrase_tail(doc, i, end);
    let keyed_pair = end > i + 1
        && doc.tokens[i].case == Case::Title
        && doc.tokens[end - 1].case == Case::Title
        && doc.cues_before(i, 3).next().is_some_and(|c| c.kind == CueKind::Town);
    let plain =
        !keyed_pair && (i..end).all(|k| doc.has(k, COMMON | STATE_NAME | COUNTRY | DRUG)) && !phrase_tail(doc, i, end);
    let wrong = t.is(TITLE | MONTH | WEEKDAY)
        || doc.has(end, EPONYM_TAIL)
        || doc.has(end - 1, ORG_HEAD) && !doc.has(end - 1, TOWN_TAIL)
        || doc.mark(end) == b'\'';
    if wrong || plain && !t.is(TOWN) || doc.dose_follows(end) || t.case == Case::Upper && doc.starts_cue(i, end) {
        return;
    }
    let cue = doc.cues_before(i, 9).find(|c| !(c.kind == CueKind::Name && c.weak && doc.mark(i - 1) == b':'));
    // "Home district submitted by the guardian: X": after a colon the whole key announces the value.
    let keyed = i > 0 && doc.mark(i - 1) == b':';
    let between = |d: usize| keyed && d <= 7 || (i - d..i).all(|k| is_bridge(doc, k));
    let cued = cue.is_some_and(|c| c.kind == CueKind::Town && between(c.distance));
    let named = doc.tokens.get(end).is_some_and(|t| t.kind == Kind::Possessive)
        || t.case == Case::Upper && end == i + 1 && t.len() <= 4;
    if cued && !named {
        let end = state_after(doc, end);
        add(doc, i, end, Detail::Town, 0.9, &TOWN_CUE);
    } else if i > 0
        && doc.has(i - 1, PLACE_PREPOSITION)
        && listed
        && !t.is(STATE_NAME | COUNTRY)
        && !doc.has(end, ORG_HEAD)
        && !named
    {
        let person = t.is(FIRST) && !phrase_tail(doc, i, end);
        if !person {
            add(doc, i, end, Detail::Town, 0.8, &TOWN_LIST);
        }
    } else if registered_after(doc, end) {
        add(doc, i, end, Detail::Town, 0.8, &TOWN_CUE);
    }
}

/// The end of `, ST` after a place, where a cue has said that it is one.
fn state_after(doc: &Doc<'_>, end: usize) -> usize {
    let code = doc.tokens.get(end + 1).is_some_and(|t| t.len() == 2 && t.case == Case::Upper && t.gap == SPACE);
    if doc.mark(end) == b',' && code { end + 2 } else { end }
}

/// `Tuze is the registered household locality`.
fn registered_after(doc: &Doc<'_>, end: usize) -> bool {
    if !doc.is_word(end, "is") || !(doc.is_word(end + 1, "the") || doc.is_word(end + 1, "a")) {
        return false;
    }
    doc.cues_after(end, 8).any(|c| c.kind == CueKind::Town)
}

fn phrase_tail(doc: &Doc<'_>, i: usize, end: usize) -> bool {
    end > i + 1 && doc.has(end - 1, TOWN_TAIL)
}

/// Tokens that may stand between a cue and its value.
pub(crate) fn is_bridge(doc: &Doc<'_>, k: usize) -> bool {
    use crate::lexicon::{FIELD_NOUN, LINK};
    let t = doc.tokens[k];
    match t.kind {
        Kind::Word => t.is(LINK | FIELD_NOUN) || t.is(PARTICLE) && t.case == Case::Lower,
        Kind::Possessive => true,
        Kind::Mark => !matches!(t.mark, b';' | b'!' | b'?'),
        Kind::Number => false,
    }
}

/// The end of the capitalised words that may name a place.
fn run(doc: &Doc<'_>, i: usize) -> usize {
    let mut j = i;
    while j < doc.tokens.len() && j < i + 5 {
        let t = doc.tokens[j];
        let joined = j == i || t.gap <= SPACE;
        let word = t.is_capital() && !(t.is(STOP) && j > i && t.case != Case::Title) && !doc.taken[j];
        let saint =
            t.mark == b'.' && t.gap == 0 && matches!(doc.word(j.saturating_sub(1)), "St" | "Ft" | "Mt") && j > i;
        let hyphen = t.mark == b'-'
            && t.gap == 0
            && j > i
            && doc.glued(j + 1)
            && doc.tokens.get(j + 1).is_some_and(super::token::Token::is_capital);
        if !(joined && (word || saint || hyphen)) {
            break;
        }
        j += 1;
    }
    j
}
