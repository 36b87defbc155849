//! What patients are told where AI wrote a message and no licensed person read it first.

use anyhow::{Context, bail};
use asepsis_policy::Wording;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Patients {
    /// Whose rules hold, such as `us-ca`; `default` where no rule of a state is known.
    jurisdiction: String,
    /// The language of the wording: `en` or `es`.
    language: String,
    /// How a person is reached, as it ends "To talk with a person, ...": `call 555-0100`.
    pub(super) contact: Option<String>,
}

impl Default for Patients {
    fn default() -> Self {
        Self { jurisdiction: "default".to_owned(), language: "en".to_owned(), contact: None }
    }
}

/// The longest text that says how a person is reached, in bytes.
const LONGEST_CONTACT: usize = 200;

impl Patients {
    /// What stands before such a message, and behind it; `None` where nobody said how a person is reached.
    pub(super) fn wording(&self) -> anyhow::Result<Option<(String, String)>> {
        let wording = Wording::of(&self.jurisdiction).context("[patients] jurisdiction")?;
        let contact = self.contact.as_deref().map(str::trim);
        if contact.is_some_and(|text| text.is_empty() || text.len() > LONGEST_CONTACT || text.contains(['\r', '\n'])) {
            bail!("[patients] contact is one line of at most {LONGEST_CONTACT} bytes, such as \"call 555-0100\"");
        }
        let around = wording.around(&self.language, contact.unwrap_or_default()).context("[patients] language")?;
        Ok(contact.map(|_| (format!("{}\n\n", around.0), format!("\n\n{}", around.1))))
    }
}
