//! `asepsis phi`: training on a site's corrected notes, and formats learned from examples.

mod support;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::{Ran, asepsis};

fn phi(folder: &Path, arguments: &[&str]) -> Ran {
    support::run(asepsis().current_dir(folder).arg("phi").args(arguments), b"")
}

fn train(folder: &Path, more: &[&str]) -> Ran {
    phi(folder, &[&["train", "--add", "notes.jsonl", "--out", "site.crf"][..], more].concat())
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("written");
    path
}

// === A site with a format of its own ===

const FIRST: [&str; 12] = ["zor", "quil", "mab", "tre", "vol", "jun", "kess", "plo", "drin", "wex", "ulm", "fyr"];
const LAST: [&str; 9] = ["bek", "la", "ndo", "rik", "sti", "vane", "mott", "quo", "ith"];

/// A name that nobody has and no list holds.
fn name(n: usize) -> String {
    let word = |n: usize| format!("{}{}{}", FIRST[n % 12], LAST[n / 2 % 9], LAST[(n / 5 + 3) % 9]);
    format!("{} {}", word(n * 7 + 1), word(n * 11 + 5))
}

/// A note, and where its name stands in code points.
fn note(n: usize) -> (String, usize, usize) {
    let before = format!(
        "{} ptnm=<<",
        ["rec. é opened;", "follow up on the ward;", "status: stable, afebrile;", "bp 128/76, hr 71;"][n % 4]
    );
    let after =
        [">> wk=4 diet as before.", ">> wk=12 no pain reported, walks well.", ">> wk=7 wound dry; plan unchanged."];
    let start = before.chars().count();
    let name = name(n);
    (format!("{before}{name}{}", after[n % 3]), start, start + name.chars().count())
}

fn corrected(numbers: std::ops::Range<usize>) -> String {
    numbers
        .map(|n| {
            let (text, start, end) = note(n);
            let spans = [json!({"start": start, "end": end, "label": "NAME"})];
            format!("{}\n", json!({"id": format!("site-{n}"), "text": text, "spans": spans}))
        })
        .collect()
}

/// The figures of a row, before and after.
fn row(ran: &Ran, name: &str) -> (f64, f64) {
    let line = ran.stdout.lines().find(|l| l.starts_with(name)).unwrap_or_else(|| panic!("no {name}: {}", ran.stdout));
    let mut numbers = line[name.len()..].split_whitespace().filter_map(|word| word.parse::<f64>().ok());
    let mut next = || numbers.next().expect("two figures");
    (next(), next())
}

#[test]
fn r3_training_on_corrected_notes_finds_what_was_missed_in_those_held_out_and_scan_uses_it() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "notes.jsonl", &corrected(0..80));
    let ran = train(folder.path(), &[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with("80 texts with 80 marks, language en. Held out, by a hash of their ids: 16."));
    let (before, after) = row(&ran, "leak");
    assert!(before > after + 5.0 && after < 5.0, "{}", ran.stdout);
    let (before, after) = row(&ran, "strict F1");
    assert!(before + 0.05 < after && after > 0.9, "{}", ran.stdout);
    assert!(ran.stdout.contains("site.crf is trained on all 80 texts, those held out too."), "{}", ran.stdout);
    assert!(ran.stdout.contains("[inspect]\nmodel_file = \"site.crf\""), "{}", ran.stdout);
    for n in 0..80 {
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(name(n).split(' ').all(|word| !said.contains(word)), "no word of a note is said: {said}");
    }

    // Names that were in none of the notes.
    let fresh: String = (200..230).map(|n| format!("{}\n", json!({"id": n, "text": note(n).0}))).collect();
    let found = |model: &[&str]| {
        let mut command = asepsis();
        command.current_dir(folder.path()).args(["scan", "--jsonl"]).args(model);
        let ran = support::run(&mut command, fresh.as_bytes());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let lines = ran.stdout.lines().map(|l| serde_json::from_str::<Value>(l).expect("JSON"));
        lines
            .zip(200..)
            .filter(|(line, n)| {
                let (_, start, end) = note(*n);
                let spans = line["spans"].as_array().expect("spans");
                spans.iter().any(|s| s["start"] == start && s["end"] == end && s["label"] == "NAME")
            })
            .count()
    };
    let (shipped, site) = (found(&[]), found(&["--model", "site.crf"]));
    assert!(site > 25 && site > shipped, "{shipped} {site}");
}

#[test]
fn the_same_notes_make_the_same_weights_to_the_byte_and_only_their_owner_may_read_them() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "notes.jsonl", &corrected(0..30));
    let path = folder.path().join("site.crf");
    assert_eq!(train(folder.path(), &[]).code, 0);
    let first = std::fs::read(&path).expect("read");
    let refused = train(folder.path(), &[]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("site.crf is there already; --force writes over it"), "{}", refused.stderr);
    assert_eq!(train(folder.path(), &["--force"]).code, 0);
    assert!(std::fs::read(&path).expect("read") == first);
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).expect("there").permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
    // What was held out makes a difference, unless it is kept out of the weights.
    assert_eq!(train(folder.path(), &["--force", "--keep-held-out"]).code, 0);
    assert!(std::fs::read(&path).expect("read") != first);

    // And on from there.
    let on = phi(folder.path(), &["train", "--add", "notes.jsonl", "--model", "site.crf", "--out", "more.crf"]);
    assert_eq!(on.code, 0, "{}", on.stderr);
    let other = ["train", "--add", "notes.jsonl", "--model", "site.crf", "--language", "es", "--out", "es.crf"];
    let other = phi(folder.path(), &other);
    assert!(other.code == 2 && other.stderr.contains("is a model for en"), "{}", other.stderr);
}

#[test]
fn few_notes_are_warned_of() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "notes.jsonl", &corrected(0..8));
    let ran = train(folder.path(), &[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("8 texts is little to learn from"), "{}", ran.stderr);
    assert!(ran.stderr.contains("2 texts held out is too little to tell by"), "{}", ran.stderr);
    write(folder.path(), "notes.jsonl", &corrected(0..1));
    let ran = train(folder.path(), &["--force"]);
    assert!(ran.code == 2 && ran.stderr.contains("give --hold-out 0"), "{}", ran.stderr);
    assert_eq!(train(folder.path(), &["--force", "--hold-out", "0"]).code, 0);
}

#[test]
fn invariant_1_an_error_in_the_notes_names_file_and_line_and_nothing_of_the_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "seen by Zorbek é";
    let line = |spans: Value| json!({"id": "Zorbek", "text": text, "spans": spans}).to_string();
    let span = |start: usize, end: usize, label: &str| json!({"start": start, "end": end, "label": label});
    let cases = [
        (r#"{"id":"Zorbek","text":"Zorbek""#.to_owned(), "JSON object"),
        ("Zorbek".to_owned(), "JSON object"),
        (json!({"text": text, "spans": []}).to_string(), "no \"id\""),
        (json!({"id": "Zorbek", "spans": []}).to_string(), "no \"text\""),
        (json!({"id": "Zorbek", "text": " \n", "spans": []}).to_string(), "its \"text\" is empty; leave the line out"),
        (json!({"id": "Zorbek", "text": text}).to_string(), "no \"spans\""),
        (line(json!([span(8, 14, "Zorbek")])), "span 1: its label is unknown; labels are NAME, LOCATION"),
        (line(json!([span(8, 17, "NAME")])), "span 1: it ends at 17, and the text has 16 code points"),
        (line(json!([span(0, 1, "NAME"), span(9, 9, "NAME")])), "span 2: it starts at 9 and ends at 9"),
        (line(json!([{"start": -1, "end": 3, "label": "NAME"}])), "span 1: it needs \"start\" and \"end\""),
        (line(json!([span(8, 14, "NAME"), span(0, 9, "ORG")])), "spans 1 and 2 overlap"),
        (line(json!([{"start": 8, "end": 14, "label": "NAME", "req": "Zorbek"}])), "neither true nor false"),
        (json!({"id": "site-0", "text": text, "spans": []}).to_string(), "notes.jsonl:1 has the same \"id\""),
    ];
    for (bad, wanted) in cases {
        write(folder.path(), "notes.jsonl", &format!("{}\n{bad}\n", corrected(0..1)));
        let ran = train(folder.path(), &[]);
        assert_eq!(ran.code, 2, "{bad}");
        assert!(ran.stderr.contains("notes.jsonl:3: ") && ran.stderr.contains(wanted), "{bad}: {}", ran.stderr);
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("Zorbek"), "{}", ran.stderr);
        assert!(!folder.path().join("site.crf").exists());
    }
    std::fs::write(folder.path().join("notes.jsonl"), b"\n{\"id\":\"\xff\"}\n").expect("written");
    let ran = train(folder.path(), &[]);
    assert!(ran.code == 2 && ran.stderr.contains("notes.jsonl:2: byte 8"), "{}", ran.stderr);
    write(folder.path(), "notes.jsonl", "\n");
    assert!(train(folder.path(), &[]).stderr.contains("there is no note"));
    assert!(phi(folder.path(), &["train", "--add", "none.jsonl", "--out", "x"]).stderr.contains("none.jsonl"));
    // Marks that policy decides may have any label.
    let left = line(json!([{"start": 8, "end": 14, "label": "TITLE", "req": false}]));
    write(folder.path(), "notes.jsonl", &format!("{}{left}\n", corrected(0..30)));
    assert_eq!(train(folder.path(), &[]).code, 0);
}

#[test]
fn a_file_that_is_no_model_for_this_version_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "notes.jsonl", &corrected(0..30));
    assert_eq!(train(folder.path(), &[]).code, 0);
    let whole = std::fs::read(folder.path().join("site.crf")).expect("read");
    let mut other_features = whole.clone();
    *other_features.last_mut().expect("bytes") ^= 1;
    let mut other_states = whole.clone();
    let at = other_states.windows(6).position(|w| w == b"B-NAME").expect("a state");
    for at in [at, at + 7] {
        other_states[at + 2..at + 6].copy_from_slice(b"TREE");
    }
    let cases: [(&[u8], &str); 5] = [
        (b"", "this is no model"),
        (b"Patient: Martha Collins, and so on", "this is no model"),
        (&whole[..whole.len() / 2], "this is no model"),
        (&other_features, "trained by another version"),
        (&other_states, "for no language that this version knows"),
    ];
    for (bytes, why) in cases {
        std::fs::write(folder.path().join("bad.crf"), bytes).expect("written");
        for command in [&["scan"][..], &["deid"], &["phi", "train", "--add", "notes.jsonl", "--out", "x.crf"]] {
            let mut asepsis = asepsis();
            asepsis.current_dir(folder.path()).args(command).args(["--model", "bad.crf"]);
            let ran = support::run(&mut asepsis, b"Patient: Martha Collins");
            assert_eq!(ran.code, 2, "{command:?}");
            assert!(ran.stderr.contains("bad.crf: ") && ran.stderr.contains(why), "{command:?}: {}", ran.stderr);
        }
    }
}

#[test]
fn a_format_is_learned_from_examples_and_printed_as_a_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = "[[inspect.site_pattern]]\nclass = \"MRN\"\n";
    let ran = phi(folder.path(), &["learn-pattern", "--class", "MRN", "QX-123456", "QX-88213A"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with(table), "{}", ran.stdout);
    let parsed: toml::Table = ran.stdout.parse().expect("TOML");
    let pattern = parsed["inspect"]["site_pattern"][0]["pattern"].as_str().expect("a pattern");
    assert!(pattern.contains(r"QX\-[0-9]{6}"), "{pattern}");

    write(folder.path(), "examples.txt", "QX-123456\n\n QX-88213A \n");
    let same = phi(folder.path(), &["learn-pattern", "--class", "MRN", "--examples", "examples.txt"]);
    assert_eq!(same.stdout, ran.stdout);
    write(folder.path(), "examples.txt", "QX-123456\n\nQX 88213A\n");
    let bad = phi(folder.path(), &["learn-pattern", "--class", "MRN", "--examples", "examples.txt"]);
    assert!(bad.code == 2 && bad.stderr.contains("examples.txt:3: "), "{}", bad.stderr);
    assert!(!bad.stderr.contains("88213A"), "{}", bad.stderr);
    let common = phi(folder.path(), &["learn-pattern", "--class", "MRN", "123"]);
    assert!(common.code == 2 && common.stderr.contains("fewer than five"), "{}", common.stderr);
}
