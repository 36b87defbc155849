use signed_note::{Note, Signature};
use tlog_tiles::Hash;

use crate::verifier::NoteText;
use crate::{InvalidOrigin, LogKey, VerifierKey};

/// The size and root of the log at a moment, signed: a C2SP tlog-checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// The number of entries that it covers.
    pub size: u64,
    /// The root of the Merkle tree over them, in hexadecimal.
    pub root: String,
    /// The signed note, as it stands in the file `checkpoint`: this text kept elsewhere is a pin.
    pub note: String,
}

/// What is wrong with a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteFault {
    /// It is no signed note with a checkpoint in it.
    #[error("it is no signed checkpoint")]
    Malformed,
    /// The signature does not fit the text.
    #[error("its text was changed after it was signed")]
    BadSignature,
    /// It bears no signature of the key.
    #[error("it is not signed by this log's key")]
    OtherKey,
    /// One of the log's keys has signed it, another not.
    #[error("one of this log's keys has not signed it")]
    MissingSignature,
    /// It names another log.
    #[error("it is of another log")]
    OtherOrigin,
    /// The verifier key is no key.
    #[error("the verifier key is not of the form <origin>+<id>+<base64>")]
    BadVerifierKey,
}

/// A signature that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The key that made it.
    pub key: VerifierKey,
    /// When, in seconds since 1970; absent for plain Ed25519.
    pub time: Option<u64>,
}

/// A checkpoint that was read, whatever its signatures are worth.
pub struct Parsed {
    pub(crate) origin: String,
    pub(crate) size: u64,
    pub(crate) root: Hash,
    text: Vec<u8>,
    signatures: Vec<Signature>,
}

impl Parsed {
    /// Reads a signed note with a checkpoint in it.
    ///
    /// # Errors
    /// [`NoteFault::Malformed`].
    pub fn new(text: &[u8]) -> Result<Self, NoteFault> {
        let note = Note::from_bytes(text).map_err(|_| NoteFault::Malformed)?;
        let checkpoint = tlog_tiles::Checkpoint::from_bytes(note.text()).map_err(|_| NoteFault::Malformed)?;
        // The crate reads the lines of signatures and does not give them out.
        let lines = text.get(note.text().len() + 1..).ok_or(NoteFault::Malformed)?;
        let signatures = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let signatures = signatures.map(Signature::from_bytes).collect::<Result<_, _>>();
        Ok(Self {
            origin: checkpoint.origin().to_owned(),
            size: checkpoint.size(),
            root: *checkpoint.hash(),
            text: note.text().to_owned(),
            signatures: signatures.map_err(|_| NoteFault::Malformed)?,
        })
    }

    /// The name of the log.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The number of entries.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    pub fn root(&self) -> [u8; 32] {
        self.root.0
    }

    /// The text without signatures.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Whether the text has lines beyond origin, size and root, which ML-DSA-44 signatures do not cover.
    pub fn has_extensions(&self) -> bool {
        self.text.iter().filter(|byte| **byte == b'\n').count() > 3
    }

    /// The signatures of these keys that the note bears. Others are not looked at.
    ///
    /// # Errors
    /// [`NoteFault::BadSignature`] if one that is said to be of such a key is not: the note was changed (C2SP signed-note).
    pub fn signed_by<'a>(&self, keys: impl IntoIterator<Item = &'a VerifierKey>) -> Result<Vec<Signed>, NoteFault> {
        let mut signed = Vec::new();
        for key in keys {
            let mut lines = self.signatures.iter().filter(|s| s.name() == key.name() && s.id() == key.id());
            if let Some(line) = lines.next() {
                let time = key.verify(&self.signed(), line.signature()).ok_or(NoteFault::BadSignature)?;
                signed.push(Signed { key: key.clone(), time });
            }
        }
        Ok(signed)
    }

    /// Checks origin and signatures: each of the keys has signed.
    pub(crate) fn check(&self, keys: &[VerifierKey]) -> Result<(), NoteFault> {
        match self.check_any(keys)? {
            signed if signed == keys.len() => Ok(()),
            _ => Err(NoteFault::MissingSignature),
        }
    }

    /// Checks origin and signatures: one of the keys has signed, and those that did have signed this. Returns how many.
    pub(crate) fn check_any(&self, keys: &[VerifierKey]) -> Result<usize, NoteFault> {
        if keys.iter().any(|key| key.name() != self.origin) {
            return Err(NoteFault::OtherOrigin);
        }
        match self.signed_by(keys)?.len() {
            0 => Err(NoteFault::OtherKey),
            signed => Ok(signed),
        }
    }

    pub(crate) fn signed(&self) -> NoteText<'_> {
        NoteText { text: &self.text, origin: &self.origin, size: self.size, root: &self.root.0 }
    }
}

/// Signs the tree head at this time in seconds since 1970.
pub(crate) fn sign(key: &LogKey, size: u64, root: Hash, time: u64) -> Result<Checkpoint, InvalidOrigin> {
    let body = tlog_tiles::Checkpoint::new(key.origin(), size, root, "").map_err(|_| InvalidOrigin)?.to_bytes();
    let signed = NoteText { text: &body, origin: key.origin(), size, root: &root.0 };
    let lines = key.sign(&signed, time).ok_or(InvalidOrigin)?;
    let body = String::from_utf8(body).map_err(|_| InvalidOrigin)?;
    Ok(Checkpoint { size, root: hex(&root), note: format!("{body}\n{lines}") })
}

pub(crate) fn hex(hash: &Hash) -> String {
    use std::fmt::Write as _;
    hash.0.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WitnessKey;

    #[test]
    fn c23_a_checkpoint_is_known_by_its_keys_and_an_edit_is_seen() {
        let key = LogKey::generate("log.example/1").unwrap();
        let signed = sign(&key, 7, Hash([9; 32]), 1_700_000_000).unwrap();
        let known = key.verifier_keys();
        let parsed = Parsed::new(signed.note.as_bytes()).unwrap();
        assert_eq!((parsed.size, parsed.check(&known)), (7, Ok(())));
        assert_eq!(known.len(), 2);

        let edited = Parsed::new(signed.note.replacen("\n7\n", "\n8\n", 1).as_bytes()).unwrap();
        for key in &known {
            assert_eq!(edited.check(std::slice::from_ref(key)), Err(NoteFault::BadSignature));
        }
        let other = LogKey::generate("log.example/1").unwrap();
        assert_eq!(parsed.check(&other.verifier_keys()), Err(NoteFault::OtherKey));
        let elsewhere = LogKey::generate("log.example/2").unwrap();
        assert_eq!(parsed.check(&elsewhere.verifier_keys()), Err(NoteFault::OtherOrigin));
        assert!(matches!(Parsed::new(b"hello"), Err(NoteFault::Malformed)));

        // Who takes the signature away that stands against quantum computers is seen.
        let lines: Vec<_> = signed.note.lines().collect();
        let stripped = Parsed::new(format!("{}\n", lines[..lines.len() - 1].join("\n")).as_bytes()).unwrap();
        assert_eq!(stripped.check(&known), Err(NoteFault::MissingSignature));
        assert_eq!(stripped.check_any(&known), Ok(1));
    }

    #[test]
    fn c23_cosignatures_of_both_kinds_hold_for_this_checkpoint_and_time_alone() {
        let log = LogKey::generate("log.example/1").unwrap();
        let witness = WitnessKey::generate("witness.example/w1").unwrap();
        let checkpoint = sign(&log, 7, Hash([9; 32]), 1_700_000_000).unwrap().note;
        let cosigned = checkpoint.clone() + &witness.cosign(&checkpoint, 1_700_000_060).unwrap();
        let keys = witness.verifier_keys();
        let parsed = Parsed::new(cosigned.as_bytes()).unwrap();
        let signed = parsed.signed_by(&keys).unwrap();
        assert_eq!(signed.iter().map(|s| s.time).collect::<Vec<_>>(), [Some(1_700_000_060); 2]);
        assert_eq!(parsed.check(&log.verifier_keys()), Ok(()));
        for edited in
            [cosigned.replacen("\n7\n", "\n8\n", 1), cosigned.replacen("log.example/1\n7", "log.example/2\n7", 1)]
        {
            let edited = Parsed::new(edited.as_bytes()).unwrap();
            for key in &keys {
                assert_eq!(edited.signed_by([key]), Err(NoteFault::BadSignature));
            }
        }
        // The time is signed as well: a line with one bit of it changed.
        let line = cosigned.lines().last().unwrap();
        let mut signature = Signature::from_bytes(line.as_bytes()).unwrap().signature().to_owned();
        signature[7] ^= 1;
        let line = Signature::new(keys[1].name().to_owned(), keys[1].id(), signature).unwrap().to_bytes();
        let redated = format!("{checkpoint}{}", String::from_utf8(line).unwrap());
        let redated = Parsed::new(redated.as_bytes()).unwrap();
        assert_eq!(redated.signed_by(&keys), Err(NoteFault::BadSignature));
    }
}
