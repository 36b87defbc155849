//! A table of what was met in one document, as numbers from 1.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use crate::tagger::hash::mix;

/// A number of this process that nobody knows, so that nobody can write a text whose words all fall into the same
/// slots.
static SECRET: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(0));

/// Numbers by the hash of what they stand for; nought where there is none.
pub(super) struct Slots {
    table: Vec<u32>,
    secret: u64,
}

impl Slots {
    /// Room for so many.
    pub(super) fn new(most: usize) -> Self {
        Self { table: vec![0; (most * 2).next_power_of_two().max(2)], secret: *SECRET }
    }

    /// The slot of what has this hash: with the number that is the same, or with nought, for a new one.
    #[inline]
    pub(super) fn find(&mut self, hash: u64, mut is: impl FnMut(u32) -> bool) -> &mut u32 {
        let mask = self.table.len() - 1;
        #[allow(clippy::cast_possible_truncation, reason = "the mask is smaller")]
        let mut slot = mix(hash, self.secret) as usize & mask;
        while self.table[slot] != 0 && !is(self.table[slot]) {
            slot = (slot + 1) & mask;
        }
        &mut self.table[slot]
    }

    /// The same, of the slots that are near; none where those are others'. For what need not be found: however many have the same hash,
    /// each costs as little.
    #[inline]
    pub(super) fn near(&mut self, hash: u64, mut is: impl FnMut(u32) -> bool) -> Option<&mut u32> {
        let mask = self.table.len() - 1;
        #[allow(clippy::cast_possible_truncation, reason = "the mask is smaller")]
        let from = mix(hash, self.secret) as usize;
        let mut near = (0..REACH).map(|k| from.wrapping_add(k) & mask);
        let slot = near.find(|slot| self.table[*slot] == 0 || is(self.table[*slot]))?;
        Some(&mut self.table[slot])
    }
}

/// The slots that are near.
const REACH: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_with_one_hash_only_the_near_are_looked_at() {
        let mut slots = Slots::new(1000);
        let (mut looked, mut kept) = (0, 0);
        for number in 1..=1000 {
            let slot = slots.near(7, |_| {
                looked += 1;
                false
            });
            if let Some(slot) = slot {
                *slot = number;
                kept += 1;
            }
        }
        assert_eq!(kept, REACH);
        assert!(looked <= 1000 * REACH, "{looked}");
        assert_eq!(slots.near(7, |known| known == 3).copied(), Some(3));
    }

    #[test]
    fn each_is_found_under_its_hash_and_told_apart_from_others_there() {
        let things = ["a", "b", "c", "d", "e"];
        let mut slots = Slots::new(things.len());
        for round in 0..2 {
            for (thing, number) in things.iter().zip(1u32..) {
                // Two hashes for all of them.
                let slot = slots.find(u64::from(number % 2), |known| things[known as usize - 1] == *thing);
                assert_eq!(*slot, if round == 0 { 0 } else { number });
                *slot = number;
            }
        }
    }
}
