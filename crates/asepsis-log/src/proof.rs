//! Proofs that others can check without Asepsis: that an entry is in the log, and that the log only grew.
//!
//! An *inclusion proof* is written as C2SP tlog-proof: the index, the hashes beside the way up, and the signed checkpoint with
//! the cosignatures that it has. A *consistency proof* (RFC 6962, 2.1.2) goes from an older size to a checkpoint. Both are read
//! out of the tiles, and checked against the root before they are given out.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tlog_tiles::{
    Hash, HashReader as _, TileHashReader, check_record, check_tree, prove_record, prove_tree, record_hash,
    stored_hash_index, tree_hash,
};

use crate::NoteFault;
use crate::layout;
use crate::note::Parsed;
use crate::tiles::{self, FileTiles};

/// The first line of a C2SP tlog-proof.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// No proof has more hashes: a tree has fewer than 2^63 leaves.
pub const MAX_PROOF_HASHES: usize = 63;

/// Times that files are read again because a writer replaced them meanwhile.
const TRIES: u32 = 5;

/// Why there is no proof, or a proof shows nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// No checkpoint covers the entry.
    #[error("entry {index} is not under the checkpoint of {size} entries; wait for the next one, or look at the index")]
    NotCovered {
        /// The entry.
        index: u64,
        /// The size of the newest checkpoint.
        size: u64,
    },
    /// The older tree is larger than the newer one.
    #[error("the older size {old} is above the checkpoint's {size}: a log that shrank has no consistency proof")]
    Shrank {
        /// The older size.
        old: u64,
        /// The size of the checkpoint.
        size: u64,
    },
    /// The checkpoint cannot be read.
    #[error("{path}: {source}; open the log once, or restore the file", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The checkpoint is none.
    #[error("{place}: {fault}")]
    Checkpoint {
        /// The file, or `proof`.
        place: String,
        /// What is wrong with it.
        fault: NoteFault,
    },
    /// The tiles do not give the root of the checkpoint.
    #[error("the tiles do not belong to the checkpoint of {size} entries ({what}); run `asepsis audit verify`")]
    Tiles {
        /// The size of the checkpoint.
        size: u64,
        /// What the arithmetic said.
        what: String,
    },
    /// The text is no tlog-proof.
    #[error("line {line} of the proof: {what}; a proof begins with `c2sp.org/tlog-proof@v1` (C2SP tlog-proof)")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// What belongs there.
        what: &'static str,
    },
    /// The hashes do not lead to the root.
    #[error("the hashes do not lead from the entry to the root of the checkpoint: it is not in this log at this place")]
    Wrong,
}

/// A proof that an entry is in the log: C2SP tlog-proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// The place of the entry.
    pub index: u64,
    /// The hashes beside the way from the leaf to the root, the leaf's sibling first.
    pub hashes: Vec<[u8; 32]>,
    /// Bytes that an application adds; nothing vouches for them.
    pub extra: Option<Vec<u8>>,
    /// The signed checkpoint, word for word.
    pub checkpoint: String,
}

impl TlogProof {
    /// Proves that the entry of this index is in the log in `dir`, which another process may be writing. The newest cosigned
    /// checkpoint is taken where it covers the entry, else the newest one.
    ///
    /// # Errors
    /// [`ProofError::NotCovered`]; [`ProofError::File`], [`ProofError::Checkpoint`], [`ProofError::Tiles`] if the log in
    /// `dir` cannot give a proof.
    pub fn of_entry(dir: &Path, index: u64) -> Result<Self, ProofError> {
        steadily(|| {
            let newest = Head::read(dir, layout::CHECKPOINT)?;
            let cosigned = Head::read(dir, layout::COSIGNED).ok().filter(|head| index < head.size);
            let size = newest.size;
            let head = cosigned.unwrap_or(newest);
            if index >= head.size {
                return Err(ProofError::NotCovered { index, size });
            }
            let files = FileTiles { dir, newest: size };
            let reader = head.reader(&files);
            let hashes = prove_record(head.size, index, &reader).map_err(|e| head.tiles(&e))?;
            // The reader does not compare every tile with the one above it (tlog_tiles 0.2, as Go's x/mod 0.7): what comes out
            // is checked as whoever gets it will.
            let leaf = reader.read_hashes(&[stored_hash_index(0, index)]).map_err(|e| head.tiles(&e))?;
            check_record(&hashes, head.size, head.root, index, leaf[0]).map_err(|e| head.tiles(&e))?;
            Ok(Self { index, hashes: bytes(&hashes), extra: None, checkpoint: head.note })
        })
    }

    /// The proof as text.
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEADER}\n");
        if let Some(extra) = &self.extra {
            text += &format!("extra {}\n", BASE64_STANDARD.encode(extra));
        }
        text += &format!("index {}\n", self.index);
        text += &base64_lines(&self.hashes);
        text.push('\n');
        text + &self.checkpoint
    }

    /// Reads a proof.
    ///
    /// # Errors
    /// [`ProofError::Malformed`] names the line.
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        let malformed = |line, what| ProofError::Malformed { line, what };
        let (head, checkpoint) = text.split_once("\n\n").ok_or(malformed(1, "no empty line before a checkpoint"))?;
        let mut lines = head.split('\n').zip(1..).peekable();
        if lines.next().is_none_or(|(line, _)| line != HEADER) {
            return Err(malformed(1, "the name of the format"));
        }
        let mut extra = None;
        if let Some((line, number)) = lines.next_if(|(line, _)| line.starts_with("extra ")) {
            let decoded = BASE64_STANDARD.decode(&line["extra ".len()..]);
            extra = Some(decoded.map_err(|_| malformed(number, "`extra` and base64"))?);
        }
        let (line, number) = lines.next().ok_or(malformed(2, "`index` and a number"))?;
        let index = line.strip_prefix("index ").and_then(decimal).ok_or(malformed(number, "`index` and a number"))?;
        let mut hashes = Vec::new();
        for (line, number) in lines {
            let hash = hash(line).ok_or(malformed(number, "a SHA-256 hash in base64"))?;
            if hashes.len() == MAX_PROOF_HASHES {
                return Err(malformed(number, "at most 63 hashes"));
            }
            hashes.push(hash);
        }
        Ok(Self { index, hashes, extra, checkpoint: checkpoint.to_owned() })
    }

    /// Checks that the hashes lead from these bytes of an entry to the root of the checkpoint. Who signed that is another
    /// question, which [`Policy::check`](crate::Policy::check) answers.
    ///
    /// # Errors
    /// [`ProofError::Wrong`] if they do not; [`ProofError::Checkpoint`] if there is none.
    pub fn check(&self, entry: &[u8]) -> Result<(), ProofError> {
        let parsed = Parsed::new(self.checkpoint.as_bytes())
            .map_err(|fault| ProofError::Checkpoint { place: "proof".to_owned(), fault })?;
        let hashes = self.hashes.iter().copied().map(Hash).collect();
        check_record(&hashes, parsed.size, parsed.root, self.index, record_hash(entry)).map_err(|_| ProofError::Wrong)
    }
}

/// A proof that the tree of a checkpoint holds the tree of an older size as its beginning (RFC 6962, 2.1.2), with what a
/// C2SP tlog-witness asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consistency {
    /// The older size.
    pub old: u64,
    /// The hashes, in the order of RFC 6962; none where the older size is 0 or the same.
    pub hashes: Vec<[u8; 32]>,
    /// The signed checkpoint, word for word.
    pub checkpoint: String,
}

impl Consistency {
    /// Proves the way from `old` entries to the newest checkpoint of the log in `dir`.
    ///
    /// # Errors
    /// [`ProofError::Shrank`] if there are fewer; [`ProofError::File`], [`ProofError::Checkpoint`], [`ProofError::Tiles`] if
    /// the log in `dir` cannot give a proof.
    pub fn since(dir: &Path, old: u64) -> Result<Self, ProofError> {
        steadily(|| Self::between(dir, old, Head::read(dir, layout::CHECKPOINT)?))
    }

    /// As [`since`](Self::since), to this checkpoint and no newer one.
    ///
    /// # Errors
    /// As [`since`](Self::since).
    pub fn to(dir: &Path, old: u64, checkpoint: &str) -> Result<Self, ProofError> {
        steadily(|| Self::between(dir, old, Head::parse("checkpoint", checkpoint.to_owned())?))
    }

    fn between(dir: &Path, old: u64, head: Head) -> Result<Self, ProofError> {
        let newest = Head::read(dir, layout::CHECKPOINT)?.size;
        if old > head.size {
            return Err(ProofError::Shrank { old, size: head.size });
        }
        let files = FileTiles { dir, newest };
        let mut hashes = Vec::new();
        if old > 0 && old < head.size {
            let reader = head.reader(&files);
            hashes = prove_tree(head.size, old, &reader).map_err(|e| head.tiles(&e))?;
            let old_root = tree_hash(old, &reader).map_err(|e| head.tiles(&e))?;
            check_tree(&hashes, head.size, head.root, old, old_root).map_err(|e| head.tiles(&e))?;
        }
        Ok(Self { old, hashes: bytes(&hashes), checkpoint: head.note })
    }

    /// The body of a request to a witness: C2SP tlog-witness, `add-checkpoint`.
    pub fn to_text(&self) -> String {
        format!("old {}\n{}\n{}", self.old, base64_lines(&self.hashes), self.checkpoint)
    }

    /// Reads such a body.
    ///
    /// # Errors
    /// [`ProofError::Malformed`] names the line.
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        let malformed = |line, what| ProofError::Malformed { line, what };
        let (head, checkpoint) = text.split_once("\n\n").ok_or(malformed(1, "no empty line before a checkpoint"))?;
        let mut lines = head.split('\n').zip(1..);
        let old = lines.next().and_then(|(line, _)| line.strip_prefix("old ")).and_then(decimal);
        let old = old.ok_or(malformed(1, "`old` and a number"))?;
        let mut hashes = Vec::new();
        for (line, number) in lines {
            if hashes.len() == MAX_PROOF_HASHES {
                return Err(malformed(number, "at most 63 hashes"));
            }
            hashes.push(hash(line).ok_or(malformed(number, "a SHA-256 hash in base64"))?);
        }
        Ok(Self { old, hashes, checkpoint: checkpoint.to_owned() })
    }

    /// Checks that the checkpoint's tree holds the older tree with that root.
    ///
    /// # Errors
    /// [`ProofError::Wrong`] if it does not; [`ProofError::Checkpoint`] if there is none.
    pub fn check(&self, old_root: &[u8; 32]) -> Result<(), ProofError> {
        let parsed = Parsed::new(self.checkpoint.as_bytes())
            .map_err(|fault| ProofError::Checkpoint { place: "proof".to_owned(), fault })?;
        consistent(self.old, *old_root, parsed.size, parsed.root.0, &self.hashes)
    }
}

/// Whether the tree of `size` leaves and that root holds the tree of `old` leaves as its beginning.
///
/// # Errors
/// [`ProofError::Wrong`] if the hashes do not show it.
pub fn consistent(
    old: u64,
    old_root: [u8; 32],
    size: u64,
    root: [u8; 32],
    hashes: &[[u8; 32]],
) -> Result<(), ProofError> {
    let shown = match old {
        // Every tree begins with the empty one.
        0 => hashes.is_empty() && (size > 0 || root == tlog_tiles::EMPTY_HASH.0),
        _ if old > size => false,
        _ => {
            let hashes = hashes.iter().copied().map(Hash).collect();
            check_tree(&hashes, size, Hash(root), old, Hash(old_root)).is_ok()
        }
    };
    if shown { Ok(()) } else { Err(ProofError::Wrong) }
}

/// A checkpoint as it was read.
struct Head {
    size: u64,
    root: Hash,
    note: String,
}

impl Head {
    fn read(dir: &Path, name: &str) -> Result<Self, ProofError> {
        let text =
            tiles::read(dir, name).map_err(|source| ProofError::File { path: layout::under(dir, name), source })?;
        let fault = ProofError::Checkpoint { place: name.to_owned(), fault: NoteFault::Malformed };
        Self::parse(name, String::from_utf8(text).map_err(|_| fault)?)
    }

    fn parse(name: &str, note: String) -> Result<Self, ProofError> {
        let parsed =
            Parsed::new(note.as_bytes()).map_err(|fault| ProofError::Checkpoint { place: name.to_owned(), fault })?;
        Ok(Self { size: parsed.size, root: parsed.root, note })
    }

    fn reader<'a>(&self, files: &'a FileTiles<'_>) -> TileHashReader<'a> {
        TileHashReader::new(self.size, self.root, files)
    }

    fn tiles(&self, error: &tlog_tiles::Error) -> ProofError {
        ProofError::Tiles { size: self.size, what: error.to_string() }
    }
}

/// Tries again where a writer replaced files between two reads.
fn steadily<T>(work: impl Fn() -> Result<T, ProofError>) -> Result<T, ProofError> {
    let mut tried = 1;
    loop {
        match work() {
            Err(ProofError::Tiles { .. } | ProofError::File { .. }) if tried < TRIES => tried += 1,
            done => return done,
        }
    }
}

fn bytes(hashes: &[Hash]) -> Vec<[u8; 32]> {
    hashes.iter().map(|hash| hash.0).collect()
}

fn base64_lines(hashes: &[[u8; 32]]) -> String {
    hashes.iter().map(|hash| BASE64_STANDARD.encode(hash) + "\n").collect()
}

fn hash(line: &str) -> Option<[u8; 32]> {
    BASE64_STANDARD.decode(line).ok()?.try_into().ok()
}

/// A number as C2SP writes it: digits without a zero before them.
fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}
