//! Whether two rates differ by more than chance, and how much they would have to for that to be seen.

use libm::{erfc, lgamma};

/// Up to so many tables of the same margins Fisher's exact test adds them up; beyond, the chi-square test is as good.
const MOST_TABLES: u64 = 20_000;

/// Two rates: hits and observations of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Of the one group: hits, observations.
    pub one: (u64, u64),
    /// Of all others.
    pub others: (u64, u64),
}

impl Pair {
    /// The smallest count of the two-by-two table that chance alone would give.
    #[must_use]
    pub fn least_expected(self) -> f64 {
        let ((x1, n1), (x2, n2)) = (self.one, self.others);
        let total = (n1 + n2) as f64;
        if total == 0.0 {
            return 0.0;
        }
        let hits = (x1 + x2) as f64;
        (n1.min(n2) as f64) * hits.min(total - hits) / total
    }

    /// The two-sided p: Fisher's exact test where the tables can be added up, else chi-square.
    #[must_use]
    pub fn p(self) -> f64 {
        let ((x1, n1), (x2, n2)) = (self.one, self.others);
        let hits = x1 + x2;
        let tables = n1.min(n2).min(hits).min(n1 + n2 - hits);
        if tables <= MOST_TABLES { self.fisher() } else { self.chi_square() }
    }

    /// Fisher's exact test, two-sided: the probability of all tables of these margins that are no more probable than the one seen
    /// (Fisher 1935; the rule of R's `fisher.test`, with its tolerance of 1e-7).
    #[must_use]
    pub fn fisher(self) -> f64 {
        let ((x1, n1), (x2, n2)) = (self.one, self.others);
        let hits = x1 + x2;
        let from = hits.saturating_sub(n2);
        let to = hits.min(n1);
        let whole = choose(n1 + n2, hits);
        let at = |x: u64| choose(n1, x) + choose(n2, hits - x) - whole;
        let seen = at(x1) + 1e-7;
        let sum: f64 = (from..=to).map(at).filter(|log| *log <= seen).map(f64::exp).sum();
        sum.min(1.0)
    }

    /// Pearson's chi-square test of one degree of freedom, without correction.
    #[must_use]
    pub fn chi_square(self) -> f64 {
        let ((x1, n1), (x2, n2)) = (self.one, self.others);
        let (n1, n2, hits) = (n1 as f64, n2 as f64, (x1 + x2) as f64);
        let spread = hits * (n1 + n2 - hits) * n1 * n2;
        if spread <= 0.0 {
            return 1.0;
        }
        let off = x1 as f64 * n2 - x2 as f64 * n1;
        let square = off / spread * off * (n1 + n2);
        erfc((square / 2.0).sqrt())
    }
}

/// The logarithm of the number of ways to choose `k` of `n`.
fn choose(n: u64, k: u64) -> f64 {
    let factorial = |n: u64| lgamma(n as f64 + 1.0);
    factorial(n) - factorial(k) - factorial(n - k)
}

/// The q of each p: the smallest rate of false discoveries at which it counts (Benjamini and Hochberg, Journal of the Royal
/// Statistical Society B 57, 1995, 289-300).
#[must_use]
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*b].total_cmp(&p[*a]));
    let (mut q, mut least) = (vec![1.0; p.len()], 1.0_f64);
    for (after, at) in order.into_iter().enumerate() {
        let rank = p.len() - after;
        least = least.min(p[at] * p.len() as f64 / rank as f64);
        q[at] = least;
    }
    q
}

/// The smallest difference to the rate `x2` of `n2` that `n1` observations show with a power of 80 %, two-sided at the level `alpha`, by
/// the normal approximation (Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, 3rd ed. 2003, 4.2). The direction is
/// the one with more room. `None` where not even the greatest difference would be seen.
#[must_use]
pub fn detectable(n1: u64, (x2, n2): (u64, u64), alpha: f64) -> Option<f64> {
    /// The 80 % point of the normal distribution.
    const Z80: f64 = 0.841_621_233_572_914_3;
    if n1 == 0 || n2 == 0 || x2 > n2 {
        return None;
    }
    let (one, two, z) = (n1 as f64, n2 as f64, two_sided(alpha));
    let rate = x2 as f64 / two;
    // The mirror image where there is more room below.
    let rate = rate.min(1.0 - rate);
    let room = 1.0 - rate;
    let is_seen = |delta: f64| {
        let other = rate + delta;
        let mean = (one * other + two * rate) / (one + two);
        let under_none = z * (mean * (1.0 - mean) * (1.0 / one + 1.0 / two)).max(0.0).sqrt();
        let under_some = Z80 * ((other * (1.0 - other)).max(0.0) / one + rate * (1.0 - rate) / two).sqrt();
        delta >= under_none + under_some
    };
    if !is_seen(room) {
        return None;
    }
    let (mut low, mut high) = (0.0, room);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if is_seen(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

/// The point that a standard normal value is beyond, on either side, with this probability.
fn two_sided(alpha: f64) -> f64 {
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if erfc(middle / std::f64::consts::SQRT_2) > alpha { low = middle } else { high = middle }
    }
    high
}
