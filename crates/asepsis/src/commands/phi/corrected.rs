//! Corrected notes: texts of a site in which a person marked what identifies patients.
//!
//! Errors name file and line, and hold nothing of what stands there.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use asepsis_document::json::{Json, Limits};
use asepsis_phi::training::{Example, Mark};
use asepsis_score::{Labelled, LabelledSpan};
use asepsis_vocab::{IdentifierClass, Span};
use serde_json::Value;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 256 << 20;

/// A corrected note: to measure on, and to learn from.
pub(super) struct Corrected {
    pub(super) labelled: Labelled,
    pub(super) example: Example,
}

/// Reads all files. An id names one note.
pub(super) fn read(paths: &[PathBuf]) -> anyhow::Result<Vec<Corrected>> {
    let (mut notes, mut places): (Vec<Corrected>, HashMap<String, String>) = (Vec::new(), HashMap::new());
    for path in paths {
        let text = file(path)?;
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let place = format!("{}:{}", path.display(), number + 1);
            let note = note(line).with_context(|| place.clone())?;
            if let Some(before) = places.insert(note.labelled.id.clone(), place.clone()) {
                bail!("{place}: {before} has the same \"id\"; give each note one of its own");
            }
            notes.push(note);
        }
    }
    if notes.is_empty() {
        bail!("there is no note in what --add names; a line is {{\"id\",\"text\",\"spans\"}}");
    }
    Ok(notes)
}

fn file(path: &Path) -> anyhow::Result<String> {
    let place = || path.display().to_string();
    if std::fs::metadata(path).with_context(place)?.len() > LARGEST {
        bail!("{} is larger than {LARGEST} bytes; split it and give --add for each part", path.display());
    }
    let bytes = std::fs::read(path).with_context(place)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].iter().filter(|b| **b == b'\n').count() + 1;
        anyhow::anyhow!("{}:{line}: byte {at} of the file is not UTF-8; save it as UTF-8", path.display())
    })
}

fn note(line: &str) -> anyhow::Result<Corrected> {
    Json::parse(line.as_bytes(), &Limits::default())
        .context("a line is one JSON object, {\"id\",\"text\",\"spans\"}, without line ends in it")?;
    // The error of serde_json could hold what it read.
    let value: Value = serde_json::from_str(line).ok().context("a number in it is too large")?;
    let id = match &value["id"] {
        id @ (Value::String(_) | Value::Number(_)) => id.to_string(),
        _ => bail!("it has no \"id\" (a string or a number)"),
    };
    let text = value["text"].as_str().context("it has no \"text\" (a string)")?.to_owned();
    if text.trim().is_empty() {
        bail!("its \"text\" is empty; leave the line out");
    }
    let spans =
        value["spans"].as_array().context("it has no \"spans\" (a list, empty where nothing identifies a patient)")?;
    let points: Vec<usize> = text.char_indices().map(|(i, _)| i).chain(std::iter::once(text.len())).collect();
    let mut marks = Vec::with_capacity(spans.len());
    for (n, value) in spans.iter().enumerate() {
        marks.push(mark(value, points.len() - 1).with_context(|| format!("span {}", n + 1))?);
    }
    overlap(&marks)?;
    let mut example = Example { text: text.clone(), marks: Vec::new() };
    for mark in marks.iter().filter(|m| m.learnt) {
        let span = Span::new(points[mark.span.start], points[mark.span.end]);
        example.marks.extend(mark.class.map(|class| (span, Mark::Identifier(class))));
    }
    example.marks.sort_unstable_by_key(|m| m.0);
    let spans = marks.into_iter().map(|m| m.span).collect();
    Ok(Corrected { labelled: Labelled { id, text, spans }, example })
}

struct Marked {
    span: LabelledSpan,
    class: Option<IdentifierClass>,
    /// Whether such a place is to be found.
    learnt: bool,
}

/// A span of a text with so many code points.
fn mark(value: &Value, points: usize) -> anyhow::Result<Marked> {
    let number = |name: &str| value[name].as_u64().and_then(|n| usize::try_from(n).ok());
    let (start, end) = number("start")
        .zip(number("end"))
        .context("it needs \"start\" and \"end\", whole numbers that count Unicode code points from 0")?;
    if end > points {
        bail!(
            "it ends at {end}, and the text has {points} code points; count Unicode code points, neither bytes nor UTF-16"
        );
    }
    if start >= end {
        bail!("it starts at {start} and ends at {end}; \"end\" is one past the last code point");
    }
    let label = value["label"].as_str().context("it has no \"label\" (a string)")?;
    let required = match &value["req"] {
        Value::Null => None,
        Value::Bool(required) => Some(*required),
        _ => bail!("its \"req\" is neither true nor false"),
    };
    let class: Option<IdentifierClass> = label.parse().ok();
    if class.is_none() && required != Some(false) {
        let labels: Vec<&str> = IdentifierClass::ALL.into_iter().map(IdentifierClass::label).collect();
        bail!("its label is unknown; labels are {}. Others need \"req\": false, and are left alone", labels.join(", "));
    }
    // What only policy covers is learnt where it is marked, and neither missed nor wrong in the figures.
    let usual = class.is_some_and(|c| c.safe_harbor_paragraph().is_some());
    let span = LabelledSpan { start, end, label: label.to_owned(), req: required.unwrap_or(usual) };
    Ok(Marked { span, class, learnt: required != Some(false) })
}

fn overlap(marks: &[Marked]) -> anyhow::Result<()> {
    let mut order: Vec<usize> = (0..marks.len()).collect();
    order.sort_unstable_by_key(|&i| (marks[i].span.start, marks[i].span.end));
    match order.windows(2).find(|w| marks[w[1]].span.start < marks[w[0]].span.end) {
        Some(w) => {
            bail!("spans {} and {} overlap; give each place one label", w[0].min(w[1]) + 1, w[0].max(w[1]) + 1)
        }
        None => Ok(()),
    }
}
