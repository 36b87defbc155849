//! What a patient has to be told where AI wrote a message and no licensed person read it before it went, by jurisdiction.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::problem::closest;

/// The wording of one jurisdiction.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wording {
    /// What people call the jurisdiction.
    pub name: String,
    /// Where the duty stands.
    pub cite: String,
    /// The day that it was read.
    pub as_of: String,
    before: BTreeMap<String, String>,
    after: BTreeMap<String, String>,
}

static WORDINGS: LazyLock<BTreeMap<String, Wording>> = LazyLock::new(|| {
    toml::from_str(include_str!("../../../data/wording.toml")).expect("the shipped wording is read by a test")
});

/// Why there is no wording.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoWording {
    /// The jurisdiction has none.
    #[error("there is no wording for the jurisdiction `{0}`{near}; there are {known}, and `default` for all others",
        near = .1.map(|near| format!("; did you mean `{near}`")).unwrap_or_default(), known = names())]
    Jurisdiction(String, Option<&'static str>),
    /// The language has none.
    #[error("there is no wording in the language `{0}`; there are en and es")]
    Language(String),
}

fn names() -> String {
    WORDINGS.keys().filter(|code| *code != "default").cloned().collect::<Vec<_>>().join(", ")
}

impl Wording {
    /// The wording of a jurisdiction, such as `us-ca`.
    ///
    /// # Errors
    /// Where there is none, with the nearest.
    pub fn of(jurisdiction: &str) -> Result<&'static Self, NoWording> {
        WORDINGS.get(jurisdiction).ok_or_else(|| {
            let near = closest(jurisdiction, WORDINGS.keys().map(String::as_str));
            NoWording::Jurisdiction(jurisdiction.chars().take(16).collect(), near)
        })
    }

    /// What stands before a message and behind it, in a language (ISO 639-1), with how a person is reached.
    ///
    /// # Errors
    /// Where the language has none.
    pub fn around(&self, language: &str, contact: &str) -> Result<(String, String), NoWording> {
        match (self.before.get(language), self.after.get(language)) {
            (Some(before), Some(after)) => Ok((before.clone(), after.replace("{contact}", contact))),
            _ => Err(NoWording::Language(language.chars().take(16).collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r20_every_jurisdiction_says_that_a_machine_wrote_it_and_how_a_person_is_reached() {
        for (code, wording) in WORDINGS.iter() {
            assert!(!wording.cite.is_empty() && wording.as_of.len() == 10, "{code}");
            for (language, machine) in [("en", "artificial intelligence"), ("es", "inteligencia artificial")] {
                let (before, after) = wording.around(language, "call 555-0100").unwrap();
                assert!(before.to_lowercase().contains(machine), "{code}, {language}: {before}");
                assert!(after.contains("call 555-0100") && after.contains("911"), "{code}, {language}: {after}");
            }
        }
        assert!(Wording::of("us-cal").unwrap_err().to_string().contains("did you mean `us-ca`"));
        assert_eq!(
            Wording::of("us-ca").unwrap().around("tlh", "x").unwrap_err(),
            NoWording::Language("tlh".to_owned())
        );
    }
}
