//! Places of a text where the same holds: lists, forms and quoted text say the same again and again.

use asepsis_crf::Sums;

use crate::tagger::features::View;

/// The sums of the tokens of one document so far, by all that the features look at.
pub(super) struct Memo {
    /// By the hash of what holds there, which of the kept ones it is, from 1.
    table: Vec<u32>,
    tokens: Vec<usize>,
    sums: Vec<Sums>,
}

impl Memo {
    /// Room for so many tokens.
    pub(super) fn new(tokens: usize) -> Self {
        Self {
            table: vec![0; (tokens * 2).next_power_of_two()],
            tokens: Vec::with_capacity(tokens),
            sums: Vec::with_capacity(tokens),
        }
    }

    /// The sums of token `i`: those of an earlier one where the same holds, or what `make` says.
    #[inline]
    pub(super) fn sums(&mut self, view: &View<'_, '_>, i: usize, make: impl FnOnce() -> Sums) -> &Sums {
        let mask = self.table.len() - 1;
        #[allow(clippy::cast_possible_truncation, reason = "the mask is smaller")]
        let mut slot = (view.hash(i) >> 20) as usize & mask;
        let at = loop {
            match self.table[slot] as usize {
                0 => {
                    self.tokens.push(i);
                    self.sums.push(make());
                    let count = self.sums.len();
                    self.table[slot] = u32::try_from(count).unwrap_or(0);
                    break count - 1;
                }
                known if view.same(self.tokens[known - 1], i) => break known - 1,
                _ => slot = (slot + 1) & mask,
            }
        };
        &self.sums[at]
    }
}
