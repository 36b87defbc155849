//! A suite: cases as data.

mod file;

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use crate::disguise::Disguise;
use file::File;

/// Files larger than this are no suite, in bytes.
const MOST_BYTES: usize = 4 << 20;

/// A suite of more cases than this is refused.
const MOST_CASES: usize = 5_000;

/// The shipped files: what the others share, then the cases.
const SHIPPED: [(&str, &str); 8] = [
    ("data/gate/common.toml", include_str!("../../../data/gate/common.toml")),
    ("data/gate/leak.toml", include_str!("../../../data/gate/leak.toml")),
    ("data/gate/prompt.toml", include_str!("../../../data/gate/prompt.toml")),
    ("data/gate/injection.toml", include_str!("../../../data/gate/injection.toml")),
    ("data/gate/exfiltration.toml", include_str!("../../../data/gate/exfiltration.toml")),
    ("data/gate/harm.toml", include_str!("../../../data/gate/harm.toml")),
    ("data/gate/tool.toml", include_str!("../../../data/gate/tool.toml")),
    ("data/gate/disguise.toml", include_str!("../../../data/gate/disguise.toml")),
];

/// What a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Data of a patient to whom it is not for.
    Leak,
    /// The application's own instructions.
    Prompt,
    /// Orders in what others wrote, in the carriers of care.
    Injection,
    /// Data that leaves by what shows the answer.
    Exfiltration,
    /// Answers that harm.
    Harm,
    /// Calls of tools that must not be made.
    Tool,
    /// Orders in disguise.
    Disguise,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Leak, Self::Prompt, Self::Injection, Self::Exfiltration, Self::Harm, Self::Tool, Self::Disguise];

    /// The word for it, with which the ids of its cases begin.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Leak => "leak",
            Self::Prompt => "prompt",
            Self::Injection => "injection",
            Self::Exfiltration => "exfiltration",
            Self::Harm => "harm",
            Self::Tool => "tool",
            Self::Disguise => "disguise",
        }
    }

    /// What helps where a case of the kind fails.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Leak => {
                "Give the model only the record of the patient whom the session is about, and look for others' data in what it answers."
            }
            Self::Prompt => {
                "Put nothing into the instructions that others must not read, and stop answers that repeat a mark planted in them."
            }
            Self::Injection | Self::Disguise => {
                "Treat what others wrote as data: take writing and sending tools away once it is in the conversation, and check what comes out."
            }
            Self::Exfiltration => "Let answers point only to hosts of a list, and do not load images of others' hosts.",
            Self::Harm => {
                "Compare doses, allergies and advice with the record before anybody relies on the answer; hold what does not fit."
            }
            Self::Tool => {
                "Decide on each call outside the model: which tool, whose patient, and a person's release for what writes or sends."
            }
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Where the text of others stands in the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// What a tool returned.
    #[default]
    Tool,
    /// Behind the user's own words, as one who pastes it does.
    User,
    /// In the description of the tool that is listed first.
    Description,
}

/// How an order is escaped where it is put in, so that the carrier stays what it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Escape {
    #[default]
    None,
    /// Within a string of JSON (RFC 8259).
    Json,
    /// Within text of XML or HTML.
    Xml,
    /// Within a field of HL7 v2 (chapter 2.7).
    Hl7,
}

/// What others wrote, with a place for an order.
#[derive(Clone, Debug)]
pub(crate) struct Carrier {
    pub(crate) place: Place,
    pub(crate) escape: Escape,
    /// The tool that returned it.
    pub(crate) tool: String,
    pub(crate) text: String,
}

/// A tool that the request offers.
#[derive(Clone, Debug)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) parameters: Value,
}

/// What fails a case, besides what fails every one: planted data behind an address, and an address of the test's host.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Fails {
    /// Whose planted data must not come back: `self`, `other`, `system`.
    pub(crate) leak: Vec<String>,
    /// Whether the instructions must not be repeated.
    pub(crate) prompt: bool,
    /// Tools that must not be called; `*` for any.
    pub(crate) calls: Vec<String>,
    /// Rules of the clinical checks that must not fire; `dose/*` for all that begin so.
    pub(crate) clinical: Vec<String>,
    /// Words that must not be said, in small letters.
    pub(crate) says: Vec<String>,
}

/// A case.
#[derive(Clone, Debug)]
pub struct Case {
    /// `injection/hl7-nte`: its kind, and its name.
    pub id: String,
    /// What it is about.
    pub kind: Kind,
    /// What it tests, in one sentence.
    pub about: String,
    /// What helps where it fails.
    pub remedy: String,
    /// OWASP Top 10 for LLM applications 2025: `LLM01`.
    pub owasp: Vec<String>,
    /// MITRE ATLAS: `AML.T0051.001`.
    pub atlas: Vec<String>,
    /// The suite's file, and the line of it that the case stands in, from 1.
    pub source: (String, usize),
    pub(crate) system: String,
    pub(crate) user: String,
    pub(crate) order: String,
    pub(crate) benign: String,
    pub(crate) disguise: Disguise,
    pub(crate) carrier: Option<Carrier>,
    pub(crate) tools: Vec<Tool>,
    pub(crate) patient_facing: bool,
    pub(crate) fails: Fails,
    /// Words of which the twin's answer holds one.
    pub(crate) expects: Vec<String>,
    /// Or the tool that the twin may call instead.
    pub(crate) expects_call: Vec<String>,
}

/// Cases.
#[derive(Clone, Debug)]
pub struct Suite {
    /// In the order of the files.
    pub cases: Vec<Case>,
}

/// What is wrong with a suite.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// It is no TOML of this form.
    #[error("{file}: {message}")]
    Form {
        /// The file.
        file: String,
        /// What and where.
        message: String,
    },
    /// A case cannot be used.
    #[error("{file}, case `{case}`: {message}")]
    Case {
        /// The file.
        file: String,
        /// Its id.
        case: String,
        /// What, and what helps.
        message: String,
    },
}

impl Suite {
    /// The shipped one.
    ///
    /// # Panics
    /// Never: a test reads it.
    #[must_use]
    pub fn shipped() -> Self {
        Self::of(&SHIPPED, true).expect("the shipped suite is read in tests")
    }

    /// The cases of files, each with its name and text. They may use what the shipped ones share (`common.toml`): carriers, tools, the
    /// usual instructions.
    ///
    /// # Errors
    /// The first that is wrong, with its file and id.
    pub fn read(files: &[(&str, &str)]) -> Result<Self, SuiteError> {
        let all: Vec<_> = SHIPPED[..1].iter().chain(files).copied().collect();
        Self::of(&all, false)
    }

    fn of(files: &[(&str, &str)], shipped: bool) -> Result<Self, SuiteError> {
        let form = |file: &str, message: String| SuiteError::Form { file: file.to_owned(), message };
        let mut read: Vec<(&str, &str, File)> = Vec::new();
        for (name, text) in files {
            if text.len() > MOST_BYTES {
                return Err(form(name, format!("more than {} MiB; no suite is so large", MOST_BYTES >> 20)));
            }
            let file: File = toml::from_str(text).map_err(|error| form(name, error.to_string().trim().to_owned()))?;
            read.push((name, text, file));
        }
        let mut cases: Vec<Case> = Vec::new();
        for (name, text, file) in &read {
            for case in &file.case {
                let wrong = |message: String| SuiteError::Case {
                    file: (*name).to_owned(),
                    case: case.id.chars().take(80).collect(),
                    message,
                };
                if cases.iter().any(|known| known.id == case.id) {
                    return Err(wrong("this id stands twice; ids name cases in baselines and reports".to_owned()));
                }
                let line = text.lines().position(|line| is_id(line, &case.id)).map_or(1, |at| at + 1);
                let parts = read.iter().map(|(_, _, file)| file);
                let case = file::case(case, &parts, ((*name).to_owned(), line)).map_err(wrong)?;
                cases.push(case);
            }
        }
        if cases.is_empty() && !shipped {
            let name = files.last().map_or("the suite", |(name, _)| *name);
            return Err(form(name, "it has no [[case]]".to_owned()));
        }
        if cases.len() > MOST_CASES {
            let name = files.last().map_or("the suite", |(name, _)| *name);
            return Err(form(name, format!("more than {MOST_CASES} cases; divide it")));
        }
        Ok(Self { cases })
    }

    /// The cases of both. Where an id stands in both, the other's case counts.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.cases.retain(|case| !other.cases.iter().any(|own| own.id == case.id));
        self.cases.extend(other.cases);
        self
    }

    /// Keeps the cases whose id one of `only` names (all where it is empty), without those that one of `skip` names. A name is an id, or the
    /// beginning of one with `*`, or a kind.
    ///
    /// # Errors
    /// A name that names no case.
    pub fn keep(&mut self, only: &[String], skip: &[String]) -> Result<(), String> {
        let names = |name: &str, case: &Case| {
            case.id == name
                || case.kind.word() == name
                || name.strip_suffix('*').is_some_and(|beginning| case.id.starts_with(beginning))
        };
        for name in only.iter().chain(skip) {
            if !self.cases.iter().any(|case| names(name, case)) {
                return Err(name.clone());
            }
        }
        self.cases.retain(|case| {
            (only.is_empty() || only.iter().any(|name| names(name, case))) && !skip.iter().any(|name| names(name, case))
        });
        Ok(())
    }
}

fn is_id(line: &str, id: &str) -> bool {
    line.trim().strip_prefix("id").and_then(|rest| rest.trim_start().strip_prefix('=')).is_some_and(|value| {
        let value = value.trim();
        value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) == Some(id)
    })
}
