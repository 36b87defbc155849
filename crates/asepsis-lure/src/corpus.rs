//! The development corpora, and what part each text has.

use std::collections::HashSet;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

use crate::chance::number;
use crate::text::Sample;

/// What a text is for. It follows from the text, so that it is always the same, and the same text has one part only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// To learn from: eight of ten.
    Learn,
    /// To say what a sum means: one of ten.
    Calibrate,
    /// To be tested with: one of ten.
    Test,
}

impl Part {
    /// The part of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        match number(text) % 10 {
            0 => Self::Calibrate,
            1 => Self::Test,
            _ => Self::Learn,
        }
    }
}

#[derive(Deserialize)]
struct Row {
    source: String,
    kind: String,
    label: u8,
    text: String,
}

/// The texts of JSON lines of `{"source","kind","label","text"}`; a text that is there twice counts once.
///
/// # Errors
/// If the file cannot be read or is something else.
pub fn labelled(path: &Path) -> anyhow::Result<Vec<Sample>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let (mut out, mut seen) = (Vec::new(), HashSet::new());
    for (at, line) in text.lines().enumerate() {
        let row: Row = serde_json::from_str(line).with_context(|| format!("{}, line {}", path.display(), at + 1))?;
        if seen.insert(number(&row.text)) {
            let attack = row.label == 1;
            out.push(Sample {
                source: row.source,
                set: row.kind,
                disguise: None,
                carrier: None,
                attack,
                text: row.text,
            });
        }
    }
    Ok(out)
}

/// The texts of JSON lines of `{"text"}` or of visits, which are benign.
///
/// # Errors
/// If the file cannot be read or is something else.
pub fn unlabelled(path: &Path, source: &str) -> anyhow::Result<Vec<Sample>> {
    #[derive(Deserialize)]
    struct Text {
        text: String,
    }
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let rows = text.lines().filter(|l| !l.starts_with('#')).enumerate().map(|(at, line)| {
        let row: Text = serde_json::from_str(line).with_context(|| format!("{}, line {}", path.display(), at + 1))?;
        Ok(Sample {
            source: source.to_owned(),
            set: "clinical".to_owned(),
            disguise: None,
            carrier: None,
            attack: false,
            text: row.text,
        })
    });
    rows.collect()
}

/// The sentences of a CoNLL file, without their labels.
///
/// # Errors
/// If the file cannot be read.
pub fn tagged(path: &Path) -> anyhow::Result<Vec<String>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let sentences = text.split("\n\n").map(|s| {
        let words = s.lines().filter_map(|line| line.split_whitespace().next()).filter(|w| *w != "-DOCSTART-");
        words.fold(String::new(), |out, word| {
            let glued = out.is_empty() || word.starts_with([',', '.', ';', ':', '!', '?', ')', '\'']);
            if glued { out + word } else { out + " " + word }
        })
    });
    Ok(sentences.filter(|s| s.len() > 10).collect())
}

/// The abstracts among the clinical texts of the repository: one half is learnt from, the other for the test.
///
/// # Errors
/// If the file cannot be read.
pub fn abstracts(path: &Path, part: Part) -> anyhow::Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Abstract {
        source: String,
        text: String,
    }
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let rows: Vec<Abstract> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let half = u64::from(part == Part::Test);
    let texts = rows.into_iter().filter(|r| r.source == "pubmedqa").map(|r| r.text);
    Ok(texts.filter(|text| number(text) / 100 % 2 == half).collect())
}
