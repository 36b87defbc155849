use std::fmt;

use serde::{Deserialize, Serialize};

/// The value of a fact. Days are texts like `2026-12-31`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Truth(bool),
    /// A number; the catalogue says of what.
    Number(u32),
    /// A word or text.
    Text(String),
    /// Several words.
    Words(Vec<String>),
}

impl Value {
    /// A value as somebody writes it in a cell or on a command line: `yes`, `no`, a number, words with commas between them, or text.
    /// `None` is *unknown*.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        match text.to_ascii_lowercase().as_str() {
            "" | "unknown" => return None,
            "yes" | "true" => return Some(Self::Truth(true)),
            "no" | "false" => return Some(Self::Truth(false)),
            _ => {}
        }
        Some(text.parse().map_or_else(|_| Self::Text(text.to_owned()), Self::Number))
    }

    /// The words, also of a single one or of a text with commas.
    pub fn words(&self) -> Vec<&str> {
        match self {
            Self::Words(words) => words.iter().map(String::as_str).collect(),
            Self::Text(text) => text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect(),
            _ => Vec::new(),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truth(true) => f.write_str("yes"),
            Self::Truth(false) => f.write_str("no"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
            Self::Words(words) => f.write_str(&words.join(", ")),
        }
    }
}
