//! Retention: only by a written policy, only in whole segments, recorded, and what stays still verifies.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use asepsis_log::proof::{Consistency, TlogProof};
use asepsis_log::verify::{Place, Report, VerifyOptions, verify};
use asepsis_log::{LogError, Retention};
use asepsis_vocab::{ExchangeId, Phase};
use time::{Date, Month};

use super::ON_SERVER;
use crate::support::{event, folder, log_in, open, sql, try_open};

fn policy() -> Retention {
    Retention::parse("keep 6 years\nbasis 45 CFR 164.316(b)(2)(i)\n").unwrap()
}

fn day(year: i32) -> Date {
    Date::from_calendar_date(year, Month::January, 1).unwrap()
}

/// A log with so many entries of 2010, of 2012, and of the time of the tests.
async fn made(old: u64, later: u64, young: u64) -> Option<tempfile::TempDir> {
    let dir = folder(ON_SERVER)?;
    let (log, _) = open(dir.path()).await;
    for (time, count) in [("2010-06-01", old), ("2012-06-01", later), ("2024-11-22", young)] {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..count {
            let mut event = event(ExchangeId::now(), Phase::Outcome);
            event.time = format!("{time}T08:30:00.000Z");
            let log = log.clone();
            tasks.spawn(async move { log.append(&event).await.unwrap() });
        }
        tasks.join_all().await;
    }
    log.close().await.unwrap();
    Some(dir)
}

async fn check(dir: &Path, pin: Option<String>) -> Report {
    verify(&log_in(dir), VerifyOptions { pin, ..VerifyOptions::default() }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_old_segments_go_by_the_policy_and_what_stays_verifies_with_all_its_anchors() {
    let Some(dir) = made(600, 300, 200).await else { return };
    let in_log = dir.path().join("log");
    let pin = fs::read_to_string(in_log.join("checkpoint")).unwrap();
    let (log, _) = open(dir.path()).await;
    let kept = log.read(512..1100).await.unwrap();
    let look = log.prune(&policy(), day(2012), None, true).await.unwrap();
    assert_eq!((look.entries, look.minimum, look.by), (512, 512, None));
    assert!(check(dir.path(), None).await.pruned == 0, "looking changes nothing");

    let pruned = log.prune(&policy(), day(2012), None, false).await.unwrap();
    assert_eq!((pruned.entries, pruned.minimum, pruned.by), (512, 512, Some(1100)));
    let report = check(dir.path(), Some(pin)).await;
    assert!(report.is_sound(), "{report:?}");
    assert_eq!((report.pruned, report.pruned_by, report.entries, report.size), (512, Some(1100), 589, 1101));
    assert!(!in_log.join("tile/entries/001").exists() && in_log.join("tile/entries/002").exists());
    assert!(in_log.join("tile/0/000").exists(), "the tiles stay");
    // C2SP tlog-tiles: entries from the minimum index on, proofs of them, and growth between sizes above it.
    for entry in &kept {
        TlogProof::of_entry(&in_log, entry.index).unwrap().check(&entry.bytes).unwrap();
    }
    for old in [512, 700, 1100] {
        Consistency::since(&in_log, old).unwrap();
    }
    let again = log.prune(&policy(), day(2012), None, false).await.unwrap();
    assert_eq!((again.entries, again.by), (0, None), "nothing more");
    log.close().await.unwrap();

    // It opens again, goes on, and lets go of the next segment later.
    let (log, recovery) = open(dir.path()).await;
    assert_eq!(recovery.size, 1101);
    let more = log.prune(&policy(), day(2013), None, false).await.unwrap();
    assert_eq!((more.entries, more.minimum), (256, 768));
    log.close().await.unwrap();
    let report = check(dir.path(), None).await;
    assert!(report.is_sound() && report.pruned == 768, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_without_a_policy_or_against_it_nothing_goes() {
    let Some(dir) = made(300, 0, 10).await else { return };
    let in_log = dir.path().join("log");
    assert!(matches!(Retention::read(&in_log), Err(LogError::NoRetention { .. })));
    fs::write(in_log.join("retention"), "keep 6 years\n").unwrap();
    assert!(matches!(Retention::read(&in_log), Err(LogError::NoRetention { .. })), "without a basis");
    fs::write(in_log.join("retention"), "keep 6 years\nbasis law\n").unwrap();
    let policy = Retention::read(&in_log).unwrap();
    let (log, _) = open(dir.path()).await;
    let tomorrow = time::OffsetDateTime::now_utc().date().next_day().unwrap();
    let refused = log.prune(&policy, policy.kept_from(tomorrow), None, false).await;
    assert!(matches!(refused, Err(LogError::Retention { .. })));
    assert_eq!(log.size(), 310);
    // An exchange without end keeps its intent, whatever its age.
    let Some(dir) = folder(ON_SERVER) else { return };
    let (log, _) = open(dir.path()).await;
    for phase in [Phase::Intent; 600] {
        let mut event = event(ExchangeId::now(), phase);
        event.time = "2010-06-01T08:30:00.000Z".to_owned();
        log.append(&event).await.unwrap();
    }
    assert_eq!(log.prune(&policy, day(2012), None, false).await.unwrap().entries, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_entries_that_are_gone_beyond_what_was_recorded_are_named() {
    // Nothing was pruned, and the beginning is gone.
    let Some(dir) = made(600, 0, 10).await else { return };
    sql(dir.path(), "DELETE FROM entries WHERE idx < 256").await;
    let report = check(dir.path(), None).await;
    assert!(report.findings.iter().any(|fault| fault.place == Place::Entry(0)), "{report:?}");
    assert!(report.findings.iter().any(|fault| fault.what == "entries 0 to 255 are missing"), "{report:?}");

    // More is gone than the act says.
    let Some(dir) = made(600, 0, 300).await else { return };
    let (log, _) = open(dir.path()).await;
    log.prune(&policy(), day(2012), None, false).await.unwrap();
    log.close().await.unwrap();
    assert!(check(dir.path(), None).await.is_sound());
    sql(dir.path(), "DELETE FROM entries WHERE idx < 600").await;
    let report = check(dir.path(), None).await;
    assert!(report.findings.iter().any(|fault| fault.what == "entries 512 to 599 are missing"), "{report:?}");
    assert_eq!(report.pruned, 512);

    // Pruned entries cannot be hashed again: a tile of theirs that is changed or gone is seen, and the log does not make it up.
    let Some(dir) = made(600, 0, 300).await else { return };
    let (log, _) = open(dir.path()).await;
    log.prune(&policy(), day(2012), None, false).await.unwrap();
    log.close().await.unwrap();
    let tile = dir.path().join("log/tile/0/000");
    let honest = fs::read(&tile).unwrap();
    let mut flipped = honest.clone();
    flipped[40] ^= 1;
    fs::write(&tile, &flipped).unwrap();
    let report = check(dir.path(), None).await;
    assert!(report.findings.iter().any(|f| f.place == Place::Field("checkpoint".into(), "root")), "{report:?}");
    fs::remove_file(&tile).unwrap();
    let report = check(dir.path(), None).await;
    assert!(report.findings.iter().any(|fault| fault.place == Place::File("tile/0/000".into())), "{report:?}");
    let opened = try_open(dir.path()).await;
    assert!(matches!(opened.unwrap_err(), LogError::Pruned { first: 512 }));
    fs::write(&tile, honest).unwrap();
    assert!(check(dir.path(), None).await.is_sound());
    fs::remove_file(dir.path().join("log/checkpoint")).unwrap();
    let opened = try_open(dir.path()).await;
    assert!(matches!(opened.unwrap_err(), LogError::Pruned { first: 512 }), "no new history is signed");
}

#[tokio::test(flavor = "multi_thread")]
async fn c23_pruning_that_was_cut_off_in_the_middle_is_sound_and_is_finished_by_the_next() {
    let Some(dir) = made(600, 0, 300).await else { return };
    let bundle = dir.path().join("log/tile/entries/000");
    let content = fs::read(&bundle).unwrap();
    let (log, _) = open(dir.path()).await;
    log.prune(&policy(), day(2011), None, false).await.unwrap();
    log.close().await.unwrap();
    // As if the bundle had not gone yet.
    fs::write(&bundle, content).unwrap();
    let report = check(dir.path(), None).await;
    assert!(report.is_sound(), "{report:?}");
    let (log, _) = open(dir.path()).await;
    for _ in 0..300 {
        let mut event = event(ExchangeId::now(), Phase::Outcome);
        event.time = "2010-06-01T08:30:00.000Z".to_owned();
        log.append(&event).await.unwrap();
    }
    // The young entries in between keep what stands above them.
    assert_eq!(log.prune(&policy(), day(2012), None, false).await.unwrap().entries, 0);
    assert!(!bundle.exists(), "what was left lying about is gone");
    log.close().await.unwrap();
}
