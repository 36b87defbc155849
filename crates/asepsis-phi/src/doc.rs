//! One segment as the rules see it: its normal form, tokens and cues, and what was found so far.

use asepsis_normal::Normal;
use asepsis_vocab::{Confidence, Detail, Evidence, EvidenceKind, Finding, IdentifierClass};

use crate::cue::{Cue, CueKind};
use crate::lexicon;
use crate::sorts::Sorts;
use crate::token::{Kind, PARAGRAPH, Token};

/// A finding in offsets of the normal form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) class: IdentifierClass,
    pub(crate) detail: Detail,
    pub(crate) confidence: f32,
    pub(crate) rule: &'static Rule,
}

/// A rule's stable name and what it says of its findings.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) kind: EvidenceKind,
    pub(crate) note: &'static str,
}

impl Hit {
    pub(crate) fn finding(&self, normal: &Normal<'_>) -> Finding {
        Finding {
            span: normal.span(self.start, self.end),
            class: self.class,
            detail: self.detail,
            confidence: Confidence::new(self.confidence),
            detector: self.rule.name,
            evidence: Evidence { kind: self.rule.kind, note: self.rule.note },
        }
    }
}

/// Words of more than three letters that have a full stop because they are shortened.
const SHORTENED: [&str; 10] = ["acct", "auth", "cert", "hosp", "conf", "appt", "invt", "subs", "memb", "insur"];

const SHORTENED_LEN: std::ops::RangeInclusive<usize> = 4..=5;

pub(crate) struct Doc<'a> {
    pub(crate) text: &'a str,
    pub(crate) tokens: Vec<Token>,
    /// Where tokens of some sorts stand.
    pub(crate) sorts: Sorts,
    /// A bit for each kind of cue that there is.
    cued: u32,
    pub(crate) cues: Vec<Cue>,
    /// Tokens that a finding or a placeholder holds.
    pub(crate) taken: Vec<bool>,
    pub(crate) hits: Vec<Hit>,
}

/// A cue near a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Near {
    pub(crate) kind: CueKind,
    pub(crate) weak: bool,
    /// Tokens between the cue and the value.
    pub(crate) distance: usize,
}

impl<'a> Doc<'a> {
    pub(crate) fn new(text: &'a str, tokens: Vec<Token>, mut cues: Vec<Cue>) -> Self {
        let mut t = 0;
        cues.sort_unstable_by_key(|c| c.end);
        let mut cued = 0;
        for cue in &mut cues {
            cued |= 1 << cue.kind as u32;
            while t < tokens.len() && tokens[t].start < cue.end {
                t += 1;
            }
            cue.after = t;
        }
        let (taken, sorts) = (vec![false; tokens.len()], Sorts::of(&tokens));
        Self { text, tokens, sorts, cued, cues, taken, hits: Vec::new() }
    }

    pub(crate) fn word(&self, i: usize) -> &'a str {
        self.tokens.get(i).map_or("", |t| &self.text[t.start..t.end])
    }

    #[inline]
    pub(crate) fn is_word(&self, i: usize, word: &str) -> bool {
        self.tokens.get(i).is_some_and(|t| {
            t.len() == word.len()
                && self.text.as_bytes().get(t.start..t.end).is_some_and(|w| w.eq_ignore_ascii_case(word.as_bytes()))
        })
    }

    /// The word of a token in small letters of ASCII; empty where it is longer than the room.
    pub(crate) fn small<'r, const N: usize>(&self, i: usize, room: &'r mut [u8; N]) -> &'r [u8] {
        let word = self.word(i).as_bytes();
        let Some(small) = room.get_mut(..word.len()) else { return &[] };
        small.copy_from_slice(word);
        small.make_ascii_lowercase();
        small
    }

    /// Whether there is a cue of this kind at all.
    pub(crate) fn is_cued(&self, kind: CueKind) -> bool {
        self.cued >> kind as u32 & 1 != 0
    }

    pub(crate) fn mark(&self, i: usize) -> u8 {
        self.tokens.get(i).map_or(0, |t| t.mark)
    }

    pub(crate) fn glued(&self, i: usize) -> bool {
        self.tokens.get(i).is_some_and(|t| t.gap == 0)
    }

    pub(crate) fn is_number(&self, i: usize) -> bool {
        self.tokens.get(i).is_some_and(|t| t.kind == Kind::Number)
    }

    /// A number of that many digits.
    pub(crate) fn digits(&self, i: usize, low: usize, high: usize) -> bool {
        self.tokens.get(i).is_some_and(|t| t.kind == Kind::Number && (low..=high).contains(&t.len()))
    }

    /// The value of a short number.
    pub(crate) fn value(&self, i: usize) -> u32 {
        match self.tokens.get(i) {
            // Nine digits are below the bound.
            Some(t) if t.kind == Kind::Number && t.len() <= 9 => {
                let digits = self.text.as_bytes().get(t.start..t.end).unwrap_or_default();
                digits.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'))
            }
            _ => self.word(i).parse().unwrap_or(u32::MAX),
        }
    }

    pub(crate) fn has(&self, i: usize, flags: u32) -> bool {
        self.tokens.get(i).is_some_and(|t| t.is(flags))
    }

    pub(crate) fn is_free(&self, from: usize, to: usize) -> bool {
        self.taken.get(from..to).is_some_and(|t| !t.contains(&true))
    }

    /// Whether token `i` begins a sentence, a line or a field.
    pub(crate) fn starts_sentence(&self, i: usize) -> bool {
        if i == 0 || self.tokens[i].gap >= 2 {
            return true;
        }
        let before = &self.tokens[i - 1];
        match before.mark {
            b'!' | b'?' | b':' | b'*' | b'"' => true,
            b'.' => i < 2 || !self.tokens[i - 2].is(lexicon::TITLE) && self.tokens[i - 2].len() > 1,
            _ => before.kind == Kind::Mark && before.mark == 0,
        }
    }

    /// Whether a sentence or paragraph ends between token `i - 1` and token `i`.
    pub(crate) fn breaks_before(&self, i: usize) -> bool {
        let Some(token) = self.tokens.get(i) else { return true };
        if token.gap == PARAGRAPH {
            return true;
        }
        if i == 0 || token.gap == 0 {
            return i == 0;
        }
        match self.mark(i - 1) {
            b';' | b'!' | b'?' => true,
            b'.' if self.glued(i - 1) => {
                let word = i.checked_sub(2).map(|w| &self.tokens[w]);
                let short = |w: usize| {
                    SHORTENED_LEN.contains(&self.tokens[w].len()) && SHORTENED.iter().any(|s| self.is_word(w, s))
                };
                word.is_some_and(|w| w.kind == Kind::Word && w.len() > 3 || w.kind == Kind::Number) && !short(i - 2)
            }
            _ => false,
        }
    }

    /// The cues that end at or before token `i`, nearest first, in the same sentence and at most `reach` tokens away.
    pub(crate) fn cues_before(&self, i: usize, reach: usize) -> impl Iterator<Item = Near> + '_ {
        let limit = i.saturating_sub(reach);
        let cues = &self.cues[..self.cues.partition_point(|c| c.after <= i)];
        // Where the nearest is too far, it does not matter where the sentence begins.
        let cues = if cues.last().is_some_and(|c| c.after >= limit) { cues } else { &[] };
        let floor = if cues.is_empty() { None } else { (limit + 1..=i).rev().find(|&j| self.breaks_before(j)) };
        cues.iter()
            .rev()
            .take_while(move |c| floor.map_or(c.after >= limit, |floor| c.after > floor))
            .map(move |c| Near { kind: c.kind, weak: c.weak, distance: i - c.after })
    }

    /// The cues that start at or after token `i`, in the same sentence and at most `reach` tokens away.
    pub(crate) fn cues_after(&self, i: usize, reach: usize) -> impl Iterator<Item = Near> + '_ {
        let cues = &self.cues[self.cues.partition_point(|c| c.after <= i)..];
        let cues = if cues.first().is_some_and(|c| c.after <= i + reach) { cues } else { &[] };
        let mut end = i;
        while !cues.is_empty() && end < self.tokens.len() && end < i + reach && (end == i || !self.breaks_before(end)) {
            end += 1;
        }
        cues.iter().take_while(move |c| c.after <= end).map(move |c| Near {
            kind: c.kind,
            weak: c.weak,
            distance: c.after - i,
        })
    }

    /// Whether a cue of anything but a person begins within the tokens `from..to`.
    pub(crate) fn starts_cue(&self, from: usize, to: usize) -> bool {
        if from >= to {
            return false;
        }
        let (start, end) = (self.tokens[from].start, self.tokens[to - 1].end);
        let first = self.cues.partition_point(|c| c.end <= start);
        self.cues[first..]
            .iter()
            .take_while(|c| c.end <= end + 40)
            .any(|c| c.kind != CueKind::Name && c.start >= start && c.start < end)
    }

    /// Whether a dose follows: what stands before it is a drug.
    pub(crate) fn dose_follows(&self, end: usize) -> bool {
        self.tokens.get(end).is_some_and(|t| t.gap == 1)
            && self.is_number(end)
            && (self.has(end + 1, lexicon::MEASURE) || self.mark(end + 1) == b'.')
            || self.has(end, lexicon::MEASURE)
                && self.tokens[end].case == crate::token::Case::Lower
                && self.tokens[end].len() <= 3
    }

    /// Adds a finding over bytes and takes the tokens that they touch.
    pub(crate) fn add_bytes(
        &mut self,
        start: usize,
        end: usize,
        class: IdentifierClass,
        confidence: f32,
        rule: &'static Rule,
    ) {
        let from = self.tokens.partition_point(|t| t.end <= start);
        let to = self.tokens.partition_point(|t| t.start < end);
        if from < to && self.is_free(from, to) {
            self.taken[from..to].fill(true);
            self.hits.push(Hit { start, end, class, detail: Detail::Unspecified, confidence, rule });
        }
    }

    /// The tokens that share a byte with `start..end`, as a range of indices.
    pub(crate) fn token_range(&self, start: usize, end: usize) -> (usize, usize) {
        let from = self.tokens.partition_point(|t| t.end <= start);
        (from, self.tokens.partition_point(|t| t.start < end).max(from))
    }

    /// The index of the first token at or after a byte.
    pub(crate) fn token_at(&self, at: usize) -> usize {
        self.tokens.partition_point(|t| t.end <= at)
    }

    /// Adds a finding over the tokens `from..to` and takes them.
    pub(crate) fn add(
        &mut self,
        from: usize,
        to: usize,
        class: IdentifierClass,
        detail: Detail,
        confidence: f32,
        rule: &'static Rule,
    ) {
        if from >= to || !self.is_free(from, to) {
            return;
        }
        self.taken[from..to].fill(true);
        let (start, end) = (self.tokens[from].start, self.tokens[to - 1].end);
        self.hits.push(Hit { start, end, class, detail, confidence, rule });
    }
}
