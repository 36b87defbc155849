//! Where tokens of some sorts stand, a bit for each: a rule that begins at one sort need not look at all the others.

use crate::lexicon::{COMMON, CREDENTIAL, FIRST_TOP, MONTH, ORG_HEAD, SALUTATION, SIGNAL, STATE, STATE_NAME, TITLE};
use crate::token::{Case, Kind, Token};

/// A sort of tokens that rules begin at.
#[derive(Clone, Copy)]
pub(crate) enum Sort {
    Number,
    /// A full stop that joins what stands on either side: `2.4`, `example.org`.
    Point,
    /// A bracket that opens, a plus, a hyphen, an equal sign or an asterisk.
    Sign,
    /// A word with a capital.
    Capital,
    Month,
    /// A word that numbers, parts of a year, ages or addresses in words are told by, or one that is long.
    Signal,
    /// A title, a greeting, a credential or the last word of an organisation's name.
    Role,
    /// A frequent first name in lower case that is no ordinary word.
    LowerFirst,
    /// A state before a number of five digits.
    State,
}

const SORTS: usize = Sort::State as usize + 1;

/// A word of so many letters may be one that tells an age.
const LONG: usize = 11;

/// The sorts of the tokens of a document.
pub(crate) struct Sorts {
    /// For each 64 tokens a word of bits for each sort.
    rows: Vec<[u64; SORTS]>,
}

impl Sorts {
    pub(crate) fn of(tokens: &[Token]) -> Self {
        let mut out = Self { rows: vec![[0; SORTS]; tokens.len().div_ceil(64)] };
        for (i, token) in tokens.iter().enumerate() {
            match token.kind {
                Kind::Number => {
                    out.add(i, Sort::Number);
                    let state = token.len() == 5 && i > 0 && tokens[i - 1].is(STATE | STATE_NAME);
                    if state {
                        out.add(i - 1, Sort::State);
                    }
                }
                Kind::Mark => match token.mark {
                    b'.' if token.gap == 0 && tokens.get(i + 1).is_some_and(|t| t.gap == 0) => out.add(i, Sort::Point),
                    b'(' | b'[' | b'+' | b'-' | b'=' | b'*' => out.add(i, Sort::Sign),
                    _ => {}
                },
                Kind::Word => out.add_word(i, token),
                Kind::Possessive => {}
            }
        }
        out
    }

    #[inline]
    fn add_word(&mut self, i: usize, word: &Token) {
        if word.case != Case::Lower {
            self.add(i, Sort::Capital);
        }
        const LOOKED_FOR: u32 = MONTH | SIGNAL | TITLE | SALUTATION | CREDENTIAL | ORG_HEAD | FIRST_TOP;
        if !word.is(LOOKED_FOR) && word.len() < LONG {
            return;
        }
        if word.is(MONTH) {
            self.add(i, Sort::Month);
        }
        if word.is(SIGNAL) || word.len() >= LONG {
            self.add(i, Sort::Signal);
        }
        if word.is(TITLE | SALUTATION | CREDENTIAL | ORG_HEAD) {
            self.add(i, Sort::Role);
        }
        if word.is(FIRST_TOP) && !word.is(COMMON) && word.case == Case::Lower {
            self.add(i, Sort::LowerFirst);
        }
    }

    #[inline]
    fn add(&mut self, i: usize, sort: Sort) {
        self.rows[i / 64][sort as usize] |= 1 << (i % 64);
    }

    /// The first token at or after `from` that is of one of the sorts.
    #[inline]
    pub(crate) fn next<const N: usize>(&self, from: usize, sorts: [Sort; N]) -> Option<usize> {
        let (mut at, mut kept) = (from / 64, u64::MAX << (from % 64));
        while let Some(row) = self.rows.get(at) {
            let bits = sorts.iter().fold(0, |bits, sort| bits | row[*sort as usize]) & kept;
            if bits != 0 {
                return Some(at * 64 + bits.trailing_zeros() as usize);
            }
            (at, kept) = (at + 1, u64::MAX);
        }
        None
    }

    /// Whether one of the tokens from `from` on, up to 64 of them, is of the sort.
    #[inline]
    pub(crate) fn has_within(&self, from: usize, count: u32, sort: Sort) -> bool {
        let bits = |at: usize| self.rows.get(at).map_or(0, |row| row[sort as usize]);
        let both = u128::from(bits(from / 64)) | u128::from(bits(from / 64 + 1)) << 64;
        both >> (from % 64) & ((1 << count) - 1) != 0
    }
}

/// The words that make a [`Sort::Signal`].
pub(crate) fn signals() -> impl Iterator<Item = &'static str> {
    crate::date::signals().chain(crate::age::SIGNALS).chain(crate::net::SIGNALS).chain(crate::place::SIGNALS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::Lexicon;
    use crate::token::tokenize;

    /// What the bits say, told for each token by itself.
    fn is(tokens: &[Token], i: usize, sort: Sort) -> bool {
        let (t, next) = (&tokens[i], tokens.get(i + 1));
        match sort {
            Sort::Number => t.kind == Kind::Number,
            Sort::Point => t.mark == b'.' && t.gap == 0 && next.is_some_and(|n| n.gap == 0),
            Sort::Sign => t.mark != 0 && b"([+-=*".contains(&t.mark),
            Sort::Capital => t.is_capital(),
            Sort::Month => t.is(MONTH),
            Sort::Signal => t.kind == Kind::Word && (t.is(SIGNAL) || t.len() >= LONG),
            Sort::Role => t.is(TITLE | SALUTATION | CREDENTIAL | ORG_HEAD),
            Sort::LowerFirst => t.is(FIRST_TOP) && !t.is(COMMON) && t.kind == Kind::Word && t.case == Case::Lower,
            Sort::State => t.is(STATE | STATE_NAME) && next.is_some_and(|n| n.kind == Kind::Number && n.len() == 5),
        }
    }

    #[test]
    fn the_next_of_each_sort_is_found_however_far_it_is() {
        use Sort::{Capital, LowerFirst, Month, Number, Point, Role, Sign, Signal, State};
        let lexicon = Lexicon::new();
        let plain = "and so on, ".repeat(70);
        let parts = [
            "Dr. Anna Reed's, MA 02139-1234 on 3 May (2.4) *x* +1",
            "dear mary, nonagenarians at example.org. Hospital, MD; forty-two Q3",
            "É ’ ñ",
            "",
        ];
        for text in parts.iter().map(|p| (*p).to_owned()).chain([parts.concat(), parts.join(&plain), plain.clone()]) {
            let tokens = tokenize(&text, &lexicon);
            let sorts = Sorts::of(&tokens);
            for sort in [Number, Point, Sign, Capital, Month, Signal, Role, LowerFirst, State] {
                for from in 0..=tokens.len() + 1 {
                    let next = (from..tokens.len()).find(|&i| is(&tokens, i, sort));
                    assert_eq!(sorts.next(from, [sort]), next, "{from} in {text}");
                    let both = next.into_iter().chain(sorts.next(from, [Month])).min();
                    assert_eq!(sorts.next(from, [Month, sort]), both, "{from} in {text}");
                    for count in [1, 9, 64] {
                        let near = next.is_some_and(|next| next < from + count as usize);
                        assert_eq!(sorts.has_within(from, count, sort), near, "{from} in {text}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_word_that_is_looked_for_is_a_signal() {
        let lexicon = Lexicon::new();
        for word in signals() {
            assert!(lexicon.flags(word) & SIGNAL != 0 && lexicon.flags(&word.to_uppercase()) & SIGNAL != 0, "{word}");
        }
    }
}
