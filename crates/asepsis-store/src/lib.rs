//! The registers that change while Asepsis runs: who may ask, what is known of vendors and people, and where requests
//! wanted to go.
//!
//! A [`Store`] is one database. A [`Record`] is one thing in a register, with every version that it ever had. An [`ApiKey`] is what a machine client shows; the store keeps its SHA-256 only, and answers
//! from memory, so that recognising a client costs no disk. A change made by another process (`asepsis key add`,
//! `key revoke`) is seen within about a second.

mod api_key;
mod error;
mod held;
mod held_rows;
mod keys;
mod record;
mod record_rows;
mod records;
mod rows;
mod store;
mod unlisted;

pub use api_key::{ApiKey, Malformed};
pub use error::StoreError;
pub use held::{Held, HeldState, MOST_SEALED};
pub use keys::{AuthFailure, KeyRecord, Principal};
pub use record::{Change, MOST_BODY, MOST_RECORDS, Record};
pub use store::{Store, copy};
pub use unlisted::Unlisted;
