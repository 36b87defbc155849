//! Who vouches for a pack: a C2SP signed note (<https://c2sp.org/signed-note>) over its SHA-256, by Ed25519.
//!
//! The note's text has three lines: `asepsis guard pack`, the pack's name for people, and the hash in hexadecimal.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use signed_note::{Note, Signature};
use zeroize::Zeroizing;

/// The first line of the note: what the signature is for.
const PURPOSE: &str = "asepsis guard pack";
/// The type of signature of C2SP signed-note for Ed25519.
const KIND: u8 = 1;

/// Why a signature does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureFault {
    /// It is no signed note of a pack.
    #[error("the signature is no signed note of a pack; make one with `asepsis guard sign`")]
    Malformed,
    /// It is of another text.
    #[error(
        "the signature is of another text; the pack was changed after it was signed, or the two files do not belong together"
    )]
    OtherText,
    /// None of the keys has signed it.
    #[error("none of the known publishers has signed it; add the publisher's key where you trust it")]
    UnknownKey,
    /// One of the keys is said to have signed it, and has not.
    #[error("a signature that claims to be of a known publisher is not")]
    Forged,
    /// A key is no key.
    #[error("the key is not of the form <name>+<id>+<base64>, or of another kind than Ed25519")]
    BadKey,
}

/// The public key of who publishes packs, as C2SP signed-note writes it: `<name>+<id>+<base64 of type and key>`.
#[derive(Clone, PartialEq, Eq)]
pub struct PublisherKey {
    name: String,
    id: u32,
    key: [u8; 32],
}

impl PublisherKey {
    fn new(name: &str, key: [u8; 32]) -> Self {
        Self { name: name.to_owned(), id: id(name, &key), key }
    }

    /// The publisher's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

fn id(name: &str, key: &[u8; 32]) -> u32 {
    signed_note::key_id(name, &[&[KIND], key.as_slice()].concat())
}

impl FromStr for PublisherKey {
    type Err = SignatureFault;

    fn from_str(text: &str) -> Result<Self, SignatureFault> {
        let parse = || {
            let mut parts = text.trim().splitn(3, '+');
            let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
            let tagged = BASE64_STANDARD.decode(key).ok()?;
            let key: [u8; 32] = tagged.strip_prefix(&[KIND])?.try_into().ok()?;
            let known = signed_note::is_key_name_valid(name).then(|| Self::new(name, key))?;
            (id == format!("{:08x}", known.id)).then_some(known)
        };
        parse().ok_or(SignatureFault::BadKey)
    }
}

impl fmt::Display for PublisherKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tagged = [&[KIND], self.key.as_slice()].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.id, BASE64_STANDARD.encode(tagged))
    }
}

impl fmt::Debug for PublisherKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublisherKey({}+{:08x})", self.name, self.id)
    }
}

/// The key with which a publisher signs packs.
pub struct PackKey {
    name: String,
    seed: Zeroizing<[u8; 32]>,
    pair: Ed25519KeyPair,
}

impl PackKey {
    /// A new key for a publisher of that name: without spaces and plus, as `guard.example.org`.
    ///
    /// # Errors
    /// [`SignatureFault::BadKey`] for another name, or where the system gives no random numbers.
    pub fn generate(name: &str) -> Result<Self, SignatureFault> {
        let mut seed = Zeroizing::new([0; 32]);
        SystemRandom::new().fill(seed.as_mut_slice()).map_err(|_| SignatureFault::BadKey)?;
        Self::of(name, seed)
    }

    fn of(name: &str, seed: Zeroizing<[u8; 32]>) -> Result<Self, SignatureFault> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).map_err(|_| SignatureFault::BadKey)?;
        if !signed_note::is_key_name_valid(name) {
            return Err(SignatureFault::BadKey);
        }
        Ok(Self { name: name.to_owned(), seed, pair })
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    ///
    /// # Errors
    /// [`SignatureFault::BadKey`].
    pub fn from_text(text: &str) -> Result<Self, SignatureFault> {
        let parse = || {
            let rest = text.trim().strip_prefix("PRIVATE+KEY+")?;
            let mut parts = rest.splitn(3, '+');
            let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
            let tagged = Zeroizing::new(BASE64_STANDARD.decode(key).ok()?);
            let seed: Zeroizing<[u8; 32]> = Zeroizing::new(tagged.strip_prefix(&[KIND])?.try_into().ok()?);
            let read = Self::of(name, seed).ok()?;
            (id == format!("{:08x}", read.public().id)).then_some(read)
        };
        parse().ok_or(SignatureFault::BadKey)
    }

    /// The key as signed-note tools write it: `PRIVATE+KEY+<name>+<id>+<base64>`.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut tagged = Zeroizing::new(vec![KIND]);
        tagged.extend_from_slice(self.seed.as_slice());
        let id = self.public().id;
        let encoded = Zeroizing::new(BASE64_STANDARD.encode(tagged.as_slice()));
        Zeroizing::new(format!("PRIVATE+KEY+{}+{id:08x}+{}", self.name, encoded.as_str()))
    }

    /// What others verify with.
    ///
    /// # Panics
    /// Never: an Ed25519 key has 32 bytes.
    #[must_use]
    pub fn public(&self) -> PublisherKey {
        let key = self.pair.public_key().as_ref().try_into().expect("an Ed25519 key has 32 bytes (RFC 8032)");
        PublisherKey::new(&self.name, key)
    }

    /// The signature of a pack: a signed note, to be kept beside it.
    ///
    /// # Errors
    /// [`SignatureFault::Malformed`] if the pack's name cannot stand in a note.
    pub fn sign(&self, name: &str, pack: &str) -> Result<String, SignatureFault> {
        let text = format!("{PURPOSE}\n{name}\n{}\n", hexadecimal(&hash(pack)));
        Note::new(text.as_bytes(), &[]).map_err(|_| SignatureFault::Malformed)?;
        let signature = self.pair.sign(text.as_bytes()).as_ref().to_vec();
        let line =
            Signature::new(self.name.clone(), self.public().id, signature).map_err(|_| SignatureFault::BadKey)?;
        let line = String::from_utf8(line.to_bytes()).map_err(|_| SignatureFault::BadKey)?;
        Ok(format!("{text}\n{line}"))
    }
}

impl fmt::Debug for PackKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PackKey").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Whether one of the keys has signed this pack, and none that is named falsely.
pub(super) fn verify(pack: &str, signature: &str, keys: &[PublisherKey]) -> Result<(), SignatureFault> {
    let note = Note::from_bytes(signature.as_bytes()).map_err(|_| SignatureFault::Malformed)?;
    let text = std::str::from_utf8(note.text()).map_err(|_| SignatureFault::Malformed)?;
    let mut lines = text.lines();
    let (purpose, _name, signed) = (lines.next(), lines.next(), lines.next());
    if purpose != Some(PURPOSE) || lines.next().is_some() {
        return Err(SignatureFault::Malformed);
    }
    let signed = signed.ok_or(SignatureFault::Malformed)?;
    // The crate reads the lines of signatures and does not give them out.
    let lines = signature.get(text.len() + 1..).ok_or(SignatureFault::Malformed)?;
    let mut known = false;
    for line in lines.lines().filter(|l| !l.is_empty()) {
        let line = Signature::from_bytes(line.as_bytes()).map_err(|_| SignatureFault::Malformed)?;
        let Some(key) = keys.iter().find(|k| k.name == line.name() && k.id == line.id()) else { continue };
        let verifier = UnparsedPublicKey::new(&ED25519, &key.key);
        verifier.verify(note.text(), line.signature()).map_err(|_| SignatureFault::Forged)?;
        known = true;
    }
    match known {
        true if signed == hexadecimal(&hash(pack)) => Ok(()),
        true => Err(SignatureFault::OtherText),
        false => Err(SignatureFault::UnknownKey),
    }
}

pub(super) fn hash(text: &str) -> [u8; 32] {
    digest(&SHA256, text.as_bytes()).as_ref().try_into().unwrap_or_default()
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
