//! What is known of a token by its place: the rules, cues and keys about it, its line, the rest of the document.

use asepsis_vocab::IdentifierClass;

use crate::cue::Cue;
use crate::doc::Doc;
use crate::lexicon::{ORG_HEAD, PLACE_PREPOSITION, STREET, TITLE};
use crate::tagger::hash::mix;
use crate::tagger::slots::Slots;
use crate::tagger::word::{Word, Words};
use crate::token::{Kind, LINE, PARAGRAPH};

/// What is known of a token by its place.
#[derive(Clone, Copy, Default, PartialEq)]
pub(super) struct Place {
    /// The words before the colon of its line, and how far behind.
    pub(super) key: u64,
    pub(super) key_last: u64,
    /// The cue before it and how far it is.
    pub(super) cue: u16,
    pub(super) cue_after: u16,
    pub(super) after_key: u8,
    /// What the rules say of it: class and how sure.
    pub(super) rule: u8,
    /// What is near: a word of a place of care ahead, a kind of street ahead, a number behind, a title behind.
    pub(super) near: u8,
    /// How its line is written: all lower, all upper, mixed.
    pub(super) regime: u8,
    /// The same word was announced as a name elsewhere; the same word stands elsewhere in lower case.
    pub(super) elsewhere: u8,
}

/// The places of a document, while they are worked out.
struct Seen<'w> {
    words: &'w Words,
    ids: &'w [u32],
    places: Vec<Place>,
}

impl Seen<'_> {
    fn word(&self, i: usize) -> &Word {
        &self.words.words[self.ids[i] as usize]
    }
}

/// The place of each token, whose words are these.
pub(super) fn places(doc: &Doc<'_>, words: &Words) -> Vec<Place> {
    let mut seen = Seen { words, ids: words.ids(), places: vec![Place::default(); doc.tokens.len()] };
    rules(doc, &mut seen.places);
    cues(doc, &mut seen.places);
    keys(doc, &mut seen);
    near(doc, &mut seen.places);
    regimes(doc, &mut seen);
    elsewhere(doc, &mut seen);
    seen.places
}

/// What the rules found, by token.
fn rules(doc: &Doc<'_>, places: &mut [Place]) {
    for hit in &doc.hits {
        let class = match hit.class {
            IdentifierClass::Name => 1,
            IdentifierClass::Location => 2,
            IdentifierClass::Org => 3,
            IdentifierClass::Date | IdentifierClass::Age => 4,
            IdentifierClass::Email | IdentifierClass::Url | IdentifierClass::Ip => 5,
            _ => 6,
        };
        let sure = u8::from(hit.confidence >= 0.9) + u8::from(hit.confidence >= 0.75);
        let (from, to) = doc.token_range(hit.start, hit.end);
        for (k, w) in places[from..to].iter_mut().enumerate() {
            w.rule = class << 3 | sure << 1 | u8::from(k > 0);
        }
    }
}

/// How far a cue is seen by what stands before it and by what stands after.
const SEEN_BEFORE: usize = 4;
const SEEN_AFTER: usize = 10;

/// The nearest cue before and after each token.
fn cues(doc: &Doc<'_>, places: &mut [Place]) {
    let number = |cue: &Cue| (cue.kind as u16 + 1) << 1 | u16::from(cue.weak);
    let mut before = 0;
    let mut rest = &doc.cues[..];
    while let Some(first) = rest.first() {
        // Of those that end together the first is seen from before them, and the last from behind.
        let after = first.after;
        let together = rest.iter().take_while(|cue| cue.after == after).count();
        let last = &rest[together - 1];
        rest = &rest[together..];
        let from = before.max(after.saturating_sub(SEEN_BEFORE));
        for (distance, place) in (1..).zip(places[from..after].iter_mut().rev()) {
            place.cue_after = number(first) << 3 | distance;
        }
        let next = rest.first().map_or(places.len(), |cue| cue.after);
        let to = next.min(after + SEEN_AFTER + 1);
        for (distance, (place, token)) in places[after..to].iter_mut().zip(&doc.tokens[after..to]).enumerate() {
            if distance > 0 && token.gap == PARAGRAPH {
                break;
            }
            let distance = match distance {
                0 => 1,
                1 => 2,
                2..=3 => 3,
                4..=6 => 4,
                _ => 5,
            };
            place.cue = number(last) << 3 | distance;
        }
        before = after;
    }
}

/// The words before the colon, and the place after it.
fn keys(doc: &Doc<'_>, seen: &mut Seen<'_>) {
    let (mut key, mut last, mut since, mut line) = (0u64, 0u64, 0u8, 0usize);
    for i in 0..seen.places.len() {
        let token = &doc.tokens[i];
        if token.gap >= LINE {
            // The value may stand on the next line.
            if !(i > 0 && doc.mark(i - 1) == b':' && token.gap == LINE) {
                (key, last, since) = (0, 0, 0);
            }
            line = i;
        }
        if key != 0 || last != 0 {
            let place = &mut seen.places[i];
            (place.key, place.key_last) = (key, last);
            place.after_key = since.min(7) + 1;
            since = since.saturating_add(1);
        }
        let ends = match token.mark {
            b':' | b'=' | b'|' => true,
            b'>' => i > 0 && doc.mark(i - 1) == b'>',
            b'-' => token.gap > 0 && doc.tokens.get(i + 1).is_some_and(|t| t.gap > 0),
            _ => false,
        };
        if ends && i > line {
            let from = line.max(i.saturating_sub(6));
            let begin = (from..i).rev().find(|&k| matches!(doc.mark(k), b'.' | b';' | b',')).map_or(from, |k| k + 1);
            key = (begin..i).fold(7, |h, k| mix(h, seen.word(k).word));
            let word = (begin..i).rev().find(|&k| doc.tokens[k].kind == Kind::Word);
            last = word.map_or(3, |k| seen.word(k).word);
            since = 0;
        }
    }
}

/// How far ahead a place of care or a street is seen.
const AHEAD: usize = 5;

/// Words of places of care and kinds of street ahead, numbers and titles behind.
///
/// Few tokens are any of these: those are what is looked for, and their neighbours are told.
fn near(doc: &Doc<'_>, places: &mut [Place]) {
    const BEHIND: u32 = TITLE | PLACE_PREPOSITION;
    for (i, token) in doc.tokens.iter().enumerate() {
        if token.kind == Kind::Number {
            behind(doc, places, i, 5, 1 << 4);
        }
        if !token.is(BEHIND | ORG_HEAD | STREET) {
            continue;
        }
        if token.is(TITLE) {
            behind(doc, places, i, 4, 1 << 5);
        }
        if token.is(PLACE_PREPOSITION) {
            behind(doc, places, i, 4, 1 << 6);
        }
        if token.is(ORG_HEAD) {
            ahead(doc, places, i, 2, ORG_HEAD);
        }
        if token.is(STREET) {
            ahead(doc, places, i, 0, STREET);
        }
    }
}

/// Tells the tokens after token `i`, so many of the same paragraph, that it is behind them.
fn behind(doc: &Doc<'_>, places: &mut [Place], i: usize, reach: usize, bit: u8) {
    let after = places.iter_mut().zip(&doc.tokens).skip(i + 1).take(reach);
    for (place, _) in after.take_while(|(_, token)| token.gap != PARAGRAPH) {
        place.near |= bit;
    }
}

/// Tells token `i` and those before it how far it is, as far as a sentence goes and it is the next of its flag.
fn ahead(doc: &Doc<'_>, places: &mut [Place], i: usize, shift: u32, flag: u32) {
    let from = (i + 1).saturating_sub(AHEAD);
    for (distance, (place, token)) in places[from..=i].iter_mut().zip(&doc.tokens[from..=i]).rev().enumerate() {
        // Before it the other of the flag is nearer.
        if distance > 0 && token.is(flag) {
            return;
        }
        #[allow(clippy::cast_possible_truncation, reason = "three at most")]
        {
            place.near |= (distance.min(2) as u8 + 1) << shift;
        }
        if token.gap == PARAGRAPH || matches!(token.mark, b';' | b'!' | b'?') {
            return;
        }
    }
}

/// How each line is written.
fn regimes(doc: &Doc<'_>, seen: &mut Seen<'_>) {
    let mut from = 0;
    while from < seen.places.len() {
        let longer = doc.tokens[from + 1..].iter().take(255).take_while(|token| token.gap < LINE).count();
        let to = from + 1 + longer;
        let (mut lower, mut capital, mut upper) = (0u32, 0u32, 0u32);
        for id in &seen.ids[from..to] {
            match seen.words.words[*id as usize].shape {
                27..=29 | 21 => lower += 1,
                22 | 23 | 26 => capital += 1,
                24 | 25 => upper += 1,
                _ => {}
            }
        }
        let all = lower + capital + upper;
        let regime = if all == 0 {
            0
        } else if upper * 5 >= all * 4 {
            1
        } else if lower == all {
            2
        } else if capital * 3 >= all * 2 {
            3
        } else if lower * 20 >= all * 19 {
            4
        } else {
            5
        };
        let long = u8::from(all > 3) + u8::from(all > 10);
        for place in &mut seen.places[from..to] {
            place.regime = regime << 2 | long;
        }
        from = to;
    }
}

/// What the rest of the document says of the same word: whatever its case, it is the same.
fn elsewhere(doc: &Doc<'_>, seen: &mut Seen<'_>) {
    const NAME: u8 = 1;
    const LOWER: u8 = 2;
    const MIDDLE: u8 = 4;
    let words = &seen.words.words;
    let mut said = vec![0u8; words.len()];
    for hit in doc.hits.iter().filter(|h| h.class == IdentifierClass::Name && h.confidence >= 0.9) {
        let (from, to) = doc.token_range(hit.start, hit.end);
        for &id in &seen.ids[from..to] {
            said[id as usize] |= NAME;
        }
    }
    let mut before = 0;
    for (&id, token) in seen.ids.iter().zip(&doc.tokens) {
        let shape = words[id as usize].shape;
        if matches!(shape, 22 | 23 | 26) && (27..31).contains(&before) && token.gap < LINE {
            said[id as usize] |= MIDDLE;
        }
        before = shape;
    }
    // The words that differ in case or accents only come together in one of them.
    let mut slots = Slots::new(words.len());
    let mut same = vec![0u32; words.len()];
    for (id, w) in words.iter().enumerate().skip(1).filter(|(_, w)| w.shape >= 22) {
        if matches!(w.shape, 27 | 28) {
            said[id] |= LOWER;
        }
        let slot = slots.find(w.word, |other| words[other as usize].word == w.word);
        if *slot == 0 {
            *slot = u32::try_from(id).unwrap_or(0);
        } else {
            said[*slot as usize] |= said[id];
        }
        same[id] = *slot;
    }
    for (place, &id) in seen.places.iter_mut().zip(seen.ids) {
        let shape = words[id as usize].shape;
        if shape >= 22 {
            let mask = if shape < 27 { NAME | LOWER | MIDDLE } else { NAME | MIDDLE };
            place.elsewhere = said[same[id as usize] as usize] & mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lexicon::Lexicon;
    use crate::token::tokenize;

    /// What is near, told by how far each was at every token.
    fn counted(doc: &Doc<'_>) -> Vec<u8> {
        let mut out = vec![0; doc.tokens.len()];
        let (mut org, mut street) = (9u8, 9u8);
        let close = |d: u8| if d <= 4 { 1 + u8::from(d > 0) + u8::from(d > 1) } else { 0 };
        for (near, token) in out.iter_mut().zip(&doc.tokens).rev() {
            org = if token.is(ORG_HEAD) { 0 } else { (org + 1).min(9) };
            street = if token.is(STREET) { 0 } else { (street + 1).min(9) };
            *near = close(org) << 2 | close(street);
            if token.gap == PARAGRAPH || matches!(token.mark, b';' | b'!' | b'?') {
                (org, street) = (9, 9);
            }
        }
        let (mut number, mut title, mut preposition) = (9u8, 9u8, 9u8);
        let flag = |d: u8, reach: u8| u8::from(d <= reach);
        for (near, token) in out.iter_mut().zip(&doc.tokens) {
            if token.gap == PARAGRAPH {
                (number, title, preposition) = (9, 9, 9);
            }
            *near |= flag(number, 4) << 4 | flag(title, 3) << 5 | flag(preposition, 3) << 6;
            number = if token.kind == Kind::Number { 0 } else { (number + 1).min(9) };
            title = if token.is(TITLE) { 0 } else { (title + 1).min(9) };
            preposition = if token.is(PLACE_PREPOSITION) { 0 } else { (preposition + 1).min(9) };
        }
        out
    }

    proptest! {
        #[test]
        fn what_is_near_is_what_counting_tells(
            text in "((the|Dr|mr|in|at|from|Hospital|Clinic|Street|st|Center|7|12|Anna|;|!|\\.|,)( |\n|\n\n)?){0,40}"
        ) {
            let doc = Doc::new(&text, tokenize(&text, &Lexicon::new()), Vec::new());
            let mut places = vec![Place::default(); doc.tokens.len()];
            near(&doc, &mut places);
            prop_assert_eq!(places.iter().map(|p| p.near).collect::<Vec<_>>(), counted(&doc));
        }
    }
}
