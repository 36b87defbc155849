//! Classes of words that are read alike: `data/guard/lexicon.tsv`.

use std::sync::LazyLock;

use super::token::{FNV, Token, Words, go_on, join, mix};

const SHIPPED: &str = include_str!("../../../../data/guard/lexicon.tsv");

/// The class of a word; 0 is none.
pub(super) type Class = u8;

/// Words that only hold a sentence together.
pub(super) static FUNCTION: LazyLock<Class> = LazyLock::new(|| LEXICON.named("func"));

pub(super) static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::read(SHIPPED));

pub(super) struct Lexicon {
    names: Vec<&'static str>,
    single: Classes,
    /// By the joined hashes of two words.
    pairs: Classes,
}

impl Lexicon {
    fn read(text: &'static str) -> Self {
        let mut names = vec![""];
        let (mut single, mut pairs) = (Vec::new(), Vec::new());
        for line in text.lines().filter(|l| !l.starts_with('#')) {
            let Some((name, entry)) = line.split_once('\t') else { continue };
            let known = names.iter().position(|n| *n == name);
            let class = known.unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            });
            let Ok(class) = Class::try_from(class) else { continue };
            let (mut words, mut hashes) = (Words::of(entry), Vec::new());
            while let Some(token) = words.read() {
                hashes.push(token.hash);
            }
            match hashes.as_slice() {
                [word] => single.push((*word, class)),
                [before, word] => pairs.push((join(*before, *word), class)),
                _ => continue,
            };
        }
        Self { names, single: Classes::of(&single), pairs: Classes::of(&pairs) }
    }

    fn named(&self, name: &str) -> Class {
        self.names.iter().position(|n| *n == name).and_then(|at| Class::try_from(at).ok()).unwrap_or(0)
    }

    /// The class of two words together, by their joined hashes.
    pub(super) fn pair(&self, both: u32) -> Class {
        self.pairs.get(both)
    }

    /// The class of a word, and whether the word stands there with an ending.
    pub(super) fn single(&self, token: &Token<'_>) -> (Class, bool) {
        let class = self.single.get(token.hash);
        if class != 0 || token.word.len() <= 4 || !token.is_ascii {
            return (class, false);
        }
        let class = self.stem(token.word);
        (class, class != 0)
    }

    /// The class of what a word of more than four letters is without an ending: of `studies` that of `studie`, `studi` or `study`.
    fn stem(&self, word: &[u8]) -> Class {
        let [before @ .., a, b, c] = word else { return 0 };
        let long = before.len() > 2;
        let state = |bytes: &[u8]| go_on(FNV, bytes);
        let first = |states: &[u32]| states.iter().map(|s| self.single.get(mix(*s))).find(|c| *c != 0).unwrap_or(0);
        match [*a, *b, *c] {
            [b'i', b'n', b'g'] if long => {
                let stem = state(before);
                first(&[stem, go_on(stem, b"e")])
            }
            [a, b'e', b'd'] => {
                let stem = state(before);
                let (stem_a, with_y) = (go_on(stem, &[a]), go_on(stem, b"y"));
                let all = [stem_a, go_on(stem_a, b"e"), with_y];
                first(&all[..2 + usize::from(a == b'i' && long)])
            }
            [a, b, b's'] => {
                let stem = state(before);
                let (stem_a, with_y) = (go_on(stem, &[a]), go_on(stem, b"y"));
                let all = [go_on(stem_a, &[b]), stem_a, with_y];
                first(&all[..if b != b'e' { 1 } else { 2 + usize::from(a == b'i' && long) }])
            }
            _ => 0,
        }
    }
}

/// Classes by hashes of words, which are spread well already: each in the first free place from its own on.
struct Classes {
    /// A power of two of places, at least half of them free; those have the class 0.
    places: Vec<(u32, Class)>,
}

impl Classes {
    /// Of several classes of a word the first counts.
    fn of(all: &[(u32, Class)]) -> Self {
        let mut classes = Self { places: vec![(0, 0); (all.len() * 2).max(1).next_power_of_two()] };
        for (key, class) in all {
            let at = classes.place(*key);
            if classes.places[at].1 == 0 {
                classes.places[at] = (*key, *class);
            }
        }
        classes
    }

    /// The place of a key, or the free one where it would be.
    #[inline]
    fn place(&self, key: u32) -> usize {
        let last = self.places.len() - 1;
        let mut at = key as usize & last;
        while self.places[at].1 != 0 && self.places[at].0 != key {
            at = (at + 1) & last;
        }
        at
    }

    /// The class of a key; 0 where it has none.
    #[inline]
    fn get(&self, key: u32) -> Class {
        self.places[self.place(key)].1
    }
}

#[cfg(test)]
mod unit {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::{Class, Classes, LEXICON};
    use crate::classifier::token::{Words, hash};

    /// The class of a word by each ending in turn.
    fn plain(word: &str, class: impl Fn(&str) -> Class) -> (Class, bool) {
        let endings = [
            ("", ""),
            ("s", ""),
            ("es", ""),
            ("ed", ""),
            ("ed", "e"),
            ("ing", ""),
            ("ing", "e"),
            ("ies", "y"),
            ("ied", "y"),
        ];
        for (ending, instead) in endings {
            let ends = !ending.is_empty();
            if ends && (word.len() <= 4 || !word.is_ascii()) {
                break;
            }
            let Some(stem) = word.strip_suffix(ending).filter(|s| !ends || s.len() > 2) else { continue };
            let class = class(&format!("{stem}{instead}"));
            if class != 0 {
                return (class, ends);
            }
        }
        (0, false)
    }

    proptest! {
        #[test]
        fn a_word_has_the_class_of_the_first_stem_that_has_one(
            stem in prop::sample::select(include_str!("../../../../data/guard/lexicon.tsv").split_whitespace().collect::<Vec<_>>()),
            cut in 0..4_usize,
            ending in prop::sample::select(vec!["", "s", "es", "ed", "ing", "ies", "ied", "d", "ys", "is", "eds", "é"]),
        ) {
            let text = format!("{}{ending}", stem.get(..stem.len().saturating_sub(cut)).unwrap_or(stem));
            let mut words = Words::of(&text);
            while let Some(token) = words.read() {
                let word = std::str::from_utf8(token.word).expect("words are UTF-8");
                prop_assert_eq!(LEXICON.single(&token), plain(word, |w| LEXICON.single.get(hash(w.as_bytes()))));
            }
        }

        #[test]
        fn each_key_has_its_first_class(
            all in prop::collection::vec((prop::sample::select(vec![0, 1, 2, 3, 16, 32, 64, u32::MAX]), 1..9_u8), 0..12),
            other in any::<u32>(),
        ) {
            let (classes, mut plain) = (Classes::of(&all), HashMap::new());
            for (key, class) in &all {
                plain.entry(*key).or_insert(*class);
            }
            for key in all.iter().map(|(key, _)| *key).chain([0, other]) {
                prop_assert_eq!(classes.get(key), plain.get(&key).copied().unwrap_or(0));
            }
        }
    }
}
