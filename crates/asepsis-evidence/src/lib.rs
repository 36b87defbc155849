//! Documents that facts about vendors and AI systems rest on: audit reports, certificates, signed agreements.
//!
//! A document is sealed as it is read, chunk by chunk (AES-256-GCM), under a key that is derived for it from one of the tenant's;
//! what is not sealed of it is never on disk, and never whole in memory. Its name and SHA-256 are sealed too. What it is about,
//! who issued it and how long it is good for are kept by whoever assesses with it: `asepsis_govern::Evidence`, in the registers.
//!
//! Each chunk is bound to its document and place; their number, the length and the hash stand in a sealed header. So a chunk that is
//! changed, missing, moved or of another document is noticed before any byte of it is given out.

mod documents;
mod error;
mod rows;

pub use documents::{CHUNK, Documents, Header, MOST_BYTES, Stored, copy};
pub use error::EvidenceError;
