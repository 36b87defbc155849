//! The tamper matrix: every change is found and its place named.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use asepsis_log::verify::{Place, Report, VerifyOptions, verify};
use asepsis_log::{LogError, LogKey};
use asepsis_vocab::{ExchangeId, Phase};
use ct_merkle::mem_backed_tree::MemoryBackedTree;

use super::ON_SERVER;
use crate::support::{ORIGIN, event, fill, folder, key, log_in, made_on, open, sql, try_open};

async fn check(dir: &Path, pin: Option<String>) -> Report {
    let keys: Vec<String> = key(dir).verifier_keys().iter().map(ToString::to_string).collect();
    verify(&log_in(dir), VerifyOptions { vkey: Some(keys.join("\n")), pin, ..VerifyOptions::default() }).await.unwrap()
}

fn names(report: &Report, place: &Place) -> bool {
    report.findings.iter().any(|fault| fault.place == *place)
}

fn file(name: &str) -> Place {
    Place::File(name.into())
}

fn checkpoint(dir: &Path) -> String {
    fs::read_to_string(dir.join("log/checkpoint")).unwrap()
}

fn flip(path: PathBuf, at: usize) {
    let mut content = fs::read(&path).unwrap();
    content[at] ^= 1;
    fs::write(path, content).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_an_untouched_log_is_sound_and_its_root_is_that_of_another_implementation() {
    for size in [0, 1, 2, 3, 255, 256, 257, 1000] {
        let Some(dir) = made_on(ON_SERVER, size).await else { return };
        let report = check(dir.path(), None).await;
        assert!(report.is_sound(), "{size}: {report:?}");
        assert_eq!((report.size, report.entries, report.unsigned_tail), (size, size, 0));
        let (log, _) = open(dir.path()).await;
        let mut tree = MemoryBackedTree::<sha2::Sha256, Vec<u8>>::new();
        for entry in log.read(0..size).await.unwrap() {
            tree.push(entry.bytes);
        }
        let root: String = tree.root().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(report.root, Some(root), "size {size}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_a_flipped_byte_of_an_entry_is_named() {
    let Some(dir) = made_on(ON_SERVER, 600).await else { return };
    let flip = "UPDATE entries SET bytes = CAST(replace(CAST(bytes AS TEXT), 'dr.a', 'dr.b') AS BLOB) WHERE idx = 321";
    sql(dir.path(), flip).await;
    let report = check(dir.path(), None).await;
    assert!(names(&report, &Place::Entry(321)), "{report:?}");
    assert!(names(&report, &Place::Field("checkpoint".into(), "root")));
    assert_eq!(report.findings.len(), 2);
    assert!(report.findings[0].what.ends_with(": `actor.user` was changed"), "{}", report.findings[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_swapped_deleted_and_inserted_entries_are_named() {
    let Some(dir) = made_on(ON_SERVER, 600).await else { return };
    let swap = "UPDATE entries SET idx = -1 WHERE idx = 7; UPDATE entries SET idx = 7 WHERE idx = 8; \
                UPDATE entries SET idx = 8 WHERE idx = -1";
    sql(dir.path(), swap).await;
    let report = check(dir.path(), None).await;
    assert!(names(&report, &Place::Entry(7)) && names(&report, &Place::Entry(8)), "{report:?}");

    let Some(dir) = made_on(ON_SERVER, 600).await else { return };
    sql(dir.path(), "DELETE FROM entries WHERE idx IN (256, 400)").await;
    let report = check(dir.path(), None).await;
    assert!(names(&report, &Place::Entry(256)) && names(&report, &Place::Entry(400)), "{report:?}");
    assert!(!names(&report, &Place::Entry(257)), "what follows is in its place");

    let Some(dir) = made_on(ON_SERVER, 60).await else { return };
    let close_gap = "DELETE FROM entries WHERE idx = 20; UPDATE entries SET idx = idx - 1000000 WHERE idx > 20; \
                     UPDATE entries SET idx = idx + 999999 WHERE idx < 0";
    sql(dir.path(), close_gap).await;
    let report = check(dir.path(), None).await;
    assert_eq!(report.findings[0].place, Place::Entry(20), "{report:?}");

    let Some(dir) = made_on(ON_SERVER, 60).await else { return };
    let insert = "UPDATE entries SET idx = idx - 1000000 WHERE idx >= 20; UPDATE entries SET idx = idx + 1000001 WHERE idx < 0; \
                  INSERT INTO entries SELECT 20, randomblob(17), bytes FROM entries WHERE idx = 3";
    sql(dir.path(), insert).await;
    let report = check(dir.path(), None).await;
    assert_eq!(report.findings[0].place, Place::Entry(20), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_a_database_cut_off_below_the_checkpoint_is_named_and_not_opened() {
    let Some(dir) = made_on(ON_SERVER, 60).await else { return };
    sql(dir.path(), "DELETE FROM entries WHERE idx >= 50").await;
    let report = check(dir.path(), None).await;
    assert!(names(&report, &Place::Entry(50)), "{report:?}");
    let opened = try_open(dir.path()).await;
    assert!(matches!(opened.unwrap_err(), LogError::Shrank { signed: 60, stored: 50 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_nothing_is_signed_over_altered_entries() {
    let Some(dir) = made_on(ON_SERVER, 300).await else { return };
    sql(dir.path(), "UPDATE entries SET bytes = x'7b7d' WHERE idx = 5").await;
    // The tiles that would still vouch for the old entries are gone, so all is hashed anew.
    fs::remove_dir_all(dir.path().join("log/tile")).unwrap();
    let opened = try_open(dir.path()).await;
    assert!(matches!(opened.unwrap_err(), LogError::Altered { size: 300 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_a_flipped_byte_of_a_tile_or_bundle_is_named() {
    let Some(dir) = made_on(ON_SERVER, 600).await else { return };
    let log = dir.path().join("log");
    flip(log.join("tile/0/001"), 32 * 9 + 3);
    flip(log.join("tile/0/002.p/88"), 0);
    flip(log.join("tile/1/000.p/2"), 40);
    flip(log.join("tile/entries/000"), 100);
    let report = check(dir.path(), None).await;
    for name in ["tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/000"] {
        assert!(names(&report, &file(name)), "{name}: {report:?}");
    }
    assert_eq!(report.findings.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_a_missing_bundle_or_tile_is_named_and_comes_back_at_the_next_start() {
    let Some(dir) = made_on(ON_SERVER, 600).await else { return };
    let log = dir.path().join("log");
    for name in ["tile/entries/001", "tile/entries/002.p/88", "tile/0/000", "tile/1/000.p/2"] {
        fs::remove_file(log.join(name)).unwrap();
        let report = check(dir.path(), None).await;
        assert!(names(&report, &file(name)), "{name}: {report:?}");
        assert_eq!(report.findings.len(), 1);
        open(dir.path()).await.0.close().await.unwrap();
        assert!(check(dir.path(), None).await.is_sound(), "{name}");
    }
    fs::remove_file(log.join("checkpoint")).unwrap();
    let report = check(dir.path(), None).await;
    assert!(names(&report, &file("checkpoint")));
    assert_eq!(report.unsigned_tail, 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_an_edited_checkpoint_or_another_key_is_named() {
    let Some(dir) = made_on(ON_SERVER, 30).await else { return };
    let honest = checkpoint(dir.path());
    let path = dir.path().join("log/checkpoint");
    fs::write(&path, honest.replacen("\n30\n", "\n20\n", 1)).unwrap();
    let report = check(dir.path(), None).await;
    assert!(names(&report, &Place::Field("checkpoint".into(), "signature")), "{report:?}");
    let opened = try_open(dir.path()).await;
    assert!(matches!(opened.unwrap_err(), LogError::Checkpoint { .. }));

    fs::write(&path, "nonsense").unwrap();
    assert!(names(&check(dir.path(), None).await, &Place::Field("checkpoint".into(), "text")));

    fs::write(&path, honest).unwrap();
    let other = LogKey::generate(ORIGIN).unwrap();
    let options = VerifyOptions { vkey: Some(other.verifier_key()), ..VerifyOptions::default() };
    let report = verify(&log_in(dir.path()), options).await.unwrap();
    assert!(names(&report, &Place::Field("checkpoint".into(), "signature")), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn c23_intents_without_outcome_are_told_apart_from_forgery() {
    let Some(dir) = made_on(ON_SERVER, 10).await else { return };
    let (log, _) = open(dir.path()).await;
    let open_ended = ExchangeId::now();
    log.append(&event(open_ended, Phase::Intent)).await.unwrap();
    log.checkpoint().await.unwrap();
    let report = check(dir.path(), None).await;
    assert!(report.is_sound() && !report.is_complete());
    assert_eq!(report.unfinished, [open_ended]);
}

#[tokio::test(flavor = "multi_thread")]
async fn c23_a_log_can_be_checked_while_it_grows() {
    let Some(dir) = folder(ON_SERVER) else { return };
    let (log, _) = open(dir.path()).await;
    let writer = {
        let log = log.clone();
        tokio::spawn(async move {
            for _ in 0..40 {
                fill(&log, 30).await;
                log.checkpoint().await.unwrap();
            }
        })
    };
    while !writer.is_finished() {
        let report = check(dir.path(), None).await;
        assert!(report.is_sound(), "{report:?}");
    }
    writer.await.unwrap();
    assert_eq!(check(dir.path(), None).await.entries, 1200);
}
