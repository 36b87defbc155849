//! Roles and people: what is known of who asks.

use serde::Deserialize;

use crate::case::ToolEffect;
use crate::fact::Fact;

/// A role of people or programs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// A short stable name.
    pub id: String,
    /// Whether the role may be given back what surrogates stand for.
    pub restore: bool,
    /// Whether the role looks after Asepsis itself.
    #[serde(default)]
    pub administer: bool,
    /// Whether it is a role of licensed or certified health care providers, who may read what AI wrote before a patient does.
    #[serde(default)]
    pub licensed: bool,
    /// What AI systems want to do by tools that people of the role may release: calls of these effects.
    #[serde(default)]
    pub release: Vec<ToolEffect>,
    /// What holds for everybody of the role of whom nothing else is said.
    #[serde(default)]
    pub standing: Standing,
}

/// A user or program of whom more is known than the role.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The user's id, as keys and logins name it.
    pub user: String,
    /// What is known.
    #[serde(default)]
    pub standing: Standing,
}

/// What is known of people and of what they work with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Standing {
    /// That the training for the role was passed (45 CFR 164.308(a)(5), 164.530(b)); `expires` is when it lapses.
    pub training: Fact<bool>,
    /// That the present usage policy was agreed to.
    pub attestation: Fact<bool>,
    /// That the device is one that the organisation looks after (45 CFR 164.310(c)).
    pub managed_device: Fact<bool>,
    /// The network zone that requests come from.
    pub zone: Fact<String>,
}
