//! `asepsis audit export` on the log of exchanges that really went.

mod support;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::{Setup, Site, contains, user};

/// What identifies a patient, and what a user says besides: none of it is in any export.
const PLANTED: [&str; 6] =
    ["Wilhelmina Osterhagen", "Osterhagen", "517-83-2964", "mrn 00418273", "wilma.oster@example.org", "sarcoidosis"];

const FORMATS: [&str; 7] = ["fhir", "fhir-bundle", "ocsf", "atna", "cef", "csv", "jsonl"];

fn site() -> Site {
    let site = Setup::new().start();
    let text = format!(
        "Patient {}, SSN {}, {}, {}: does {} explain the cough?",
        PLANTED[0], PLANTED[2], PLANTED[3], PLANTED[4], PLANTED[5]
    );
    for _ in 0..3 {
        assert_eq!(site.chat(&json!({"model": "standin-echo", "messages": [user(&text)]})).status, 200);
    }
    assert_eq!(
        site.messages(&json!({"model": "standin-messages-echo", "max_tokens": 64, "messages": [user(&text)]})).status,
        200
    );
    assert_eq!(site.chat(&json!({"model": "standin-echo", "messages": "nonsense"})).status, 400);
    site
}

fn export(site: &Site, words: &[&str]) -> support::Ran {
    site.run(["audit", "export", "--format"].iter().chain(words))
}

#[test]
fn c6_each_format_holds_every_entry_and_nothing_that_identifies() {
    let mut site = site();
    let all = site.audit(&[]);
    assert_eq!(all.len(), 9, "four exchanges, and one that was no request");
    for running in [true, false] {
        for format in FORMATS {
            let ran = export(&site, &[format]);
            assert_eq!(ran.code, 0, "{format}: {}", ran.stderr);
            let said = format!("9 entries exported as {format}, {} bytes", ran.stdout.len());
            assert_eq!(ran.stderr.trim(), said, "gateway running: {running}");
            for entry in &all {
                let exchange = entry["exchange"].as_str().expect("an id");
                // The id of a FHIR resource has no underscore; the identifier of its exchange has.
                assert!(ran.stdout.contains(exchange), "{format}: {exchange}");
            }
            for planted in PLANTED {
                assert!(!contains(ran.stdout.as_bytes(), planted), "{format} holds {planted}");
            }
        }
        if running {
            assert_eq!(site.stop(), Some(0));
        }
    }
    let lines = export(&site, &["jsonl"]).stdout;
    for (line, entry) in lines.lines().zip(&all) {
        let line: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(line["index"], entry["index"]);
        assert_eq!(line["entry"]["time"], entry["time"]);
    }
}

#[test]
fn c6_an_export_is_limited_by_time_system_and_subject() {
    let site = site();
    let all = site.audit(&[]);
    let time = all[4]["time"].as_str().expect("a time");
    let count = |words: &[&str]| export(&site, &[&["jsonl"], words].concat()).stdout.lines().count();
    assert_eq!(count(&[]), 9);
    assert_eq!(count(&["--system", "standin-messages"]), 2);
    assert_eq!(count(&["--from", time]) + count(&["--until", time]), 9);
    assert_eq!(count(&["--from", "2999-01-01"]), 0);
    assert_eq!(count(&["--subject", "sb_00000000000040008000000000000000"]), 0);
    // An export of nothing is whole as well.
    let empty = export(&site, &["fhir-bundle", "--from", "2999-01-01"]);
    let bundle: Value = serde_json::from_str(&empty.stdout).expect("JSON");
    assert_eq!(bundle, json!({"resourceType": "Bundle", "type": "batch"}));
    assert!(empty.stderr.starts_with("0 entries exported"), "{}", empty.stderr);
}

#[test]
fn c6_an_export_to_a_file_is_whole_or_not_there() {
    let site = site();
    let folder = site.folder().to_owned();
    let ran = export(&site, &["csv", "--out", "log.csv"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    let written = std::fs::read_to_string(folder.join("log.csv")).expect("the file");
    assert_eq!(written, export(&site, &["csv"]).stdout);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(folder.join("log.csv")).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let again = export(&site, &["csv", "--out", "log.csv"]);
    assert!(again.code == 2 && again.stderr.contains("is not written over"), "{}", again.stderr);

    // An entry that cannot be read ends it, by its index, and leaves no half file behind.
    let there = |folder: &std::path::Path| -> BTreeSet<_> {
        std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").file_name()).collect()
    };
    let before = there(&folder);
    let log = folder.join("broken");
    std::fs::create_dir(&log).expect("a folder");
    let mut stopped = site;
    assert_eq!(stopped.stop(), Some(0));
    for file in ["entries.db", "log.vkey"] {
        std::fs::copy(stopped.data_dir().join("log").join(file), log.join(file)).expect("a copy");
    }
    let db = asepsis_db::rusqlite::Connection::open(log.join("entries.db")).expect("a database");
    db.execute("UPDATE entries SET bytes = CAST('{\"v\":9}' AS BLOB) WHERE idx = 6", ()).expect("changed");
    drop(db);
    let broken = log.to_str().expect("UTF-8");
    let ran = export(&stopped, &["fhir", "--folder", broken, "--out", "half.ndjson"]);
    assert!(ran.code == 2 && ran.stderr.contains("entry 6 is no event that this version knows"), "{}", ran.stderr);
    let mut after = there(&folder);
    after.remove(std::ffi::OsStr::new("broken"));
    assert_eq!(after, before);
}

#[test]
fn c6_a_wrong_word_is_named() {
    let site = Setup::new().start();
    for (words, part) in [
        (vec!["xml"], "fhir, fhir-bundle, ocsf, atna, cef, csv and jsonl"),
        (vec!["csv", "--subject", "Anna"], "not a subject id"),
        (vec!["csv", "--folder", "nowhere"], "is nowhere the folder of a log?"),
        (vec!["csv", "--out", "no/such/folder/x"], "cannot write in no/such/folder"),
    ] {
        let ran = export(&site, &words);
        assert!(ran.code == 2 && ran.stderr.contains(part), "{words:?}: {}", ran.stderr);
    }
}
