//! Ages over 89 and what says so, 45 CFR 164.514(b)(2)(i)(C).

use asepsis_vocab::{Detail, EvidenceKind, IdentifierClass};

use crate::cue::CueKind;
use crate::doc::{Doc, Rule};
use crate::token::Kind;

static AGE: Rule = Rule { name: "age.over_89", kind: EvidenceKind::Cue, note: "an age over 89" };

pub(crate) fn find(doc: &mut Doc<'_>) {
    for i in 0..doc.tokens.len() {
        if doc.taken[i] {
            continue;
        }
        let end = match doc.tokens[i].kind {
            Kind::Number => in_digits(doc, i),
            Kind::Word => in_words(doc, i),
            _ => None,
        };
        if let Some(end) = end {
            doc.add(i, end, IdentifierClass::Age, Detail::Unspecified, 0.95, &AGE);
        }
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
    if doc.is_word(i + 1, "s") && doc.glued(i + 1) && doc.value(i) == 90 {
        return person_before(doc, i).then_some(i + 2);
    }
    let mut j = i + 1;
    if doc.mark(j) == b'-' {
        j += 1;
    }
    let unit = doc.word(j).to_ascii_lowercase();
    let sex = matches!(unit.as_str(), "m" | "f" | "male" | "female" | "man" | "woman" | "lady" | "gentleman");
    let years = match unit.as_str() {
        "yo" | "yom" | "yof" => return Some(i + 1),
        "y" => {
            let dotted = matches!(doc.mark(j + 1), b'/' | b'.') && doc.is_word(j + 2, "o");
            if dotted || doc.is_word(j + 1, "o") {
                return Some(i + 1);
            }
            true
        }
        "year" | "years" | "yr" | "yrs" => {
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
    let counted = i > 0 && matches!(doc.mark(i - 1), b'(' | b',' | b'=') && doc.tokens[j].gap == 1;
    if sex && !counted && (doc.glued(j) || doc.tokens[j].gap == 1 && unit.len() > 1) && !doc.is_word(j + 1, "l") {
        return Some(i + 1);
    }
    let said = doc.cues_before(i, 8).find(|c| !matches!(c.kind, CueKind::Name | CueKind::Org | CueKind::Town));
    let free = |from: usize| (from..i).all(|k| !doc.is_number(k));
    let cue = said.is_some_and(|c| {
        c.kind == CueKind::Age
            && (c.distance <= 3 || years || doc.mark(i + 1) == b'.' || c.distance <= 6)
            && free(i - c.distance)
    });
    let unit_follows = !years && doc.has(i + 1, crate::lexicon::MEASURE);
    if cue && !unit_follows {
        return Some(i + 1);
    }
    // "turned 95", "is 93,": a person's age without the word.
    let before = if i > 0 { doc.word(i - 1) } else { "" };
    (matches!(before, "turned" | "turning" | "turns")).then_some(i + 1)
}

fn person_before(doc: &Doc<'_>, i: usize) -> bool {
    (i.saturating_sub(3)..i)
        .any(|k| matches!(doc.word(k).to_ascii_lowercase().as_str(), "his" | "her" | "their" | "my" | "your"))
}

fn in_words(doc: &Doc<'_>, i: usize) -> Option<usize> {
    let word = doc.word(i);
    match word.len() {
        6..=8 if word.eq_ignore_ascii_case("nineties") => person_before(doc, i).then_some(i + 1),
        5..=7 if word.eq_ignore_ascii_case("ninety") || word.eq_ignore_ascii_case("hundred") => {
            let mut j = i + 1;
            if doc.mark(j) == b'-' {
                j += 1;
            }
            let ones = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
            if ones.iter().any(|o| doc.is_word(j, o)) {
                j += 1;
            }
            let end = if doc.mark(j - 1) == b'-' { j - 1 } else { j };
            if doc.mark(j) == b'-' {
                j += 1;
            }
            let old = doc.word(j).to_ascii_lowercase().starts_with("year") && {
                let k = if doc.mark(j + 1) == b'-' { j + 2 } else { j + 1 };
                doc.is_word(k, "old") || doc.is_word(k, "of") && doc.is_word(k + 1, "age")
            };
            let aged = doc.cues_before(i, 3).any(|c| c.kind == CueKind::Age);
            (old || aged).then_some(end)
        }
        11..=19 => ["centenarian", "nonagenarian", "supercentenarian"]
            .iter()
            .any(|w| {
                word.eq_ignore_ascii_case(w)
                    || word.len() == w.len() + 1 && word.get(..w.len()).is_some_and(|p| p.eq_ignore_ascii_case(w))
            })
            .then_some(i + 1),
        _ => None,
    }
}
