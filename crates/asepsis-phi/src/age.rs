//! Ages over 89 and what says so, 45 CFR 164.514(b)(2)(i)(C).

mod birth;
mod words;

use asepsis_vocab::{Detail, EvidenceKind, IdentifierClass};

use crate::cue::CueKind;
use crate::doc::{Doc, Rule};
use crate::lexicon::{COMMON, FIRST, LAST, MEASURE, RELATION};
use crate::sorts::Sort;
use crate::token::Kind;

static AGE: Rule = Rule { name: "age.over_89", kind: EvidenceKind::Cue, note: "an age over 89" };
static BIRTH_YEAR: Rule =
    Rule { name: "age.birth_year", kind: EvidenceKind::Cue, note: "a year of birth that tells an age over 89" };

/// The words that an age is told by, beside the longer ones.
pub(crate) use words::SIGNALS;

pub(crate) fn find(doc: &mut Doc<'_>) {
    let mut next = 0;
    while let Some(i) = doc.sorts.next(next, [Sort::Number, Sort::Signal]) {
        next = i + 1;
        if doc.taken[i] {
            continue;
        }
        let end = match doc.tokens[i].kind {
            Kind::Number => in_digits(doc, i),
            Kind::Word => words::age(doc, i),
            _ => None,
        };
        if let Some(end) = end {
            doc.add(i, end, IdentifierClass::Age, Detail::Unspecified, 0.95, &AGE);
        }
    }
    for i in birth::years(doc) {
        doc.add(i, i + 1, IdentifierClass::Age, Detail::Birth, 0.9, &BIRTH_YEAR);
    }
}

fn in_digits(doc: &Doc<'_>, i: usize) -> Option<usize> {
    if !doc.digits(i, 2, 3) || !(90..=125).contains(&doc.value(i)) {
        return None;
    }
    let joined =
        doc.glued(i) && i > 0 && matches!(doc.mark(i - 1), b'.' | b'/' | b'-') && i > 1 && doc.is_number(i - 2);
    let decimal =
        matches!(doc.mark(i + 1), b'.' | b'/' | b',') && doc.glued(i + 1) && doc.is_number(i + 2) && doc.glued(i + 2);
    // Technetium-99m.
    let isotope =
        doc.value(i) == 99 && doc.glued(i + 1) && doc.word(i + 1).starts_with('m') && doc.tokens[i + 1].len() <= 3;
    if isotope || joined || decimal || doc.mark(i + 1) == b'%' {
        return None;
    }
    // "90s" of a decade of life: "in her 90s".
    let apostrophe = usize::from(doc.mark(i + 1) == b'\'' && doc.glued(i + 1));
    let decade = matches!(doc.value(i), 90 | 100);
    if decade && doc.is_word(i + 1 + apostrophe, "s") && doc.glued(i + 1 + apostrophe) {
        return person_before(doc, i).then_some(i + 2 + apostrophe);
    }
    let mut j = i + 1;
    if doc.mark(j) == b'-' {
        j += 1;
    }
    // No unit is longer.
    let mut room = [0; 9];
    let unit = doc.small(j, &mut room);
    let sex = matches!(unit, b"m" | b"f" | b"male" | b"female" | b"man" | b"woman" | b"lady" | b"gentleman");
    let years = match unit {
        b"yo" | b"yom" | b"yof" => return Some(i + 1),
        b"y" => {
            let dotted = matches!(doc.mark(j + 1), b'/' | b'.') && doc.is_word(j + 2, "o");
            if dotted || doc.is_word(j + 1, "o") {
                return Some(i + 1);
            }
            true
        }
        b"year" | b"years" | b"yr" | b"yrs" => {
            let mut k = j + 1;
            while matches!(doc.mark(k), b'-' | b'.') || doc.is_word(k, "s") {
                k += 1;
            }
            if doc.is_word(k, "old") || doc.is_word(k, "of") && doc.is_word(k + 1, "age") {
                return Some(i + 1);
            }
            true
        }
        _ => false,
    };
    // "(117 female, 18 male)" counts people.
    let counted = i > 0 && matches!(doc.mark(i - 1), b'(' | b',' | b'=');
    let told = |j: usize| doc.tokens.get(j).is_some_and(|t| t.gap == 0 || t.gap == 1 && unit.len() > 1 && !counted);
    if sex && told(j) && !doc.is_word(j + 1, "l") {
        return Some(i + 1);
    }
    let said = doc.cues_before(i, 8).find(|c| !matches!(c.kind, CueKind::Name | CueKind::Org | CueKind::Town));
    let free = |from: usize| (from..i).all(|k| !doc.is_number(k));
    let cue = said.is_some_and(|c| {
        c.kind == CueKind::Age
            && (c.distance <= 3 || years || doc.mark(i + 1) == b'.' || c.distance <= 6)
            && free(i - c.distance)
    });
    let unit_follows = !years && doc.has(i + 1, MEASURE);
    if cue && !unit_follows {
        return Some(i + 1);
    }
    if doc.is_word(i + 1, "th") || doc.is_word(i + 1, "st") || doc.is_word(i + 1, "nd") || doc.is_word(i + 1, "rd") {
        let birthday = doc.glued(i + 1) && (doc.is_word(i + 2, "birthday") || doc.is_word(i + 2, "bday"));
        return birthday.then_some(i + 1);
    }
    (of_a_person(doc, i) && !unit_follows).then_some(i + 1)
}

/// Whether the bare number at token `i` is told as a person's age: `turned 95`, `died at 94`, `she is 93.`, `mother, 93,`,
/// `Mary Reed (93)`.
fn of_a_person(doc: &Doc<'_>, i: usize) -> bool {
    let before = |n: usize, words: &[&str]| i >= n && words.iter().any(|w| doc.is_word(i - n, w));
    let ends = doc.tokens.get(i + 1).is_none_or(|t| t.gap >= 2)
        || doc.glued(i + 1)
            && matches!(doc.mark(i + 1), b'.' | b',' | b';' | b')')
            && !(doc.glued(i + 2) && doc.is_number(i + 2))
        || ["and", "now", "but", "when", "from", "of", "with"].iter().any(|w| doc.is_word(i + 1, w))
            && !doc.has(i + 2, MEASURE);
    if before(1, &["turned", "turning", "turns"]) {
        return true;
    }
    let died =
        (2..=4).any(|n| before(n, &["died", "deceased", "passed", "lived", "expired", "living", "death", "alive"]));
    if before(1, &["at", "to", "be", "past", "until"]) && died {
        return ends;
    }
    let person = |k: usize| doc.has(k, RELATION) || ["she", "he", "patient", "pt"].iter().any(|w| doc.is_word(k, w));
    let aside =
        i >= 2 && doc.mark(i - 1) == b',' && (doc.mark(i + 1) == b',' || doc.mark(i + 1) == b'.') && doc.glued(i + 1);
    let bracketed = i >= 2 && doc.mark(i - 1) == b'(' && doc.mark(i + 1) == b')';
    if aside || bracketed {
        let named = doc.tokens[i - 2].is_capital() && doc.has(i - 2, FIRST | LAST) && !doc.has(i - 2, COMMON);
        return doc.has(i - 2, RELATION) || named;
    }
    // "she is 93.", "his father's 95 and well", but not "she is 98% on room air".
    let is = before(1, &["is", "was", "be", "now", "age"]) || i > 0 && doc.tokens[i - 1].kind == Kind::Possessive;
    is && ends
        && (2..=3)
            .any(|n| i >= n && person(i - n) && (n == 2 || before(n - 1, &["is", "was", "who", "currently", "now"])))
}

fn person_before(doc: &Doc<'_>, i: usize) -> bool {
    (i.saturating_sub(4)..i).any(|k| ["his", "her", "their", "my", "your"].iter().any(|w| doc.is_word(k, w)))
}
