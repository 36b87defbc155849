//! Numbers, codes and dates of birth that are known.

use asepsis_vocab::{Detail, IdentifierClass};

use super::find::{GIVEN_BY_CALLER, KNOWN};
use super::parse::{Day, is_day, month};
use super::table::Hash;
use super::{CODE, ENDING, KnownPhi, LAST, LONG_CODE, SHORTEST_CODE, birth, class_of};
use crate::cue::CueKind;
use crate::doc::Doc;
use crate::lexicon::MONTH;
use crate::token::{Kind, LINE, SPACE};

/// The most parts that a number is divided into.
const MOST_PARTS: usize = 10;

impl KnownPhi {
    /// Numbers, codes and dates of birth.
    pub(super) fn mark_numbers(&self, doc: &mut Doc<'_>) {
        let mut i = 0;
        while i < doc.tokens.len() {
            let t = doc.tokens[i];
            let fraction = i > 1 && doc.mark(i - 1) == b'.' && doc.glued(i - 1) && doc.is_number(i - 2);
            let inside = i > 0 && doc.glued(i) && (doc.tokens[i - 1].kind != Kind::Mark || fraction);
            let begins = !doc.taken[i] && !inside;
            let number = t.kind == Kind::Number;
            let letters = t.kind == Kind::Word
                && (t.len() <= 6 || doc.glued(i + 1))
                && doc
                    .tokens
                    .get(i + 1)
                    .is_some_and(|n| n.gap <= SPACE && (n.kind == Kind::Number || n.kind == Kind::Mark));
            if !begins || !(number || letters || t.is(MONTH)) {
                i += 1;
                continue;
            }
            if (number || t.is(MONTH))
                && let Some(end) = self.birth_at(doc, i)
            {
                doc.add(i, end, IdentifierClass::Date, Detail::Birth, GIVEN_BY_CALLER, &KNOWN);
                i = end;
                continue;
            }
            match self.code_at(doc, i) {
                Some((end, number)) => {
                    let (class, detail) = class_of(number);
                    doc.add(i, end, class, detail, GIVEN_BY_CALLER, &KNOWN);
                    i = end;
                }
                None => i += 1,
            }
        }
    }

    /// The longest known number that begins at token `i`, whatever divides its parts.
    fn code_at(&self, doc: &Doc<'_>, i: usize) -> Option<(usize, u32)> {
        let few = self.is_few();
        let (mut hash, mut j, mut length, mut found) = (Hash::of(CODE), i, 0, None);
        let announced =
            || doc.cues_before(i, 6).any(|c| c.kind.is_number() || matches!(c.kind, CueKind::Phone | CueKind::Zip));
        for _ in 0..MOST_PARTS {
            let Some(t) = doc.tokens.get(j) else { break };
            if !matches!(t.kind, Kind::Number | Kind::Word) || doc.taken[j] || j > i && t.gap > LINE {
                break;
            }
            doc.word(j).bytes().filter(u8::is_ascii_alphanumeric).for_each(|b| hash.push(b.to_ascii_lowercase()));
            length += t.len();
            j += 1;
            let whole = !(doc.glued(j)
                && (doc.tokens[j].kind != Kind::Mark
                    || doc.mark(j) == b'.' && doc.glued(j + 1) && doc.is_number(j + 1)));
            if length > 40 {
                break;
            }
            if whole
                && length >= LONG_CODE
                && let Some(number) = self.codes.find(hash.end())
            {
                found = Some((j, number));
            } else if whole
                && (few && length > SHORTEST_CODE || announced())
                && (SHORTEST_CODE..10).contains(&length)
                && let Some(number) = self.short_codes.find(hash.end())
            {
                found = Some((j, number));
            }
            let from = j;
            while j - from < 2
                && doc.tokens.get(j).is_some_and(|t| {
                    matches!(t.mark, b'-' | b'.' | b'/' | b'_' | b'(' | b')' | b'#' | b'*' | b',' | b'+')
                        && t.gap <= SPACE
                })
            {
                j += 1;
            }
        }
        found.or_else(|| self.ending_at(doc, i))
    }

    /// The last four digits of a known number, after a cue.
    fn ending_at(&self, doc: &Doc<'_>, i: usize) -> Option<(usize, u32)> {
        if !self.is_few() || !doc.digits(i, LAST, LAST) || doc.glued(i + 1) && doc.tokens[i + 1].kind != Kind::Mark {
            return None;
        }
        let number = self.endings.find(Hash::of(ENDING).text(doc.word(i)).end())?;
        let cue = doc.cues_before(i, 8).any(|c| c.kind.is_number() || matches!(c.kind, CueKind::Phone | CueKind::Fax));
        let told =
            || (i.saturating_sub(5)..i).any(|k| ["last", "ending", "ends", "final"].iter().any(|w| doc.is_word(k, w)));
        let masked = || {
            i > 0
                && matches!(doc.mark(i - 1), b'*' | b'-')
                && i > 1
                && (doc.mark(i - 2) == b'*' || doc.word(i - 2).bytes().all(|b| matches!(b, b'x' | b'X')))
        };
        (cue || told() || masked()).then_some((i + 1, number))
    }

    /// The end of a known date of birth at token `i`, in any order and spelling of its parts.
    fn birth_at(&self, doc: &Doc<'_>, i: usize) -> Option<usize> {
        if self.births.is_empty() {
            return None;
        }
        let few = self.is_few();
        let known = |day: Day| is_day(day) && self.births.find(birth(day)).is_some();
        let value = |k: usize| if doc.digits(k, 1, 4) { Some(doc.value(k)) } else { None };
        let any_year =
            |k: usize, m: u32, d: u32| match (value(k), doc.tokens.get(k).map_or(0, crate::token::Token::len)) {
                (Some(y), 4) => known((y, m, d)),
                (Some(y), 2) => known((1900 + y, m, d)) || known((2000 + y, m, d)),
                _ => false,
            };
        let alone = !(doc.glued(i + 1) && doc.tokens[i + 1].kind != Kind::Mark);
        if few && alone && doc.is_number(i) && matches!(doc.tokens[i].len(), 6 | 8) {
            let w = doc.word(i);
            let n = |a: usize, b: usize| w[a..b].parse::<u32>().unwrap_or(0);
            let compact = if w.len() == 8 {
                known((n(0, 4), n(4, 6), n(6, 8)))
                    || known((n(4, 8), n(0, 2), n(2, 4)))
                    || known((n(4, 8), n(2, 4), n(0, 2)))
            } else {
                [1900, 2000].into_iter().any(|c| {
                    known((c + n(4, 6), n(0, 2), n(2, 4)))
                        || known((c + n(4, 6), n(2, 4), n(0, 2)))
                        || known((c + n(0, 2), n(2, 4), n(4, 6)))
                })
            };
            if compact {
                return Some(i + 1);
            }
        }
        // Three parts with marks, spaces or small words between.
        let mut at = [0; 3];
        let mut k = i;
        for (part, slot) in at.iter_mut().enumerate() {
            let from = k;
            while part > 0
                && k - from < 3
                && (matches!(doc.mark(k), b'-' | b'/' | b'.' | b',' | b'\'')
                    || ["of", "the", "st", "nd", "rd", "th", "day"].iter().any(|w| doc.is_word(k, w)))
            {
                k += 1;
            }
            if doc.taken.get(k).is_none_or(|t| *t) || part > 0 && doc.tokens[k].gap > LINE {
                return None;
            }
            *slot = k;
            k += 1;
        }
        let [a, b, c] = at;
        if doc.glued(k)
            && (doc.tokens[k].kind != Kind::Mark
                || matches!(doc.mark(k), b'-' | b'/') && doc.glued(k + 1) && doc.is_number(k + 1))
        {
            return None;
        }
        let named = |k: usize| doc.has(k, MONTH).then(|| month(doc.word(k))).flatten();
        let found = match (named(a), named(b)) {
            (Some(m), _) => value(b).is_some_and(|d| any_year(c, m, d)),
            (_, Some(m)) => value(a).is_some_and(|d| any_year(c, m, d)) || value(c).is_some_and(|d| any_year(a, m, d)),
            _ => match (value(a), value(b), value(c)) {
                (Some(x), Some(y), Some(z)) => any_year(c, x, y) || any_year(c, y, x) || any_year(a, y, z),
                _ => false,
            },
        };
        (found && (few || doc.glued(a + 1) || named(a).is_some() || named(b).is_some())).then_some(c + 1)
    }
}
