//! Truncated, swapped, edited, replayed, future-dated and oversized entries and files, wrong keys, clocks that jump: each is
//! named, and nothing is signed over it.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use asepsis_log::verify::{Place, Report, VerifyOptions, verify};
use asepsis_log::{Log, LogError, LogKey, LogOptions, NoteFault, Policy, SealedPayload, WitnessKey, cosigned};
use asepsis_vocab::{ExchangeId, Phase};
use support::{ORIGIN, copy, event, fill, key, made, open, sql};

async fn check(dir: &Path) -> Report {
    verify(&dir.join("log"), VerifyOptions::default()).await.unwrap()
}

fn names(report: &Report, place: &Place) -> bool {
    report.findings.iter().any(|fault| fault.place == *place)
}

fn file(name: &str) -> Place {
    Place::File(name.into())
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_truncated_oversized_and_repeated_entries_are_named() {
    let cases = [
        ("UPDATE entries SET bytes = substr(bytes, 1, 40) WHERE idx = 77", Place::Entry(77)),
        ("UPDATE entries SET bytes = x'' WHERE idx = 0", Place::Entry(0)),
        ("UPDATE entries SET bytes = zeroblob(70000) WHERE idx = 299", Place::Entry(299)),
        ("UPDATE entries SET bytes = zeroblob(70000000) WHERE idx = 5", Place::Entry(5)),
        ("UPDATE entries SET event_id = zeroblob(17) WHERE idx = 9", Place::Entry(9)),
        // Above the checkpoint, where no hash speaks for it.
        ("INSERT INTO entries SELECT 300, randomblob(17), bytes FROM entries WHERE idx = 7", Place::Entry(300)),
        (
            "INSERT INTO entries SELECT 1000000000000, randomblob(17), bytes FROM entries WHERE idx = 7",
            Place::Entry(300),
        ),
        ("INSERT INTO entries SELECT -7, randomblob(17), bytes FROM entries WHERE idx = 7", file("entries.db")),
        (
            "CREATE TRIGGER t AFTER INSERT ON entries BEGIN DELETE FROM entries WHERE idx = new.idx - 9; END",
            file("entries.db"),
        ),
        (
            "CREATE TABLE e (idx INTEGER PRIMARY KEY, event_id BLOB NOT NULL, bytes BLOB NOT NULL) STRICT; \
             INSERT INTO e SELECT * FROM entries; INSERT INTO e SELECT 300, event_id, bytes FROM entries WHERE idx = 7; \
             DROP TABLE entries; ALTER TABLE e RENAME TO entries",
            file("entries.db"),
        ),
    ];
    for (change, place) in cases {
        let dir = made(300).await;
        sql(dir.path(), change).await;
        let report = check(dir.path()).await;
        assert!(names(&report, &place), "{change}: {report:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_truncated_swapped_and_oversized_files_are_named_and_cost_no_memory() {
    let dir = made(700).await;
    let log = dir.path().join("log");
    let whole = tempfile::tempdir().unwrap();
    copy(dir.path(), whole.path());
    let names_of = ["tile/0/000", "tile/0/002.p/188", "tile/1/000.p/2", "tile/entries/001", "tile/entries/002.p/188"];
    for name in names_of {
        let path = log.join(name);
        let content = fs::read(&path).unwrap();
        for length in [0, content.len() / 2 + 1, content.len() - 1] {
            fs::write(&path, &content[..length]).unwrap();
            assert!(names(&check(dir.path()).await, &file(name)), "{name} cut to {length}");
        }
        // A terabyte that takes no room on the disk, and must take none in memory.
        fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let report = check(dir.path()).await;
        assert!(names(&report, &file(name)), "{name}: {report:?}");
        // As the remedy says: the log writes it anew out of the entries.
        fs::remove_file(&path).unwrap();
        open(dir.path()).await.0.close().await.unwrap();
        assert!(check(dir.path()).await.is_sound(), "{name}");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
    for pair in [["tile/0/000", "tile/0/001"], ["tile/entries/000", "tile/entries/001"]] {
        let [one, other] = pair.map(|name| log.join(name));
        let swap = log.join("swap");
        fs::rename(&one, &swap).unwrap();
        fs::rename(&other, &one).unwrap();
        fs::rename(&swap, &other).unwrap();
        let report = check(dir.path()).await;
        assert!(pair.iter().all(|name| names(&report, &file(name))), "{pair:?}: {report:?}");
        fs::remove_dir_all(&log).unwrap();
        copy(&whole.path().join("log"), &log);
    }
    fs::File::create(log.join("checkpoint")).unwrap().set_len(1 << 40).unwrap();
    assert!(!check(dir.path()).await.is_sound());
    let opened = Log::open(&log, key(dir.path()), LogOptions::new(ORIGIN)).await;
    assert!(
        matches!(opened.unwrap_err(), LogError::Checkpoint { fault: NoteFault::Malformed, .. }),
        "nothing is signed over it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_a_database_with_a_broken_page_is_named_with_the_entry_from_which_on_it_cannot_be_read() {
    let dir = made(5_000).await;
    let db = dir.path().join("log/entries.db");
    let mut content = fs::read(&db).unwrap();
    let middle = content.len() / 2 / 4096 * 4096;
    content[middle..middle + 4 * 4096].fill(0xff);
    fs::write(&db, &content).unwrap();
    let report = check(dir.path()).await;
    let named = report.findings.iter().find(|fault| fault.what.contains("entries.db cannot be read from here on"));
    let from = named.map(|fault| fault.place.clone());
    assert!(matches!(from, Some(Place::Entry(1_000..4_000))), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_a_database_that_is_none_or_cut_off_is_an_error_that_names_it() {
    let dir = made(300).await;
    let db = dir.path().join("log/entries.db");
    let content = fs::read(&db).unwrap();
    for broken in [content[..content.len() / 2].to_vec(), b"hello".to_vec(), Vec::new()] {
        fs::write(&db, &broken).unwrap();
        let report = verify(&dir.path().join("log"), VerifyOptions::default()).await;
        let (sound, said) = match &report {
            Ok(report) => (report.is_sound(), report.findings.iter().map(ToString::to_string).collect()),
            Err(error) => (false, error.to_string()),
        };
        assert!(!sound && (said.contains("entries.db") || said.contains("entry")), "{} bytes: {said}", broken.len());
    }
    fs::remove_file(&db).unwrap();
    let error = verify(&dir.path().join("log"), VerifyOptions::default()).await.unwrap_err();
    assert!(error.to_string().contains("entries.db"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_future_dated_and_undated_entries_are_named_and_a_clock_that_was_set_back_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = open(dir.path()).await;
    for time in [
        "2024-11-22T08:30:00.000Z",
        "2024-11-22T10:00:00.000Z",
        "2999-01-01T00:00:00.000Z",
        "2024-11-22T09:59:30.000Z",
        "2024-11-22T08:59:00.000Z",
        "yesterday",
        "2024-11-22T09:00:00.000Z",
    ] {
        let mut event = event(ExchangeId::now(), Phase::Outcome);
        event.time = time.to_owned();
        log.append(&event).await.unwrap();
    }
    log.close().await.unwrap();
    let report = check(dir.path()).await;
    let times = |index| Place::EntryField(index, "time");
    assert_eq!(report.findings.iter().map(|f| f.place.clone()).collect::<Vec<_>>(), [times(2), times(5)], "{report:?}");
    assert_eq!((report.set_back, report.first_set_back), (2, Some(4)), "30 seconds are nothing");

    // What is the future is a matter of the clock that asks.
    let early = VerifyOptions { now: Some(1_000_000_000), ..VerifyOptions::default() };
    let report = verify(&dir.path().join("log"), early).await.unwrap();
    assert_eq!(report.findings.len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_another_key_neither_opens_nor_verifies_and_signs_nothing() {
    let dir = made(30).await;
    let log = dir.path().join("log");
    let before = fs::read(log.join("checkpoint")).unwrap();
    let opened = Log::open(&log, LogKey::generate(ORIGIN).unwrap(), LogOptions::new(ORIGIN)).await;
    assert!(matches!(opened.unwrap_err(), LogError::Checkpoint { fault: NoteFault::OtherKey, .. }));
    let other = LogKey::generate("log.example/other").unwrap();
    let opened = Log::open(&log, other, LogOptions::new("log.example/other")).await;
    assert!(matches!(opened.unwrap_err(), LogError::Checkpoint { fault: NoteFault::OtherOrigin, .. }));
    assert_eq!(fs::read(log.join("checkpoint")).unwrap(), before);
    // The public key in the directory was written over; the log's own sets it right, a copy from elsewhere shows it.
    let forged = LogKey::generate(ORIGIN).unwrap();
    fs::write(log.join("log.vkey"), forged.verifier_key()).unwrap();
    assert!(names(&check(dir.path()).await, &Place::Field("checkpoint".into(), "signature")));
    open(dir.path()).await.0.close().await.unwrap();
    assert!(check(dir.path()).await.is_sound());
}

/// Every byte that is signed or vouched for: one of them changed, and it is seen.
#[tokio::test(flavor = "multi_thread")]
async fn r27_any_changed_byte_of_entries_payloads_tiles_bundles_and_checkpoints_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = open(dir.path()).await;
    fill(&log, 300).await;
    for at in 0..10 {
        let payload = SealedPayload { key: format!("k{at}"), bytes: vec![at; 100] };
        log.append_sealed(&event(ExchangeId::now(), Phase::Outcome), payload).await.unwrap();
    }
    log.close().await.unwrap();
    let in_log = dir.path().join("log");
    let witness = WitnessKey::generate("witness.example/w").unwrap();
    let checkpoint = fs::read_to_string(in_log.join("checkpoint")).unwrap();
    cosigned::keep(&in_log, &(checkpoint.clone() + &witness.cosign(&checkpoint, 1_700_000_000).unwrap())).unwrap();
    let keys: String = key(dir.path()).verifier_keys().iter().map(|key| format!("{key}\n")).collect();
    let witnesses = witness.verifier_keys();
    let policy = format!("witness w {}\nwitness v {}\ngroup q all w v\nquorum q\n", witnesses[0], witnesses[1]);
    let options =
        || VerifyOptions { vkey: Some(keys.clone()), policy: Policy::parse(&policy).ok(), ..VerifyOptions::default() };
    let sound = async || verify(&in_log, options()).await.unwrap().is_sound();
    assert!(sound().await);

    // Numbers that look random and are the same each time (xorshift).
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let mut files: Vec<PathBuf> = ["checkpoint", "checkpoint.cosigned"].map(|name| in_log.join(name)).into();
    for folder in ["tile/0", "tile/0/001.p", "tile/1/000.p", "tile/entries", "tile/entries/001.p"] {
        let entries = fs::read_dir(in_log.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        files.extend(entries.filter(|path| path.is_file()));
    }
    for path in &files {
        let content = fs::read(path).unwrap();
        for _ in 0..12 {
            let (at, bit) = (next(content.len()), next(8));
            let mut changed = content.clone();
            changed[at] ^= 1 << bit;
            fs::write(path, &changed).unwrap();
            assert!(!sound().await, "byte {at}, bit {bit} of {}", path.display());
        }
        fs::write(path, content).unwrap();
    }
    let db = asepsis_db::rusqlite::Connection::open(in_log.join("entries.db")).unwrap();
    for _ in 0..60 {
        let (table, column) = [("entries", "bytes"), ("entries", "event_id"), ("payloads", "sealed")][next(3)];
        let index = if table == "entries" { next(310) } else { 300 + next(10) };
        let select = format!("SELECT {column} FROM {table} WHERE idx = {index}");
        let content: Vec<u8> = db.query_row(&select, (), |row| row.get(0)).unwrap();
        let mut changed = content.clone();
        let at = next(content.len());
        changed[at] ^= 1 << next(8);
        let update = format!("UPDATE {table} SET {column} = ? WHERE idx = {index}");
        db.execute(&update, (&changed,)).unwrap();
        assert!(!sound().await, "byte {at} of {table}.{column} of entry {index}");
        db.execute(&update, (&content,)).unwrap();
    }
    assert!(sound().await);
}
