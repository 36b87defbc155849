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
    /// The place of a word of which letters in ASCII may be of any case; `is` says whether it stands at a place.
    pub(crate) fn find(&self, word: &[u8], is: impl Fn(usize) -> bool) -> Option<usize> {
        let hash = hash(word);
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
    pub(crate) fn note(&mut self, word: &[u8], place: usize) {
        self.taken += 1;
        if self.taken * 2 > self.slots.len() {
            let wider = vec![0; (self.slots.len() * 2).max(16)];
            for slot in std::mem::replace(&mut self.slots, wider).into_iter().filter(|slot| *slot != 0) {
                self.put(slot);
            }
        }
        self.put(u64::from(hash(word)) << 32 | (place as u64 + 1));
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

/// The hash of a word's length and of its first and last letters, equal for upper and lower case.
fn hash(word: &[u8]) -> u32 {
    // What makes a capital letter small. Other characters may meet by it, which `is` tells apart.
    const SMALL: u64 = 0x2020_2020_2020_2020;
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let (first, last) = if let (Some(first), Some(last)) = (word.first_chunk(), word.last_chunk()) {
        (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
    } else if let (Some(first), Some(last)) = (word.first_chunk(), word.last_chunk()) {
        (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)))
    } else if let (Some(first), Some(last)) = (word.first(), word.last()) {
        (u64::from(*first) | u64::from(word[word.len() / 2]) << 8, u64::from(*last))
    } else {
        (0, 0)
    };
    let mixed = (first | SMALL) ^ (last | SMALL).rotate_left(29) ^ (word.len() as u64) << 56;
    let product = u128::from(mixed) * u128::from(ODD);
    ((product >> 64) as u64 ^ product as u64) as u32
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_are_found_as_in_a_map_of_small_letters(
            known in prop::collection::hash_set("[a-c0-1]{0,4}|[a-b]{7,10}|[a-b]{15,19}|[é°%'-]{1,3}", 0..200),
            asked in prop::collection::vec("[a-cA-C0-1]{0,4}|[a-bA-B]{7,10}|[a-bAB]{15,19}|[é°%'-]{1,3}", 0..200),
        ) {
            let known: Vec<String> = known.into_iter().collect();
            let mut places = Places::default();
            let mut map = HashMap::new();
            for (place, word) in known.iter().enumerate() {
                places.note(word.as_bytes(), place);
                map.insert(word.clone(), place);
            }
            for word in known.iter().chain(&asked) {
                let found = places.find(word.as_bytes(), |place| known[place].eq_ignore_ascii_case(word));
                prop_assert_eq!(found, map.get(&word.to_ascii_lowercase()).copied(), "{}", word);
            }
        }
    }
}
