//! Every rule in plain words, for who sees a mark: `data/clinical/rules.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// What a rule means.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// A few words for the mark itself.
    pub title: String,
    /// Why it matters.
    pub why: String,
    /// What whoever reads the answer does now.
    #[serde(rename = "do")]
    pub remedy: String,
}

static RULES: LazyLock<BTreeMap<String, Explanation>> = LazyLock::new(|| {
    toml::from_str(include_str!("../../../data/clinical/rules.toml")).expect("data/clinical/rules.toml is tested")
});

/// What the rule of a flag means; `None` where there is no such rule.
#[must_use]
pub fn explain(rule: &str) -> Option<&'static Explanation> {
    RULES.get(rule)
}

/// The names of all rules, in alphabetical order.
pub fn rules() -> impl Iterator<Item = &'static str> {
    RULES.keys().map(String::as_str)
}
