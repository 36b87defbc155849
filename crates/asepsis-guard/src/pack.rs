//! Signature packs: known attacks as data, signed, each rule with its tags and its false alarms on clinical text.
//!
//! A pack is a TOML file (`data/guard` has the shipped ones and their README the format). A rule looks for *phrases*, for
//! *sequences* (one of some words, then one of others within so many words of the same sentence, unless a clinical word
//! stands beside) and for *regular expressions* without back-tracking. All read views in small letters, with one space
//! between words. Reading is linear in text and in rules.

mod file;
mod find;
mod fold;
mod signature;

use std::fmt;
use std::sync::{Arc, LazyLock};

use asepsis_vocab::{Channel, Verdict};

pub use file::PackError;
pub(crate) use fold::Folded;
pub use signature::{PackKey, PublisherKey, SignatureFault};

use file::Compiled;

/// A pack of signatures, ready to be looked for.
pub struct Pack {
    name: String,
    id: [u8; 32],
    rules: Vec<Rule>,
    compiled: Compiled,
}

/// What is told of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its stable name: `override/instructions`.
    pub id: String,
    /// What it means that it fires.
    pub about: String,
    /// Entries of the OWASP Top 10 for LLM applications 2025: `LLM01`.
    pub owasp: Vec<String>,
    /// Techniques of MITRE ATLAS: `AML.T0051.001`.
    pub atlas: Vec<String>,
    /// Where it is looked for.
    pub channels: Vec<Channel>,
    /// What it leads to by default.
    pub verdict: Verdict,
    /// How often it fires on clinical text, where that was measured.
    pub false_alarms: Option<FalseAlarms>,
}

/// What was counted on clinical text without attacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FalseAlarms {
    /// Texts that were looked at.
    pub texts: u64,
    /// Texts among them in which the rule fired.
    pub flagged: u64,
    /// The day of the count.
    pub on: String,
}

impl Pack {
    /// Reads a pack that one of these keys has signed.
    ///
    /// `signature` is a C2SP signed note whose text names the pack's SHA-256; [`PackKey::sign`] makes one.
    ///
    /// # Errors
    /// Where no key has signed this very text, or the text is no pack; the error names the rule.
    pub fn read(text: &str, signature: &str, keys: &[PublisherKey]) -> Result<Self, PackError> {
        signature::verify(text, signature, keys)?;
        Self::of_trusted(text)
    }

    /// Reads a pack that needs no signature because of where it comes from: this binary, or a test.
    ///
    /// # Errors
    /// Where the text is no pack; the error names the rule.
    pub fn of_trusted(text: &str) -> Result<Self, PackError> {
        let (name, rules, compiled) = file::read(text)?;
        Ok(Self { name, id: signature::hash(text), rules, compiled })
    }

    /// The packs of this version of Asepsis.
    #[must_use]
    pub fn shipped() -> Vec<Arc<Self>> {
        static SHIPPED: LazyLock<Vec<Arc<Pack>>> = LazyLock::new(|| {
            SHIPPED_TEXTS.map(|text| Arc::new(Pack::of_trusted(text).expect("shipped packs are tested"))).to_vec()
        });
        SHIPPED.clone()
    }

    /// The name that its publisher gave it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The SHA-256 of its text in hexadecimal: what evidence names.
    #[must_use]
    pub fn id(&self) -> String {
        signature::hexadecimal(&self.id)
    }

    /// Its rules.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule of that id.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|r| r.id == id)
    }
}

const SHIPPED_TEXTS: [&str; 2] =
    [include_str!("../../../data/guard/core.toml"), include_str!("../../../data/guard/languages.toml")];

impl fmt::Debug for Pack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pack")
            .field("name", &self.name)
            .field("id", &self.id())
            .field("rules", &self.rules.len())
            .finish()
    }
}
