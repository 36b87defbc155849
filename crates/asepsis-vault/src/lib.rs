//! The vault: surrogates, what they stand for, and the keys that guard it.
//!
//! A *surrogate* is a text that goes out in an identifier's place. It is random and means nothing outside the vault: a code
//! that is computed from the identifier would break 45 CFR 164.514(c). A *scope* is the conversation (or document) within
//! which the same identifier gets the same surrogate; in another scope it gets another one, and a surrogate is turned back
//! only in its own scope. Values, rendered texts and classes are sealed with AES-256-GCM under a key of their scope, which is
//! wrapped under the current epoch of the tenant (`asepsis-keys`); without that the database says nothing but how many there
//! are.

mod cache;
mod error;
mod key;
mod migrate;
mod rows;
mod scope;
mod seal;
mod surrogate;
mod vault;

pub use error::VaultError;
pub use scope::{ScopeId, Space};
pub use surrogate::{Render, Surrogate, Wanted};
pub use vault::{Issuance, Stored, Vault, copy};
