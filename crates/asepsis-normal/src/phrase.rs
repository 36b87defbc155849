//! Thousands of phrases looked for in a text at once.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// Finds every place at which one of many phrases stands, byte for byte.
///
/// A table of states takes megabytes, of which a short text touches other lines each time: most of its cost is waiting for memory. Here
/// the first bytes of a place say whether any phrase begins so, which needs a kibibyte or two; hardly a place in ten goes further.
pub struct Phrases(Way);

enum Way {
    /// Few phrases begin alike.
    Heads(Heads),
    /// So many begin alike that a text of such beginnings would take long.
    States(AhoCorasick),
}

/// A place where a phrase stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which, by its number in the list.
    pub phrase: usize,
    /// Its first byte in the text.
    pub start: usize,
    /// The byte behind its last.
    pub end: usize,
}

/// The most phrases that begin with the same bytes, in the quick way.
const MOST_ALIKE: usize = 256;

/// As many marks of beginnings, each a bit.
const MARKS: usize = 1 << 14;

impl Phrases {
    /// Of these phrases. An empty one stands nowhere.
    ///
    /// # Panics
    /// Where the phrases are so many or so long that they need more than 4 GiB.
    pub fn new<P: AsRef<[u8]>>(phrases: &[P]) -> Self {
        match Heads::new(phrases) {
            Some(heads) => Self(Way::Heads(heads)),
            None => {
                let states = AhoCorasick::builder()
                    .match_kind(MatchKind::Standard)
                    .kind(Some(AhoCorasickKind::ContiguousNFA))
                    .build(phrases)
                    .expect("the phrases of a list are fewer than 2^31 bytes");
                Self(Way::States(states))
            }
        }
    }

    /// Every place, by where it ends, then by where it starts. Places may overlap.
    pub fn all(&self, text: &[u8]) -> Vec<Found> {
        match &self.0 {
            Way::Heads(heads) => heads.all(text, 0..text.len()),
            Way::States(states) => places(states, text).collect(),
        }
    }

    /// The same, of those that begin at one of the `starts`, which are in order.
    pub fn all_at(&self, text: &[u8], starts: &[usize]) -> Vec<Found> {
        match &self.0 {
            Way::Heads(heads) => heads.all(text, starts.iter().copied()),
            Way::States(states) => {
                places(states, text).filter(|found| starts.binary_search(&found.start).is_ok()).collect()
            }
        }
    }

    /// Whether one stands at a place that `fits`.
    pub fn any(&self, text: &[u8], fits: impl FnMut(Found) -> bool) -> bool {
        match &self.0 {
            Way::Heads(heads) => heads.each(text, 0..text.len(), fits),
            Way::States(states) => places(states, text).any(fits),
        }
    }
}

fn places<'a>(states: &'a AhoCorasick, text: &'a [u8]) -> impl Iterator<Item = Found> {
    states.find_overlapping_iter(text).filter(|m| !m.is_empty()).map(|m| Found {
        phrase: m.pattern().as_usize(),
        start: m.start(),
        end: m.end(),
    })
}

/// Phrases by their first bytes.
struct Heads {
    /// How many first bytes count of the phrases that begin with a byte: a bit for each of the counts 1 to [`COUNTED`].
    counts: Box<[u8; 256]>,
    /// A bit for each beginning that there is.
    marks: Box<[u64; MARKS / 64]>,
    /// By its mark, where the phrases of a beginning start in `heads`; one more at the end.
    starts: Vec<u32>,
    heads: Vec<Head>,
    /// All phrases behind each other, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

/// The first eight bytes of a phrase, or all that it has.
struct Head {
    bytes: u64,
    /// How many bits of eight bytes it has not.
    lacks: u32,
    phrase: u32,
}

/// The most bytes by which a beginning is told from others.
const COUNTED: usize = 4;

/// The mark of a place whose bytes begin so: `count` of them count.
fn mark(bytes: u64, count: usize) -> usize {
    // A multiplication spreads what differs into the upper bits.
    ((bytes << (64 - 8 * count)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 50) as usize
}

impl Heads {
    /// `None` where too many begin alike.
    fn new<P: AsRef<[u8]>>(phrases: &[P]) -> Option<Self> {
        let mut by_mark: Vec<Vec<Head>> = Vec::new();
        by_mark.resize_with(MARKS, Vec::new);
        let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(phrases.len()));
        let (mut counts, mut marks) = (Box::new([0; 256]), Box::new([0u64; MARKS / 64]));
        for (number, phrase) in phrases.iter().enumerate() {
            let phrase = phrase.as_ref();
            bytes.extend_from_slice(phrase);
            ends.push(u32::try_from(bytes.len()).ok()?);
            if phrase.is_empty() {
                continue;
            }
            let (first, count) = (first_bytes(phrase), phrase.len().min(COUNTED));
            counts[phrase[0] as usize] |= 1 << count;
            let mark = mark(first, count);
            marks[mark / 64] |= 1 << (mark % 64);
            let lacks = 64 - 8 * phrase.len().min(8) as u32;
            by_mark[mark].push(Head { bytes: first, lacks, phrase: u32::try_from(number).ok()? });
        }
        if by_mark.iter().any(|heads| heads.len() > MOST_ALIKE) {
            return None;
        }
        let (mut starts, mut heads) = (Vec::with_capacity(MARKS + 1), Vec::with_capacity(phrases.len()));
        for alike in by_mark {
            starts.push(heads.len() as u32);
            heads.extend(alike);
        }
        starts.push(heads.len() as u32);
        Some(Self { counts, marks, starts, heads, bytes, ends })
    }

    /// Every place that begins at one of these, by where it ends, then by where it starts.
    #[inline]
    fn all(&self, text: &[u8], starts: impl Iterator<Item = usize>) -> Vec<Found> {
        let mut all = Vec::new();
        self.each(text, starts, |found| {
            all.push(found);
            false
        });
        all.sort_by_key(|found| (found.end, found.start));
        all
    }

    /// Every place, by its start, until `stop` says so. Whether it did.
    #[inline]
    fn each(&self, text: &[u8], mut starts: impl Iterator<Item = usize>, mut stop: impl FnMut(Found) -> bool) -> bool {
        starts.any(|start| {
            let counts = self.counts[text[start] as usize];
            counts != 0 && self.at(text, start, counts, &mut stop)
        })
    }

    /// Those at one place, by how many first bytes may count there. It is no part of the loop over places, most of which end before.
    #[inline(never)]
    fn at(&self, text: &[u8], start: usize, mut counts: u8, stop: &mut impl FnMut(Found) -> bool) -> bool {
        let first = first_bytes(&text[start..]);
        while counts != 0 {
            let count = counts.trailing_zeros() as usize;
            counts &= counts - 1;
            if self.has(mark(first, count)) && self.begun(text, start, (first, count), stop) {
                return true;
            }
        }
        false
    }

    #[inline]
    fn has(&self, mark: usize) -> bool {
        self.marks[mark / 64] & (1 << (mark % 64)) != 0
    }

    /// Those at a place whose first bytes, `count` of them, are the beginning of a phrase.
    #[inline(never)]
    fn begun(
        &self,
        text: &[u8],
        start: usize,
        (first, count): (u64, usize),
        stop: &mut impl FnMut(Found) -> bool,
    ) -> bool {
        let mark = mark(first, count);
        let heads = &self.heads[self.starts[mark] as usize..self.starts[mark + 1] as usize];
        heads.iter().filter(|head| first & (u64::MAX >> head.lacks) == head.bytes).any(|head| {
            let phrase = self.phrase(head.phrase as usize);
            // One mark may stand for two beginnings, and is looked at under each.
            phrase.len().min(COUNTED) == count
                && text[start..].starts_with(phrase)
                && stop(Found { phrase: head.phrase as usize, start, end: start + phrase.len() })
        })
    }

    fn phrase(&self, number: usize) -> &[u8] {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start as usize..self.ends[number] as usize]
    }
}

/// The first eight bytes, noughts behind the end.
fn first_bytes(bytes: &[u8]) -> u64 {
    match bytes.first_chunk() {
        Some(eight) => u64::from_le_bytes(*eight),
        None => bytes.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slow(phrases: &[Vec<u8>], text: &[u8]) -> Vec<Found> {
        let mut all = Vec::new();
        for (phrase, bytes) in phrases.iter().enumerate().filter(|(_, bytes)| !bytes.is_empty()) {
            let starts = (0..text.len()).filter(|start| text[*start..].starts_with(bytes));
            all.extend(starts.map(|start| Found { phrase, start, end: start + bytes.len() }));
        }
        all.sort_by_key(|found| (found.end, found.start, found.phrase));
        all
    }

    proptest! {
        #[test]
        fn every_place_is_found_however_phrases_overlap(
            phrases in prop::collection::vec(prop::collection::vec(prop::sample::select(b"ab\0\xff".to_vec()), 0..12), 0..40),
            text in prop::collection::vec(prop::sample::select(b"ab\0\xff".to_vec()), 0..200),
        ) {
            let quick = Phrases::new(&phrases);
            prop_assert_eq!(quick.all(&text), slow(&phrases, &text));
            let mut begun = slow(&phrases, &text);
            begun.retain(|found| found.start % 3 != 1);
            let starts: Vec<usize> = (0..text.len()).filter(|start| start % 3 != 1).collect();
            prop_assert_eq!(quick.all_at(&text, &starts), begun);
            let last = slow(&phrases, &text).into_iter().map(|found| found.start).max();
            prop_assert_eq!(quick.any(&text, |_| true), last.is_some());
            prop_assert!(!quick.any(&text, |found| Some(found.start) > last));
        }
    }

    #[test]
    fn so_many_that_begin_alike_are_found_by_states() {
        let phrases: Vec<Vec<u8>> = (0..MOST_ALIKE as u32 + 1).map(|n| format!("you {n}").into_bytes()).collect();
        let found = Phrases::new(&phrases);
        assert!(matches!(found.0, Way::States(_)));
        let text = b"and you 7, you 25 and you 256";
        assert_eq!(found.all(text), slow(&phrases, text));
        assert_eq!(found.all_at(text, &[4, 11]), slow(&phrases, text)[..3]);
        assert!(found.any(text, |found| found.phrase == 256));
    }
}
