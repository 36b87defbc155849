//! From a pack's text to what is looked for, or to an error that names the rule.

use std::collections::{HashMap, HashSet};

use asepsis_normal::Phrases as Finder;
use asepsis_vocab::{Channel, Verdict};
use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use super::fold::folded;
use super::{FalseAlarms, Rule, SignatureFault};

/// The largest pack, in bytes.
const MOST_BYTES: usize = 4 << 20;
/// The most rules of a pack.
const MOST_RULES: usize = 2000;
/// The most different phrases of a pack.
const MOST_PHRASES: usize = 20_000;
/// The longest phrase, in characters.
const LONGEST: usize = 200;
/// The most words between two parts of a sequence.
const MOST_WITHIN: usize = 24;
/// The most regular expressions of a pack: each reads a text once more.
const MOST_REGEX: usize = 64;
/// The largest compiled regular expression, in bytes.
const REGEX_BYTES: usize = 1 << 20;

/// Why a text is no pack, or none to be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// The signature does not hold.
    #[error("the pack is not to be trusted: {0}")]
    Signature(#[from] SignatureFault),
    /// It is larger than packs are.
    #[error("the pack has more than {MOST_BYTES} bytes; split it")]
    TooLarge,
    /// It is no TOML of this form.
    #[error("the pack cannot be read: {0}")]
    Form(String),
    /// A rule is wrong.
    #[error("rule \"{rule}\": {why}")]
    Rule {
        /// The rule's id.
        rule: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// It has too much of something.
    #[error("the pack has more than {most} {what}; split it")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        most: usize,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default)]
    #[expect(dead_code, reason = "for people who read the file")]
    source: String,
    #[serde(default)]
    #[expect(dead_code, reason = "for people who read the file")]
    licence: String,
    #[serde(default)]
    #[expect(dead_code, reason = "for people who read the file")]
    date: String,
    #[serde(default)]
    rule: Vec<RuleFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    id: String,
    about: String,
    #[serde(default)]
    owasp: Vec<String>,
    #[serde(default)]
    atlas: Vec<String>,
    channels: Option<Vec<String>>,
    verdict: String,
    #[serde(default)]
    phrases: Vec<String>,
    #[serde(default)]
    regex: Vec<String>,
    #[serde(default)]
    sequence: Vec<SequenceFile>,
    false_alarms: Option<FalseAlarmsFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SequenceFile {
    parts: Vec<Vec<String>>,
    #[serde(default = "within")]
    within: usize,
    #[serde(default)]
    unless: Vec<String>,
    #[serde(default)]
    across: bool,
}

fn within() -> usize {
    3
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FalseAlarmsFile {
    texts: u64,
    flagged: u64,
    on: String,
}

/// All that a pack looks for.
pub(super) struct Compiled {
    /// Every phrase and every word of a sequence.
    pub(super) phrases: Finder,
    /// What each of them is, by its number.
    pub(super) uses: Vec<Phrase>,
    pub(super) sequences: Vec<Sequence>,
    /// The parts of the sequence that has most.
    pub(super) parts: usize,
    pub(super) regexes: Vec<(u32, Regex)>,
}

pub(super) struct Phrase {
    /// Whether it has to begin and end with a word.
    pub(super) begins_word: bool,
    pub(super) ends_word: bool,
    pub(super) uses: Vec<Use>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Use {
    /// All that a rule needs.
    Whole { rule: u32 },
    /// A part of a sequence, counted from 0.
    Part { sequence: u32, part: u32 },
}

pub(super) struct Sequence {
    pub(super) rule: u32,
    pub(super) parts: u32,
    pub(super) within: usize,
    /// Whether its parts may stand in sentences that follow each other.
    pub(super) across: bool,
    /// Words beside which it is ordinary.
    pub(super) unless: Option<Finder>,
}

pub(super) fn read(text: &str) -> Result<(String, Vec<Rule>, Compiled), PackError> {
    if text.len() > MOST_BYTES {
        return Err(PackError::TooLarge);
    }
    let file: File = toml::from_str(text).map_err(|e| PackError::Form(e.to_string()))?;
    if file.rule.len() > MOST_RULES {
        return Err(PackError::TooMany { what: "rules", most: MOST_RULES });
    }
    let mut phrases = Phrases::default();
    let (mut rules, mut sequences, mut regexes) = (Vec::new(), Vec::new(), Vec::new());
    let mut ids = HashSet::new();
    for rule in file.rule {
        let number = u32::try_from(rules.len()).unwrap_or(u32::MAX);
        let wrong = |why: String| PackError::Rule { rule: rule.id.chars().take(80).collect(), why };
        let named = rule.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'/' | b'-'));
        if !named || rule.id.is_empty() || rule.id.len() > 80 {
            return Err(wrong("an id is of small letters, digits, - and /, at most 80".to_owned()));
        }
        if !ids.insert(rule.id.clone()) {
            return Err(wrong("there are two rules of this id; rename one".to_owned()));
        }
        if rule.phrases.is_empty() && rule.regex.is_empty() && rule.sequence.is_empty() {
            return Err(wrong("it looks for nothing; give phrases, a sequence or a regex".to_owned()));
        }
        for phrase in &rule.phrases {
            phrases.add(phrase, Use::Whole { rule: number }).map_err(wrong)?;
        }
        for sequence in &rule.sequence {
            let at = u32::try_from(sequences.len()).unwrap_or(u32::MAX);
            sequences.push(sequence.compile(number, at, &mut phrases).map_err(wrong)?);
        }
        for expression in &rule.regex {
            regexes.push((number, regex(expression).map_err(wrong)?));
        }
        rules.push(rule.told().map_err(|(rule, why)| PackError::Rule { rule, why })?);
    }
    if phrases.list.len() > MOST_PHRASES {
        return Err(PackError::TooMany { what: "phrases", most: MOST_PHRASES });
    }
    if regexes.len() > MOST_REGEX {
        return Err(PackError::TooMany { what: "regular expressions", most: MOST_REGEX });
    }
    let found = Finder::new(&phrases.list);
    let parts = sequences.iter().map(|s: &Sequence| s.parts as usize).max().unwrap_or(0);
    Ok((file.name, rules, Compiled { phrases: found, uses: phrases.uses, sequences, parts, regexes }))
}

fn regex(expression: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(expression).size_limit(REGEX_BYTES).dfa_size_limit(REGEX_BYTES).build();
    let regex = built.map_err(|e| format!("a regular expression cannot be used: {e}"))?;
    if regex.is_match("") {
        return Err("a regular expression that fits nothing at all fits everywhere; ask for some character".to_owned());
    }
    Ok(regex)
}

#[derive(Default)]
struct Phrases {
    list: Vec<String>,
    uses: Vec<Phrase>,
    known: HashMap<String, usize>,
}

impl Phrases {
    fn add(&mut self, phrase: &str, used: Use) -> Result<(), String> {
        let phrase = folded(phrase.trim());
        let length = phrase.chars().count();
        if !(1..=LONGEST).contains(&length) {
            return Err(format!("a phrase has 1 to {LONGEST} characters"));
        }
        let at = match self.known.get(&phrase) {
            Some(at) => *at,
            None => {
                let edge = |c: Option<char>| c.is_some_and(is_worded);
                let (begins_word, ends_word) = (edge(phrase.chars().next()), edge(phrase.chars().next_back()));
                self.known.insert(phrase.clone(), self.list.len());
                self.list.push(phrase);
                self.uses.push(Phrase { begins_word, ends_word, uses: Vec::new() });
                self.list.len() - 1
            }
        };
        if !self.uses[at].uses.contains(&used) {
            self.uses[at].uses.push(used);
        }
        Ok(())
    }
}

/// Whether a character is of a script that has spaces between words.
pub(super) fn is_worded(c: char) -> bool {
    c.is_alphanumeric()
        && !matches!(c, '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{2E80}'..='\u{A4CF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

impl SequenceFile {
    fn compile(&self, rule: u32, number: u32, phrases: &mut Phrases) -> Result<Sequence, String> {
        if !(2..=6).contains(&self.parts.len()) || self.parts.iter().any(Vec::is_empty) {
            return Err("a sequence has two to six parts, each with a word at least".to_owned());
        }
        if self.within > MOST_WITHIN {
            return Err(format!("at most {MOST_WITHIN} words may stand between two parts"));
        }
        for (part, words) in (0..).zip(&self.parts) {
            for word in words {
                phrases.add(word, Use::Part { sequence: number, part })?;
            }
        }
        let unless = match self.unless.as_slice() {
            [] => None,
            words => Some(Finder::new(&words.iter().map(|w| folded(w)).collect::<Vec<_>>())),
        };
        let parts = u32::try_from(self.parts.len()).unwrap_or(u32::MAX);
        Ok(Sequence { rule, parts, within: self.within, across: self.across, unless })
    }
}

impl RuleFile {
    fn told(self) -> Result<Rule, (String, String)> {
        let wrong = |why: String| (self.id.clone(), why);
        let verdict: Verdict = self.verdict.parse().map_err(|e: asepsis_vocab::UnknownWord| wrong(e.to_string()))?;
        let channels = match &self.channels {
            None => Channel::ALL.to_vec(),
            Some(words) => words
                .iter()
                .map(|word| word.parse())
                .collect::<Result<Vec<Channel>, asepsis_vocab::UnknownWord>>()
                .map_err(|e| wrong(e.to_string()))?,
        };
        let digits = |t: &str, n: usize| t.len() == n && t.bytes().all(|b| b.is_ascii_digit());
        if let Some(bad) = self.owasp.iter().find(|t| !t.strip_prefix("LLM").is_some_and(|n| digits(n, 2))) {
            return Err(wrong(format!("\"{bad}\" is no entry of OWASP's Top 10 for LLM, as LLM01")));
        }
        let is_atlas = |t: &String| {
            let Some(rest) = t.strip_prefix("AML.T") else { return false };
            match rest.split_once('.') {
                Some((technique, sub)) => digits(technique, 4) && digits(sub, 3),
                None => digits(rest, 4),
            }
        };
        if let Some(bad) = self.atlas.iter().find(|t| !is_atlas(t)) {
            return Err(wrong(format!("\"{bad}\" is no technique of MITRE ATLAS, as AML.T0051.001")));
        }
        let false_alarms = self.false_alarms.map(|f| FalseAlarms { texts: f.texts, flagged: f.flagged, on: f.on });
        let Self { id, about, owasp, atlas, .. } = self;
        Ok(Rule { id, about, owasp, atlas, channels, verdict, false_alarms })
    }
}
