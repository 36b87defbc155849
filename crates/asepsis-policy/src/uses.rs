//! What AI is used for in care, as ready profiles: purposes and forms that go with a use, who reads what comes out, and the label
//! that it bears. A use narrows what policy permits; it never permits more.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use asepsis_vocab::{DisclosureForm, PurposeOfUse};
use serde::Deserialize;

use crate::problem::closest;

/// A use of AI.
#[derive(Debug)]
pub struct AiUse {
    /// Its name in requests, the configuration and the log.
    pub id: String,
    profile: Profile,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    title: String,
    purposes: Vec<PurposeOfUse>,
    forms: Vec<DisclosureForm>,
    patient: bool,
    review: Review,
    #[serde(default)]
    sums_up: bool,
    label: String,
    staff: String,
}

/// Who reads what an AI system wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Review {
    /// The person who asked, before it counts.
    Author,
    /// Somebody besides.
    Second,
    /// A licensed person whom the request names, before a patient does; or else the wording that is required goes with it.
    Named,
}

impl Review {
    /// The word for it in headers and the log.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Author => "author",
            Self::Second => "second",
            Self::Named => "named",
        }
    }
}

/// A word that names no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no use of AI of that name{}; there are {}", .near.map(|near| format!("; did you mean `{near}`")).unwrap_or_default(), names())]
pub struct UnknownUse {
    near: Option<&'static str>,
}

static USES: LazyLock<Vec<AiUse>> = LazyLock::new(|| {
    let table: BTreeMap<String, Profile> =
        toml::from_str(include_str!("../../../data/uses.toml")).expect("the shipped uses are read by a test");
    table.into_iter().map(|(id, profile)| AiUse { id, profile }).collect()
});

fn names() -> String {
    AiUse::all().iter().map(|known| known.id.as_str()).collect::<Vec<_>>().join(", ")
}

impl AiUse {
    /// Every use.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &USES
    }

    /// The use of that name.
    ///
    /// # Errors
    /// Where there is none, with the nearest.
    pub fn named(id: &str) -> Result<&'static Self, UnknownUse> {
        Self::all()
            .iter()
            .find(|known| known.id == id)
            .ok_or_else(|| UnknownUse { near: closest(id, Self::all().iter().map(|known| known.id.as_str())) })
    }

    /// What people call it.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.profile.title
    }

    /// The purpose where none is stated.
    #[must_use]
    pub fn usual_purpose(&self) -> PurposeOfUse {
        self.profile.purposes[0]
    }

    /// Whether a purpose goes with the use: it is one of its purposes, or a kind of one.
    #[must_use]
    pub fn serves(&self, purpose: PurposeOfUse) -> bool {
        purpose.kinds().any(|kind| self.profile.purposes.contains(&kind))
    }

    /// The purposes that go with it.
    #[must_use]
    pub fn purposes(&self) -> &[PurposeOfUse] {
        &self.profile.purposes
    }

    /// What the use takes of the forms that a route takes.
    #[must_use]
    pub fn forms(&self, route: &[DisclosureForm]) -> Vec<DisclosureForm> {
        route.iter().copied().filter(|form| self.profile.forms.contains(form)).collect()
    }

    /// Whether patients read what comes out.
    #[must_use]
    pub fn patient(&self) -> bool {
        self.profile.patient
    }

    /// Who reads what comes out.
    #[must_use]
    pub fn review(&self) -> Review {
        self.profile.review
    }

    /// Whether what comes out stands for what was given, so that what it leaves out matters.
    #[must_use]
    pub fn sums_up(&self) -> bool {
        self.profile.sums_up
    }

    /// The HL7 v3 ObservationValue code that the output bears.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.profile.label
    }

    /// What the person who asked is told.
    #[must_use]
    pub fn staff(&self) -> &str {
        &self.profile.staff
    }
}

impl fmt::Display for AiUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p15_five_uses_have_purpose_forms_label_and_review() {
        let ids: Vec<&str> = AiUse::all().iter().map(|known| known.id.as_str()).collect();
        assert_eq!(ids, ["administration", "documentation", "imaging", "patient-communication", "reporting"]);
        for known in AiUse::all() {
            assert!(!known.purposes().is_empty() && !known.purposes().contains(&PurposeOfUse::Unknown), "{known}");
            assert!(
                known.profile.forms.windows(2).all(|two| two[0] > two[1]),
                "{known}: from the richest to the poorest"
            );
            assert!(!known.profile.forms.contains(&DisclosureForm::Nothing), "{known}");
            assert_eq!(known.label(), "AIAST", "{known}");
            assert_eq!(
                known.patient(),
                known.review() == Review::Named,
                "{known}: what patients read is read by a person first"
            );
            assert!(!known.serves(PurposeOfUse::Unknown) && !known.serves(PurposeOfUse::Hmarkt), "{known}");
        }
        let reporting = AiUse::named("reporting").unwrap();
        assert_eq!(reporting.forms(&DisclosureForm::LADDER), [DisclosureForm::Deidentified]);
        assert!(reporting.serves(PurposeOfUse::Clintrch), "a clinical trial is research");
        assert!(AiUse::named("documentation").unwrap().serves(PurposeOfUse::Btg), "emergency treatment is treatment");
        let unknown = AiUse::named("documentaton").unwrap_err();
        assert!(unknown.to_string().contains("did you mean `documentation`"), "{unknown}");
    }
}
