//! Texts whose kind is known.

use crate::carrier::Carrier;
use crate::disguise::Disguise;

/// A text, and what is known of it.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The corpus.
    pub source: String,
    /// The part of the corpus: a style of attacks, a set of benign texts.
    pub set: String,
    /// How its attack is hidden.
    pub disguise: Option<Disguise>,
    /// What it sits in, where that is known.
    pub carrier: Option<Carrier>,
    /// Whether it is an attack.
    pub attack: bool,
    /// The text itself.
    pub text: String,
}

/// The sentences of a text that are neither very short nor very long.
#[must_use]
pub fn sentences(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut from = 0;
    for (at, _) in text.match_indices(". ").chain(std::iter::once((text.len(), ""))) {
        let sentence = text[from..text.len().min(at + 1)].trim();
        if (20..=400).contains(&sentence.len()) && !sentence.contains('\n') {
            out.push(sentence);
        }
        from = text.len().min(at + 2);
    }
    out
}
