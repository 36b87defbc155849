//! What looked like a name and was passed over, with the reason: so that a person sees why "Foley" stands in a text.

use std::fmt;

use asepsis_crf::{Lanes, States};
use asepsis_normal::Normal;
use asepsis_vocab::Span;

use crate::doc::Doc;
use crate::lexicon::{
    COMMON, COUNTRY, CREDENTIAL, EPONYM, EPONYM_TAIL, FIRST, LAST, MONTH, STATE_NAME, STOP, TITLE, WEEKDAY,
};
use crate::tagger::Tags;
use crate::token::{Case, Kind, SPACE, Token};

/// Words that look like a name and are no finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// Where they stand.
    pub span: Span,
    /// What they are taken for.
    pub why: Why,
}

/// What words that look like a name are taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// A drug or substance: Zoloft.
    Drug,
    /// A disease, sign or operation that bears a name: Hodgkin lymphoma.
    Eponym,
    /// A test, scale or score: Glasgow Coma Scale.
    Test,
    /// An instrument or device: a Foley catheter.
    Device,
    /// A list or the mere look of it spoke for an identifier, and its surroundings speak against.
    Word,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Drug => "a drug or substance",
            Self::Eponym => "a disease, sign or operation that bears a name",
            Self::Test => "a test, scale or score",
            Self::Device => "an instrument or device",
            Self::Word => "an ordinary word here",
        })
    }
}

/// How sure the tagger has to be.
const SURE: f32 = 0.5;
/// Capitals alone make an abbreviation of so few letters.
const SHORT: usize = 4;

/// What stands in `doc` as no finding, though it looks like a name or a rule had `doubted` it.
pub(crate) fn over(
    doc: &Doc<'_>,
    doubted: &[bool],
    tags: &Tags,
    states: &States,
    normal: &Normal<'_>,
) -> Vec<PassedOver> {
    let reasons: Vec<(usize, Why)> = [Why::Drug, Why::Eponym, Why::Test, Why::Device]
        .into_iter()
        .zip(["DRUG", "EPONYM", "TEST", "DEVICE"])
        .filter_map(|(why, name)| Some((states.index(name)?, why)))
        .collect();
    let mut out: Vec<PassedOver> = Vec::new();
    let mut before = None;
    for (i, token) in doc.tokens.iter().enumerate() {
        let free = !doc.taken[i] && token.kind == Kind::Word;
        let why = if free && (doubted[i] || looks_like_name(doc, i)) {
            let told = likeliest(&reasons, &tags.states.at(i)).or_else(|| listed(doc, i)).map(|why| match why {
                Why::Eponym => head(doc, i).unwrap_or(why),
                why => why,
            });
            told.or((doubted[i] && token.is_capital()).then_some(Why::Word))
        } else {
            None
        };
        if let Some(why) = why {
            let span = normal.span(token.start, token.end);
            match out.last_mut() {
                Some(last) if before == Some(why) && token.gap <= SPACE => last.span.end = last.span.end.max(span.end),
                _ => out.push(PassedOver { span, why }),
            }
        }
        before = why;
    }
    out
}

/// A capital that does not merely begin a sentence, or a word of the lists of names.
fn looks_like_name(doc: &Doc<'_>, i: usize) -> bool {
    let token: &Token = &doc.tokens[i];
    if token.len() < 3 || token.is(STOP | TITLE | CREDENTIAL | MONTH | WEEKDAY | STATE_NAME | COUNTRY) {
        return false;
    }
    let listed = token.is(FIRST | LAST) && (token.is_capital() || !token.is(COMMON));
    let abbreviation = token.case == Case::Upper && token.len() <= SHORT;
    listed || token.is_capital() && !abbreviation && !(token.is(COMMON) && doc.starts_sentence(i))
}

fn likeliest(reasons: &[(usize, Why)], lanes: &Lanes) -> Option<Why> {
    let sure = reasons.iter().filter(|(state, _)| lanes.0[*state] >= SURE);
    sure.max_by(|a, b| lanes.0[a.0].total_cmp(&lanes.0[b.0])).map(|(_, why)| *why)
}

/// What lists and the next words say, where the tagger has no strong word.
fn listed(doc: &Doc<'_>, i: usize) -> Option<Why> {
    if doc.is_number(i + 1) && ["mg", "mcg"].iter().any(|unit| doc.is_word(i + 2, unit)) {
        return Some(Why::Drug);
    }
    (doc.has(i, EPONYM) && (1..=3).any(|d| doc.has(i + d, EPONYM_TAIL))).then_some(Why::Eponym)
}

/// Words behind an eponym that make the whole a test or a device, and no disease.
const TESTS: [&str; 8] =
    ["scale", "score", "test", "index", "inventory", "questionnaire", "classification", "criteria"];
const DEVICES: [&str; 10] =
    ["catheter", "tube", "drain", "needle", "retractor", "forceps", "clamp", "speculum", "brace", "collar"];

/// What the word at the end of the phrase makes of an eponym.
fn head(doc: &Doc<'_>, i: usize) -> Option<Why> {
    let phrase = (i + 1..doc.tokens.len().min(i + 5))
        .take_while(|&k| doc.tokens[k].kind == Kind::Word && doc.tokens[k].gap <= SPACE);
    phrase
        .filter_map(|k| match k {
            k if TESTS.iter().any(|word| doc.is_word(k, word)) => Some(Why::Test),
            k if DEVICES.iter().any(|word| doc.is_word(k, word)) => Some(Why::Device),
            _ => None,
        })
        .next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;

    fn passed(text: &str) -> Vec<(&str, Why)> {
        let found = Engine::new().passed_over(text);
        found.into_iter().map(|p| (&text[p.span.range()], p.why)).collect()
    }

    #[test]
    fn what_bears_a_name_and_is_nobody_has_a_reason() {
        let text = "A Foley catheter was placed. Hodgkin lymphoma; Zoloft 50 mg; Glasgow Coma Scale 15.";
        assert_eq!(
            passed(text),
            [("Foley", Why::Device), ("Hodgkin", Why::Eponym), ("Zoloft", Why::Drug), ("Glasgow", Why::Test)]
        );
    }

    #[test]
    fn a_name_is_found_and_not_passed_over() {
        let text = "Dr. Foley placed it.";
        assert_eq!(passed(text), []);
        let found = Engine::new().inspect_text(text);
        assert!(found.iter().any(|f| f.class.label() == "NAME" && text[f.span.range()].contains("Foley")), "{found:?}");
        assert_eq!(passed("The wound is dry. No fever, no cough."), []);
        assert_eq!(passed(""), []);
        assert!(Engine::rules_only().passed_over("A Foley catheter.").is_empty());
    }
}
