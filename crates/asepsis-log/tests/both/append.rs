//! Appending: durable, grouped, idempotent, and stopped for good when it cannot be.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use asepsis_log::LogError;
use asepsis_log::search::{self, Query};
use asepsis_log::verify::{VerifyOptions, verify};
use asepsis_vocab::{ExchangeId, Phase};

use super::ON_SERVER;
use crate::support::{ORIGIN, event, fill, folder, log_in, open, sql, try_open};

#[tokio::test(flavor = "multi_thread")]
async fn r27_a_thousand_writers_share_commits_and_every_entry_has_its_place() {
    let Some(dir) = folder(ON_SERVER) else { return };
    let (log, recovery) = open(dir.path()).await;
    assert_eq!((recovery.size, recovery.unfinished.len()), (0, 0));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..1000 {
        let log = log.clone();
        tasks.spawn(async move { log.append(&event(ExchangeId::now(), Phase::Outcome)).await.unwrap() });
    }
    let mut indexes = tasks.join_all().await;
    indexes.sort_unstable();
    assert!(indexes.into_iter().eq(0..1000));
    assert_eq!((log.size(), log.stats().appended), (1000, 1000));
    assert!(log.stats().commits < 200, "{} commits", log.stats().commits);
    let read = log.read(10..20).await.unwrap();
    assert_eq!((read.len(), read[0].index), (10, 10));
    log.close().await.unwrap();
    let report = verify(&log_in(dir.path()), VerifyOptions::default()).await.unwrap();
    assert!(report.is_sound() && report.is_complete(), "{report:?}");
    assert_eq!((report.size, report.unsigned_tail), (1000, 0));
}

#[tokio::test]
async fn c23_the_same_event_again_has_the_index_that_it_had() {
    let Some(dir) = folder(ON_SERVER) else { return };
    let (log, _) = open(dir.path()).await;
    let exchange = ExchangeId::now();
    let intent = event(exchange, Phase::Intent);
    assert_eq!(log.append(&intent).await.unwrap(), 0);
    assert_eq!(log.append(&event(exchange, Phase::Outcome)).await.unwrap(), 1);
    assert_eq!(log.append(&intent).await.unwrap(), 0);
    let mut other = intent.clone();
    other.interface = "anthropic.messages".into();
    assert!(matches!(log.append(&other).await, Err(LogError::Conflict)));
    // A batch with a repetition in it stores the rest.
    let fresh: Vec<_> = (0..20).map(|_| event(ExchangeId::now(), Phase::Outcome)).collect();
    let appends = fresh.iter().chain([&intent]).chain(&fresh[..1]).map(|event| log.append(event));
    let indexes: Vec<_> = futures(appends).await.into_iter().map(Result::unwrap).collect();
    assert_eq!((indexes[20], indexes[21]), (0, indexes[0]));
    assert_eq!(log.size(), 22);
    assert!(log.is_healthy());
}

#[tokio::test]
async fn r27_an_entry_too_long_for_a_bundle_is_refused_and_nothing_else() {
    let Some(dir) = folder(ON_SERVER) else { return };
    let (log, _) = open(dir.path()).await;
    let mut long = event(ExchangeId::now(), Phase::Intent);
    long.versions.push(("x".repeat(66_000).into(), "".into()));
    assert!(matches!(log.append(&long).await, Err(LogError::TooLong { bytes: 65_536.. })));
    log.append(&event(ExchangeId::now(), Phase::Intent)).await.unwrap();
}

#[test]
fn c23_what_was_acknowledged_survives_a_log_that_is_dropped_without_close() {
    let Some(dir) = folder(ON_SERVER) else { return };
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let intent = ExchangeId::now();
    let first = runtime();
    first.block_on(async {
        let (log, _) = open(dir.path()).await;
        fill(&log, 300).await;
        log.append(&event(intent, Phase::Intent)).await.unwrap();
    });
    // As a crash: no task gets to the end of what it does.
    first.shutdown_background();
    runtime().block_on(async {
        let (log, recovery) = open(dir.path()).await;
        assert_eq!(recovery.size, 301);
        assert_eq!(recovery.unfinished, [intent]);
        let report = verify(&log_in(dir.path()), VerifyOptions::default()).await.unwrap();
        assert!(report.is_sound(), "{report:?}");
        assert_eq!((report.size, report.unfinished), (301, vec![intent]));
        log.append(&event(intent, Phase::Outcome)).await.unwrap();
        log.close().await.unwrap();
        let (_, recovery) = open(dir.path()).await;
        assert_eq!((recovery.size, recovery.unfinished.len()), (302, 0));
    });
}

#[tokio::test]
async fn c23_a_directory_has_one_writer() {
    let Some(dir) = folder(ON_SERVER) else { return };
    let (log, _) = open(dir.path()).await;
    let second = try_open(dir.path()).await;
    assert!(matches!(second.unwrap_err(), LogError::Locked { .. }));
    log.close().await.unwrap();
    open(dir.path()).await;
}

#[tokio::test]
async fn c23_a_second_writer_that_gets_around_the_lock_stops_the_first_and_neither_is_overwritten() {
    let Some(dir) = folder(ON_SERVER) else { return };
    let (log, _) = open(dir.path()).await;
    fill(&log, 4).await;
    let foreign = event(ExchangeId::now(), Phase::Outcome);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let (id, bytes) = (hex(foreign.exchange.as_bytes()), hex(&serde_json::to_vec(&foreign).unwrap()));
    sql(dir.path(), &format!("INSERT INTO entries VALUES (4, x'{id}01', x'{bytes}')")).await;
    let refused = log.append(&event(ExchangeId::now(), Phase::Outcome)).await.unwrap_err();
    assert!(matches!(refused, LogError::Stopped(_)), "{refused}");
    assert!(refused.to_string().contains("another writer has appended to this log"), "{refused}");
    assert!(!log.is_healthy());
    log.close().await.unwrap();
    let (log, recovery) = open(dir.path()).await;
    assert_eq!(recovery.size, 5);
    assert_eq!(log.append(&event(ExchangeId::now(), Phase::Outcome)).await.unwrap(), 5);
    log.close().await.unwrap();
    let report = verify(&log_in(dir.path()), VerifyOptions::default()).await.unwrap();
    assert!(report.is_sound() && report.entries == 6, "{report:?}");
}

#[tokio::test]
async fn r27_a_checkpoint_follows_within_the_time_that_was_set() {
    let Some(dir) = folder(ON_SERVER) else { return };
    let (log, _) = open(dir.path()).await;
    log.append(&event(ExchangeId::now(), Phase::Outcome)).await.unwrap();
    let mut waited = 0;
    loop {
        let text = std::fs::read_to_string(dir.path().join("log/checkpoint")).unwrap();
        if text.starts_with(&format!("{ORIGIN}\n1\n")) {
            break;
        }
        waited += 1;
        assert!(waited < 300, "no checkpoint in 3 seconds: {text}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(log.checkpoint().await.unwrap().size, 1);
}

#[tokio::test]
async fn r27_entries_are_found_by_what_they_record() {
    let Some(dir) = folder(ON_SERVER) else { return };
    let (log, _) = open(dir.path()).await;
    fill(&log, 2100).await;
    let exchange = ExchangeId::now();
    let mut mine = event(exchange, Phase::Intent);
    mine.time = "2024-11-23T00:00:00.000Z".into();
    mine.actor.as_mut().unwrap().user = "dr.b".into();
    log.append(&mine).await.unwrap();
    let in_dir = log_in(dir.path());
    for query in [
        Query { exchange: Some(exchange), ..Query::default() },
        Query { user: Some("dr.b".into()), ..Query::default() },
        Query { from: Some("2024-11-23".into()), ..Query::default() },
        Query { last: Some(1), ..Query::default() },
    ] {
        let hits = search::search(&in_dir, &query).await.unwrap();
        assert_eq!(hits.len(), 1, "{query:?}");
        assert_eq!((hits[0].index, &hits[0].event), (2100, &mine));
        assert_eq!(log.search(&query).await.unwrap(), hits);
    }
    let outcomes = Query { status: Some("completed".into()), until: Some("2024-11-23".into()), ..Query::default() };
    assert_eq!(log.search(&outcomes).await.unwrap().len(), 1050);
    let mut counted = 0;
    search::for_each(&in_dir, &outcomes, |_| {
        counted += 1;
        true
    })
    .await
    .unwrap();
    assert_eq!(counted, 1050);
    assert!(log.search(&Query { system: Some("none".into()), ..Query::default() }).await.unwrap().is_empty());
}

/// Polls all together, in order.
async fn futures<F: Future>(all: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut all: Vec<_> = all.into_iter().map(|f| (Box::pin(f), None)).collect();
    std::future::poll_fn(move |context| {
        for (future, done) in &mut all {
            if done.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
            {
                *done = Some(value);
            }
        }
        if all.iter().all(|(_, done)| done.is_some()) {
            std::task::Poll::Ready(all.drain(..).filter_map(|(_, done)| done).collect())
        } else {
            std::task::Poll::Pending
        }
    })
    .await
}
