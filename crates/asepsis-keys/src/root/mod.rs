//! The root: what seals the keys of a tenant's epochs, and where it is.
//!
//! A root makes a key *for each epoch* and can destroy it. That is what erasure rests on: a backup of `keys.db` holds
//! the epoch's key as it is sealed, so as long as the root can open that, deleting it in the live database erases
//! nothing. Once the root has destroyed the key of the epoch, no copy of the database opens any more.

#[cfg(feature = "age")]
mod age;
#[cfg(feature = "aws-kms")]
mod aws_kms;
#[cfg(feature = "remote")]
mod http;
mod local;
#[cfg(feature = "pkcs11")]
mod pkcs11;
#[cfg(feature = "aws-kms")]
mod sigv4;
#[cfg(feature = "transit")]
mod transit;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use asepsis_db::DbError;

use crate::secret::joined;
use crate::{CryptoFailed, Secret, Tenant};

#[cfg(feature = "age")]
pub use age::{AgeIdentity, seal_to};
#[cfg(feature = "aws-kms")]
pub use aws_kms::{AwsCredentials, AwsKms, AwsKmsOptions};
pub use local::{LocalRoot, RootKey};
#[cfg(feature = "pkcs11")]
pub use pkcs11::{Pkcs11, Pkcs11Options};
#[cfg(feature = "transit")]
pub use transit::{Transit, TransitOptions, TransitToken};

/// What a root answers, later.
pub type RootFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, RootError>> + Send + 'a>>;

/// Where the keys are that seal the keys of epochs.
///
/// A key is used by its id and never tried. What is sealed opens with the same id and the same [`EpochPlace`] only.
pub trait Root: fmt::Debug + Send + Sync {
    /// Whether a key of this id is this root's, be it there or destroyed.
    fn holds(&self, key: &RootKeyId) -> bool;

    /// Makes a new key for an epoch. It is durable when its id is returned.
    fn create<'a>(&'a self, place: &'a EpochPlace) -> RootFuture<'a, RootKeyId>;

    /// Seals the key of an epoch.
    fn wrap<'a>(&'a self, key: &'a RootKeyId, place: &'a EpochPlace, secret: &'a Secret) -> RootFuture<'a, Vec<u8>>;

    /// Opens what [`wrap`](Self::wrap) sealed.
    fn unwrap<'a>(&'a self, key: &'a RootKeyId, place: &'a EpochPlace, wrapped: &'a [u8]) -> RootFuture<'a, Secret>;

    /// Destroys a key. One that is destroyed already is no error, so that this can be done again after an interruption.
    fn destroy<'a>(&'a self, key: &'a RootKeyId) -> RootFuture<'a, Destruction>;
}

/// When a destroyed key is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destruction {
    /// Now.
    Done,
    /// It can not be used any more, but whoever rules the root can call it back until so many days have passed.
    Pending {
        /// Days from now.
        days: u32,
    },
}

/// The name of a key at its root: the kind of root, a colon, and what that root calls it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RootKeyId(String);

impl RootKeyId {
    pub(crate) fn new(scheme: &str, name: &str) -> Self {
        Self(format!("{scheme}:{name}"))
    }

    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }

    /// The name as the root of this kind has it.
    pub(crate) fn name(&self, scheme: &str) -> Option<&str> {
        self.0.strip_prefix(scheme)?.strip_prefix(':')
    }
}

impl fmt::Display for RootKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which epoch's key is sealed: its associated data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochPlace {
    /// The tenant.
    pub tenant: Tenant,
    /// The number of the epoch, from 1.
    pub epoch: u32,
    /// Sixteen random bytes that tell the epoch from one of the same number in another installation.
    pub id: [u8; 16],
}

impl EpochPlace {
    /// The place as bytes: no two places have the same.
    pub fn to_bytes(&self) -> Vec<u8> {
        joined(&[b"asepsis.epoch.1", self.tenant.name().as_bytes(), &self.epoch.to_be_bytes(), &self.id])
    }

    /// A name for the epoch's key at a root that keeps keys by name.
    #[cfg(any(feature = "pkcs11", feature = "remote"))]
    pub(crate) fn name(&self) -> String {
        format!("{}-{}-{}", self.tenant.name(), self.epoch, crate::secret::hex(&self.id[..8]))
    }
}

/// Why a root does not answer as it should. Never holds a key, a password or a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RootError {
    /// A key file.
    #[error(transparent)]
    File(#[from] DbError),
    /// The key file holds no key.
    #[error("{path} holds no root key; restore it from its copy, without it everything sealed stays closed")]
    BadKeyFile {
        /// The file.
        path: String,
    },
    /// The root key is another than the one with which the epochs were sealed.
    #[error("this root key is not the one that the keys were sealed under; use that key, or restore it from its copy")]
    WrongKey,
    /// The key is not at its root: destroyed, or lost.
    #[error(
        "the key {0} is not there. Where its epoch was destroyed, what was sealed under it is erased; else restore the key \
         from its copy"
    )]
    Gone(RootKeyId),
    /// The sealed key of an epoch does not open.
    #[error("the sealed key of epoch {0} was changed or damaged; restore keys.db from a backup")]
    Tampered(u32),
    /// A file sealed with age does not open.
    #[error("{path} does not open: {why}")]
    Sealed {
        /// The file.
        path: String,
        /// Why, and what to do.
        why: &'static str,
    },
    /// The root cannot be reached.
    #[error("{root} cannot be reached: {why}; nothing new is sealed until it answers")]
    Unreachable {
        /// Which root, without credentials.
        root: String,
        /// What stood in the way.
        why: String,
    },
    /// The root refused.
    #[error("{root} refused to {doing}: {why}")]
    Refused {
        /// Which root.
        root: String,
        /// What was asked.
        doing: &'static str,
        /// What it said, and what to do.
        why: String,
    },
    /// How the root is to be reached makes no sense.
    #[error("{0}")]
    BadSettings(String),
    /// The cryptographic module.
    #[error(transparent)]
    Crypto(#[from] CryptoFailed),
}
