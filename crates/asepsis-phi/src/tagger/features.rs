//! What holds at a token: the one function that training and tagging share.
//!
//! A feature is a template's number mixed with what the template looks at. The order and the numbers of the templates are
//! part of the model.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use asepsis_crf::{Feature, Lanes, Model};
use asepsis_vocab::IdentifierClass;

use crate::cue::CueKind;
use crate::doc::Doc;
use crate::lexicon::{
    CREDENTIAL, EPONYM, EPONYM_TAIL, FIELD_NOUN, MEASURE, MONTH, ORG_HEAD, ORG_PART, PARTICLE, PERSON_VERB,
    PLACE_PREPOSITION, RELATION, SALUTATION, STATE, STOP, STREET, TITLE, TOWN_TAIL, UNIT, WEEKDAY,
};
use crate::tagger::gazetteer::{Facts, Gazetteer};
use crate::tagger::hash::{bytes_hash, mix, with_folded};
use crate::token::{Kind, LINE, PARAGRAPH, Token};

/// What is known of a word by itself, wherever it stands.
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
    /// Which of the lists speaks the loudest.
    sort: u64,
}

/// What is known of a token by its place.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Its word, as an index.
    word: u32,
    gap: u64,
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
    /// The same word was announced as a name elsewhere; the same word stands elsewhere in lower case.
    elsewhere: u64,
}

/// A document as the tagger sees it.
///
/// Half of the features look at one word only. A text has few different words, so that these are worked out once a word.
pub(crate) struct View {
    /// The different words, the edge of the text first.
    words: Vec<Word>,
    places: Vec<Place>,
}

/// The features of a token at most.
pub(crate) const MOST: usize = 72;

/// Where a word stands when only the word is looked at: here, before, after, two before, two after.
const POSITIONS: usize = 5;

/// Weights of the states, before they are scaled.
pub(crate) type Sums = [i16; 16];

/// The sums of the features that look at one word only, for each word of a view and each position.
pub(crate) struct WordSums(Vec<[Sums; POSITIONS]>);

impl View {
    pub(crate) fn new(doc: &Doc<'_>, gazetteer: &Gazetteer) -> Self {
        let (words, ids) = different(doc, gazetteer);
        let place = |(token, word): (&Token, u32)| Place { word, gap: u64::from(token.gap), ..Place::default() };
        let places = doc.tokens.iter().zip(ids).map(place).collect();
        let mut view = Self { words, places };
        rules(doc, &mut view.places);
        cues(doc, &mut view.places);
        keys(doc, &mut view);
        near(doc, &mut view.places);
        regimes(doc, &mut view);
        elsewhere(doc, &mut view);
        view
    }

    fn word(&self, i: usize) -> &Word {
        &self.words[self.places[i].word as usize]
    }

    /// The word `distance` tokens from `i`, as an index; the edge beyond the text.
    #[inline]
    fn at(&self, i: usize, distance: isize) -> usize {
        i.checked_add_signed(distance).and_then(|j| self.places.get(j)).map_or(0, |p| p.word as usize)
    }

    /// What is known of token `i`.
    pub(crate) fn facts(&self, i: usize) -> Facts {
        self.word(i).facts
    }

    /// All features of token `i`, into `out`.
    pub(crate) fn features(&self, i: usize, out: &mut Vec<Feature>) {
        out.clear();
        for position in 0..POSITIONS {
            single(&self.words[self.neighbour(i, position)], position, out);
        }
        self.joint(i, out);
        debug_assert!(out.len() <= MOST);
    }

    #[inline]
    fn neighbour(&self, i: usize, position: usize) -> usize {
        self.at(i, [0, -1, 1, -2, 2][position])
    }

    /// The sums of the features that look at one word only.
    pub(crate) fn word_sums(&self, model: &Model) -> WordSums {
        let mut features = Vec::with_capacity(MOST);
        let mut sums = vec![[[0; 16]; POSITIONS]; self.words.len()];
        for (word, sums) in self.words.iter().zip(&mut sums) {
            for (position, sums) in sums.iter_mut().enumerate() {
                features.clear();
                single(word, position, &mut features);
                model.add(&features, sums);
            }
        }
        WordSums(sums)
    }

    /// The score of each state at token `i`: what [`features`](Self::features) give, with the sums of its words worked
    /// out before.
    #[inline]
    pub(crate) fn scores(&self, i: usize, model: &Model, words: &WordSums, room: &mut Vec<Feature>) -> Lanes {
        let mut sums: Sums = [0; 16];
        for position in 0..POSITIONS {
            for (sum, part) in sums.iter_mut().zip(words.0[self.neighbour(i, position)][position]) {
                *sum += part;
            }
        }
        room.clear();
        self.joint(i, room);
        model.add(room, &mut sums);
        model.scaled(&sums)
    }

    /// The features that look at more than one word, or at the place.
    #[inline]
    fn joint(&self, i: usize, out: &mut Vec<Feature>) {
        let place = &self.places[i];
        let at = |d: isize| &self.words[self.at(i, d)];
        let (w, a, b, c, d) = (at(0), at(-1), at(1), at(-2), at(2));
        let rule = |d: isize| i.checked_add_signed(d).and_then(|j| self.places.get(j)).map_or(0, |p| p.rule);
        let next_gap = self.places.get(i + 1).map_or(3, |p| p.gap);
        let mut n = 64u64;
        let mut add = |value: u64| {
            n += 1;
            out.push(Feature::of(mix(n, value)));
        };
        let pair = |x: u64, y: u64| mix(x.rotate_left(17), y);
        let (shape, sort) = (w.shape, w.sort << 5 | w.shape);
        add(pair(a.word, w.word));
        add(pair(w.word, b.word));
        add(pair(a.word, b.word));
        add(pair(c.word, a.word));
        add(pair(b.word, d.word));
        add(a.shape << 5 | shape);
        add(shape << 5 | b.shape);
        add(a.shape << 10 | shape << 5 | b.shape);
        add(c.shape << 15 | a.shape << 10 | shape << 5 | b.shape);
        add(a.shape << 15 | shape << 10 | b.shape << 5 | d.shape);
        // Names of lists, and how ordinary the words are.
        add(a.sort << 15 | w.sort << 10 | a.shape << 5 | shape);
        add(w.sort << 15 | b.sort << 10 | shape << 5 | b.shape);
        add(a.sort << 20 | w.sort << 15 | b.sort << 10 | shape);
        add(pair(a.word, sort));
        add(pair(b.word, sort));
        add(pair(pair(c.word, a.word), shape));
        add(pair(pair(b.word, d.word), shape));
        add(pair(pair(a.word, b.word), shape));
        // Closed classes around it.
        add(a.role << 5 | shape);
        add(b.role << 5 | shape);
        add(c.role << 10 | a.role << 5 | shape);
        add(b.role << 10 | d.role << 5 | shape);
        add(a.role << 15 | w.role << 10 | b.role << 5 | shape);
        // Cues and keys.
        add(place.cue << 5 | shape);
        add(place.cue << 10 | sort);
        add(place.cue_after << 5 | shape);
        add(pair(place.key, place.after_key));
        add(pair(place.key_last, place.after_key));
        add(pair(place.key_last, place.after_key << 5 | shape));
        add(pair(place.after_key << 10 | w.sort << 5, shape));
        // What is near.
        add(place.near << 5 | shape);
        add(place.near << 10 | sort);
        add(place.regime << 5 | shape);
        add(place.regime << 10 | sort);
        add(place.regime << 20 | u64::from(w.facts.0 & 0x1FF));
        // What the rules say.
        add(place.rule << 5 | shape);
        add(rule(-1) << 12 | place.rule << 6 | rule(1));
        add(place.gap << 15 | next_gap << 10 | shape << 5 | a.shape);
        add(place.gap << 12 | sort);
        add(place.elsewhere << 5 | shape);
        add(place.elsewhere << 10 | sort);
    }
}

/// The features that look at one word only, as it stands at a position.
fn single(w: &Word, position: usize, out: &mut Vec<Feature>) {
    let mut n = position as u64 * 4;
    let mut add = |value: u64| {
        n += 1;
        out.push(Feature::of(mix(n, value)));
    };
    add(w.word);
    if position > 0 {
        return;
    }
    n = 32;
    let mut add = |value: u64| {
        n += 1;
        out.push(Feature::of(mix(n, value)));
    };
    let names = u64::from(w.facts.first() << 3 | w.facts.last());
    let ordinary = u64::from(w.facts.ordinary());
    add(0);
    add(mix(w.word.rotate_left(17), w.shape));
    add(w.prefix2);
    add(w.prefix3);
    add(w.suffix2);
    add(w.suffix3);
    add(w.suffix4);
    add(w.shape);
    add(names << 5 | w.shape);
    add(ordinary << 6 | u64::from(w.facts.clinical()) << 5 | w.shape);
    add(names << 12 | ordinary << 8 | u64::from(w.facts.town()) << 5 | w.shape);
    add(u64::from(w.facts.0 >> 9) << 5 | w.shape);
    add(u64::from(w.facts.0));
    add(w.role << 5 | w.shape);
}

/// The different words of a document, with the edge of the text before them, and the index of each token's.
fn different(doc: &Doc<'_>, gazetteer: &Gazetteer) -> (Vec<Word>, Vec<u32>) {
    let mask = (doc.tokens.len() * 2).next_power_of_two() - 1;
    // Indices of words by the hash of their bytes; 0 is the edge, and so nobody's.
    let mut table = vec![0u32; mask + 1];
    let mut hashes = vec![0u64];
    let mut words = vec![Word { word: 1, shape: 31, ..Word::default() }];
    let mut ids = Vec::with_capacity(doc.tokens.len());
    for i in 0..doc.tokens.len() {
        let hash = bytes_hash(doc.word(i).as_bytes());
        #[allow(clippy::cast_possible_truncation, reason = "the mask is smaller")]
        let mut slot = (hash >> 20) as usize & mask;
        let id = loop {
            match table[slot] {
                0 => {
                    let id = u32::try_from(words.len()).unwrap_or(0);
                    table[slot] = id;
                    hashes.push(hash);
                    words.push(word(doc, i, gazetteer));
                    break id;
                }
                id if hashes[id as usize] == hash => break id,
                _ => slot = (slot + 1) & mask,
            }
        };
        ids.push(id);
    }
    (words, ids)
}

fn word(doc: &Doc<'_>, i: usize, gazetteer: &Gazetteer) -> Word {
    let token = &doc.tokens[i];
    let text = doc.word(i);
    let mut w = Word { shape: shape(text, token.kind), role: role(token.flags), ..Word::default() };
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
        let (f, name) = (w.facts, w.facts.first().max(w.facts.last()));
        w.sort = u64::from(f.ordinary() >= 5) << 4
            | u64::from(f.ordinary() > 0 || f.clinical()) << 3
            | u64::from(name >= 5) << 2
            | u64::from(name > 0) << 1
            | u64::from(f.town() > 0);
    }
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
fn rules(doc: &Doc<'_>, words: &mut [Place]) {
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
fn cues(doc: &Doc<'_>, words: &mut [Place]) {
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
fn keys(doc: &Doc<'_>, view: &mut View) {
    let (mut key, mut last, mut since, mut line) = (0u64, 0u64, 0u64, 0usize);
    for i in 0..view.places.len() {
        let token = &doc.tokens[i];
        if token.gap >= LINE {
            // The value may stand on the next line.
            if !(i > 0 && doc.mark(i - 1) == b':' && token.gap == LINE) {
                (key, last, since) = (0, 0, 0);
            }
            line = i;
        }
        if key != 0 || last != 0 {
            let place = &mut view.places[i];
            (place.key, place.key_last) = (key, last);
            place.after_key = since.min(7) + 1;
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
            key = (begin..i).fold(7, |h, k| mix(h, view.word(k).word));
            let word = (begin..i).rev().find(|&k| doc.tokens[k].kind == Kind::Word);
            last = word.map_or(3, |k| view.word(k).word);
            since = 0;
        }
    }
}

/// Words of places of care and kinds of street ahead, numbers and titles behind.
fn near(doc: &Doc<'_>, words: &mut [Place]) {
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
fn regimes(doc: &Doc<'_>, view: &mut View) {
    let mut from = 0;
    while from < view.places.len() {
        let mut to = from + 1;
        while to < view.places.len() && doc.tokens[to].gap < LINE && to - from < 256 {
            to += 1;
        }
        let (mut lower, mut capital, mut upper) = (0u32, 0u32, 0u32);
        for i in from..to {
            match view.word(i).shape {
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
        for place in &mut view.places[from..to] {
            place.regime = regime << 2 | long;
        }
        from = to;
    }
}

/// What the rest of the document says of the same word: whatever its case, it is the same.
fn elsewhere(doc: &Doc<'_>, view: &mut View) {
    const NAME: u8 = 1;
    const LOWER: u8 = 2;
    const MIDDLE: u8 = 4;
    let mut said: HashMap<u64, u8, BuildHasherDefault<Mixed>> =
        HashMap::with_capacity_and_hasher(view.words.len(), BuildHasherDefault::default());
    for hit in doc.hits.iter().filter(|h| h.class == IdentifierClass::Name && h.confidence >= 0.9) {
        let (from, to) = doc.token_range(hit.start, hit.end);
        for i in from..to {
            if view.word(i).shape >= 22 {
                *said.entry(view.word(i).word).or_default() |= NAME;
            }
        }
    }
    let mut before = 0;
    for i in 0..view.places.len() {
        let w = view.word(i);
        let bits = match w.shape {
            27 | 28 => LOWER,
            22 | 23 | 26 if before >= 27 && before < 31 && doc.tokens[i].gap < LINE => MIDDLE,
            _ => 0,
        };
        if bits != 0 {
            *said.entry(w.word).or_default() |= bits;
        }
        before = w.shape;
    }
    for i in 0..view.places.len() {
        let w = view.word(i);
        if w.shape < 22 {
            continue;
        }
        let bits = said.get(&w.word).copied().unwrap_or(0);
        let mask = if w.shape < 27 { NAME | LOWER | MIDDLE } else { NAME | MIDDLE };
        view.places[i].elsewhere = u64::from(bits & mask);
    }
}

/// The hash of what is a hash already.
#[derive(Default)]
struct Mixed(u64);

impl Hasher for Mixed {
    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
