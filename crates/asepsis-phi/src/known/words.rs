//! The words of known names, each once, found by spelling and by a spelling that differs in one place.

use zeroize::Zeroize;

use super::table::{Hash, Table};

/// What a word is in what is known.
pub(super) const GIVEN: u8 = 1;
pub(super) const FAMILY: u8 = 2;
/// A short form of a given name, which is only taken where it is written as a name.
pub(super) const SHORT: u8 = 4;
/// It begins a phrase.
pub(super) const PHRASE: u8 = 8;

/// Shortest word that may be written otherwise in one place: shorter ones become other words.
pub(super) const SHORTEST_INEXACT: usize = 6;
/// Longest word that is kept.
const LONGEST: usize = 48;

#[derive(Default)]
pub(super) struct Words {
    arena: Vec<u8>,
    entries: Vec<Entry>,
    exact: Table,
    /// Words without one of their letters, and the first of the chain of words that lead there.
    near: Table,
    chain: Vec<(u32, u32)>,
}

struct Entry {
    at: u32,
    len: u8,
    roles: u8,
    /// The most words of a phrase that begins with it.
    longest: u8,
}

const NONE: u32 = u32::MAX;

impl Words {
    /// The number of a word in its folded form, which is added where it is new.
    pub(super) fn add(&mut self, word: &str, roles: u8, phrase: u8) -> Option<u32> {
        if word.is_empty() || word.len() > LONGEST {
            return None;
        }
        let new = u32::try_from(self.entries.len()).ok().filter(|n| *n < NONE)?;
        let id = self.exact.insert(key(word), new);
        if id == new {
            let at = u32::try_from(self.arena.len()).ok()?;
            let len = u8::try_from(word.len()).ok()?;
            self.push(word.as_bytes());
            self.entries.push(Entry { at, len, roles: 0, longest: 0 });
        }
        let entry = self.entries.get_mut(id as usize)?;
        let was = entry.roles;
        entry.roles |= roles;
        entry.longest = entry.longest.max(phrase);
        let named = roles & (GIVEN | FAMILY) != 0 && was & (GIVEN | FAMILY) == 0;
        if named && word.len() >= SHORTEST_INEXACT {
            self.add_near(word, id);
        }
        Some(id)
    }

    fn add_near(&mut self, word: &str, id: u32) {
        for shorter in deletions(word) {
            let key = shorter.end();
            let next = self.near.find(key).unwrap_or(NONE);
            let Ok(link) = u32::try_from(self.chain.len()) else { return };
            self.chain.push((id, next));
            self.near.set(key, link);
        }
    }

    /// Appends to the arena; what it outgrows is wiped.
    fn push(&mut self, bytes: &[u8]) {
        if self.arena.len() + bytes.len() > self.arena.capacity() {
            let mut larger = Vec::with_capacity((self.arena.capacity() * 2).max(1024) + bytes.len());
            larger.extend_from_slice(&self.arena);
            self.arena.zeroize();
            self.arena = larger;
        }
        self.arena.extend_from_slice(bytes);
    }

    pub(super) fn find(&self, folded: &str) -> Option<u32> {
        self.exact.find(key(folded)).filter(|id| self.text(*id) == folded.as_bytes())
    }

    pub(super) fn roles(&self, id: u32) -> u8 {
        self.entries[id as usize].roles
    }

    pub(super) fn longest(&self, id: u32) -> usize {
        usize::from(self.entries[id as usize].longest)
    }

    fn text(&self, id: u32) -> &[u8] {
        let entry = &self.entries[id as usize];
        &self.arena[entry.at as usize..][..usize::from(entry.len)]
    }

    /// Calls `take` with every word of one of the roles that one letter more, less, other or changed with its neighbour
    /// makes of this one, until it says that this is enough.
    pub(super) fn near(&self, folded: &str, roles: u8, mut take: impl FnMut(u32) -> bool) {
        if folded.len() + 1 < SHORTEST_INEXACT || folded.len() > LONGEST {
            return;
        }
        let mut left = MOST_CANDIDATES;
        let whole = Hash::of(NEAR).text(folded).end();
        for key in std::iter::once(whole).chain(deletions(folded).map(Hash::end)) {
            let mut link = self.near.find(key).unwrap_or(NONE);
            while link != NONE && left > 0 {
                left -= 1;
                let (id, next) = self.chain[link as usize];
                if self.roles(id) & roles != 0 && one_edit(folded.as_bytes(), self.text(id)) && take(id) {
                    return;
                }
                link = next;
            }
        }
        // One letter less: the longer word is among the exact ones.
        for shorter in deletions_exact(folded) {
            if let Some(id) = self.exact.find(shorter)
                && self.roles(id) & roles != 0
                && usize::from(self.entries[id as usize].len) >= SHORTEST_INEXACT
                && one_edit(folded.as_bytes(), self.text(id))
                && take(id)
            {
                return;
            }
        }
    }

    pub(super) fn size(&self) -> usize {
        self.arena.capacity()
            + self.entries.capacity() * 8
            + self.chain.capacity() * 8
            + self.exact.size()
            + self.near.size()
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        self.arena.zeroize();
    }
}

/// The most words that are compared with one word of a text.
const MOST_CANDIDATES: usize = 256;
const EXACT: u8 = 1;
const NEAR: u8 = 2;

fn key(word: &str) -> u64 {
    Hash::of(EXACT).text(word).end()
}

fn without(kind: u8, word: &str) -> impl Iterator<Item = Hash> + '_ {
    word.char_indices().map(move |(at, c)| Hash::of(kind).text(&word[..at]).text(&word[at + c.len_utf8()..]))
}

fn deletions(word: &str) -> impl Iterator<Item = Hash> + '_ {
    without(NEAR, word)
}

fn deletions_exact(word: &str) -> impl Iterator<Item = u64> + '_ {
    without(EXACT, word).map(Hash::end)
}

/// Whether one letter inserted, taken, replaced, or changed with the next makes `a` of `b`.
fn one_edit(a: &[u8], b: &[u8]) -> bool {
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[same..], &b[same..]);
    match (a, b) {
        ([], []) => false,
        ([_, a @ ..], [_, b @ ..]) if a == b => true,
        ([w, x, a @ ..], [y, z, b @ ..]) if (w, x) == (z, y) && a == b => true,
        ([_, a @ ..], b) if a == b => true,
        (a, [_, b @ ..]) => a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_with_one_letter_otherwise_and_not_with_two() {
        let mut words = Words::default();
        let id = words.add("vitifake", FAMILY, 0);
        let near = |word: &str| {
            let mut found = None;
            words.near(word, FAMILY, |id| {
                found = Some(id);
                true
            });
            found
        };
        for word in ["vitfake", "vitiffake", "vitivake", "vitifaek", "itifake", "vitifakes"] {
            assert_eq!(near(word), id, "{word}");
        }
        for word in ["vitifake", "vitfak", "vtiifaek", "reed", ""] {
            assert_eq!(near(word), None, "{word}");
        }
        assert_eq!(words.find("vitifake"), id);
        assert_eq!(words.find("vitifak"), None);
    }
}
