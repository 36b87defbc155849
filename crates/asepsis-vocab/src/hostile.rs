//! Where a text comes from, and what hostile or unsafe content in it leads to.

use std::fmt;
use std::str::FromStr;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Span;

/// Who wrote a text. It says whose wishes the text may express: only the organisation's own system prompt and its staff
/// give instructions; everything else is data, whatever it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// The application's own instructions (system and developer messages).
    System,
    /// A member of the staff.
    Staff,
    /// A patient or a relative: portal messages, answers to forms.
    Patient,
    /// A document: a note, a letter, a fax, a message of another system.
    Document,
    /// What a tool returned, and what a tool says of itself.
    Tool,
    /// Text read from an image (OCR), or written by a model that looked at one.
    Image,
    /// An AI system.
    Model,
}

impl Origin {
    /// Every origin.
    pub const ALL: [Self; 7] =
        [Self::System, Self::Staff, Self::Patient, Self::Document, Self::Tool, Self::Image, Self::Model];

    /// The word for it in the log, the configuration and policies.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Staff => "staff",
            Self::Patient => "patient",
            Self::Document => "document",
            Self::Tool => "tool",
            Self::Image => "image",
            Self::Model => "model",
        }
    }

    /// Whether what it says may count as an instruction.
    #[must_use]
    pub const fn instructs(self) -> bool {
        matches!(self, Self::System | Self::Staff)
    }
}

/// Which kind of text a score is calibrated for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// What staff write to an AI system.
    StaffPrompt,
    /// Documents, fields of records, messages of patients.
    Document,
    /// What was said: a visit's transcript holds real commands to an assistant.
    Transcript,
    /// What tools return.
    ToolResult,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 4] = [Self::StaffPrompt, Self::Document, Self::Transcript, Self::ToolResult];

    /// The word for it in the log, the configuration and on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::StaffPrompt => "staff-prompt",
            Self::Document => "document",
            Self::Transcript => "transcript",
            Self::ToolResult => "tool-result",
        }
    }
}

/// What is done about a hostile or unsafe text, from the least to the most. The greatest of several counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing.
    #[default]
    Allow,
    /// It goes on as it is, with a mark for who reads it and in the log.
    Annotate,
    /// It goes on marked as data, with what could pass for a role or an instruction's frame made harmless.
    Spotlight,
    /// The span is taken out, with a notice in its place.
    Strip,
    /// From here on no tool may write or send.
    DropWrite,
    /// Nothing goes on until a person has released it.
    Hold,
    /// Refused.
    Block,
}

impl Verdict {
    /// Every verdict, from the least to the most.
    pub const ALL: [Self; 7] =
        [Self::Allow, Self::Annotate, Self::Spotlight, Self::Strip, Self::DropWrite, Self::Hold, Self::Block];

    /// The word for it in the log, the configuration and on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Annotate => "annotate",
            Self::Spotlight => "spotlight",
            Self::Strip => "strip",
            Self::DropWrite => "drop-write",
            Self::Hold => "hold",
            Self::Block => "block",
        }
    }
}

/// A place in a text that a check has something to say about. It holds nothing of the text itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Where, in bytes of the text as it came.
    pub span: Span,
    /// The stable name of the check or rule: `invisible/tag-characters`, `dose/tenfold`, `channel/markdown-image`.
    pub rule: String,
    /// What it leads to by default; policy can change that.
    pub verdict: Verdict,
}

/// What the guard found in an exchange, as the log keeps it: places, rules and counts, and nothing of what was said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GuardRecord {
    /// The highest score of what was sent, 0 to 100.
    #[serde(skip_serializing_if = "is_zero")]
    pub score: u8,
    /// The greatest verdict; absent where nothing was done.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub verdict: String,
    /// Whether text that nobody of the organisation wrote was in the conversation.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tainted: bool,
    /// What was found in what was sent, and where.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<GuardFlag>,
    /// How many more flags there were than are kept.
    #[serde(skip_serializing_if = "is_none")]
    pub more: u32,
    /// What was found in the answer: how often by rule.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub answer: BTreeMap<String, u32>,
    /// Where the canary stood that came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<String>,
    /// Calls of tools that were refused: how often by reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub calls: BTreeMap<String, u32>,
}

/// A place that was flagged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardFlag {
    /// Where the text stands: `messages[2].content`, and the field within it: `messages[2].content > OBX-5`.
    pub place: String,
    /// Who wrote it.
    pub origin: String,
    /// The bytes of that text.
    pub start: u64,
    /// One past the last.
    pub end: u64,
    /// The rule.
    pub rule: String,
    /// What was done.
    pub verdict: String,
}

impl GuardRecord {
    /// The same with what was found elsewhere in what was sent.
    pub fn add(&mut self, other: Self) {
        self.score = self.score.max(other.score);
        if self.verdict.is_empty() {
            self.verdict = other.verdict;
        }
        self.flags.extend(other.flags);
        self.more += other.more;
    }

    /// Whether there is nothing to record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(score: &u8) -> bool {
    *score == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_none(count: &u32) -> bool {
    *count == 0
}

/// A word that names no origin, channel or verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no {what} \"{word}\"; there are: {known}")]
pub struct UnknownWord {
    what: &'static str,
    word: String,
    known: String,
}

macro_rules! words {
    ($type:ty, $what:literal) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }

        impl FromStr for $type {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                Self::ALL.into_iter().find(|known| known.word() == word).ok_or_else(|| UnknownWord {
                    what: $what,
                    word: word.chars().take(40).collect(),
                    known: Self::ALL.map(Self::word).join(", "),
                })
            }
        }
    };
}

words!(Origin, "origin");
words!(Channel, "channel");
words!(Verdict, "verdict");
