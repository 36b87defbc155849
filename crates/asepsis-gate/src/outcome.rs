//! What came of all runs.

use std::collections::BTreeMap;

use crate::baseline::Baseline;
use crate::judge::{Finding, Verdict};
use crate::probe::{Side, key};
use crate::suite::{Case, Suite};

/// What came of one request of a case in all runs.
#[derive(Clone, Debug)]
pub struct Outcome<'s> {
    /// The case.
    pub case: &'s Case,
    /// Which of its requests.
    pub side: Side,
    /// How often it was asked.
    pub runs: u32,
    /// How often it failed.
    pub failed: u32,
    /// How often the endpoint refused the request itself, of an attack.
    pub blocked: u32,
    /// How often the endpoint broke.
    pub errors: u32,
    /// What was found, each once.
    pub findings: Vec<Finding>,
    /// Why the endpoint broke, the first time.
    pub error: Option<String>,
    /// Whether a baseline knows it as failing.
    pub known: bool,
}

/// What an outcome counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It never failed.
    Passed,
    /// It failed, and the baseline knows that.
    Known,
    /// The endpoint broke, and it did not fail otherwise.
    Error,
    /// It failed at least once.
    Failed,
}

/// All outcomes.
#[derive(Clone, Debug)]
pub struct Outcomes<'s> {
    /// In the suite's order, the attack before its twin.
    pub all: Vec<Outcome<'s>>,
    /// Lines of the baseline that name what passes now, or what the suite does not have.
    pub stale: Vec<String>,
}

impl Outcome<'_> {
    /// What baselines and reports call it.
    #[must_use]
    pub fn key(&self) -> String {
        key(self.case, self.side)
    }

    /// What it counts as.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match (self.failed, self.errors) {
            (0, 0) => Standing::Passed,
            (0, _) => Standing::Error,
            _ if self.known => Standing::Known,
            _ => Standing::Failed,
        }
    }

    /// The share of runs that fail, with 95 % confidence: from, to. Of runs in which the endpoint broke nothing is known.
    #[must_use]
    pub fn interval(&self) -> (f64, f64) {
        wilson(self.failed, self.runs - self.errors)
    }
}

impl<'s> Outcomes<'s> {
    /// Adds up the verdicts of all runs.
    #[must_use]
    pub fn of(
        suite: &'s Suite,
        verdicts: impl IntoIterator<Item = (usize, Side, Verdict)>,
        baseline: &Baseline,
    ) -> Self {
        let mut tallies: BTreeMap<(usize, Side), Outcome<'s>> = BTreeMap::new();
        for (at, side, verdict) in verdicts {
            let Some(case) = suite.cases.get(at) else { continue };
            let tally = tallies.entry((at, side)).or_insert_with(|| Outcome {
                case,
                side,
                runs: 0,
                failed: 0,
                blocked: 0,
                errors: 0,
                findings: Vec::new(),
                error: None,
                known: baseline.knows(&key(case, side)),
            });
            tally.runs += 1;
            match verdict {
                Verdict::Passed { blocked } => tally.blocked += u32::from(blocked),
                Verdict::Failed(findings) => {
                    tally.failed += 1;
                    tally.findings.extend(findings);
                    tally.findings.sort();
                    tally.findings.dedup();
                }
                Verdict::Error(why) => {
                    tally.errors += 1;
                    tally.error.get_or_insert(why);
                }
            }
        }
        let all: Vec<_> = tallies.into_values().collect();
        let fails: Vec<String> = all.iter().filter(|one| one.standing() == Standing::Known).map(Outcome::key).collect();
        let stale = baseline.keys().filter(|key| !fails.iter().any(|known| known == key)).map(str::to_owned).collect();
        Self { all, stale }
    }

    /// How many of a side stand so.
    #[must_use]
    pub fn count(&self, side: Side, standing: Standing) -> usize {
        self.all.iter().filter(|one| one.side == side && one.standing() == standing).count()
    }

    /// The exit code: 1 something failed that the baseline does not know, 3 the endpoint broke, 0 otherwise.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.all.iter().map(Outcome::standing).max() {
            Some(Standing::Failed) => 1,
            Some(Standing::Error) => 3,
            _ => 0,
        }
    }
}

/// Wilson's score interval of a share at 95 %: from, to. Of no tries nothing is known: 0 to 1.
#[must_use]
pub fn wilson(hits: u32, tries: u32) -> (f64, f64) {
    const Z: f64 = 1.959_963_984_540_054;
    if tries == 0 {
        return (0.0, 1.0);
    }
    let (n, p) = (f64::from(tries), f64::from(hits) / f64::from(tries));
    let middle = p + Z * Z / (2.0 * n);
    let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    (((middle - spread) / scale).max(0.0), ((middle + spread) / scale).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_wilsons() {
        // Newcombe, Statistics in Medicine 17:857 (1998), table I: 15 of 148, 0 of 20.
        let (from, to) = wilson(15, 148);
        assert!((from - 0.0624).abs() < 5e-4 && (to - 0.1605).abs() < 5e-4, "{from} {to}");
        let (from, to) = wilson(0, 20);
        assert!(from.abs() < 1e-9 && (to - 0.1611).abs() < 5e-4, "{from} {to}");
        assert_eq!(wilson(0, 0), (0.0, 1.0));
    }
}
