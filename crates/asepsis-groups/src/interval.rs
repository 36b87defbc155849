//! Intervals of a rate and of the difference of two rates.

/// The two-sided 95 % point of the normal distribution.
const Z95: f64 = 1.959_963_984_540_054;

/// A rate and where it may lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// What was seen.
    pub at: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The 95 % score interval of `x` of `n` (Wilson 1927; method 3 of Newcombe, Statistics in Medicine 17, 1998, 857-872, without
/// continuity correction). `None` for no observations, or more hits than observations.
#[must_use]
pub fn wilson(x: u64, n: u64) -> Option<Interval> {
    if n == 0 || x > n {
        return None;
    }
    let (hits, total) = (x as f64, n as f64);
    let (at, z2) = (hits / total, Z95 * Z95);
    let middle = 2.0 * hits + z2;
    let spread = Z95 * (z2 + 4.0 * hits * (1.0 - at)).sqrt();
    let scale = 2.0 * (total + z2);
    // At the ends the formula gives 0 and 1, which rounding may miss.
    let low = if x == 0 { 0.0 } else { ((middle - spread) / scale).max(0.0) };
    let high = if x == n { 1.0 } else { ((middle + spread) / scale).min(1.0) };
    Some(Interval { at, low, high })
}

/// The 95 % interval of the first rate less the second, from their score intervals (method 10 of Newcombe, Statistics in Medicine 17,
/// 1998, 873-890). `None` as for [`wilson`].
#[must_use]
pub fn newcombe((x1, n1): (u64, u64), (x2, n2): (u64, u64)) -> Option<Interval> {
    let (one, two) = (wilson(x1, n1)?, wilson(x2, n2)?);
    let at = one.at - two.at;
    let down = (one.at - one.low).hypot(two.high - two.at);
    let up = (one.high - one.at).hypot(two.at - two.low);
    Some(Interval { at, low: (at - down).max(-1.0), high: (at + up).min(1.0) })
}
