//! What kind of value a fact has, and which of them is good enough.

use serde::{Deserialize, Serialize};
use time::{Date, Duration};

use crate::{Value, day};

/// The kind of value that a fact has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    /// Yes or no.
    Truth,
    /// A number.
    Number,
    /// One or more words.
    Words,
    /// A text.
    Text,
    /// A day.
    Day,
}

/// Which values are as they should be. What is not limited is met by every value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Criterion {
    /// Yes or no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is: Option<bool>,
    /// No more than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most: Option<u32>,
    /// No less than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least: Option<u32>,
    /// Words out of these only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub among: Vec<String>,
    /// A day that is no more days ago than this, and not to come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
}

impl ValueKind {
    /// Whether a value is of the kind.
    pub fn fits(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Truth, Value::Truth(_)) | (Self::Number, Value::Number(_)) => true,
            (Self::Words, Value::Words(words)) => !words.is_empty() && words.iter().all(|word| !word.trim().is_empty()),
            (Self::Words, Value::Text(_)) => !value.words().is_empty(),
            (Self::Text, Value::Text(text)) => !text.trim().is_empty(),
            (Self::Day, Value::Text(text)) => day::parse(text).is_some(),
            _ => false,
        }
    }

    /// What such a value looks like.
    pub fn looks(self) -> &'static str {
        match self {
            Self::Truth => "yes or no",
            Self::Number => "a whole number",
            Self::Words => "words with commas between them",
            Self::Text => "a text",
            Self::Day => "a day like 2026-12-31",
        }
    }
}

impl Criterion {
    /// Whether a value of the right kind is as it should be on this day.
    pub fn met(&self, value: &Value, today: Date) -> bool {
        match value {
            Value::Truth(truth) => self.is.is_none_or(|is| is == *truth),
            Value::Number(number) => {
                self.most.is_none_or(|most| *number <= most) && self.least.is_none_or(|least| *number >= least)
            }
            Value::Text(text) if self.days.is_some() => day::parse(text).is_some_and(|found| self.recent(found, today)),
            _ => self.among.is_empty() || value.words().iter().all(|word| self.among.iter().any(|good| good == word)),
        }
    }

    fn recent(&self, found: Date, today: Date) -> bool {
        let Some(days) = self.days else { return true };
        found <= today && found.saturating_add(Duration::days(days.into())) >= today
    }

    /// What is wanted, in words.
    pub fn wanted(&self) -> String {
        let mut parts = Vec::new();
        match self.is {
            Some(true) => parts.push("yes".to_owned()),
            Some(false) => parts.push("no".to_owned()),
            None => {}
        }
        parts.extend(self.most.map(|most| format!("at most {most}")));
        parts.extend(self.least.map(|least| format!("at least {least}")));
        if !self.among.is_empty() {
            parts.push(format!("one of {}", self.among.join(", ")));
        }
        parts.extend(self.days.map(|days| format!("within the last {days} days")));
        if parts.is_empty() { "known".to_owned() } else { parts.join(", ") }
    }
}
