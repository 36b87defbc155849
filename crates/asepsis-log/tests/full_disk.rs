//! A disk that is full, and one that cannot be written: the log stops for good and says so, nothing acknowledged is lost, and
//! when the cause is gone it goes on.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod support;

use asepsis_log::verify::{VerifyOptions, verify};
use asepsis_log::{Log, LogError, LogOptions};
use asepsis_vocab::{ExchangeId, Phase};
use support::disk::Disk;
use support::{ORIGIN, event, fill, key, open};

#[tokio::test(flavor = "multi_thread")]
async fn r10_a_full_disk_stops_the_log_loudly_and_loses_nothing() {
    let Some(disk) = Disk::new(12) else { return };
    let dir = disk.mounted();
    let (log, _) = open(&dir).await;
    let ballast = dir.join("ballast");
    fill(&log, 100).await;
    std::fs::write(&ballast, vec![1; 4 << 20]).unwrap();
    let mut acknowledged = Vec::new();
    let stopped = loop {
        let exchange = ExchangeId::now();
        match log.append(&event(exchange, Phase::Intent)).await {
            Ok(_) => acknowledged.push(exchange),
            Err(error) => break error,
        }
        assert!(acknowledged.len() < 1_000_000, "the disk of 12 MiB does not get full");
    };
    assert!(!acknowledged.is_empty());
    assert!(matches!(stopped, LogError::Stopped(_)), "{stopped}");
    assert!(stopped.to_string().contains("nothing may leave"), "{stopped}");
    assert!(!log.is_healthy());
    // Room alone does not make it go on: a commit failed, and who knows what is on disk.
    std::fs::remove_file(&ballast).unwrap();
    assert!(matches!(log.append(&event(ExchangeId::now(), Phase::Intent)).await, Err(LogError::Stopped(_))));
    log.close().await.ok();

    let (log, recovery) = open(&dir).await;
    assert!(acknowledged.iter().all(|exchange| recovery.unfinished.contains(exchange)));
    fill(&log, 10).await;
    log.close().await.unwrap();
    let report = verify(&dir.join("log"), VerifyOptions::default()).await.unwrap();
    assert!(report.is_sound() && report.entries >= 110 + acknowledged.len() as u64, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_a_file_system_that_cannot_be_written_is_refused_by_name_and_can_be_verified() {
    let Some(disk) = Disk::new(12) else { return };
    let dir = disk.mounted();
    let (log, _) = open(&dir).await;
    fill(&log, 300).await;
    log.close().await.unwrap();
    disk.read_only();
    let refused = Log::open(&dir.join("log"), key(&dir), LogOptions::new(ORIGIN)).await.unwrap_err();
    let said = refused.to_string();
    assert!(said.contains("/log/") && said.to_lowercase().contains("read-only"), "{said}");
    let report = verify(&dir.join("log"), VerifyOptions::default()).await.unwrap();
    assert!(report.is_sound() && report.entries == 300, "{report:?}");
}
