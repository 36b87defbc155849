use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use asepsis_db::{Database, DbError, GroupCommit, NotStored, Place};
use asepsis_vocab::SubjectId;

use crate::cache::Cache;
use crate::epoch::Epoch;
use crate::presence::Presence;
use crate::roots::{newest, open_epoch};
use crate::rows::{self, By, Change, Changes};
use crate::secret::random_id;
use crate::{BlindKey, KeyError, KeyId, KeyPlace, Roots, Secret, SubjectKey, Tenant};

/// Changes in one transaction, and in the queue before it.
const MOST: usize = 256;

/// How often something is read again because somebody else stored it first.
pub(crate) const RETRIES: usize = 8;

/// The kinds of keys that are wrapped here.
pub(crate) const NAMED: &str = "named";
pub(crate) const SUBJECT: &str = "subject";
pub(crate) const LINK: &str = "link";

/// The keys of one tenant. A cheap handle.
#[derive(Clone)]
pub struct Keys {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) db: Database,
    pub(crate) roots: Roots,
    pub(crate) tenant: Tenant,
    pub(crate) writer: GroupCommit<Changes>,
    pub(crate) cache: Cache,
    epochs: RwLock<Epochs>,
    /// The index of persons. Set right after opening, because it is itself a key that is looked up here.
    pub(crate) persons: std::sync::OnceLock<BlindKey>,
    /// Held shared by whoever has the keys open, and alone by who destroys an epoch.
    pub(crate) presence: Presence,
}

struct Epochs {
    current: Arc<Epoch>,
    known: HashMap<u32, Arc<Epoch>>,
}

impl Keys {
    /// Whether there are keys already. Nothing is made.
    ///
    /// # Errors
    /// [`KeyError::Db`].
    pub async fn are_at(place: impl Into<Place>) -> Result<bool, KeyError> {
        match Database::open_read_only(place, &rows::SCHEMA).await {
            Ok(db) => Ok(!rows::epochs(&db).await?.is_empty()),
            Err(DbError::Older { found: 0, .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens the keys there, or makes a new database with a first epoch under the current root.
    ///
    /// # Errors
    /// [`KeyError::Root`] and [`KeyError::UnknownRoot`] if the newest epoch cannot be opened; [`KeyError::InUse`] while
    /// an epoch is being destroyed; [`KeyError::Different`] if the database is another tenant's; [`KeyError::Db`].
    pub async fn open(place: impl Into<Place>, roots: Roots, tenant: Tenant) -> Result<Self, KeyError> {
        let db = Database::open(place, &rows::SCHEMA).await?;
        let (presence, connection) = Presence::enter(&db).await?;
        if rows::tenant(&db, tenant.name().to_owned()).await? != tenant.name() {
            return Err(KeyError::Different("tenant"));
        }
        let (writer, _) = GroupCommit::start(connection, Changes, MOST).map_err(KeyError::Stopped)?;
        let current = Arc::new(newest(&db, &roots, &tenant, &writer).await?);
        let known = HashMap::from([(current.number(), current.clone())]);
        let cache = Cache::new(rows::version(&db).await?);
        let epochs = RwLock::new(Epochs { current, known });
        let persons = std::sync::OnceLock::new();
        let keys = Self { shared: Arc::new(Shared { db, roots, tenant, writer, cache, epochs, persons, presence }) };
        let index = keys.named("index of persons").await?;
        // Set once; nobody else has the handle yet.
        let _ = keys.shared.persons.set(BlindKey::new(&index));
        Ok(keys)
    }

    /// The key of a subject; a new one where it has none yet, durable when this returns.
    ///
    /// From memory this takes well under a microsecond. What another process shreds is noticed within two seconds.
    ///
    /// # Errors
    /// [`KeyError::Shredded`] if the subject's key was shredded: it gets none again. [`KeyError::Stopped`];
    /// [`KeyError::Tampered`]; [`KeyError::Db`].
    pub async fn subject_key(&self, subject: SubjectId) -> Result<Arc<SubjectKey>, KeyError> {
        let (cached, stale) = self.shared.cache.get(subject);
        match cached {
            Some(key) if !stale => return Ok(key),
            _ if stale => self.refresh().await?,
            _ => {}
        }
        for _ in 0..RETRIES {
            if let Some(row) = rows::subject(&self.shared.db, By::Subject(*subject.as_bytes())).await? {
                return self.opened(row).await;
            }
            let (id, key) = (KeyId::new(random_id()?), Secret::random()?);
            let place = subject_place(subject, id);
            let (epoch, wrapped) = self.wrap(KeyPlace { kind: SUBJECT, id: &place }, &key)?;
            let (subject_bytes, key_bytes) = (*subject.as_bytes(), *id.as_bytes());
            let change = Change::Subject { subject: subject_bytes, key: key_bytes, epoch, wrapped };
            match self.shared.writer.store(change).await {
                Ok(0) => return Err(self.shredded_subject(subject).await?),
                Ok(_) => {
                    let key = Arc::new(SubjectKey::new(id, subject, key));
                    self.shared.cache.put(&key);
                    return Ok(key);
                }
                Err(NotStored::Conflict) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(KeyError::Contended)
    }

    /// The key of this id, to open what was sealed under it.
    ///
    /// # Errors
    /// [`KeyError::Shredded`]; [`KeyError::NoKey`]; otherwise as [`subject_key`](Self::subject_key).
    pub async fn key(&self, id: KeyId) -> Result<Arc<SubjectKey>, KeyError> {
        let by = By::Key(*id.as_bytes());
        match rows::subject(&self.shared.db, by).await? {
            Some(row) => self.opened(row).await,
            None if rows::is_shredded(&self.shared.db, by).await? => Err(KeyError::Shredded { key: id }),
            None => Err(KeyError::NoKey(id)),
        }
    }

    /// The id of a subject's key, where it has one.
    ///
    /// # Errors
    /// [`KeyError::Db`]; [`KeyError::Tampered`].
    pub async fn key_id(&self, subject: SubjectId) -> Result<Option<KeyId>, KeyError> {
        let row = rows::subject(&self.shared.db, By::Subject(*subject.as_bytes())).await?;
        row.map(|row| Ok(KeyId::new(fixed(&row.key)?))).transpose()
    }

    /// A key of the tenant that has a name, for the use of another crate; made where it is not there yet.
    ///
    /// Such a key lives as long as the tenant. Nothing that must be erasable may be sealed under it.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn named(&self, name: &'static str) -> Result<Secret, KeyError> {
        self.named_or(name, Secret::random()?).await
    }

    /// Brings a named key in that was made elsewhere, once.
    ///
    /// # Errors
    /// [`KeyError::Different`] if there is another one of this name.
    pub async fn import(&self, name: &'static str, secret: &Secret) -> Result<(), KeyError> {
        let stored = self.named_or(name, secret.clone()).await?;
        // Both are ours, and who may call this has them; there is nothing to learn from the time.
        if stored.as_bytes() == secret.as_bytes() { Ok(()) } else { Err(KeyError::Different(name)) }
    }

    async fn named_or(&self, name: &'static str, new: Secret) -> Result<Secret, KeyError> {
        let place = KeyPlace { kind: NAMED, id: name.as_bytes() };
        for _ in 0..RETRIES {
            if let Some((epoch, wrapped)) = rows::named(&self.shared.db, name).await? {
                return self.unwrap(epoch, place, &wrapped).await;
            }
            let (epoch, wrapped) = self.wrap(place, &new)?;
            match self.shared.writer.store(Change::Named { name, epoch, wrapped }).await {
                Ok(_) => return Ok(new),
                Err(NotStored::Conflict) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(KeyError::Contended)
    }

    /// Wraps a key under the current epoch: the epoch's number and the wrapped key, 60 bytes. Waits for nothing.
    ///
    /// Whoever keeps what this returns elsewhere is a holder and says so with [`hold`](Self::hold), or the epoch may be
    /// destroyed under it.
    ///
    /// # Errors
    /// [`KeyError::Crypto`].
    pub fn wrap(&self, place: KeyPlace<'_>, secret: &Secret) -> Result<(u32, Vec<u8>), KeyError> {
        let epoch = self.current();
        Ok((epoch.number(), epoch.wrap(place, secret.as_bytes())?))
    }

    /// Opens what [`wrap`](Self::wrap) wrapped.
    ///
    /// # Errors
    /// [`KeyError::Tampered`]; [`KeyError::EpochDestroyed`]; [`KeyError::NoEpoch`]; [`KeyError::Root`] where the epoch
    /// is not in memory yet and its root does not answer.
    pub async fn unwrap(&self, epoch: u32, place: KeyPlace<'_>, wrapped: &[u8]) -> Result<Secret, KeyError> {
        let opened = self.epoch(epoch).await?.unwrap(place, wrapped);
        opened.and_then(|bytes| Secret::from_slice(&bytes)).ok_or_else(|| tampered(place.kind))
    }

    /// The number of the epoch that new keys are wrapped under.
    pub fn current_epoch(&self) -> u32 {
        self.current().number()
    }

    /// Whether new keys can be stored, as far as is known. Once false, false until the keys are opened again.
    pub fn is_healthy(&self) -> bool {
        self.shared.writer.is_healthy()
    }

    /// Transactions since the keys were opened, with one sync each.
    pub fn commits(&self) -> u64 {
        self.shared.writer.stats().commits
    }

    /// Looks for what other processes shredded or rotated.
    ///
    /// # Errors
    /// [`KeyError::Db`]; [`KeyError::Root`] where there is a new epoch that cannot be opened.
    pub async fn refresh(&self) -> Result<(), KeyError> {
        let version = rows::version(&self.shared.db).await?;
        if version.1 > self.current_epoch() {
            self.epoch(version.1).await?;
        }
        self.shared.cache.looked(version);
        Ok(())
    }

    pub(crate) fn current(&self) -> Arc<Epoch> {
        self.shared.epochs.read().unwrap_or_else(PoisonError::into_inner).current.clone()
    }

    /// An epoch by its number. One newer than the current takes its place: another process has rotated.
    pub(crate) async fn epoch(&self, number: u32) -> Result<Arc<Epoch>, KeyError> {
        if let Some(epoch) = self.shared.epochs.read().unwrap_or_else(PoisonError::into_inner).known.get(&number) {
            return Ok(epoch.clone());
        }
        let rows = rows::epochs(&self.shared.db).await?;
        let row = rows.into_iter().find(|row| row.number == number).ok_or(KeyError::NoEpoch(number))?;
        let epoch = Arc::new(open_epoch(row, &self.shared.roots, &self.shared.tenant).await?);
        self.know(&epoch);
        Ok(epoch)
    }

    pub(crate) fn know(&self, epoch: &Arc<Epoch>) {
        let mut epochs = self.shared.epochs.write().unwrap_or_else(PoisonError::into_inner);
        epochs.known.insert(epoch.number(), epoch.clone());
        if epoch.number() > epochs.current.number() {
            epochs.current = epoch.clone();
        }
    }

    pub(crate) fn unknow(&self, number: u32) {
        self.shared.epochs.write().unwrap_or_else(PoisonError::into_inner).known.remove(&number);
    }

    async fn opened(&self, row: rows::SubjectRow) -> Result<Arc<SubjectKey>, KeyError> {
        let (subject, id) = (SubjectId::from_random(fixed(&row.subject)?), KeyId::new(fixed(&row.key)?));
        let place = subject_place(subject, id);
        let key = self.unwrap(row.epoch, KeyPlace { kind: SUBJECT, id: &place }, &row.wrapped).await?;
        let key = Arc::new(SubjectKey::new(id, subject, key));
        self.shared.cache.put(&key);
        Ok(key)
    }

    pub(crate) async fn shredded_subject(&self, subject: SubjectId) -> Result<KeyError, KeyError> {
        let rows = rows::shredded(&self.shared.db).await?;
        let key = rows.into_iter().find(|(of, ..)| of == subject.as_bytes()).and_then(|(_, key, ..)| key);
        Ok(KeyError::Shredded { key: KeyId::new(key.map_or(Ok(*subject.as_bytes()), |key| fixed(&key))?) })
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("db", &self.shared.db).field("tenant", &self.shared.tenant).finish_non_exhaustive()
    }
}

/// What a subject's key is bound to.
pub(crate) fn subject_place(subject: SubjectId, key: KeyId) -> Vec<u8> {
    [&subject.as_bytes()[..], key.as_bytes()].concat()
}

pub(crate) fn tampered(kind: &str) -> KeyError {
    KeyError::Tampered { place: format!("a wrapped key of kind `{kind}`") }
}

pub(crate) fn fixed(bytes: &[u8]) -> Result<[u8; 16], KeyError> {
    bytes.try_into().map_err(|_| KeyError::Tampered { place: "a row of keys.db".to_owned() })
}

/// Seconds since 1970, as they are written beside epochs and in the list of what was shredded.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
