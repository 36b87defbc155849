//! What holds at a token: the one function that training and tagging share.
//!
//! A feature is a template's number mixed with what the template looks at. The order and the numbers of the templates are
//! part of the model.

use std::collections::HashSet;

use asepsis_crf::Feature;
use asepsis_vocab::IdentifierClass;

use crate::cue::CueKind;
use crate::doc::Doc;
use crate::lexicon::{
    CREDENTIAL, EPONYM, EPONYM_TAIL, FIELD_NOUN, MEASURE, MONTH, ORG_HEAD, ORG_PART, PARTICLE, PERSON_VERB,
    PLACE_PREPOSITION, RELATION, SALUTATION, STATE, STOP, STREET, TITLE, TOWN_TAIL, UNIT, WEEKDAY,
};
use crate::tagger::gazetteer::{Facts, Gazetteer};
use crate::tagger::hash::{bytes_hash, mix, with_folded};
use crate::token::{Kind, LINE, PARAGRAPH};

/// What is known of a token by itself and by its place.
#[derive(Clone, Copy, Default)]
struct Word {
    /// The word, without case and accents; of a number its number of digits; of a mark the mark.
    word: u64,
    prefix2: u64,
    prefix3: u64,
    suffix2: u64,
    suffix3: u64,
    suffix4: u64,
    /// How it is written: a small number.
    shape: u64,
    facts: Facts,
    /// The small closed classes that it belongs to, as one number.
    role: u64,
    /// What the rules say of it: class and how sure.
    rule: u64,
    /// The cue before it and how far it is.
    cue: u64,
    cue_after: u64,
    /// The words before the colon of its line, and how far behind.
    key: u64,
    key_last: u64,
    after_key: u64,
    /// What is near: a word of a place of care ahead, a kind of street ahead, a number behind, a title behind.
    near: u64,
    /// How its line is written: all lower, all upper, mixed.
    regime: u64,
    gap: u64,
    /// The same word was announced as a name elsewhere; the same word stands elsewhere in lower case.
    elsewhere: u64,
}

/// A document as the tagger sees it.
pub(crate) struct View {
    words: Vec<Word>,
}

/// The features of a token at most.
pub(crate) const MOST: usize = 72;

impl View {
    pub(crate) fn new(doc: &Doc<'_>, gazetteer: &Gazetteer) -> Self {
        let mut words: Vec<Word> = (0..doc.tokens.len()).map(|i| word(doc, i, gazetteer)).collect();
        rules(doc, &mut words);
        cues(doc, &mut words);
        keys(doc, &mut words);
        near(doc, &mut words);
        regimes(doc, &mut words);
        elsewhere(doc, &mut words);
        Self { words }
    }

    /// What is known of token `i`.
    pub(crate) fn facts(&self, i: usize) -> Facts {
        self.words[i].facts
    }

    /// The features of token `i`, into `out`.
    pub(crate) fn features(&self, i: usize, out: &mut Vec<Feature>) {
        out.clear();
        let edge = Word { word: 1, shape: 31, ..Word::default() };
        let at = |d: isize| i.checked_add_signed(d).and_then(|j| self.words.get(j)).unwrap_or(&edge);
        let (w, a, b, c, d) = (at(0), at(-1), at(1), at(-2), at(2));
        let mut n = 0u64;
        let mut add = |value: u64| {
            n += 1;
            out.push(Feature::of(mix(n, value)));
        };
        let pair = |x: u64, y: u64| mix(x.rotate_left(17), y);
        add(0);
        add(w.word);
        add(a.word);
        add(b.word);
        add(c.word);
        add(d.word);
        add(pair(a.word, w.word));
        add(pair(w.word, b.word));
        add(pair(a.word, b.word));
        add(pair(c.word, a.word));
        add(pair(b.word, d.word));
        add(pair(w.word, w.shape));
        add(w.prefix2);
        add(w.prefix3);
        add(w.suffix2);
        add(w.suffix3);
        add(w.suffix4);
        add(w.shape);
        add(a.shape << 5 | w.shape);
        add(w.shape << 5 | b.shape);
        add(a.shape << 10 | w.shape << 5 | b.shape);
        add(c.shape << 15 | a.shape << 10 | w.shape << 5 | b.shape);
        add(a.shape << 15 | w.shape << 10 | b.shape << 5 | d.shape);
        // Names of lists, and how ordinary the word is.
        let names = u64::from(w.facts.first() << 3 | w.facts.last());
        let ordinary = u64::from(w.facts.ordinary());
        let shape = w.shape;
        add(names << 5 | shape);
        add(ordinary << 6 | u64::from(w.facts.clinical()) << 5 | shape);
        let sort = |f: Facts| {
            // Which of the lists speaks the loudest.
            let name = f.first().max(f.last());
            u64::from(f.ordinary() >= 5) << 4
                | u64::from(f.ordinary() > 0 || f.clinical()) << 3
                | u64::from(name >= 5) << 2
                | u64::from(name > 0) << 1
                | u64::from(f.town() > 0)
        };
        add(names << 12 | ordinary << 8 | u64::from(w.facts.town()) << 5 | shape);
        add(u64::from(w.facts.0 >> 9) << 5 | shape);
        add(u64::from(w.facts.0));
        add(sort(a.facts) << 15 | sort(w.facts) << 10 | a.shape << 5 | shape);
        add(sort(w.facts) << 15 | sort(b.facts) << 10 | shape << 5 | b.shape);
        add(sort(a.facts) << 20 | sort(w.facts) << 15 | sort(b.facts) << 10 | shape);
        add(pair(a.word, sort(w.facts) << 5 | shape));
        add(pair(b.word, sort(w.facts) << 5 | shape));
        add(pair(pair(c.word, a.word), shape));
        add(pair(pair(b.word, d.word), shape));
        add(pair(pair(a.word, b.word), shape));
        // Closed classes around it.
        add(a.role << 5 | shape);
        add(b.role << 5 | shape);
        add(c.role << 10 | a.role << 5 | shape);
        add(b.role << 10 | d.role << 5 | shape);
        add(w.role << 5 | shape);
        add(a.role << 15 | w.role << 10 | b.role << 5 | shape);
        // Cues, keys, sections.
        add(w.cue << 5 | shape);
        add(w.cue << 10 | sort(w.facts) << 5 | shape);
        add(w.cue_after << 5 | shape);
        add(pair(w.key, w.after_key));
        add(pair(w.key_last, w.after_key));
        add(pair(w.key_last, w.after_key << 5 | shape));
        add(pair(w.after_key << 10 | sort(w.facts) << 5, shape));
        // What is near.
        add(w.near << 5 | shape);
        add(w.near << 10 | sort(w.facts) << 5 | shape);
        add(w.regime << 5 | shape);
        add(w.regime << 10 | sort(w.facts) << 5 | shape);
        add(w.regime << 20 | names << 6 | ordinary);
        // What the rules say.
        add(w.rule << 5 | shape);
        add(a.rule << 12 | w.rule << 6 | b.rule);
        add(w.gap << 15 | b.gap << 10 | shape << 5 | a.shape);
        add(w.gap << 12 | sort(w.facts) << 5 | shape);
        add(w.elsewhere << 5 | shape);
        add(w.elsewhere << 10 | sort(w.facts) << 5 | shape);
        debug_assert!(out.len() <= MOST);
    }
}

fn word(doc: &Doc<'_>, i: usize, gazetteer: &Gazetteer) -> Word {
    let token = &doc.tokens[i];
    let text = doc.word(i);
    let mut w = Word { shape: shape(text, token.kind), gap: u64::from(token.gap), ..Word::default() };
    match token.kind {
        Kind::Word | Kind::Possessive => with_folded(text, |folded| {
            w.word = bytes_hash(folded);
            let n = folded.len();
            let part = |from: usize, to: usize| bytes_hash(&folded[from.min(n)..to.min(n)]);
            w.prefix2 = part(0, 2);
            w.prefix3 = part(0, 3);
            w.suffix2 = part(n.saturating_sub(2), n);
            w.suffix3 = part(n.saturating_sub(3), n);
            w.suffix4 = part(n.saturating_sub(4), n);
        }),
        Kind::Number => {
            let year = text.len() == 4 && matches!(&text[..2], "19" | "20");
            w.word = 16 + text.len().min(12) as u64 + if year { 16 } else { 0 };
            w.prefix2 = bytes_hash(&text.as_bytes()[..1]);
        }
        Kind::Mark => w.word = bytes_hash(text.as_bytes()),
    }
    if token.kind == Kind::Word {
        w.facts = gazetteer.facts(w.word);
    }
    w.role = role(token.flags);
    w
}

/// How a token is written, below 31.
fn shape(text: &str, kind: Kind) -> u64 {
    match kind {
        Kind::Mark => match text.as_bytes()[0] {
            b'.' => 1,
            b',' => 2,
            b':' | b'=' | b'>' | b'|' => 3,
            b'-' | b'/' | b'_' => 4,
            b'(' | b'[' | b'{' | b'<' | b'"' => 5,
            b')' | b']' | b'}' => 6,
            b'@' | b'#' | b'&' | b'+' => 7,
            _ => 8,
        },
        Kind::Possessive => 9,
        Kind::Number => 9 + text.len().min(10) as u64,
        Kind::Word => {
            let mut chars = text.chars().filter(|c| c.is_alphabetic());
            let first = chars.next().is_some_and(char::is_uppercase);
            let (mut upper, mut lower) = (0, 0);
            for c in chars {
                if c.is_uppercase() {
                    upper += 1;
                } else {
                    lower += 1;
                }
            }
            match (first, upper, lower) {
                (true, 0, 0) => 20,
                (false, 0, 0) => 21,
                (true, 0, 1..=2) => 22,
                (true, 0, _) => 23,
                (true, 1..=2, 0) => 24,
                (true, _, 0) => 25,
                (true, _, _) => 26,
                (false, 0, 1..=2) => 27,
                (false, 0, _) => 28,
                (false, _, _) => 29,
            }
        }
    }
}

/// The closed class that says most, below 32.
fn role(flags: u32) -> u64 {
    const ROLES: [u32; 20] = [
        TITLE,
        CREDENTIAL,
        SALUTATION,
        MONTH,
        WEEKDAY,
        STREET,
        UNIT,
        ORG_HEAD,
        ORG_PART,
        EPONYM_TAIL,
        EPONYM,
        RELATION,
        PLACE_PREPOSITION,
        PERSON_VERB,
        PARTICLE,
        TOWN_TAIL,
        STATE,
        MEASURE,
        FIELD_NOUN,
        STOP,
    ];
    ROLES.iter().position(|r| flags & r != 0).map_or(0, |p| p as u64 + 1)
}

/// What the rules found, by token.
fn rules(doc: &Doc<'_>, words: &mut [Word]) {
    for hit in &doc.hits {
        let class = match hit.class {
            IdentifierClass::Name => 1,
            IdentifierClass::Location => 2,
            IdentifierClass::Org => 3,
            IdentifierClass::Date | IdentifierClass::Age => 4,
            IdentifierClass::Email | IdentifierClass::Url | IdentifierClass::Ip => 5,
            _ => 6,
        };
        let sure = u64::from(hit.confidence >= 0.9) + u64::from(hit.confidence >= 0.75);
        let (from, to) = doc.token_range(hit.start, hit.end);
        for (k, w) in words[from..to].iter_mut().enumerate() {
            w.rule = class << 3 | sure << 1 | u64::from(k > 0);
        }
    }
}

/// The nearest cue before and after each token.
fn cues(doc: &Doc<'_>, words: &mut [Word]) {
    let number = |kind: CueKind| kind as u64 + 1;
    let mut c = 0;
    let mut last: Option<(usize, u64)> = None;
    for (i, w) in words.iter_mut().enumerate() {
        while c < doc.cues.len() && doc.cues[c].after <= i {
            last = Some((doc.cues[c].after, number(doc.cues[c].kind) << 1 | u64::from(doc.cues[c].weak)));
            c += 1;
        }
        if doc.tokens[i].gap == PARAGRAPH && last.is_some_and(|(after, _)| after < i) {
            last = None;
        }
        if let Some((after, cue)) = last {
            let distance = match i - after {
                0 => 1,
                1 => 2,
                2..=3 => 3,
                4..=6 => 4,
                7..=10 => 5,
                _ => 0,
            };
            if distance > 0 {
                w.cue = cue << 3 | distance;
            }
        }
        if let Some(next) = doc.cues.get(c) {
            let distance = next.after - i;
            if distance <= 4 {
                w.cue_after = (number(next.kind) << 1 | u64::from(next.weak)) << 3 | distance as u64;
            }
        }
    }
}

/// The words before the colon, and the place after it.
fn keys(doc: &Doc<'_>, words: &mut [Word]) {
    let (mut key, mut last, mut since, mut line) = (0u64, 0u64, 0u64, 0usize);
    for i in 0..words.len() {
        let token = &doc.tokens[i];
        if token.gap >= LINE {
            // The value may stand on the next line.
            if !(i > 0 && doc.mark(i - 1) == b':' && token.gap == LINE) {
                (key, last, since) = (0, 0, 0);
            }
            line = i;
        }
        let w = &mut words[i];
        if key != 0 || last != 0 {
            (w.key, w.key_last) = (key, last);
            w.after_key = since.min(7) + 1;
            since += 1;
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
            key = words[begin..i].iter().fold(7, |h, w| mix(h, w.word));
            let word = (begin..i).rev().find(|&k| doc.tokens[k].kind == Kind::Word);
            last = word.map_or(3, |k| words[k].word);
            since = 0;
        }
    }
}

/// Words of places of care and kinds of street ahead, numbers and titles behind.
fn near(doc: &Doc<'_>, words: &mut [Word]) {
    let (mut org, mut street) = (9usize, 9usize);
    for i in (0..words.len()).rev() {
        org = if doc.has(i, ORG_HEAD) { 0 } else { org + 1 };
        street = if doc.has(i, STREET) { 0 } else { street + 1 };
        let close = |d: usize| if d <= 4 { 1 + u64::from(d > 0) + u64::from(d > 1) } else { 0 };
        words[i].near = close(org) << 2 | close(street);
        let ends = doc.tokens[i].gap == PARAGRAPH || matches!(doc.mark(i), b';' | b'!' | b'?');
        if ends {
            (org, street) = (9, 9);
        }
    }
    let (mut number, mut title, mut preposition) = (9usize, 9usize, 9usize);
    for i in 0..words.len() {
        if doc.tokens[i].gap == PARAGRAPH {
            (number, title, preposition) = (9, 9, 9);
        }
        let flag = |d: usize, reach: usize| u64::from(d <= reach);
        words[i].near |= flag(number, 4) << 4 | flag(title, 3) << 5 | flag(preposition, 3) << 6;
        number = if doc.tokens[i].kind == Kind::Number { 0 } else { number + 1 };
        title = if doc.has(i, TITLE) { 0 } else { title + 1 };
        preposition = if doc.has(i, PLACE_PREPOSITION) { 0 } else { preposition + 1 };
    }
}

/// How each line is written.
fn regimes(doc: &Doc<'_>, words: &mut [Word]) {
    let mut from = 0;
    while from < words.len() {
        let mut to = from + 1;
        while to < words.len() && doc.tokens[to].gap < LINE && to - from < 256 {
            to += 1;
        }
        let (mut lower, mut capital, mut upper) = (0u32, 0u32, 0u32);
        for w in &words[from..to] {
            match w.shape {
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
        let long = u64::from(all > 3) + u64::from(all > 10);
        for w in &mut words[from..to] {
            w.regime = regime << 2 | long;
        }
        from = to;
    }
}

/// What the rest of the document says of the same word.
fn elsewhere(doc: &Doc<'_>, words: &mut [Word]) {
    let (mut names, mut lower, mut middle) = (HashSet::new(), HashSet::new(), HashSet::new());
    for hit in doc.hits.iter().filter(|h| h.class == IdentifierClass::Name && h.confidence >= 0.9) {
        let (from, to) = doc.token_range(hit.start, hit.end);
        names.extend(words[from..to].iter().filter(|w| w.shape >= 22).map(|w| w.word));
    }
    for (i, w) in words.iter().enumerate() {
        match w.shape {
            27 | 28 => drop(lower.insert(w.word)),
            22 | 23 | 26 if i > 0 && words[i - 1].shape >= 27 && doc.tokens[i].gap < LINE => {
                middle.insert(w.word);
            }
            _ => {}
        }
    }
    for w in words.iter_mut().filter(|w| w.shape >= 22) {
        w.elsewhere = u64::from(names.contains(&w.word))
            | u64::from(w.shape < 27 && lower.contains(&w.word)) << 1
            | u64::from(middle.contains(&w.word)) << 2;
    }
}
