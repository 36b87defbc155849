use serde::{Deserialize, Deserializer, Serialize};
use time::Date;

use crate::{Value, day};

/// How good the evidence for a fact is, from the best to none. The same letters as in the registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Grade {
    /// An independent report that is in date.
    A,
    /// A clause of a contract.
    B,
    /// A document of the vendor.
    C,
    /// A statement.
    D,
    /// No evidence: the fact counts as unknown.
    #[default]
    U,
}

impl Grade {
    /// What the letter means.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::A => "independent report in date",
            Self::B => "clause of a contract",
            Self::C => "document of the vendor",
            Self::D => "statement",
            Self::U => "no evidence",
        }
    }
}

/// What is said of a vendor or system, and what stands behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// The value; absent is *unknown*.
    pub value: Option<Value>,
    /// How good the evidence is.
    pub grade: Grade,
    /// Where it was learnt. `evidence:ID` names a document that is kept; the fact is then no better than that document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The day on which it was found to be so. Before it, the fact is unknown.
    #[serde(skip_serializing_if = "Option::is_none", with = "day::option")]
    pub as_of: Option<Date>,
    /// The last day on which it may be relied on.
    #[serde(skip_serializing_if = "Option::is_none", with = "day::option")]
    pub expires: Option<Date>,
    /// Who looked at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked_by: Option<String>,
    /// What more there is to say, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Fact {
    /// What somebody states.
    pub fn stated(value: Value) -> Self {
        Self { value: Some(value), grade: Grade::D, ..Self::default() }
    }

    /// The id of the document that it rests on.
    pub fn evidence(&self) -> Option<&str> {
        self.source.as_deref()?.strip_prefix("evidence:")
    }
}

/// `mfa = true`, `mfa = "unknown"`, or a table with `value`, `grade`, `source`, `as_of`, `expires`, `checked_by`, `note`.
impl<'de> Deserialize<'de> for Fact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            #[serde(default)]
            value: Option<Value>,
            #[serde(default)]
            grade: Option<Grade>,
            #[serde(default)]
            source: Option<String>,
            #[serde(default, deserialize_with = "day::option::deserialize")]
            as_of: Option<Date>,
            #[serde(default, deserialize_with = "day::option::deserialize")]
            expires: Option<Date>,
            #[serde(default)]
            checked_by: Option<String>,
            #[serde(default)]
            note: Option<String>,
        }
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "a value, \"unknown\", or a table of value, grade (A to D, U), source, as_of, expires, checked_by and note"
        )]
        enum Either {
            Table(Table),
            Plain(Value),
        }
        let known = |value: Value| (value != Value::Text("unknown".to_owned())).then_some(value);
        Ok(match Either::deserialize(deserializer)? {
            Either::Plain(value) => Self { value: known(value), grade: Grade::D, ..Self::default() },
            Either::Table(table) => Self {
                value: table.value.and_then(known),
                grade: table.grade.unwrap_or(Grade::D),
                source: table.source,
                as_of: table.as_of,
                expires: table.expires,
                checked_by: table.checked_by,
                note: table.note,
            },
        })
    }
}
