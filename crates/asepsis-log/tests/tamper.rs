//! What of the tamper matrix takes a copy of the whole directory: rollbacks, and the insider.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;

use asepsis_log::verify::{Place, Report, VerifyOptions, verify};
use support::{copy, fill, key, made, open, sql};

async fn check(dir: &Path, pin: Option<String>) -> Report {
    let keys: Vec<String> = key(dir).verifier_keys().iter().map(ToString::to_string).collect();
    verify(&dir.join("log"), VerifyOptions { vkey: Some(keys.join("\n")), pin, ..VerifyOptions::default() })
        .await
        .unwrap()
}

fn names(report: &Report, place: &Place) -> bool {
    report.findings.iter().any(|fault| fault.place == *place)
}

fn checkpoint(dir: &Path) -> String {
    fs::read_to_string(dir.join("log/checkpoint")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_a_rollback_is_seen_with_a_pin_and_only_with_one() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = open(dir.path()).await;
    fill(&log, 20).await;
    log.close().await.unwrap();
    let old = tempfile::tempdir().unwrap();
    copy(dir.path(), old.path());
    let (log, _) = open(dir.path()).await;
    fill(&log, 10).await;
    log.close().await.unwrap();
    let pin = checkpoint(dir.path());
    assert!(check(dir.path(), Some(pin.clone())).await.is_sound());

    assert!(check(old.path(), None).await.is_sound(), "nothing in the directory tells a rollback");
    let report = check(old.path(), Some(pin)).await;
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.findings[0].place, Place::Field("pin".into(), "size"));
    assert_eq!(report.findings[0].what, "the log shrank 30 -> 20");
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_who_holds_the_key_cannot_rewrite_or_shorten_what_was_pinned() {
    let dir = made(30).await;
    let pin = checkpoint(dir.path());
    let start_over = |dir: &Path| {
        fs::remove_dir_all(dir.join("log/tile")).unwrap();
        fs::remove_file(dir.join("log/checkpoint")).unwrap();
    };
    let rewritten = tempfile::tempdir().unwrap();
    copy(dir.path(), rewritten.path());
    let rewrite = "UPDATE entries SET bytes = CAST(replace(CAST(bytes AS TEXT), 'dr.a', 'dr.b') AS BLOB) WHERE idx = 3";
    sql(rewritten.path(), rewrite).await;
    start_over(rewritten.path());
    let (log, _) = open(rewritten.path()).await;
    fill(&log, 5).await;
    log.close().await.unwrap();
    assert!(check(rewritten.path(), None).await.is_sound());
    let report = check(rewritten.path(), Some(pin.clone())).await;
    assert!(names(&report, &Place::Field("pin".into(), "root")), "{report:?}");

    sql(dir.path(), "DELETE FROM entries WHERE idx >= 20").await;
    start_over(dir.path());
    open(dir.path()).await.0.close().await.unwrap();
    assert!(check(dir.path(), None).await.is_sound());
    let report = check(dir.path(), Some(pin)).await;
    assert_eq!(report.findings[0].what, "the log shrank 30 -> 20", "{report:?}");
}
