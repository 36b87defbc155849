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
    let (words, rest) = bytes.as_chunks();
    for word in words {
        h = mix(h, u64::from_le_bytes(*word));
    }
    if rest.is_empty() { h } else { mix(h, padded(rest)) }
}

/// At most seven bytes with noughts behind them.
#[inline]
fn padded(bytes: &[u8]) -> u64 {
    let n = bytes.len();
    // The first and the last four or two, which may be the same.
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << ((n - 4) * 8)
    } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        u64::from(u16::from_le_bytes(*first)) | u64::from(u16::from_le_bytes(*last)) << ((n - 2) * 8)
    } else {
        bytes.first().map_or(0, |byte| u64::from(*byte))
    }
}

/// Up to sixteen bytes with noughts behind them, as two numbers.
#[inline]
pub(crate) fn two_words(bytes: &[u8]) -> [u64; 2] {
    let (words, rest) = bytes.as_chunks();
    let mut out = [0; 2];
    for (out, word) in out.iter_mut().zip(words) {
        *out = u64::from_le_bytes(*word);
    }
    if let Some(out) = out.get_mut(words.len()) {
        *out = padded(rest);
    }
    out
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_of_eight_bytes_at_a_time_with_noughts_behind_the_last() {
        let bytes: Vec<u8> = (1..=40).collect();
        for len in 0..=bytes.len() {
            let mut h = A ^ len as u64;
            let mut words = Vec::new();
            for chunk in bytes[..len].chunks(8) {
                let mut word = [0; 8];
                word[..chunk.len()].copy_from_slice(chunk);
                words.push(u64::from_le_bytes(word));
                h = mix(h, u64::from_le_bytes(word));
            }
            assert_eq!(bytes_hash(&bytes[..len]), h, "{len} bytes");
            words.resize(2.max(words.len()), 0);
            assert_eq!(two_words(&bytes[..len])[..], words[..2], "{len} bytes");
        }
    }
}
