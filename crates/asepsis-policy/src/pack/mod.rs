//! Packs: policies with their texts and the cases that prove them, as data.
//!
//! A pack is a folder with `pack.toml` and, where it has rules of its own, `rules.cedar` and `invariants.cedar`. It may include
//! others. A site adds files of its own to a pack; a later file's settings and texts win over an earlier one's, and a rule can be
//! added but not taken away.

mod read;
mod settings;
mod shipped;

use serde::Deserialize;

use crate::case::Case;
use crate::problem::Problem;

pub use settings::{Settings, Unlabelled, Unscreened};
pub use shipped::{SHIPPED, shipped_sources};

/// A file of a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name, for errors: `dental/rules.cedar`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// A pack that was read, with what it includes.
#[derive(Clone, Debug)]
pub struct Pack {
    /// Its short name.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What it was made of, in order: what it includes first.
    pub sources: Vec<Source>,
    /// What can be set.
    pub settings: Settings,
    /// The texts of its rules.
    pub rules: Vec<RuleText>,
}

/// A rule's texts and the cases that prove it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleText {
    /// The stable name, as in the Cedar file's `@id`.
    pub id: String,
    /// Which of the reference's rules it carries out: `D14`. Empty for a site's own.
    #[serde(default)]
    pub rule: String,
    /// The source of the rule: a section of the CFR, the site's own policy.
    pub cite: String,
    /// The day on which the source was read; the pack's where absent.
    #[serde(default)]
    pub as_of: Option<String>,
    /// The code for the log.
    pub reason: String,
    /// What the person at the keyboard reads: two sentences.
    pub staff: String,
    /// What the privacy officer reads.
    pub officer: String,
    /// What helps; empty only where nothing is refused.
    #[serde(default)]
    pub fix: String,
    /// How an exception is asked for; the pack's where absent.
    #[serde(default)]
    pub exception: Option<String>,
    /// A request that the rule does not touch; of a permit one that it permits.
    #[serde(default)]
    pub allows: Option<Case>,
    /// A request in which the rule decides; of a permit one that it does not permit.
    #[serde(default)]
    pub stops: Option<Case>,
}

impl Pack {
    /// The shipped pack of this name.
    ///
    /// # Errors
    /// If there is none of that name.
    pub fn shipped(name: &str) -> Result<Self, Vec<Problem>> {
        Self::read(shipped_sources(name)?)
    }

    /// The shipped pack of this name with files of a site after it.
    ///
    /// # Errors
    /// Every problem of every file.
    pub fn with_files(name: &str, files: Vec<Source>) -> Result<Self, Vec<Problem>> {
        let mut sources = shipped_sources(name)?;
        sources.extend(files);
        Self::read(sources)
    }

    /// A pack of these files, in order.
    ///
    /// # Errors
    /// Every problem of every file.
    pub fn read(sources: Vec<Source>) -> Result<Self, Vec<Problem>> {
        read::pack(sources)
    }

    /// The first sixteen hexadecimal digits of the SHA-256 of its files and settings: what the log calls this version.
    pub fn fingerprint(&self) -> String {
        read::fingerprint(&self.sources, &self.settings)
    }

    /// The Cedar files that claim what must never be allowed.
    pub fn invariants(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(|source| source.name.ends_with("invariants.cedar"))
    }

    /// The Cedar files with rules.
    pub fn policies(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(|s| s.name.ends_with(".cedar") && !s.name.ends_with("invariants.cedar"))
    }
}
