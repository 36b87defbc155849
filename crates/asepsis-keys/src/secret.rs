//! Bytes that are wiped, and what is done with them: derivation, sealing, blind indexes. The vault uses these as well.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

/// The cryptographic module refused: no random numbers, or a cipher that does not work. Nothing about the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cryptographic module failed; restart, and do not use this machine if it comes again")]
pub struct CryptoFailed;

impl From<aws_lc_rs::error::Unspecified> for CryptoFailed {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self
    }
}

/// A key of 256 bits. Wiped when it goes, and never shown.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    /// 32 random bytes.
    ///
    /// # Errors
    /// [`CryptoFailed`] if the system gives no random numbers.
    pub fn random() -> Result<Self, CryptoFailed> {
        let mut secret = Self::default();
        SystemRandom::new().fill(secret.bytes_mut())?;
        Ok(secret)
    }

    /// The key of these bytes; `None` where they are not 32.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut secret = Self::default();
        (bytes.len() == secret.0.len()).then(|| secret.0.copy_from_slice(bytes))?;
        Some(secret)
    }

    /// The bytes. Do not copy them to where they are not wiped.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The bytes, to be filled.
    pub fn bytes_mut(&mut self) -> &mut [u8; 32] {
        &mut self.0
    }

    /// HKDF-SHA-256 (RFC 5869) of this key, with `salt`, for the use that `info` names.
    ///
    /// # Errors
    /// [`CryptoFailed`].
    pub fn derive(&self, salt: &[u8], info: &[&[u8]]) -> Result<Self, CryptoFailed> {
        struct Length;
        impl KeyType for Length {
            fn len(&self) -> usize {
                32
            }
        }
        let mut derived = Self::default();
        let extracted = Salt::new(HKDF_SHA256, salt).extract(self.0.as_ref());
        extracted.expand(info, Length)?.fill(derived.bytes_mut())?;
        Ok(derived)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// AES-256-GCM with a random nonce for each message, of which a key may seal 2^32 (NIST SP 800-38D, section 8.3).
pub struct SealKey(RandomizedNonceKey);

impl SealKey {
    /// What sealing adds: the nonce before, the tag behind.
    pub const OVERHEAD: usize = NONCE_LEN + 16;

    /// The cipher under this key.
    ///
    /// # Errors
    /// [`CryptoFailed`].
    pub fn new(key: &Secret) -> Result<Self, CryptoFailed> {
        Ok(Self(RandomizedNonceKey::new(&AES_256_GCM, key.as_bytes())?))
    }

    /// Nonce, ciphertext, tag. `place` is associated data: what is sealed opens with the same only.
    ///
    /// # Errors
    /// [`CryptoFailed`].
    pub fn seal(&self, place: &[u8], plain: &[u8]) -> Result<Vec<u8>, CryptoFailed> {
        // Room for the tag, so that the plain text is not left behind in a buffer that was too small.
        let mut buffer = Zeroizing::new(Vec::with_capacity(plain.len() + AES_256_GCM.tag_len()));
        buffer.extend_from_slice(plain);
        let nonce = self.0.seal_in_place_append_tag(Aad::from(place), &mut *buffer)?;
        Ok([nonce.as_ref(), buffer.as_slice()].concat())
    }

    /// What was sealed under this key with this `place`; `None` for anything else.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut buffer = Zeroizing::new(rest.to_vec());
        let length = self.0.open_in_place(Nonce::from(nonce), Aad::from(place), &mut buffer).ok()?.len();
        buffer.truncate(length);
        Some(buffer)
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(..)")
    }
}

/// HMAC-SHA-256 under a key that never leaves the process: equal values have equal tags, and without the key nobody can
/// guess at them.
pub struct BlindKey(hmac::Key);

impl BlindKey {
    /// The index under this key.
    pub fn new(key: &Secret) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()))
    }

    /// The tag of the parts, each with its length before it, cut to 128 bits.
    pub fn tag(&self, parts: &[&[u8]]) -> [u8; 16] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut tag = [0; 16];
        tag.copy_from_slice(&context.sign().as_ref()[..16]);
        tag
    }
}

impl fmt::Debug for BlindKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlindKey(..)")
    }
}

/// The parts, each with its length before it: no two lists of parts are the same bytes.
pub(crate) fn joined(parts: &[&[u8]]) -> Vec<u8> {
    let mut all = Vec::with_capacity(parts.iter().map(|p| p.len() + 4).sum());
    for part in parts {
        // What is joined here are names and ids; the length of a longer one would still be told by the parts after it.
        all.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        all.extend_from_slice(part);
    }
    all
}

/// 16 random bytes.
pub(crate) fn random_id() -> Result<[u8; 16], CryptoFailed> {
    let mut id = [0; 16];
    SystemRandom::new().fill(&mut id)?;
    Ok(id)
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5869, appendix A.1 uses other lengths; this is HMAC-SHA-256 of Python's standard library put together as
    /// section 2 says.
    #[test]
    fn c2_derivation_is_hkdf_and_labels_part_the_keys() {
        let key = Secret::from_slice(&[0x0b; 32]).unwrap();
        let derived = key.derive(b"salt", &[b"in", b"fo"]).unwrap();
        assert_eq!(hex(derived.as_bytes()), HKDF_OF_0B);
        assert_ne!(derived.as_bytes(), key.derive(b"salt", &[b"other"]).unwrap().as_bytes());
        assert_ne!(derived.as_bytes(), key.derive(b"tlas", &[b"info"]).unwrap().as_bytes());
    }

    const HKDF_OF_0B: &str = "20818451610896c07e77bc9ea5f06a4db922b2c726adda1af6c0a779dfe0446a";

    #[test]
    fn c2_what_is_sealed_opens_in_its_place_and_whole_only() {
        let key = SealKey::new(&Secret::random().unwrap()).unwrap();
        let sealed = key.seal(b"here", b"sesame").unwrap();
        assert_eq!(sealed.len(), 6 + SealKey::OVERHEAD);
        assert_eq!(key.open(b"here", &sealed).unwrap().as_slice(), b"sesame");
        assert!(key.open(b"there", &sealed).is_none());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key.open(b"here", &changed).is_none(), "byte {at}");
            assert!(key.open(b"here", &sealed[..at]).is_none(), "{at} bytes");
        }
        assert_ne!(joined(&[b"a", b"bc"]), joined(&[b"ab", b"c"]));
    }
}
