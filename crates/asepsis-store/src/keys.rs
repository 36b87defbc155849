use std::collections::HashMap;

use aws_lc_rs::constant_time::verify_slices_are_equal;

use crate::{ApiKey, StoreError};

/// How old the stored time of last use may be, in seconds.
const USE_RESOLUTION: i64 = 60;

/// Who a key speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The user's id.
    pub user: String,
    /// The role.
    pub role: String,
    /// The public part of the key.
    pub key_id: String,
}

/// Why a key is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthFailure {
    /// It is no key, or has a typing error.
    #[error("this is no Asepsis API key, or it has a typing error; copy it again")]
    Malformed,
    /// Nobody made this key.
    #[error("this API key is not known here; ask the administrator for one")]
    Unknown,
    /// Its time is over.
    #[error("this API key has expired; ask the administrator for a new one")]
    Expired,
    /// It was withdrawn.
    #[error("this API key was revoked; ask the administrator for a new one")]
    Revoked,
    /// Another took its place, and the time in which both counted is over.
    #[error("this API key was replaced by another; use that, or ask the administrator for a new one")]
    Replaced,
}

/// What is known of a key, without its secret. Times are seconds since 1970 UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The public part of the key.
    pub id: String,
    /// The user's id.
    pub user: String,
    /// The role.
    pub role: String,
    /// When it was made.
    pub created: i64,
    /// From when on it is not accepted.
    pub expires: Option<i64>,
    /// When it was revoked.
    pub revoked: Option<i64>,
    /// When it was last accepted, to the minute.
    pub last_used: Option<i64>,
    /// The public part of the key that took its place; it counts until it expires.
    pub replaced_by: Option<String>,
}

/// A key as it is kept.
pub(crate) struct Kept {
    pub(crate) record: KeyRecord,
    pub(crate) hash: [u8; 32],
}

/// All keys, in memory.
#[derive(Default)]
pub(crate) struct Keys {
    by_id: HashMap<String, Kept>,
    used: HashMap<String, i64>,
}

impl Keys {
    /// Takes what the database holds.
    pub(crate) fn replace(&mut self, kept: Vec<Kept>) {
        self.by_id = kept.into_iter().map(|kept| (kept.record.id.clone(), kept)).collect();
    }

    pub(crate) fn authenticate(&mut self, key: &ApiKey, now: i64) -> Result<Principal, AuthFailure> {
        let kept = self.by_id.get(key.id()).ok_or(AuthFailure::Unknown)?;
        verify_slices_are_equal(&kept.hash, &key.secret_hash()).map_err(|_| AuthFailure::Unknown)?;
        let record = &kept.record;
        if record.revoked.is_some() {
            return Err(AuthFailure::Revoked);
        }
        if record.expires.is_some_and(|expires| now >= expires) {
            let replaced = record.replaced_by.is_some();
            return Err(if replaced { AuthFailure::Replaced } else { AuthFailure::Expired });
        }
        let last = self.used.get(&record.id).copied().max(record.last_used);
        if last.is_none_or(|last| now - last >= USE_RESOLUTION) {
            self.used.insert(record.id.clone(), now);
        }
        Ok(Principal { user: record.user.clone(), role: record.role.clone(), key_id: record.id.clone() })
    }

    /// Uses that are not stored yet.
    pub(crate) fn take_used(&mut self) -> Vec<(String, i64)> {
        let used: Vec<_> = self.used.drain().collect();
        for (id, time) in &used {
            if let Some(kept) = self.by_id.get_mut(id) {
                kept.record.last_used = Some(*time).max(kept.record.last_used);
            }
        }
        used
    }
}

/// A user or role: 1 to 64 characters out of `[A-Za-z0-9._@-]`, so that it can stand in a log, a policy and a header.
pub(crate) fn validate(what: &'static str, name: &str) -> Result<(), StoreError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._@-".contains(&b);
    if (1..=64).contains(&name.len()) && name.bytes().all(allowed) {
        Ok(())
    } else {
        Err(StoreError::InvalidName { what })
    }
}
