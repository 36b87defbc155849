//! Answers of questionnaires in the way of CAIQ: a table of question ids, answers and notes, as spreadsheets write it.
//!
//! An answer is a statement of the vendor, grade D. Which id answers which fact is data (`data/govern/caiq.toml`, or a table of the
//! organisation's own); what no row of it names is kept and listed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use time::Date;

use crate::{Catalogue, Fact, Value};

/// The longest table, in bytes.
pub const MOST_BYTES: usize = 4 << 20;

/// The most rows.
pub const MOST_ROWS: usize = 10_000;

/// The longest note that is kept with a fact, in characters.
const NOTE: usize = 500;

/// How many rows may stand before the one that names the columns.
const PREAMBLE: usize = 20;

/// Which question answers which fact.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    #[serde(rename = "as_of")]
    _as_of: String,
    map: Vec<Row>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    fact: String,
    #[serde(default)]
    yes: Option<Value>,
    #[serde(default)]
    no: Option<Value>,
}

/// What was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// Yes.
    Yes,
    /// No.
    No,
    /// In part.
    Partial,
    /// That it does not apply.
    NotApplicable,
    /// Something else, or nothing.
    Unclear,
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The id of the question.
    pub id: String,
    /// What was answered.
    pub said: Said,
    /// The same, as it stands there.
    pub answer: String,
    /// The notes beside it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// The line, from 1.
    pub line: u64,
}

/// What a table comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Answers {
    /// What is now stated.
    pub facts: BTreeMap<String, Fact>,
    /// Answers to questions that no row of the mapping names.
    pub unmapped: Vec<Answer>,
    /// Answers that say nothing which could be relied on, or that contradict one another.
    pub unclear: Vec<Answer>,
}

/// Why a table cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Another encoding.
    #[error("the table is not UTF-8{0}; save it as \"CSV UTF-8\", or convert it with `iconv -f {1} -t utf-8`")]
    Encoding(&'static str, &'static str),
    /// Too much.
    #[error("a table has at most {most} {what}")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// The limit.
        most: usize,
    },
    /// No columns.
    #[error(
        "no row of the first {PREAMBLE} names a column for the question's id and one for the answer; name them `id` and `answer`"
    )]
    NoColumns,
    /// The table is broken.
    #[error("line {line}: {message}")]
    Syntax {
        /// Where.
        line: u64,
        /// What.
        message: String,
    },
    /// The mapping cannot be read.
    #[error("the mapping: {0}")]
    Mapping(String),
}

impl Mapping {
    /// The shipped mapping of CAIQ v4.
    ///
    /// # Panics
    /// Never: a test reads it, and it is part of the program.
    pub fn shipped() -> Self {
        toml::from_str(include_str!("../../../data/govern/caiq.toml"))
            .expect("the shipped mapping can be read, as a test proves")
    }

    /// A mapping of the organisation's own.
    ///
    /// # Errors
    /// [`TableError::Mapping`]: it cannot be read, or names a fact that there is not or a value of another kind.
    pub fn read(text: &str, catalogue: &Catalogue) -> Result<Self, TableError> {
        let mapping: Self = toml::from_str(text).map_err(|error| TableError::Mapping(error.to_string()))?;
        for row in &mapping.map {
            let Some(kind) = catalogue.fact(&row.fact) else {
                let hint =
                    catalogue.nearest(&row.fact).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
                return Err(TableError::Mapping(format!("there is no fact `{}`{hint}", row.fact)));
            };
            if let Some(value) = [&row.yes, &row.no].into_iter().flatten().find(|value| !kind.value.fits(value)) {
                return Err(TableError::Mapping(format!(
                    "`{}` is {}, and not `{value}`",
                    row.fact,
                    kind.value.looks()
                )));
            }
        }
        Ok(mapping)
    }

    /// The facts and ids that it names.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &str)> {
        self.map.iter().map(|row| (row.id.as_str(), row.fact.as_str()))
    }

    /// What the answers state. `source` says where the table is from.
    pub fn apply(&self, answers: Vec<Answer>, source: &str, today: Date) -> Answers {
        let mut found = Answers::default();
        let mut said: BTreeMap<&str, Vec<(Option<&Value>, &Answer)>> = BTreeMap::new();
        let known: BTreeSet<_> = self.map.iter().map(|row| plain(&row.id)).collect();
        let (mapped, unmapped): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|answer| known.contains(&plain(&answer.id)));
        found.unmapped = unmapped;
        for row in &self.map {
            for answer in mapped.iter().filter(|answer| plain(&answer.id) == plain(&row.id)) {
                let value = match answer.said {
                    Said::Yes => row.yes.as_ref(),
                    Said::No => row.no.as_ref(),
                    _ => None,
                };
                said.entry(&row.fact).or_default().push((value, answer));
            }
        }
        for (name, all) in said {
            let same = all.iter().all(|(value, _)| value.is_some() && *value == all[0].0);
            if !same {
                let unclear = all.iter().map(|(_, answer)| (*answer).clone());
                found.unclear.extend(unclear);
                continue;
            }
            let Some(value) = all[0].0 else { continue };
            let ids: BTreeSet<_> = all.iter().map(|(_, answer)| answer.id.as_str()).collect();
            let ids: Vec<_> = ids.into_iter().collect();
            let notes: Vec<_> =
                all.iter().map(|(_, answer)| answer.notes.as_str()).filter(|note| !note.is_empty()).collect();
            let note: String = notes.join(" / ").chars().take(NOTE).collect();
            let fact = Fact {
                source: Some(format!("{source}: {}", ids.join(", "))),
                as_of: Some(today),
                note: (!note.is_empty()).then_some(note),
                ..Fact::stated(value.clone())
            };
            found.facts.insert(name.to_owned(), fact);
        }
        found.unclear.sort_by(|a, b| (a.line, &a.id).cmp(&(b.line, &b.id)));
        found.unclear.dedup();
        found
    }
}

/// Reads a table: commas, semicolons or tabs, quotes, any line ends, a byte order mark, rows before the one that names the columns.
///
/// # Errors
/// [`TableError`].
pub fn read(bytes: &[u8]) -> Result<Vec<Answer>, TableError> {
    if bytes.len() > MOST_BYTES {
        return Err(TableError::TooMuch { what: "bytes", most: MOST_BYTES });
    }
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) || bytes.contains(&0) {
        return Err(TableError::Encoding(", but UTF-16 as spreadsheets write \"Unicode text\"", "utf-16"));
    }
    let text = str::from_utf8(bytes).map_err(|_| TableError::Encoding("", "windows-1252"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    [b',', b';', b'\t']
        .into_iter()
        .find_map(|delimiter| table(text, delimiter).transpose())
        .unwrap_or(Err(TableError::NoColumns))
}

/// Lines, counted as an editor counts them: the reader takes the second half of a line's end for the beginning of the next row.
struct Lines<'a> {
    rest: &'a [u8],
    passed: u64,
    line: u64,
}

impl Lines<'_> {
    /// The line of what stands at this byte, or behind the line ends there. Asked in order.
    fn at(&mut self, byte: u64) -> u64 {
        while let Some((first, rest)) = self.rest.split_first() {
            let ends = matches!(first, b'\r' | b'\n');
            if self.passed >= byte && !ends {
                break;
            }
            // Of `\r\n`, the second half ends the line.
            if ends && !(*first == b'\r' && rest.first() == Some(&b'\n')) {
                self.line += 1;
            }
            self.rest = rest;
            self.passed += 1;
        }
        self.line
    }
}

/// The columns that count.
struct Columns {
    id: usize,
    answer: usize,
    notes: Option<usize>,
}

/// The rows with this delimiter; `None` where no row names the columns.
fn table(text: &str, delimiter: u8) -> Result<Option<Vec<Answer>>, TableError> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut columns: Option<Columns> = None;
    let mut lines = Lines { rest: text.as_bytes(), passed: 0, line: 1 };
    let mut answers = Vec::new();
    for (at, row) in reader.records().enumerate() {
        if at >= MOST_ROWS {
            return Err(TableError::TooMuch { what: "rows", most: MOST_ROWS });
        }
        let row = row.map_err(|error| TableError::Syntax {
            line: error.position().map_or(0, csv::Position::line),
            message: error.to_string(),
        })?;
        let line = lines.at(row.position().map_or(0, csv::Position::byte));
        let Some(columns) = &columns else {
            if at >= PREAMBLE {
                return Ok(None);
            }
            columns = named(&row);
            continue;
        };
        let cell = |at: usize| row.get(at).map(str::trim).unwrap_or_default();
        let id = cell(columns.id);
        // Titles of sections, and rows that were left empty.
        if id.is_empty() || (cell(columns.answer).is_empty() && !id.contains(|c: char| c.is_ascii_digit())) {
            continue;
        }
        if id.len() > 64 || id.chars().any(char::is_control) {
            let message = "the id of a question has at most 64 characters; is a quote missing?".to_owned();
            return Err(TableError::Syntax { line, message });
        }
        answers.push(Answer {
            id: id.to_owned(),
            said: said(cell(columns.answer)),
            answer: cell(columns.answer).to_owned(),
            notes: columns.notes.map(cell).unwrap_or_default().to_owned(),
            line,
        });
    }
    Ok(columns.map(|_| answers))
}

/// Which columns a row names.
fn named(row: &csv::StringRecord) -> Option<Columns> {
    let find = |names: &[&str]| {
        let is = |cell: &str| names.contains(&plain(cell).as_str());
        row.iter().position(is)
    };
    Some(Columns {
        id: find(&["id", "questionid", "controlid", "question", "ref", "reference"])?,
        answer: find(&["answer", "answers", "response", "cspcaiqanswer", "caiqanswer", "consensusanswer", "yesno"])?,
        notes: find(&[
            "notes",
            "note",
            "comment",
            "comments",
            "explanation",
            "additionalinformation",
            "cspimplementationdescription",
            "cspimplementationdescriptionoptionalrecommended",
        ]),
    })
}

fn said(answer: &str) -> Said {
    match plain(answer).as_str() {
        "yes" | "y" | "true" => Said::Yes,
        "no" | "n" | "false" => Said::No,
        "partial" | "partially" | "partly" => Said::Partial,
        "na" | "notapplicable" => Said::NotApplicable,
        _ => Said::Unclear,
    }
}

/// Letters and digits alone, in lower case, so that `CEK-03.1` and `cek 03.1` are the same.
fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
