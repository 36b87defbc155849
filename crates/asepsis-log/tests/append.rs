//! Appending: durable, grouped, idempotent, and stopped for good when it cannot be.
#![allow(clippy::unwrap_used)]

mod support;

use asepsis_log::verify::{VerifyOptions, verify};
use asepsis_log::{Log, LogError, LogOptions};
use asepsis_vocab::{ExchangeId, Phase};
use support::{event, fill, key, open, sql};

#[tokio::test]
async fn r27_a_failed_write_stops_the_log_for_good() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = open(dir.path()).await;
    fill(&log, 4).await;
    // The database refuses, as a full disk would, and then would take entries again.
    sql(dir.path(), "CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(FAIL, 'disk full'); END").await;
    let exchange = ExchangeId::now();
    let refused = log.append(&event(exchange, Phase::Intent)).await.unwrap_err();
    assert!(refused.to_string().contains("the log is stopped, nothing may leave"), "{refused}");
    sql(dir.path(), "DROP TRIGGER full").await;
    assert!(matches!(log.append(&event(exchange, Phase::Intent)).await, Err(LogError::Stopped(_))));
    assert!(matches!(log.clone().append(&event(exchange, Phase::Outcome)).await, Err(LogError::Stopped(_))));
    assert!(!log.is_healthy());
    assert_eq!(log.size(), 4);
    log.close().await.unwrap();
    let (log, recovery) = open(dir.path()).await;
    assert_eq!(recovery.size, 4);
    assert_eq!(log.append(&event(exchange, Phase::Intent)).await.unwrap(), 4);
}

#[tokio::test]
async fn c23_a_log_of_the_first_layout_goes_on_and_one_of_a_newer_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = open(dir.path()).await;
    fill(&log, 300).await;
    log.close().await.unwrap();
    // As it was before there were payloads.
    sql(dir.path(), "DROP TABLE payloads; PRAGMA user_version = 1").await;
    let old = verify(&dir.path().join("log"), VerifyOptions::default()).await.unwrap_err();
    assert!(old.to_string().contains("open it once with this version"), "{old}");
    let (log, recovery) = open(dir.path()).await;
    assert_eq!(recovery.size, 300);
    fill(&log, 2).await;
    log.close().await.unwrap();
    assert!(verify(&dir.path().join("log"), VerifyOptions::default()).await.unwrap().is_sound());
    sql(dir.path(), "PRAGMA user_version = 99").await;
    let newer =
        Log::open(&dir.path().join("log"), key(dir.path()), LogOptions::new(support::ORIGIN)).await.unwrap_err();
    assert!(newer.to_string().contains("run the newer version"), "{newer}");
}
