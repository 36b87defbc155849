//! Durable appends a second: the log over SQLite and over PostgreSQL, beside a bare file to which the same bytes are written and
//! synced, one sync a batch, all in the same run on the same disk.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use asepsis_db::{Server, ServerSettings};
use asepsis_log::{Log, LogKey, LogOptions};
use asepsis_vocab::{AuditEvent, ExchangeId, Phase, SCHEMA_VERSION};
use tokio::sync::{mpsc, oneshot};

use crate::postgres::{PASSWORD, Postgres};
use crate::{folder, ms, println};

/// Tasks that append at the same time.
const WRITERS: [usize; 3] = [1, 16, 128];

/// Rounds of each store, in turn, so that all of them see the same moods of the disk; the figures are of all rounds together.
const ROUNDS: usize = 3;

/// How long a round lasts.
const ROUND: Duration = Duration::from_secs(3);

/// The name of the logs.
const ORIGIN: &str = "bench.example/log";

/// What is appended to.
#[derive(Clone)]
enum Store {
    /// A thread that gathers what waits, writes it with one call and syncs it with `fdatasync`.
    File(mpsc::Sender<(Vec<u8>, oneshot::Sender<()>)>),
    Log(Log),
}

impl Store {
    async fn append(&self, event: &AuditEvent) -> anyhow::Result<()> {
        match self {
            Self::File(file) => {
                let (reply, answer) = oneshot::channel();
                file.send((serde_json::to_vec(event)?, reply)).await?;
                Ok(answer.await?)
            }
            Self::Log(log) => Ok(log.append(event).await.map(drop)?),
        }
    }
}

/// Runs the comparison with its files in `disk`.
pub(crate) fn run(disk: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let dir = folder(disk)?;
    let postgres = Postgres::start_in(disk);
    runtime.block_on(async {
        let mut stores = vec![
            ("bare file, fdatasync", Store::File(file(&dir.path().join("file"))?)),
            ("SQLite", Store::Log(open(&dir.path().join("sqlite"), None).await?)),
        ];
        match &postgres {
            Some(postgres) => {
                let server = Server::new(ServerSettings {
                    url: postgres.url(),
                    password: Some(PASSWORD.to_owned().into()),
                    schema: "bench".to_owned(),
                    ..ServerSettings::default()
                })?;
                stores.push((
                    "PostgreSQL, loopback",
                    Store::Log(open(&dir.path().join("postgres"), Some(server)).await?),
                ));
            }
            None => println("PostgreSQL is not installed and left out"),
        }
        compare(&stores).await
    })
}

async fn compare(stores: &[(&str, Store)]) -> anyhow::Result<()> {
    println(&format!(
        "{:22} {:>8} {:>12} {:>9} {:>9} {:>14}",
        "durable appends", "writers", "appends/s", "p50 ms", "p99 ms", "p99 to a file"
    ));
    for writers in WRITERS {
        let mut times: Vec<Vec<Duration>> = vec![Vec::new(); stores.len()];
        for _ in 0..ROUNDS {
            for ((_, store), times) in stores.iter().zip(&mut times) {
                times.extend(round(store, writers).await?);
            }
        }
        let mut bare = None;
        for ((name, _), times) in stores.iter().zip(&mut times) {
            times.sort_unstable();
            let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default();
            let (p50, p99) = (ms(at(0.5)), ms(at(0.99)));
            let bare = *bare.get_or_insert(p99);
            let a_second = times.len() as f64 / (ROUND.as_secs_f64() * ROUNDS as f64);
            println(&format!("{name:22} {writers:>8} {a_second:>12.0} {p50:>9.3} {p99:>9.3} {:>14.2}", p99 / bare));
        }
    }
    Ok(())
}

/// How long each append of a round took.
async fn round(store: &Store, writers: usize) -> anyhow::Result<Vec<Duration>> {
    let until = Instant::now() + ROUND;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..writers {
        let (store, template) = (store.clone(), event()?);
        tasks.spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < until {
                // Making an event from JSON would cost more than storing it.
                let event = AuditEvent { exchange: ExchangeId::now(), ..template.clone() };
                let began = Instant::now();
                store.append(&event).await?;
                times.push(began.elapsed());
            }
            anyhow::Ok(times)
        });
    }
    let mut all = Vec::new();
    while let Some(times) = tasks.join_next().await {
        all.extend(times??);
    }
    Ok(all)
}

async fn open(dir: &Path, server: Option<Server>) -> anyhow::Result<Log> {
    let options = LogOptions { server, ..LogOptions::new(ORIGIN) };
    let (log, _) = Log::open(dir, LogKey::generate(ORIGIN)?, options).await?;
    // As the gateway does.
    log.make_room().await?;
    Ok(log)
}

/// An outcome as the gateway writes it. Intents alone would never come together: the log keeps in mind those that are open.
fn event() -> anyhow::Result<AuditEvent> {
    let event = serde_json::json!({
        "v": SCHEMA_VERSION,
        "exchange": ExchangeId::now(),
        "phase": Phase::Outcome,
        "time": "2024-11-22T08:30:00.000Z",
        "interface": "openai.chat",
        "actor": { "user": "dr.a", "role": "clinician", "method": "api_key", "credential": "k1" },
        "purpose": "TREAT",
        "recipient": { "system": "gpt", "vendor": "v" },
        "decision": { "form": "pseudonymised", "rules": ["r1"], "reason": "baa-in-force" },
    });
    serde_json::from_value(event).context("an event")
}

fn file(path: &Path) -> anyhow::Result<mpsc::Sender<(Vec<u8>, oneshot::Sender<()>)>> {
    let mut file = std::fs::File::create(path)?;
    let (sender, mut waiting) = mpsc::channel::<(Vec<u8>, oneshot::Sender<()>)>(512);
    let failed = Arc::new(path.to_owned());
    std::thread::spawn(move || {
        while let Some(first) = waiting.blocking_recv() {
            let mut batch = vec![first];
            while let Ok(more) = waiting.try_recv() {
                batch.push(more);
            }
            let bytes: Vec<u8> = batch.iter().flat_map(|(bytes, _)| bytes.iter().copied()).collect();
            if file.write_all(&bytes).and_then(|()| file.sync_data()).is_err() {
                println(&format!("{} cannot be written", failed.display()));
                return;
            }
            for (_, reply) in batch {
                let _ = reply.send(());
            }
        }
    });
    Ok(sender)
}
