use std::fmt;
use std::str::FromStr;

use crate::KeyError;
use crate::secret::hex;

/// The name of a subject's key, under which the log speaks of it: `sk_` and 32 hexadecimal digits, random.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 16]);

impl KeyId {
    pub(crate) fn new(id: [u8; 16]) -> Self {
        Self(id)
    }

    /// The sixteen bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sk_{}", hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A text that is no key id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a key id; one looks like sk_ and 32 hexadecimal digits")]
pub struct InvalidKeyId;

impl FromStr for KeyId {
    type Err = InvalidKeyId;

    fn from_str(s: &str) -> Result<Self, InvalidKeyId> {
        let digits = s.strip_prefix("sk_").ok_or(InvalidKeyId)?;
        let bytes = data_encoding::HEXLOWER.decode(digits.as_bytes()).map_err(|_| InvalidKeyId)?;
        bytes.try_into().map(Self).map_err(|_| InvalidKeyId)
    }
}

/// The organisation whose keys these are. One installation has one, called `default`, unless it serves several.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tenant(String);

impl Tenant {
    /// The tenant of this name.
    ///
    /// # Errors
    /// [`KeyError::BadTenant`]: it is 1 to 64 of a-z, 0-9, `-` and `_`.
    pub fn new(name: &str) -> Result<Self, KeyError> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        let good = (1..=64).contains(&name.len()) && name.bytes().all(fits);
        good.then(|| Self(name.to_owned())).ok_or(KeyError::BadTenant)
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl Default for Tenant {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_tenants_read_back_and_nothing_else_is_one() {
        let id = KeyId::new([0xab; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in ["", "sk_", "sk_ab", "ab".repeat(16).as_str(), &format!("sk_{}", "AB".repeat(16))] {
            assert_eq!(bad.parse::<KeyId>(), Err(InvalidKeyId), "{bad}");
        }
        assert_eq!(Tenant::new("st-mary_1").unwrap().name(), "st-mary_1");
        for bad in ["", "St Mary", "a/b", &"a".repeat(65)] {
            assert!(Tenant::new(bad).is_err(), "{bad}");
        }
    }
}
