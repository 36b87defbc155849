use signed_note::{Note, NoteError, StandardVerifier, VerifierList};
use tlog_tiles::Hash;

use crate::{InvalidOrigin, LogKey};

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
    /// It names another log.
    #[error("it is of another log")]
    OtherOrigin,
    /// The verifier key is no key.
    #[error("the verifier key is not of the form <origin>+<id>+<base64>")]
    BadVerifierKey,
}

/// A checkpoint that was read, whatever its signature is worth.
pub(crate) struct Parsed {
    pub(crate) origin: String,
    pub(crate) size: u64,
    pub(crate) root: Hash,
    note: Note,
}

impl Parsed {
    pub(crate) fn new(text: &[u8]) -> Result<Self, NoteFault> {
        let note = Note::from_bytes(text).map_err(|_| NoteFault::Malformed)?;
        let checkpoint = tlog_tiles::Checkpoint::from_bytes(note.text()).map_err(|_| NoteFault::Malformed)?;
        Ok(Self { origin: checkpoint.origin().to_owned(), size: checkpoint.size(), root: *checkpoint.hash(), note })
    }

    /// Checks origin and signature.
    pub(crate) fn check(&self, verifier: &StandardVerifier) -> Result<(), NoteFault> {
        if self.origin != signed_note::Verifier::name(verifier) {
            return Err(NoteFault::OtherOrigin);
        }
        let known = VerifierList::new(vec![Box::new(verifier.clone())]);
        match self.note.verify(&known) {
            Ok(_) => Ok(()),
            Err(NoteError::UnverifiedNote) => Err(NoteFault::OtherKey),
            Err(_) => Err(NoteFault::BadSignature),
        }
    }
}

/// Signs the tree head.
pub(crate) fn sign(key: &LogKey, size: u64, root: Hash) -> Result<Checkpoint, InvalidOrigin> {
    let body = tlog_tiles::Checkpoint::new(key.origin(), size, root, "").map_err(|_| InvalidOrigin)?;
    let mut note = Note::new(&body.to_bytes(), &[]).map_err(|_| InvalidOrigin)?;
    note.add_sigs(&[key.signer()]).map_err(|_| InvalidOrigin)?;
    let note = String::from_utf8(note.to_bytes()).map_err(|_| InvalidOrigin)?;
    Ok(Checkpoint { size, root: hex(&root), note })
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

    #[test]
    fn c23_a_checkpoint_is_known_by_its_key_and_an_edit_is_seen() {
        let key = LogKey::generate("log.example/1").unwrap();
        let signed = sign(&key, 7, Hash([9; 32])).unwrap();
        let verifier = key.verifier().unwrap();
        let parsed = Parsed::new(signed.note.as_bytes()).unwrap();
        assert_eq!((parsed.size, parsed.check(&verifier)), (7, Ok(())));

        let edited = Parsed::new(signed.note.replacen("\n7\n", "\n8\n", 1).as_bytes()).unwrap();
        assert_eq!(edited.check(&verifier), Err(NoteFault::BadSignature));
        let other = LogKey::generate("log.example/1").unwrap();
        assert_eq!(parsed.check(&other.verifier().unwrap()), Err(NoteFault::OtherKey));
        let elsewhere = LogKey::generate("log.example/2").unwrap();
        assert_eq!(parsed.check(&elsewhere.verifier().unwrap()), Err(NoteFault::OtherOrigin));
        assert!(matches!(Parsed::new(b"hello"), Err(NoteFault::Malformed)));
    }
}
