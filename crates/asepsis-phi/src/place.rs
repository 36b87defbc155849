//! Geographic subdivisions smaller than a state, 45 CFR 164.514(b)(2)(i)(B).
//!
//! Street, town and ZIP code are separate findings, because a limited data set (164.514(e)(2)) keeps the latter two.

mod address;
mod town;

pub(crate) use address::{SIGNALS, find_addresses};
pub(crate) use town::find_towns;

use asepsis_vocab::{Detail, IdentifierClass};

use crate::doc::{Doc, Rule};
use crate::lexicon::{CREDENTIAL, PARTICLE, STATE, STATE_NAME, STOP};
use crate::token::{Case, Kind, SPACE};

fn add(doc: &mut Doc<'_>, from: usize, to: usize, detail: Detail, confidence: f32, rule: &'static Rule) {
    doc.add(from, to, IdentifierClass::Location, detail, confidence, rule);
}

/// Tokens that may stand between a cue and its value.
pub(crate) fn is_bridge(doc: &Doc<'_>, k: usize) -> bool {
    use crate::lexicon::{FIELD_NOUN, LINK};
    let t = doc.tokens[k];
    match t.kind {
        Kind::Word => t.is(LINK | FIELD_NOUN) || t.is(PARTICLE) && t.case == Case::Lower,
        Kind::Possessive => true,
        Kind::Mark => !matches!(t.mark, b';' | b'!' | b'?'),
        Kind::Number => false,
    }
}

/// The end of the capitalised words that may name a place.
fn run(doc: &Doc<'_>, i: usize) -> usize {
    let mut j = i;
    while j < doc.tokens.len() && j < i + 5 {
        let t = doc.tokens[j];
        let joined = j == i || t.gap <= SPACE;
        let word = t.is_capital() && !(t.is(STOP) && j > i && t.case != Case::Title) && !doc.taken[j];
        let saint =
            t.mark == b'.' && t.gap == 0 && matches!(doc.word(j.saturating_sub(1)), "St" | "Ft" | "Mt") && j > i;
        let hyphen = t.mark == b'-'
            && t.gap == 0
            && j > i
            && doc.glued(j + 1)
            && doc.tokens.get(j + 1).is_some_and(crate::token::Token::is_capital);
        if !(joined && (word || saint || hyphen)) {
            break;
        }
        j += 1;
    }
    j
}

/// The end of `, ST` or ` State` at token `j`; any two capitals count before a ZIP code.
fn state_at(doc: &Doc<'_>, j: usize) -> Option<usize> {
    let comma = doc.mark(j) == b',';
    let k = if comma { j + 1 } else { j };
    let t = doc.tokens.get(k)?;
    let code = t.kind == Kind::Word && t.len() == 2 && t.case == Case::Upper && t.gap <= 2;
    let zip =
        address::zip_shape(doc, k + 1).is_some() || doc.mark(k + 1) == b',' && address::zip_shape(doc, k + 2).is_some();
    if code && (t.is(STATE) && !t.is(CREDENTIAL) || t.is(STATE) && comma && !doc.has(k, CREDENTIAL) || zip)
        || t.is(STATE_NAME) && t.is_capital() && comma
    {
        return Some(k + 1);
    }
    (code && t.is(STATE) && zip).then_some(k + 1)
}
