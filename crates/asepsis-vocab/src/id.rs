use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The name of one exchange, under which the client, the log and the error messages speak of it: `ex_` and a UUID
/// version 7 (RFC 9562), so that ids sort by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(Uuid);

impl ExchangeId {
    /// A new id of this moment.
    pub fn now() -> Self {
        Self(Uuid::now_v7())
    }

    /// The sixteen bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for ExchangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ex_{}", self.0.simple())
    }
}

/// A text that is no exchange id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an exchange id; one looks like ex_ and 32 hexadecimal digits")]
pub struct InvalidExchangeId;

impl FromStr for ExchangeId {
    type Err = InvalidExchangeId;

    fn from_str(s: &str) -> Result<Self, InvalidExchangeId> {
        let hex = s.strip_prefix("ex_").ok_or(InvalidExchangeId)?;
        Uuid::try_parse(hex).map(Self).map_err(|_| InvalidExchangeId)
    }
}

impl Serialize for ExchangeId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ExchangeId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The pseudonym of a person in the records of one organisation: `sb_` and a random UUID (version 4, RFC 9562).
///
/// It is not computed from anything about the person; the vault keeps the link, and destroying that unlinks every record
/// (45 CFR 164.514(c)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectId(Uuid);

impl SubjectId {
    /// The pseudonym of these random bytes, of which six bits become the UUID's version and variant.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// The sixteen bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sb_{}", self.0.simple())
    }
}

/// A text that is no subject id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a subject id; one looks like sb_ and 32 hexadecimal digits")]
pub struct InvalidSubjectId;

impl FromStr for SubjectId {
    type Err = InvalidSubjectId;

    fn from_str(s: &str) -> Result<Self, InvalidSubjectId> {
        let hex = s.strip_prefix("sb_").ok_or(InvalidSubjectId)?;
        Uuid::try_parse(hex).map(Self).map_err(|_| InvalidSubjectId)
    }
}

impl Serialize for SubjectId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SubjectId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_ids_sort_by_time() {
        let (a, b) = (ExchangeId::now(), ExchangeId::now());
        assert_eq!(a.to_string().parse(), Ok(a));
        assert!(a < b);
        let subject = SubjectId::from_random([7; 16]);
        assert_eq!(subject.to_string().parse(), Ok(subject));
        assert_eq!("ex_07".parse::<SubjectId>(), Err(InvalidSubjectId));
        assert_eq!("ex_nonsense".parse::<ExchangeId>(), Err(InvalidExchangeId));
    }
}
