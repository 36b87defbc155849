//! Short words of plain letters, read eight bytes at a time.

use std::hash::{Hash, Hasher};

/// The most letters of a short word.
pub(crate) const SHORT: usize = 16;

/// A bit for each byte.
const EACH: u64 = 0x0101_0101_0101_0101;
/// The highest bit of each byte.
const HIGHEST: u64 = 0x80 * EACH;

/// A word of at most sixteen letters in lower case, with nothing behind it: the same word has the same numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Short([u64; 2]);

impl Short {
    /// The word of these bytes of ASCII, where they are few enough.
    pub(crate) fn of(lower: &str) -> Option<Self> {
        if lower.len() > SHORT || !lower.is_ascii() {
            return None;
        }
        let mut bytes = [0u8; SHORT];
        bytes[..lower.len()].copy_from_slice(lower.as_bytes());
        bytes.make_ascii_lowercase();
        let (low, high) = bytes.split_at(8);
        Some(Self([low, high].map(|half| u64::from_le_bytes(half.try_into().unwrap_or_default()))))
    }

    /// Its bytes, noughts behind them.
    pub(crate) fn bytes(self) -> [u8; SHORT] {
        let mut out = [0u8; SHORT];
        let (low, high) = out.split_at_mut(8);
        low.copy_from_slice(&self.0[0].to_le_bytes());
        high.copy_from_slice(&self.0[1].to_le_bytes());
        out
    }
}

impl Hash for Short {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0[0]);
        state.write_u64(self.0[1]);
    }
}

/// A short word where it stands in a text.
pub(crate) struct Letters {
    pub(crate) short: Short,
    pub(crate) len: usize,
    /// Whether the first letter is a capital, and whether others are, or are not.
    pub(crate) first: bool,
    pub(crate) upper: bool,
    pub(crate) lower: bool,
}

impl Letters {
    /// The letters that begin at a place, where they are few and what follows is neither an apostrophe nor outside
    /// ASCII, with which the word might go on.
    #[inline]
    pub(crate) fn at(bytes: &[u8], start: usize) -> Option<Self> {
        let (mut chunks, mut upper, mut lower, mut len) = ([0u64; 2], 0, 0, 0);
        let mut first = false;
        for (k, chunk) in chunks.iter_mut().enumerate() {
            let eight = eight(bytes, start + k * 8);
            let letters = letters(eight);
            let others = !letters & HIGHEST;
            let count = (others.trailing_zeros() / 8) as usize;
            // The letters before the first other byte.
            let kept = if count == 8 { u64::MAX } else { (1u64 << (count * 8)) - 1 };
            let capitals = letters & !(eight << 2) & kept;
            *chunk = (eight | capitals >> 2) & kept;
            let mut small = letters & kept & !capitals;
            let mut large = capitals;
            if k == 0 {
                first = capitals & 0x80 != 0;
                (small, large) = (small & !0x80, large & !0x80);
            }
            (upper, lower) = (upper | large, lower | small);
            len += count;
            if count < 8 {
                break;
            }
        }
        match bytes.get(start + len) {
            Some(b'\'' | 0x80..) => None,
            Some(b) if len == SHORT && b.is_ascii_alphabetic() => None,
            _ => Some(Self { short: Short(chunks), len, first, upper: upper != 0, lower: lower != 0 }),
        }
    }
}

/// How many letters of ASCII begin at a place, up to eight, and which in lower case.
#[inline]
pub(crate) fn letters_at(bytes: &[u8], at: usize) -> (usize, u64) {
    let eight = eight(bytes, at);
    let len = ((!letters(eight) & HIGHEST).trailing_zeros() / 8) as usize;
    let kept = if len == 8 { u64::MAX } else { (1u64 << (len * 8)) - 1 };
    (len, (eight | (0x20 * EACH)) & kept)
}

/// The highest bit of each byte that is a letter of ASCII.
#[inline]
fn letters(eight: u64) -> u64 {
    // In lower case and below 128, so that no sum runs over into the next byte.
    let folded = (eight | (0x20 * EACH)) & !HIGHEST;
    (folded + (0x80 - 0x61) * EACH) & !(folded + (0x80 - 0x7B) * EACH) & !eight & HIGHEST
}

/// The eight bytes at a place, noughts behind the end.
#[inline]
fn eight(bytes: &[u8], at: usize) -> u64 {
    match bytes.get(at..).and_then(<[u8]>::first_chunk) {
        Some(eight) => u64::from_le_bytes(*eight),
        None => bytes.iter().skip(at).rev().fold(0, |all, byte| all << 8 | u64::from(*byte)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_a_letter_or_none() {
        for byte in 0..=255u8 {
            for at in 0..8 {
                let eight = u64::from(byte) << (at * 8);
                let expected = if byte.is_ascii_alphabetic() { 0x80 << (at * 8) } else { 0 };
                assert_eq!(letters(eight), expected, "{byte} at {at}");
            }
        }
    }

    #[test]
    fn words_are_read_to_their_ends() {
        let read = |text: &str, at: usize| {
            Letters::at(text.as_bytes(), at)
                .map(|l| (l.len, l.first, l.upper, l.lower, Short::of(&text[at..at + l.len]) == Some(l.short)))
        };
        assert_eq!(read("Patient, seen", 0), Some((7, true, false, true, true)));
        assert_eq!(read("Patient, seen", 9), Some((4, false, false, true, true)));
        assert_eq!(read("MRN-12", 0), Some((3, true, true, false, true)));
        assert_eq!(read("A", 0), Some((1, true, false, false, true)));
        assert_eq!(read("xYz_", 0), Some((3, false, true, true, true)));
        assert_eq!(read("uncomplicated12", 0), Some((13, false, false, true, true)));
        assert_eq!(read("uncharacteristic.", 0), Some((16, false, false, true, true)));
        assert_eq!(read("electrocardiogram", 0), None);
        assert_eq!(read("electrocardiograph", 2), Some((16, false, false, true, true)));
        for text in ["O'Neil", "don't", "Zoë", "patientsÉ"] {
            assert_eq!(read(text, 0), None, "{text}");
        }
        assert_eq!(Short::of("patient").map(Short::bytes), Some(*b"patient\0\0\0\0\0\0\0\0\0"));
    }
}
