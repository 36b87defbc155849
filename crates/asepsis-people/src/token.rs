//! Signed tokens (JWT, RFC 7519) of identity providers and of clients: who signed them, whether they count here and now.
//!
//! Signatures are for the crate `jsonwebtoken` over aws-lc-rs. Which key and algorithm may be used, and every claim, is checked
//! here, because the crate has a clock of its own and knows nothing of RFC 8725's rules on types and parties.

mod access;
mod assertion;
mod claims;
mod id_token;
mod issued;
mod keys;
mod mapping;
mod signed;
mod source;

pub use access::AccessRules;
pub use assertion::{Assertion, AssertionRules, Replay};
pub use id_token::IdTokenRules;
pub use issued::{IssuedToken, IssuedTokens, TokenHolder};
pub use keys::{BadKeySet, KeySet};
pub use mapping::{Mapped, Mapping};
pub use source::{Fetch, FetchFailed, Fetched, KeySource, Offline};

/// Seconds by which clocks may differ.
pub const SKEW: i64 = 60;

/// Why a token is not taken. Holds nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenFault {
    /// No JWT in the compact form, over 16 KiB, or with critical headers that nobody here knows.
    #[error("it is no signed JWT in the compact form, or over 16 KiB")]
    Malformed,
    /// An algorithm that is not allowed: `none`, one with a shared secret, or one that the configuration does not name.
    #[error("its algorithm is not allowed")]
    Algorithm,
    /// A type that is not taken here: an ID token in place of an access token, for example.
    #[error("its type is not the one that is taken here (RFC 9068 wants `at+jwt`)")]
    Type,
    /// No key of its issuer has its id.
    #[error("its issuer publishes no such key")]
    UnknownKey,
    /// The signature is not the key's.
    #[error("its signature is wrong")]
    Signature,
    /// Another issuer.
    #[error("its issuer is another")]
    Issuer,
    /// It is meant for somebody else.
    #[error("it is meant for another audience")]
    Audience,
    /// It was given to another client.
    #[error("it was given to another client (azp)")]
    AuthorizedParty,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// Its time has not begun, or it comes from the future.
    #[error("it is not valid yet; compare the clocks")]
    NotYet,
    /// It answers another request.
    #[error("its nonce is another")]
    Nonce,
    /// It was shown before.
    #[error("it was shown before")]
    Replayed,
    /// It lives longer than it may.
    #[error("it lives longer than 5 minutes")]
    TooLong,
    /// A claim is missing or has another form.
    #[error("its claim `{0}` is missing or has another form")]
    Claim(&'static str),
    /// The user signed in with fewer factors than the configuration asks for.
    #[error("the sign-in behind it had fewer factors than asked for (amr, acr)")]
    Factors,
    /// None of the user's groups has a role here.
    #[error("none of the groups in it has a role here")]
    NoRole,
}
