//! Backups: one file, sealed with age (<https://age-encryption.org/v1>) to recipients who need not be on this machine.
//!
//! A backup holds the databases as they were in one moment each (`VACUUM INTO`), the full tiles and the checkpoint of each
//! log, and the small files beside them. It does **not** hold the folder `keys/`: a backup that did would keep what was
//! erased readable, because erasing destroys keys (see `asepsis-keys`). Keep a copy of `keys/` elsewhere, and copy it again
//! after each rotation.
//!
//! The logs come first and the keys last, so that a restored vault knows at least what the restored logs speak of.
//! Inside is a tar file that begins with a [`Manifest`]: every file with its length and SHA-256. Reading checks all of
//! them, and names the file in which something is not as it was.

mod create;
mod error;
mod manifest;
mod read;
mod seal;
pub mod watch;

pub use create::{Created, create};
pub use error::BackupError;
pub use manifest::{FileEntry, LogEntry, Manifest};
pub use read::{restore, verify};
pub use seal::{Opener, Recipients};
