use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

/// The system gives no random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers; nothing was made")]
pub struct NoRandomness;

/// Random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<Zeroizing<[u8; N]>, NoRandomness> {
    let mut bytes = Zeroizing::new([0; N]);
    SystemRandom::new().fill(bytes.as_mut()).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// 256 random bits in base64url, for what is shown once and looked up by its hash.
pub(crate) fn token(prefix: &str) -> Result<Zeroizing<String>, NoRandomness> {
    let secret = bytes::<32>()?;
    let mut text = Zeroizing::new(String::with_capacity(prefix.len() + 43));
    text.push_str(prefix);
    BASE64URL_NOPAD.encode_append(secret.as_ref(), &mut text);
    Ok(text)
}

/// SHA-256. Enough for what is random over at least 112 bits (NIST SP 800-63B-4, 3.1.2.2); a password takes
/// [`password`](crate::password).
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}
