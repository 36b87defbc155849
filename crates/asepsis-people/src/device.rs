//! Registered devices: those that the organisation looks after (45 CFR 164.310(c)).

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::random::{self, NoRandomness, sha256};

/// The kind of the records.
pub const KIND: &str = "device";
/// What a device's key begins with.
const PREFIX: &str = "asepd_";

/// A device, as its record's body has it. The record's id is the device's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// What people call it.
    pub name: String,
    /// The only user that it may be used by; anybody where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// SHA-256 of the device's key, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_hash: Option<String>,
    /// SHA-256 of the device's client certificate, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// That it is not to be used any more: lost, sold, no longer looked after.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub revoked: bool,
}

/// A new key for a device, to be shown once; what is stored of it is its hash.
///
/// # Errors
/// [`NoRandomness`].
pub fn new_key() -> Result<(Zeroizing<String>, String), NoRandomness> {
    let key = random::token(PREFIX)?;
    let hash = key_hash(&key);
    Ok((key, hash))
}

/// What is stored of a device's key. 256 random bits need no slow hash.
pub(crate) fn key_hash(key: &str) -> String {
    HEXLOWER.encode(&sha256(key.as_bytes()))
}
