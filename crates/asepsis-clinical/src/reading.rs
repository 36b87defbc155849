//! A text, read once: tokens, what the phrases mean, quantities.

use crate::lexicon::Lexicon;
use crate::quantity::{Quantity, quantities};
use crate::sense::{Sense, Term};
use crate::token::{Token, tokenize};

/// How much of a text is read, in bytes. What comes after is flagged as not looked at.
pub(crate) const LIMIT: usize = 1 << 20;

pub(crate) struct Reading<'a> {
    /// What was read of the text.
    pub(crate) text: &'a str,
    pub(crate) tokens: Vec<Token>,
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
        let mut tokens = tokenize(text);
        let terms = lexicon.read(text, &mut tokens);
        let quantities = quantities(text, &tokens, &terms);
        Self { text, tokens, terms, quantities }
    }

    /// The bytes from one token to another.
    pub(crate) fn span(&self, first: usize, last: usize) -> asepsis_vocab::Span {
        asepsis_vocab::Span::new(self.tokens[first].start as usize, self.tokens[last].end as usize)
    }

    /// The words of a token.
    pub(crate) fn word(&self, i: usize) -> &'a str {
        self.tokens.get(i).map_or("", |token| &self.text[token.range()])
    }

    /// The terms that begin at token `first` or later, up to token `last`.
    pub(crate) fn terms_between(&self, first: usize, last: usize) -> &[Term] {
        let from = self.terms.partition_point(|term| (term.first as usize) < first);
        let to = self.terms.partition_point(|term| term.first as usize <= last);
        &self.terms[from.min(to)..to]
    }

    /// The first and last token of the sentence that a token stands in, at most `reach` tokens away.
    pub(crate) fn sentence(&self, i: usize, reach: usize) -> (usize, usize) {
        let sentence = self.tokens[i].sentence;
        let mut first = i;
        while first > 0 && i - first < reach && self.tokens[first - 1].sentence == sentence {
            first -= 1;
        }
        let mut last = i;
        while last + 1 < self.tokens.len() && last - i < reach && self.tokens[last + 1].sentence == sentence {
            last += 1;
        }
        (first, last)
    }

    /// Whether a term of the sense stands within a range of tokens.
    pub(crate) fn has(&self, first: usize, last: usize, wanted: impl Fn(Sense) -> bool) -> bool {
        self.terms_between(first, last).iter().any(|term| wanted(term.sense))
    }
}
