//! Local users.

use serde::{Deserialize, Serialize};

/// The kind of the records that say who may sign in, in which role.
pub const KIND: &str = "person";
/// The kind of the records that hold, sealed, what they sign in with.
pub const CREDENTIAL: &str = "credential";

/// A local user, as the record's body has it. The record's id is the user's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The role.
    pub role: String,
    /// Whether the user may do nothing any more, with any credential.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
}

/// Why a name is none for a local user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a local user's name has 1 to 64 characters out of a to z, digits and . _ -, and begins with a letter or digit; for an e-mail \
     address take the part before the @"
)]
pub struct BadName;

/// A name as it is stored: in lower case, since people do not tell `Alice` from `alice`.
///
/// # Errors
/// [`BadName`].
pub fn name(text: &str) -> Result<String, BadName> {
    let name = text.trim().to_ascii_lowercase();
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if begins && name.len() <= 64 && name.bytes().all(plain) { Ok(name) } else { Err(BadName) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c4_a_user_has_one_name_however_it_is_typed() {
        assert_eq!(name(" Alice.Meyer ").unwrap(), "alice.meyer");
        for bad in ["", "a b", "-a", "a@b.org", "\u{e4}", &"x".repeat(65)] {
            assert_eq!(name(bad), Err(BadName), "{bad}");
        }
    }
}
