//! The published files of a log, in an object store: C2SP tlog-tiles (<https://c2sp.org/tlog-tiles>) under an `s3://` or
//! `file://` address, which any reader of that format can verify.
//!
//! A [`Mirror`] brings a store up to the local log, in an order in which no reader ever sees a checkpoint whose tiles are not
//! there. Full tiles and bundles are *created* and never written over: what is there and differs is an alarm. The checkpoint
//! comes last, by a conditional update. One that is there and is not the beginning of ours is a *fork*, and nothing is written.
//! A mirror in other hands is also a pin: it remembers how far the log was.
//!
//! [`verify`] checks what is published, straight from the store: every entry is hashed, every tile compared, within bounded
//! memory and without anything on a disk.

mod address;
mod connect;
mod credentials;
mod error;
mod local;
mod mirror;
mod store;
mod task;
mod verify;

pub use address::{Address, InvalidAddress, Options};
pub use error::MirrorError;
pub use mirror::{Mirror, Round, Standing};
pub use store::Store;
pub use task::{MirrorStatus, Mirroring};
pub use verify::verify;
