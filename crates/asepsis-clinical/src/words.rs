//! Where the words of a table stand, found without a copy in lower case.

/// Places of words in a list, by the letters that they begin and end with. The words are those of a table that ships or that the
/// organisation keeps, never those of a text: nobody who writes a text can make them meet, so nothing has to be seeded.
#[derive(Clone, Default)]
pub(crate) struct Places {
    /// The hash of a word above, its place and one below; 0 where there is none. At most half of them are taken.
    slots: Vec<u64>,
    taken: usize,
}

impl Places {
    /// The place of a word; `is` says whether it stands at a place.
    pub(crate) fn find(&self, word: &Ends, is: impl Fn(usize) -> bool) -> Option<usize> {
        let hash = word.hash();
        let mut at = hash as usize;
        loop {
            // There is always a free slot, and none at all in an empty table.
            let slot = *self.slots.get(at & self.slots.len().wrapping_sub(1))?;
            if slot == 0 {
                return None;
            }
            let place = (slot as u32 - 1) as usize;
            if (slot >> 32) as u32 == hash && is(place) {
                return Some(place);
            }
            at += 1;
        }
    }

    /// Notes where a word stands that is not among them.
    pub(crate) fn note(&mut self, word: &Ends, place: usize) {
        self.taken += 1;
        if self.taken * 2 > self.slots.len() {
            let wider = vec![0; (self.slots.len() * 2).max(16)];
            for slot in std::mem::replace(&mut self.slots, wider).into_iter().filter(|slot| *slot != 0) {
                self.put(slot);
            }
        }
        self.put(u64::from(word.hash()) << 32 | (place as u64 + 1));
    }

    fn put(&mut self, slot: u64) {
        let last = self.slots.len() - 1;
        let mut at = (slot >> 32) as usize & last;
        while self.slots[at] != 0 {
            at = (at + 1) & last;
        }
        self.slots[at] = slot;
    }
}

/// The letters that a word begins and ends with, in small letters of ASCII, and its length.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ends {
    first: u64,
    last: u64,
    len: usize,
}

impl Ends {
    pub(crate) fn of(word: &[u8]) -> Self {
        let (first, last) = if let (Some(first), Some(last)) = (word.first_chunk(), word.last_chunk()) {
            (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
        } else if let (Some(first), Some(last)) = (word.first_chunk(), word.last_chunk()) {
            (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)))
        } else if let (Some(first), Some(last)) = (word.first(), word.last()) {
            (u64::from(*first) | u64::from(word[word.len() / 2]) << 8, u64::from(*last))
        } else {
            (0, 0)
        };
        Self { first: small(first), last: small(last), len: word.len() }
    }

    /// Whether they are all of the word.
    pub(crate) fn are_all(&self) -> bool {
        self.len <= 16
    }

    fn hash(&self) -> u32 {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let mixed = self.first ^ self.last.rotate_left(29) ^ (self.len as u64) << 56;
        let product = u128::from(mixed) * u128::from(ODD);
        ((product >> 64) as u64 ^ product as u64) as u32
    }
}

/// Eight bytes with the capital letters of ASCII among them made small.
fn small(eight: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const TOP: u64 = 0x80 * EACH;
    // Without its top bit no byte carries over into the next.
    let low = eight & !TOP;
    let from_a = low + (0x80 - u64::from(b'A')) * EACH;
    let above_z = low + (0x7f - u64::from(b'Z')) * EACH;
    eight | (from_a & !above_z & !eight & TOP) >> 2
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn capital_letters_are_made_small_and_nothing_else(bytes: [u8; 8]) {
            let plain = bytes.map(|b| b.to_ascii_lowercase());
            prop_assert_eq!(small(u64::from_le_bytes(bytes)), u64::from_le_bytes(plain));
        }

        #[test]
        fn ends_that_are_all_tell_words_apart(one in "[a-bA-B@`\\[{é]{0,18}", other in "[a-bA-B@`\\[{é]{0,18}") {
            for (one, other) in [(&one, &other), (&one, &one.to_uppercase()), (&one, &one.to_ascii_uppercase())] {
                let (ends, others) = (Ends::of(one.as_bytes()), Ends::of(other.as_bytes()));
                let equal = one.eq_ignore_ascii_case(other);
                prop_assert!((ends == others) == equal || !ends.are_all() && !equal);
            }
        }

        #[test]
        fn words_are_found_as_in_a_map_of_small_letters(
            known in prop::collection::hash_set("[a-c0-1]{0,4}|[a-b]{7,10}|[a-b]{15,19}|[é°%'-]{1,3}", 0..200),
            asked in prop::collection::vec("[a-cA-C0-1]{0,4}|[a-bA-B]{7,10}|[a-bAB]{15,19}|[é°%'-]{1,3}", 0..200),
        ) {
            let known: Vec<String> = known.into_iter().collect();
            let mut places = Places::default();
            let mut map = HashMap::new();
            for (place, word) in known.iter().enumerate() {
                places.note(&Ends::of(word.as_bytes()), place);
                map.insert(word.clone(), place);
            }
            for word in known.iter().chain(&asked) {
                let ends = Ends::of(word.as_bytes());
                let found = places.find(&ends, |place| {
                    ends == Ends::of(known[place].as_bytes()) && (ends.are_all() || known[place].eq_ignore_ascii_case(word))
                });
                prop_assert_eq!(found, map.get(&word.to_ascii_lowercase()).copied(), "{}", word);
            }
        }
    }
}
