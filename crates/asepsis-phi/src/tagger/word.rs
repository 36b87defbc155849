//! What is known of a word by itself: its letters, how it is written, and what lists say of it.

use crate::doc::Doc;
use crate::lexicon::{
    CREDENTIAL, EPONYM, EPONYM_TAIL, FIELD_NOUN, MEASURE, MONTH, ORG_HEAD, ORG_PART, PARTICLE, PERSON_VERB,
    PLACE_PREPOSITION, RELATION, SALUTATION, STATE, STOP, STREET, TITLE, TOWN_TAIL, UNIT, WEEKDAY,
};
use crate::tagger::gazetteer::{Facts, Gazetteer};
use crate::tagger::hash::{bytes_hash, with_folded};
use crate::token::Kind;

/// What is known of a word by itself, wherever it stands.
#[derive(Clone, Copy, Default)]
pub(super) struct Word {
    /// The word, without case and accents; of a number its number of digits; of a mark the mark.
    pub(super) word: u64,
    pub(super) prefix2: u64,
    pub(super) prefix3: u64,
    pub(super) suffix2: u64,
    pub(super) suffix3: u64,
    pub(super) suffix4: u64,
    /// How it is written: a small number.
    pub(super) shape: u64,
    pub(super) facts: Facts,
    /// The small closed classes that it belongs to, as one number.
    pub(super) role: u64,
    /// Which of the lists speaks the loudest.
    pub(super) sort: u64,
}

impl Word {
    /// An ordinary word in lower case, of no class that is part of names, places or dates.
    pub(super) fn is_plain(&self) -> bool {
        const STOP_ROLE: u64 = 20;
        const VERB_ROLE: u64 = 14;
        matches!(self.shape, 27 | 28)
            && self.facts.ordinary() >= 5
            && !self.facts.drug()
            && (self.role == 0 || self.role == STOP_ROLE || self.role == VERB_ROLE)
    }

    /// What stands beyond the edge of the text.
    fn edge() -> Self {
        Self { word: 1, shape: 31, ..Self::default() }
    }
}

/// The different words of a document, with the edge of the text before them, and the index of each token's.
pub(super) fn different(doc: &Doc<'_>, gazetteer: &Gazetteer) -> (Vec<Word>, Vec<u32>) {
    let mask = (doc.tokens.len() * 2).next_power_of_two() - 1;
    // Indices of words by the hash of their bytes; 0 is the edge, and so nobody's.
    let mut table = vec![0u32; mask + 1];
    let mut hashes = vec![0u64];
    let mut words = vec![Word::edge()];
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
