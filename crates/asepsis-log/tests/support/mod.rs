//! What the tests of the log share.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

#[path = "../../../../tests/support/backend.rs"]
pub mod backend;
#[cfg(target_os = "linux")]
pub mod disk;
pub mod peers;
#[path = "../../../../tests/support/postgres.rs"]
pub mod postgres;

use std::path::Path;

use asepsis_db::Server;
use asepsis_db::rusqlite::Connection;
use asepsis_log::{Log, LogError, LogKey, LogOptions, LogPlace, Recovery};
use asepsis_vocab::{AuditEvent, ExchangeId, Phase, SCHEMA_VERSION};

/// The file that names the schema of a folder.
const SCHEMA: &str = "schema";

pub const ORIGIN: &str = "log.example/test";

pub fn event(exchange: ExchangeId, phase: Phase) -> AuditEvent {
    // From JSON, as the log itself has it: fields that come later have a default.
    let mut event = serde_json::json!({
        "v": SCHEMA_VERSION,
        "exchange": exchange,
        "phase": phase,
        "time": "2024-11-22T08:30:00.000Z",
        "interface": "openai.chat",
        "actor": { "user": "dr.a", "role": "clinician", "method": "api_key", "credential": "k1" },
        "purpose": "TREAT",
        "recipient": { "system": "gpt", "vendor": "v" },
        "decision": { "form": "pseudonymised", "rules": ["r1"], "reason": "baa-in-force" },
    });
    if phase == Phase::Outcome {
        event["outcome"] = serde_json::json!({ "status": "completed", "http": 200 });
    }
    serde_json::from_value(event).unwrap()
}

/// The key of the tests, the same each time it is asked for in a directory.
pub fn key(dir: &Path) -> LogKey {
    let path = dir.join("key");
    if !path.exists() {
        LogKey::generate(ORIGIN).unwrap().save(&path).unwrap();
    }
    LogKey::load(&path).unwrap()
}

/// A folder for a test. On a server, a file in it says in which schema the entries are. `None` where there is no server.
pub fn folder(on_server: bool) -> Option<tempfile::TempDir> {
    let dir = tempfile::tempdir().unwrap();
    if on_server {
        let schema = postgres::schema();
        backend::server(&schema)?;
        std::fs::write(dir.path().join(SCHEMA), schema).unwrap();
    }
    Some(dir)
}

/// The server of a folder, if it has one.
pub fn server(dir: &Path) -> Option<Server> {
    backend::server(&std::fs::read_to_string(dir.join(SCHEMA)).ok()?)
}

/// The log of a folder.
pub fn log_in(dir: &Path) -> LogPlace {
    LogPlace { dir: dir.join("log"), server: server(dir) }
}

/// How the log of a folder is opened.
pub fn options(dir: &Path) -> LogOptions {
    LogOptions { server: server(dir), ..LogOptions::new(ORIGIN) }
}

pub async fn try_open(dir: &Path) -> Result<(Log, Recovery), LogError> {
    Log::open(&dir.join("log"), key(dir), options(dir)).await
}

pub async fn open(dir: &Path) -> (Log, Recovery) {
    try_open(dir).await.unwrap()
}

/// Appends so many entries, intent and outcome in turn.
pub async fn fill(log: &Log, entries: u64) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..entries / 2 {
        let log = log.clone();
        tasks.spawn(async move {
            let exchange = ExchangeId::now();
            log.append(&event(exchange, Phase::Intent)).await.unwrap();
            log.append(&event(exchange, Phase::Outcome)).await.unwrap();
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    if entries % 2 == 1 {
        log.append(&event(ExchangeId::now(), Phase::Outcome)).await.unwrap();
    }
}

/// A closed log of so many entries.
pub async fn made(entries: u64) -> tempfile::TempDir {
    made_on(false, entries).await.unwrap()
}

/// A closed log of so many entries, in files or on a server, if there is one.
pub async fn made_on(on_server: bool, entries: u64) -> Option<tempfile::TempDir> {
    let dir = folder(on_server)?;
    let (log, _) = open(dir.path()).await;
    fill(&log, entries).await;
    log.close().await.unwrap();
    Some(dir)
}

/// Changes the database behind the log's back.
pub async fn sql(dir: &Path, statement: &str) {
    if let Some(server) = server(dir) {
        let statement = backend::in_postgres(statement);
        postgres::shared().unwrap().sql(server.schema(), &statement);
        return;
    }
    let db = Connection::open(dir.join("log/entries.db")).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    db.execute_batch(statement).unwrap();
    db.close().unwrap();
}

/// Copies a directory.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
