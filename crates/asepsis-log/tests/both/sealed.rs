//! Sealed payloads: stored with their entries, vouched for by them, and erased so that all proofs stay.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;

use asepsis_log::proof::TlogProof;
use asepsis_log::verify::{Place, Report, VerifyOptions, verify};
use asepsis_log::{Log, LogError, MAX_PAYLOAD_BYTES, SealedPayload, act_event};
use asepsis_vocab::{Act, ActKind, ExchangeId, Phase};

use super::ON_SERVER;
use crate::support::{event, folder, log_in, open, sql};

fn payload(key: &str, bytes: &[u8]) -> SealedPayload {
    SealedPayload { key: key.to_owned(), bytes: bytes.to_owned() }
}

async fn append(log: &Log, key: &str, bytes: &[u8]) -> u64 {
    log.append_sealed(&event(ExchangeId::now(), Phase::Outcome), payload(key, bytes)).await.unwrap()
}

async fn shred(log: &Log, key: &str) -> u64 {
    let basis = Some("Art. 17 GDPR".to_owned());
    let act = Act { kind: ActKind::Shred, target: Some(key.to_owned()), basis, figures: BTreeMap::new() };
    log.append(&act_event(act, "test", None)).await.unwrap()
}

async fn check(dir: &Path) -> Report {
    verify(&log_in(dir), VerifyOptions::default()).await.unwrap()
}

/// Ten payloads under two keys between entries without.
async fn made() -> Option<tempfile::TempDir> {
    let dir = folder(ON_SERVER)?;
    let (log, _) = open(dir.path()).await;
    for at in 0..10_u8 {
        log.append(&event(ExchangeId::now(), Phase::Outcome)).await.unwrap();
        append(&log, ["k-even", "k-odd"][usize::from(at % 2)], &[at; 1000]).await;
    }
    log.close().await.unwrap();
    Some(dir)
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_a_payload_is_durable_with_its_entry_and_comes_back_as_it_was() {
    let Some(dir) = folder(ON_SERVER) else { return };
    let (log, _) = open(dir.path()).await;
    let exchange = ExchangeId::now();
    let intent = event(exchange, Phase::Intent);
    let sealed = payload("k1", b"ciphertext");
    assert_eq!(log.append_sealed(&intent, sealed.clone()).await.unwrap(), 0);
    assert_eq!(log.append_sealed(&intent, sealed.clone()).await.unwrap(), 0, "the same again");
    let other = log.append_sealed(&intent, payload("k1", b"something else")).await;
    assert!(matches!(other, Err(LogError::Conflict)));
    log.close().await.unwrap();
    let (log, _) = open(dir.path()).await;
    assert_eq!(log.payload(0).await.unwrap(), Some(sealed.clone()));
    assert_eq!(log.payload(1).await.unwrap(), None);
    let stored: serde_json::Value = serde_json::from_slice(&log.read(0..1).await.unwrap()[0].bytes).unwrap();
    assert_eq!(stored["payload"], serde_json::to_value(sealed.reference()).unwrap());
    let report = check(dir.path()).await;
    assert!(report.is_sound() && report.payloads == 1, "{report:?}");
    assert!(!format!("{sealed:?}").contains("ciphertext"));
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_payloads_over_the_limit_or_without_a_key_are_refused_and_nothing_else() {
    let Some(dir) = folder(ON_SERVER) else { return };
    let (log, _) = open(dir.path()).await;
    let intent = event(ExchangeId::now(), Phase::Intent);
    let long = payload("k", &vec![0; MAX_PAYLOAD_BYTES + 1]);
    assert!(matches!(log.append_sealed(&intent, long).await, Err(LogError::PayloadTooLong { bytes: 4_194_305 })));
    for key in [String::new(), "k".repeat(129), "two words".to_owned(), "k\u{e9}".to_owned()] {
        assert!(matches!(log.append_sealed(&intent, payload(&key, b"x")).await, Err(LogError::KeyId)), "{key}");
    }
    let mut named = intent.clone();
    named.payload = Some(payload("k", b"another").reference());
    assert!(matches!(log.append_sealed(&named, payload("k", b"x")).await, Err(LogError::OtherPayload)));
    assert!(matches!(log.append(&named).await, Err(LogError::OtherPayload)), "without the payload itself");
    assert_eq!(append(&log, "k", &vec![7; MAX_PAYLOAD_BYTES]).await, 0);
    // More than may wait at once: they wait for room, and all come in.
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..24 {
        let log = log.clone();
        tasks.spawn(async move { append(&log, "k", &vec![7; MAX_PAYLOAD_BYTES]).await });
    }
    assert_eq!(tasks.join_all().await.len(), 24);
    log.close().await.unwrap();
    assert_eq!(check(dir.path()).await.payloads, 25);
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_a_changed_swapped_missing_added_or_oversized_payload_is_named() {
    let changes = [
        ("UPDATE payloads SET sealed = x'00' WHERE idx = 3", 3),
        ("UPDATE payloads SET sealed = zeroblob(1000) WHERE idx = 3", 3),
        ("UPDATE payloads SET key = 'k-even' WHERE idx = 3", 3),
        (
            "UPDATE payloads SET idx = -1 WHERE idx = 5; UPDATE payloads SET idx = 5 WHERE idx = 7; \
          UPDATE payloads SET idx = 7 WHERE idx = -1",
            5,
        ),
        ("DELETE FROM payloads WHERE idx = 9", 9),
        ("INSERT INTO payloads VALUES (4, 'k', x'00')", 4),
        ("UPDATE payloads SET sealed = zeroblob(50000000) WHERE idx = 1", 1),
    ];
    for (change, index) in changes {
        let Some(dir) = made().await else { return };
        assert!(check(dir.path()).await.is_sound());
        sql(dir.path(), change).await;
        let report = check(dir.path()).await;
        let named = report.findings.iter().any(|fault| fault.place == Place::EntryField(index, "payload"));
        assert!(named, "{change}: {report:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_a_shredded_payload_may_go_every_proof_stays_and_the_entry_that_erased_it_is_named() {
    let Some(dir) = made().await else { return };
    let (log, _) = open(dir.path()).await;
    let by = shred(&log, "k-odd").await;
    log.checkpoint().await.unwrap();
    let report = check(dir.path()).await;
    assert!(report.is_sound() && report.shredded.is_empty(), "{report:?}");
    assert_eq!((report.payloads, report.left_sealed), (10, 5));

    assert!(matches!(log.delete_shredded(0).await, Err(LogError::NotShredded { index: 0 })));
    assert!(matches!(log.delete_shredded(1000).await, Err(LogError::NotShredded { .. })));
    let entries = log.read(0..100).await.unwrap();
    assert_eq!(log.delete_shredded(by).await.unwrap(), 5);
    assert_eq!(log.delete_shredded(by).await.unwrap(), 0);
    let report = check(dir.path()).await;
    assert!(report.is_sound(), "{report:?}");
    assert_eq!((report.payloads, report.left_sealed, report.shredded.len()), (5, 0, 1));
    let shredded = &report.shredded[0];
    assert_eq!((shredded.by, shredded.first, shredded.payloads, shredded.key.as_str()), (by, 3, 5, "k-odd"));
    for entry in &entries {
        TlogProof::of_entry(&dir.path().join("log"), entry.index).unwrap().check(&entry.bytes).unwrap();
    }

    // What the act does not speak of, and what came after it, may not go.
    let late = append(&log, "k-odd", b"after the key was destroyed").await;
    log.checkpoint().await.unwrap();
    assert_eq!(log.delete_shredded(by).await.unwrap(), 0);
    sql(dir.path(), &format!("DELETE FROM payloads WHERE idx IN (1, {late})")).await;
    let report = check(dir.path()).await;
    for index in [1, 3] {
        assert!(report.findings.iter().any(|f| f.place == Place::EntryField(index, "payload")), "{index}: {report:?}");
    }
}
