//! What is wrong with a file of policies: where, and what helps.

use std::fmt;

use miette::Diagnostic;

/// A problem in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// The line, counted from 1, and the column in characters, counted from 1; `None` where it is not about a place.
    pub at: Option<(usize, usize)>,
    /// What is wrong.
    pub message: String,
    /// What helps.
    pub help: Option<String>,
}

impl Problem {
    pub(crate) fn new(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self { file: file.into(), at: None, message: message.into(), help: None }
    }

    /// At a byte of the text.
    pub(crate) fn at(mut self, text: &str, byte: usize) -> Self {
        let before = &text[..text.floor_char_boundary(byte)];
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        self.at = Some((line, column));
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What Cedar says, at its place in the text.
    pub(crate) fn of_cedar(file: &str, text: &str, error: &dyn Diagnostic) -> Self {
        let mut problem = Self::new(file, error.to_string());
        if let Some(label) = error.labels().and_then(|mut labels| labels.next()) {
            problem = problem.at(text, label.offset());
        }
        problem.help = error.help().map(|help| help.to_string());
        problem
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some((line, column)) = self.at {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

/// The candidate that is most like a word, where one is like it at all.
pub fn closest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let near = candidates.into_iter().map(|candidate| (distance(word, candidate), candidate)).min()?;
    (near.0 <= word.chars().count().div_ceil(3)).then_some(near.1)
}

/// Levenshtein's distance, for words.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (diagonal + usize::from(x != *y)).min(above + 1).min(row[j] + 1);
            diagonal = above;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_suggested_and_none_where_none_is_near() {
        assert_eq!(closest("dentel", ["dental", "clinic"]), Some("dental"));
        assert_eq!(closest("garage", ["dental", "clinic"]), None);
    }

    #[test]
    fn places_are_counted_in_lines_and_characters() {
        let problem = Problem::new("a.cedar", "wrong").at("one\nzwö x", 9);
        assert_eq!(problem.at, Some((2, 5)));
        assert_eq!(problem.to_string(), "a.cedar:2:5: wrong");
    }
}
