//! Failures that are known: they do not fail the gate, new ones do.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::outcome::{Outcomes, Standing};

/// Keys of known failures, a line each; what stands behind a `#` with a space before it, or begins a line, is a remark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    keys: BTreeSet<String>,
}

/// A line that is none of a baseline.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "line {0}: this is no id of a case; write one a line, as the summary names it: `leak/other-record`, `leak/other-record#twin`"
)]
pub struct BadBaseline(pub usize);

impl Baseline {
    /// Reads one.
    ///
    /// # Errors
    /// The first line that is none.
    pub fn read(text: &str) -> Result<Self, BadBaseline> {
        let mut keys = BTreeSet::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.split(" #").next().unwrap_or_default().trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if !line.contains('/') || line.contains(char::is_whitespace) {
                return Err(BadBaseline(at + 1));
            }
            keys.insert(line.to_owned());
        }
        Ok(Self { keys })
    }

    /// What fails now, as a baseline.
    #[must_use]
    pub fn write(outcomes: &Outcomes<'_>) -> String {
        let mut text = String::from("# Known failures of `asepsis gate`. Delete a line once it is fixed.\n");
        for one in outcomes.all.iter().filter(|one| matches!(one.standing(), Standing::Failed | Standing::Known)) {
            writeln!(text, "{}", one.key()).unwrap_or_default();
        }
        text
    }

    pub(crate) fn knows(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_baseline_is_ids_and_remarks() {
        let read = Baseline::read("# known\nleak/a#twin\n\ninjection/b # ticket 12\n").expect("one");
        assert!(read.knows("leak/a#twin") && read.knows("injection/b") && !read.knows("leak/a"));
        assert_eq!(Baseline::read("leak/a\nwhat is this"), Err(BadBaseline(2)));
    }
}
