//! Thresholds from a site's own benign texts.
//!
//! A share that was seen is not the share that will be. What `n` texts show is told with its interval (Clopper and Pearson,
//! Biometrika 26, 1934), and nothing is claimed that they cannot show: of a share with no case among `n`, one knows at 95 %
//! only that it is below about `3/n` (the rule of three).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use asepsis_vocab::Channel;
use serde::Deserialize;

use super::Table;
use crate::guard::Thresholds;

/// The most flags in 1,000 that may be asked for.
const MOST: f64 = 100.0;

/// What benign texts of a channel say of a threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    /// The channel of the texts.
    pub channel: Channel,
    /// How many texts there were.
    pub texts: usize,
    /// How many of them reach the threshold.
    pub flagged: usize,
    /// The least score that is flagged.
    pub threshold: f32,
    /// The flags in 1,000 texts that were asked for.
    pub asked: f64,
}

/// A calibration that cannot be made or read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CalibrationError {
    /// The texts are too few for what is asked.
    #[error(
        "{texts} texts of the channel {channel} cannot show {asked} flags in 1,000: even with none flagged, up to {shown:.2} in 1,000 would \
         be possible (rule of three); give {needed} texts or more, or ask for more flags"
    )]
    TooFew {
        /// The channel.
        channel: Channel,
        /// How many there are.
        texts: usize,
        /// The flags in 1,000 that were asked for.
        asked: f64,
        /// The fewest flags in 1,000 that as many texts can show.
        shown: f64,
        /// How many texts can show what is asked.
        needed: usize,
    },
    /// So many flags, or none, cannot be asked for.
    #[error("{0} flags in 1,000 cannot be asked for; ask for more than 0 and at most 100")]
    Asked(f64),
    /// The file is none of thresholds.
    #[error("these are no thresholds of the guard: {0}; `asepsis guard calibrate` writes them")]
    Unreadable(String),
    /// The file belongs to another classifier.
    #[error("the thresholds were made with the classifier {made}, this is {here}; run `asepsis guard calibrate` again")]
    OtherTable {
        /// The classifier that they were made with.
        made: String,
        /// This one.
        here: String,
    },
}

impl Calibration {
    /// The least threshold that at most `asked` of 1,000 of these benign scores reach.
    ///
    /// # Errors
    /// If that cannot be asked for, or so few texts cannot show it.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts of texts, and a share of them"
    )]
    pub fn of(channel: Channel, scores: &[f32], asked: f64) -> Result<Self, CalibrationError> {
        if !(asked > 0.0 && asked <= MOST) {
            return Err(CalibrationError::Asked(asked));
        }
        let texts = scores.len();
        let needed = (3000.0 / asked).ceil() as usize;
        if texts < needed {
            let shown = 3000.0 / texts.max(1) as f64;
            return Err(CalibrationError::TooFew { channel, texts, asked, shown, needed });
        }
        let mut sorted = scores.to_vec();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let most = (texts as f64 * asked / 1000.0) as usize;
        // Equal scores are flagged together or not at all; what is at the end of the scale is never flagged by a score above it.
        let threshold = sorted[most.min(texts - 1)].next_up();
        let flagged = sorted.iter().take_while(|s| **s >= threshold).count();
        Ok(Self { channel, texts, flagged, threshold, asked })
    }

    /// The flags in 1,000 that the texts leave possible, at 95 %.
    #[must_use]
    pub fn interval(&self) -> [f64; 2] {
        interval(self.flagged, self.texts).map(|share| share * 1000.0)
    }
}

/// The file of thresholds: TOML that the configuration can name.
#[must_use]
pub fn write(table: &Table, calibrations: &[Calibration]) -> String {
    let mut out = String::from(
        "# Thresholds of the guard's classifier, from benign texts of this site. Made by `asepsis guard calibrate`;\n\
         # after an update with another classifier they have to be made again.\n",
    );
    // Writing into a string does not fail.
    let _ = writeln!(out, "classifier = \"{}\"", table.id());
    for c in calibrations {
        let [low, high] = c.interval();
        let _ = write!(
            out,
            "\n[{}]\nthreshold = {}  # {} of {} texts reach it; 95 % interval {low:.3} to {high:.3} in 1,000, asked for {}\n",
            c.channel, c.threshold, c.flagged, c.texts, c.asked
        );
    }
    out
}

/// Reads thresholds. Channels that are not in the file keep the shipped ones.
///
/// # Errors
/// If the text is something else, or was made with another classifier.
pub fn read(table: &Table, text: &str) -> Result<Thresholds, CalibrationError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct One {
        threshold: f32,
    }
    #[derive(Deserialize)]
    struct File {
        classifier: String,
        #[serde(flatten)]
        channels: BTreeMap<String, One>,
    }
    let unreadable = |why: String| CalibrationError::Unreadable(why);
    let file: File = toml::from_str(text).map_err(|error| unreadable(error.message().to_owned()))?;
    let here = table.id();
    if file.classifier != here {
        return Err(CalibrationError::OtherTable { made: file.classifier.chars().take(40).collect(), here });
    }
    let mut thresholds = Thresholds::default();
    for (word, one) in file.channels {
        let channel = word.parse::<Channel>().map_err(|error| unreadable(error.to_string()))?;
        if !(0.0..=2.0).contains(&one.threshold) {
            return Err(unreadable(format!("the threshold of {channel} is {}, not a score", one.threshold)));
        }
        thresholds = thresholds.with(channel, one.threshold);
    }
    Ok(thresholds)
}

/// The exact interval of Clopper and Pearson at 95 % for `cases` of `all`.
#[must_use]
fn interval(cases: usize, all: usize) -> [f64; 2] {
    let low = if cases == 0 { 0.0 } else { bisect(|p| 1.0 - at_most(cases - 1, all, p) > 0.025) };
    let high = if cases == all { 1.0 } else { bisect(|p| at_most(cases, all, p) < 0.025) };
    [low, high]
}

/// The least share at which `holds`, which from some share on always does.
fn bisect(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0f64, 1.0f64);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if holds(middle) { high = middle } else { low = middle }
    }
    high
}

/// How likely at most `cases` of `all` are, where each is with likelihood `p` (binomial distribution).
#[allow(clippy::cast_precision_loss, reason = "counts of texts")]
fn at_most(cases: usize, all: usize, p: f64) -> f64 {
    if p <= 0.0 {
        return 1.0;
    }
    if p >= 1.0 {
        return 0.0;
    }
    let odds = (p / (1.0 - p)).ln();
    let mut log = all as f64 * (1.0 - p).ln();
    let mut sum = log.exp();
    for k in 1..=cases {
        log += ((all - k + 1) as f64 / k as f64).ln() + odds;
        sum += log.exp();
    }
    sum.min(1.0)
}

#[cfg(test)]
mod unit {
    use super::interval;

    /// Values of `scipy.stats.binomtest(k, n).proportion_ci(method="exact")`.
    #[test]
    fn intervals_are_those_of_clopper_and_pearson() {
        for (k, n, low, high) in [
            (0, 10, 0.0, 0.308_497_1),
            (1, 1000, 0.000_025_317_5, 0.005_558_924_4),
            (12, 12_000, 0.000_516_8, 0.001_746_2),
            (5, 5, 0.478_176_2, 1.0),
        ] {
            let [l, h] = interval(k, n);
            assert!((l - low).abs() < 2e-6 && (h - high).abs() < 2e-6, "{k} of {n}: {l} to {h}");
        }
    }
}
