//! How deep an assessment goes.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::Intake;

/// Low to critical. The words are those of the sector's guides; what leads to which is ours, and stands in
/// `data/govern/tiers.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// The least.
    Low,
    /// More.
    Moderate,
    /// Much.
    High,
    /// The most.
    Critical,
}

impl Tier {
    /// Every tier, the lowest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Moderate, Self::High, Self::Critical];

    /// The name in data.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Moderate => "moderate",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What could happen to patients if it is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Safety {
    /// Nothing that reaches care: letters, scheduling, billing.
    Administrative,
    /// Somebody who treats reads it and decides by other things too: a draft note, a summary.
    Informs,
    /// A finding, a dose, a triage is led by it.
    Drives,
    /// It can harm somebody gravely before anybody can step in.
    LifeCritical,
}

/// The most sensitive data that it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataClass {
    /// Nothing of patients.
    None,
    /// De-identified, 45 CFR 164.514(b).
    Deidentified,
    /// A limited data set, 164.514(e), or pseudonymised: still health information.
    Limited,
    /// Identified health information.
    Identified,
    /// That of 42 CFR Part 2, psychotherapy notes, HIV, abuse.
    Special,
}

/// How much it does by itself, 1 to 5: assists, recommends, acts with approval, acts within bounds, acts alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Autonomy(u8);

impl Autonomy {
    /// The level; `None` if it is none of 1 to 5.
    pub fn new(level: u8) -> Option<Self> {
        (1..=5).contains(&level).then_some(Self(level))
    }

    /// 1 to 5.
    pub fn level(self) -> u8 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Autonomy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u8::deserialize(deserializer)?).ok_or_else(|| {
            serde::de::Error::custom(
                "autonomy is 1 (assists), 2 (recommends), 3 (acts with approval), 4 (acts within bounds) or 5 (acts alone)",
            )
        })
    }
}

/// What leads to which tier, and what a tier asks for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierRules {
    safety: std::collections::BTreeMap<Safety, Tier>,
    data: std::collections::BTreeMap<DataClass, Tier>,
    /// For the levels 1 to 5.
    autonomy: [Tier; 5],
    low: Depth,
    moderate: Depth,
    high: Depth,
    critical: Depth,
}

/// What a tier asks for.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Depth {
    /// Months until it is looked at again.
    pub(crate) review_months: u8,
    /// The least coverage for an approval, in hundredths.
    pub(crate) coverage: u8,
    /// The least confidence for an approval, in hundredths.
    pub(crate) confidence: u8,
}

/// One step to the tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// `safety`, `data` or `autonomy`.
    pub of: &'static str,
    /// What was said; absent where nobody did.
    pub said: Option<String>,
    /// Where that leads.
    pub tier: Tier,
}

/// A tier, and how it was reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tiering {
    /// The highest of the steps.
    pub tier: Tier,
    /// Each step.
    pub steps: Vec<Step>,
}

impl TierRules {
    /// The highest of what could happen to patients, what data is given, and how much is done without a person.
    pub fn tier(&self, intake: &Intake) -> Tiering {
        fn word(value: &impl Serialize) -> Option<String> {
            serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned))
        }
        let highest = Tier::Critical;
        let safety = intake.safety.and_then(|safety| self.safety.get(&safety)).copied().unwrap_or(highest);
        let data = intake.data.and_then(|data| self.data.get(&data)).copied().unwrap_or(highest);
        let level = intake.autonomy.map(|level| usize::from(level.level()) - 1);
        let autonomy = level.and_then(|at| self.autonomy.get(at)).copied().unwrap_or(highest);
        let steps = vec![
            Step { of: "safety", said: intake.safety.as_ref().and_then(word), tier: safety },
            Step { of: "data", said: intake.data.as_ref().and_then(word), tier: data },
            Step { of: "autonomy", said: intake.autonomy.map(|level| level.level().to_string()), tier: autonomy },
        ];
        Tiering { tier: safety.max(data).max(autonomy), steps }
    }

    pub(crate) fn depth(&self, tier: Tier) -> Depth {
        match tier {
            Tier::Low => self.low,
            Tier::Moderate => self.moderate,
            Tier::High => self.high,
            Tier::Critical => self.critical,
        }
    }

    /// Whether everything that can be said leads somewhere, and a higher tier asks for no less.
    pub(crate) fn is_whole(&self) -> bool {
        let said = self.safety.len() == 4 && self.data.len() == 5;
        let depths = Tier::ALL.map(|tier| self.depth(tier));
        said && depths.windows(2).all(|pair| {
            pair[0].review_months >= pair[1].review_months
                && pair[0].coverage <= pair[1].coverage
                && pair[0].confidence <= pair[1].confidence
        })
    }
}
