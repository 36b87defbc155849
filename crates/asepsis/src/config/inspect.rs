//! How identifiers are found: profile, language, models, what the site knows of its patients and of its own numbers.

use std::path::{Path, PathBuf};

use anyhow::Context;
use asepsis_phi::{Engine, KnownPhi, Language, Profile, SitePattern};
use asepsis_vocab::IdentifierClass;
use serde::Deserialize;
use zeroize::Zeroizing;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Inspect {
    /// That detection which may leave a name is accepted for the label "deidentified".
    pub(super) accept_first_layer: bool,
    /// How misses weigh against words covered for nothing.
    #[serde(deserialize_with = "parsed")]
    profile: Profile,
    /// The language of all texts; told by its words, document by document, where absent.
    #[serde(deserialize_with = "parsed_option")]
    language: Option<Language>,
    /// A model that was trained on this site's texts, in place of the shipped one of its language.
    model_file: Option<PathBuf>,
    /// What the organisation knows of its patients: lines of a class, a tab and a value.
    known_phi_file: Option<PathBuf>,
    /// Formats of the site's own numbers.
    #[serde(rename = "site_pattern")]
    site_patterns: Vec<SitePatternEntry>,
}

pub(super) fn parsed<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
    D: serde::Deserializer<'de>,
{
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

fn parsed_option<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
    D: serde::Deserializer<'de>,
{
    parsed(deserializer).map(Some)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SitePatternEntry {
    class: IdentifierClass,
    pattern: String,
}

impl Inspect {
    /// What finds identifiers.
    pub(super) fn engine(&self, base: &Path) -> anyhow::Result<Engine> {
        let patterns: Vec<SitePattern> =
            self.site_patterns.iter().map(|p| SitePattern { class: p.class, pattern: p.pattern.clone() }).collect();
        // A title tells no one who it is, and without it the same surname is one person to the model that answers.
        let mut builder = Engine::builder().titles_apart().profile(self.profile).site_patterns(patterns);
        if let Some(language) = self.language {
            builder = builder.language(language);
        }
        let model = self.model_file.as_ref().map(|file| base.join(file));
        crate::model::engine(builder, model.as_deref())
    }

    /// What is known of patients.
    pub(super) fn known(&self, base: &Path) -> anyhow::Result<KnownPhi> {
        match &self.known_phi_file {
            Some(path) => read_known(&base.join(path)),
            None => Ok(KnownPhi::default()),
        }
    }
}

/// Reads what is known of patients: a line each, a class (`NAME`, `MRN`, ...), a tab, the value.
pub(crate) fn read_known(path: &Path) -> anyhow::Result<KnownPhi> {
    let text = Zeroizing::new(
        std::fs::read_to_string(path).with_context(|| format!("cannot read the known-PHI list {}", path.display()))?,
    );
    let mut known = KnownPhi::default();
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        // The value itself must not get into the error.
        let (class, value) = line.split_once('\t').with_context(|| {
            format!("{}, line {}: a line is a class, a tab and a value", path.display(), number + 1)
        })?;
        let class: IdentifierClass =
            class.parse().with_context(|| format!("{}, line {}", path.display(), number + 1))?;
        known = known.identifier(class, value);
    }
    Ok(known)
}
