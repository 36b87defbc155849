//! `data/clinical/red-flags.toml`: which topics need a warning, and what counts as one.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Advice {
    pub(crate) counts_as: Vec<String>,
    pub(crate) talks_out_of_care: Vec<String>,
    pub(crate) topic: Vec<Topic>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Topic {
    #[serde(rename = "id")]
    _id: String,
    pub(crate) triggers: Vec<String>,
    pub(crate) counts_as: Vec<String>,
}

impl Advice {
    /// The file that ships.
    pub(crate) fn shipped() -> Self {
        toml::from_str(include_str!("../../../data/clinical/red-flags.toml"))
            .expect("data/clinical/red-flags.toml is tested")
    }
}
