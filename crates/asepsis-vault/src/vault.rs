use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use asepsis_db::{Database, GroupCommit, NotStored, Place};
use asepsis_keys::{CryptoFailed, Keys, Secret};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::cache::{Cache, Known, Texts};
use crate::key;
use crate::rows::{self, Change, Changes, NewRow};
use crate::seal::{VaultKeys, Wrapped};
use crate::{Render, ScopeId, Space, Surrogate, VaultError, Wanted};

/// Changes in one transaction, and in the queue before it.
const MOST: usize = 256;

/// How often a text is asked for that is not taken.
const TRIES: usize = 16;

/// How often a scope is read again because somebody else changed it.
const RETRIES: usize = 8;

/// The vault of one database. A cheap handle.
#[derive(Clone)]
pub struct Vault {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) db: Database,
    pub(crate) keys: VaultKeys,
    pub(crate) writer: GroupCommit<Changes>,
    cache: Cache,
}

/// Surrogates of identifiers in a scope.
pub struct Issuance {
    /// Those that were asked for, in that order.
    pub asked: Vec<Surrogate>,
    /// All of the scope, these among them.
    pub all: Arc<Vec<Surrogate>>,
    /// Whether they are durable. Until they are, nothing may be turned back in an answer: after a crash nobody would know what
    /// they stood for.
    pub stored: Stored,
}

impl Issuance {
    fn of(places: &[usize], known: Option<&Known>, stored: Stored) -> Self {
        let all = known.map(|known| known.surrogates.clone()).unwrap_or_default();
        Self { asked: places.iter().filter_map(|at| all.get(*at).cloned()).collect(), all, stored }
    }
}

/// Surrogates on their way to the disk. They get there also if this is dropped.
#[derive(Default)]
pub struct Stored(Option<oneshot::Receiver<Result<(), VaultError>>>);

impl Stored {
    /// Returns when they are durable.
    ///
    /// # Errors
    /// [`VaultError::Stopped`], and they are not.
    pub async fn durable(self) -> Result<(), VaultError> {
        match self.0 {
            None => Ok(()),
            Some(stored) => stored.await.unwrap_or(Err(VaultError::Closed)),
        }
    }
}

/// What is to be added to a scope.
struct Addition {
    /// The sealed key, where the scope is new.
    key: Option<Wrapped>,
    new: Vec<New>,
}

impl Addition {
    /// Adds it to what is known, and gives the change to store.
    fn take_into(self, known: &mut Known, scope: &ScopeId) -> Change {
        let first = known.surrogates.len();
        let mut rows = Vec::with_capacity(self.new.len());
        for New { surrogate, texts, row } in self.new {
            known.take(texts);
            known.by_value.insert(row.blind, known.surrogates.len());
            Arc::make_mut(&mut known.surrogates).push(surrogate);
            rows.push(row);
        }
        Change::Add { scope: *scope, key: self.key, first, rows }
    }
}

/// Surrogates to add.
struct New {
    surrogate: Surrogate,
    texts: Texts,
    row: NewRow,
}

impl Vault {
    /// Opens the vault there, or makes a new one, with its scopes' keys under these keys.
    ///
    /// # Errors
    /// [`VaultError::WrongKey`] if it was made with others; [`VaultError::Old`] if it is sealed under a root key itself, and
    /// [`open_old`](Self::open_old) is to be called; [`VaultError::Keys`]; [`VaultError::Db`].
    pub async fn open(place: impl Into<Place>, keys: &Keys) -> Result<Self, VaultError> {
        let db = Database::open(place, &rows::SCHEMA).await?;
        let belonging = rows::belonging(&db).await?;
        if belonging.root.is_some() || (belonging.keys.is_none() && belonging.scopes) {
            return Err(VaultError::Old);
        }
        let vault = Self::start(db, keys).await?;
        vault.belong(&belonging).await?;
        Ok(vault)
    }

    /// The vault over an open database, of which nothing is known yet.
    pub(crate) async fn start(db: Database, keys: &Keys) -> Result<Self, VaultError> {
        let keys = VaultKeys::new(keys).await?;
        let (writer, _) = GroupCommit::start(db.connection().await?, Changes, MOST).map_err(VaultError::Stopped)?;
        Ok(Self { shared: Arc::new(Shared { db, keys, writer, cache: Cache::default() }) })
    }

    /// Checks that vault and keys belong together, and tells the keys which epochs are needed here.
    async fn belong(&self, stored: &rows::Belonging) -> Result<(), VaultError> {
        let keys = self.shared.keys.keys();
        let check = self.shared.keys.check_value();
        let Some(known) = &stored.keys else {
            let lowest = keys.current_epoch();
            keys.hold(crate::migrate::HOLDER, lowest).await?;
            return Ok(self.shared.writer.store(Change::Belongs { check, lowest }).await?);
        };
        verify_slices_are_equal(known, &check).map_err(|_| VaultError::WrongKey)?;
        let lowest = stored.lowest.as_deref().and_then(|bytes| bytes.try_into().ok()).map_or(1, u32::from_be_bytes);
        // Where the vault was restored from an older copy than the keys, it needs older epochs than these know of.
        if keys.held(crate::migrate::HOLDER).await?.is_none_or(|held| held > lowest) {
            keys.hold(crate::migrate::HOLDER, lowest).await?;
        }
        Ok(())
    }

    /// The scope of an owner's conversation in a space. The same three give the same scope.
    pub fn scope(&self, space: Space, owner: &str, conversation: &[u8]) -> ScopeId {
        self.shared.keys.scope(space, owner, conversation)
    }

    /// A scope that nobody can come back to except by its id.
    ///
    /// # Errors
    /// [`VaultError::Crypto`] if the system gives no random numbers.
    pub fn random_scope(&self, space: Space) -> Result<ScopeId, VaultError> {
        let random = Secret::random()?;
        let mut id = [0; 16];
        id.copy_from_slice(&random.as_bytes()[..16]);
        Ok(ScopeId::new(space, id))
    }

    /// The surrogates of identifiers in a scope, in the order asked for. New ones are durable when this returns.
    ///
    /// The same class and exact value have the same surrogate throughout the scope. A new one is random, and neither a text
    /// that is a surrogate in this scope already, nor one that stands for somebody in it.
    ///
    /// # Errors
    /// [`VaultError::NoSurrogate`] if `render` gives nothing usable; [`VaultError::Stopped`]; [`VaultError::Tampered`].
    pub async fn resolve(
        &self,
        scope: &ScopeId,
        wanted: &[Wanted<'_>],
        render: &Render<'_>,
    ) -> Result<Vec<Surrogate>, VaultError> {
        let mut slot = self.shared.cache.slot(scope).lock_owned().await;
        Ok(self.resolve_in(&mut slot, scope, wanted, render).await?.asked)
    }

    /// The same, but new surrogates may still be on their way to the disk when this returns: see [`Issuance::stored`].
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve).
    pub async fn issue(
        &self,
        scope: &ScopeId,
        wanted: &[Wanted<'_>],
        render: &Render<'_>,
    ) -> Result<Issuance, VaultError> {
        let mut slot = self.shared.cache.slot(scope).lock_owned().await;
        if slot.is_none() && !wanted.is_empty() && self.is_new(scope) {
            *slot = Some(Known::default());
        }
        // Where it would have to be read first, or what is known here may not be all (a server has other writers), an
        // addition may be refused, which has to be known before the surrogates are used.
        if slot.is_none() || !self.shared.writer.is_alone() || !self.is_healthy() {
            return self.resolve_in(&mut slot, scope, wanted, render).await;
        }
        let mut known = slot.take().unwrap_or_default();
        let (places, addition) = match self.plan(&mut known, scope, wanted, render) {
            Ok(planned) => planned,
            Err(e) => {
                *slot = Some(known);
                return Err(e);
            }
        };
        let Some(addition) = addition else {
            let issuance = Issuance::of(&places, Some(&known), Stored(None));
            *slot = Some(known);
            return Ok(issuance);
        };
        let change = addition.take_into(&mut known, scope);
        let (done, stored) = oneshot::channel();
        let issuance = Issuance::of(&places, Some(&known), Stored(Some(stored)));
        let writer = self.shared.writer.clone();
        // Nobody else gets to the scope before this has ended. Where it fails, the slot stays empty.
        let storing = async move {
            let result = writer.store(change).await;
            if result.is_ok() {
                *slot = Some(known);
            }
            drop(slot);
            let _ = done.send(result.map_err(VaultError::from));
        };
        // What is asked goes to the AI system meanwhile. A disk that is slow would keep a thread that others have use for.
        match self.shared.writer.is_quick().then(asepsis_aside::next).flatten() {
            Some(thread) => thread.drive(storing),
            None => drop(tokio::spawn(storing)),
        }
        Ok(issuance)
    }

    /// Makes ready for the first surrogates of a scope, where it is new: for a moment in which there is time. Nothing is stored.
    pub fn expect(&self, scope: &ScopeId) {
        let slot = self.shared.cache.slot(scope);
        let Ok(mut slot) = slot.try_lock() else { return };
        if slot.is_none() && self.is_new(scope) {
            let ahead = self.shared.keys.new_scope(scope).ok().map(Box::new);
            *slot = Some(Known { ahead, ..Known::default() });
        }
    }

    /// Whether it is certain, without waiting, that there is no such scope.
    fn is_new(&self, scope: &ScopeId) -> bool {
        matches!(self.shared.writer.peek(|db| rows::is_stored(db, scope)), Some(Ok(false)))
    }

    async fn resolve_in(
        &self,
        slot: &mut Option<Known>,
        scope: &ScopeId,
        wanted: &[Wanted<'_>],
        render: &Render<'_>,
    ) -> Result<Issuance, VaultError> {
        for attempt in 0..RETRIES {
            // Taken out: if this future is dropped while the writer works, the slot stays empty and is read again.
            let mut known = match slot.take() {
                Some(known) => known,
                // Most scopes that are not in memory are new. Taking this one for new saves a read; where it is not, storing
                // its key conflicts, and the next attempt reads.
                None if attempt == 0 && !wanted.is_empty() => Known::default(),
                None => self.read(scope).await?,
            };
            let is_stored = known.keys.is_some();
            let (places, addition) = match self.plan(&mut known, scope, wanted, render) {
                Ok(planned) => planned,
                Err(e) => {
                    *slot = Some(known).filter(|_| is_stored);
                    return Err(e);
                }
            };
            if let Some(addition) = addition {
                match self.shared.writer.store(addition.take_into(&mut known, scope)).await {
                    Ok(()) => {}
                    Err(NotStored::Conflict) => continue,
                    Err(e) => return Err(e.into()),
                }
            }
            let issuance = Issuance::of(&places, Some(&known), Stored(None));
            *slot = Some(known);
            return Ok(issuance);
        }
        Err(VaultError::Contended)
    }

    /// Where each wanted identifier's surrogate stands, and what has to be added for that. A scope that is not stored gets its
    /// keys here.
    fn plan(
        &self,
        known: &mut Known,
        scope: &ScopeId,
        wanted: &[Wanted<'_>],
        render: &Render<'_>,
    ) -> Result<(Vec<usize>, Option<Addition>), VaultError> {
        let mut key = None;
        if known.keys.is_none() && !wanted.is_empty() {
            // What was made ahead may be old by now, and its epoch no longer held.
            let ahead = known.ahead.take().filter(|ahead| ahead.1.epoch == self.shared.keys.keys().current_epoch());
            let (keys, wrapped) = match ahead {
                Some(ahead) => *ahead,
                None => self.shared.keys.new_scope(scope)?,
            };
            (known.keys, key) = (Some(keys), Some(wrapped));
        }
        let (places, new) = plan(known, wanted, render).inspect_err(|_| {
            if key.is_some() {
                known.keys = None;
            }
        })?;
        Ok((places, (!new.is_empty()).then_some(Addition { key, new })))
    }

    /// All surrogates of a scope; none if there is no such scope.
    ///
    /// What another process adds to a scope that is in memory here may be missing: a scope belongs to one process at a time.
    ///
    /// # Errors
    /// [`VaultError::Tampered`]; [`VaultError::Db`].
    pub async fn surrogates(&self, scope: &ScopeId) -> Result<Arc<Vec<Surrogate>>, VaultError> {
        let slot = self.shared.cache.slot(scope);
        let mut slot = slot.lock().await;
        let known = match slot.take() {
            Some(known) => known,
            None => self.read(scope).await?,
        };
        let surrogates = known.surrogates.clone();
        *slot = Some(known);
        Ok(surrogates)
    }

    /// What codes stand for, in whatever scope of the space; those that are not known are left out.
    ///
    /// This goes past the scope and is for the deliberate turning back of a document, which is recorded as such.
    ///
    /// # Errors
    /// [`VaultError::Tampered`]; [`VaultError::Db`].
    pub async fn find_by_code(&self, space: Space, codes: &[[u8; 8]]) -> Result<Vec<Surrogate>, VaultError> {
        let mut found = Vec::new();
        for code in codes {
            found.extend(rows::of_code(&self.shared.db, &self.shared.keys, space, code).await?);
        }
        Ok(found)
    }

    /// Deletes a scope with its key. What its surrogates stood for cannot be found again, except from backups.
    ///
    /// # Errors
    /// [`VaultError::Stopped`]; [`VaultError::Db`] if the write-ahead log could not be emptied.
    pub async fn forget(&self, scope: &ScopeId) -> Result<(), VaultError> {
        let slot = self.shared.cache.slot(scope);
        let mut slot = slot.lock().await;
        *slot = None;
        self.shared.writer.store(Change::Forget(*scope)).await?;
        // The key's bytes must leave the write-ahead log too. Where a reader holds it, the next checkpoint does this.
        Ok(rows::empty_log(&self.shared.db).await?)
    }

    /// Makes room on the disk for what will be stored; see [`GroupCommit::make_room`](asepsis_db::GroupCommit::make_room).
    ///
    /// # Errors
    /// [`VaultError::Stopped`].
    pub async fn make_room(&self) -> Result<(), VaultError> {
        Ok(self.shared.writer.make_room().await?)
    }

    /// Whether new surrogates can be stored, as far as is known. Once false, false until the vault is opened again.
    pub fn is_healthy(&self) -> bool {
        self.shared.writer.is_healthy()
    }

    /// Transactions since the vault was opened, with one sync each.
    pub fn commits(&self) -> u64 {
        self.shared.writer.stats().commits
    }

    async fn read(&self, scope: &ScopeId) -> Result<Known, VaultError> {
        let Some(wrapped) = rows::wrapped(&self.shared.db, scope).await? else { return Ok(Known::default()) };
        let keys = self.shared.keys.open_scope(scope, &wrapped).await?;
        let mut surrogates = Vec::new();
        let stored = rows::of_scope(&self.shared.db, scope, &keys).await?;
        let mut known = Known::default();
        for stored in stored {
            known.take(Texts::of(&keys, &stored.surrogate));
            known.by_value.insert(stored.blind, surrogates.len());
            surrogates.push(stored.surrogate);
        }
        known.surrogates = Arc::new(surrogates);
        known.keys = Some(keys);
        Ok(known)
    }
}

/// Copies a vault, as it is in one moment, to where there is none; how many rows there were. Keys are not copied with it.
///
/// # Errors
/// [`VaultError::Db`], also where there is one already.
pub async fn copy(from: impl Into<Place>, to: impl Into<Place>) -> Result<u64, VaultError> {
    let to = to.into();
    let from = Database::open_read_only(from, &rows::SCHEMA).await?;
    Ok(from.copy_to(&Database::open(to, &rows::SCHEMA).await?).await?)
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("db", &self.shared.db).finish_non_exhaustive()
    }
}

impl From<aws_lc_rs::error::Unspecified> for VaultError {
    fn from(error: aws_lc_rs::error::Unspecified) -> Self {
        Self::Crypto(CryptoFailed::from(error))
    }
}

impl From<NotStored> for VaultError {
    fn from(error: NotStored) -> Self {
        match error {
            NotStored::Stopped(cause) => Self::Stopped(cause),
            NotStored::Conflict => Self::Contended,
            NotStored::Closed => Self::Closed,
        }
    }
}

/// Where each wanted identifier's surrogate stands, and the new ones that come after those that are known.
fn plan(known: &Known, wanted: &[Wanted<'_>], render: &Render<'_>) -> Result<(Vec<usize>, Vec<New>), VaultError> {
    let Some(keys) = &known.keys else { return Ok((Vec::new(), Vec::new())) };
    let mut places = Vec::with_capacity(wanted.len());
    let mut new: Vec<New> = Vec::new();
    let mut by_value: HashMap<[u8; 16], usize> = HashMap::new();
    let values: Vec<_> = wanted.iter().map(|w| keys.blind_text(w.value)).collect();
    let mut taken: HashSet<_> = values.iter().copied().collect();
    let mut shortened: HashSet<[u8; 16]> = HashSet::new();
    for (wanted, value) in wanted.iter().zip(values) {
        let blind = keys.blind(wanted);
        if let Some(at) = known.by_value.get(&blind).or_else(|| by_value.get(&blind)) {
            places.push(*at);
            continue;
        }
        let is_taken = |text: &[u8; 16]| known.taken.contains(text) || taken.contains(text);
        let is_part = |text: &[u8; 16]| known.parts.contains(text) || shortened.contains(text);
        let attempt = || -> Result<_, VaultError> {
            let (code, more) = key::random_code()?;
            let Some(rendered) = render(wanted, code, &more).filter(|text| !text.is_empty()) else { return Ok(None) };
            let surrogate = Surrogate { rendered, value: Zeroizing::new(wanted.value.to_owned()), class: wanted.class };
            let texts = Texts::with_value(keys, &surrogate, value);
            let seen = &texts.rendered;
            let free = !is_taken(seen) && !is_part(seen) && !texts.parts.iter().any(is_taken);
            Ok(free.then_some((surrogate, texts, code)))
        };
        let (surrogate, texts, code) = (0..TRIES)
            .find_map(|_| attempt().transpose())
            .unwrap_or(Err(VaultError::NoSurrogate { class: wanted.class }))?;
        let sealed = keys.seal(&surrogate, &blind, &code)?;
        let at = known.surrogates.len() + new.len();
        let seen = texts.rendered;
        taken.insert(seen);
        shortened.extend(&texts.parts);
        by_value.insert(blind, at);
        places.push(at);
        new.push(New { surrogate, texts, row: NewRow { blind, seen, code, sealed } });
    }
    Ok((places, new))
}

#[cfg(test)]
mod tests {
    use asepsis_keys::{LocalRoot, RootKey, Roots, Tenant};
    use asepsis_vocab::IdentifierClass;

    use super::*;

    #[tokio::test]
    async fn the_cache_is_bounded_and_what_left_it_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let root = LocalRoot::new(RootKey::generate().unwrap(), &dir.path().join("keys")).unwrap();
        let keys =
            Keys::open(&dir.path().join("keys.db"), Roots::new(Arc::new(root)), Tenant::default()).await.unwrap();
        let vault = Vault::open(&dir.path().join("vault.db"), &keys).await.unwrap();
        let render = |_: &Wanted<'_>, code: [u8; 8], _: &[u8; 32]| Some(format!("{:016x}", u64::from_be_bytes(code)));
        let wanted = [Wanted { class: IdentifierClass::Name, value: "Ada" }];
        let mut first = Vec::new();
        for n in 0..300_u32 {
            let scope = vault.scope(Space::Gateway, "o", &n.to_be_bytes());
            first.push(vault.resolve(&scope, &wanted, &render).await.unwrap().remove(0).rendered);
        }
        assert_eq!(vault.shared.cache.len(), 256);
        let scope = vault.scope(Space::Gateway, "o", &0_u32.to_be_bytes());
        assert_eq!(vault.resolve(&scope, &wanted, &render).await.unwrap()[0].rendered, first[0]);
    }
}
