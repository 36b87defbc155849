use std::io::{Read, Write};

use asepsis_db::{Connection, Database, DbError, Error, Place, Session};
use asepsis_keys::{Keys, SealKey, Secret};
use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::EvidenceError;
use crate::rows::{self, Document};

/// The largest document, in bytes.
pub const MOST_BYTES: u64 = 64 << 20;

/// How much is sealed at once, in bytes; so much of a document is in memory.
pub const CHUNK: usize = 1 << 20;

/// The name of the tenant's key from which those of documents are derived.
const KEY: &str = "evidence: documents";

/// The documents of one installation. A cheap handle.
#[derive(Clone)]
pub struct Documents {
    db: Database,
    writer: Session,
    key: Secret,
}

/// What stands sealed beside a document.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The name of the file that it came from.
    pub name: String,
    /// The SHA-256 of the document in hexadecimal.
    pub sha256: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// How many chunks there are.
    chunks: u32,
}

/// What can be seen of a document without a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its id.
    pub id: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// When it was added, in milliseconds since 1970 UTC.
    pub added: i64,
}

impl Documents {
    /// Opens the documents there, or makes room for new ones.
    ///
    /// # Errors
    /// [`EvidenceError::Db`], [`EvidenceError::Keys`].
    pub async fn open(place: impl Into<Place>, keys: &Keys) -> Result<Self, EvidenceError> {
        let db = Database::open(place, &rows::SCHEMA).await?;
        let writer = db.session().await?;
        Ok(Self { key: keys.named(KEY).await?, db, writer })
    }

    /// Reads a document to its end and keeps it, durable when this returns, or not at all. `now` is in milliseconds since 1970 UTC.
    ///
    /// # Errors
    /// [`EvidenceError`]: the id or name is none, there is one already, it is empty or too large, or cannot be read.
    pub async fn add(
        &self,
        id: &str,
        name: &str,
        from: impl Read + Send + 'static,
        now: i64,
    ) -> Result<Header, EvidenceError> {
        check(id, name)?;
        let salt = Secret::random()?;
        let key = self.key_of(id, salt.as_bytes())?;
        let adding = Adding { id: id.to_owned(), name: name.to_owned(), salt: *salt.as_bytes(), key, now };
        self.run(move |db| adding.write(db, from)).await
    }

    /// Every document, by id.
    ///
    /// # Errors
    /// [`EvidenceError::Db`].
    pub async fn list(&self) -> Result<Vec<Stored>, EvidenceError> {
        Ok(rows::all(&self.db).await?.iter().map(stored).collect())
    }

    /// The header of a document, and what can be seen without it.
    ///
    /// # Errors
    /// [`EvidenceError::Unknown`], [`EvidenceError::Tampered`], [`EvidenceError::Db`].
    pub async fn show(&self, id: &str) -> Result<(Header, Stored), EvidenceError> {
        let document = self.document(id).await?;
        let header = open_header(&self.key_of(id, &document.salt)?, &document)?;
        Ok((header, stored(&document)))
    }

    /// Gives a document out, chunk by chunk, each checked before.
    ///
    /// # Errors
    /// [`EvidenceError::Unknown`], [`EvidenceError::Tampered`], [`EvidenceError::Write`], [`EvidenceError::Db`].
    pub async fn export(&self, id: &str, to: impl Write + Send + 'static) -> Result<Header, EvidenceError> {
        let document = self.document(id).await?;
        let key = self.key_of(id, &document.salt)?;
        let header = open_header(&key, &document)?;
        self.read(move |db| give(db, &document.id, header, &key, to)).await
    }

    /// Removes a document and what was left of it in the file. Copies in older backups stay. Whether there was one.
    ///
    /// # Errors
    /// [`EvidenceError::Db`].
    pub async fn remove(&self, id: &str) -> Result<bool, EvidenceError> {
        let id = id.to_owned();
        Ok(self
            .writer
            .run(move |db| {
                let removed = rows::remove(db, &id)?;
                db.forget_deleted()?;
                Ok(removed)
            })
            .await?)
    }

    async fn document(&self, id: &str) -> Result<Document, EvidenceError> {
        let of = id.to_owned();
        self.db.read(move |db| rows::one(db, &of)).await?.ok_or_else(|| EvidenceError::Unknown(id.to_owned()))
    }

    fn key_of(&self, id: &str, salt: &[u8; 32]) -> Result<SealKey, EvidenceError> {
        Ok(SealKey::new(&self.key.derive(salt, &[b"asepsis evidence v1", id.as_bytes()])?)?)
    }

    /// Writes in one transaction, which an error of `work` undoes.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Done<T> + Send + 'static,
    ) -> Result<T, EvidenceError> {
        let outcome = self.writer.run(move |db| {
            let mut refused = None;
            let written = db.transaction(|db| {
                work(db)?.map_err(|error| {
                    refused = Some(error);
                    Error::Missing
                })
            });
            match refused {
                Some(refused) => Ok(Err(refused)),
                None => written.map(Ok),
            }
        });
        outcome.await?
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Done<T> + Send + 'static,
    ) -> Result<T, EvidenceError> {
        self.db.read(work).await?
    }
}

impl std::fmt::Debug for Documents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Documents").field("db", &self.db).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Header {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Header({} bytes)", self.bytes)
    }
}

/// What work on a connection comes to: an error of the database, one of ours, or what was wanted.
type Done<T> = Result<Result<T, EvidenceError>, Error>;

/// Copies documents, as they are in one moment, to where there are none; how many rows there were. Where there never were any,
/// nothing is made.
///
/// # Errors
/// [`EvidenceError::Db`], also where there are some already.
pub async fn copy(from: impl Into<Place>, to: impl Into<Place>) -> Result<u64, EvidenceError> {
    let from = from.into();
    if from.file().is_some_and(|file| !file.exists()) {
        return Ok(0);
    }
    let from = match Database::open_read_only(from, &rows::SCHEMA).await {
        Err(DbError::Older { found: 0, .. }) => return Ok(0),
        opened => opened?,
    };
    Ok(from.copy_to(&Database::open(to, &rows::SCHEMA).await?).await?)
}

/// A document that is being added.
struct Adding {
    id: String,
    name: String,
    salt: [u8; 32],
    key: SealKey,
    now: i64,
}

impl Adding {
    fn write(self, db: &Connection, mut from: impl Read) -> Done<Header> {
        if rows::exists(db, &self.id)? {
            return Ok(Err(EvidenceError::Exists(self.id)));
        }
        let (mut bytes, mut chunks, mut hash) = (0_u64, 0_u32, Context::new(&SHA256));
        let mut buffer = Zeroizing::new(vec![0; CHUNK]);
        loop {
            let length = match fill(&mut from, &mut buffer) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) => return Ok(Err(EvidenceError::Read(error))),
            };
            bytes += length as u64;
            if bytes > MOST_BYTES {
                return Ok(Err(EvidenceError::TooLarge));
            }
            let chunk = &buffer[..length];
            hash.update(chunk);
            match self.key.seal(&place(&self.id, chunks), chunk) {
                Ok(sealed) => rows::insert_chunk(db, &self.id, chunks, &sealed)?,
                Err(error) => return Ok(Err(error.into())),
            }
            chunks += 1;
        }
        if bytes == 0 {
            return Ok(Err(EvidenceError::Empty));
        }
        let header = Header { name: self.name, sha256: HEXLOWER.encode(hash.finish().as_ref()), bytes, chunks };
        let plain = Zeroizing::new(serde_json::to_vec(&header).unwrap_or_default());
        let sealed = match self.key.seal(&header_place(&self.id), &plain) {
            Ok(sealed) => sealed,
            Err(error) => return Ok(Err(error.into())),
        };
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        rows::insert(db, &Document { id: self.id, salt: self.salt, header: sealed, bytes, added: self.now })?;
        Ok(Ok(header))
    }
}

/// Reads until the buffer is full or there is no more.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match from.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

fn give(db: &Connection, id: &str, header: Header, key: &SealKey, mut to: impl Write) -> Done<Header> {
    let tampered = |place: String| Ok(Err(EvidenceError::Tampered { place }));
    let (mut bytes, mut hash) = (0, Context::new(&SHA256));
    for at in 0..header.chunks {
        let Some(plain) = rows::chunk(db, id, at)?.and_then(|sealed| key.open(&place(id, at), &sealed)) else {
            return tampered(format!("part {} of {}", at + 1, header.chunks));
        };
        bytes += plain.len() as u64;
        hash.update(&plain);
        if let Err(error) = to.write_all(&plain) {
            return Ok(Err(EvidenceError::Write(error)));
        }
    }
    if bytes != header.bytes || HEXLOWER.encode(hash.finish().as_ref()) != header.sha256 {
        return tampered("the end".to_owned());
    }
    Ok(to.flush().map(|()| header).map_err(EvidenceError::Write))
}

fn open_header(key: &SealKey, document: &Document) -> Result<Header, EvidenceError> {
    let plain = key.open(&header_place(&document.id), &document.header);
    let header = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
    header.ok_or_else(|| EvidenceError::Tampered { place: "the header".to_owned() })
}

/// What a chunk is bound to.
fn place(id: &str, at: u32) -> Vec<u8> {
    [b"chunk ", &at.to_be_bytes()[..], id.as_bytes()].concat()
}

fn header_place(id: &str) -> Vec<u8> {
    [b"header ", id.as_bytes()].concat()
}

fn stored(document: &Document) -> Stored {
    Stored { id: document.id.clone(), bytes: u64::try_from(document.bytes).unwrap_or_default(), added: document.added }
}

fn check(id: &str, name: &str) -> Result<(), EvidenceError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if id.len() > 64 || !id.starts_with(|c: char| c.is_ascii_alphanumeric()) || !id.bytes().all(plain) {
        return Err(EvidenceError::InvalidId);
    }
    if !(1..=255).contains(&name.len()) || name.chars().any(char::is_control) {
        return Err(EvidenceError::InvalidName);
    }
    Ok(())
}
