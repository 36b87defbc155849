//! What the long lists know of a word: half a million entries in two megabytes, read where they lie.

use std::borrow::Cow;

use crate::tagger::hash::{fingerprint, word_hash};

/// What the lists know of a word, in sixteen bits: three for each of first name, surname and how ordinary it is, two for the
/// size of a town, and one each for a drug, a clinical word, a state or country, a county, a part of a town's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts(pub(crate) u16);

impl Facts {
    /// How frequent it is as a first name: 0 not at all, 7 among the most frequent.
    pub(crate) fn first(self) -> u16 {
        self.0 & 7
    }

    /// How frequent it is as a surname, likewise.
    pub(crate) fn last(self) -> u16 {
        self.0 >> 3 & 7
    }

    /// How ordinary a word it is: 0 in no dictionary, 1 in the largest only, 7 in the smallest.
    pub(crate) fn ordinary(self) -> u16 {
        self.0 >> 6 & 7
    }

    /// How large a town bears the name: 0 none, 3 a large one.
    pub(crate) fn town(self) -> u16 {
        self.0 >> 9 & 3
    }

    /// A drug or substance.
    pub(crate) fn drug(self) -> bool {
        self.0 >> 11 & 1 == 1
    }

    /// A word of clinical text.
    pub(crate) fn clinical(self) -> bool {
        self.0 >> 12 & 1 == 1
    }
}

const MAGIC: &[u8; 8] = b"ASEPGAZ1";
const GROUPS: usize = 1 << 16;
const HEAD: usize = 8 + (GROUPS + 1) * 4;

/// The lists, by fingerprints of 32 bits: sixteen choose the group, sixteen tell the words of a group apart. One word in
/// ten thousand that is in no list is taken for one that is, which a list of features can bear.
///
/// # The file
///
/// `ASEPGAZ1`; the first entry of each of the 65,536 groups, and their number (u32); the entries, each the rest of the
/// fingerprint (u16) and the facts (u16). All numbers are little-endian.
pub(crate) struct Gazetteer(Cow<'static, [u8]>);

impl Gazetteer {
    /// Reads the file. `None` where it is none.
    pub(crate) fn new(bytes: Cow<'static, [u8]>) -> Option<Self> {
        if bytes.len() < HEAD || &bytes[..8] != MAGIC {
            return None;
        }
        let gazetteer = Self(bytes);
        let entries = gazetteer.group_start(GROUPS);
        let starts = gazetteer.0[8..HEAD].as_chunks().0.iter().map(|start| u32::from_le_bytes(*start));
        let sorted = starts.is_sorted();
        (sorted && gazetteer.0.len() == HEAD + entries * 4).then_some(gazetteer)
    }

    fn group_start(&self, group: usize) -> usize {
        let at = 8 + group * 4;
        u32::from_le_bytes([self.0[at], self.0[at + 1], self.0[at + 2], self.0[at + 3]]) as usize
    }

    /// What is known of the word of that hash.
    #[inline]
    pub(crate) fn facts(&self, word: u64) -> Facts {
        let print = fingerprint(word);
        let group = (print >> 16) as usize;
        let (from, to) = (self.group_start(group), self.group_start(group + 1));
        #[allow(clippy::cast_possible_truncation, reason = "the lower half is what is stored")]
        let rest = (print as u16).to_le_bytes();
        for entry in self.0[HEAD + from * 4..HEAD + to * 4].chunks_exact(4) {
            if entry[..2] == rest {
                return Facts(u16::from_le_bytes([entry[2], entry[3]]));
            }
        }
        Facts::default()
    }

    /// The file of these words; a word that comes twice has the facts of both.
    pub(crate) fn build<'a>(words: impl IntoIterator<Item = (&'a str, u16)>) -> Vec<u8> {
        let mut prints: std::collections::BTreeMap<u32, u16> = std::collections::BTreeMap::new();
        for (word, facts) in words {
            *prints.entry(fingerprint(word_hash(word))).or_default() |= facts;
        }
        let mut out = MAGIC.to_vec();
        let mut entries = Vec::with_capacity(prints.len() * 4);
        let mut group = 0u32;
        let mut count = 0u32;
        for (print, facts) in &prints {
            while group <= print >> 16 {
                out.extend_from_slice(&count.to_le_bytes());
                group += 1;
            }
            #[allow(clippy::cast_possible_truncation, reason = "the lower half is what is stored")]
            entries.extend_from_slice(&(*print as u16).to_le_bytes());
            entries.extend_from_slice(&facts.to_le_bytes());
            count += 1;
        }
        while group as usize <= GROUPS {
            out.extend_from_slice(&count.to_le_bytes());
            group += 1;
        }
        out.extend_from_slice(&entries);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_with_their_facts_and_others_are_not() {
        let bytes = Gazetteer::build([("maria", 7), ("maria", 3 << 3), ("aspirin", 1 << 11), ("pain", 7 << 6)]);
        let gazetteer = Gazetteer::new(bytes.clone().into()).unwrap();
        let maria = gazetteer.facts(word_hash("María"));
        assert_eq!((maria.first(), maria.last()), (7, 3));
        assert!(gazetteer.facts(word_hash("ASPIRIN")).drug());
        assert_eq!(gazetteer.facts(word_hash("pain")).ordinary(), 7);
        assert_eq!(gazetteer.facts(word_hash("zubrowka")), Facts::default());
        assert!(Gazetteer::new(bytes[..bytes.len() - 1].to_vec().into()).is_none());
    }
}
