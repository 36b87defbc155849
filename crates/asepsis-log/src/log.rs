use std::fs::{File, TryLockError};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use asepsis_db::{Database, DbError, GroupCommit, NotStored, Server, files};
use asepsis_vocab::{AuditEvent, ExchangeId};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::entries::{self, Appender, NewEntry, Stored};
use crate::erase;
use crate::lease;
use crate::payloads::{self, MAX_PAYLOAD_BYTES, SealedPayload};
use crate::publish::{self, Publisher};
use crate::search::{self, Hit, Query};
use crate::{Checkpoint, Entry, LogError, LogKey, MAX_ENTRY_BYTES, layout};

/// Entries in one transaction, and in the queue before it.
const MOST: usize = 512;

/// Payloads that wait to be stored, in units: 64 MiB in all.
const PAYLOAD_UNIT: usize = 1024;
const PAYLOAD_ROOM: usize = 64 * 1024;

/// How long an opening log waits for the one that is closing.
const LOCK_PATIENCE: Duration = Duration::from_millis(1500);

/// How a log is opened.
#[derive(Clone, Debug)]
pub struct LogOptions {
    /// The log's name, as in its key: `asepsis.example.org/node-1`.
    pub origin: String,
    /// How long an entry may wait until a checkpoint covers it.
    pub publish_every: Duration,
    /// The server that keeps the entries; a file in the log's directory where there is none.
    pub server: Option<Server>,
}

impl LogOptions {
    /// The log of that origin, with a checkpoint every second when there is something new.
    pub fn new(origin: impl Into<String>) -> Self {
        Self { origin: origin.into(), publish_every: Duration::from_secs(1), server: None }
    }
}

/// What was found when the log was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The number of entries.
    pub size: u64,
    /// Exchanges that were about to leave and whose end nobody recorded: a crash, or a power cut. The oldest first.
    pub unfinished: Vec<ExchangeId>,
}

/// Counts since the log was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogStats {
    /// Transactions, with one sync each.
    pub commits: u64,
    /// Entries that were appended.
    pub appended: u64,
}

/// The log of one directory. A cheap handle.
///
/// When the last handle is dropped, what was acknowledged is kept, as always; [`close`](Self::close) also signs it.
#[derive(Clone)]
pub struct Log {
    shared: Arc<Shared>,
}

struct Shared {
    origin: String,
    dir: PathBuf,
    db: Database,
    size: Arc<AtomicU64>,
    writer: GroupCommit<Appender>,
    publish: mpsc::Sender<oneshot::Sender<Result<Checkpoint, LogError>>>,
    publish_fault: Arc<Mutex<Option<String>>>,
    room: Semaphore,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Log {
    /// Opens the log in `dir`, or makes a new one, and signs a checkpoint over what is there.
    ///
    /// Files that are derived from the entries are written anew where they are missing or behind.
    ///
    /// # Errors
    /// [`LogError::Locked`], on a server [`LogError::Leased`], if another process writes this log; [`LogError::Checkpoint`], [`LogError::Shrank`] or
    /// [`LogError::Altered`] if the entries are not those that were signed; [`LogError::OtherKey`]; and errors of the disk.
    pub async fn open(dir: &Path, key: LogKey, options: LogOptions) -> Result<(Self, Recovery), LogError> {
        if key.origin() != options.origin {
            return Err(LogError::OtherKey { key: key.origin().to_owned(), log: options.origin });
        }
        let origin = options.origin;
        files::private_directory(dir)?;
        let lock = lock(dir).await?;
        let (db, connection, lease) = match &options.server {
            None => {
                let db = Database::open(layout::under(dir, layout::DATABASE), &entries::SCHEMA).await?;
                let connection = db.connection().await?;
                (db, connection, None)
            }
            Some(server) => {
                let db = Database::open(server, &entries::SCHEMA).await?;
                let number = lease::number(&db, &origin).await?;
                let db = db.of_log(number);
                let (connection, lease) = lease::take(&db, number, &origin).await?;
                (db, connection, Some(lease))
            }
        };
        let stored = entries::count(&db).await?;
        let unfinished = entries::unfinished(&db).await?;
        let mut recovery: Vec<_> = unfinished.iter().map(|(exchange, index)| (*index, *exchange)).collect();
        recovery.sort_unstable();
        let recovery = Recovery {
            size: stored,
            unfinished: recovery
                .iter()
                .filter_map(|(_, id)| Some(entries::split(&[&id[..], &[0]].concat())?.0))
                .collect(),
        };

        let public: String = key.verifier_keys().iter().map(|key| format!("{key}\n")).collect();
        publish::replace(dir, layout::PUBLIC_KEY, public.as_bytes(), true)?;
        let publisher = Publisher::open(Arc::new(dir.to_owned()), db.clone(), Arc::new(key), stored).await?;
        let size = Arc::new(AtomicU64::new(stored));
        let appender = Appender::new(size.clone(), unfinished, lease);
        let (writer, writing) = GroupCommit::start(connection, appender, MOST).map_err(LogError::Stopped)?;
        let publish_fault = Arc::new(Mutex::new(None));
        let (publish, asked) = mpsc::channel(16);
        let publishing =
            Publishing { publisher, size: size.clone(), every: options.publish_every, fault: publish_fault.clone() };
        let publishing = tokio::spawn(async move {
            publishing.run(asked).await;
            // The writer has ended before: its handle lives no longer than the sender whose end ended this.
            writing.await;
            drop(lock);
        });
        let tasks = Mutex::new(vec![publishing]);
        let shared = Arc::new(Shared {
            origin,
            dir: dir.to_owned(),
            db,
            size,
            writer,
            publish,
            publish_fault,
            room: Semaphore::new(PAYLOAD_ROOM),
            tasks,
        });
        Ok((Self { shared }, recovery))
    }

    /// Appends the event and returns its index when it is durable.
    ///
    /// An exchange has one entry a phase: the same event again gives the index that it has. If the future is dropped, the
    /// event may be appended or not.
    ///
    /// # Errors
    /// [`LogError::Stopped`] once a commit failed, and ever after; [`LogError::TooLong`]; [`LogError::Conflict`];
    /// [`LogError::OtherPayload`] if the event speaks of a payload, which [`append_sealed`](Self::append_sealed) takes.
    pub async fn append(&self, event: &AuditEvent) -> Result<u64, LogError> {
        // An entry that names a payload which is not there could not be told from one whose payload was taken away.
        if event.payload.is_some() {
            return Err(LogError::OtherPayload);
        }
        self.store(event, None).await
    }

    /// Appends the event with a sealed payload, and returns its index when both are durable: they are stored in one transaction.
    /// What the event says of the payload is filled in.
    ///
    /// # Errors
    /// As [`append`](Self::append); [`LogError::PayloadTooLong`]; [`LogError::KeyId`]; [`LogError::OtherPayload`] if the event
    /// speaks of another one.
    pub async fn append_sealed(&self, event: &AuditEvent, payload: SealedPayload) -> Result<u64, LogError> {
        if payload.bytes.len() > MAX_PAYLOAD_BYTES {
            return Err(LogError::PayloadTooLong { bytes: payload.bytes.len() });
        }
        if !payload.has_valid_key() {
            return Err(LogError::KeyId);
        }
        let event = payloads::named(event, &payload).ok_or(LogError::OtherPayload)?;
        // What waits to be stored is in memory: so much of it and no more.
        let room = u32::try_from(payload.bytes.len() / PAYLOAD_UNIT + 1).unwrap_or(u32::MAX);
        let _room = self.shared.room.acquire_many(room).await.map_err(|_| LogError::Closed)?;
        self.store(&event, Some(payload)).await
    }

    async fn store(&self, event: &AuditEvent, payload: Option<SealedPayload>) -> Result<u64, LogError> {
        let bytes = serde_json::to_vec(event).map_err(|_| LogError::NotJson)?;
        if bytes.len() > MAX_ENTRY_BYTES {
            return Err(LogError::TooLong { bytes: bytes.len() });
        }
        let id = entries::event_id(&event.exchange, event.phase);
        match self.shared.writer.store(NewEntry { id, bytes, payload }).await {
            Ok(Stored::At(index)) => Ok(index),
            Ok(Stored::Contradicts) => Err(LogError::Conflict),
            Err(e) => Err(not_stored(e)),
        }
    }

    /// The sealed payload of the entry of this index: absent where the entry has none, or its key was shredded and it was
    /// deleted.
    ///
    /// # Errors
    /// [`LogError::Db`].
    pub async fn payload(&self, index: u64) -> Result<Option<SealedPayload>, LogError> {
        Ok(payloads::of(&self.shared.db, index).await?)
    }

    /// The number of payloads that are there under a key.
    ///
    /// # Errors
    /// [`LogError::Db`].
    pub async fn payloads_under(&self, key: &str) -> Result<u64, LogError> {
        Ok(payloads::under(&self.shared.db, key).await?)
    }

    /// Deletes the payloads that were sealed under a key which the entry `shredded` says was destroyed
    /// ([`ActKind::Shred`](asepsis_vocab::ActKind::Shred)): nobody can read them any more. The entries stay, with their proofs.
    /// Returns how many there were.
    ///
    /// # Errors
    /// [`LogError::NotShredded`] if that entry says nothing of the sort; [`LogError::Db`].
    pub async fn delete_shredded(&self, shredded: u64) -> Result<u64, LogError> {
        erase::delete_shredded(&self.shared.db, shredded).await
    }

    /// Makes room on the disk for what will be stored; see [`GroupCommit::make_room`](asepsis_db::GroupCommit::make_room).
    ///
    /// # Errors
    /// [`LogError::Stopped`].
    pub async fn make_room(&self) -> Result<(), LogError> {
        self.shared.writer.make_room().await.map_err(not_stored)
    }

    /// Writes tiles and bundles for all entries and signs a checkpoint over them, now.
    ///
    /// # Errors
    /// [`LogError::Publish`] if the files cannot be written; the entries stay as they are.
    pub async fn checkpoint(&self) -> Result<Checkpoint, LogError> {
        let (reply, answer) = oneshot::channel();
        self.shared.publish.send(reply).await.map_err(|_| LogError::Closed)?;
        answer.await.unwrap_or(Err(LogError::Closed))
    }

    /// The entries of the range that are there, in order. At most 1,024 are returned: ask again from the last on.
    ///
    /// # Errors
    /// [`LogError::Db`].
    pub async fn read(&self, range: Range<u64>) -> Result<Vec<Entry>, LogError> {
        let rows = entries::rows(&self.shared.db, range, 1024).await?;
        Ok(rows.into_iter().map(|row| Entry { index: row.index, bytes: row.bytes }).collect())
    }

    /// The events that the query asks for.
    ///
    /// # Errors
    /// [`LogError::Db`]; [`LogError::NotAnEvent`].
    pub async fn search(&self, query: &Query) -> Result<Vec<Hit>, LogError> {
        search::in_database(&self.shared.db, query).await
    }

    pub(crate) fn database(&self) -> &Database {
        &self.shared.db
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.shared.dir
    }

    /// The log's name.
    pub fn origin(&self) -> &str {
        &self.shared.origin
    }

    /// The number of entries that are durable.
    pub fn size(&self) -> u64 {
        self.shared.size.load(Ordering::Acquire)
    }

    /// What tells the same, and does not keep the log open.
    pub fn size_watcher(&self) -> impl Fn() -> u64 + Send + Sync + 'static {
        let size = Arc::clone(&self.shared.size);
        move || size.load(Ordering::Acquire)
    }

    /// Whether an event can be appended, as far as is known. Once false, false until the log is opened again.
    pub fn is_healthy(&self) -> bool {
        self.shared.writer.is_healthy()
    }

    /// Whether an event is appended sooner than a thread would be woken.
    pub fn is_quick(&self) -> bool {
        self.shared.writer.is_quick()
    }

    /// Why tiles and checkpoint could not be written the last time; `None` if they could. It is tried again.
    pub fn publish_fault(&self) -> Option<String> {
        self.shared.publish_fault.lock().map_or(None, |fault| fault.clone())
    }

    /// Counts since the log was opened.
    pub fn stats(&self) -> LogStats {
        let stats = self.shared.writer.stats();
        LogStats { commits: stats.commits, appended: stats.jobs }
    }

    /// Signs what is there and, if this is the last handle, ends the writer and frees the directory.
    ///
    /// # Errors
    /// [`LogError::Publish`] if the last checkpoint cannot be written.
    pub async fn close(self) -> Result<(), LogError> {
        let signed = self.checkpoint().await;
        if let Some(shared) = Arc::into_inner(self.shared) {
            let Shared { db, writer, publish, tasks, .. } = shared;
            db.close().await;
            drop((writer, publish));
            for task in tasks.into_inner().unwrap_or_default() {
                let _ = task.await;
            }
        }
        signed.map(drop)
    }
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log").field("db", &self.shared.db).field("size", &self.size()).finish_non_exhaustive()
    }
}

/// The task that signs: in turn, and when it is asked to.
struct Publishing {
    publisher: Publisher,
    size: Arc<AtomicU64>,
    every: Duration,
    fault: Arc<Mutex<Option<String>>>,
}

impl Publishing {
    async fn run(mut self, mut asked: mpsc::Receiver<oneshot::Sender<Result<Checkpoint, LogError>>>) {
        let mut turn = tokio::time::interval(self.every.max(Duration::from_millis(10)));
        turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                reply = asked.recv() => match reply {
                    Some(reply) => drop(reply.send(self.publish().await)),
                    None => return,
                },
                _ = turn.tick() => drop(self.publish().await),
            }
        }
    }

    async fn publish(&mut self) -> Result<Checkpoint, LogError> {
        let signed = self.publisher.publish(self.size.load(Ordering::Acquire)).await;
        if let Ok(mut fault) = self.fault.lock() {
            *fault = signed.as_ref().err().map(ToString::to_string);
        }
        signed
    }
}

async fn lock(dir: &Path) -> Result<File, LogError> {
    let path: PathBuf = layout::under(dir, layout::LOCK);
    let fail = |doing, source| DbError::File { path: path.clone(), doing, source };
    let mut options = File::options();
    let file = options.create(true).truncate(false).write(true).open(&path).map_err(|e| fail("open the lock", e))?;
    let begin = std::time::Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if begin.elapsed() < LOCK_PATIENCE => {
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
            Err(TryLockError::WouldBlock) => return Err(LogError::Locked { dir: dir.to_owned() }),
            Err(TryLockError::Error(e)) => return Err(fail("lock the log", e).into()),
        }
    }
}

fn not_stored(error: NotStored) -> LogError {
    match error {
        NotStored::Conflict => LogError::Conflict,
        NotStored::Stopped(cause) => LogError::Stopped(cause),
        NotStored::Closed => LogError::Closed,
    }
}
