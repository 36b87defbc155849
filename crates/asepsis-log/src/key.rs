use std::fmt;
use std::path::Path;

use asepsis_db::{DbError, files};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use signed_note::{StandardSigner, StandardVerifier};
use zeroize::{Zeroize as _, Zeroizing};

use crate::LogError;

/// The algorithm of a key in a C2SP signed note: Ed25519.
const ED25519: u8 = 1;

/// No key file is longer: an origin, an id and 33 bytes in base64.
const MAX_KEY_FILE: usize = 1024;

/// The key that signs checkpoints: Ed25519 (RFC 8032) under the log's origin, in the text form of C2SP signed-note.
///
/// Whoever holds it can sign another history: keep a pin or a witness outside the machine.
pub struct LogKey {
    origin: String,
    secret: Zeroizing<String>,
    public: String,
    signer: StandardSigner,
}

/// A text that cannot name a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a log's origin has 1 to 255 characters without space or plus, as asepsis.example.org/node-1")]
pub struct InvalidOrigin;

impl LogKey {
    /// A new key for the log of that origin: a name without scheme, such as `asepsis.example.org/node-1`.
    ///
    /// # Errors
    /// [`InvalidOrigin`]; also if the system gives no random numbers.
    pub fn generate(origin: &str) -> Result<Self, InvalidOrigin> {
        let mut seed = Zeroizing::new([0; 32]);
        SystemRandom::new().fill(seed.as_mut()).map_err(|_| InvalidOrigin)?;
        Self::from_seed(origin, &seed)
    }

    fn from_seed(origin: &str, seed: &[u8; 32]) -> Result<Self, InvalidOrigin> {
        if origin.len() > 255 || !signed_note::is_key_name_valid(origin) || origin.chars().any(char::is_control) {
            return Err(InvalidOrigin);
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| InvalidOrigin)?;
        let mut tagged = Zeroizing::new([ED25519; 33]);
        tagged[1..].copy_from_slice(pair.public_key().as_ref());
        let id = signed_note::key_id(origin, tagged.as_ref());
        let public = format!("{origin}+{id:08x}+{}", BASE64_STANDARD.encode(tagged.as_ref()));
        tagged[1..].copy_from_slice(seed);
        let encoded = Zeroizing::new(BASE64_STANDARD.encode(tagged.as_ref()));
        Self::from_text(Zeroizing::new(format!("PRIVATE+KEY+{origin}+{id:08x}+{}", encoded.as_str())), public)
    }

    fn from_text(secret: Zeroizing<String>, public: String) -> Result<Self, InvalidOrigin> {
        let signer = StandardSigner::new(&secret).map_err(|_| InvalidOrigin)?;
        Ok(Self { origin: signed_note::Signer::name(&signer).to_owned(), secret, public, signer })
    }

    /// Reads a key that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// [`LogError::Db`] if the file cannot be read, is readable by others, or holds no key.
    pub fn load(path: &Path) -> Result<Self, LogError> {
        let content = Zeroizing::new(files::read_secret(path, MAX_KEY_FILE)?);
        parse(&content).ok_or_else(|| {
            DbError::File {
                path: path.to_owned(),
                doing: "read a log key from it",
                source: std::io::Error::from(std::io::ErrorKind::InvalidData),
            }
            .into()
        })
    }

    /// Writes the key to a new file of mode 0600 and syncs it.
    ///
    /// # Errors
    /// [`LogError::Db`] if there is such a file already or it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), LogError> {
        let mut line = Zeroizing::new(self.secret.as_bytes().to_vec());
        line.push(b'\n');
        let written = files::create_secret(path, &line);
        line.zeroize();
        Ok(written?)
    }

    /// The origin of the log that it signs for.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The public key as a verifier key of C2SP signed-note, `<origin>+<id>+<base64>`: what auditors need.
    pub fn verifier_key(&self) -> &str {
        &self.public
    }

    pub(crate) fn signer(&self) -> &StandardSigner {
        &self.signer
    }

    pub(crate) fn verifier(&self) -> Result<StandardVerifier, InvalidOrigin> {
        StandardVerifier::new(&self.public).map_err(|_| InvalidOrigin)
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogKey").field("public", &self.public).finish_non_exhaustive()
    }
}

fn parse(content: &[u8]) -> Option<LogKey> {
    let text = std::str::from_utf8(content).ok()?.trim_end();
    let mut parts = text.strip_prefix("PRIVATE+KEY+")?.splitn(3, '+');
    let (origin, _id, key) = (parts.next()?, parts.next()?, parts.next()?);
    let tagged = Zeroizing::new(BASE64_STANDARD.decode(key).ok()?);
    let seed: &[u8; 32] = tagged.strip_prefix(&[ED25519])?.try_into().ok()?;
    // The text is made anew and compared, so that a key id that does not fit is found.
    LogKey::from_seed(origin, seed).ok().filter(|key| key.secret.as_str() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_and_does_not_show_itself() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.key");
        let key = LogKey::generate("asepsis.example/node-1").unwrap();
        key.save(&path).unwrap();
        let read = LogKey::load(&path).unwrap();
        assert_eq!(read.verifier_key(), key.verifier_key());
        assert_eq!(read.origin(), "asepsis.example/node-1");
        assert!(!format!("{key:?}").contains("PRIVATE"));
        key.verifier().unwrap();
        assert!(key.save(&path).is_err(), "never overwritten");
        assert_eq!(LogKey::generate("two words").unwrap_err(), InvalidOrigin);
    }
}
