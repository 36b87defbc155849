//! The log as it grows, sent to where the organisation looks: syslog over TLS, and OTLP over HTTPS.
//!
//! There is no second queue: the log itself is the spool. A *stream* reads entries from the log by index, sends them, and
//! keeps a *cursor*: the index up to which the other side has taken everything, in a file that is synced before it counts. A
//! stream that breaks off, or a process that ends, goes on from there: nothing is left out, and what was under way comes
//! twice, under the same event id.
//!
//! All durable entries are sent, also those that no checkpoint covers yet: such an entry cannot be lost any more, and who
//! watches wants to see it in the same second.

mod cursor;
mod metrics;
mod otlp;
mod pace;
mod status;
mod syslog;
mod tls;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use asepsis_log::Log;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use cursor::{Cursor, CursorError};
pub use metrics::StreamMetrics;
pub use otlp::OtlpTarget;
pub use status::{FailureKind, LastFailure, StreamStatus};
pub use syslog::{Confirm, MAX_MESSAGE, SyslogFormat, SyslogTarget, UnknownSyslogFormat, message};
pub use tls::{TlsError, client_config};

use crate::Source;
use status::Shared;

/// How long streams may take to send what is left when the process ends. What does not go is sent after the next start.
const FAREWELL: Duration = Duration::from_secs(5);

/// How long a name of a stream may be.
const LONGEST_NAME: usize = 40;

/// A stream to run.
pub struct StreamSettings {
    /// Its name, by which its cursor is kept and metrics tell it: 1 to 40 of `a-z`, `0-9` and `-`.
    pub name: String,
    /// Where it goes.
    pub target: Target,
}

/// Where a stream goes.
pub enum Target {
    /// A syslog receiver over TLS (RFC 5424 in the framing of RFC 5425).
    Syslog(SyslogTarget),
    /// An OTLP receiver of logs over HTTP, in JSON.
    Otlp(OtlpTarget),
}

/// Whether a text can name a stream.
pub fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// All streams of a log. Dropped without [`stop`](Self::stop) they end where they are, and lose nothing.
pub struct Streams {
    shared: Vec<Arc<Shared>>,
    tasks: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
}

impl Streams {
    /// Starts the streams of the log. Their cursors are kept in `folder`, which is made where it is missing.
    ///
    /// # Errors
    /// [`CursorError`] where a cursor cannot be read, is of another log, or the folder cannot be made. A receiver that cannot
    /// be reached is no error: it is tried again for ever.
    pub fn start(log: &Log, source: &Source, folder: &Path, streams: Vec<StreamSettings>) -> Result<Self, CursorError> {
        if !streams.is_empty() {
            cursor::make_folder(folder)?;
        }
        let (stop, stopping) = watch::channel(false);
        let mut started = Self { shared: Vec::new(), tasks: Vec::new(), stop };
        for settings in streams {
            let cursor = Cursor::open(folder, &settings.name, &source.origin)?;
            let kind = match &settings.target {
                Target::Syslog(_) => "syslog",
                Target::Otlp(_) => "otlp",
            };
            let shared = Arc::new(Shared::new(settings.name, kind, log.clone(), cursor.confirmed()));
            let stream = Stream {
                log: log.clone(),
                source: source.clone(),
                cursor,
                shared: shared.clone(),
                stop: stopping.clone(),
            };
            started.shared.push(shared);
            started.tasks.push(match settings.target {
                Target::Syslog(target) => tokio::spawn(syslog::run(stream, target)),
                Target::Otlp(target) => tokio::spawn(otlp::run(stream, target)),
            });
        }
        Ok(started)
    }

    /// How each stream stands.
    pub fn statuses(&self) -> Vec<StreamStatus> {
        self.shared.iter().map(|shared| shared.status()).collect()
    }

    /// The same for Prometheus.
    pub fn metrics(&self) -> StreamMetrics {
        StreamMetrics::new(self.shared.clone())
    }

    /// Sends what is left, for at most five seconds, and ends.
    pub async fn stop(mut self) {
        self.stop.send(true).ok();
        let end = tokio::time::Instant::now() + FAREWELL;
        for task in &mut self.tasks {
            if tokio::time::timeout_at(end, &mut *task).await.is_err() {
                task.abort();
                // Its hold on the log ends with it.
                let _ = task.await;
            }
        }
        for shared in &self.shared {
            shared.forget_log();
        }
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// What every stream has.
struct Stream {
    log: Log,
    source: Source,
    cursor: Cursor,
    shared: Arc<Shared>,
    stop: watch::Receiver<bool>,
}

/// How often it is looked whether the log has grown.
const LOOK: Duration = Duration::from_millis(100);

/// Entries that are read together.
const BATCH: u64 = 128;

/// What went wrong with a stream.
struct Failure {
    kind: FailureKind,
    /// For a person; holds no content of an entry and no secret.
    message: String,
    /// How long the other side asks to wait.
    after: Option<Duration>,
}

impl Failure {
    fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), after: None }
    }
}

impl From<CursorError> for Failure {
    fn from(error: CursorError) -> Self {
        Self::new(FailureKind::Cursor, error.to_string())
    }
}

impl Stream {
    /// Whether the process is about to end.
    fn stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// At most [`BATCH`] records from `from` on, in order; none where there are none yet.
    async fn records(&self, from: u64) -> Result<Vec<crate::Record>, Failure> {
        let size = self.log.size();
        let read = |range| async {
            self.log.read(range).await.map_err(|error| Failure::new(FailureKind::Log, error.to_string()))
        };
        let mut entries = if from < size { read(from..size.min(from + BATCH)).await? } else { Vec::new() };
        if entries.is_empty() && from < size {
            // What stood there was let go after its retention; the next that is there is looked for.
            entries = read(from..size).await?;
            entries.truncate(usize::try_from(BATCH).unwrap_or(usize::MAX));
        }
        let records = entries.into_iter().map(|entry| crate::Record::read(entry.index, entry.bytes));
        records.collect::<Result<_, _>>().map_err(|error| Failure::new(FailureKind::Entry, error.to_string()))
    }

    /// Checks that the log is the one that the cursor was moved along.
    async fn check_log(&self) -> Result<(), Failure> {
        let Some(last) = self.cursor.confirmed().checked_sub(1) else { return Ok(()) };
        let stored = self.log.read(last..last + 1).await;
        let stored = stored.map_err(|error| Failure::new(FailureKind::Log, error.to_string()))?;
        let size = self.log.size();
        let same = match stored.first() {
            Some(entry) => self.cursor.is_at(&entry.bytes),
            // Let go after its retention.
            None => last < size,
        };
        if same {
            return Ok(());
        }
        Err(Failure::new(
            FailureKind::OtherLog,
            format!(
                "the first {} entries were sent, and the log, of {size} entries, is not the one that they came from: was it \
                 restored or rolled back? Run `asepsis audit verify`; to send it anew, delete {}",
                last + 1,
                self.cursor.path().display()
            ),
        ))
    }

    /// Notes that the other side has everything up to the record, and this one. What it has, it has also where the cursor cannot
    /// be written: then it comes again after the next start only.
    async fn confirm(&mut self, last: crate::Record) -> Result<(), Failure> {
        let mut cursor = self.cursor.clone();
        // A sync is no work for a thread that serves.
        let moved = tokio::task::spawn_blocking(move || {
            let written = cursor.confirm(&last);
            (cursor, written)
        });
        let (cursor, written) = moved.await.map_err(|error| Failure::new(FailureKind::Cursor, error.to_string()))?;
        self.cursor = cursor;
        self.shared.confirmed(self.cursor.confirmed());
        Ok(written?)
    }

    /// Waits until there is something to send. False where the process ends first.
    async fn wait_for_entries(&mut self, from: u64) -> bool {
        while self.log.size() <= from {
            if self.stopping() {
                return false;
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                changed = self.stop.changed() => if changed.is_err() { return false },
            }
        }
        true
    }

    /// Waits before another try. False where the process ends first.
    async fn wait(&mut self, time: Duration) -> bool {
        if self.stopping() {
            return false;
        }
        tokio::select! {
            () = tokio::time::sleep(time) => true,
            _ = self.stop.changed() => false,
        }
    }
}
