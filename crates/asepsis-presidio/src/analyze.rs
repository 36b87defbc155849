//! `POST /analyze`.

use std::time::{Duration, Instant};

use asepsis_phi::{Engine, KnownPhi, Segment};
use asepsis_vocab::{EvidenceKind, Finding};
use serde_json::{Map, Value};

use crate::adhoc::AdHoc;
use crate::allow::Allow;
use crate::entities;
use crate::fault::Fault;
use crate::found::{Found, Why, without_doubles};
use crate::points::Points;

/// The most texts of one request.
const TEXTS: usize = 10_000;

/// How long the patterns of one request may take.
const PATTERNS: Duration = Duration::from_secs(10);

/// Our recognizer's name.
pub(crate) const RECOGNIZER: &str = "AsepsisRecognizer";

/// What Presidio says of a language or of entities that nothing serves.
pub(crate) const NOBODY: &str = "No matching recognizers were found to serve the request.";

/// What a request asks for besides its text.
struct Wish {
    entities: Vec<String>,
    threshold: f64,
    explain: bool,
    adhoc: Vec<AdHoc>,
    context: Vec<String>,
    allow: Allow,
    deadline: Instant,
}

pub(crate) fn answer(
    engine: &Engine,
    known: &KnownPhi,
    languages: &[String],
    request: &Map<String, Value>,
) -> Result<Value, Fault> {
    let texts: Vec<&str> = match request.get("text") {
        Some(Value::String(text)) if !text.is_empty() => vec![text],
        Some(Value::Array(list)) if !list.is_empty() => list
            .iter()
            .map(|t| t.as_str().ok_or_else(|| Fault::bad("text must be a string or a list of strings")))
            .collect::<Result<_, _>>()?,
        None | Some(Value::Null | Value::String(_) | Value::Array(_)) => return Err(Fault::raised("No text provided")),
        Some(_) => return Err(Fault::bad("text must be a string or a list of strings")),
    };
    if texts.len() > TEXTS {
        return Err(Fault::bad(format!("a request may hold at most {TEXTS} texts")));
    }
    let language = request.get("language").and_then(Value::as_str).filter(|l| !l.is_empty());
    let language = language.ok_or_else(|| Fault::raised("No language provided"))?;
    if !languages.iter().any(|l| l == language) {
        return Err(Fault::raised(NOBODY));
    }
    let wish = Wish::read(request, language)?;
    let results: Vec<Value> = texts.iter().map(|text| wish.look(engine, known, text)).collect::<Result<_, _>>()?;
    if request["text"].is_array() {
        return Ok(Value::Array(results));
    }
    results.into_iter().next().ok_or_else(|| Fault::raised("No text provided"))
}

impl Wish {
    fn read(request: &Map<String, Value>, language: &str) -> Result<Self, Fault> {
        let strings = |name: &str| -> Result<Vec<String>, Fault> {
            let wrong = || Fault::bad(format!("{name} must be a list of strings"));
            match request.get(name) {
                None | Some(Value::Null) => Ok(Vec::new()),
                Some(Value::Array(list)) => {
                    list.iter().map(|v| v.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
                }
                Some(_) => Err(wrong()),
            }
        };
        let entities = strings("entities")?;
        let mut adhoc = AdHoc::read_all(request.get("ad_hoc_recognizers").unwrap_or(&Value::Null))?;
        adhoc.retain(|r| r.language == language && (entities.is_empty() || entities.contains(&r.entity)));
        let ours = |e: &String| entities::SUPPORTED.contains(&e.as_str()) || entities::ON_REQUEST.contains(&e.as_str());
        if !entities.is_empty() && adhoc.is_empty() && !entities.iter().any(ours) {
            return Err(Fault::raised(NOBODY));
        }
        let threshold = match request.get("score_threshold") {
            None | Some(Value::Null) => 0.0,
            Some(value) => value.as_f64().ok_or_else(|| Fault::bad("score_threshold must be a number"))?,
        };
        let explain = match request.get("return_decision_process") {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(value) => value.as_f64() != Some(0.0),
        };
        Ok(Self {
            entities,
            threshold,
            explain,
            adhoc,
            context: strings("context")?.into_iter().map(|w| w.to_lowercase()).collect(),
            allow: Allow::read(request)?,
            deadline: Instant::now() + PATTERNS,
        })
    }

    fn look(&self, engine: &Engine, known: &KnownPhi, text: &str) -> Result<Value, Fault> {
        let points = Points::of(text);
        let findings = engine.inspect(&[Segment { text, field: None }], known).pop().unwrap_or_default();
        let mut found: Vec<Found> = findings.iter().filter_map(|f| self.found(text, &points, f)).collect();
        let mut theirs = Vec::new();
        for recognizer in &self.adhoc {
            theirs.extend(recognizer.find(text, &points, &self.context, self.deadline)?);
        }
        // Where the client's own recognizer knows the very word, ours does not know better than that it is some code.
        let same = |f: &Found| theirs.iter().any(|t| t.score >= self.threshold && t.start <= f.start && f.end <= t.end);
        found.retain(|f| f.entity != "ID" || !same(f));
        found.append(&mut theirs);
        found.retain(|f| f.score >= self.threshold);
        let mut found = without_doubles(found);
        found.retain(|f| !self.allow.allows(points.slice(f.start, f.end)));
        Ok(found.iter().map(|f| f.json(self.explain)).collect())
    }

    /// A finding of ours under the name that the request asks for; none where it asks for none of its names.
    fn found(&self, text: &str, points: &Points<'_>, finding: &Finding) -> Option<Found> {
        let (start, end) = (finding.span.start, finding.span.end);
        let line = &text[..start];
        let line = &line[line.rfind('\n').map_or(0, |i| i + 1)..];
        let names = entities::names(finding.class, &text[start..end], line);
        let asked = |name: &&&str| self.entities.is_empty() || self.entities.iter().any(|e| e == *name);
        let name = names.iter().find(asked)?;
        let score = (f64::from(finding.confidence.get()) * 1000.0).round() / 1000.0;
        Some(Found {
            entity: (*name).to_owned(),
            start: points.point(start),
            end: points.point(end),
            score,
            why: Why {
                recognizer: RECOGNIZER.to_owned(),
                pattern_name: Some(finding.detector.to_owned()),
                pattern: None,
                original_score: score,
                text: Some(finding.evidence.note.to_owned()),
                context_word: String::new(),
                validated: (finding.evidence.kind == EvidenceKind::Checksum).then_some(true),
                flags: None,
            },
        })
    }
}
