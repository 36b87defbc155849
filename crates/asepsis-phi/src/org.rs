//! Names of employers and places of care. They are of the individual's circumstances (45 CFR 164.514(b)(2)(i): "or of
//! relatives, employers, or household members") and often name a town.

use asepsis_vocab::{Detail, EvidenceKind, IdentifierClass};

use crate::cue::CueKind;
use crate::doc::{Doc, Rule};
use crate::lexicon::{COMMON, FIELD_NOUN, MONTH, ORG_HEAD, ORG_PART, PARTICLE, PERSON_VERB, STOP, TITLE, TOWN_TAIL};
use crate::place::is_bridge;
use crate::sorts::Sort;
use crate::token::{Case, Kind, SPACE};

static NAMED: Rule =
    Rule { name: "org.named", kind: EvidenceKind::Pattern, note: "a proper name before a word for an organisation" };
static CUED: Rule =
    Rule { name: "org.cued", kind: EvidenceKind::Cue, note: "a proper name after a cue for an organisation" };

pub(crate) fn find(doc: &mut Doc<'_>) {
    let mut next = 0;
    while let Some(i) = doc.sorts.next(next, [Sort::Role]) {
        next = i + 1;
        let t = doc.tokens[i];
        if t.is(ORG_HEAD) && t.is_capital() && !doc.taken[i] {
            headed(doc, i);
        }
    }
    if !doc.is_cued(CueKind::Org) {
        return;
    }
    for c in 0..doc.cues.len() {
        if doc.cues[c].kind == CueKind::Org {
            cued(doc, c);
        }
    }
}

/// `Silvergrove Hospice`, `Linden Falls Women's Clinic`, `Hospital of St. Anne`.
fn headed(doc: &mut Doc<'_>, head: usize) {
    let following = doc.tokens.get(head + 1);
    if following.is_some_and(|t| t.gap <= SPACE && t.is(ORG_HEAD) && t.is_capital()) {
        return;
    }
    let mut from = head;
    while from > 0 && head - from < 7 && !doc.taken[from - 1] {
        let k = from - 1;
        let t = doc.tokens[k];
        let next = doc.tokens[from];
        if next.gap > SPACE {
            break;
        }
        let word = t.is_capital() && !(t.is(STOP | TITLE | MONTH) && t.case != Case::Upper) && !t.is(PERSON_VERB);
        let joint = t.kind == Kind::Possessive
            || t.mark == b'&'
            || t.mark == b'-' && t.gap == 0 && doc.glued(from)
            || t.mark == b'.' && k > 0 && matches!(doc.word(k - 1), "St" | "Ft" | "Mt")
            || (doc.is_word(k, "of") || doc.is_word(k, "and") || t.is(PARTICLE) && t.case == Case::Lower)
                && k > 0
                && doc.tokens[k - 1].is_capital()
                && from < head;
        if !(word || joint) {
            break;
        }
        from = k;
    }
    while from < head
        && (doc.tokens[from].kind != Kind::Word
            || doc.has(from, STOP)
            || doc.has(from, COMMON | FIELD_NOUN)
                && doc.starts_sentence(from)
                && !doc.has(from, ORG_PART)
                && head - from > 2)
    {
        from += 1;
    }
    // "at Fairwater Day Surgery": what makes it a name is a word that is no part of every such name.
    let proper = (from..head).any(|k| {
        doc.tokens[k].kind == Kind::Word
            && !doc.has(k, ORG_PART | STOP | FIELD_NOUN)
            && (!doc.has(k, COMMON) || k + 2 < head && !doc.starts_sentence(k))
            && doc.tokens[k].len() > 1
    });
    let plain_named = (from..head).any(|k| {
        doc.has(k, crate::lexicon::TOWN | crate::lexicon::LAST)
            && !doc.has(k, ORG_PART | STOP)
            && !doc.starts_sentence(k)
            && doc.tokens[k].case == Case::Title
    });
    let care = matches!(
        doc.word(head).to_ascii_lowercase().as_str(),
        "hospital"
            | "clinic"
            | "infirmary"
            | "hospice"
            | "centre"
            | "center"
            | "university"
            | "college"
            | "school"
            | "inc"
            | "llc"
            | "pharmacy"
            | "pavilion"
            | "practice"
            | "institute"
            | "associates"
    );
    // Title case in the middle of a sentence is a name even of an ordinary word: "at Cider Family Practice".
    let quoted = care
        && from > 0
        && doc.tokens[from - 1].case == Case::Lower
        && doc.tokens[from - 1].kind == Kind::Word
        && !doc.starts_sentence(from)
        && (from..head).any(|k| {
            doc.tokens[k].case == Case::Title
                && !doc.has(k, ORG_PART | STOP | FIELD_NOUN)
                && doc.tokens[k].kind == Kind::Word
        });
    if !(proper || plain_named && care || quoted) || from == head {
        return;
    }
    let mut end = head + 1;
    if doc.is_word(end, "of") && doc.tokens.get(end + 1).is_some_and(|t| t.is_capital() && !t.is(STOP)) {
        end += 2;
        while doc.tokens.get(end).is_some_and(|t| t.is_capital() && t.gap == SPACE && !t.is(STOP)) {
            end += 1;
        }
    }
    // A heading in capitals names nothing.
    let heading = doc.tokens[head].case == Case::Upper
        && (from..head).all(|k| doc.has(k, COMMON | ORG_PART | STOP) || doc.tokens[k].kind != Kind::Word);
    if !heading {
        doc.add(from, end, IdentifierClass::Org, Detail::Unspecified, 0.9, &NAMED);
    }
}

/// `employer: Brightwell`, `works at Kestrel Freight`, `transferred from St. Mary's`.
fn cued(doc: &mut Doc<'_>, c: usize) {
    let cue = doc.cues[c];
    let mut j = cue.after;
    while j < cue.after + 6
        && j < doc.tokens.len()
        && !doc.taken[j]
        && !doc.tokens[j].is_capital()
        && is_bridge(doc, j)
        && !doc.is_word(j, "by")
        && !doc.breaks_before(j)
    {
        j += 1;
    }
    let mut end = j;
    let mut proper = false;
    while end < doc.tokens.len() && end < j + 6 && !doc.taken[end] && (end == j || doc.tokens[end].gap <= SPACE) {
        let t = doc.tokens[end];
        let word = t.is_capital() && !(t.is(STOP | TITLE | MONTH) && end == j);
        let joint = end > j
            && (t.kind == Kind::Possessive
                || t.mark == b'&'
                || t.mark == b'-' && t.gap == 0
                || t.mark == b'.' && matches!(doc.word(end - 1), "St" | "Ft" | "Mt"));
        if !(word || joint) {
            break;
        }
        proper |= word && !t.is(COMMON | ORG_PART | FIELD_NOUN | STOP) && t.len() > 1;
        end += 1;
    }
    while end > j && doc.tokens[end - 1].kind == Kind::Mark {
        end -= 1;
    }
    if doc.tokens.get(j).is_some_and(|t| t.case == Case::Upper) && doc.starts_cue(j, end) {
        return;
    }
    let work = {
        let phrase = doc.text[cue.start..cue.end].to_ascii_lowercase();
        phrase.starts_with("work")
            || phrase.starts_with("employ")
            || phrase.starts_with("transfer")
            || phrase == "company"
            || phrase.ends_with("facility")
    };
    let typed = doc.mark(j.saturating_sub(1)) == b':' || doc.mark(j.saturating_sub(1)) == b'|';
    let saint = doc.has(end.saturating_sub(1), TOWN_TAIL) || matches!(doc.word(j), "St" | "Saint");
    if proper && (work || typed || saint || end > j + 1) && end > j && j < cue.after + 4 && !doc.has(j, STOP) {
        doc.add(j, end, IdentifierClass::Org, Detail::Unspecified, 0.8, &CUED);
    }
}
