//! What reads like an attack: a linear model over hashed words, parts of words and frames of sentences.
//!
//! A text is read in windows of four to 24 words that begin at every fourth; the window that looks worst decides. Each feature is
//! one look-up of an eight-bit weight, so work is linear and no window allocates. What a sum means depends on the channel:
//! a score is read against benign texts of the same channel.
//!
//! The weights were learnt from public corpora and from grammars (crate `asepsis-lure`), not from any site's texts. A site
//! with other texts calibrates anew: `asepsis guard calibrate`.

mod address;
mod calibration;
mod features;
mod judge;
mod lexicon;
mod table;
mod token;
mod window;

use asepsis_vocab::{Channel, Span};

pub use calibration::{Calibration, CalibrationError, read as read_thresholds, write as write_thresholds};
pub(crate) use judge::judge;
pub use judge::{RULE, score_document};
pub use table::{KNOTS, NotATable, Table};
pub use window::{BLOCK, BLOCKS, Blocks, best};

/// The powers of ten that scores span.
pub const SCALE: f32 = 6.0;

/// How hostile a text reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// From 0 to 1. A share of 10^(-6 × score) of benign texts in the channel scores as high: of 1,000 benign texts ten score
    /// a third or more, and one 0.5 or more.
    pub value: f32,
    /// The window that reads worst, in bytes of the text that was scored.
    pub span: Span,
}

/// The score of a text, which is best a view of a field (see [`crate::Views`]); `None` if there is no word in it.
#[must_use]
pub fn score(text: &str, channel: Channel) -> Option<Score> {
    Table::shipped().classify(text, channel)
}

/// How many of 1,000 benign texts score as high.
#[must_use]
pub fn flags_per_thousand(score: f32) -> f64 {
    1000.0 * 10f64.powf(-f64::from(score) * f64::from(SCALE))
}

/// The score that this many of 1,000 benign texts reach.
#[must_use]
#[allow(clippy::cast_possible_truncation, reason = "a number from 0 to 1")]
pub fn threshold(flags_per_thousand: f64) -> f32 {
    ((-(flags_per_thousand / 1000.0).log10() / f64::from(SCALE)) as f32).clamp(0.0, 1.0)
}

impl Table {
    /// The score of a text by this table.
    #[must_use]
    pub fn classify(&self, text: &str, channel: Channel) -> Option<Score> {
        let sums = window::Sums::of(text, &self.weights);
        let (window, sum) = best(sums.sums())?;
        Some(Score { value: self.score(self.worth(sum), channel), span: sums.span(window) })
    }

    /// The sum of the worst window, before it is read against a channel.
    #[must_use]
    pub fn raw(&self, text: &str) -> Option<f32> {
        best(window::Sums::of(text, &self.weights).sums()).map(|(_, sum)| self.worth(sum))
    }

    #[allow(clippy::cast_precision_loss, reason = "twenty words have few features")]
    fn worth(&self, sum: i32) -> f32 {
        sum as f32 * self.step
    }
}
