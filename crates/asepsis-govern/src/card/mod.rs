//! Applied Model Cards of the Coalition for Health AI, schema v0.2: read within bounds, written again, and what they say.
//!
//! A card is what a developer says of a model: its facts have grade D. What comes from outside may be hostile: documents with a
//! document type, entities, other encodings, or beyond the [limits](LIMITS) are refused, and nothing outside of them is looked up.

mod events;
mod facts;
mod read;
mod shape;
mod write;

pub use events::{CardError, LIMITS, Limits};

/// An Applied Model Card.
#[derive(Clone, PartialEq, Eq)]
pub struct Card {
    /// Every element with a text, in order. The path has a number for what may stand several times, from 1:
    /// `ModelSummary/Keywords/Keyword[2]`.
    pub(crate) fields: Vec<Field>,
    /// Parents that may hold nothing, and did: `ModelSummary/Keywords`.
    pub(crate) empty: Vec<String>,
    /// The XML signature as it stood there. It is kept and not checked: a fact gets no better by it.
    pub(crate) signature: Option<String>,
}

/// One element with a text.
#[derive(Clone, PartialEq, Eq)]
pub struct Field {
    /// The path from the root.
    pub path: String,
    /// The text, as the document has it after unescaping. CHAI's texts may hold Markdown.
    pub text: String,
}

impl Card {
    /// Reads a card from the bytes of an XML document.
    ///
    /// # Errors
    /// [`CardError`], with the line.
    pub fn read(xml: &[u8]) -> Result<Self, CardError> {
        read::read(xml)
    }

    /// Every element with a text, in order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The text at a path.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.path == path).map(|field| field.text.as_str())
    }

    /// The name of the model.
    pub fn name(&self) -> &str {
        self.text("BasicInfo/ModelName").unwrap_or_default()
    }

    /// Who made it.
    pub fn developer(&self) -> &str {
        self.text("BasicInfo/ModelDeveloper").unwrap_or_default()
    }

    /// Whether it came with an XML signature, which is not checked.
    pub fn has_signature(&self) -> bool {
        self.signature.is_some()
    }
}

impl std::fmt::Debug for Card {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Card").field("fields", &self.fields.len()).field("signed", &self.has_signature()).finish()
    }
}
