//! Thresholds on a mix, and what they let through.

/// Scores of benign texts with the weight of each.
#[derive(Clone, Debug, Default)]
pub struct Mix {
    scores: Vec<(f32, f64)>,
}

impl Mix {
    /// Adds the scores of a set that makes up a share of the mix.
    #[allow(clippy::cast_precision_loss, reason = "counts of texts")]
    pub fn add(&mut self, share: f64, scores: &[f32]) {
        let weight = share / scores.len().max(1) as f64;
        self.scores.extend(scores.iter().map(|s| (*s, weight)));
    }

    /// The least score that flags at most this share of the mix: scores above it are flagged.
    #[must_use]
    pub fn threshold(&self, share: f64) -> f32 {
        let mut sorted = self.scores.clone();
        sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
        let total: f64 = sorted.iter().map(|s| s.1).sum();
        let (mut flagged, mut at) = (0.0, 0);
        while at < sorted.len() {
            // Equal scores are flagged together.
            let score = sorted[at].0;
            let mut here = 0.0;
            while at < sorted.len() && sorted[at].0.total_cmp(&score).is_eq() {
                here += sorted[at].1;
                at += 1;
            }
            if flagged + here > share * total + 1e-12 {
                return score;
            }
            flagged += here;
        }
        f32::NEG_INFINITY
    }

    /// The share of the mix above a score.
    #[must_use]
    pub fn flagged(&self, score: f32) -> f64 {
        let total: f64 = self.scores.iter().map(|s| s.1).sum();
        self.scores.iter().filter(|s| s.0 > score).map(|s| s.1).sum::<f64>() / total.max(f64::MIN_POSITIVE)
    }
}

/// The share of scores above a threshold.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "counts of texts")]
pub fn above(scores: &[f32], threshold: f32) -> f64 {
    scores.iter().filter(|s| **s > threshold).count() as f64 / scores.len().max(1) as f64
}
