//! What we say ourselves around what a model says: the wording that a patient has to read, and the note to the person at the keyboard.

use http::StatusCode;

use crate::fault::Fault;

/// What is said around an answer.
#[derive(Default)]
pub(crate) struct Said {
    /// Before and behind each text that a patient reads.
    wording: Option<(String, String)>,
    /// Once, at the very end.
    note: Option<String>,
}

impl Said {
    pub(crate) fn new(wording: Option<(String, String)>, note: Option<String>) -> Self {
        Self { wording, note }
    }

    /// Whether an answer may not be given without it.
    pub(crate) fn must_be_read(&self) -> bool {
        self.wording.is_some()
    }

    /// What stands before a text.
    pub(crate) fn before(&self) -> &str {
        self.wording.as_ref().map_or("", |(before, _)| before)
    }

    /// What stands behind it.
    pub(crate) fn after(&self) -> &str {
        self.wording.as_ref().map_or("", |(_, after)| after)
    }

    /// The same with this at the end as well.
    pub(crate) fn noting(&mut self, note: Option<String>) {
        if let Some(note) = note {
            self.note.get_or_insert_default().push_str(&note);
        }
    }

    /// The note, which is said once.
    pub(crate) fn note(&mut self) -> Option<String> {
        self.note.take()
    }

    /// A text with all around it.
    pub(crate) fn around(&mut self, text: &str, first: bool, last: bool, noted: bool) -> String {
        if text.is_empty() {
            return String::new();
        }
        let before = if first { self.before() } else { "" };
        let after = if last { self.after() } else { "" };
        let mut around = format!("{before}{text}{after}");
        if noted && let Some(note) = self.note() {
            around.push_str(&note);
        }
        around
    }
}

/// The wording has to go along, and the answer is data for a program.
pub(crate) fn no_place() -> Fault {
    Fault::new(
        StatusCode::FORBIDDEN,
        "needs_reviewer",
        "a patient would read this answer, and it is data in which the required wording has no place. Name the licensed person who \
         reads it first (x-asepsis-reviewer), or ask for plain text",
    )
}
