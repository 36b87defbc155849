//! Whether known names and numbers are left in a text, for the tripwire: by the same tables, over the bare text.

use asepsis_vocab::{IdentifierClass, Span};

use super::parse::fold;
use super::table::Hash;
use super::words::{FAMILY, GIVEN};
use super::{CODE, KnownPhi, LONG_CODE, class_of, pair};

/// The most parts that a number is divided into.
const MOST_PARTS: usize = 6;

/// Letters, or letters and digits, in a row.
struct Word {
    span: Span,
    id: Option<u32>,
    digits: bool,
}

impl KnownPhi {
    /// The first full name or number that is left and that `free` lets count.
    pub(crate) fn meets(&self, text: &str, free: &dyn Fn(&Span) -> bool) -> Option<(IdentifierClass, Span)> {
        if let Some(met) = self.others.iter().find_map(|o| o.meets(text, free)) {
            return Some(met);
        }
        if self.entries == 0 {
            return None;
        }
        let words = self.words_of(text);
        (0..words.len()).find_map(|i| {
            let found = self.name_at(text, &words, i).or_else(|| self.number_at(text, &words, i))?;
            free(&found.1).then_some(found)
        })
    }

    fn words_of(&self, text: &str) -> Vec<Word> {
        let mut out = Vec::new();
        let mut start = None;
        for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
            match (c.is_alphanumeric() || c == '\'', start) {
                (true, None) => start = Some(at),
                (false, Some(from)) => {
                    let word = &text[from..at];
                    let digits = word.bytes().any(|b| b.is_ascii_digit());
                    let id = if digits { None } else { self.words.find(&fold(word)) };
                    out.push(Word { span: Span::new(from, at), id, digits });
                    start = None;
                }
                _ => {}
            }
        }
        out
    }

    /// A given and a family name beside each other, both with a capital.
    fn name_at(&self, text: &str, words: &[Word], i: usize) -> Option<(IdentifierClass, Span)> {
        let next = words.get(i + 1)?;
        let (a, b) = (words[i].id?, next.id?);
        let near = next.span.start - words[i].span.end <= 2;
        let capital = |w: &Word| text[w.span.range()].chars().next().is_some_and(char::is_uppercase);
        let long = |w: &Word| w.span.len() > 1;
        let one = |given, family| {
            self.is(given, GIVEN) && self.is(family, FAMILY) && self.pairs.find(pair(given, family)).is_some()
        };
        let met =
            near && capital(&words[i]) && capital(next) && long(&words[i]) && long(next) && (one(a, b) || one(b, a));
        met.then(|| (IdentifierClass::Name, Span::new(words[i].span.start, next.span.end)))
    }

    fn number_at(&self, text: &str, words: &[Word], i: usize) -> Option<(IdentifierClass, Span)> {
        if !words[i].digits && !words.get(i + 1).is_some_and(|w| w.digits) {
            return None;
        }
        let (mut hash, mut length) = (Hash::of(CODE), 0);
        for k in i..(i + MOST_PARTS).min(words.len()) {
            if k > i && words[k].span.start - words[k - 1].span.end > 2 {
                break;
            }
            for b in text[words[k].span.range()].bytes().filter(u8::is_ascii_alphanumeric) {
                hash.push(b.to_ascii_lowercase());
                length += 1;
            }
            if length >= LONG_CODE
                && let Some(number) = self.codes.find(hash.end())
            {
                return Some((class_of(number).0, Span::new(words[i].span.start, words[k].span.end)));
            }
        }
        None
    }
}
