//! What only a server can do: take the log away from its writer, cut it off in the midst, and hold several logs.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use asepsis_db::{Server, ServerSettings};
use asepsis_log::verify::{VerifyOptions, verify};
use asepsis_log::{Log, LogError, LogKey, LogOptions, LogPlace};
use asepsis_vocab::{ExchangeId, Phase};
use support::postgres::{self, Postgres};
use support::{event, fill, folder, key, log_in, open, server, sql, try_open};

/// The same log as another gateway on another machine would have it: the same key and server, a directory of its own.
async fn elsewhere(dir: &std::path::Path) -> (tempfile::TempDir, Result<Log, LogError>) {
    let other = tempfile::tempdir().unwrap();
    let options = LogOptions { server: server(dir), ..LogOptions::new(support::ORIGIN) };
    let opened = Log::open(&other.path().join("log"), key(dir), options).await.map(|(log, _)| log);
    (other, opened)
}

/// Ends all connections of the log, as an administrator would.
fn cut(dir: &std::path::Path) {
    let server = server(dir).unwrap();
    let statement = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'asepsis {} log'",
        server.schema()
    );
    let ended: u32 = postgres::shared().unwrap().sql(server.schema(), &statement).parse().unwrap();
    assert!(ended > 0);
}

/// Waits for what happens elsewhere.
async fn soon(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn c23_a_second_gateway_is_refused_and_told_who_holds_the_log() {
    let Some(dir) = folder(true) else { return };
    let (log, _) = open(dir.path()).await;
    fill(&log, 4).await;
    let (_other, second) = elsewhere(dir.path()).await;
    let refused = second.unwrap_err();
    assert!(matches!(refused, LogError::Leased { .. }), "{refused}");
    let told = refused.to_string();
    assert!(told.contains(&format!("process {}", std::process::id())) && told.contains("since 20"), "{told}");
    assert!(!told.contains(postgres::PASSWORD) && !told.contains(postgres::USER), "{told}");
    fill(&log, 2).await;
    log.close().await.unwrap();
    // The next one takes it over, with all that is there.
    let (other, second) = elsewhere(dir.path()).await;
    let second = second.unwrap();
    fill(&second, 2).await;
    second.close().await.unwrap();
    let place = LogPlace { dir: other.path().join("log"), server: server(dir.path()) };
    let report = verify(&place, VerifyOptions::default()).await.unwrap();
    assert!(report.is_sound() && report.size == 8, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn c23_a_writer_whose_connection_is_ended_stops_says_so_and_has_lost_nothing() {
    let Some(dir) = folder(true) else { return };
    let (log, _) = open(dir.path()).await;
    fill(&log, 10).await;
    cut(dir.path());
    soon("the writer does not notice", || !log.is_healthy()).await;
    let refused = log.append(&event(ExchangeId::now(), Phase::Intent)).await.unwrap_err();
    assert!(matches!(refused, LogError::Stopped(_)), "{refused}");
    assert!(refused.to_string().contains("cut"), "{refused}");
    assert_eq!(log.size(), 10);
    log.close().await.unwrap();
    let (log, recovery) = open(dir.path()).await;
    assert_eq!(recovery.size, 10);
    fill(&log, 2).await;
    log.close().await.unwrap();
    assert!(verify(&log_in(dir.path()), VerifyOptions::default()).await.unwrap().is_sound());
}

#[tokio::test(flavor = "multi_thread")]
async fn c23_a_writer_that_was_taken_over_without_noticing_appends_nothing() {
    let Some(dir) = folder(true) else { return };
    let (log, _) = open(dir.path()).await;
    fill(&log, 4).await;
    // Another has taken the lease, as where the lock was lost to a server that was restored or failed over.
    sql(dir.path(), "UPDATE logs SET epoch = epoch + 1").await;
    let refused = log.append(&event(ExchangeId::now(), Phase::Intent)).await.unwrap_err();
    assert!(refused.to_string().contains("another writer has taken this log over"), "{refused}");
    assert!(!log.is_healthy());
    assert_eq!(log.size(), 4);
    log.close().await.unwrap();
    let (log, recovery) = open(dir.path()).await;
    assert_eq!(recovery.size, 4);
    log.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_a_server_that_refuses_a_row_stops_the_log_for_good() {
    let Some(dir) = folder(true) else { return };
    let (log, _) = open(dir.path()).await;
    fill(&log, 4).await;
    let refuse = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
                  $$ BEGIN RAISE EXCEPTION 'dr.secret' USING ERRCODE = '53100'; END $$; \
                  CREATE TRIGGER full_disk BEFORE INSERT ON log_entries FOR EACH ROW EXECUTE FUNCTION refuse()";
    sql(dir.path(), refuse).await;
    let exchange = ExchangeId::now();
    let refused = log.append(&event(exchange, Phase::Intent)).await.unwrap_err();
    assert!(refused.to_string().contains("the server's disk is full, make room"), "{refused}");
    assert!(!refused.to_string().contains("dr.secret"), "{refused}");
    let report = verify(&log_in(dir.path()), VerifyOptions::default()).await.unwrap();
    assert!(report.findings.iter().any(|f| f.what.contains("somebody added the trigger `full_disk`")), "{report:?}");
    sql(dir.path(), "DROP TRIGGER full_disk ON log_entries").await;
    assert!(matches!(log.append(&event(exchange, Phase::Intent)).await, Err(LogError::Stopped(_))));
    log.close().await.unwrap();
    let (log, recovery) = open(dir.path()).await;
    assert_eq!(recovery.size, 4);
    assert_eq!(log.append(&event(exchange, Phase::Intent)).await.unwrap(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn c23_logs_share_a_server_and_know_nothing_of_each_other() {
    let Some(dir) = folder(true) else { return };
    let (log, _) = open(dir.path()).await;
    let other_key = LogKey::generate("log.example/other").unwrap();
    let options = LogOptions { server: server(dir.path()), ..LogOptions::new("log.example/other") };
    let (other, recovery) = Log::open(&dir.path().join("other"), other_key, options).await.unwrap();
    assert_eq!(recovery.size, 0);
    fill(&log, 6).await;
    fill(&other, 20).await;
    assert_eq!((log.size(), other.size()), (6, 20));
    // The same event in both is an entry of each.
    let same = event(ExchangeId::now(), Phase::Intent);
    assert_eq!((log.append(&same).await.unwrap(), other.append(&same).await.unwrap()), (6, 20));
    log.close().await.unwrap();
    other.close().await.unwrap();
    let place = LogPlace { dir: dir.path().join("other"), server: server(dir.path()) };
    for (place, size) in [(log_in(dir.path()), 7), (place, 21)] {
        let report = verify(&place, VerifyOptions::default()).await.unwrap();
        assert!(report.is_sound() && report.size == size, "{report:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c23_a_log_that_the_server_does_not_have_and_a_newer_layout_are_told() {
    let Some(dir) = folder(true) else { return };
    let (log, _) = open(dir.path()).await;
    log.close().await.unwrap();
    sql(dir.path(), "UPDATE logs SET origin = 'log.example/another'").await;
    let missing = verify(&log_in(dir.path()), VerifyOptions::default()).await.unwrap_err();
    assert!(missing.to_string().contains("there is no log log.example/test"), "{missing}");
    sql(dir.path(), "UPDATE layout SET number = 99").await;
    for refused in [
        try_open(dir.path()).await.unwrap_err(),
        verify(&log_in(dir.path()), VerifyOptions::default()).await.unwrap_err(),
    ] {
        assert!(refused.to_string().contains("run the newer version"), "{refused}");
        assert!(!refused.to_string().contains(postgres::PASSWORD), "{refused}");
    }
    sql(dir.path(), "UPDATE layout SET number = 0").await;
    let older = verify(&log_in(dir.path()), VerifyOptions::default()).await.unwrap_err();
    assert!(older.to_string().contains("open it once with this version"), "{older}");
}

/// Kills the whole server with SIGKILL again and again while entries are appended: what was acknowledged is there, once, and
/// what was asked for again after a lost answer is not there twice.
#[tokio::test(flavor = "multi_thread")]
async fn c23_a_server_that_is_killed_has_lost_no_acknowledged_entry_and_has_none_twice() {
    let Some(mut postgres) = Postgres::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let settings = || ServerSettings {
        url: postgres.url(),
        password: Some(postgres::PASSWORD.to_owned().into()),
        schema: "asepsis".to_owned(),
        ..ServerSettings::default()
    };
    let server = Server::new(settings()).unwrap();
    let options = || LogOptions { server: Some(server.clone()), ..LogOptions::new(support::ORIGIN) };
    let mut acknowledged = Vec::new();
    let mut in_doubt: Vec<asepsis_vocab::AuditEvent> = Vec::new();
    for round in 0..4_u64 {
        let (log, recovery) = Log::open(&dir.path().join("log"), key(dir.path()), options()).await.unwrap();
        assert!(recovery.size >= acknowledged.len() as u64);
        // The answer was lost: asked for again, each has one place.
        for event in in_doubt.drain(..) {
            let index = log.append(&event).await.unwrap();
            acknowledged.push((index, event));
        }
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let log = log.clone();
            tasks.spawn(async move {
                let mut done = Vec::new();
                loop {
                    let event = event(ExchangeId::now(), Phase::Outcome);
                    match log.append(&event).await {
                        Ok(index) => done.push((index, event)),
                        Err(LogError::Stopped(_)) => return (done, event),
                        Err(other) => panic!("{other}"),
                    }
                }
            });
        }
        tokio::time::sleep(Duration::from_millis(200 + 70 * round)).await;
        postgres.kill();
        for (done, doubt) in tasks.join_all().await {
            acknowledged.extend(done);
            in_doubt.push(doubt);
        }
        assert!(!log.is_healthy());
        drop(log);
        postgres.run();
    }
    let (log, _) = Log::open(&dir.path().join("log"), key(dir.path()), options()).await.unwrap();
    let mut seen = std::collections::HashSet::new();
    for (index, event) in &acknowledged {
        let entry = log.read(*index..index + 1).await.unwrap().remove(0);
        assert_eq!(entry.bytes, serde_json::to_vec(event).unwrap(), "entry {index}");
        assert!(seen.insert(*index));
    }
    assert!(acknowledged.len() > 40, "{} entries", acknowledged.len());
    log.close().await.unwrap();
    let place = LogPlace { dir: dir.path().join("log"), server: Some(server) };
    assert!(verify(&place, VerifyOptions::default()).await.unwrap().is_sound());
}
