use std::fmt;
use std::path::Path;

use asepsis_db::files;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use crate::VaultError;

/// 32 bytes that are wiped when they go.
pub(crate) type Secret = Zeroizing<[u8; 32]>;

/// How a key file begins; the key follows in hexadecimal.
const PREFIX: &str = "asepsis-root-key-1:";

/// The key over all keys of a vault. Whoever holds it and the database can turn every surrogate back: keep it apart from
/// the backups of the database (45 CFR 164.514(c)(2): the mechanism for re-identification is not disclosed).
pub struct RootKey(Secret);

impl RootKey {
    /// A new random key.
    ///
    /// # Errors
    /// [`VaultError::Crypto`] if the system gives no random numbers.
    pub fn generate() -> Result<Self, VaultError> {
        Ok(Self(random()?))
    }

    /// Reads a key that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// [`VaultError::Db`] if the file cannot be read or others may read it; [`VaultError::BadKeyFile`] if it is no key.
    pub fn load(path: &Path) -> Result<Self, VaultError> {
        let content = Zeroizing::new(files::read_secret(path, 128)?);
        parse(&content).ok_or(VaultError::BadKeyFile)
    }

    /// Writes the key to a new file of mode 0600 and syncs it.
    ///
    /// # Errors
    /// [`VaultError::Db`] if there is such a file already or it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), VaultError> {
        // Full size at once: a growing string would leave copies behind.
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + 65));
        text.push_str(PREFIX);
        for byte in self.0.iter() {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
            }
        }
        text.push('\n');
        Ok(files::create_secret(path, text.as_bytes())?)
    }

    /// The key for one use of the vault.
    pub(crate) fn derive(&self, label: &str) -> Result<Secret, VaultError> {
        derive(&self.0, label)
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootKey(..)")
    }
}

fn parse(content: &[u8]) -> Option<RootKey> {
    let digits = content.trim_ascii_end().strip_prefix(PREFIX.as_bytes())?;
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.len() != 32 || !rest.is_empty() {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let mut key = Secret::default();
    for (byte, [high, low]) in key.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(RootKey(key))
}

/// HKDF-SHA-256 (RFC 5869) of a key for the use that the label names.
pub(crate) fn derive(key: &Secret, label: &str) -> Result<Secret, VaultError> {
    struct Length;
    impl KeyType for Length {
        fn len(&self) -> usize {
            32
        }
    }
    let mut derived = Secret::default();
    let extracted = Salt::new(HKDF_SHA256, b"asepsis.vault.1").extract(key.as_ref());
    extracted.expand(&[label.as_bytes()], Length)?.fill(derived.as_mut())?;
    Ok(derived)
}

/// 32 random bytes.
pub(crate) fn random() -> Result<Secret, VaultError> {
    let mut bytes = Secret::default();
    SystemRandom::new().fill(bytes.as_mut())?;
    Ok(bytes)
}

/// 64 random bits and 32 more random bytes, in one call: each costs more than the bytes that it gives.
pub(crate) fn random_code() -> Result<([u8; 8], Secret), VaultError> {
    let mut bytes = Zeroizing::new([0; 40]);
    SystemRandom::new().fill(bytes.as_mut())?;
    let (mut code, mut more) = ([0; 8], Secret::default());
    code.copy_from_slice(&bytes[..8]);
    more.copy_from_slice(&bytes[8..]);
    Ok((code, more))
}

/// HMAC-SHA-256 over the parts, each with its length before it, cut to 128 bits.
pub(crate) fn tag(key: &hmac::Key, parts: &[&[u8]]) -> [u8; 16] {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut tag = [0; 16];
    tag.copy_from_slice(&context.sign().as_ref()[..16]);
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_key_reads_back_and_does_not_show_itself() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("root.key");
        let key = RootKey::generate().unwrap();
        key.save(&path).unwrap();
        assert_eq!(*RootKey::load(&path).unwrap().0, *key.0);
        assert_eq!(format!("{key:?}"), "RootKey(..)");
        assert_ne!(*key.derive("a").unwrap(), *key.derive("b").unwrap());
        std::fs::write(&path, "asepsis-root-key-1:00").unwrap();
        assert!(matches!(RootKey::load(&path), Err(VaultError::BadKeyFile)));
    }
}
