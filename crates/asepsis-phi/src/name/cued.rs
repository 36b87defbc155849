//! Names that a cue, a title, a greeting or a credential announces.

use asepsis_vocab::EvidenceKind;

use super::{Trust, add, run, spoken};
use crate::cue::CueKind;
use crate::doc::{Doc, Rule};
use crate::lexicon::{
    COMMON, COUNTRY, CREDENTIAL, FIELD_NOUN, FIRST, FIRST_TOP, LAST, ORG_HEAD, PARTICLE, SALUTATION, STATE_NAME, STOP,
    STREET, TITLE, TOWN_TAIL,
};
use crate::place::is_bridge;
use crate::sorts::Sort;
use crate::token::{Case, Kind, SPACE};

static TITLED: Rule = Rule { name: "name.titled", kind: EvidenceKind::Cue, note: "a name after a title" };
static CUED: Rule = Rule { name: "name.cued", kind: EvidenceKind::Cue, note: "a name after a cue for a person" };
static SIGNED: Rule = Rule { name: "name.signed", kind: EvidenceKind::Cue, note: "a name before a credential" };
static GREETED: Rule = Rule { name: "name.greeted", kind: EvidenceKind::Cue, note: "a name after a greeting" };

/// Names that a cue, a title, a greeting or a credential announces.
pub(crate) fn find_cued(doc: &mut Doc<'_>) {
    titled(doc);
    cued(doc);
    greeted(doc);
    signed(doc);
}

/// `Dr. Jono`, `Mr Clark`, `dr. miller`.
fn titled(doc: &mut Doc<'_>) {
    let mut next = 0;
    while let Some(i) = doc.sorts.next(next, [Sort::Role]) {
        next = i + 1;
        if !doc.has(i, TITLE) || doc.taken[i] {
            continue;
        }
        let mut j = i + 1;
        if doc.mark(j) == b'.' && doc.glued(j) {
            j += 1;
        }
        while j < i + 8 && doc.has(j, TITLE) && doc.tokens[j].gap <= 2 {
            j += 1;
            if doc.mark(j) == b'.' {
                j += 1;
            }
        }
        if doc.tokens.get(j).is_none_or(|t| t.gap == 0 && doc.mark(j - 1) != b'.' || t.gap > 2) {
            continue;
        }
        let word_title = matches!(
            doc.word(i).to_ascii_lowercase().as_str(),
            "nurse"
                | "sister"
                | "doctor"
                | "judge"
                | "officer"
                | "miss"
                | "sir"
                | "madam"
                | "lieutenant"
                | "professor"
                | "lt"
                | "hon"
                | "dra"
                | "sra"
                | "rev"
                | "fr"
        );
        let lower = doc.tokens[j].case == Case::Lower;
        let end = if lower {
            if word_title || doc.mark(j) != 0 {
                continue;
            }
            spoken(doc, j, true)
        } else {
            run(doc, j, if word_title { Trust::Middle } else { Trust::Certain })
        };
        if end > j {
            add(doc, j, end, 0.95, &TITLED);
        }
    }
}

/// `PATIENT IDENTITY >> Haki`, `her husband, Tom Reed`, `name is Dava`.
fn cued(doc: &mut Doc<'_>) {
    if !doc.is_cued(CueKind::Name) {
        return;
    }
    for c in 0..doc.cues.len() {
        let cue = doc.cues[c];
        if cue.kind != CueKind::Name {
            continue;
        }
        // "[doctor] hi": who speaks, not whom is spoken of.
        if doc.mark(cue.after) == b']' {
            continue;
        }
        let (mut j, mut separated) = (cue.after, false);
        let reach = j + 9;
        while j < reach && j < doc.tokens.len() && !doc.taken[j] && !doc.breaks_before(j) {
            let t = doc.tokens[j];
            if t.is_capital() && !(t.is(LINK_CAPITAL) && j < cue.after + 4 && !separated && t.is(FIELD_NOUN)) {
                break;
            }
            if !is_bridge(doc, j) || t.mark == b'(' && separated {
                break;
            }
            separated |= matches!(t.mark, b':' | b'>' | b'=' | b'|' | b'-')
                || t.kind == Kind::Mark && t.mark == 0
                || doc.is_word(j, "named");
            j += 1;
        }
        while doc.has(j, TITLE) && j < reach + 6 {
            j += 1;
            if doc.mark(j) == b'.' {
                j += 1;
            }
        }
        if j >= doc.tokens.len() || doc.taken[j] || doc.tokens[j].gap > 2 && j > cue.after {
            continue;
        }
        // What follows a cue on the next line is its value only where the line was a field.
        let strong = !cue.weak || separated && j - cue.after <= 4;
        let line = doc.tokens[j].gap >= 2 && !separated;
        if line && cue.weak {
            continue;
        }
        // "Home district submitted by the guardian: Auburn Grove" speaks of a place.
        let key_start = doc.token_at(cue.start);
        let same_line = |d: usize| (key_start - d..=key_start).all(|k| doc.tokens[k].gap < 2 && doc.mark(k) != b'.');
        let place_key = separated
            && cue.weak
            && doc.cues_before(key_start, 6).any(|n| n.kind == CueKind::Town && !n.weak && same_line(n.distance));
        let loose_link = !separated
            && j > cue.after
            && matches!(
                doc.word(j - 1),
                "on" | "with" | "to" | "has" | "had" | "have" | "at" | "in" | "a" | "an" | "using" | "use"
            );
        if place_key || loose_link || cue.weak && doc.starts_cue(j, j + 1) && !doc.has(j, FIRST) {
            continue;
        }
        let end = if doc.tokens[j].case == Case::Lower && doc.tokens[j].kind == Kind::Word {
            let near = j == cue.after || separated;
            let asked = !cue.weak || doc.has(j, FIRST_TOP) && !doc.has(j, COMMON);
            if near && asked && !doc.has(j, COMMON | STOP) { spoken(doc, j, false) } else { j }
        } else {
            let value = run(doc, j, Trust::Certain);
            let whole = separated
                && !cue.weak
                && (value == doc.tokens.len() || doc.tokens[value].gap >= 2 || doc.tokens[value].kind == Kind::Mark);
            run(
                doc,
                j,
                if whole {
                    Trust::Certain
                } else if strong {
                    Trust::High
                } else {
                    Trust::Middle
                },
            )
        };
        let alone = end == j + 1;
        let abbreviation = matches!(doc.tokens[j].case, Case::Upper | Case::Mixed)
            && alone
            && (doc.tokens[j].len() <= 5 && cue.weak && !separated || doc.has(j, COMMON | FIELD_NOUN));
        let verb_heading = abbreviation
            || doc.tokens[j].case == Case::Upper && doc.starts_cue(j, end)
            || doc.dose_follows(end) && !separated;
        let place = alone && doc.has(j, TOWN_TAIL | ORG_HEAD | COUNTRY | STATE_NAME);
        if end > j && !(verb_heading || place || doc.has(end, ORG_HEAD)) {
            add(doc, j, end, if cue.weak { 0.85 } else { 0.95 }, &CUED);
            // "wife Anna and son Tom Reed": the second of two names.
            if doc.is_word(end, "and") && !doc.has(end + 1, COMMON | STOP) {
                let next = run(doc, end + 1, Trust::Middle);
                if next > end + 1 && doc.has(end + 1, FIRST) {
                    add(doc, end + 1, next, 0.8, &CUED);
                }
            }
        }
    }
}

const LINK_CAPITAL: u32 = FIELD_NOUN;

/// `Dear Anna`, `hi martha ,`, `thanks, Tom`.
fn greeted(doc: &mut Doc<'_>) {
    let mut next = 0;
    while let Some(i) = doc.sorts.next(next, [Sort::Role]) {
        next = i + 1;
        if !doc.has(i, SALUTATION) || doc.taken[i] {
            continue;
        }
        let mut j = i + 1;
        if doc.is_word(j, "on") || doc.is_word(j, "to") || doc.is_word(j, "there") {
            j += 1;
        }
        if matches!(doc.mark(j), b',' | b':') {
            j += 1;
        }
        while j < i + 10 && doc.has(j, TITLE) {
            j += 1;
            if doc.mark(j) == b'.' {
                j += 1;
            }
        }
        let Some(t) = doc.tokens.get(j) else { continue };
        if t.kind != Kind::Word || doc.taken[j] || t.gap > SPACE {
            continue;
        }
        let end = if t.case == Case::Lower { spoken(doc, j, false) } else { run(doc, j, Trust::Middle) };
        let known = doc.has(j, FIRST | LAST) || t.is_capital() && !doc.has(j, COMMON);
        if end > j && known {
            add(doc, j, end, 0.9, &GREETED);
        }
    }
}

/// `Betty Ross, PA-C`, `X, MD`: the capitalised words before a credential.
fn signed(doc: &mut Doc<'_>) {
    let mut next = 1;
    while let Some(i) = doc.sorts.next(next, [Sort::Role]) {
        next = i + 1;
        let t = doc.tokens[i];
        let credential = t.is(CREDENTIAL)
            && t.is_capital()
            && (t.case != Case::Title || doc.is_word(i, "phd") || doc.is_word(i, "jr") || doc.is_word(i, "sr"));
        if !credential || doc.taken[i] {
            continue;
        }
        let comma = doc.mark(i - 1) == b',';
        let end = if comma { i - 1 } else { i };
        let mut from = end;
        while from > 0 && end - from < 5 && (doc.tokens[from].gap <= SPACE || from == end) {
            let k = from - 1;
            let token = doc.tokens[k];
            let part = token.is_capital() && !token.is(STOP | TITLE | CREDENTIAL)
                || token.is(PARTICLE) && end > from
                || matches!(token.mark, b'.' | b'-')
                    && token.gap == 0
                    && k > 0
                    && (token.mark == b'-' || doc.tokens[k - 1].len() == 1);
            if !part || doc.taken[k] {
                break;
            }
            from = k;
        }
        while from < end
            && (doc.tokens[from].kind != Kind::Word
                || doc.has(from, COMMON) && !doc.has(from, FIRST | LAST) && end - from > 1 && doc.starts_sentence(from))
        {
            from += 1;
        }
        let place = end - from == 1 && !comma;
        // "Vokav, Rupu, MD": the surname first.
        let reversed = comma
            && end - from == 1
            && from >= 2
            && doc.mark(from - 1) == b','
            && doc.is_free(from - 2, from)
            && doc.tokens[from - 2].is_capital()
            && !doc.has(from - 2, COMMON | STOP | TITLE | CREDENTIAL);
        if reversed {
            from -= 2;
        }
        let plausible = (from..end).any(|k| !doc.has(k, COMMON) || doc.has(k, FIRST));
        if end > from && plausible && !place && !doc.has(end - 1, ORG_HEAD | TOWN_TAIL | STREET) {
            add(doc, from, end, 0.9, &SIGNED);
        }
    }
}
