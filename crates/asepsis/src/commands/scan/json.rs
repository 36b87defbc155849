//! `--json`: a line for each file, and one for all.

use asepsis_census::Individuals;
use asepsis_phi::Engine;
use serde_json::{Value, json};

use super::gather::{Inspected, Located, Piece};
use super::tally::{Counts, Own, Tally};
use super::verdict::Verdict;

pub(super) fn file(inspected: &Inspected, own: &Own, show: bool) -> String {
    let mut findings = Vec::new();
    for piece in &inspected.pieces {
        findings.extend(piece.located().map(|located| finding(inspected, piece, &located, show)));
    }
    json!({
        "file": inspected.name,
        "findings": findings,
        "counts": counts(&own.counts),
        "direct_identifiers": own.direct,
        "individuals": individuals(&own.individuals),
    })
    .to_string()
}

pub(super) fn unreadable(name: &str, why: &str) -> String {
    json!({"file": name, "error": why}).to_string()
}

pub(super) fn total(tally: &Tally, verdict: &Verdict, engine: &Engine) -> String {
    json!({"total": {
        "files": tally.files,
        "unreadable": tally.unreadable,
        "identifiers": tally.total(),
        "direct_identifiers": tally.direct,
        "counts": counts(&tally.counts),
        "individuals": individuals(&tally.individuals()),
        "verdict": verdict.kind.name(),
        "incomplete": verdict.incomplete,
        "explanation": verdict.lines,
        "engine": engine.version(),
        "profile": engine.profile().name(),
    }})
    .to_string()
}

fn finding(inspected: &Inspected, piece: &Piece, located: &Located<'_>, show: bool) -> Value {
    let found = located.finding;
    let line = if inspected.many && piece.place.is_none() { piece.document + 1 } else { located.line };
    let mut value = json!({
        "document": piece.document,
        "place": piece.place.as_deref().unwrap_or("text"),
        "line": line,
        "column": located.column,
        "start": found.span.start,
        "end": found.span.end,
        "label": found.class.label(),
        "score": (f64::from(found.confidence.get()) * 1000.0).round() / 1000.0,
        "detector": found.detector,
        "evidence": found.evidence.note,
        "safe_harbor": found.class.safe_harbor_paragraph().map(String::from),
    });
    if show {
        value["text"] = located.text.into();
    }
    value
}

fn counts(counts: &Counts) -> Value {
    counts.iter().map(|(class, n)| (class.label().to_owned(), Value::from(*n))).collect()
}

fn individuals(i: &Individuals) -> Value {
    json!({
        "estimate": i.estimate,
        "at_least": i.at_least,
        "at_most": i.at_most,
        "with_record": i.with_record,
        "professionals": i.professionals,
    })
}
