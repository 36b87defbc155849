use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use crate::StoreError;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID: usize = 8;
/// 43 digits of 62 hold just over 256 bits.
const SECRET: usize = 43;
const CHECK: usize = 6;

/// What a machine client shows: `asep_<id>_<secret>_<check>`.
///
/// The id (8 characters) is public and stands in the log; the secret (43) is random; the check (6, a CRC-32) lets a
/// client and a scanner for leaked keys tell a key from a typing error without asking anybody.
#[derive(Clone)]
pub struct ApiKey {
    text: Zeroizing<String>,
}

/// A text that is no API key, or one with a typing error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an API key; one looks like asep_, 8 characters, _, 43 characters, _, 6 characters")]
pub struct Malformed;

impl ApiKey {
    /// A new random key.
    ///
    /// # Errors
    /// [`StoreError::NoRandomness`].
    pub fn generate() -> Result<Self, StoreError> {
        // Full size at once: a growing string would leave copies behind.
        let mut text = Zeroizing::new(String::with_capacity(5 + ID + 1 + SECRET + 1 + CHECK));
        text.push_str("asep_");
        random_digits(&mut text, ID)?;
        text.push('_');
        random_digits(&mut text, SECRET)?;
        let check = check(text.as_bytes());
        text.push('_');
        text.push_str(&check);
        Ok(Self { text })
    }

    /// The public part, by which the key is listed and revoked.
    pub fn id(&self) -> &str {
        &self.text[5..5 + ID]
    }

    /// The whole key, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// The SHA-256 of the secret part. A random secret of 256 bits needs no slow hash.
    pub(crate) fn secret_hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, self.text[6 + ID..6 + ID + SECRET].as_bytes()).as_ref());
        hash
    }
}

impl FromStr for ApiKey {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut parts = text.strip_prefix("asep_").ok_or(Malformed)?.split('_');
        for length in [ID, SECRET, CHECK] {
            let part = parts.next().ok_or(Malformed)?;
            if part.len() != length || !part.bytes().all(|b| b.is_ascii_alphanumeric()) {
                return Err(Malformed);
            }
        }
        let (body, end) = text.rsplit_once('_').ok_or(Malformed)?;
        if parts.next().is_some() || check(body.as_bytes()) != end {
            return Err(Malformed);
        }
        Ok(Self { text: Zeroizing::new(text.to_owned()) })
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({}, ..)", self.id())
    }
}

fn random_digits(text: &mut String, count: usize) -> Result<(), StoreError> {
    let mut bytes = Zeroizing::new([0_u8; 64]);
    let mut missing = count;
    while missing > 0 {
        SystemRandom::new().fill(bytes.as_mut()).map_err(|_| StoreError::NoRandomness)?;
        // 248 is the largest multiple of 62 in a byte: what is above would make some digits likelier.
        for byte in bytes.iter().filter(|byte| **byte < 248).take(missing) {
            text.push(char::from(ALPHABET[usize::from(byte % 62)]));
            missing -= 1;
        }
    }
    Ok(())
}

/// CRC-32 (ISO-HDLC) in six digits of base 62, the highest first.
fn check(bytes: &[u8]) -> String {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    let mut rest = !crc;
    let mut digits = [0; CHECK];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c4_a_key_reads_back_and_a_typing_error_is_seen_offline() {
        let key = ApiKey::generate().unwrap();
        assert_eq!(key.reveal().len(), 64);
        assert_eq!(key.reveal().parse::<ApiKey>().unwrap().secret_hash(), key.secret_hash());
        assert!(!format!("{key:?}").contains(&key.reveal()[14..57]));
        for at in 0..key.reveal().len() {
            let mut changed = key.reveal().as_bytes().to_vec();
            changed[at] = if changed[at] == b'a' { b'b' } else { b'a' };
            assert!(String::from_utf8(changed).unwrap().parse::<ApiKey>().is_err(), "character {at}");
        }
        for text in ["", "asep_", "asep_a_b_c", "sk-123", "asep_\u{e4}\u{e4}\u{e4}\u{e4}_"] {
            assert_eq!(text.parse::<ApiKey>().unwrap_err(), Malformed);
        }
    }

    #[test]
    fn the_check_is_the_crc_32_that_everybody_has() {
        // The check value of CRC-32/ISO-HDLC over "123456789" is CBF43926.
        let mut rest = 0xCBF4_3926_u32;
        let mut digits = Vec::new();
        for _ in 0..6 {
            digits.insert(0, ALPHABET[(rest % 62) as usize]);
            rest /= 62;
        }
        assert_eq!(check(b"123456789").as_bytes(), digits);
    }
}
