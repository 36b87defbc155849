//! Passkeys (Web Authentication, Level 3, <https://www.w3.org/TR/webauthn-3/>): registration without attestation, and assertion.
//!
//! Checked by hand over aws-lc-rs: the crate for it brings a second library of cryptography. Keys are ES256, EdDSA (Ed25519) or
//! RS256; the authenticator must have verified the user, so that a passkey is two factors (NIST SP 800-63B-4, 3.2.10).

mod assertion;
mod challenge;
mod client_data;
mod cose;
mod data;
mod registration;

use serde::{Deserialize, Serialize};

pub use assertion::AssertionAnswer;
pub use challenge::{Challenge, Challenges};
pub use registration::RegistrationAnswer;
pub(crate) use registration::user_handle;

/// The most passkeys of a user.
pub const MOST: usize = 20;

/// The longest part of an answer, in bytes.
const LONGEST: usize = 16 * 1024;

/// Who asks for a passkey: this installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingParty {
    /// The host name: `asepsis.example.org`.
    pub id: String,
    /// Where pages come from: `https://asepsis.example.org`, with the port where it is not the usual one.
    pub origin: String,
    /// What people call it.
    pub name: String,
}

/// A passkey, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passkey {
    /// The credential's id, base64url.
    pub id: String,
    /// The public key in COSE, base64url.
    pub(crate) key: String,
    /// How often it signed, as it says; 0 where it does not count.
    pub(crate) counter: u32,
    /// Whether it may be copied to other devices.
    pub(crate) backup_eligible: bool,
    /// What its user calls it.
    pub name: String,
    /// When it was registered, in seconds since 1970 UTC.
    pub created: i64,
}

/// Why an answer of an authenticator does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasskeyFault {
    /// A part that is too long or has another form.
    #[error("the browser's answer has another form ({0})")]
    Malformed(&'static str),
    /// It answers no question that was asked, or one that was answered already.
    #[error("the question was answered already, or too late; begin again")]
    Challenge,
    /// It is of another site.
    #[error("the answer comes from another site")]
    Origin,
    /// The authenticator meant another site.
    #[error("the passkey is of another site")]
    RelyingParty,
    /// Nobody touched the authenticator, or it has not verified the user.
    #[error("the authenticator has not verified the user; use one with a PIN, a fingerprint or the like")]
    NotVerified,
    /// A key of a kind that is not taken.
    #[error("the passkey's key is of a kind that is not taken here; ES256, EdDSA and RS256 are")]
    KeyKind,
    /// An attestation where none was asked for.
    #[error("the authenticator attests in a format that was not asked for")]
    Attestation,
    /// The passkey is not known, or of another user.
    #[error("the passkey is not known here")]
    Unknown,
    /// The signature is not the key's.
    #[error("the signature is wrong")]
    Signature,
    /// It signed fewer times than it did before: there are two of it.
    #[error("the passkey counts backwards, as a copy does; remove it and register another")]
    Cloned,
    /// The passkey is registered already.
    #[error("the passkey is registered already")]
    Exists,
    /// There are too many.
    #[error("a user has at most 20 passkeys; remove one first")]
    TooMany,
}
