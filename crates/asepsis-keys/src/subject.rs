use std::fmt;

use asepsis_vocab::SubjectId;
use zeroize::Zeroizing;

use crate::secret::joined;
use crate::{KeyError, KeyId, SealKey, Secret};

/// The first byte of what is sealed: its layout.
const LAYOUT: u8 = 1;

/// The key of one subject, under which the payloads of the log's entries about it are sealed. Shredding it erases them.
pub struct SubjectKey {
    id: KeyId,
    subject: SubjectId,
    key: Secret,
}

/// Which record is sealed: its associated data. What is sealed opens as the same record only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// The origin of the log (C2SP tlog-checkpoint).
    pub origin: &'a str,
    /// Which entry.
    pub id: RecordId,
    /// The version of the payload's layout.
    pub schema: u32,
}

/// An entry of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordId {
    /// By its index.
    Index(u64),
    /// By the id of its event, where the index is not known yet. An id that stands for two entries (an exchange's
    /// intent and its outcome) needs more bytes to tell them apart, for example one for the phase.
    Event([u8; 16], u8),
}

impl SubjectKey {
    /// The longest record, in bytes.
    pub const MOST: usize = 16 * 1024 * 1024;

    pub(crate) fn new(id: KeyId, subject: SubjectId, key: Secret) -> Self {
        Self { id, subject, key }
    }

    /// The key's name, to be kept beside what it seals.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Whose key it is.
    pub fn subject(&self) -> SubjectId {
        self.subject
    }

    /// Seals a record with AES-256-GCM under a key of its own, derived with HKDF-SHA-256 from the subject's.
    ///
    /// The result is 29 bytes longer than `plain`. Sealing the same record twice gives different bytes.
    ///
    /// # Errors
    /// [`KeyError::TooLong`] above [`MOST`](Self::MOST); [`KeyError::Crypto`].
    pub fn seal(&self, record: &Record<'_>, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        if plain.len() > Self::MOST {
            return Err(KeyError::TooLong { bytes: plain.len(), most: Self::MOST });
        }
        let place = self.place(record);
        let mut sealed = self.record_key(&place)?.seal(&place, plain)?;
        sealed.insert(0, LAYOUT);
        Ok(sealed)
    }

    /// Opens what [`seal`](Self::seal) sealed.
    ///
    /// # Errors
    /// [`KeyError::BadRecord`] if it was sealed under another key or as another record, or was changed.
    pub fn open(&self, record: &Record<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let place = self.place(record);
        let rest = sealed.strip_prefix(&[LAYOUT]).ok_or(KeyError::BadRecord)?;
        self.record_key(&place)?.open(&place, rest).ok_or(KeyError::BadRecord)
    }

    fn record_key(&self, place: &[u8]) -> Result<SealKey, KeyError> {
        Ok(SealKey::new(&self.key.derive(b"asepsis.keys.1", &[b"seal a record ", place])?)?)
    }

    fn place(&self, record: &Record<'_>) -> Vec<u8> {
        let (kind, id): (&[u8], _) = match record.id {
            RecordId::Index(index) => (b"index", index.to_be_bytes().to_vec()),
            RecordId::Event(id, part) => (b"event", [&id[..], &[part]].concat()),
        };
        joined(&[
            b"asepsis.record",
            &[LAYOUT],
            self.id.as_bytes(),
            self.subject.as_bytes(),
            record.origin.as_bytes(),
            kind,
            &id,
            &record.schema.to_be_bytes(),
        ])
    }
}

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubjectKey({}, ..)", self.id)
    }
}
