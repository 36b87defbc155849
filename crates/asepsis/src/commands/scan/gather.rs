//! Looking at one file: what was found in it, where, and of whom it speaks.

use std::io::Read;
use std::path::Path;

use asepsis_census::{Part, People};
use asepsis_phi::{PassedOver, Segment};
use asepsis_vocab::{Finding, IdentifierClass, Span};

use super::Eye;
use crate::batch::{self, Document};

/// A file that was looked at.
pub(super) struct Inspected {
    pub(super) name: String,
    /// Whether it has several documents: lines of JSON.
    pub(super) many: bool,
    /// The pieces in which something was found, or all where texts are needed whole.
    pub(super) pieces: Vec<Piece>,
    /// The persons of each document.
    pub(super) people: Vec<People>,
}

/// A piece of a document.
pub(super) struct Piece {
    /// The number of its document in the file, from 0.
    pub(super) document: usize,
    /// Where it stands in a document of JSON; none where it is the whole of a text.
    pub(super) place: Option<String>,
    pub(super) text: String,
    pub(super) findings: Vec<Finding>,
    /// What looked like a name and is no finding, where that is asked for.
    pub(super) passed_over: Vec<PassedOver>,
}

/// A finding, and the line and column of its first character, both from 1; the column counts characters.
pub(super) struct Located<'a, F = Finding> {
    pub(super) finding: &'a F,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) text: &'a str,
}

pub(super) fn inspect(eye: &Eye<'_>, name: &str, path: Option<&Path>) -> Result<Inspected, String> {
    let documents = match path {
        Some(path) => batch::documents(path).map_err(|e| e.to_string())?,
        None => vec![(standard_input()?, "")],
    };
    let mut inspected =
        Inspected { name: name.to_owned(), many: documents.len() > 1, pieces: Vec::new(), people: Vec::new() };
    for (number, (document, _)) in documents.into_iter().enumerate() {
        inspected.document(eye, number, document);
    }
    Ok(inspected)
}

fn standard_input() -> Result<Document, String> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    let text = String::from_utf8(bytes).map_err(|e| format!("byte {} is not UTF-8", e.utf8_error().valid_up_to()))?;
    Ok(Document::text(text))
}

impl Inspected {
    fn document(&mut self, eye: &Eye<'_>, number: usize, document: Document) {
        let segments: Vec<Segment<'_>> =
            document.pieces.iter().map(|p| Segment { text: &p.text, field: p.field.as_deref() }).collect();
        let findings = eye.engine.inspect(&segments, eye.known);
        let parts: Vec<Part<'_>> = document
            .pieces
            .iter()
            .zip(&findings)
            .map(|(p, findings)| Part { text: &p.text, record: record(&p.place), field: p.field.as_deref(), findings })
            .collect();
        self.people.push(People::of(&eye.key, &parts));
        for (piece, findings) in document.pieces.into_iter().zip(findings) {
            let place = (piece.place != "text").then_some(piece.place);
            let mut passed_over = if eye.explain { eye.engine.passed_over(&piece.text) } else { Vec::new() };
            // What is known of patients, or a field, may tell more than the text by itself.
            passed_over.retain(|p| findings.iter().all(|f| !f.span.overlaps(p.span)));
            // Of a document of JSON only what something was found in is shown.
            if !findings.is_empty() || !passed_over.is_empty() || eye.keep_texts && place.is_none() {
                self.pieces.push(Piece { document: number, place, text: piece.text, findings, passed_over });
            }
        }
    }

    /// The findings, in order.
    pub(super) fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.pieces.iter().flat_map(|p| &p.findings)
    }

    /// Where a finding stands, as one would write it: file, line and column, or file, place and column.
    pub(super) fn at<F>(&self, piece: &Piece, located: &Located<'_, F>) -> String {
        let (name, column) = (&self.name, located.column);
        match (&piece.place, self.many) {
            (None, true) => format!("{name}:{}:{column}", piece.document + 1),
            (None, false) => format!("{name}:{}:{column}", located.line),
            (Some(place), true) => format!("{name}:{}: {place}:{column}", piece.document + 1),
            (Some(place), false) => format!("{name}: {place}:{column}"),
        }
    }
}

impl Piece {
    /// The findings with their lines and columns.
    pub(super) fn located(&self) -> impl Iterator<Item = Located<'_>> {
        self.places(&self.findings, |finding| finding.span)
    }

    /// The same for what was passed over.
    pub(super) fn located_passed_over(&self) -> impl Iterator<Item = Located<'_, PassedOver>> {
        self.places(&self.passed_over, |passed| passed.span)
    }

    fn places<'a, F>(&'a self, all: &'a [F], span: fn(&F) -> Span) -> impl Iterator<Item = Located<'a, F>> {
        let (mut seen, mut line, mut column) = (0, 1, 1);
        all.iter().map(move |finding| {
            let span = span(finding);
            let between = &self.text[seen..span.start];
            match between.rfind('\n') {
                Some(last) => {
                    line += between.matches('\n').count();
                    column = between[last + 1..].chars().count() + 1;
                }
                None => column += between.chars().count(),
            }
            seen = span.start;
            Located { finding, line, column, text: &self.text[span.range()] }
        })
    }
}

/// The record that a place in JSON belongs to: the element of the outermost list, or the whole document.
fn record(place: &str) -> Option<&str> {
    if place == "text" {
        return None;
    }
    Some(place.find(']').map_or("", |end| &place[..=end]))
}

/// The paragraph of the law that names a class, as one would cite it.
pub(super) fn citation(class: IdentifierClass) -> String {
    class
        .safe_harbor_paragraph()
        .map_or_else(|| "beside the eighteen".to_owned(), |letter| format!("45 CFR 164.514(b)(2)(i)({letter})"))
}
