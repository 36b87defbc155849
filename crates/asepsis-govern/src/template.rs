//! Dossiers to start from: what such a product usually is, all of it without evidence.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::{Dossier, Fact, Intake};

/// A kind of product, as a dossier to start from. Every fact has grade U: it says what to ask, and counts for nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// A short stable name, which is that of its file.
    #[serde(default)]
    pub name: String,
    /// The name for people.
    pub title: String,
    /// What it is, and what to look out for.
    pub about: String,
    /// An id to give the system.
    pub system: String,
    /// What usually decides how deep the assessment goes.
    pub intake: Intake,
    /// What usually is so, without evidence.
    pub facts: BTreeMap<String, Fact>,
}

const FILES: [(&str, &str); 8] = [
    ("consumer-chatbot", include_str!("../../../data/govern/templates/consumer-chatbot.toml")),
    ("enterprise-chat-baa", include_str!("../../../data/govern/templates/enterprise-chat-baa.toml")),
    ("cloud-api-baa-zero-retention", include_str!("../../../data/govern/templates/cloud-api-baa-zero-retention.toml")),
    ("local-model", include_str!("../../../data/govern/templates/local-model.toml")),
    ("ambient-scribe", include_str!("../../../data/govern/templates/ambient-scribe.toml")),
    ("imaging-device", include_str!("../../../data/govern/templates/imaging-device.toml")),
    ("dental-imaging", include_str!("../../../data/govern/templates/dental-imaging.toml")),
    ("mcp-tool-server", include_str!("../../../data/govern/templates/mcp-tool-server.toml")),
];

/// The shipped templates.
///
/// # Panics
/// Never: a test reads them, and they are part of the program.
pub fn templates() -> &'static [Template] {
    static SHIPPED: LazyLock<Vec<Template>> = LazyLock::new(|| {
        let read = |(name, text): &(&str, &str)| {
            let template: Template = toml::from_str(text).expect("a shipped template can be read, as a test proves");
            Template { name: (*name).to_owned(), ..template }
        };
        FILES.iter().map(read).collect()
    });
    &SHIPPED
}

impl Template {
    /// A dossier of a system of this kind.
    pub fn dossier(&self, system: &str, vendor: &str) -> Dossier {
        Dossier { intake: self.intake, facts: self.facts.clone(), ..Dossier::of_system(system, vendor) }
    }

    /// The file that it was read from.
    pub fn file(&self) -> &'static str {
        FILES.iter().find(|(name, _)| *name == self.name).map_or("", |(_, text)| text)
    }
}
