//! Classes of words that are read alike: `data/guard/lexicon.tsv`.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

use super::token::{Words, join};

const SHIPPED: &str = include_str!("../../../../data/guard/lexicon.tsv");

/// The class of a word; 0 is none.
pub(super) type Class = u8;

/// Words that only hold a sentence together.
pub(super) static FUNCTION: LazyLock<Class> = LazyLock::new(|| LEXICON.named("func"));

pub(super) static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::read(SHIPPED));

/// Keys are hashes already.
#[derive(Default)]
pub(super) struct AsIs(u64);

impl Hasher for AsIs {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 << 8) | u64::from(*byte);
        }
    }

    fn write_u32(&mut self, key: u32) {
        self.0 = u64::from(key) << 32 | u64::from(key);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

type Map = HashMap<u32, Class, BuildHasherDefault<AsIs>>;

pub(super) struct Lexicon {
    names: Vec<&'static str>,
    single: Map,
    /// By the joined hashes of two words.
    pairs: Map,
}

impl Lexicon {
    fn read(text: &'static str) -> Self {
        let mut lexicon = Self { names: vec![""], single: Map::default(), pairs: Map::default() };
        for line in text.lines().filter(|l| !l.starts_with('#')) {
            let Some((name, entry)) = line.split_once('\t') else { continue };
            let known = lexicon.names.iter().position(|n| *n == name);
            let class = known.unwrap_or_else(|| {
                lexicon.names.push(name);
                lexicon.names.len() - 1
            });
            let Ok(class) = Class::try_from(class) else { continue };
            let words = Words::of(entry);
            match words.len() {
                1 => lexicon.single.entry(words.get(0).hash).or_insert(class),
                2 => lexicon.pairs.entry(join(words.get(0).hash, words.get(1).hash)).or_insert(class),
                _ => continue,
            };
        }
        lexicon
    }

    fn named(&self, name: &str) -> Class {
        self.names.iter().position(|n| *n == name).and_then(|at| Class::try_from(at).ok()).unwrap_or(0)
    }

    /// The class of two words together.
    pub(super) fn pair(&self, before: u32, word: u32) -> Class {
        self.pairs.get(&join(before, word)).copied().unwrap_or(0)
    }

    /// The class of a word, and whether the word stands there with an ending.
    pub(super) fn single(&self, word: &str, hash: u32) -> (Class, bool) {
        if let Some(class) = self.single.get(&hash) {
            return (*class, false);
        }
        if word.len() > 4 && word.is_ascii() {
            for (ending, instead) in
                [("s", ""), ("es", ""), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"), ("ies", "y"), ("ied", "y")]
            {
                let Some(stem) = word.strip_suffix(ending).filter(|s| s.len() > 2) else { continue };
                let found = if instead.is_empty() {
                    self.single.get(&super::token::hash(stem.as_bytes()))
                } else {
                    let mut room = [0u8; 64];
                    let length = stem.len() + instead.len();
                    room[..stem.len()].copy_from_slice(stem.as_bytes());
                    room[stem.len()..length].copy_from_slice(instead.as_bytes());
                    self.single.get(&super::token::hash(&room[..length]))
                };
                if let Some(class) = found {
                    return (*class, true);
                }
            }
        }
        (0, false)
    }
}
