//! Towns and other places below a state, after a cue or by their list.

use asepsis_vocab::{Detail, EvidenceKind};

use super::{add, is_bridge, run, state_at};
use crate::cue::CueKind;
use crate::doc::{Doc, Rule};
use crate::lexicon::{
    COMMON, COUNTRY, CREDENTIAL, DRUG, EPONYM_TAIL, FIRST, MONTH, ORG_HEAD, PLACE_PREPOSITION, STATE, STATE_NAME, STOP,
    TITLE, TOWN, TOWN_TAIL, WEEKDAY,
};
use crate::sorts::Sort;
use crate::token::{Case, Kind, SPACE};

static TOWN_STATE: Rule =
    Rule { name: "location.town_state", kind: EvidenceKind::Pattern, note: "a town before a state" };
static TOWN_CUE: Rule = Rule { name: "location.town", kind: EvidenceKind::Cue, note: "a place after a cue for one" };
static TOWN_LIST: Rule =
    Rule { name: "location.listed", kind: EvidenceKind::Lexicon, note: "a known town after a preposition" };

/// Towns: before a state, after a cue, or of the list after a preposition.
pub(crate) fn find_towns(doc: &mut Doc<'_>) {
    let mut i = 0;
    while let Some(next) = doc.sorts.next(i, [Sort::Capital]) {
        i = next;
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
