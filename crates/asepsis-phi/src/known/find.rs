//! Where what is known stands in a document.

use asepsis_vocab::{Detail, EvidenceKind, IdentifierClass};

use super::parse::fold;
use super::table::Hash;
use super::words::PHRASE;
use super::{KnownPhi, SEQUENCE, class_of, sequence};
use crate::doc::{Doc, Rule};
use crate::lexicon::{COMMON, DRUG, EPONYM, MEASURE, MONTH, ORG_HEAD, ORG_PART, STOP, TITLE, WEEKDAY};
use crate::token::{Kind, LINE};

pub(super) static KNOWN: Rule = Rule { name: "known", kind: EvidenceKind::KnownPhi, note: "given by the caller" };

/// Sure as the caller is.
pub(super) const GIVEN_BY_CALLER: f32 = 1.0;
/// Words that are only names where they are written as names.
pub(super) const ORDINARY: u32 =
    COMMON | EPONYM | ORG_PART | ORG_HEAD | DRUG | MEASURE | STOP | MONTH | WEEKDAY | TITLE;

impl KnownPhi {
    /// Marks what this list and those that it was joined with know.
    pub(crate) fn mark(&self, doc: &mut Doc<'_>) {
        for other in &self.others {
            other.mark(doc);
        }
        if self.entries == 0 {
            return;
        }
        let ids = self.ids(doc);
        self.mark_phrases(doc, &ids);
        self.mark_pairs(doc, &ids);
        self.mark_numbers(doc);
        self.mark_parts(doc, &ids);
    }

    /// The number of each word that is known; `NONE` for all others.
    fn ids(&self, doc: &Doc<'_>) -> Vec<u32> {
        let mut buffer = String::new();
        let known = |i: usize, buffer: &mut String| {
            fold_into(doc.word(i), buffer);
            self.words.find(buffer).unwrap_or(NONE)
        };
        (0..doc.tokens.len())
            .map(|i| {
                let reads = matches!(doc.tokens[i].kind, Kind::Word | Kind::Number);
                if reads { known(i, &mut buffer) } else { NONE }
            })
            .collect()
    }

    pub(super) fn is(&self, id: u32, roles: u8) -> bool {
        id != NONE && self.words.roles(id) & roles != 0
    }

    fn mark_phrases(&self, doc: &mut Doc<'_>, ids: &[u32]) {
        let mut buffer = String::new();
        let mut i = 0;
        while i < ids.len() {
            if !self.is(ids[i], PHRASE) || doc.taken[i] {
                i += 1;
                continue;
            }
            let longest = self.words.longest(ids[i]);
            let (mut hash, mut j, mut found) = (Hash::of(SEQUENCE), i, None);
            for _ in 0..longest {
                fold_into(doc.word(j), &mut buffer);
                hash = sequence(hash, &buffer);
                j += 1;
                if let Some(number) = self.phrases.find(hash.end()) {
                    found = Some((j, number));
                }
                let from = j;
                while j - from < 2 && doc.tokens.get(j).is_some_and(|t| matches!(t.kind, Kind::Mark)) {
                    j += 1;
                }
                if doc.tokens.get(j).is_none_or(|t| t.gap > LINE || doc.taken[j]) {
                    break;
                }
            }
            match found {
                Some((end, number)) if self.phrase_stands(doc, i, end, class_of(number)) => {
                    let (class, detail) = class_of(number);
                    doc.add(i, end, class, detail, GIVEN_BY_CALLER, &KNOWN);
                    i = end;
                }
                _ => i += 1,
            }
        }
    }

    /// A phrase of ordinary words is one where it is written as a name.
    fn phrase_stands(&self, doc: &Doc<'_>, i: usize, end: usize, (class, detail): (IdentifierClass, Detail)) -> bool {
        if detail == Detail::Town && !self.is_few() {
            return false;
        }
        let words = || (i..end).filter(|&k| doc.tokens[k].kind == Kind::Word);
        let ordinary = words().all(|k| doc.has(k, ORDINARY & !ORG_HEAD) || doc.has(k, ORG_HEAD));
        let numbered = (i..end).any(|k| doc.is_number(k));
        let written = words().all(|k| doc.tokens[k].is_capital() || doc.has(k, STOP));
        match class {
            IdentifierClass::Org | IdentifierClass::Location => {
                numbered || !ordinary || written && !doc.starts_sentence(i) || written && words().count() > 1
            }
            _ => !ordinary || written,
        }
    }
}

/// In place of the number of a word that is not known.
pub(super) const NONE: u32 = u32::MAX;

/// The folded form of a word of a text, as [`fold`] makes it.
pub(super) fn fold_into(word: &str, buffer: &mut String) {
    buffer.clear();
    if word.is_ascii() {
        buffer.extend(word.bytes().filter(|b| *b != b'\'').map(|b| char::from(b.to_ascii_lowercase())));
    } else {
        buffer.push_str(&fold(word));
    }
}
