//! Names that are known: two parts of one person's beside each other, parts by themselves, initials.

use asepsis_vocab::{Detail, IdentifierClass};

use super::find::{GIVEN_BY_CALLER, KNOWN, NONE, ORDINARY, fold_into};
use super::table::Hash;
use super::words::{FAMILY, GIVEN, SHORT};
use super::{INITIALS, KnownPhi, pair};
use crate::cue::CueKind;
use crate::doc::Doc;
use crate::lexicon::{EPONYM_TAIL, MEASURE, MONTH, ORG_HEAD, ORG_PART, STOP, TITLE, TOWN};
use crate::token::{Case, Kind, LINE, SPACE};

/// How sure a part of one of many people's names is.
const PART_OF_MANY: f32 = 0.7;

impl KnownPhi {
    /// Given and family name of one person beside each other, in either order.
    pub(super) fn mark_pairs(&self, doc: &mut Doc<'_>, ids: &[u32]) {
        for i in 0..ids.len() {
            let near = ids[i] == NONE && self.may_be_misspelled(doc, i);
            if doc.taken[i] || !near && !self.is(ids[i], FAMILY) || doc.tokens[i].kind != Kind::Word {
                continue;
            }
            let Some((from, to)) = self.before(doc, ids, i).or_else(|| self.after(doc, ids, i)) else { continue };
            doc.add(from, to, IdentifierClass::Name, Detail::Unspecified, GIVEN_BY_CALLER, &KNOWN);
        }
    }

    /// `Anna Maria Reed`, `A. Reed`, `Bob Reed-Jones`: the given name before the family name at token `i`.
    fn before(&self, doc: &Doc<'_>, ids: &[u32], i: usize) -> Option<(usize, usize)> {
        let (mut k, mut words) = (i, 0);
        let mut later = i;
        while k > 0 && i - k < 6 && words < 3 {
            if doc.tokens[later].gap > LINE || doc.taken[k - 1] {
                break;
            }
            k -= 1;
            later = k;
            let t = doc.tokens[k];
            match t.kind {
                Kind::Word if self.together(doc, ids, k, i, words == 0) => {
                    let mut end = i + 1;
                    // The second half of a double name.
                    if doc.mark(end) == b'-' && doc.glued(end) && doc.glued(end + 1) && doc.tokens[end + 1].is_capital()
                    {
                        end += 2;
                    } else if doc.tokens.get(end).is_some_and(|t| t.gap == SPACE && t.is_capital())
                        && self.is(ids[end], FAMILY)
                        && self.together(doc, ids, k, end, false)
                    {
                        end += 1;
                    }
                    return Some((k, end));
                }
                // A middle name or initial, or a particle.
                Kind::Word if t.is_capital() && !t.is(STOP & !TITLE) || t.len() <= 3 && words == 0 => words += 1,
                Kind::Mark if matches!(t.mark, b'.' | b'-' | b'_' | b'"' | b')' | b'(') => {}
                _ => break,
            }
        }
        None
    }

    /// `Reed, Anna M.`: the given name after the family name at token `i`.
    fn after(&self, doc: &Doc<'_>, ids: &[u32], i: usize) -> Option<(usize, usize)> {
        let mut k = i + 1;
        if doc.mark(k) == b'-' && doc.glued(k) && doc.glued(k + 1) {
            // "Reed-Jones, Anna"
            k += 2;
        }
        let comma = doc.mark(k) == b',';
        if comma || doc.mark(k) == b'_' || doc.mark(k) == b'.' && doc.glued(k + 1) {
            k += 1;
        }
        let t = doc.tokens.get(k)?;
        let initial = t.len() == 1;
        if t.kind != Kind::Word
            || t.gap > LINE
            || doc.taken[k]
            || initial && !(comma && t.is_capital())
            || !self.together(doc, ids, k, i, true)
        {
            return None;
        }
        let mut end = k + 1;
        if comma && doc.tokens.get(end).is_some_and(|t| t.gap == SPACE && t.len() == 1 && t.is_capital()) {
            end += 1;
        }
        if doc.tokens[end - 1].len() == 1 && doc.mark(end) == b'.' && doc.glued(end) {
            end += 1;
        }
        Some((i, end))
    }

    /// Whether somebody has the given name at token `g` and the family name at token `f`; one of the two may be misspelled.
    fn together(&self, doc: &Doc<'_>, ids: &[u32], g: usize, f: usize, adjacent: bool) -> bool {
        let (given, family) = (ids[g], ids[f]);
        let token = doc.tokens[g];
        if token.len() == 1 && !is_initial(doc, g, f) {
            return false;
        }
        let meets = |given, family| self.pairs.find(pair(given, family)).is_some();
        if given != NONE && family != NONE && self.is(given, GIVEN | SHORT) {
            // Two ordinary words that follow each other are only a name where they are written as one.
            let plain = token.is(ORDINARY) && doc.has(f, ORDINARY);
            let written = token.is_capital() && doc.tokens[f].is_capital();
            if meets(given, family) && (!plain || written) {
                return true;
            }
        }
        let mut found = false;
        let mut buffer = String::new();
        if adjacent
            && given != NONE
            && token.len() > 1
            && self.is(given, GIVEN)
            && family == NONE
            && self.may_be_misspelled(doc, f)
        {
            fold_into(doc.word(f), &mut buffer);
            self.words.near(&buffer, FAMILY, |id| {
                found = meets(given, id);
                found
            });
        } else if adjacent && given == NONE && family != NONE && self.may_be_misspelled(doc, g) {
            fold_into(doc.word(g), &mut buffer);
            self.words.near(&buffer, GIVEN, |id| {
                found = meets(id, family);
                found
            });
        }
        found
    }

    /// Whether a word may be a name with one letter otherwise: long and no ordinary word.
    fn may_be_misspelled(&self, doc: &Doc<'_>, i: usize) -> bool {
        let t = doc.tokens[i];
        t.kind == Kind::Word && t.len() >= 5 && !t.is(ORDINARY) && !doc.taken[i]
    }

    /// Parts of names by themselves, and initials after a cue.
    pub(super) fn mark_parts(&self, doc: &mut Doc<'_>, ids: &[u32]) {
        let few = self.is_few();
        for (i, &id) in ids.iter().enumerate() {
            let t = doc.tokens[i];
            if doc.taken[i] || t.kind != Kind::Word {
                continue;
            }
            let end = self.initials(doc, i).or_else(|| self.part(doc, id, i, few));
            if let Some(end) = end {
                let confidence = if few { GIVEN_BY_CALLER } else { PART_OF_MANY };
                doc.add(i, end, IdentifierClass::Name, Detail::Unspecified, confidence, &KNOWN);
            }
        }
    }

    fn part(&self, doc: &Doc<'_>, id: u32, i: usize, few: bool) -> Option<usize> {
        let t = doc.tokens[i];
        let next = if doc.tokens.get(i + 1).is_some_and(|t| t.kind == Kind::Possessive) { i + 2 } else { i + 1 };
        if doc.has(next, EPONYM_TAIL) || t.len() < 2 {
            return None;
        }
        // A word of an address on the web or of a code is none by itself.
        if i > 0 && doc.glued(i) && matches!(doc.mark(i - 1), b'.' | b'@') && t.case == Case::Lower {
            return None;
        }
        let capital = matches!(t.case, Case::Title)
            && t.gap <= SPACE
            && !doc.starts_sentence(i)
            && !doc.has(i + 1, ORG_HEAD | ORG_PART);
        if id == NONE {
            let mut found = false;
            if few && t.is_capital() && t.len() >= 5 && self.may_be_misspelled(doc, i) && !t.is(TOWN) {
                let mut buffer = String::new();
                fold_into(doc.word(i), &mut buffer);
                self.words.near(&buffer, FAMILY | GIVEN, |_| {
                    found = true;
                    true
                });
            }
            return found.then_some(i + 1);
        }
        let whole = self.is(id, GIVEN | FAMILY) && (t.len() >= 3 || few && t.is_capital() && !t.is(ORDINARY));
        let good = if few {
            whole && !t.is(ORDINARY)
                || capital && !t.is(STOP | MONTH | MEASURE) && (whole || self.is(id, SHORT) && t.len() > 2)
        } else {
            self.is(id, FAMILY) && t.is_capital() && t.len() >= 4 && !t.is(ORDINARY | TOWN)
        };
        good.then_some(i + 1)
    }

    /// `J.S.` or `JS` after a cue for a person, in a list of few.
    fn initials(&self, doc: &Doc<'_>, i: usize) -> Option<usize> {
        let t = doc.tokens[i];
        if !self.is_few()
            || self.initials.is_empty()
            || !t.is_capital()
            || t.len() > 3
            || t.len() > 1 && t.case != Case::Upper
        {
            return None;
        }
        let (mut letters, mut end) = (Hash::of(INITIALS), i);
        let mut count = 0;
        if t.len() > 1 {
            letters = letters.text(&doc.word(i).to_lowercase());
            (end, count) = (i + 1, t.len());
        } else {
            while count < 4
                && doc.tokens.get(end).is_some_and(|t| {
                    t.kind == Kind::Word && t.len() == 1 && t.is_capital() && (count == 0 || t.gap <= SPACE)
                })
            {
                letters = letters.text(&doc.word(end).to_lowercase());
                count += 1;
                end += 1;
                if doc.mark(end) == b'.' && doc.glued(end) {
                    end += 1;
                }
            }
        }
        let told = || doc.cues_before(i, 4).any(|c| c.kind == CueKind::Name) || i > 0 && doc.has(i - 1, TITLE);
        (count > 1 && self.initials.find(letters.end()).is_some() && told()).then_some(end)
    }
}

/// Whether a letter stands for a given name: `R. Reed`, `R Vitifake`, `Reed, R`; not the article.
fn is_initial(doc: &Doc<'_>, g: usize, f: usize) -> bool {
    let listed = g > 0 && doc.mark(g - 1) == b',';
    let rare = !doc.has(f, ORDINARY) && !doc.is_word(g, "a") && !doc.is_word(g, "i");
    doc.tokens[g].is_capital() && (doc.mark(g + 1) == b'.' || listed || rare)
}
