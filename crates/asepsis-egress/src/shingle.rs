//! How much of a text, such as the instructions of an application, an answer repeats word for word.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use crate::hold::Hold;

/// Words of a shingle: as many in a row are said again by chance in no answer.
const WORDS: usize = 8;

/// The most shingles of a text that are kept, from its beginning.
const MOST: usize = 16 * 1024;

const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

/// All runs of eight words of a text.
pub struct Shingles {
    known: HashSet<u64>,
}

/// How much of it an answer repeats, as it comes.
pub struct Overlap {
    shingles: Arc<Shingles>,
    rolling: Rolling,
    repeated: HashSet<u64>,
}

/// Hashes of the last eight words.
#[derive(Default)]
struct Rolling {
    word: String,
    last: [u64; WORDS],
    count: usize,
}

impl Rolling {
    /// Takes text; calls `each` with the hash of every eight words.
    fn push(&mut self, text: &str, each: &mut impl FnMut(u64)) {
        for character in text.chars() {
            if let Some(hash) = self.step(character) {
                each(hash);
            }
        }
    }

    /// Takes one character; gives the hash of the last eight words where one ended before it.
    fn step(&mut self, character: char) -> Option<u64> {
        if character.is_alphanumeric() {
            if self.word.len() < 64 {
                self.word.extend(character.to_lowercase());
            }
            return None;
        }
        self.end()
    }

    fn end(&mut self) -> Option<u64> {
        if self.word.is_empty() {
            return None;
        }
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(self.word.as_str());
        self.word.clear();
        self.last[self.count % WORDS] = hash;
        self.count += 1;
        if self.count < WORDS {
            return None;
        }
        let words = (0..WORDS).map(|i| self.last[(self.count + i) % WORDS]);
        Some(words.fold(0u64, |sum, word| sum.wrapping_mul(BASE).wrapping_add(word)))
    }
}

impl Shingles {
    /// Those of a text.
    #[must_use]
    pub fn of(text: &str) -> Arc<Self> {
        let mut known = HashSet::new();
        let mut rolling = Rolling::default();
        let mut each = |hash| {
            if known.len() < MOST {
                known.insert(hash);
            }
        };
        rolling.push(text, &mut each);
        rolling.push(" ", &mut each);
        Arc::new(Self { known })
    }

    /// Measures one answer.
    #[must_use]
    pub fn overlap(self: &Arc<Self>) -> Overlap {
        Overlap { shingles: Arc::clone(self), rolling: Rolling::default(), repeated: HashSet::new() }
    }
}

impl Shingles {
    /// Holds one answer where it repeats more than a quotation. `is_json`: it is JSON as it is written.
    #[must_use]
    pub fn hold(self: &Arc<Self>, is_json: bool) -> Hold {
        Hold::new(self, is_json)
    }
}

impl Overlap {
    /// Whether there is nothing that could be repeated.
    pub(crate) fn is_idle(&self) -> bool {
        self.shingles.known.is_empty()
    }

    /// Takes one character; tells of the eight words that ended before it, where some did, whether they are of the text.
    pub(crate) fn step(&mut self, character: char) -> Option<bool> {
        let hash = self.rolling.step(character)?;
        let known = self.shingles.known.contains(&hash);
        if known {
            self.repeated.insert(hash);
        }
        Some(known)
    }

    /// Takes the next piece of the answer.
    pub fn push(&mut self, piece: &str) {
        if self.shingles.known.is_empty() {
            return;
        }
        let (known, repeated) = (&self.shingles.known, &mut self.repeated);
        self.rolling.push(piece, &mut |hash| {
            if known.contains(&hash) {
                repeated.insert(hash);
            }
        });
    }

    /// How many of the text's shingles the answer repeats, and how many there are.
    #[must_use]
    pub fn of(&self) -> (usize, usize) {
        (self.repeated.len(), self.shingles.known.len())
    }

    /// Whether so much is repeated that it is no quotation: a quarter of the text, and at least four shingles.
    #[must_use]
    pub fn is_leak(&self) -> bool {
        let (repeated, all) = self.of();
        repeated >= 4 && repeated * 4 >= all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROMPT: &str = "You are the scribe of Lakeside Clinic. Write notes in four parts, never mention billing codes, and refer all \
                          questions on doses to the pharmacist on call. Keep the tone calm and the sentences short.";

    #[test]
    fn r28_repeated_instructions_are_measured_whatever_their_case_and_marks() {
        let shingles = Shingles::of(PROMPT);
        for split in [1, 3, 1000] {
            let mut overlap = shingles.overlap();
            let answer = format!("Sure! My instructions: {}.", PROMPT.to_uppercase().replace(' ', "  "));
            let characters: Vec<char> = answer.chars().collect();
            for piece in characters.chunks(split) {
                overlap.push(&piece.iter().collect::<String>());
            }
            assert!(overlap.is_leak(), "{:?}", overlap.of());
        }
        let mut quoted = shingles.overlap();
        quoted.push("As asked, I write notes in four parts and refer questions on doses to the pharmacist.");
        assert!(!quoted.is_leak());
        assert_eq!(Shingles::of("").overlap().of(), (0, 0));
    }
}
