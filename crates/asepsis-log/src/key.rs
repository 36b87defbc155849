use std::fmt;
use std::path::Path;

use asepsis_db::{DbError, files};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, ML_DSA_44_SIGNING, PqdsaKeyPair};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use signed_note::Signature;
use zeroize::Zeroizing;

use crate::verifier::{NoteText, subtree_message, timed_message};
use crate::{KeyKind, LogError, VerifierKey};

/// No key file is longer: two lines with a name, an id and 33 bytes in base64 each.
const MAX_KEY_FILE: usize = 2048;

/// The key that signs checkpoints of a log: Ed25519 (RFC 8032) and ML-DSA-44 (FIPS 204) under the log's origin, in the text form
/// of C2SP signed-note, a line each. A key file with the first line alone signs with that alone.
///
/// Whoever holds it can sign another history: keep a pin or a witness outside the machine.
pub struct LogKey(Pair);

/// The key with which a witness cosigns: Ed25519 and ML-DSA-44 under the witness's name (C2SP tlog-cosignature).
pub struct WitnessKey(Pair);

/// A text that cannot name a log or a witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a log's origin has 1 to 255 characters without space or plus, as asepsis.example.org/node-1")]
pub struct InvalidOrigin;

impl LogKey {
    /// A new key for the log of that origin: a name without scheme, such as `asepsis.example.org/node-1`.
    ///
    /// # Errors
    /// [`InvalidOrigin`]; also if the system gives no random numbers.
    pub fn generate(origin: &str) -> Result<Self, InvalidOrigin> {
        Pair::generate(origin, KeyKind::Ed25519).map(Self)
    }

    /// Reads a key that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// [`LogError::Db`] if the file cannot be read, is readable by others, or holds no key of a log.
    pub fn load(path: &Path) -> Result<Self, LogError> {
        Pair::load(path, KeyKind::Ed25519).map(Self)
    }

    /// Writes the key to a new file of mode 0600 and syncs it.
    ///
    /// # Errors
    /// [`LogError::Db`] if there is such a file already or it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), LogError> {
        self.0.save(path)
    }

    /// The origin of the log that it signs for.
    pub fn origin(&self) -> &str {
        &self.0.name
    }

    /// The Ed25519 public key as a verifier key of C2SP signed-note, `<origin>+<id>+<base64>`, which every verifier knows.
    pub fn verifier_key(&self) -> String {
        self.0.ed25519().to_string()
    }

    /// All public keys: what auditors need.
    pub fn verifier_keys(&self) -> Vec<VerifierKey> {
        self.0.public()
    }

    /// Signature lines for the note, of this time in seconds since 1970.
    pub(crate) fn sign(&self, note: &NoteText<'_>, time: u64) -> Option<String> {
        self.0.sign(note, time)
    }
}

impl WitnessKey {
    /// A new key for the witness of that name: without scheme, such as `witness.example.org/w1`.
    ///
    /// # Errors
    /// [`InvalidOrigin`]; also if the system gives no random numbers.
    pub fn generate(name: &str) -> Result<Self, InvalidOrigin> {
        Pair::generate(name, KeyKind::Ed25519Cosignature).map(Self)
    }

    /// Reads a key that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// [`LogError::Db`] if the file cannot be read, is readable by others, or holds no key of a witness.
    pub fn load(path: &Path) -> Result<Self, LogError> {
        Pair::load(path, KeyKind::Ed25519Cosignature).map(Self)
    }

    /// Writes the key to a new file of mode 0600 and syncs it.
    ///
    /// # Errors
    /// [`LogError::Db`] if there is such a file already or it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), LogError> {
        self.0.save(path)
    }

    /// The name under which it cosigns.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// All public keys: what logs and auditors put into their policy.
    pub fn verifier_keys(&self) -> Vec<VerifierKey> {
        self.0.public()
    }

    /// Cosigns: the lines that go below the checkpoint, of this time in seconds since 1970 (C2SP tlog-cosignature). `None` if
    /// the text is no checkpoint.
    ///
    /// What a cosignature says (the largest tree that was seen of this log, and no other history) is for the caller to have
    /// made sure of.
    pub fn cosign(&self, checkpoint: &str, time: u64) -> Option<String> {
        let parsed = crate::note::Parsed::new(checkpoint.as_bytes()).ok()?;
        self.0.sign(&parsed.signed(), time)
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogKey").field("public", &self.0.ed25519()).finish_non_exhaustive()
    }
}

impl fmt::Debug for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WitnessKey").field("public", &self.0.ed25519()).finish_non_exhaustive()
    }
}

/// Two keys under one name.
struct Pair {
    name: String,
    /// What the Ed25519 key signs.
    kind: KeyKind,
    ed25519: Ed25519KeyPair,
    ml_dsa: Option<PqdsaKeyPair>,
    /// The lines of the key file.
    secret: Zeroizing<String>,
}

impl Pair {
    fn generate(name: &str, kind: KeyKind) -> Result<Self, InvalidOrigin> {
        let random = || {
            let mut seed = Zeroizing::new([0; 32]);
            SystemRandom::new().fill(seed.as_mut()).map(|()| seed).map_err(|_| InvalidOrigin)
        };
        Self::from_seeds(name, kind, &*random()?, Some(&*random()?))
    }

    fn from_seeds(
        name: &str,
        kind: KeyKind,
        ed25519: &[u8; 32],
        ml_dsa: Option<&[u8; 32]>,
    ) -> Result<Self, InvalidOrigin> {
        if name.len() > 255 || !signed_note::is_key_name_valid(name) || name.chars().any(char::is_control) {
            return Err(InvalidOrigin);
        }
        let mut secret = Zeroizing::new(String::with_capacity(MAX_KEY_FILE));
        let pair = Ed25519KeyPair::from_seed_unchecked(ed25519).map_err(|_| InvalidOrigin)?;
        write_secret(&mut secret, &VerifierKey::new(name, kind, pair.public_key().as_ref()), ed25519);
        let ml_dsa = match ml_dsa {
            Some(seed) => {
                let pair = PqdsaKeyPair::from_seed(&ML_DSA_44_SIGNING, seed).map_err(|_| InvalidOrigin)?;
                write_secret(&mut secret, &VerifierKey::new(name, KeyKind::MlDsa44, pair.public_key().as_ref()), seed);
                Some(pair)
            }
            None => None,
        };
        Ok(Self { name: name.to_owned(), kind, ed25519: pair, ml_dsa, secret })
    }

    fn load(path: &Path, kind: KeyKind) -> Result<Self, LogError> {
        let content = Zeroizing::new(files::read_secret(path, MAX_KEY_FILE)?);
        Self::parse(&content, kind).ok_or_else(|| {
            DbError::File {
                path: path.to_owned(),
                doing: "read a signing key from it",
                source: std::io::Error::from(std::io::ErrorKind::InvalidData),
            }
            .into()
        })
    }

    fn parse(content: &[u8], kind: KeyKind) -> Option<Self> {
        let text = std::str::from_utf8(content).ok()?;
        let mut lines = text.lines();
        let (name, ed25519) = read_secret(lines.next()?, kind)?;
        let ml_dsa = match lines.next() {
            Some(line) => Some(read_secret(line, KeyKind::MlDsa44).filter(|(other, _)| *other == name)?.1),
            None => None,
        };
        let pair = Self::from_seeds(name, kind, &ed25519, ml_dsa.as_deref()).ok()?;
        // The text is made anew and compared, so that a key id that does not fit is found.
        (pair.secret.trim_end() == text.trim_end()).then_some(pair)
    }

    fn save(&self, path: &Path) -> Result<(), LogError> {
        Ok(files::create_secret(path, self.secret.as_bytes())?)
    }

    fn ed25519(&self) -> VerifierKey {
        VerifierKey::new(&self.name, self.kind, self.ed25519.public_key().as_ref())
    }

    fn public(&self) -> Vec<VerifierKey> {
        let ml_dsa = self.ml_dsa.as_ref();
        let ml_dsa = ml_dsa.map(|pair| VerifierKey::new(&self.name, KeyKind::MlDsa44, pair.public_key().as_ref()));
        [self.ed25519()].into_iter().chain(ml_dsa).collect()
    }

    fn sign(&self, note: &NoteText<'_>, time: u64) -> Option<String> {
        let mut lines = Vec::new();
        for key in self.public() {
            let mut signature = Vec::new();
            match key.kind() {
                KeyKind::Ed25519 => signature.extend_from_slice(self.ed25519.sign(note.text).as_ref()),
                KeyKind::Ed25519Cosignature => {
                    signature.extend_from_slice(&time.to_be_bytes());
                    signature.extend_from_slice(self.ed25519.sign(&timed_message(time, note)).as_ref());
                }
                KeyKind::MlDsa44 => {
                    signature.extend_from_slice(&time.to_be_bytes());
                    signature.resize(8 + ML_DSA_44_SIGNING.signature_len(), 0);
                    let message = subtree_message(&self.name, time, note)?;
                    self.ml_dsa.as_ref()?.sign(&message, &mut signature[8..]).ok()?;
                }
            }
            lines.extend(Signature::new(self.name.clone(), key.id(), signature).ok()?.to_bytes());
        }
        String::from_utf8(lines).ok()
    }
}

/// Adds a line `PRIVATE+KEY+<name>+<id>+<base64 of type and seed>`.
fn write_secret(to: &mut String, public: &VerifierKey, seed: &[u8; 32]) {
    let mut tagged = Zeroizing::new([public.kind().byte(); 33]);
    tagged[1..].copy_from_slice(seed);
    let encoded = Zeroizing::new(BASE64_STANDARD.encode(tagged.as_ref()));
    for part in ["PRIVATE+KEY+", public.name(), &format!("+{:08x}+", public.id()), encoded.as_str(), "\n"] {
        to.push_str(part);
    }
}

/// The name and the seed of such a line.
fn read_secret(line: &str, kind: KeyKind) -> Option<(&str, Zeroizing<[u8; 32]>)> {
    let mut parts = line.strip_prefix("PRIVATE+KEY+")?.splitn(3, '+');
    let (name, _id, key) = (parts.next()?, parts.next()?, parts.next()?);
    let tagged = Zeroizing::new(BASE64_STANDARD.decode(key).ok()?);
    let seed: [u8; 32] = tagged.strip_prefix(&[kind.byte()])?.try_into().ok()?;
    Some((name, Zeroizing::new(seed)))
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
        assert_eq!(read.verifier_keys(), key.verifier_keys());
        assert_eq!(read.origin(), "asepsis.example/node-1");
        assert!(!format!("{key:?}").contains("PRIVATE"));
        for public in key.verifier_keys() {
            assert_eq!(public.to_string().parse(), Ok(public));
        }
        assert!(key.save(&path).is_err(), "never overwritten");
        assert!(WitnessKey::load(&path).is_err(), "a log's key cosigns nothing");
        assert_eq!(LogKey::generate("two words").unwrap_err(), InvalidOrigin);
    }

    #[test]
    fn a_key_file_of_the_first_layout_signs_with_ed25519_alone_and_a_mixed_one_is_refused() {
        let key = LogKey::generate("log.example/1").unwrap();
        let first = key.0.secret.lines().next().unwrap();
        let old = Pair::parse(first.as_bytes(), KeyKind::Ed25519).unwrap();
        assert_eq!(old.public(), key.verifier_keys()[..1]);
        let other = LogKey::generate("log.example/2").unwrap();
        let mixed = format!("{first}\n{}\n", other.0.secret.lines().nth(1).unwrap());
        assert!(Pair::parse(mixed.as_bytes(), KeyKind::Ed25519).is_none());
    }
}
