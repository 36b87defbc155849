//! Reading the lists and texts.

use std::path::Path;

use anyhow::Context;
use asepsis_phi::training::{Example, Mark};
use asepsis_score::Labelled;
use asepsis_vocab::{IdentifierClass, Span};
use serde::Deserialize;

/// The marks that the tagger learns: what Safe Harbor asks for, in bytes.
pub fn to_example(labelled: &Labelled) -> Example {
    let bytes: Vec<usize> =
        labelled.text.char_indices().map(|(i, _)| i).chain(std::iter::once(labelled.text.len())).collect();
    let mut marks: Vec<(Span, Mark)> = labelled
        .spans
        .iter()
        .filter(|s| s.req && s.start < s.end && s.end < bytes.len())
        .filter_map(|s| {
            let class = match s.label.as_str() {
                "USERNAME" => IdentifierClass::Id,
                label => label.parse().ok()?,
            };
            Some((Span::new(bytes[s.start], bytes[s.end]), Mark::Identifier(class)))
        })
        .collect();
    marks.sort_unstable_by_key(|m| m.0);
    marks.dedup_by(|b, a| a.0.overlaps(b.0));
    Example { text: labelled.text.clone(), marks }
}

/// `word<tab>number` lines.
pub(crate) fn counted(path: &Path) -> anyhow::Result<Vec<(String, u64)>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    Ok(text
        .lines()
        .filter(|l| !l.starts_with('#'))
        .filter_map(|l| {
            let (word, rest) = l.split_once('\t')?;
            Some((word.to_owned(), rest.split('\t').next()?.trim().parse().ok()?))
        })
        .collect())
}

pub(crate) fn lines(path: &Path) -> anyhow::Result<Vec<String>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    Ok(text.lines().filter(|l| !l.starts_with('#') && !l.is_empty()).map(str::to_owned).collect())
}

/// A piece of clinical text without labels.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Carrier {
    #[serde(default)]
    pub(crate) part: String,
    pub(crate) text: String,
}

pub(crate) fn carriers(path: &Path) -> anyhow::Result<Vec<Carrier>> {
    lines(path)?.iter().map(|l| serde_json::from_str(l).with_context(|| path.display().to_string())).collect()
}

/// Sentences of a CoNLL file, with persons, places and organisations marked.
pub(crate) fn conll(path: &Path) -> anyhow::Result<Vec<Example>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let mut out = Vec::new();
    let mut example = Example::default();
    let mut before = "O".to_owned();
    for line in text.lines().chain(std::iter::once("")) {
        let mut columns = line.split_whitespace();
        let (Some(word), Some(tag)) = (columns.next(), columns.next_back()) else {
            if !example.text.is_empty() {
                out.push(std::mem::take(&mut example));
            }
            "O".clone_into(&mut before);
            continue;
        };
        if word == "-DOCSTART-" {
            continue;
        }
        let glued =
            word.len() <= 2 && word.starts_with([',', '.', ';', ':', '!', '?', ')', '\'']) || word.starts_with('\'');
        if !example.text.is_empty() && !glued && !example.text.ends_with('(') {
            example.text.push(' ');
        }
        let start = example.text.len();
        example.text.push_str(word);
        let kind = tag.get(2..).unwrap_or("").to_ascii_lowercase();
        let class = match kind.as_str() {
            "per" | "person" => Some(IdentifierClass::Name),
            "loc" | "location" => Some(IdentifierClass::Location),
            "org" | "corporation" | "company" => Some(IdentifierClass::Org),
            _ => None,
        };
        if let Some(class) = class {
            let span = Span::new(start, example.text.len());
            match example.marks.last_mut() {
                Some((last, _)) if tag.starts_with("I-") && before.get(2..) == tag.get(2..) => last.end = span.end,
                _ => example.marks.push((span, Mark::Identifier(class))),
            }
        }
        tag.clone_into(&mut before);
    }
    Ok(out)
}
