//! Windows of up to 24 words, of which the worst decides.

use std::ops::{Add, Range};

use asepsis_vocab::Span;

use super::Table;
use super::features::{Seen, features};

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
        features(text, Self::default())
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

impl Seen for Blocks {
    fn word(&mut self, at: usize, _: Span) {
        if at.is_multiple_of(BLOCK) {
            self.ends.push(self.buckets.len());
        }
    }

    fn bucket(&mut self, bucket: u32) {
        self.buckets.push(bucket);
        if let Some(end) = self.ends.last_mut() {
            *end += 1;
        }
    }
}

/// The window with the greatest sum, and the sum; `None` without blocks. An ordinary word beside an attack speaks against one,
/// so windows are as short as makes them look worst.
pub fn best<N: Copy + PartialOrd + Add<Output = N>>(sums: &[N]) -> Option<(Range<usize>, N)> {
    let mut best: Option<(usize, usize, N)> = None;
    for from in 0..sums.len() {
        let mut sum = sums[from];
        for to in from + 1..=sums.len().min(from + BLOCKS) {
            if best.is_none_or(|(.., most)| sum > most) {
                best = Some((from, to, sum));
            }
            if to < sums.len() {
                sum = sum + sums[to];
            }
        }
    }
    best.map(|(from, to, sum)| (from..to, sum))
}

/// The sum of weights in each block of a text, and where it lies.
pub(super) struct Sums<'w> {
    weights: &'w [i8; Table::WEIGHTS],
    sums: Vec<i32>,
    spans: Vec<Span>,
    /// The sum of the block that is read now.
    open: i32,
}

impl<'w> Sums<'w> {
    pub(super) fn of(text: &str, weights: &'w [i8]) -> Self {
        let weights = weights.first_chunk().expect("a table has a weight for each bucket");
        // A word and what divides it from the next have six bytes or so.
        let room = text.len() / 6 / BLOCK + 1;
        let (sums, spans) = (Vec::with_capacity(room), Vec::with_capacity(room));
        let mut sums = features(text, Self { weights, sums, spans, open: 0 });
        if !sums.spans.is_empty() {
            sums.sums.push(sums.open);
        }
        sums
    }

    pub(super) fn sums(&self) -> &[i32] {
        &self.sums
    }

    /// Where a window lies in the text.
    pub(super) fn span(&self, window: Range<usize>) -> Span {
        Span::new(self.spans[window.start].start, self.spans[window.end - 1].end)
    }
}

impl Seen for Sums<'_> {
    #[inline]
    fn word(&mut self, at: usize, span: Span) {
        match self.spans.last_mut() {
            Some(block) if !at.is_multiple_of(BLOCK) => block.end = span.end,
            open => {
                if open.is_some() {
                    self.sums.push(self.open);
                    self.open = 0;
                }
                self.spans.push(span);
            }
        }
    }

    #[inline]
    fn bucket(&mut self, bucket: u32) {
        self.open += i32::from(self.weights[bucket as usize]);
    }
}
