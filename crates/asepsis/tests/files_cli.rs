//! The command line on files: `scan`, `deid` and `reid`. What went out and came back is the same to the byte.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use support::{Ran, asepsis};

/// Runs the binary with a data directory of its own.
fn run(data: &Path, arguments: &[&str], input: &[u8]) -> Ran {
    let mut command: Command = asepsis();
    command.args(arguments).env("ASEPSIS_DATA", data);
    support::run(&mut command, input)
}

fn lines(texts: &[String]) -> String {
    texts.iter().enumerate().map(|(i, t)| format!("{}\n", json!({"id": i, "text": t}))).collect()
}

fn texts_of(lines: &str) -> Vec<String> {
    let text = |l: &str| serde_json::from_str::<Value>(l).ok()?["text"].as_str().map(str::to_owned);
    lines.lines().map(|l| text(l).unwrap_or_else(|| panic!("no text in {l}"))).collect()
}

/// Texts with everything around an identifier that could be taken for a part of its surrogate.
fn nasty() -> Vec<String> {
    [
        "",
        " ",
        "\n",
        "[Patient: Martha Collins]",
        "[[Patient: Martha Collins]][x][",
        "Patient: Martha Collins\r\nDOB: 03/14/1951\r\n",
        "a\rPatient: Martha Collins\rb\r",
        "old [NAME_ZZZZZZZZZZZZZ] and Patient: Martha Collins [NAME] [AGE_90PLUS] NAME_ZZZZZZZZZZZZZ",
        "Patient: Martha Collins[NAME_",
        "Patient: Martha Collins_ZZZZZZZZZZZZZ]",
        "https://portal.example.org/martha.collins/44719022?name=Martha+Collins&ssn=219-09-8877#x and Martha's COLLINS",
        "{\"patient\":\"Martha Collins\",\"n\":\"O\\u0027Brien\",\"mrn\":\"4471902\",\"a\":[1.0e0]}",
        "{\\\"patient\\\":\\\"Martha Collins\\\"}",
        "é😀 Patient: José Müller-Lüdenscheidt \u{200b} e\u{301} Dr. Zoë\u{2019}s \u{feff}",
        "**Patient: Martha Collins**, _Martha Collins_, `Martha Collins`, (Martha Collins)s, <b>Martha Collins</b>",
        "name\tMartha Collins\tSSN\t219-09-8877\t\t",
        "Call (401) 555-0131(401) 555-0132, (401)555-0133.",
        "Martha Collins's dog; the Collinses; \"Mrs. Collins\"",
        "Mr. Collins\u{2028}Mrs. Collins\u{85}x\u{0}y\u{1b}[0m",
        "\\n Patient: Martha Collins\\nMRN: 12345678\\\\",
        "Age: 93 yo, 101-year-old. ZIP 02139-4307. MRN#0004471902. 03/14/51-03/15/51",
        "MARTHA COLLINS martha collins Patient: Martha Collins mARTHA cOLLINS",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain([
        "Patient: Martha Collins was seen. ".repeat(20_000),
        format!("{}Patient: Martha Collins{}", "x".repeat(500_000), "[".repeat(100_000)),
        "SSN 219-09-8877 ".repeat(3_000) + &"\n".repeat(10_000),
    ])
    .collect()
}

/// Sends lines through `deid` and `reid`, and checks that each text comes back to the byte. Gives what lay between.
fn there_and_back(data: &Path, look: &str, input: &str) -> String {
    let scope = format!("round-{look}");
    let arguments = ["--jsonl", "--scope", &scope];
    let deid = run(data, &[&["deid", "--surrogates", look][..], &arguments].concat(), input.as_bytes());
    assert_eq!(deid.code, 0, "{}", deid.stderr);
    let reid = run(data, &[&["reid"][..], &arguments].concat(), deid.stdout.as_bytes());
    assert_eq!(reid.code, 0, "{}", reid.stderr);
    let (before, after) = (texts_of(input), texts_of(&reid.stdout));
    assert_eq!(before.len(), after.len());
    for ((before, between), after) in before.iter().zip(texts_of(&deid.stdout)).zip(&after) {
        assert!(before == after, "{look}: {before:?}\nbecame {between:?}\nand then {after:?}");
    }
    deid.stdout
}

#[test]
fn r2_a_text_that_was_rewritten_and_turned_back_is_the_same_to_the_byte() {
    let data = tempfile::tempdir().expect("a folder");
    let input = lines(&nasty());
    for look in ["placeholder", "realistic"] {
        let between = there_and_back(data.path(), look, &input);
        assert!(!between.contains("219-09-8877") && !between.contains("Patient: Martha Collins"), "{look}");
    }
    // As one text, on standard input, without the name of a scope.
    for text in nasty() {
        let deid = run(data.path(), &["deid"], text.as_bytes());
        assert_eq!(deid.code, 0, "{}", deid.stderr);
        let reid = run(data.path(), &["reid"], deid.stdout.as_bytes());
        assert!(reid.stdout == text, "{text:?}\nbecame {:?}\nand then {:?}", deid.stdout, reid.stdout);
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that leaves something out says so")]
fn r2_the_texts_of_the_corpora_come_back_to_the_byte() {
    let Some(folder) = std::env::var_os("ASEPSIS_CORPORA") else {
        eprintln!("LEFT OUT: the corpora; name their folder of .jsonl files in ASEPSIS_CORPORA to check them");
        return;
    };
    let data = tempfile::tempdir().expect("a folder");
    let mut checked = 0;
    for entry in std::fs::read_dir(folder).expect("the folder of the corpora") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|e| e != "jsonl") {
            continue;
        }
        let texts: Vec<String> = std::fs::read_to_string(&path)
            .expect("a corpus")
            .lines()
            .filter_map(|l| serde_json::from_str::<Value>(l).ok()?["text"].as_str().map(str::to_owned))
            .collect();
        if texts.is_empty() {
            eprintln!("LEFT OUT: {}, which has no lines with a text", path.display());
            continue;
        }
        there_and_back(data.path(), "placeholder", &lines(&texts));
        checked += texts.len();
    }
    eprintln!("{checked} texts came back to the byte");
    assert!(checked > 0, "the folder of the corpora holds no texts");
}

#[test]
fn r5_scan_gives_lines_in_order_with_offsets_in_code_points_and_its_exit_codes_tell() {
    let data = tempfile::tempdir().expect("a folder");
    let mut texts: Vec<String> = (0..3000).map(|i| format!("{}é😀 SSN 219-09-8877 😀", "ü".repeat(i % 7))).collect();
    texts.push("nothing at all".to_owned());
    let ran = run(data.path(), &["scan", "--jsonl"], lines(&texts).as_bytes());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let out: Vec<Value> = ran.stdout.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!(out.len(), texts.len());
    for (i, (line, text)) in out.iter().zip(&texts).enumerate() {
        assert_eq!(line["id"], i, "in the order of the input");
        let spans = line["spans"].as_array().expect("spans");
        assert_eq!(spans.len(), usize::from(i < 3000), "{line}");
        for span in spans {
            assert_eq!(span["label"], "SSN");
            let at = |name: &str| usize::try_from(span[name].as_u64().expect("an offset")).expect("small");
            let found: String = text.chars().skip(at("start")).take(at("end") - at("start")).collect();
            assert_eq!(found, "219-09-8877");
        }
    }
    // An id keeps its spelling.
    let ran =
        run(data.path(), &["scan", "--jsonl"], b"{\"text\":\"\",\"id\":1.0e0}\n\n{\"id\":\"\\u00e9\",\"text\":\"\"}");
    assert_eq!(ran.stdout, "{\"id\":1.0e0,\"spans\":[]}\n{\"id\":\"\\u00e9\",\"spans\":[]}\n");

    for (input, code) in [("Patient: Martha Collins", 1), ("All is well.", 0), ("", 0)] {
        assert_eq!(run(data.path(), &["scan"], input.as_bytes()).code, code, "{input}");
    }
    let folder = data.path().join("in");
    std::fs::create_dir(&folder).expect("a folder");
    let name = |n: &str| folder.join(n).to_str().expect("UTF-8").to_owned();
    std::fs::write(name("a.txt"), "Patient: Martha Collins").expect("written");
    std::fs::write(name("b.txt"), "All is well.").expect("written");
    std::fs::write(name("c.bin"), b"\0\x01").expect("written");
    assert_eq!(run(data.path(), &["scan", &name("a.txt")], b"").code, 1);
    assert_eq!(run(data.path(), &["scan", &name("b.txt")], b"").code, 0);
    assert_eq!(run(data.path(), &["scan", &name("nowhere")], b"").code, 2);
    let ran = run(data.path(), &["scan", "--explain", &name("")], b"");
    assert_eq!(ran.code, 2, "one file could not be read");
    assert!(ran.stdout.contains("a.txt:1:10  NAME") && ran.stderr.contains("c.bin: byte 0"), "{ran:?}");
    assert!(!ran.stdout.contains("Collins"), "identifiers are shown only when asked for");
    for bad in ["{\"id\":1}", "{\"text\":\"a\"}", "[]", "{", "{\"id\":true,\"text\":\"a\"}"] {
        let ran = run(data.path(), &["scan", "--jsonl"], format!("{{\"id\":0,\"text\":\"\"}}\n{bad}\n").as_bytes());
        assert_eq!(ran.code, 2, "{bad}");
        assert!(ran.stderr.contains("line 2 of standard input"), "{bad}: {}", ran.stderr);
        assert_eq!(ran.stdout.lines().count(), 1, "what came before was given out");
    }
}

/// Every file below a folder, by its place there.
fn tree(folder: &Path, below: &str, into: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|n| n.to_str()).expect("UTF-8");
        let below = format!("{below}/{name}");
        if path.is_dir() {
            tree(&path, &below, into);
        } else {
            into.insert(below, std::fs::read(&path).expect("a file"));
        }
    }
}

#[test]
fn r2_a_folder_of_texts_and_json_comes_back_with_its_names_to_the_byte() {
    let data = tempfile::tempdir().expect("a folder");
    let (from, to, back) = (data.path().join("in"), data.path().join("out"), data.path().join("back"));
    let mut files: Vec<(String, Vec<u8>)> = nasty()
        .into_iter()
        .enumerate()
        .filter(|(_, t)| !t.contains('\0'))
        .map(|(i, t)| (format!("nasty-{i}.txt"), t.into()))
        .collect();
    let fixed: [(&str, &str); 9] = [
        ("Patient Martha Collins/note MRN 4471902.txt", "Patient: Martha Collins, MRN 4471902\r\n"),
        ("Patient Martha Collins/sub/219-09-8877.md", "# SSN 219-09-8877"),
        (
            "a.json",
            "\t{ \"name\" : \"Martha Collins\", \"mrn\":12345678, \"n\" :1.0e0,\"ssn\": \"219-09-8877\",\r\n \"mrns\":[ \"12345678\" ,12345678 ]}\n",
        ),
        (
            "b.jsonl",
            "{\"id\":1,\"text\":\"Patient: Martha Collins\",\"mrn\":4471902}\r\n\n  \n{\"id\":\"2\",\"text\":\"x\", \"big\":1E400}",
        ),
        ("c.ndjson", "[\"Patient: Martha Collins\"]\n{\"Martha Collins\":{\"ssn\":219098877}}\n"),
        ("d.json", "\"Patient: Martha Collins\""),
        ("e.JSON", " {}  \n \n"),
        ("empty.txt", ""),
        ("no ending", "Patient: Martha Collins"),
    ];
    files.extend(fixed.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())));
    for (name, bytes) in &files {
        let path = from.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, bytes).expect("written");
    }
    let path = |p: &Path| p.to_str().expect("UTF-8").to_owned();
    let deid = run(data.path(), &["deid", &path(&from), &path(&to)], b"");
    assert_eq!(deid.code, 0, "{}", deid.stderr);
    let mut between = BTreeMap::new();
    tree(&to, "", &mut between);
    assert_eq!(between.len(), files.len());
    for (name, bytes) in &between {
        let all = format!("{name}\n{}", String::from_utf8_lossy(bytes));
        for left in ["Martha Collins", "219-09-8877", "219098877", "4471902"] {
            let url = name.contains("nasty-10");
            assert!(url || !all.contains(left), "{left} is left in {name}");
        }
        if name.to_lowercase().ends_with(".json") {
            serde_json::from_slice::<Value>(bytes).unwrap_or_else(|e| panic!("{name} is no JSON any more: {e}"));
        }
    }
    let reid = run(data.path(), &["reid", &path(&to), &path(&back)], b"");
    assert_eq!(reid.code, 0, "{}", reid.stderr);
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    tree(&from, "", &mut before);
    tree(&back, "", &mut after);
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (name, bytes) in &before {
        assert!(*bytes == after[name], "{name}: {:?}", String::from_utf8_lossy(&after[name]));
    }
}

#[test]
fn r2_what_cannot_be_inspected_is_not_written_and_the_rest_is_done() {
    let data = tempfile::tempdir().expect("a folder");
    let (from, to) = (data.path().join("in"), data.path().join("out"));
    std::fs::create_dir(&from).expect("made");
    let bad: [(&str, &[u8]); 5] = [
        ("scan.bin", b"a\0b"),
        ("latin1.txt", b"Jos\xe9 Garc\xeda"),
        ("cut.json", b"{\"a\":"),
        ("twice.json", b"{\"a\":1,\"a\":2}"),
        ("cut.jsonl", b"{\"a\":1}\n{\"a\":"),
    ];
    for (name, bytes) in bad.iter().chain(&[("good.txt", &b"Patient: Martha Collins"[..])]) {
        std::fs::write(from.join(name), bytes).expect("written");
    }
    let path = |p: &Path| p.to_str().expect("UTF-8").to_owned();
    let ran = run(data.path(), &["deid", &path(&from), &path(&to)], b"");
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    for (name, _) in bad {
        assert!(ran.stderr.contains(&format!("{name}: not written: ")), "{name} is not named in: {}", ran.stderr);
        assert!(!to.join(name).exists());
        let alone = run(data.path(), &["deid", &path(&from.join(name))], b"");
        assert_eq!((alone.code, alone.stdout.as_str()), (3, ""), "{name}: {}", alone.stderr);
    }
    let good = std::fs::read_to_string(to.join("good.txt")).expect("the good one is done");
    assert!(good.starts_with("Patient: [NAME_"), "{good}");
    let again = run(data.path(), &["deid", &path(&from), &path(&to)], b"");
    assert_eq!(again.code, 3);
    assert!(again.stderr.contains("is there already"), "nothing is overwritten: {}", again.stderr);
    assert_eq!(std::fs::read_to_string(to.join("good.txt")).expect("still there"), good);
}

/// There are only so many invented names: a run that has used them up goes on with placeholders.
#[test]
fn r2_a_long_run_with_realistic_surrogates_does_not_run_out_of_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut input = String::new();
    let syllables = ["ba", "do", "fi", "ka", "lu", "mo", "ne", "ri", "ta", "zu"];
    for a in syllables {
        for b in syllables {
            for c in syllables {
                let name = format!("{}{}{b}{c}", a[..1].to_uppercase(), &a[1..]);
                input.push_str(&json!({"id": name, "text": format!("Patient: {name}xq")}).to_string());
                input.push('\n');
            }
        }
    }
    let data = folder.path().join("data");
    let mut command = asepsis();
    command.args(["deid", "--jsonl", "--surrogates", "realistic", "--data"]).arg(&data);
    let ran = support::run(&mut command, input.as_bytes());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let texts: Vec<Value> = ran.stdout.lines().map(|l| serde_json::from_str(l).expect("a line of JSON")).collect();
    assert_eq!(texts.len(), 1000);
    for line in &texts {
        let (id, text) = (line["id"].as_str().expect("an id"), line["text"].as_str().expect("a text"));
        assert!(!text.contains(&format!("{id}xq")), "{id} was not rewritten");
    }
    assert!(texts.iter().any(|l| l["text"].as_str().is_some_and(|t| t.contains("[NAME_"))));
    assert!(texts.iter().any(|l| l["text"].as_str().is_some_and(|t| !t.contains("[NAME_"))));
}
