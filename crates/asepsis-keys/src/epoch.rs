use std::fmt;

use crate::root::EpochPlace;
use crate::secret::joined;
use crate::{CryptoFailed, SealKey, Secret};

/// What a wrapped key is: its associated data, so that a key that is moved to another's place does not open there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPlace<'a> {
    /// The kind of key, as a fixed word: `subject`, `vault.scope`.
    pub kind: &'static str,
    /// Which one of that kind.
    pub id: &'a [u8],
}

/// The key of a tenant for as long as nobody rotates it. It wraps keys and nothing else; at most 2^32 of them.
pub(crate) struct Epoch {
    place: EpochPlace,
    seal: SealKey,
}

impl Epoch {
    pub(crate) fn new(place: EpochPlace, key: &Secret) -> Result<Self, CryptoFailed> {
        let seal = SealKey::new(&key.derive(b"asepsis.keys.1", &[b"wrap keys"])?)?;
        Ok(Self { place, seal })
    }

    pub(crate) fn number(&self) -> u32 {
        self.place.epoch
    }

    pub(crate) fn wrap(&self, place: KeyPlace<'_>, content: &[u8]) -> Result<Vec<u8>, CryptoFailed> {
        self.seal.seal(&self.full(place), content)
    }

    pub(crate) fn unwrap(&self, place: KeyPlace<'_>, wrapped: &[u8]) -> Option<zeroize::Zeroizing<Vec<u8>>> {
        self.seal.open(&self.full(place), wrapped)
    }

    fn full(&self, place: KeyPlace<'_>) -> Vec<u8> {
        let number = self.place.epoch.to_be_bytes();
        joined(&[
            b"asepsis.key.1",
            self.place.tenant.name().as_bytes(),
            &number,
            &self.place.id,
            place.kind.as_bytes(),
            place.id,
        ])
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Epoch({}, ..)", self.place.epoch)
    }
}
