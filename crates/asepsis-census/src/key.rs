use std::fmt;
use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher24};

/// The key of a run, under which names and numbers are hashed. Take random bytes, and keep them nowhere.
#[derive(Clone)]
pub struct Key([u8; 16]);

/// What is hashed, so that equal letters of different kinds stay apart.
#[derive(Clone, Copy)]
pub(crate) enum Domain {
    Name = 1,
    Word,
    Record,
    Social,
    Plan,
    Birth,
    NameAndBirth,
}

impl Key {
    /// A key of these bytes.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(crate) fn hash(&self, domain: Domain, value: &str) -> u128 {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        hasher.write_u8(domain as u8);
        hasher.write(value.as_bytes());
        hasher.finish128().as_u128()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}
