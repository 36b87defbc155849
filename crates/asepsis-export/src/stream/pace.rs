//! How long to wait before another try.

use std::time::Duration;

/// The first wait.
const FIRST: Duration = Duration::from_millis(500);
/// No wait is longer, unless the other side asks for it.
const LONGEST: Duration = Duration::from_secs(30);
/// What the other side may ask for at most.
const LONGEST_ASKED: Duration = Duration::from_secs(300);

/// Waits that double, each shortened by up to half at random, so that many gateways do not come back in the same moment.
#[derive(Default)]
pub(super) struct Pace {
    failures: u32,
}

impl Pace {
    /// Something went well.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// The next wait; `asked` is what the other side wants at least.
    pub(super) fn next(&mut self, asked: Option<Duration>) -> Duration {
        let whole = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let shortened = whole.mul_f64(0.5 + 0.5 * fastrand::f64());
        shortened.max(asked.unwrap_or_default().min(LONGEST_ASKED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_their_limit_and_begin_anew() {
        let mut pace = Pace::default();
        let waits: Vec<Duration> = (0..20).map(|_| pace.next(None)).collect();
        assert!(waits[0] >= FIRST / 2 && waits[0] <= FIRST, "{waits:?}");
        assert!(waits[19] >= LONGEST / 2 && waits.iter().all(|w| *w <= LONGEST), "{waits:?}");
        assert_eq!(pace.next(Some(Duration::from_secs(100))), Duration::from_secs(100));
        assert_eq!(pace.next(Some(Duration::from_secs(100_000))), LONGEST_ASKED);
        pace.reset();
        assert!(pace.next(None) <= FIRST);
    }
}
