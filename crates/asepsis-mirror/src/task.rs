//! Mirroring beside a running gateway.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::oneshot;

use crate::{Mirror, MirrorError};

/// How often it is looked whether there is something new.
const EVERY: Duration = Duration::from_secs(2);

/// The longest wait while the store is away.
const LONGEST: Duration = Duration::from_secs(60);

/// How often it is said and tried again that the mirror is not this log's.
const ALARM: Duration = Duration::from_secs(600);

/// How often what is published is looked at where nothing is new here.
const AFRESH: Duration = Duration::from_secs(600);

/// How long the last round at the end may take.
const FAREWELL: Duration = Duration::from_secs(5);

/// How a mirror stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MirrorStatus {
    /// Entries that are published, as far as is known.
    pub size: u64,
    /// When that was last made sure of, in seconds since 1970.
    pub time: Option<u64>,
    /// Why the last round failed; `None` if it did not.
    pub failing: Option<String>,
    /// Whether that speaks of a changed log or mirror.
    pub alarm: bool,
    /// Rounds that failed.
    pub failures: u64,
}

/// A mirror that is kept up to its log until it is stopped, on a thread of its own: what it waits for and computes is in no
/// exchange's way, and it holds nothing but a few files at a time, since the log itself is what waits to be sent.
pub struct Mirroring {
    status: Arc<Mutex<MirrorStatus>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Mirroring {
    /// Starts it.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(mirror: Mirror) -> std::io::Result<Self> {
        let status = Arc::new(Mutex::new(MirrorStatus::default()));
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let shared = Arc::clone(&status);
        let thread = std::thread::Builder::new()
            .name("mirror".to_owned())
            .spawn(move || runtime.block_on(run(&mirror, &shared, stopped)))?;
        Ok(Self { status, stop: Some(stop), thread: Some(thread) })
    }

    /// How it stands.
    pub fn status(&self) -> MirrorStatus {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What tells how it stands, also when this is gone.
    pub fn watcher(&self) -> impl Fn() -> MirrorStatus + Send + Sync + 'static {
        let status = Arc::clone(&self.status);
        move || status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Publishes what is new once more, for some seconds at most, and ends.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

impl std::fmt::Debug for Mirroring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mirroring").field("status", &self.status()).finish_non_exhaustive()
    }
}

async fn run(mirror: &Mirror, status: &Mutex<MirrorStatus>, mut stopped: oneshot::Receiver<()>) {
    let (mut wait, mut looked) = (EVERY, tokio::time::Instant::now());
    loop {
        let round = tokio::select! {
            round = mirror.round() => round,
            _ = &mut stopped => break,
        };
        let mut now = status.lock().unwrap_or_else(PoisonError::into_inner).clone();
        wait = match round {
            Ok(round) => {
                if now.failing.is_some() {
                    tracing::info!(entries = round.size, "the mirror of the log is up to date again");
                }
                now = MirrorStatus { size: round.size, time: seconds(), failing: None, alarm: false, ..now };
                EVERY
            }
            // That is no failure: somebody else does it.
            Err(MirrorError::Busy) => EVERY,
            Err(error) => {
                now.failures += 1;
                now.alarm = error.is_alarm();
                if now.alarm {
                    tracing::error!(%error, "ALARM: the mirror of the log");
                } else if now.failing.is_none() {
                    tracing::warn!(%error, "the mirror of the log is behind; the log itself goes on");
                }
                now.failing = Some(error.to_string());
                if now.alarm { ALARM } else { wait.saturating_mul(2).min(LONGEST) }
            }
        };
        *status.lock().unwrap_or_else(PoisonError::into_inner) = now;
        if looked.elapsed() >= AFRESH {
            looked = tokio::time::Instant::now();
            mirror.forget();
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = &mut stopped => break,
        }
    }
    if let Ok(Ok(round)) = tokio::time::timeout(FAREWELL, mirror.round()).await {
        let mut now = status.lock().unwrap_or_else(PoisonError::into_inner);
        (now.size, now.time) = (round.size, seconds());
    }
}

fn seconds() -> Option<u64> {
    SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
}
