//! Which groups clients may state of the person that an exchange is about.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use asepsis_groups::Dimensions;
use serde::Deserialize;

/// `[groups]`: by dimension, its values, or `"ready"` for those that ship.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Groups(BTreeMap<String, Values>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    Named(String),
    Listed(Vec<String>),
}

impl Groups {
    /// The dimensions that are set up; none where the section is not there.
    pub(super) fn dimensions(&self) -> anyhow::Result<Dimensions> {
        let mut all = Vec::with_capacity(self.0.len());
        for (name, values) in &self.0 {
            let values = match values {
                Values::Listed(values) => values.clone(),
                Values::Named(word) if word == "ready" => Dimensions::ready(name).context("[groups]")?,
                Values::Named(_) => bail!("[groups] {name} is a list of values, or \"ready\" for those that ship"),
            };
            all.push((name.clone(), values));
        }
        Dimensions::new(all).context("[groups]")
    }
}
