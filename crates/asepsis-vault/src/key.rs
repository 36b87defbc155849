use asepsis_keys::{CryptoFailed, Secret};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

/// HKDF-SHA-256 (RFC 5869) of a key for the use that the label names.
pub(crate) fn derive(key: &Secret, label: &str) -> Result<Secret, CryptoFailed> {
    key.derive(b"asepsis.vault.1", &[label.as_bytes()])
}

/// 64 random bits and 32 more random bytes, in one call: each costs more than the bytes that it gives.
pub(crate) fn random_code() -> Result<([u8; 8], Zeroizing<[u8; 32]>), CryptoFailed> {
    let mut bytes = Zeroizing::new([0; 40]);
    SystemRandom::new().fill(bytes.as_mut())?;
    let (mut code, mut more) = ([0; 8], Zeroizing::new([0; 32]));
    code.copy_from_slice(&bytes[..8]);
    more.copy_from_slice(&bytes[8..]);
    Ok((code, more))
}
