//! Names that nothing announces: pairs that lists make likely, and words before what only a person does.

use asepsis_vocab::EvidenceKind;

use super::{Trust, add, is_ordinary, run};
use crate::cue::CueKind;
use crate::doc::{Doc, Rule};
use crate::lexicon::{
    COMMON, COUNTRY, DRUG, EPONYM, EPONYM_TAIL, FIRST, FIRST_TOP, LAST, MEASURE, MONTH, ORG_HEAD, ORG_PART,
    PERSON_VERB, RELATION, STATE_NAME, STOP, STREET, TITLE, TOWN_TAIL, WEEKDAY,
};
use crate::sorts::Sort;
use crate::token::{Case, Kind, SPACE};

static ACTING: Rule =
    Rule { name: "name.acting", kind: EvidenceKind::Cue, note: "a name before what only a person does or is" };
static PAIR: Rule =
    Rule { name: "name.pair", kind: EvidenceKind::Lexicon, note: "a first name and a surname side by side" };
static BRACKET: Rule = Rule {
    name: "name.numbered",
    kind: EvidenceKind::Pattern,
    note: "a pair of capitalised words before a number in brackets",
};

/// Pairs that lists make likely, and capitalised words before what only a person does.
pub(crate) fn find_loose(doc: &mut Doc<'_>) {
    let mut i = 0;
    while let Some(next) = doc.sorts.next(i, [Sort::Capital, Sort::LowerFirst]) {
        i = next;
        let t = doc.tokens[i];
        if doc.taken[i] {
            i += 1;
            continue;
        }
        if t.is(FIRST_TOP) && t.case == Case::Lower && !t.is(COMMON) && t.len() > 3 {
            lower_case(doc, i);
            i += 1;
            continue;
        }
        if !t.is_capital() || t.is(STOP | TITLE | MONTH | WEEKDAY) {
            i += 1;
            continue;
        }
        if t.gap == 0 && i > 0 && (doc.tokens[i - 1].mark == 0 || doc.is_number(i - 1)) {
            i += 1;
            continue;
        }
        if is_ordinary(&t) {
            i += 1;
            continue;
        }
        let wide = run(doc, i, Trust::Middle);
        let by = i > 0 && doc.is_word(i - 1, "by") && doc.mark(i + 1) == b',' && wide > i + 2;
        if wide > i
            && (by || role_follows(doc, wide) || wide > i + 2 && doc.mark(i + 1) == b',' && human(doc, wide))
            && !doc.has(wide - 1, ORG_HEAD | TOWN_TAIL)
        {
            add(doc, i, wide, 0.85, &ACTING);
            i = wide;
            continue;
        }
        let end = run(doc, i, Trust::Low);
        if end == i {
            i += 1;
            continue;
        }
        if let Some((confidence, rule)) = judge(doc, i, end) {
            add(doc, i, end, confidence, rule);
        }
        i = end.max(i + 1);
    }
}

/// Whether capitalised words with no cue before them are a name.
fn judge(doc: &Doc<'_>, i: usize, end: usize) -> Option<(f32, &'static Rule)> {
    let words = (i..end).filter(|&k| doc.tokens[k].kind == Kind::Word).count();
    let strange = (i..end)
        .filter(|&k| doc.tokens[k].kind == Kind::Word && doc.tokens[k].len() > 1 && !doc.has(k, COMMON | FIRST | LAST))
        .count();
    let by = i > 0 && doc.is_word(i - 1, "by") && words > 1 && strange > 0;
    let bad = doc.has(end, EPONYM_TAIL | ORG_HEAD | ORG_PART | MEASURE | STREET)
        || (i..end).any(|k| doc.has(k, DRUG | COUNTRY | STATE_NAME | ORG_HEAD))
        || doc.has(i, EPONYM) && words == 1
        || doc.dose_follows(end)
        || (doc.tokens.get(end).is_some_and(|t| t.kind == Kind::Possessive) && doc.has(end + 1, EPONYM_TAIL));
    if bad {
        return None;
    }
    let person = acts(doc, end) || explained(doc, end);
    let bracketed = doc.mark(end) == b'[' && doc.is_number(end + 1)
        || doc.mark(end) == b'(' && matches!(doc.word(end + 1), "DOB" | "MRN" | "dob" | "mrn");
    let first = doc.has(i, FIRST);
    let second = words > 1 && doc.has(end - 1, LAST | FIRST);
    let initial = words > 1 && doc.tokens[i].len() == 1;
    let upper = doc.tokens[i].case == Case::Upper && doc.tokens[i].len() > 1;
    if words >= 2 {
        if bracketed {
            return Some((0.85, &BRACKET));
        }
        let plain_last = doc.has(end - 1, COMMON) && !doc.has(end - 1, LAST);
        let plain_first = doc.has(i, COMMON) && !doc.has(i, FIRST_TOP);
        if plain_last || plain_first && !second {
            return None;
        }
        let score = i32::from(first && !doc.has(i, COMMON)) * 2
            + i32::from(doc.has(i, FIRST_TOP))
            + i32::from(second && !doc.has(end - 1, COMMON)) * 2
            + i32::from(second && doc.has(end - 1, COMMON))
            + strange as i32
            + i32::from(person) * 2
            + i32::from(by) * 2
            + i32::from(initial && (strange > 0 || second)) * 2
            - i32::from(upper)
            - i32::from(doc.has(end - 1, EPONYM))
            - i32::from(doc.has(i, EPONYM) && !doc.has(i, FIRST_TOP));
        return (score >= 3).then_some(if score >= 4 { (0.85, &PAIR) } else { (0.7, &PAIR) });
    }
    let odd = strange == 1 && doc.tokens[i].len() > 2 && doc.tokens[i].case == Case::Title;
    let likely = doc.has(i, FIRST_TOP) && !doc.has(i, COMMON);
    if (odd || likely || doc.has(i, FIRST) && !doc.has(i, COMMON)) && person && !upper && (!odd || human(doc, end)) {
        return Some((0.8, &ACTING));
    }
    // A lone first name of the frequent ones in running text.
    (likely && !doc.has(i, EPONYM) && doc.tokens[i].case == Case::Title).then_some((0.65, &ACTING))
}

/// What stands after a name when somebody is spoken of: a verb of persons, an age, a relation.
fn acts(doc: &Doc<'_>, end: usize) -> bool {
    let mut j = end;
    if doc.mark(j) == b',' {
        j += 1;
    }
    if doc.tokens.get(j).is_some_and(|t| t.kind == Kind::Possessive) {
        return doc.has(j + 1, RELATION);
    }
    doc.has(j, PERSON_VERB) && doc.tokens[j].case == Case::Lower && doc.tokens[j].gap <= 2
}

/// `X is the care practitioner`, `X attended as the patient`.
fn role_follows(doc: &Doc<'_>, end: usize) -> bool {
    let verb = matches!(doc.word(end), "is" | "was" | "as");
    let attended = doc.has(end, PERSON_VERB) && doc.is_word(end + 1, "as");
    let j = if attended { end + 2 } else { end + 1 };
    let article = matches!(doc.word(j), "the" | "her" | "his" | "our" | "their" | "my");
    (verb || attended) && article && doc.cues_after(j + 1, 5).next().is_some_and(|c| c.kind == CueKind::Name)
}

/// `is a 50-year-old`, `, 63 y/o`, `(he)`.
fn explained(doc: &Doc<'_>, end: usize) -> bool {
    let mut j = end;
    if matches!(doc.mark(j), b',' | b'(') {
        j += 1;
    }
    if doc.is_word(j, "is") || doc.is_word(j, "was") {
        j += 1;
    }
    if doc.is_word(j, "a") || doc.is_word(j, "an") {
        j += 1;
    }
    let mut k = j + 1;
    if doc.mark(k) == b'-' {
        k += 1;
    }
    j > end
        && doc.digits(j, 1, 3)
        && (doc.is_word(k, "year") || doc.is_word(k, "yo") || doc.is_word(k, "y") || doc.is_word(k, "yr"))
}

/// Verbs that have no other subject than a person.
fn human(doc: &Doc<'_>, end: usize) -> bool {
    // The longest of them has eleven letters.
    let mut room = [0; 11];
    let word = doc.small(end, &mut room);
    explained(doc, end)
        || matches!(
            word,
            b"reported"
                | b"reports"
                | b"denies"
                | b"denied"
                | b"agreed"
                | b"agrees"
                | b"attended"
                | b"attends"
                | b"documented"
                | b"provided"
                | b"completed"
                | b"presents"
                | b"presented"
                | b"said"
                | b"says"
                | b"told"
                | b"asked"
                | b"arranged"
                | b"signed"
                | b"called"
                | b"described"
                | b"describes"
                | b"lives"
                | b"verbalized"
                | b"complains"
                | b"complained"
                | b"visited"
                | b"introduced"
                | b"reviewed"
                | b"examined"
        )
}

/// A frequent first name in lower case, where the sentence speaks to or of somebody.
fn lower_case(doc: &mut Doc<'_>, i: usize) {
    let comma = i > 0 && doc.mark(i - 1) == b',' && matches!(doc.mark(i + 1), b',' | b'?' | b'.' | b'!');
    let person = explained(doc, i + 1) || comma;
    let relation = i > 0 && doc.has(i - 1, RELATION);
    let surname = doc.has(i + 1, LAST) && !doc.has(i + 1, COMMON | STOP) && doc.tokens[i + 1].gap == SPACE;
    if surname && doc.tokens[i + 1].case == Case::Lower {
        add(doc, i, i + 2, 0.75, &PAIR);
    } else if person || relation {
        add(doc, i, i + 1, 0.75, &ACTING);
    }
}
