//! Places of a text where the same holds: lists, forms and quoted text say the same again and again.

use asepsis_crf::Sums;

use crate::tagger::features::View;
use crate::tagger::slots::Slots;

/// The sums of the tokens of one document so far, by all that the features look at.
pub(super) struct Memo {
    /// Which of the kept ones, from 1.
    slots: Slots,
    tokens: Vec<usize>,
    sums: Vec<Sums>,
}

impl Memo {
    /// Room for so many tokens.
    pub(super) fn new(tokens: usize) -> Self {
        Self { slots: Slots::new(tokens), tokens: Vec::with_capacity(tokens), sums: Vec::with_capacity(tokens) }
    }

    /// The sums of token `i`: those of an earlier one where the same holds, or what `make` says.
    #[inline]
    pub(super) fn sums(&mut self, view: &View<'_, '_>, i: usize, make: impl FnOnce() -> Sums) -> &Sums {
        let slot = self.slots.find(view.hash(i), |known| view.same(self.tokens[known as usize - 1], i));
        if *slot == 0 {
            self.tokens.push(i);
            self.sums.push(make());
            *slot = u32::try_from(self.sums.len()).unwrap_or(1);
        }
        &self.sums[*slot as usize - 1]
    }
}
