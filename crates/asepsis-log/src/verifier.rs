use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, ML_DSA_44, UnparsedPublicKey};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::NoteFault;

/// What a key signs, and how: the signature type of C2SP signed-note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyKind {
    /// Ed25519 over the text of a note (RFC 8032): how a log signs. Type 1.
    Ed25519,
    /// Ed25519 cosignature with a time (C2SP tlog-cosignature): how a witness signs. Type 4.
    Ed25519Cosignature,
    /// ML-DSA-44 (FIPS 204) with a time, over the cosigner, the origin, the size and the root (C2SP tlog-cosignature 1.1): how
    /// both sign in a way that stands against quantum computers. Type 6.
    MlDsa44,
}

impl KeyKind {
    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::Ed25519Cosignature => 4,
            Self::MlDsa44 => 6,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        [Self::Ed25519, Self::Ed25519Cosignature, Self::MlDsa44].into_iter().find(|kind| kind.byte() == byte)
    }

    /// The length of the public key in bytes.
    fn key_bytes(self) -> usize {
        match self {
            Self::Ed25519 | Self::Ed25519Cosignature => 32,
            Self::MlDsa44 => 1312,
        }
    }

    /// Whether a witness may sign with it.
    pub fn is_cosigner(self) -> bool {
        matches!(self, Self::Ed25519Cosignature | Self::MlDsa44)
    }

    /// Whether a log may sign with it.
    pub fn is_log(self) -> bool {
        matches!(self, Self::Ed25519 | Self::MlDsa44)
    }
}

/// A public key of a log or a witness, as C2SP signed-note writes it: `<name>+<id>+<base64 of type and key>`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VerifierKey {
    name: String,
    id: u32,
    kind: KeyKind,
    key: Vec<u8>,
}

impl VerifierKey {
    /// The key of that name.
    pub(crate) fn new(name: &str, kind: KeyKind, key: &[u8]) -> Self {
        let tagged = [&[kind.byte()], key].concat();
        Self { name: name.to_owned(), id: signed_note::key_id(name, &tagged), kind, key: key.to_owned() }
    }

    /// All keys of a text with one a line.
    ///
    /// # Errors
    /// [`NoteFault::BadVerifierKey`] if one is none, or there is none at all.
    pub fn list(text: &str) -> Result<Vec<Self>, NoteFault> {
        let keys: Vec<Self> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(NoteFault::BadVerifierKey) } else { Ok(keys) }
    }

    /// The name: of a log its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The first four bytes of the hash of name, type and key.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Whether it is the same key, perhaps under another name or for another type of signature (C2SP tlog-policy).
    pub(crate) fn is_same_key(&self, other: &Self) -> bool {
        self.key == other.key
    }

    /// Whether `signature` is this key's, of the note with this text; where it bears a time, that.
    pub(crate) fn verify(&self, note: &NoteText<'_>, signature: &[u8]) -> Option<Option<u64>> {
        if self.kind == KeyKind::Ed25519 {
            let key = UnparsedPublicKey::new(&ED25519, &self.key);
            return key.verify(note.text, signature).is_ok().then_some(None);
        }
        let (time, signature) = signature.split_first_chunk::<8>()?;
        let time = u64::from_be_bytes(*time);
        // More than that is no POSIX time (C2SP tlog-cosignature).
        i64::try_from(time).ok()?;
        let holds = match self.kind {
            KeyKind::MlDsa44 => {
                let message = subtree_message(&self.name, time, note)?;
                UnparsedPublicKey::new(&ML_DSA_44, &self.key).verify(&message, signature)
            }
            _ => UnparsedPublicKey::new(&ED25519, &self.key).verify(&timed_message(time, note), signature),
        };
        holds.is_ok().then_some(Some(time))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteFault;

    fn from_str(text: &str) -> Result<Self, NoteFault> {
        let parse = || {
            let mut parts = text.splitn(3, '+');
            let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
            let tagged = BASE64_STANDARD.decode(key).ok()?;
            let (kind, key) = tagged.split_first()?;
            let kind = KeyKind::from_byte(*kind)?;
            let valid = signed_note::is_key_name_valid(name) && name.len() <= 255 && key.len() == kind.key_bytes();
            let parsed = valid.then(|| Self::new(name, kind, key))?;
            (id == format!("{:08x}", parsed.id)).then_some(parsed)
        };
        parse().ok_or(NoteFault::BadVerifierKey)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tagged = [&[self.kind.byte()], self.key.as_slice()].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.id, BASE64_STANDARD.encode(tagged))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({}+{:08x}, {:?})", self.name, self.id, self.kind)
    }
}

/// What of a checkpoint is signed.
pub(crate) struct NoteText<'a> {
    /// All of the text, with the last line feed.
    pub(crate) text: &'a [u8],
    pub(crate) origin: &'a str,
    pub(crate) size: u64,
    pub(crate) root: &'a [u8; 32],
}

/// The message of an Ed25519 cosignature (C2SP tlog-cosignature, "Ed25519 signed message").
pub(crate) fn timed_message(time: u64, note: &NoteText<'_>) -> Vec<u8> {
    [format!("cosignature/v1\ntime {time}\n").as_bytes(), note.text].concat()
}

/// The message of an ML-DSA-44 cosignature of a whole tree (C2SP tlog-cosignature, "ML-DSA-44 signed message").
pub(crate) fn subtree_message(cosigner: &str, time: u64, note: &NoteText<'_>) -> Option<Vec<u8>> {
    let mut message = b"subtree/v1\n\0".to_vec();
    for (text, fields) in [(cosigner, [time].as_slice()), (note.origin, &[0, note.size])] {
        message.push(u8::try_from(text.len()).ok().filter(|length| *length > 0)?);
        message.extend_from_slice(text.as_bytes());
        message.extend(fields.iter().flat_map(|field| field.to_be_bytes()));
    }
    message.extend_from_slice(note.root);
    Some(message)
}
