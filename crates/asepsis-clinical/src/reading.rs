//! A text, read once: tokens, what the phrases mean, quantities.

use crate::lexicon::Lexicon;
use crate::quantity::{Quantity, quantities};
use crate::sense::{Sense, Term};
use crate::token::{Token, sentences};

/// How much of a text is read, in bytes. What comes after is flagged as not looked at.
pub(crate) const LIMIT: usize = 1 << 20;

pub(crate) struct Reading<'a> {
    /// What was read of the text.
    pub(crate) text: &'a str,
    pub(crate) tokens: Vec<Token>,
    /// The token that begins each sentence.
    heads: Vec<u32>,
    /// The tokens at which a key stands: see [`crate::keys`].
    keyed: Vec<u32>,
    pub(crate) terms: Vec<Term>,
    pub(crate) quantities: Vec<Quantity>,
}

impl<'a> Reading<'a> {
    pub(crate) fn of(text: &'a str, lexicon: &Lexicon) -> Self {
        let mut end = text.len().min(LIMIT);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text = &text[..end];
        let (mut tokens, heads) = sentences(text);
        let (terms, keyed) = lexicon.read(text, &mut tokens);
        let quantities = quantities(text, &tokens, &keyed, &terms);
        Self { text, tokens, heads, keyed, terms, quantities }
    }

    /// The bytes from one token to another.
    pub(crate) fn span(&self, first: usize, last: usize) -> asepsis_vocab::Span {
        asepsis_vocab::Span::new(self.tokens[first].start as usize, self.tokens[last].end as usize)
    }

    /// The words of a token.
    pub(crate) fn word(&self, i: usize) -> &'a str {
        self.tokens.get(i).map_or("", |token| &self.text[token.range()])
    }

    /// The tokens at which one of the keys stands, in order.
    pub(crate) fn keyed(&self, keys: u16) -> impl Iterator<Item = usize> {
        self.keyed.iter().map(|k| *k as usize).filter(move |k| self.tokens[*k].has(keys))
    }

    /// Of the tokens from one to another those at which one of the keys stands.
    pub(crate) fn keyed_between(&self, keys: u16, first: usize, last: usize) -> impl Iterator<Item = usize> {
        let from = self.keyed.partition_point(|k| (*k as usize) < first);
        let near = self.keyed[from..].iter().map(|k| *k as usize).take_while(move |k| *k <= last);
        near.filter(move |k| self.tokens[*k].has(keys))
    }

    /// How many terms begin before a token.
    fn terms_before(&self, i: usize) -> usize {
        self.tokens.get(i).map_or(self.terms.len(), |token| token.terms as usize)
    }

    /// The terms that begin at token `first` or later, up to token `last`.
    pub(crate) fn terms_between(&self, first: usize, last: usize) -> &[Term] {
        let (from, to) = (self.terms_before(first), self.terms_before(last + 1));
        &self.terms[from.min(to)..to]
    }

    /// The first and last token of each sentence.
    pub(crate) fn sentences(&self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.heads.len()).map(|sentence| self.ends(sentence))
    }

    fn ends(&self, sentence: usize) -> (usize, usize) {
        let next = self.heads.get(sentence + 1).map_or(self.tokens.len(), |head| *head as usize);
        (self.heads[sentence] as usize, next - 1)
    }

    /// The first and last token of the sentence that a token stands in, at most `reach` tokens away.
    pub(crate) fn sentence(&self, i: usize, reach: usize) -> (usize, usize) {
        let (first, last) = self.ends(self.tokens[i].sentence as usize);
        (first.max(i.saturating_sub(reach)), last.min(i + reach))
    }

    /// Whether a term of the sense stands within a range of tokens.
    pub(crate) fn has(&self, first: usize, last: usize, wanted: impl Fn(Sense) -> bool) -> bool {
        self.terms_between(first, last).iter().any(|term| wanted(term.sense))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keys;
    use crate::lexicon::shipped;
    use crate::token::Kind;

    /// Texts of words that have a key, and of what may stand between them.
    fn text() -> impl Strategy<Value = String> {
        let known: Vec<&str> = keys::WORDS.iter().flat_map(|(_, words)| words.iter().copied()).collect();
        let forms: Vec<&str> = crate::check::abbreviation::first_words().collect();
        let piece = prop_oneof![
            3 => prop::sample::select(known).prop_map(str::to_owned),
            1 => prop::sample::select(forms).prop_map(str::to_owned),
            1 => prop::sample::select(vec!["warfarin", "by mouth", "chest pain", "5 mg", "forty two", "don’t", "niño"])
                .prop_map(str::to_owned),
            1 => "[a-z]{60,70}",
            2 => "[0-9A-Za-z]{1,6}",
            3 => "[-*.,;!?:^/ \n]{1,2}",
            1 => "\\PC",
        ];
        (prop::collection::vec(piece, 0..40), any::<bool>())
            .prop_map(|(pieces, upper)| if upper { pieces.concat().to_uppercase() } else { pieces.concat() })
    }

    proptest! {
        #[test]
        fn no_word_is_without_its_key(text in text()) {
            let reading = Reading::of(&text, shipped());
            for (k, token) in reading.tokens.iter().enumerate() {
                let word = reading.word(k);
                for (key, words) in keys::WORDS {
                    if words.iter().any(|known| known.eq_ignore_ascii_case(word)) {
                        prop_assert!(reading.keyed(*key).any(|at| at == k), "{word}");
                    }
                }
                if token.kind == Kind::Word && crate::check::abbreviation::first_words().any(|form| form == word) {
                    prop_assert!(reading.keyed(keys::ABBREVIATION).any(|at| at == k), "{word}");
                }
                // The run that a record number is: it begins at a token that is glued to no word or number.
                let joined = token.glued && k > 0 && reading.tokens[k - 1].kind != Kind::Mark;
                let run = text[token.start as usize..].bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'-');
                if token.kind != Kind::Mark && !joined && run.filter(u8::is_ascii_digit).count() > 0
                    || word.bytes().any(|b| b.is_ascii_digit())
                {
                    prop_assert!(reading.keyed(keys::DIGITS).any(|at| at == k), "{word}");
                }
                if token.number >= 0 {
                    prop_assert!(reading.keyed(keys::NUMBER).any(|at| at == k), "{word}");
                }
                prop_assert_eq!(token.has(keys::WIDE), token.kind == Kind::Word && !word.is_ascii());
            }
        }

        #[test]
        fn sentences_and_terms_are_those_of_a_walk(text in text(), reach in 0usize..12) {
            let reading = Reading::of(&text, shipped());
            let tokens = &reading.tokens;
            for i in 0..tokens.len() {
                let same = |k: usize| tokens[k].sentence == tokens[i].sentence;
                let first = (i.saturating_sub(reach)..=i).rev().take_while(|k| same(*k)).last();
                let last = (i..tokens.len().min(i + reach + 1)).take_while(|k| same(*k)).last();
                prop_assert_eq!(Some(reading.sentence(i, reach)), first.zip(last));
                let keyed = (i..tokens.len().min(i + reach + 1)).filter(|k| tokens[*k].has(keys::DIVIDED));
                prop_assert!(reading.keyed_between(keys::DIVIDED, i, i + reach).eq(keyed));
                let between = reading.terms.iter().filter(|term| (i..=i + reach).contains(&(term.first as usize)));
                let found = reading.terms_between(i, i + reach).iter();
                prop_assert!(found.map(|term| term.last).eq(between.map(|term| term.last)));
            }
            let lines: Vec<_> = tokens.chunk_by(|a, b| a.sentence == b.sentence).map(|line| line[0].start).collect();
            prop_assert!(reading.sentences().map(|(first, _)| tokens[first].start).eq(lines));
        }
    }
}
