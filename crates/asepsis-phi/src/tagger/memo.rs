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
    /// Those of a token for which there was no room.
    apart: Sums,
}

impl Memo {
    /// Room for so many tokens.
    pub(super) fn new(tokens: usize) -> Self {
        let (tokens, sums) = (Vec::with_capacity(tokens), Vec::with_capacity(tokens));
        Self { slots: Slots::new(tokens.capacity()), tokens, sums, apart: Sums::new() }
    }

    /// The sums of token `i`: those of an earlier one where the same holds, or what `make` says.
    #[inline]
    pub(super) fn sums(&mut self, view: &View<'_, '_>, i: usize, make: impl FnOnce() -> Sums) -> &Sums {
        // Whoever writes the text chooses what holds: many tokens may share a hash.
        let Some(slot) = self.slots.near(view.hash(i), |known| view.same(self.tokens[known as usize - 1], i)) else {
            self.apart = make();
            return &self.apart;
        };
        if *slot == 0 {
            self.tokens.push(i);
            self.sums.push(make());
            *slot = u32::try_from(self.sums.len()).unwrap_or(1);
        }
        &self.sums[*slot as usize - 1]
    }
}
