//! The keys of scopes under another key: once, from the root key itself to an epoch, and after each rotation.

use asepsis_db::{Database, Place};
use asepsis_keys::{KeyError, Keys, RootKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;

use crate::rows::{self, Change};
use crate::seal::{OldKeys, Wrapped};
use crate::{Vault, VaultError};

/// The name under which the vault tells the keys which epochs it needs.
pub(crate) const HOLDER: &str = "the vault";

/// Keys of scopes in one transaction.
const PAGE: usize = 1000;

impl Vault {
    /// Opens a vault of any layout. Where its scopes are sealed under the root key itself, as before there were epochs,
    /// their keys are wrapped anew; surrogates are neither read nor written. Can be interrupted and called again.
    ///
    /// Copies of the vault from before stay readable with the root key's file alone, for as long as that exists.
    ///
    /// # Errors
    /// [`VaultError::WrongKey`] if the root key is not the one of the vault, or the keys belong to another vault;
    /// otherwise as [`open`](Self::open).
    pub async fn open_old(place: impl Into<Place>, keys: &Keys, root: &RootKey) -> Result<Self, VaultError> {
        let place = place.into();
        match Self::open(&place, keys).await {
            Err(VaultError::Old) => {}
            opened => return opened,
        }
        let db = Database::open(place, &rows::SCHEMA).await?;
        let old = OldKeys::new(root)?;
        let stored = rows::belonging(&db).await?.root.unwrap_or_default();
        verify_slices_are_equal(&stored, &old.check_value()).map_err(|_| VaultError::WrongKey)?;
        old.hand_over_names(keys).await.map_err(|e| match e {
            KeyError::Different(_) => VaultError::WrongKey,
            other => other.into(),
        })?;
        let vault = Self::start(db, keys).await?;
        let lowest = keys.current_epoch();
        keys.hold(HOLDER, lowest).await?;
        vault.move_keys(Some(&old)).await?;
        // Last, so that an interruption leaves a vault of the older layout.
        let check = vault.shared.keys.check_value();
        vault.shared.writer.store(Change::Belongs { check, lowest }).await?;
        rows::empty_log(&vault.shared.db).await?;
        Ok(vault)
    }

    /// Wraps the keys of all scopes anew under the current epoch; how many there were. Surrogates are neither read nor
    /// written. Can be interrupted and called again, and others may use the vault meanwhile.
    ///
    /// Where no other process has the keys open, the keys are told that the vault needs no older epoch any more;
    /// otherwise [`KeyError::InUse`] is returned after the work, because another process may still take an older one
    /// for the current.
    ///
    /// # Errors
    /// [`VaultError::Tampered`] names the first scope whose key does not open; [`VaultError::Keys`];
    /// [`VaultError::Stopped`].
    pub async fn rewrap(&self) -> Result<u64, VaultError> {
        let mut moved = self.move_keys(None).await?;
        let keys = self.shared.keys.keys();
        let alone = keys.alone().await?;
        // Nobody adds any now. Most often nothing is left.
        keys.refresh().await?;
        moved += self.move_keys(None).await?;
        let (check, lowest) = (self.shared.keys.check_value(), keys.current_epoch());
        self.shared.writer.store(Change::Belongs { check, lowest }).await?;
        alone.raise(HOLDER, lowest).await?;
        rows::empty_log(&self.shared.db).await?;
        Ok(moved)
    }

    async fn move_keys(&self, old: Option<&OldKeys>) -> Result<u64, VaultError> {
        let keys = &self.shared.keys;
        let (mut after, mut moved) = (None, 0);
        loop {
            let but = keys.keys().current_epoch();
            let page = rows::scopes_not_under(&self.shared.db, after, but, PAGE).await?;
            let Some((last, ..)) = page.last() else { return Ok(moved) };
            after = Some(*last);
            let mut rows = Vec::with_capacity(page.len());
            for (scope, from, wrapped) in page {
                let to = match (from, old) {
                    (Some(epoch), _) => keys.rewrap(&scope, &Wrapped { epoch, key: wrapped }).await?,
                    (None, Some(old)) => keys.wrap(&scope, &old.unwrap(&scope, &wrapped)?)?,
                    (None, None) => return Err(VaultError::Old),
                };
                rows.push((scope, from, to));
            }
            moved += rows.len() as u64;
            self.shared.writer.store(Change::Rewrap(rows)).await?;
        }
    }
}
