use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use asepsis_db::{Database, DbError, Place, Session};
use tokio::sync::watch;

use crate::keys::{self, Kept, Keys};
use crate::unlisted::Waiting;
use crate::{ApiKey, AuthFailure, KeyRecord, Principal, StoreError, Unlisted, record_rows, rows};

/// How often the database is looked at for what other processes changed, and what waits is written.
const EVERY: Duration = Duration::from_secs(1);

/// The registers of one database. A cheap handle.
#[derive(Clone)]
pub struct Store {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) db: Database,
    pub(crate) writer: Session,
    /// Since when the database cannot be read.
    unread: Mutex<Option<Instant>>,
    /// The number of the last change of a record.
    pub(crate) last: watch::Sender<i64>,
    keys: Mutex<Keys>,
    waiting: Mutex<Waiting>,
    read_at: Mutex<Instant>,
    /// Held from reading the keys to keeping them, so that an older state never follows a newer one.
    reading: tokio::sync::Mutex<()>,
}

impl Store {
    /// Opens the registers there, or makes new ones.
    ///
    /// # Errors
    /// [`StoreError::Db`].
    pub async fn open(place: impl Into<Place>) -> Result<Self, StoreError> {
        let db = Database::open(place, &rows::SCHEMA).await?;
        let shared = Arc::new(Shared {
            writer: db.session().await?,
            last: watch::Sender::new(record_rows::last(&db).await?),
            db,
            unread: Mutex::default(),
            keys: Mutex::default(),
            waiting: Mutex::default(),
            read_at: Mutex::new(Instant::now()),
            reading: tokio::sync::Mutex::default(),
        });
        // The version is taken before the rows are read: what changes in between is read twice, never missed.
        let watcher = shared.db.session().await?;
        let version = data_version(&watcher).await.unwrap_or_default();
        shared.read_keys().await?;
        tokio::spawn(look(Arc::downgrade(&shared), watcher, version));
        Ok(Self { shared })
    }

    /// Makes a key for a user in a role. The key itself is returned this once and is stored nowhere.
    ///
    /// `expires` and `now` are seconds since 1970 UTC.
    ///
    /// # Errors
    /// [`StoreError::InvalidName`]; [`StoreError::Db`].
    pub async fn add_key(
        &self,
        user: &str,
        role: &str,
        expires: Option<i64>,
        now: i64,
    ) -> Result<(ApiKey, KeyRecord), StoreError> {
        let (key, kept) = new_key(user, role, expires, now)?;
        let record = kept.record.clone();
        self.shared.writer.run(move |db| rows::add_key(db, &kept)).await?;
        self.shared.read_keys().await?;
        Ok((key, record))
    }

    /// Makes a key in the place of another, for the same user in the same role. Until `until` both count, so that a program
    /// can be given the new one without a gap; the old one never counts longer than it would have.
    ///
    /// `expires` is the end of the new key; all times are seconds since 1970 UTC.
    ///
    /// # Errors
    /// [`StoreError::UnknownKey`]; [`StoreError::KeyEnded`] where the old one does not count any more, or gave way to another
    /// already; [`StoreError::Db`].
    pub async fn rotate_key(
        &self,
        id: &str,
        expires: Option<i64>,
        until: i64,
        now: i64,
    ) -> Result<(ApiKey, KeyRecord), StoreError> {
        let keys = rows::keys(&self.shared.db).await?;
        let old = keys.into_iter().find(|kept| kept.record.id == id).ok_or(StoreError::UnknownKey)?.record;
        let (key, kept) = new_key(&old.user, &old.role, expires, now)?;
        let record = kept.record.clone();
        if !self.shared.writer.run(move |db| rows::replace_key(db, &old.id, &kept, until, now)).await? {
            return Err(StoreError::KeyEnded);
        }
        self.shared.read_keys().await?;
        Ok((key, record))
    }

    /// Who shows this key. Answered from memory; a key that is not known there is looked for in the database at most once a
    /// second, so that a flood of wrong keys costs no disk.
    ///
    /// `now` is in seconds since 1970 UTC.
    ///
    /// # Errors
    /// [`AuthFailure`].
    pub async fn authenticate(&self, presented: &str, now: i64) -> Result<Principal, AuthFailure> {
        let key: ApiKey = presented.parse().map_err(|_| AuthFailure::Malformed)?;
        let answer = lock(&self.shared.keys).authenticate(&key, now);
        if answer != Err(AuthFailure::Unknown) || !self.shared.may_read_again() {
            return answer;
        }
        // Unreadable registers make the answer poorer, never richer.
        let _ = self.shared.read_keys().await;
        lock(&self.shared.keys).authenticate(&key, now)
    }

    /// All keys, the oldest first, without their secrets.
    ///
    /// # Errors
    /// [`StoreError::Db`].
    pub async fn list_keys(&self) -> Result<Vec<KeyRecord>, StoreError> {
        self.shared.write_waiting().await?;
        Ok(rows::keys(&self.shared.db).await?.into_iter().map(|kept| kept.record).collect())
    }

    /// Withdraws a key. Revoking again changes nothing. `now` is in seconds since 1970 UTC.
    ///
    /// # Errors
    /// [`StoreError::UnknownKey`]; [`StoreError::Db`].
    pub async fn revoke_key(&self, id: &str, now: i64) -> Result<(), StoreError> {
        let of_key = id.to_owned();
        if !self.shared.writer.run(move |db| rows::revoke_key(db, &of_key, now)).await? {
            return Err(StoreError::UnknownKey);
        }
        self.shared.read_keys().await
    }

    /// Counts a request to a destination that is on no list. Stored within about a second, in one row a destination; of
    /// more than 10,000, those not seen for longest are dropped.
    ///
    /// The caller has made sure that the text is a host, or host and port, and nothing of a patient. `now` is in seconds
    /// since 1970 UTC.
    ///
    /// # Errors
    /// [`StoreError::InvalidDestination`].
    pub fn note_unlisted(&self, destination: &str, now: i64) -> Result<(), StoreError> {
        lock(&self.shared.waiting).note(destination, now)
    }

    /// Destinations that were refused, those seen last first.
    ///
    /// # Errors
    /// [`StoreError::Db`].
    pub async fn list_unlisted(&self) -> Result<Vec<Unlisted>, StoreError> {
        self.shared.write_waiting().await?;
        Ok(rows::unlisted(&self.shared.db).await?)
    }

    /// For how long the database could not be looked at for what other processes changed; `None` where the last look succeeded.
    pub fn unread_for(&self) -> Option<Duration> {
        lock(&self.shared.unread).map(|since| since.elapsed())
    }

    /// Writes what waits.
    ///
    /// # Errors
    /// [`StoreError::Db`].
    pub async fn close(self) -> Result<(), StoreError> {
        self.shared.write_waiting().await
    }
}

fn new_key(user: &str, role: &str, expires: Option<i64>, now: i64) -> Result<(ApiKey, Kept), StoreError> {
    keys::validate("a user", user)?;
    keys::validate("a role", role)?;
    let key = ApiKey::generate()?;
    let record = KeyRecord {
        id: key.id().to_owned(),
        user: user.to_owned(),
        role: role.to_owned(),
        created: now,
        expires,
        revoked: None,
        last_used: None,
        replaced_by: None,
    };
    let hash = key.secret_hash();
    Ok((key, Kept { record, hash }))
}

/// Copies registers, as they are in one moment, to where there are none; how many rows there were.
///
/// # Errors
/// [`StoreError::Db`], also where there are some already.
pub async fn copy(from: impl Into<Place>, to: impl Into<Place>) -> Result<u64, StoreError> {
    let to = to.into();
    let from = Database::open_read_only(from, &rows::SCHEMA).await?;
    Ok(from.copy_to(&Database::open(to, &rows::SCHEMA).await?).await?)
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("db", &self.shared.db).finish_non_exhaustive()
    }
}

impl Shared {
    async fn read_keys(&self) -> Result<(), StoreError> {
        let _reading = self.reading.lock().await;
        let kept = rows::keys(&self.db).await?;
        lock(&self.keys).replace(kept);
        Ok(())
    }

    async fn write_waiting(&self) -> Result<(), StoreError> {
        let used = lock(&self.keys).take_used();
        let unlisted = lock(&self.waiting).take();
        if used.is_empty() && unlisted.is_empty() {
            return Ok(());
        }
        let counted = unlisted.clone();
        let written = self.writer.run(move |db| rows::note(db, &used, &counted)).await;
        written.map_err(|e| {
            lock(&self.waiting).put_back(unlisted);
            e.into()
        })
    }

    /// Tells those who wait where a record was changed.
    pub(crate) async fn read_last(&self) -> Result<(), StoreError> {
        let now = record_rows::last(&self.db).await?;
        self.last.send_if_modified(|last| {
            let moves = now != *last;
            *last = now;
            moves
        });
        Ok(())
    }

    fn may_read_again(&self) -> bool {
        let mut read_at = lock(&self.read_at);
        let may = read_at.elapsed() >= EVERY;
        if may {
            *read_at = Instant::now();
        }
        may
    }
}

/// Reads keys again and tells of changed records when another connection changed the database, and writes what waits; until the store is dropped.
async fn look(shared: Weak<Shared>, watcher: Session, mut version: String) {
    loop {
        tokio::time::sleep(EVERY).await;
        let Some(shared) = shared.upgrade() else { return };
        let _ = shared.write_waiting().await;
        let read = async {
            let now = data_version(&watcher).await?;
            if now != version {
                shared.read_keys().await?;
                shared.read_last().await?;
                version = now;
            }
            Ok::<(), StoreError>(())
        };
        let unread = read.await.is_err();
        let mut since = lock(&shared.unread);
        *since = if unread { since.or_else(|| Some(Instant::now())) } else { None };
    }
}

/// What changes when another connection has changed the database.
async fn data_version(watcher: &Session) -> Result<String, DbError> {
    watcher
        .run(|db| {
            if db.is_to_server() {
                // There is no such number for one part of a server. Which transactions are done tells more than that.
                return db.one("SELECT txid_current_snapshot()::text", &[], |row| row.get(0));
            }
            db.one("PRAGMA data_version", &[], |row| row.get::<i64>(0)).map(|version| version.to_string())
        })
        .await
}

/// No step under these locks can panic midway, so what a panicking thread left is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
