//! A result of the analyzer: Presidio's `RecognizerResult`.

use std::cmp::Reverse;

use serde_json::{Value, json};

/// What was found at a place. Offsets are code points.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) entity: String,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) score: f64,
    pub(crate) why: Why,
}

/// Presidio's `AnalysisExplanation`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Why {
    pub(crate) recognizer: String,
    pub(crate) pattern_name: Option<String>,
    pub(crate) pattern: Option<String>,
    pub(crate) original_score: f64,
    pub(crate) text: Option<String>,
    pub(crate) context_word: String,
    pub(crate) validated: Option<bool>,
    pub(crate) flags: Option<i64>,
}

impl Found {
    pub(crate) fn json(&self, explain: bool) -> Value {
        let why = &self.why;
        let explanation = explain.then(|| {
            json!({
                "recognizer": why.recognizer,
                "pattern_name": why.pattern_name,
                "pattern": why.pattern,
                "original_score": why.original_score,
                "score": self.score,
                "textual_explanation": why.text,
                "score_context_improvement": self.score - why.original_score,
                "supportive_context_word": why.context_word,
                "validation_result": why.validated,
                "regex_flags": why.flags,
            })
        });
        json!({
            "entity_type": self.entity,
            "start": self.start,
            "end": self.end,
            "score": self.score,
            "analysis_explanation": explanation,
        })
    }
}

/// Presidio's `remove_duplicates`: a result goes where another of its type holds it and is as sure; the surest come first.
pub(crate) fn without_doubles(mut found: Vec<Found>) -> Vec<Found> {
    found.retain(|f| f.score > 0.0);
    found.sort_by(|a, b| {
        (&a.entity, a.start, Reverse(a.end))
            .cmp(&(&b.entity, b.start, Reverse(b.end)))
            .then(b.score.total_cmp(&a.score))
    });
    let mut kept: Vec<Found> = Vec::with_capacity(found.len());
    let mut active: Vec<usize> = Vec::new();
    for result in found {
        active.retain(|&k| kept[k].entity == result.entity && kept[k].end >= result.start);
        if !active.iter().any(|&k| kept[k].end >= result.end && kept[k].score >= result.score) {
            active.push(kept.len());
            kept.push(result);
        }
    }
    kept.sort_by(|a, b| b.score.total_cmp(&a.score).then((a.start, Reverse(a.end)).cmp(&(b.start, Reverse(b.end)))));
    kept
}
