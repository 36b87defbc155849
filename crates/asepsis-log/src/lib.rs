//! The transparency log: what happened, in order, in a form that nobody can change without being seen.
//!
//! An *entry* is the exact bytes of an [`AuditEvent`](asepsis_vocab::AuditEvent) as JSON, a leaf of a SHA-256 Merkle tree
//! (RFC 6962). A *checkpoint* is the size and root of that tree, signed (C2SP tlog-checkpoint, signed-note). *Tiles* and
//! *entry bundles* are the tree and the entries as static files (C2SP tlog-tiles), so that any verifier of that format can
//! check the log without Asepsis. The entries in the database (a file of SQLite, or a PostgreSQL server) are the truth; all else
//! is derived from them and written anew where it is missing. A *pin* is a checkpoint kept elsewhere: without one, a complete rollback cannot be seen.
//!
//! It answers the audit controls of 45 CFR 164.312(b).

pub mod account;
mod bundle;
pub mod cosigned;
mod entries;
mod erase;
mod error;
mod key;
mod layout;
mod lease;
mod log;
mod note;
mod payloads;
mod place;
pub mod policy;
pub mod proof;
mod publish;
mod retention;
pub mod search;
mod stored;
mod tiles;
mod tree;
mod verifier;
pub mod verify;

pub use entries::Entry;
pub use erase::{Pruned, act_event};
pub use error::LogError;
pub use key::{InvalidOrigin, LogKey, WitnessKey};
pub use log::{Log, LogOptions, LogStats, Recovery};
pub use note::{Checkpoint, NoteFault, Parsed as ParsedCheckpoint, Signed};
pub use payloads::{MAX_KEY_ID_BYTES, MAX_PAYLOAD_BYTES, SealedPayload};
pub use place::{LogPlace, copy};
pub use policy::{Policy, PolicyError, Standing};
pub use retention::{DEFAULT_YEARS, Retention};
pub use stored::{for_each_entry, origin, payload};
pub use verifier::{KeyKind, VerifierKey};

/// The files of a log as C2SP tlog-tiles lays them out, and the tree that they hold: for who carries them elsewhere, and for who
/// checks them there.
pub mod files {
    pub use crate::bundle::take as take_entry;
    pub use crate::layout::{CHECKPOINT, COSIGNED, PUBLIC_KEY, TILE, bundle, tile};
    pub use crate::tree::{FullTile, Tree, widths};
}

/// The largest entry in bytes: its length is 16 bits wide in an entry bundle (C2SP tlog-tiles).
pub const MAX_ENTRY_BYTES: usize = 65_535;
