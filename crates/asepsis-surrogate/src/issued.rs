use std::collections::{HashMap, HashSet};
use std::fmt;

use zeroize::Zeroizing;

#[cfg(test)]
use crate::code::Code;
use crate::heads::Heads;
use crate::keys::Keys;
use crate::placeholder;
use crate::text::folded;

/// The longest surrogate that is looked for, in characters after folding.
pub(crate) const MAX_LITERAL: usize = 256;

/// The surrogates that were given out in one scope, and what each stands for.
///
/// Only what is in here is ever restored: a surrogate of another exchange, or one that the writer made up, stays as it
/// is. Originals are overwritten with zeros when the last [`Arc`](std::sync::Arc) is dropped, and never printed.
pub struct Issued {
    originals: Vec<Original>,
    /// Codes of placeholders, in upper case.
    pub(crate) codes: Keys,
    /// Folded realistic surrogates and their parts.
    pub(crate) literals: Keys,
    /// Labels of the placeholders in here, in upper case, with their plurals.
    pub(crate) labels: Keys,
    /// The first bytes, in either case, of anything that may begin a match.
    pub(crate) starts: [bool; 256],
    pub(crate) heads: Heads,
    skipped: usize,
}

pub(crate) struct Original {
    pub(crate) text: Zeroizing<String>,
    /// It is, or may be, a whole URL.
    pub(crate) is_url: bool,
    /// It is not given back but replaced by its text, a notice, also within URLs; the number says where it came from.
    pub(crate) withheld: Option<u32>,
}

impl Issued {
    /// Begins with nothing.
    pub fn builder() -> IssuedBuilder {
        IssuedBuilder::default()
    }

    /// How many surrogates and aliases can be restored.
    pub fn len(&self) -> usize {
        self.codes.len() + self.literals.len()
    }

    /// Whether nothing can be restored.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries were left out: because two originals have the same surrogate, so that restoring it could name
    /// the wrong person, or because a surrogate is empty or longer than 256 characters.
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    pub(crate) fn original(&self, index: u32) -> &Original {
        &self.originals[index as usize]
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued")
            .field("placeholders", &self.codes.len())
            .field("literals", &self.literals.len())
            .field("skipped", &self.skipped)
            .finish_non_exhaustive()
    }
}

/// Collects what an [`Issued`] holds.
#[derive(Default)]
pub struct IssuedBuilder {
    originals: Vec<Original>,
    codes: Claims,
    literals: Claims,
    aliases: Claims,
    labels: Vec<&'static str>,
    skipped: usize,
}

/// What opens a placeholder in brackets, or escapes what does.
const OPENERS: [u8; 6] = *b"[<({\\&";

impl IssuedBuilder {
    /// Adds a surrogate as it was rendered, placeholder or realistic, and the original that it stands for.
    ///
    /// The same surrogate for a second original makes it ambiguous: it is then restored to neither.
    #[must_use]
    pub fn add(mut self, rendered: &str, original: &str) -> Self {
        self.insert(rendered, original);
        self
    }

    /// As [`add`](Self::add), for a loop over many.
    pub fn insert(&mut self, rendered: &str, original: &str) {
        let index = self.push_original(original, rendered);
        if let Some((label, code)) = placeholder::read(rendered) {
            self.labels.push(label);
            self.codes.claim(code.ascii()[..].into(), index, &self.originals);
        } else {
            match literal_key(rendered) {
                Some(key) => self.literals.claim(key, index, &self.originals),
                None => self.skipped += 1,
            }
        }
    }

    /// Adds a part of a realistic surrogate, such as the surname alone, and the part of the original that it stands
    /// for: see [`realistic_parts`](crate::realistic_parts). A whole surrogate that reads the same goes before it.
    #[must_use]
    pub fn add_alias(mut self, rendered_part: &str, original_part: &str) -> Self {
        self.insert_alias(rendered_part, original_part);
        self
    }

    /// As [`add_alias`](Self::add_alias), for a loop over many.
    pub fn insert_alias(&mut self, rendered_part: &str, original_part: &str) {
        let index = self.push_original(original_part, rendered_part);
        match literal_key(rendered_part) {
            Some(key) => self.aliases.claim(key, index, &self.originals),
            None => self.skipped += 1,
        }
    }

    /// Withholds a text, be it a surrogate or an identifier as it is: `notice` stands where it comes back. `source` is told by
    /// [`Restorer::withheld`](crate::Restorer::withheld).
    pub fn withhold(&mut self, text: &str, notice: &str, source: u32) {
        let index = self.originals.len();
        self.insert(text, notice);
        self.originals[index].withheld = Some(source);
    }

    /// The same for a part of such a text, such as the surname alone. A whole one that reads the same goes before it.
    pub fn withhold_part(&mut self, part: &str, notice: &str, source: u32) {
        let index = self.originals.len();
        self.insert_alias(part, notice);
        self.originals[index].withheld = Some(source);
    }

    /// All that was added, ready to be searched for.
    pub fn build(mut self) -> Issued {
        let codes = self.codes.settle(&mut self.skipped);
        let mut literals = self.literals.settle(&mut self.skipped);
        let whole: HashSet<_> = literals.iter().map(|(key, _)| key.clone()).collect();
        let aliases = self.aliases.settle(&mut self.skipped);
        literals.extend(aliases.into_iter().filter(|(key, _)| !whole.contains(key)));
        let (codes, literals) = (Keys::new(codes), Keys::new(literals));
        let labels = label_keys(self.labels.iter().copied());
        let keys = || codes.iter().chain(literals.iter()).chain(labels.iter());
        let heads = Heads::new(codes.len() + literals.len() + labels.len(), keys());
        let mut starts = [false; 256];
        for b in keys().filter_map(|k| k.first().copied()).chain(OPENERS) {
            starts[b.to_ascii_lowercase() as usize] = true;
            starts[b.to_ascii_uppercase() as usize] = true;
        }
        Issued { originals: self.originals, codes, literals, labels, starts, heads, skipped: self.skipped }
    }

    fn push_original(&mut self, original: &str, rendered: &str) -> u32 {
        let is_url = original.contains("//") || rendered.contains("://") || rendered.starts_with("[URL_");
        let index = u32::try_from(self.originals.len()).expect("fewer than four billion surrogates in a scope");
        self.originals.push(Original { text: Zeroizing::new(original.to_owned()), is_url, withheld: None });
        index
    }
}

impl fmt::Debug for IssuedBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedBuilder").field("entries", &self.originals.len()).finish_non_exhaustive()
    }
}

/// Who each surrogate belongs to; `None` once two originals have claimed it.
#[derive(Default)]
struct Claims(HashMap<Box<[u8]>, Option<u32>>);

impl Claims {
    fn claim(&mut self, key: Box<[u8]>, index: u32, originals: &[Original]) {
        let text = |i: u32| &originals[i as usize].text;
        self.0
            .entry(key)
            .and_modify(|owner| *owner = owner.filter(|&first| text(first) == text(index)))
            .or_insert(Some(index));
    }

    /// What belongs to one original alone; the others are counted.
    fn settle(self, ambiguous: &mut usize) -> Vec<(Box<[u8]>, u32)> {
        let all = self.0.len();
        let kept: Vec<_> = self.0.into_iter().filter_map(|(key, owner)| Some((key, owner?))).collect();
        *ambiguous += all - kept.len();
        kept
    }
}

/// The folded form under which a realistic surrogate is looked for; `None` if it is empty or too long.
fn literal_key(rendered: &str) -> Option<Box<[u8]>> {
    let fits = (1..=MAX_LITERAL).contains(&rendered.chars().count());
    fits.then(|| folded(rendered).into())
}

/// Labels with the plurals that a model makes of them.
pub(crate) fn label_keys<'l>(labels: impl Iterator<Item = &'l str>) -> Keys {
    let forms = labels.flat_map(|l| [l.to_owned(), format!("{l}S"), format!("{l}ES")]);
    Keys::new(forms.map(|l| (l.into_bytes().into(), 0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_counts_and_never_an_original() {
        let issued = Issued::builder()
            .add(&placeholder::bracketed("NAME", None, Code::from_bytes([7; 8])), "Maria Gomez")
            .add("Ovella Tenbrick", "Maria Gomez")
            .add_alias("Tenbrick", "Gomez")
            .build();
        assert_eq!(issued.len(), 3);
        assert!(!format!("{issued:?}").contains("Gomez"));
    }

    #[test]
    fn a_surrogate_of_two_originals_is_restored_to_neither() {
        let issued = Issued::builder().add("Tenbrick", "Gomez").add("TENBRICK", "Smith").build();
        assert!(issued.is_empty());
        assert_eq!(issued.skipped(), 1);
    }

    #[test]
    fn a_whole_surrogate_goes_before_a_part_that_reads_the_same() {
        let issued = Issued::builder().add_alias("Tenbrick", "Gomez").add("Tenbrick", "Smith").build();
        assert_eq!(issued.original(issued.literals.find(b"tenbrick").unwrap()).text.as_str(), "Smith");
    }
}
