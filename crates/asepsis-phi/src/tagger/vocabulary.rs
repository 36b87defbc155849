//! What a model says of the words that every text has, worked out once and kept.
//!
//! Nothing of a patient is kept: of words only those that the shipped lists have as ordinary, clinical or of a closed
//! class, of numbers how long they are and how they begin, and of marks those of ASCII.

use std::sync::OnceLock;

use asepsis_crf::{Row, Sums};

use crate::doc::Doc;
use crate::lexicon::{DRUG, FIRST, FIRST_TOP, LAST, SIGNAL, TOWN};
use crate::tagger::hash::{mix, two_words};
use crate::tagger::word::{Word, number};
use crate::token::Kind;

/// What a model says of a word by itself.
#[derive(Clone, Copy)]
pub(super) struct Weighed {
    /// Where its weights as a neighbour are: before, after, two before, two after.
    pub(super) beside: [Row; 4],
    /// The sums of the features that look at this word only, once they are asked for.
    pub(super) here: Option<Sums>,
}

/// A word with what is known of it.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    key: Key,
    pub(super) word: Word,
    pub(super) weighed: Weighed,
}

/// The longest word that is kept.
const LONGEST: usize = 16;
/// The most entries: a hospital's texts have some thousand words that come again and again.
const SLOTS: usize = 1 << 12;
/// So many slots are looked at for a word.
const REACH: usize = 4;

/// The words that were met, first come, first kept: nothing is thrown out, so that nobody waits for anybody.
///
/// The memory is taken when the first text comes. A vocabulary belongs to one model and one gazetteer.
#[derive(Default)]
pub(super) struct Vocabulary(OnceLock<Box<[OnceLock<Box<Entry>>]>>);

/// The bytes of a word with nothing behind them, their number and their kind: two words that share a key are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    bytes: [u64; 2],
    kind: u64,
}

impl Key {
    /// The key of token `i`, if it is one that may be kept.
    pub(super) fn of(doc: &Doc<'_>, i: usize) -> Option<Self> {
        let token = &doc.tokens[i];
        let text = doc.word(i);
        // What stands in a list of names only is somebody's name, and an ending alone may be one.
        const LISTED: u32 = !(FIRST | FIRST_TOP | LAST | TOWN | DRUG | SIGNAL);
        match token.kind {
            Kind::Word if token.is(LISTED) && text.len() <= LONGEST => {}
            Kind::Possessive => {}
            Kind::Number => {
                let first = u64::from(text.as_bytes()[0]);
                return Some(Self { bytes: [first, number(text)], kind: (Kind::Number as u64) << 8 });
            }
            Kind::Mark if token.mark != 0 => {}
            Kind::Word | Kind::Mark => return None,
        }
        Some(Self { bytes: two_words(text.as_bytes()), kind: (token.kind as u64) << 8 | text.len() as u64 })
    }

    fn slot(self) -> usize {
        let hash = mix(mix(self.bytes[0], self.kind), self.bytes[1]);
        #[allow(clippy::cast_possible_truncation, reason = "the upper bits are as good")]
        let hash = (hash >> 32) as usize;
        hash % SLOTS
    }
}

impl Vocabulary {
    /// What is known of the word of a key: if nothing yet, what `make` says, which is kept where there is room.
    pub(super) fn get_or(&self, key: Key, make: impl FnOnce() -> (Word, Weighed)) -> Entry {
        let slots = self.0.get_or_init(|| (0..SLOTS).map(|_| OnceLock::new()).collect());
        let from = key.slot();
        for k in from..from + REACH {
            let Some(slot) = slots.get(k % SLOTS) else { break };
            match slot.get() {
                Some(entry) if entry.key == key => return **entry,
                Some(_) => {}
                None => {
                    let (word, weighed) = make();
                    let entry = Entry { key, word, weighed };
                    // Another thread may have been there first, with whatever it had.
                    let _ = slot.set(Box::new(entry));
                    return entry;
                }
            }
        }
        let (word, weighed) = make();
        Entry { key, word, weighed }
    }
}

#[cfg(test)]
impl Vocabulary {
    /// The words, marks and numbers that are kept, as far as they are.
    pub(super) fn kept(&self) -> Vec<(u64, String)> {
        let entries = self.0.get().into_iter().flatten().filter_map(OnceLock::get);
        let text = |key: &Key| {
            let bytes = key.bytes.iter().flat_map(|word| word.to_le_bytes()).take_while(|byte| *byte != 0);
            String::from_utf8(bytes.collect()).unwrap_or_default()
        };
        entries.map(|entry| (entry.key.kind >> 8, text(&entry.key))).collect()
    }
}

#[cfg(test)]
mod tests {
    use asepsis_crf::Model;

    use super::*;
    use crate::language::Language;
    use crate::tagger::shipped;

    /// A word with its number in it, which nothing else has.
    fn numbered(number: u64, model: &Model) -> (Word, Weighed) {
        let row = model.weights().row(asepsis_crf::Feature::of(1));
        (Word { word: number, ..Word::edge() }, Weighed { beside: [row; 4], here: None })
    }

    #[test]
    fn it_is_bounded_and_right_however_many_words_and_threads_there_are() {
        let model = shipped(Language::Spanish).unwrap();
        let vocabulary = Vocabulary::default();
        assert!(vocabulary.kept().is_empty());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for number in (0..3 * SLOTS as u64).chain(0..SLOTS as u64) {
                        let key = Key { bytes: [number, 7], kind: 3 };
                        assert_eq!(vocabulary.get_or(key, || numbered(number, &model)).word.word, number);
                    }
                });
            }
        });
        assert!((SLOTS / 2..=SLOTS).contains(&vocabulary.kept().len()));
    }
}
