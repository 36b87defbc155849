//! The keys of Asepsis: a root, the tenant's epochs, a key a subject, a key a record.
//!
//! The *root* is where an organisation keeps its most precious key: a file, a file sealed with age, a hardware security
//! module, HashiCorp Vault or OpenBao, a cloud's key service. It seals the keys of *epochs*, of which the newest wraps
//! what is new. Under an epoch stand the keys of *subjects*, one for each person, by a random pseudonym, and those of
//! other holders, such as the vault's scopes. Under a subject's key, each record has a key of its own. *Rotating* makes
//! a new epoch and wraps the keys anew; no record is touched. *Shredding* a subject deletes its key and the link from
//! the person to the pseudonym. *Destroying* an old epoch makes every older copy of the database worthless for those
//! who were shredded.
//!
//! HKDF-SHA-256 (RFC 5869) with a label for each use, AES-256-GCM (NIST SP 800-38D) with associated data that says what
//! a key is and which, both by aws-lc-rs. AES-GCM does not commit to its key, so a key is looked up by its id and never
//! tried.

mod cache;
mod epoch;
mod erase;
mod error;
mod id;
mod keys;
mod link;
mod patient;
mod presence;
pub mod root;
mod roots;
mod rotate;
mod rows;
mod secret;
mod subject;

pub use epoch::KeyPlace;
pub use erase::{Erased, Shredded};
pub use error::KeyError;
pub use id::{InvalidKeyId, KeyId, Tenant};
pub use keys::Keys;
pub use patient::PatientId;
pub use root::{LocalRoot, Root, RootError, RootKey, RootKeyId};
pub use roots::Roots;
pub use rotate::{Alone, EpochStatus, Rewrapped};
pub use secret::{BlindKey, CryptoFailed, SealKey, Secret};
pub use subject::{Record, RecordId, SubjectKey};
