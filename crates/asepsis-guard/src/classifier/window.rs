//! Windows of about twenty words, of which the worst decides.

use asepsis_vocab::Span;

use super::features::features;
use super::token::Words;

/// The words of a block. A window is some blocks in a row, and begins with any of them.
pub const BLOCK: usize = 5;
/// The blocks of a window.
pub const BLOCKS: usize = 4;

/// The buckets of a text, block by block: what training reads.
#[derive(Clone, Debug, Default)]
pub struct Blocks {
    buckets: Vec<u32>,
    /// The end of each block's buckets.
    ends: Vec<usize>,
}

impl Blocks {
    /// The blocks of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let words = Words::of(text);
        let mut blocks = Self::default();
        let mut open = 0;
        features(&words, |at, bucket| {
            if at / BLOCK > open {
                blocks.ends.push(blocks.buckets.len());
                open = at / BLOCK;
            }
            blocks.buckets.push(bucket);
        });
        if !blocks.buckets.is_empty() {
            blocks.ends.push(blocks.buckets.len());
        }
        blocks
    }

    /// How many windows there are.
    #[must_use]
    pub fn windows(&self) -> usize {
        if self.ends.is_empty() { 0 } else { self.ends.len().saturating_sub(BLOCKS) + 1 }
    }

    /// The buckets of a window.
    #[must_use]
    pub fn window(&self, at: usize) -> &[u32] {
        let from = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.buckets[from..self.ends[(at + BLOCKS).min(self.ends.len()) - 1]]
    }

    /// Each block's sum of some weight.
    pub fn sums(&self, weight: impl Fn(u32) -> f32, out: &mut Vec<f32>) {
        out.clear();
        let mut from = 0;
        for &end in &self.ends {
            out.push(self.buckets[from..end].iter().map(|b| weight(*b)).sum());
            from = end;
        }
    }
}

/// The window with the greatest sum, and the sum; `None` without blocks.
pub fn best<N: Copy + PartialOrd + std::iter::Sum<N>>(sums: &[N]) -> Option<(usize, N)> {
    if sums.is_empty() {
        return None;
    }
    let windows = sums.windows(BLOCKS.min(sums.len())).map(|w| w.iter().copied().sum::<N>());
    windows.enumerate().reduce(|best, next| if next.1 > best.1 { next } else { best })
}

/// The sum of weights in each block of a text, and the text's words.
pub(super) fn sums(words: &Words, table: &[i8]) -> Vec<i32> {
    let mut sums = vec![0i32; words.len().div_ceil(BLOCK)];
    features(words, |at, bucket| sums[at / BLOCK] += i32::from(table[bucket as usize]));
    sums
}

/// Where a window lies in the text.
pub(super) fn span(words: &Words, window: usize) -> Span {
    let last = ((window + BLOCKS) * BLOCK).min(words.len()) - 1;
    Span::new(words.get(window * BLOCK).span.start, words.get(last).span.end)
}
