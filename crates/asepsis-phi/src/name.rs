//! Names, 45 CFR 164.514(b)(2)(i)(A): after titles, cues, salutations and in signatures, before what a person does, and
//! as a pair of words that lists make likely.

mod cued;
mod loose;

pub(crate) use cued::find_cued;
pub(crate) use loose::find_loose;

use asepsis_vocab::{Detail, IdentifierClass};

use crate::doc::{Doc, Rule};
use crate::lexicon::{
    COMMON, COUNTRY, CREDENTIAL, DRUG, EPONYM, EPONYM_TAIL, FIELD_NOUN, FIRST, FIRST_TOP, LAST, MEASURE, MONTH,
    ORG_PART, PARTICLE, PERSON_VERB, RELATION, STATE_NAME, STOP, TITLE, WEEKDAY,
};
use crate::token::{Case, Kind, SPACE, Token};

/// How much a place says that a name stands there, and so how little the name itself must.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Trust {
    /// Nothing: the lists must speak.
    Low,
    /// A role word: an ordinary word will not do.
    Middle,
    /// A word for a name: an ordinary word must also be somebody's name.
    High,
    /// A title or a typed field: any word in title case will do.
    Certain,
}

fn add(doc: &mut Doc<'_>, from: usize, to: usize, confidence: f32, rule: &'static Rule) {
    doc.add(from, to, IdentifierClass::Name, Detail::Unspecified, confidence, rule);
}

/// A name in lower case, as speech recognition writes it: of the lists or at least of no ordinary word.
fn spoken(doc: &Doc<'_>, i: usize, titled: bool) -> usize {
    let good = |k: usize, first: bool| {
        doc.tokens.get(k).is_some_and(|t| {
            let listed = t.is(FIRST | LAST)
                && (!t.is(COMMON | STOP | MONTH | WEEKDAY)
                    || first && titled && !t.is(STOP | MONTH | WEEKDAY | PERSON_VERB));
            t.kind == Kind::Word && t.len() > 2 && !doc.taken[k] && (listed || titled && first && !t.is(COMMON | STOP))
        })
    };
    let mut j = i;
    while j < i + 3 && good(j, j == i) && (j == i || doc.tokens[j].gap == SPACE) {
        j += 1;
    }
    j
}

/// Whether a word is an ordinary one, with which a name begins only where something has announced it.
fn is_ordinary(t: &Token) -> bool {
    t.is(COMMON | FIELD_NOUN | ORG_PART | RELATION) && !t.is(FIRST_TOP) && t.len() > 1
}

/// The end of the name that starts at token `i`; `i` itself where none does.
fn run(doc: &Doc<'_>, i: usize, trust: Trust) -> usize {
    let mut j = i;
    let mut words = 0;
    let mut plain = 0;
    while words < 4 && j < doc.tokens.len() {
        let t = doc.tokens[j];
        if doc.taken[j]
            || j > i
                && t.gap > SPACE
                && !(t.gap == 2 && trust != Trust::Low && words == 1 && doc.has(j, LAST) && !doc.has(j, COMMON))
        {
            break;
        }
        if t.is_capital() {
            if t.is(STOP | MONTH | WEEKDAY | TITLE)
                && t.len() > 1
                && !(t.is(FIRST_TOP) && t.case == Case::Title && trust >= Trust::High)
            {
                break;
            }
            if words > 0 && t.is(CREDENTIAL) && t.case == Case::Upper && !matches!(doc.word(j), "II" | "III" | "IV") {
                break;
            }
            if t.is(EPONYM)
                && (doc.has(j + 1, EPONYM_TAIL) || doc.mark(j + 1) == b'-' && doc.has(j + 3, EPONYM_TAIL))
                && trust != Trust::Certain
            {
                return i;
            }
            if is_ordinary(&t) {
                let initial = words == 1 && doc.tokens[i].len() == 1 && trust != Trust::Low && t.is_capital();
                let surname = t.is(LAST) && words > 0 || initial;
                let alone = words == 0
                    && (trust == Trust::Certain && t.case == Case::Title || trust == Trust::High && t.is(FIRST | LAST));
                if !surname && !alone {
                    break;
                }
                plain += 1;
            }
            if trust == Trust::Low && t.is(DRUG | MEASURE) && !t.is(FIRST | LAST) && t.len() > 1 {
                break;
            }
            if words > 0 && t.case == Case::Upper && t.len() > 1 && doc.tokens[i].case == Case::Title && !t.is(LAST) {
                break;
            }
            words += 1;
            j += 1;
            // Initials keep their full stop, hyphenated names their second half.
            if t.len() == 1 && doc.mark(j) == b'.' && doc.glued(j) {
                j += 1;
            }
            if doc.mark(j) == b'-'
                && doc.glued(j)
                && doc.glued(j + 1)
                && doc.tokens.get(j + 1).is_some_and(crate::token::Token::is_capital)
                && !doc.has(j + 1, COMMON)
            {
                j += 2;
            }
            if let Some(end) = nickname(doc, i, j, trust) {
                j = end;
            }
        } else if t.is(PARTICLE)
            && t.kind == Kind::Word
            && words > 0
            && doc
                .tokens
                .get(j + 1)
                .is_some_and(|n| (n.is_capital() || n.is(PARTICLE)) && n.gap == SPACE && !n.is(STOP))
            && !doc.is_word(j, "e")
            && !doc.is_word(j, "y")
        {
            j += 1;
        } else if t.mark == b',' && words == 1 && t.gap == 0 && comma_name(doc, i, j, trust) {
            j += 1;
            let n = doc.tokens[j];
            words += 1;
            j += 1;
            if n.len() == 1 && doc.mark(j) == b'.' {
                j += 1;
            }
            if let Some(end) = nickname(doc, i, j, trust) {
                j = end;
            }
        } else {
            break;
        }
    }
    let only_initial = words == 1 && doc.tokens[i].len() == 1;
    if words == 0 || only_initial || plain == words && trust < Trust::High {
        return i;
    }
    j
}

/// The end of the nickname in quotes or parentheses at token `open` of the name that starts at token `i`:
/// `José "Pepe" Ibáñez`, `Robert (Bob) Tran`.
fn nickname(doc: &Doc<'_>, i: usize, open: usize, trust: Trust) -> Option<usize> {
    let close = match doc.mark(open) {
        quote @ (b'"' | b'\'') => quote,
        b'(' => b')',
        _ => return None,
    };
    let quoted = close != b')';
    let mut j = open + 1;
    if doc.tokens[open].gap != SPACE || doc.mark(j) == close {
        return None;
    }
    while j < open + 6 && doc.mark(j) != close {
        let t = doc.tokens.get(j)?;
        let dot = matches!(t.mark, b'.' | b'-') && t.gap == 0 && j > open + 1;
        let shouted = t.case == Case::Upper && t.len() > 1 && doc.tokens[i].case != Case::Upper;
        let plain = STOP | MONTH | WEEKDAY | TITLE | CREDENTIAL | RELATION | FIELD_NOUN | MEASURE | DRUG | STATE_NAME;
        let listed = t.is(FIRST) && t.is_capital();
        let word = t.kind == Kind::Word
            && t.gap == u8::from(j > open + 1 && doc.mark(j - 1) == 0)
            && (listed || t.len() == 1 || !t.is(plain))
            && (t.is_capital() || quoted && !t.is(COMMON))
            && (quoted || !shouted && (listed || !t.is(COMMON | ORG_PART | COUNTRY)));
        if doc.taken[j] || !(dot || word) {
            return None;
        }
        j += 1;
    }
    if doc.mark(j) != close || !doc.glued(j) || doc.taken[open] || doc.taken[j] {
        return None;
    }
    let next = doc.tokens.get(j + 1);
    let surname = next.is_some_and(|n| {
        n.gap == SPACE
            && (n.is_capital()
                && !n.is(STOP | MONTH | WEEKDAY | TITLE | CREDENTIAL)
                && (n.is(LAST) || !n.is(COMMON | FIELD_NOUN | ORG_PART | RELATION) && trust > Trust::Low)
                || n.is(PARTICLE) && doc.tokens.get(j + 2).is_some_and(|m| m.is_capital() && !m.is(COMMON | STOP)))
    });
    let known = doc.has(open + 1, FIRST) && doc.tokens[open + 1].is_capital();
    (surname && (known || trust > Trust::Low || quoted && doc.has(i, FIRST)) || known && trust >= Trust::High)
        .then_some(j + 1)
}

/// Whether the comma after the one word of a name stands before a first name: `Wohome, Nepo`.
fn comma_name(doc: &Doc<'_>, i: usize, comma: usize, trust: Trust) -> bool {
    let Some(next) = doc.tokens.get(comma + 1) else { return false };
    let name = next.is_capital()
        && next.gap == SPACE
        && !next.is(CREDENTIAL | STOP | MONTH | WEEKDAY | TITLE | STATE_NAME | COUNTRY)
        && !(next.case == Case::Upper && next.len() == 2);
    let listed = next.is(FIRST) && (!next.is(COMMON) || next.is(FIRST_TOP));
    let odd = !next.is(COMMON);
    name && !doc.taken[comma + 1]
        && match trust {
            Trust::Low => listed && doc.has(i, LAST) && !doc.has(i, COMMON),
            _ => listed || odd,
        }
}
