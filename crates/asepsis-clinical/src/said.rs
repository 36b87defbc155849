//! What a text says of findings and sides: there, not there, somebody else's, or left open.
//!
//! A cue reaches forward to the end of its sentence, or to a word that turns it ("denies fever but has chills"), as in NegEx
//! (Chapman 2001) and ConText (Harkema 2009). A question is answered by the first word after it.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::reading::Reading;
use crate::sense::{Cue, Sense};
use crate::token::Kind;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Affirmed,
    Denied,
    /// Asked, possible, or of another time.
    Open,
    /// Of somebody else.
    Family,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Said {
    pub(crate) finding: u16,
    pub(crate) state: State,
    pub(crate) first: usize,
    pub(crate) last: usize,
}

/// How far, in tokens, a denial, an open question and a relative reach.
const DENIAL: usize = 25;
const NOT: usize = 10;
const OPEN: usize = 8;
const RELATIVE: usize = 14;

/// Every finding of a text, with what is said of it.
pub(crate) fn said(reading: &Reading<'_>) -> Vec<Said> {
    let mut out: Vec<Said> = Vec::with_capacity(reading.terms.len() / 4 + 1);
    let headings = headings(reading);
    let mut sentence = u32::MAX;
    let (mut denied, mut not, mut open, mut family) = (None, None, None, None);
    for term in &reading.terms {
        let (first, last) = (term.first as usize, term.last as usize);
        if reading.tokens[first].sentence != sentence {
            sentence = reading.tokens[first].sentence;
            (denied, not, open, family) = (None, None, None, None);
        }
        let within = |at: Option<usize>, reach: usize| at.is_some_and(|at| first.saturating_sub(at) <= reach);
        match term.sense {
            Sense::Cue(Cue::Denied) => denied = Some(last),
            Sense::Cue(Cue::Not) => not = Some(last),
            Sense::Cue(Cue::Unsure) => open = Some(last),
            Sense::Cue(Cue::Family) => family = Some(last),
            Sense::Cue(Cue::Turn) => (denied, not, open) = (None, None, None),
            Sense::Cue(Cue::DeniedBefore) => {
                if let Some(before) = out
                    .last_mut()
                    .filter(|s| first.saturating_sub(s.last) <= 6 && reading.tokens[s.first].sentence == sentence)
                {
                    before.state = State::Denied;
                }
            }
            Sense::Finding(finding) => {
                let under = headings[..headings.partition_point(|(at, _)| *at <= first)].last();
                let state = if within(family, RELATIVE) || under.is_some_and(|(_, family)| *family) {
                    State::Family
                } else if within(denied, DENIAL)
                    || within(not, NOT)
                    || within(not, DENIAL) && goes_on(reading, first)
                    || reading.word(last + 1).eq_ignore_ascii_case("no")
                {
                    State::Denied
                } else if within(open, OPEN) || is_asked(reading, last) {
                    answer(reading, last).unwrap_or(State::Open)
                } else if is_told_to(reading, last) {
                    answer(reading, last).unwrap_or(State::Affirmed)
                } else {
                    State::Affirmed
                };
                out.push(Said { finding, state, first, last });
            }
            _ => {}
        }
    }
    out
}

/// The lines that are headings (up to four words, in capitals or with a colon at the end), and whether they are of the family's
/// history.
fn headings(reading: &Reading<'_>) -> Vec<(usize, bool)> {
    let mut out = Vec::with_capacity(8);
    for (first, last) in reading.sentences().filter(|(first, last)| last - first < 5) {
        let line = &reading.tokens[first..=last];
        let words = || line.iter().filter(|t| t.kind == Kind::Word).map(|t| &reading.text[t.range()]);
        let capitals = || words().all(|w| w.bytes().all(|b| b.is_ascii_uppercase())) && words().any(|w| w.len() > 2);
        if words().next().is_some() && (line[line.len() - 1].is(b':') || capitals()) {
            out.push((
                first,
                words().any(|w| w.eq_ignore_ascii_case("family") || w.eq_ignore_ascii_case("familiares")),
            ));
        }
    }
    out
}

fn is_asked(reading: &Reading<'_>, i: usize) -> bool {
    let (_, last) = reading.sentence(i, 40);
    reading.tokens[last].is(b'?')
}

/// Whether the next sentence is another speaker's ("[patient] no").
fn is_told_to(reading: &Reading<'_>, i: usize) -> bool {
    let (_, last) = reading.sentence(i, 40);
    reading.tokens.get(last + 1).is_some_and(|t| t.is(b'['))
}

/// Whether a list goes on to this token: a comma or "or" stands before it.
fn goes_on(reading: &Reading<'_>, first: usize) -> bool {
    first > 0 && (reading.tokens[first - 1].is(b',') || reading.word(first - 1).eq_ignore_ascii_case("or"))
}

/// What the words after the question answer: "[patient] no", "Yes, ...". Questions in a row have one answer.
fn answer(reading: &Reading<'_>, i: usize) -> Option<State> {
    let (_, mut last) = reading.sentence(i, 40);
    for _ in 0..5 {
        let next = reading.tokens.get(last + 1)?;
        let (_, end) = reading.sentence(last + 1, 40);
        if next.is(b'[') || !reading.tokens[end].is(b'?') {
            break;
        }
        last = end;
    }
    let mut k = last + 1;
    if reading.tokens.get(k)?.is(b'[') {
        k += 3;
    } else if reading.tokens.get(k + 1)?.is(b':') {
        k += 2;
    }
    let is = |k: usize, words: &[&str]| words.iter().any(|word| reading.word(k).eq_ignore_ascii_case(word));
    let most = k + 8;
    while k < most && is(k, &["um", "uh", "well", "oh", ",", "so", "gosh"]) {
        k += 1;
    }
    if is(k, &["no", "nope", "nah", "none", "never"]) {
        // "no fever, some chills" speaks for itself.
        let named = reading.has(k + 1, k + 1, |sense| matches!(sense, Sense::Finding(_)));
        (!named).then_some(State::Denied)
    } else if is(k, &["yes", "yeah", "yep", "si", "sí"]) {
        Some(State::Affirmed)
    } else {
        None
    }
}

/// Sides of an organ, as bits: 1 left, 2 right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sided {
    /// The part of the body, or the hash of the word that stands in its place ("left middle finger", "left lumbar").
    pub(crate) of: Result<u16, u64>,
    pub(crate) sides: u8,
    pub(crate) first: usize,
    pub(crate) last: usize,
}

/// Words after "left" and "right" that say nothing of where.
const ELSEWHERE: [&str; 36] = [
    "side", "now", "there", "here", "away", "after", "before", "worse", "than", "then", "the", "and", "are", "was",
    "but", "for", "with", "because", "that", "this", "you", "your", "have", "has", "okay", "alright", "well", "well,",
    "where", "when", "from", "great", "over", "hand", "sided", "handed",
];

/// Everything that is named with its side.
pub(crate) fn sided(reading: &Reading<'_>) -> Vec<Sided> {
    let mut out = Vec::new();
    for (n, term) in reading.terms.iter().enumerate() {
        let Sense::Side(bits) = term.sense else { continue };
        let sides = if bits == 0 { 3 } else { bits };
        let (first, last) = (term.first as usize, term.last as usize);
        let organ = reading.terms[n + 1..].iter().take(3).find_map(|next| match next.sense {
            Sense::Organ(organ) if (1..=2).contains(&(next.first as usize).saturating_sub(last)) => {
                Some((organ, next.last as usize))
            }
            _ => None,
        });
        let joined = |to: usize| {
            (last + 1..=to).all(|k| {
                reading.tokens[k].kind == Kind::Word && reading.tokens[k].sentence == reading.tokens[first].sentence
            })
        };
        if let Some((organ, end)) = organ.filter(|(_, end)| joined(*end)) {
            out.push(Sided { of: Ok(organ), sides, first, last: end });
        } else if reading.tokens.get(last + 1).is_some() && joined(last + 1) {
            let word = reading.word(last + 1).to_lowercase();
            if (4..=32).contains(&word.len()) && !ELSEWHERE.contains(&word.as_str()) {
                let mut hasher = DefaultHasher::new();
                word.trim_end_matches('s').hash(&mut hasher);
                out.push(Sided { of: Err(hasher.finish()), sides, first, last: last + 1 });
            }
        }
    }
    out
}
