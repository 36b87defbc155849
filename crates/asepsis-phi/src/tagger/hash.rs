//! The hashes of words and features. They are part of the model: a change makes every shipped weight meaningless.

use crate::lexicon::folded;

const A: u64 = 0x9E37_79B9_7F4A_7C15;
const B: u64 = 0xD6E8_FEB8_6659_FD93;

/// Folds the 128 bits of a product: every bit of both factors reaches every bit of the result.
#[inline]
pub(crate) fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ A) * u128::from(b ^ B);
    #[allow(clippy::cast_possible_truncation, reason = "both halves are kept")]
    {
        product as u64 ^ (product >> 64) as u64
    }
}

/// The hash of bytes, in their order.
#[inline]
pub(crate) fn bytes_hash(bytes: &[u8]) -> u64 {
    let mut h = A ^ bytes.len() as u64;
    for chunk in bytes.chunks(8) {
        let mut word = [0u8; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        h = mix(h, u64::from_le_bytes(word));
    }
    h
}

/// The hash of a word, whatever its case and accents.
#[inline]
pub(crate) fn word_hash(word: &str) -> u64 {
    with_folded(word, bytes_hash)
}

/// Calls `f` with the word in lower case without accents.
#[inline]
pub(crate) fn with_folded<T>(word: &str, f: impl FnOnce(&[u8]) -> T) -> T {
    let mut buffer = [0u8; 32];
    if word.is_ascii() && word.len() <= buffer.len() {
        let lower = &mut buffer[..word.len()];
        lower.copy_from_slice(word.as_bytes());
        lower.make_ascii_lowercase();
        f(lower)
    } else {
        f(folded(word).as_bytes())
    }
}

/// What the gazetteer keeps of a word's hash.
#[inline]
pub(crate) fn fingerprint(word: u64) -> u32 {
    (mix(word, 0x2545_F491_4F6C_DD1D) >> 32) as u32
}
