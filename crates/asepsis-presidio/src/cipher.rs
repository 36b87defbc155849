//! Presidio's encryption: AES in CBC mode with PKCS #7 padding under a random IV, as base64url of IV and ciphertext.
//!
//! It hides the value; it does not prove that nobody changed it. That is Presidio's format, and clients have values in it.

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroizing;

/// A key of 128, 192 or 256 bits.
pub(crate) struct CipherKey(Zeroizing<Vec<u8>>);

impl CipherKey {
    /// The key of a string's bytes; none where there are not 16, 24 or 32.
    pub(crate) fn of(text: &str) -> Option<Self> {
        matches!(text.len(), 16 | 24 | 32).then(|| Self(Zeroizing::new(text.as_bytes().to_vec())))
    }

    fn unbound(&self) -> Option<UnboundCipherKey> {
        let algorithm = match self.0.len() {
            16 => &AES_128,
            24 => &AES_192,
            _ => &AES_256,
        };
        UnboundCipherKey::new(algorithm, &self.0).ok()
    }

    pub(crate) fn encrypt(&self, text: &str) -> Option<String> {
        let key = PaddedBlockEncryptingKey::cbc_pkcs7(self.unbound()?).ok()?;
        let mut bytes = text.as_bytes().to_vec();
        let DecryptionContext::Iv128(iv) = key.encrypt(&mut bytes).ok()? else { return None };
        let mut whole = iv.as_ref().to_vec();
        whole.append(&mut bytes);
        Some(data_encoding::BASE64URL.encode(&whole))
    }

    /// None where it is not what this key encrypted.
    pub(crate) fn decrypt(&self, text: &str) -> Option<String> {
        // Presidio takes both alphabets.
        let text = text.trim().replace('+', "-").replace('/', "_");
        let whole = data_encoding::BASE64URL.decode(text.as_bytes()).ok()?;
        let (iv, bytes) = whole.split_at_checked(16)?;
        let key = PaddedBlockDecryptingKey::cbc_pkcs7(self.unbound()?).ok()?;
        let iv = DecryptionContext::Iv128(FixedLength::from(<[u8; 16]>::try_from(iv).ok()?));
        let mut bytes = bytes.to_vec();
        let plain = key.decrypt(&mut bytes, iv).ok()?;
        String::from_utf8(plain.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encrypted_is_decrypted_by_the_same_key_and_by_no_other() {
        for length in [16, 24, 32] {
            let key = CipherKey::of(&"k".repeat(length)).expect("a key");
            for text in ["", "x", "0123456789abcdef", "José 😀"] {
                let hidden = key.encrypt(text).expect("encrypted");
                assert_eq!(key.decrypt(&hidden).as_deref(), Some(text));
                assert_ne!(key.encrypt(text).expect("encrypted"), hidden, "another IV each time");
            }
        }
        for length in [0, 15, 17, 33] {
            assert!(CipherKey::of(&"k".repeat(length)).is_none());
        }
        let key = CipherKey::of(&"k".repeat(16)).expect("a key");
        for broken in ["", "AAAA", "no base64", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] {
            assert_eq!(key.decrypt(broken), None, "{broken}");
        }
    }

    /// Made by presidio-anonymizer 2.2.366.
    #[test]
    fn what_presidio_encrypted_is_decrypted() {
        let key = CipherKey::of("WmZq4t7w!z%C&F)J").expect("a key");
        assert_eq!(
            key.decrypt("Bx37sLCv0VoveggezvRldG2JA56PYanti-MH0h1m56_p_fjJKV8tWgzTeTXxYql4").as_deref(),
            Some("José Jane Doe 😀")
        );
    }
}
