//! Recognizers that a request brings with it: patterns and lists of words, Presidio's `PatternRecognizer`.

use std::time::Instant;

use fancy_regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::found::{Found, Why};
use crate::points::Points;

/// DOTALL, MULTILINE and IGNORECASE of Python.
pub(crate) const USUAL_FLAGS: i64 = 26;

/// Bounds of what a request may bring.
const RECOGNIZERS: usize = 64;
const PATTERNS: usize = 256;
const WORDS: usize = 10_000;
const PATTERN_BYTES: usize = 1 << 20;
const MATCHES: usize = 100_000;

/// Steps that a pattern may go back in one search; what needs more is refused. Each place that is tried counts as one, so that a
/// text of the largest size can still be looked through.
const BACKTRACKS: usize = 50_000_000;

/// Presidio's defaults for words beside a match (`LemmaContextAwareEnhancer`).
const CONTEXT_GAIN: f64 = 0.35;
const CONTEXT_FLOOR: f64 = 0.4;
const CONTEXT_WORDS: usize = 5;

/// A recognizer of a request.
pub(crate) struct AdHoc {
    name: String,
    pub(crate) entity: String,
    pub(crate) language: String,
    patterns: Vec<Pattern>,
    context: Vec<String>,
    flags: i64,
}

struct Pattern {
    name: String,
    source: String,
    score: f64,
    group: Option<Group>,
    regex: Regex,
}

enum Group {
    Number(usize),
    Name(String),
}

impl AdHoc {
    /// Reads the recognizers of a request.
    pub(crate) fn read_all(value: &Value) -> Result<Vec<Self>, Fault> {
        let list = match value {
            Value::Null => return Ok(Vec::new()),
            Value::Array(list) => list,
            _ => return Err(unparsed("ad_hoc_recognizers must be a list")),
        };
        if list.len() > RECOGNIZERS {
            return Err(Fault::bad(format!("a request may bring at most {RECOGNIZERS} ad-hoc recognizers")));
        }
        let recognizers: Vec<Self> = list.iter().map(Self::read).collect::<Result<_, _>>()?;
        if recognizers.iter().map(|r| r.patterns.len()).sum::<usize>() > PATTERNS {
            return Err(Fault::bad(format!("a request may bring at most {PATTERNS} patterns")));
        }
        Ok(recognizers)
    }

    fn read(value: &Value) -> Result<Self, Fault> {
        const KNOWN: [&str; 12] = [
            "supported_entity",
            "supported_entities",
            "name",
            "supported_language",
            "patterns",
            "deny_list",
            "context",
            "deny_list_score",
            "global_regex_flags",
            "version",
            "country_code",
            "type",
        ];
        let fields = object(value, "PatternRecognizer")?;
        if let Some(unknown) = fields.keys().find(|k| !KNOWN.contains(&k.as_str())) {
            return Err(unparsed(&format!(
                "PatternRecognizer.__init__() got an unexpected keyword argument '{unknown}'"
            )));
        }
        let entity = fields
            .get("supported_entity")
            .or_else(|| fields.get("supported_entities").and_then(|e| e.get(0)))
            .and_then(Value::as_str)
            .filter(|e| !e.is_empty())
            .ok_or_else(|| Fault::raised("Pattern recognizer should be initialized with entity"))?;
        let flags = fields.get("global_regex_flags").and_then(Value::as_i64).unwrap_or(USUAL_FLAGS);
        let mut patterns = Vec::new();
        for pattern in list(fields, "patterns")? {
            patterns.push(Pattern::read(pattern, flags)?);
        }
        let words = strings(fields, "deny_list")?;
        if !words.is_empty() {
            let score = fields.get("deny_list_score").and_then(Value::as_f64).unwrap_or(1.0);
            patterns.push(Pattern::deny_list(&words, score, flags)?);
        }
        if patterns.is_empty() {
            return Err(Fault::raised("Pattern recognizer should be initialized with patterns or with deny list"));
        }
        let text = |name: &str, other: &str| fields.get(name).and_then(Value::as_str).unwrap_or(other).to_owned();
        Ok(Self {
            name: text("name", "PatternRecognizer"),
            entity: entity.to_owned(),
            language: text("supported_language", "en"),
            patterns,
            context: strings(fields, "context")?.into_iter().map(|w| w.to_lowercase()).collect(),
            flags,
        })
    }

    /// Looks for the patterns; gives up at the deadline.
    pub(crate) fn find(
        &self,
        text: &str,
        points: &Points<'_>,
        outer: &[String],
        deadline: Instant,
    ) -> Result<Vec<Found>, Fault> {
        let mut found = Vec::new();
        for pattern in &self.patterns {
            if Instant::now() > deadline {
                return Err(Fault::parameter(format!(
                    "the patterns take too long; pattern '{}' was not tried",
                    pattern.name
                )));
            }
            for (n, captures) in pattern.regex.captures_iter(text).enumerate() {
                let captures = captures.map_err(|_| {
                    Fault::parameter(format!("pattern '{}' takes too many steps on this text", pattern.name))
                })?;
                if n >= MATCHES || n % 256 == 0 && Instant::now() > deadline {
                    return Err(Fault::parameter(format!(
                        "pattern '{}' finds too much or takes too long",
                        pattern.name
                    )));
                }
                let Some(matched) = pattern.matched(&captures) else { continue };
                if matched.start() == matched.end() || pattern.score <= 0.0 {
                    continue;
                }
                let (score, word) = self.in_context(&text[..matched.start()], outer, pattern.score);
                found.push(Found {
                    entity: self.entity.clone(),
                    start: points.point(matched.start()),
                    end: points.point(matched.end()),
                    score,
                    why: Why {
                        recognizer: self.name.clone(),
                        pattern_name: Some(pattern.name.clone()),
                        pattern: Some(pattern.source.clone()),
                        original_score: pattern.score,
                        text: Some(format!("Detected by `{}` using pattern `{}`", self.name, pattern.name)),
                        context_word: word,
                        validated: None,
                        flags: Some(self.flags),
                    },
                });
            }
        }
        Ok(found)
    }

    /// The score, higher where a word of the recognizer's context stands before the match or in the request's own context.
    fn in_context(&self, before: &str, outer: &[String], score: f64) -> (f64, String) {
        if self.context.is_empty() {
            return (score, String::new());
        }
        let near = before.rsplit(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).take(CONTEXT_WORDS);
        let near: Vec<String> = near.map(|w| w.chars().take(64).collect::<String>().to_lowercase()).collect();
        let helps = |word: &&String| near.iter().chain(outer).any(|n| n.contains(word.as_str()));
        match self.context.iter().find(helps) {
            Some(word) => ((score + CONTEXT_GAIN).clamp(CONTEXT_FLOOR, 1.0), word.clone()),
            None => (score, String::new()),
        }
    }
}

impl Pattern {
    fn read(value: &Value, flags: i64) -> Result<Self, Fault> {
        let fields = object(value, "Pattern")?;
        if let Some(unknown) =
            fields.keys().find(|k| !["name", "regex", "score", "capture_group"].contains(&k.as_str()))
        {
            return Err(unparsed(&format!("Pattern.__init__() got an unexpected keyword argument '{unknown}'")));
        }
        let missing =
            |name: &str| unparsed(&format!("Pattern.__init__() missing 1 required positional argument: '{name}'"));
        let name = fields.get("name").and_then(Value::as_str).ok_or_else(|| missing("name"))?;
        let source = fields.get("regex").and_then(Value::as_str).ok_or_else(|| missing("regex"))?;
        let score = fields.get("score").and_then(Value::as_f64).ok_or_else(|| missing("score"))?;
        if !(0.0..=1.0).contains(&score) {
            return Err(Fault::raised(format!("Invalid score: {score}. Score should be between 0 and 1")));
        }
        let group = match fields.get("capture_group") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(Group::Name(name.clone())),
            Some(number) => Some(Group::Number(
                number
                    .as_u64()
                    .and_then(|n| usize::try_from(n).ok())
                    .ok_or_else(|| unparsed("capture_group is no group"))?,
            )),
        };
        let regex =
            compile(source, flags).map_err(|why| Fault::raised(format!("Invalid regex pattern '{name}': {why}")))?;
        Ok(Self { name: name.to_owned(), source: source.to_owned(), score, group, regex })
    }

    fn deny_list(words: &[String], score: f64, flags: i64) -> Result<Self, Fault> {
        if words.len() > WORDS {
            return Err(Fault::bad(format!("a deny list may have at most {WORDS} words")));
        }
        let words: Vec<_> = words.iter().map(|w| fancy_regex::escape(w)).collect();
        let source = format!(r"(?:^|(?<=\W))({})(?:(?=\W)|$)", words.join("|"));
        let regex = compile(&source, flags).map_err(|why| Fault::bad(format!("the deny list is too large: {why}")))?;
        Ok(Self { name: "deny_list".to_owned(), source, score, group: None, regex })
    }

    fn matched<'t>(&self, captures: &fancy_regex::Captures<'t, str>) -> Option<fancy_regex::Match<'t>> {
        match &self.group {
            None => captures.get(0),
            Some(Group::Number(number)) => captures.get(*number),
            Some(Group::Name(name)) => captures.name(name),
        }
    }
}

/// A pattern under Python's flags, with bounds on what it may cost.
pub(crate) fn compile(source: &str, flags: i64) -> Result<Regex, String> {
    if source.len() > PATTERN_BYTES {
        return Err(format!("it is longer than {PATTERN_BYTES} bytes"));
    }
    let mut inline = String::new();
    for (bit, letter) in [(2, 'i'), (8, 'm'), (16, 's'), (64, 'x')] {
        if flags & bit != 0 {
            inline.push(letter);
        }
    }
    let source = if inline.is_empty() { source.to_owned() } else { format!("(?{inline}){source}") };
    RegexBuilder::new(&source).backtrack_limit(BACKTRACKS).build().map_err(|why| {
        // The words of the error may run over many lines and quote the whole pattern.
        why.to_string().lines().last().unwrap_or("it cannot be read").chars().take(200).collect()
    })
}

/// What Presidio says of a request that it cannot make its objects from.
fn unparsed(what: &str) -> Fault {
    Fault::bad(format!("Failed to parse /analyze request for AnalyzerEngine.analyze(). {what}"))
}

fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Map<String, Value>, Fault> {
    value.as_object().ok_or_else(|| unparsed(&format!("{what} must be an object")))
}

fn list<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<&'a [Value], Fault> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(list)) => Ok(list),
        Some(_) => Err(unparsed(&format!("{name} must be a list"))),
    }
}

fn strings(fields: &Map<String, Value>, name: &str) -> Result<Vec<String>, Fault> {
    let text = |v: &Value| v.as_str().map(str::to_owned).ok_or_else(|| unparsed(&format!("{name} must hold strings")));
    list(fields, name)?.iter().map(text).collect()
}
