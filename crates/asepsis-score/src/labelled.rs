use std::path::Path;

use serde::{Deserialize, Serialize};

/// A labelled text, a line of a labelled file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labelled {
    /// Its name.
    pub id: String,
    /// The text.
    pub text: String,
    /// What is marked in it.
    pub spans: Vec<LabelledSpan>,
}

/// A mark of a [`Labelled`] text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelledSpan {
    /// The first code point.
    pub start: usize,
    /// One past the last.
    pub end: usize,
    /// What it is, by the labels of `asepsis-vocab` or others that are not required.
    pub label: String,
    /// Whether Safe Harbor asks for it.
    pub req: bool,
}

/// Reads a file of labelled JSON lines.
///
/// # Errors
/// Where the file cannot be read or a line is no labelled text; the error names the place.
pub fn read_labelled(path: &Path) -> Result<Vec<Labelled>, ReadError> {
    let place = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|source| ReadError::File { place: place.clone(), source })?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(n, line)| {
            let place = format!("{place}:{}", n + 1);
            serde_json::from_str(line).map_err(|source| ReadError::Line { place, source })
        })
        .collect()
}

/// Why labelled texts could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("{place}")]
    File {
        /// The file.
        place: String,
        /// Why.
        source: std::io::Error,
    },
    /// A line is no labelled text.
    #[error("{place}")]
    Line {
        /// The file and line.
        place: String,
        /// Why.
        source: serde_json::Error,
    },
}
