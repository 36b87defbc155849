use std::collections::BTreeSet;

use serde::Deserialize;

use crate::CourseFault;

/// The largest file of a course, in bytes.
const MOST_BYTES: usize = 64 * 1024;

/// The fewest questions: with less, a quiz is passed by luck.
const FEWEST_QUESTIONS: usize = 3;

/// The role of everybody.
const EVERYBODY: &str = "*";

/// A lesson with its quiz.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Course {
    /// Its name in records: small letters, digits and `-`.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// Raised when what has to be known changes: who passed an earlier version is asked again.
    pub version: u32,
    /// The roles that need it; `*` is everybody.
    pub roles: BTreeSet<String>,
    /// How long it takes, in minutes.
    pub minutes: u32,
    /// How many of a hundred answers have to be right.
    pub pass: u32,
    /// For how many days it counts, from the moment when it was passed.
    pub valid_days: u32,
    /// Where its rules come from.
    #[serde(rename = "source")]
    pub sources: Vec<Source>,
    /// The quiz.
    #[serde(rename = "question")]
    pub questions: Vec<Question>,
    /// The lesson, in Markdown.
    #[serde(skip)]
    pub text: String,
}

/// Where a rule comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The place, for example a section of the law.
    pub cite: String,
    /// What it says, in our words.
    pub says: String,
    /// The day on which it was looked at, as 2026-11-25.
    pub as_of: String,
}

/// A question of the quiz. It is right if all right answers are chosen and no other.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The question.
    pub ask: String,
    /// The answers to choose from.
    pub answers: Vec<String>,
    /// The numbers of the right ones, counted from 1.
    pub right: BTreeSet<usize>,
    /// Why, for who was wrong.
    pub why: String,
}

impl Course {
    /// Reads the file of a course.
    ///
    /// # Errors
    /// [`CourseFault`], with the place.
    pub fn parse(file: &str) -> Result<Self, CourseFault> {
        if file.len() > MOST_BYTES {
            return Err(CourseFault::TooLong { bytes: file.len(), most: MOST_BYTES });
        }
        let file = file.replace("\r\n", "\n");
        let inner = file.strip_prefix("+++\n").ok_or(CourseFault::Fences)?;
        let (table, text) = inner.split_once("\n+++\n").ok_or(CourseFault::Fences)?;
        let mut course: Self = toml::from_str(table).map_err(|error| {
            let before = error.span().map_or("", |span| table.get(..span.start).unwrap_or_default());
            // The first line is the fence.
            CourseFault::Table { line: before.matches('\n').count() + 2, what: error.message().to_owned() }
        })?;
        text.trim().clone_into(&mut course.text);
        course.check()?;
        Ok(course)
    }

    /// Whether who has this role needs it.
    pub fn is_for(&self, role: &str) -> bool {
        self.roles.contains(EVERYBODY) || self.roles.contains(role)
    }

    fn check(&self) -> Result<(), CourseFault> {
        let fault = |place: &str, what| Err(CourseFault::Value { place: place.to_owned(), what });
        let of_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.id.is_empty() || self.id.len() > 64 || !self.id.chars().all(of_id) {
            return fault("id", "1 to 64 small letters, digits and `-`");
        }
        if self.title.trim().is_empty() {
            return fault("title", "a name for people");
        }
        if self.version == 0 {
            return fault("version", "a number from 1 on");
        }
        if self.roles.is_empty() {
            return fault("roles", "at least one role, or \"*\" for everybody");
        }
        if !(1..=100).contains(&self.pass) {
            return fault("pass", "1 to 100, the share of right answers in percent");
        }
        if !(1..=3660).contains(&self.valid_days) {
            return fault("valid_days", "1 to 3660 days");
        }
        if self.sources.is_empty() {
            return fault("source", "at least one: a rule without its source is an opinion");
        }
        if self.questions.len() < FEWEST_QUESTIONS {
            return fault("question", "at least three: with fewer, a quiz is passed by luck");
        }
        for (number, question) in self.questions.iter().enumerate() {
            let place = |what: &str| format!("question {}, {what}", number + 1);
            if question.answers.len() < 2 {
                return fault(&place("answers"), "at least two to choose from");
            }
            if question.right.is_empty() || question.right.iter().any(|n| !(1..=question.answers.len()).contains(n)) {
                return fault(&place("right"), "the numbers of the right answers, counted from 1");
            }
            if question.answers.iter().collect::<BTreeSet<_>>().len() < question.answers.len() {
                return fault(&place("answers"), "each only once");
            }
            if question.ask.trim().is_empty() || question.why.trim().is_empty() {
                return fault(&place("ask and why"), "a question, and why the right answers are right");
            }
        }
        if self.text.is_empty() { Err(CourseFault::NoText) } else { Ok(()) }
    }
}
