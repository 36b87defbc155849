//! What is kept beside an entry, sealed: stored in the entry's transaction, vouched for by the hash in the entry, and gone for
//! good when its key is.

use std::collections::BTreeMap;
use std::fmt;

use asepsis_db::{Connection, Database, DbError, Error, Value, values};
use asepsis_vocab::{AuditEvent, PayloadRef};
use aws_lc_rs::digest::{SHA256, digest};

/// The largest sealed payload in bytes.
pub const MAX_PAYLOAD_BYTES: usize = 4 << 20;

/// The longest id of a key in bytes.
pub const MAX_KEY_ID_BYTES: usize = 128;

/// A payload as it is stored: ciphertext with whatever the sealing needs beside it. The log never sees the key.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedPayload {
    /// The id of the key that it is sealed under: graphic ASCII, at most [`MAX_KEY_ID_BYTES`].
    pub key: String,
    /// The ciphertext, at most [`MAX_PAYLOAD_BYTES`].
    pub bytes: Vec<u8>,
}

impl SealedPayload {
    /// What the entry says of it: the hash is of the ciphertext, since short plaintext could be guessed from its hash.
    pub fn reference(&self) -> PayloadRef {
        let bytes = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        PayloadRef { key: self.key.clone(), bytes, sha256: sha256(&self.bytes) }
    }

    pub(crate) fn has_valid_key(&self) -> bool {
        (1..=MAX_KEY_ID_BYTES).contains(&self.key.len()) && self.key.bytes().all(|byte| byte.is_ascii_graphic())
    }
}

impl fmt::Debug for SealedPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedPayload({} bytes under key {})", self.bytes.len(), self.key)
    }
}

/// The event with what it says of the payload; `None` if it speaks of another one.
pub(crate) fn named(event: &AuditEvent, payload: &SealedPayload) -> Option<AuditEvent> {
    let reference = payload.reference();
    match &event.payload {
        Some(other) if *other != reference => None,
        _ => Some(AuditEvent { payload: Some(reference), ..event.clone() }),
    }
}

pub(crate) fn insert<'p>(
    db: &Connection,
    payloads: impl Iterator<Item = (u64, &'p SealedPayload)>,
) -> Result<(), Error> {
    let mut payloads = payloads.peekable();
    if payloads.peek().is_none() {
        return Ok(());
    }
    let row = |(index, payload): (u64, &'p SealedPayload)| {
        [Value::Int(index as i64), Value::Text(&payload.key), Value::Blob(&payload.bytes)]
    };
    db.execute_each("INSERT INTO payloads (idx, key, sealed) VALUES (?, ?, ?)", payloads.map(row)).map(drop)
}

/// The payload of the entry of this index.
pub(crate) async fn of(db: &Database, index: u64) -> Result<Option<SealedPayload>, DbError> {
    let index = i64::try_from(index).unwrap_or(i64::MAX);
    db.read(move |db| {
        db.optional("SELECT key, sealed FROM payloads WHERE idx = ?", values![index], |row| {
            Ok(SealedPayload { key: row.get(0)?, bytes: row.get(1)? })
        })
    })
    .await
}

/// What is stored for the entries from `first` to `last`, hashed; one payload is in memory at a time, and none that is longer
/// than any may be.
pub(crate) async fn hashed(db: &Database, first: u64, last: u64) -> Result<BTreeMap<u64, Stored>, DbError> {
    let bound = |index: u64| i64::try_from(index).unwrap_or(i64::MAX);
    let range = (bound(first), bound(last), MAX_PAYLOAD_BYTES as i64);
    db.read(move |db| {
        let statement = "SELECT idx, key, length(sealed), CASE WHEN length(sealed) <= ?3 THEN sealed END FROM payloads \
                         WHERE idx >= ?1 AND idx <= ?2 ORDER BY idx";
        let mut stored = BTreeMap::new();
        db.each(statement, values![range.0, range.1, range.2], |row| {
            let sha256 = match row.value(3)? {
                Value::Blob(bytes) => Some(sha256(bytes)),
                _ => None,
            };
            let payload = Stored { key: row.get(1)?, bytes: row.get::<i64>(2)? as u64, sha256 };
            stored.insert(row.get::<i64>(0)? as u64, payload);
            Ok(())
        })?;
        Ok(stored)
    })
    .await
}

/// A stored payload without its content.
pub(crate) struct Stored {
    key: String,
    bytes: u64,
    /// Absent where it is too long to be one.
    sha256: Option<String>,
}

impl Stored {
    /// What of it is not as the entry says.
    pub(crate) fn differs(&self, reference: &PayloadRef) -> Option<String> {
        if self.bytes != u64::from(reference.bytes) {
            return Some(format!("its payload has {} bytes where {} were sealed", self.bytes, reference.bytes));
        }
        let same = self.key == reference.key && self.sha256.as_ref() == Some(&reference.sha256);
        (!same).then(|| "its payload is not the one that was sealed".to_owned())
    }
}

/// The number of payloads that are there under a key.
pub(crate) async fn under(db: &Database, key: &str) -> Result<u64, DbError> {
    let key = key.to_owned();
    db.read(move |db| db.one("SELECT count(*) FROM payloads WHERE key = ?", values![&key], |row| row.get::<i64>(0)))
        .await
        .map(|count| count as u64)
}

fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    digest(&SHA256, bytes).as_ref().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
