//! Windows of up to 24 words, of which the worst decides.

use std::ops::{Add, Range};

use asepsis_vocab::Span;

use super::features::features;
use super::token::Words;

/// The words of a block. A window is some blocks in a row.
pub const BLOCK: usize = 4;
/// The most blocks of a window.
pub const BLOCKS: usize = 6;

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

    /// How many blocks there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// The buckets of a window, which is a range of blocks.
    ///
    /// # Panics
    /// If there are no such blocks.
    #[must_use]
    pub fn window(&self, blocks: Range<usize>) -> &[u32] {
        let from = if blocks.start == 0 { 0 } else { self.ends[blocks.start - 1] };
        &self.buckets[from..self.ends[blocks.end - 1]]
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

/// The window with the greatest sum, and the sum; `None` without blocks. An ordinary word beside an attack speaks against one,
/// so windows are as short as makes them look worst.
pub fn best<N: Copy + PartialOrd + Add<Output = N>>(sums: &[N]) -> Option<(Range<usize>, N)> {
    let mut best: Option<(Range<usize>, N)> = None;
    for from in 0..sums.len() {
        let mut sum = sums[from];
        for to in from + 1..=sums.len().min(from + BLOCKS) {
            if best.as_ref().is_none_or(|(_, most)| sum > *most) {
                best = Some((from..to, sum));
            }
            if to < sums.len() {
                sum = sum + sums[to];
            }
        }
    }
    best
}

/// The sum of weights in each block of a text.
pub(super) fn sums(words: &Words, table: &[i8]) -> Vec<i32> {
    let mut sums = vec![0i32; words.len().div_ceil(BLOCK)];
    features(words, |at, bucket| sums[at / BLOCK] += i32::from(table[bucket as usize]));
    sums
}

/// Where a window lies in the text.
pub(super) fn span(words: &Words, window: Range<usize>) -> Span {
    let last = (window.end * BLOCK).min(words.len()) - 1;
    Span::new(words.get(window.start * BLOCK).span.start, words.get(last).span.end)
}
