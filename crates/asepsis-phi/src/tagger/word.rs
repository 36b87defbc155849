//! What is known of a word by itself: its letters, how it is written, and what lists say of it.

use crate::doc::Doc;
use crate::lexicon::{
    CREDENTIAL, EPONYM, EPONYM_TAIL, FIELD_NOUN, MEASURE, MONTH, ORG_HEAD, ORG_PART, PARTICLE, PERSON_VERB,
    PLACE_PREPOSITION, RELATION, SALUTATION, STATE, STOP, STREET, TITLE, TOWN_TAIL, UNIT, WEEKDAY,
};
use crate::tagger::gazetteer::{Facts, Gazetteer};
use crate::tagger::hash::{bytes_hash, mix, with_folded};
use crate::tagger::slots::Slots;
use crate::token::Kind;

/// What is known of a word by itself, wherever it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Word {
    /// The word, without case and accents; of a number its number of digits; of a mark the mark.
    pub(super) word: u64,
    pub(super) facts: Facts,
    /// How it is written: a small number.
    pub(super) shape: u8,
    /// The small closed classes that it belongs to, as one number.
    pub(super) role: u8,
    /// Which of the lists speaks the loudest.
    pub(super) sort: u8,
}

/// The beginnings and ends of a word, of as many letters, without case and accents.
#[derive(Default)]
pub(super) struct Affixes {
    pub(super) prefix2: u64,
    pub(super) prefix3: u64,
    pub(super) suffix2: u64,
    pub(super) suffix3: u64,
    pub(super) suffix4: u64,
}

impl Word {
    /// An ordinary word in lower case, of no class that is part of names, places or dates.
    pub(super) fn is_plain(&self) -> bool {
        const STOP_ROLE: u8 = 20;
        const VERB_ROLE: u8 = 14;
        matches!(self.shape, 27 | 28)
            && self.facts.ordinary() >= 5
            && !self.facts.drug()
            && (self.role == 0 || self.role == STOP_ROLE || self.role == VERB_ROLE)
    }

    /// What stands beyond the edge of the text.
    pub(super) fn edge() -> Self {
        Self { word: 1, shape: 31, ..Self::default() }
    }

    /// The word of token `i`.
    pub(super) fn of(doc: &Doc<'_>, i: usize, gazetteer: &Gazetteer) -> Self {
        let token = &doc.tokens[i];
        let text = doc.word(i);
        let mut w = Self { shape: shape(text, token.kind), role: role(token.flags), ..Self::default() };
        w.word = match token.kind {
            Kind::Word | Kind::Possessive => with_folded(text, bytes_hash),
            Kind::Number => number(text),
            Kind::Mark => bytes_hash(text.as_bytes()),
        };
        if token.kind == Kind::Word {
            w.facts = gazetteer.facts(w.word);
            let (f, name) = (w.facts, w.facts.first().max(w.facts.last()));
            w.sort = u8::from(f.ordinary() >= 5) << 4
                | u8::from(f.ordinary() > 0 || f.clinical()) << 3
                | u8::from(name >= 5) << 2
                | u8::from(name > 0) << 1
                | u8::from(f.town() > 0);
        }
        w
    }
}

/// What is known of a number: how many digits it has, and whether it may be a year.
pub(super) fn number(text: &str) -> u64 {
    let year = text.len() == 4 && matches!(&text[..2], "19" | "20");
    16 + text.len().min(12) as u64 + if year { 16 } else { 0 }
}

impl Affixes {
    /// Those of token `i`.
    pub(super) fn of(doc: &Doc<'_>, i: usize) -> Self {
        let text = doc.word(i);
        match doc.tokens[i].kind {
            Kind::Word | Kind::Possessive => with_folded(text, |folded| {
                let n = folded.len();
                let part = |from: usize, to: usize| bytes_hash(&folded[from.min(n)..to.min(n)]);
                Self {
                    prefix2: part(0, 2),
                    prefix3: part(0, 3),
                    suffix2: part(n.saturating_sub(2), n),
                    suffix3: part(n.saturating_sub(3), n),
                    suffix4: part(n.saturating_sub(4), n),
                }
            }),
            Kind::Number => Self { prefix2: bytes_hash(&text.as_bytes()[..1]), ..Self::default() },
            Kind::Mark => Self::default(),
        }
    }
}

/// The different words of a document.
pub(super) struct Words {
    /// The edge of the text, then each word.
    pub(super) words: Vec<Word>,
    /// The index of each token's, with two edges before the first and two behind the last.
    ids: Vec<u32>,
}

/// The edges on each side.
const EDGES: usize = 2;

impl Words {
    /// The different words of a document, each as `know` says.
    pub(super) fn of(doc: &Doc<'_>, mut know: impl FnMut(usize) -> Word) -> Self {
        // By the hash of their bytes; 0 is the edge, and so nobody's.
        let mut slots = Slots::new(doc.tokens.len());
        let room = doc.tokens.len() / 2 + 16;
        let (mut hashes, mut words) = (Vec::with_capacity(room), Vec::with_capacity(room));
        let mut ids = Vec::with_capacity(doc.tokens.len() + 2 * EDGES);
        hashes.push(0);
        words.push(Word::edge());
        ids.extend([0; EDGES]);
        // The marks of ASCII that were met, by their byte: each stands often.
        let mut marks = [0u32; 128];
        for (i, token) in doc.tokens.iter().enumerate() {
            let mark = usize::from(token.mark);
            if let Some(id @ 1..) = marks.get(mark).copied() {
                ids.push(id);
                continue;
            }
            let text = doc.word(i);
            let hash = match token.kind {
                // Numbers that nothing is known to tell apart by are one word.
                Kind::Number => mix(number(text), u64::from(text.as_bytes()[0])),
                Kind::Word | Kind::Possessive | Kind::Mark => bytes_hash(text.as_bytes()),
            };
            let slot = slots.find(hash, |id| hashes[id as usize] == hash);
            if *slot == 0 {
                *slot = u32::try_from(words.len()).unwrap_or(0);
                hashes.push(hash);
                words.push(know(i));
            }
            ids.push(*slot);
            if let (1.., Some(id)) = (mark, marks.get_mut(mark)) {
                *id = *slot;
            }
        }
        ids.extend([0; EDGES]);
        Self { words, ids }
    }

    /// The index of each token's word.
    pub(super) fn ids(&self) -> &[u32] {
        &self.ids[EDGES..self.ids.len() - EDGES]
    }

    /// The indices of the words two before token `i`, before it, of its own, after it and two after.
    #[inline]
    pub(super) fn around(&self, i: usize) -> [usize; 5] {
        self.ids.get(i..).and_then(<[u32]>::first_chunk).map_or([0; 5], |ids| ids.map(|id| id as usize))
    }
}

/// How a token is written, below 31.
fn shape(text: &str, kind: Kind) -> u8 {
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
        #[allow(clippy::cast_possible_truncation, reason = "ten at most")]
        Kind::Number => 9 + text.len().min(10) as u8,
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
fn role(flags: u32) -> u8 {
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
    #[allow(clippy::cast_possible_truncation, reason = "twenty at most")]
    ROLES.iter().position(|r| flags & r != 0).map_or(0, |p| p as u8 + 1)
}
