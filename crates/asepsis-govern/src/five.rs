use std::fmt;

use serde::{Deserialize, Serialize};
use time::Date;

use crate::{Exception, Grade, Value, day};

/// The five questions that HIPAA has for each AI system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Who gets in? 45 CFR 164.312(a)(1), (d).
    Access,
    /// Is it unreadable to others? 45 CFR 164.312(a)(2)(iv), (e)(2)(ii).
    Encryption,
    /// Can it be seen afterwards who did what? 45 CFR 164.312(b).
    Logging,
    /// Is it agreed? 45 CFR 164.308(b), 164.314(a), 164.502(e), 164.504(e).
    Contract,
    /// Where is it kept, how long, and does it go away? 45 CFR 164.504(e)(2)(ii)(J), 164.308(a)(1)(ii)(A).
    Storage,
}

impl Question {
    /// All five.
    pub const ALL: [Self; 5] = [Self::Access, Self::Encryption, Self::Logging, Self::Contract, Self::Storage];

    /// The name in data and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Encryption => "encryption",
            Self::Logging => "logging",
            Self::Contract => "contract",
            Self::Storage => "storage",
        }
    }

    /// The sections of the Security and Privacy Rules that ask it.
    pub fn cite(self) -> &'static str {
        match self {
            Self::Access => "45 CFR 164.312(a)(1), 164.312(d)",
            Self::Encryption => "45 CFR 164.312(a)(2)(iv), 164.312(e)(2)(ii)",
            Self::Logging => "45 CFR 164.312(b)",
            Self::Contract => "45 CFR 164.308(b)(1), 164.314(a), 164.502(e), 164.504(e)",
            Self::Storage => "45 CFR 164.308(a)(1)(ii)(A), 164.504(e)(2)(ii)(J)",
        }
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Question {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|question| question.name() == text);
        found.ok_or_else(|| "the five questions are access, encryption, logging, contract and storage".to_owned())
    }
}

/// What a fact says to a question or gate, with its evidence and how old that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Support {
    /// The fact.
    pub fact: String,
    /// Its value; absent is unknown.
    pub value: Option<Value>,
    /// The grade that counts.
    pub grade: Grade,
    /// Where it was learnt.
    pub source: Option<String>,
    /// When.
    #[serde(with = "day::option")]
    pub as_of: Option<Date>,
    /// How many days ago; absent where nobody said when.
    pub age_days: Option<i64>,
    /// Until when it counts.
    #[serde(with = "day::option")]
    pub expires: Option<Date>,
    /// Whether it is as it should be.
    pub met: bool,
    /// Why not, or why it counts for less.
    pub why: Option<String>,
}

/// One of the five questions, answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QuestionResult {
    /// Which.
    pub question: Question,
    /// Whether everything that it needs is known and as it should be.
    pub met: bool,
    /// The exception that stands in for it, where one does on this day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exception: Option<Exception>,
    /// The facts that were looked at.
    pub facts: Vec<Support>,
    /// The sections that ask it.
    pub cite: &'static str,
}

impl QuestionResult {
    /// Whether it stands in the way of an approval.
    pub fn settled(&self) -> bool {
        self.met || self.exception.is_some()
    }
}
