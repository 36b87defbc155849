//! The real SDKs of the vendors, through the real binary.
//!
//! The scripts under `tests/sdk/` put every case twice, through the gateway and to a stand-in vendor directly, and compare
//! what the SDK hands to its user. Here the processes are started, and what the vendor behind the gateway saw is checked.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::{Seen, Setup, Site, Vendor};

#[test]
fn r24_p11_the_python_sdks_get_the_unprotected_answer_and_the_vendor_gets_no_identifier() {
    drive(Sdk::Python, "placeholder");
}

#[test]
fn r24_p11_the_python_sdks_get_the_unprotected_answer_also_by_realistic_surrogates() {
    drive(Sdk::Python, "realistic");
}

#[test]
fn r24_p11_the_node_sdk_gets_the_unprotected_answer_and_the_vendor_gets_no_identifier() {
    drive(Sdk::Node, "placeholder");
}

#[test]
fn r24_p11_the_node_sdk_gets_the_unprotected_answer_also_by_realistic_surrogates() {
    drive(Sdk::Node, "realistic");
}

#[test]
fn r30_huaprv_the_python_sdks_tell_of_an_answer_that_is_held_and_fetch_it_once_it_is_released() {
    let Some(installed) = installed(Sdk::Python) else { return };
    let known = "retention_days = 0\ntrains_on_data = false\nstatus = \"approved\"\npatient_facing = false";
    let tool = "\n[[tool]]\nname = \"send_message\"\neffect = \"write\"\n\n[release]\non = true\n";
    let site = Setup::new().system_lines(known).extra(tool).start();
    let run = |releases: Option<String>| -> BTreeMap<String, Value> {
        let mut command = Command::new(installed.join("bin/python"));
        command
            .arg("-B")
            .arg(sources().join("python/release.py"))
            .env("GATEWAY", site.url())
            .env("KEY", site.clinician());
        command.envs(releases.map(|releases| ("RELEASES", releases)));
        let output = command.output().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = said.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        said.map(|line| (line["case"].as_str().expect("a case").to_owned(), line["result"].clone())).collect()
    };
    let held = run(None);
    assert_eq!(held.len(), 4);
    for id in held.values().map(|id| id.as_str().expect("an id")) {
        let shown = site.run(["release", "show", id, "--json"]);
        let shown: Value = serde_json::from_str(&shown.stdout).expect("JSON");
        let effect = shown["effect"].as_str().expect("a name");
        assert_eq!(site.run(["release", "approve", id, "--effect", effect]).code, 0);
    }
    let given = run(Some(serde_json::to_string(&held).expect("JSON")));
    for (case, call) in given {
        assert_eq!(call[0], "send_message", "{case}: {call}");
        assert_eq!(call[1]["text"], "Tell Martha Collins that the visit is on Monday.", "{case}: {call}");
    }
}

#[test]
fn r19_marks_of_a_stream_are_a_block_of_their_own_to_the_python_sdk() {
    let Some(installed) = installed(Sdk::Python) else { return };
    let site = Setup::new().extra("\n[coaching]\nin_answers = true\n").start();
    let mut command = Command::new(installed.join("bin/python"));
    command.arg("-B").arg(sources().join("python/marks.py"));
    let output = command.env("GATEWAY", site.url()).env("KEY", site.clinician()).output().expect("Python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn r24_each_test_note_holds_all_eighteen_identifiers() {
    let eighteen: BTreeSet<char> = ('A'..='R').collect();
    let notes = notes();
    assert!(notes.len() >= 3, "{} notes", notes.len());
    for (name, note) in &notes {
        for planted in &note.planted {
            assert!(note.text.contains(&planted.text), "{name} does not hold {:?}", planted.text);
        }
        let paragraphs: BTreeSet<char> = note.planted.iter().map(|p| p.paragraph).collect();
        assert_eq!(paragraphs, eighteen, "{name}: paragraphs of 45 CFR 164.514(b)(2)(i)");
    }
}

// === The notes ===

struct Note {
    text: String,
    planted: Vec<Planted>,
}

/// An identifier that a note holds.
struct Planted {
    /// The paragraph of 45 CFR 164.514(b)(2)(i) that names its kind.
    paragraph: char,
    text: String,
}

fn notes() -> BTreeMap<String, Note> {
    let folder = sources().join("notes");
    let mut notes = BTreeMap::new();
    for entry in std::fs::read_dir(&folder).expect("the test notes") {
        let path = entry.expect("an entry of the folder of notes").path();
        let name = entry_name(&path);
        if name.ends_with(".planted.json") {
            continue;
        }
        let list = read(&path.with_extension("planted.json"));
        let list: Vec<Value> = serde_json::from_str(&list).expect("a list of planted identifiers");
        let text = |v: &Value| v.as_str().expect("a string").to_owned();
        let planted = list
            .iter()
            .map(|p| Planted {
                paragraph: text(&p["paragraph"]).chars().next().expect("a letter"),
                text: text(&p["text"]),
            })
            .collect();
        notes.insert(name, Note { text: read(&path), planted });
    }
    notes
}

fn entry_name(path: &Path) -> String {
    path.file_name().expect("an entry has a name").to_string_lossy().into_owned()
}

// === Driving an SDK ===

#[derive(Clone, Copy)]
enum Sdk {
    Python,
    Node,
}

impl Sdk {
    fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Node => "node",
        }
    }

    /// The files that say which versions are driven.
    fn pins(self) -> &'static [&'static str] {
        match self {
            Self::Python => &["requirements.txt"],
            Self::Node => &["package.json", "package-lock.json"],
        }
    }

    fn command(self, installed: &Path) -> Command {
        match self {
            Self::Python => {
                let mut command = Command::new(installed.join("bin/python"));
                command.arg("-B").arg(sources().join("python/drive.py"));
                command
            }
            Self::Node => {
                let mut command = Command::new("node");
                command.arg(sources().join("node/drive.mjs")).env("NODE_SDK", installed);
                command
            }
        }
    }
}

fn drive(sdk: Sdk, look: &str) {
    let Some(installed) = installed(sdk) else { return };
    let mut site = Setup::new().surrogates(look).start();
    let direct = Vendor::start();
    let mut command = sdk.command(&installed);
    command.env("GATEWAY", site.url()).env("DIRECT", direct.url()).env("KEY", site.clinician());
    let output = command.output().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stdout);
    let failures: Vec<&str> = said.lines().filter(|line| !line.starts_with("ok ")).collect();
    assert!(output.status.success(), "{}\n{}", failures.join("\n"), String::from_utf8_lossy(&output.stderr));

    let seen = site.seen();
    nothing_identifies(&site, &direct);
    nothing_refused_was_sent(&seen);
    a_conversation_keeps_its_surrogates(&seen);
    every_request_is_recorded(&mut site, seen.len());
}

fn nothing_identifies(site: &Site, direct: &Vendor) {
    let protected = String::from_utf8_lossy(&site.seen_bytes()).into_owned();
    let unprotected = String::from_utf8_lossy(&direct.seen_bytes()).into_owned();
    let mut left = Vec::new();
    for (name, note) in notes() {
        for planted in note.planted {
            let text = planted.text;
            // What the vendor that was asked directly did not see would prove nothing by being absent here.
            assert!(unprotected.contains(&text), "{text:?} of {name} was never sent");
            if stands_in(&protected, &text) {
                left.push(format!("({}) {text:?} of {name}", planted.paragraph));
            }
        }
    }
    assert!(left.is_empty(), "the vendor behind the gateway saw {}", left.join(", "));
}

/// Whether a text stands there; a number only if no digit or capital touches it, because among the thousands of random
/// digits of invented numbers any five come up now and then.
fn stands_in(bytes: &str, text: &str) -> bool {
    let number = text.bytes().all(|b| b.is_ascii_digit());
    let touches = |side: Option<char>| side.is_some_and(|c| c.is_ascii_digit() || c.is_ascii_uppercase());
    bytes.match_indices(text).any(|(at, _)| {
        let (before, after) = (&bytes[..at], &bytes[at + text.len()..]);
        !(number && (touches(before.chars().next_back()) || touches(after.chars().next())))
    })
}

fn nothing_refused_was_sent(seen: &[Seen]) {
    for request in seen {
        let model = request.json()["model"].as_str().expect("a model").to_owned();
        assert!(!model.contains("refused"), "a refused request was sent to {model}");
    }
}

/// The vendor must be able to tell that the second turn goes on with the first.
fn a_conversation_keeps_its_surrogates(seen: &[Seen]) {
    let mut turns = 0;
    let mut openings = BTreeSet::new();
    for request in seen {
        let body = request.json();
        let messages = body["messages"].as_array().expect("messages");
        let opening = format!("{} {}", body["model"], messages[0]);
        if messages.iter().filter(|m| m["role"] == "assistant").count() > 0 && body["tools"].is_null() {
            assert!(openings.contains(&opening), "an opening came back changed: {opening}");
            turns += 1;
        }
        openings.insert(opening);
    }
    assert!(turns >= 6, "{turns} later turns");
}

fn every_request_is_recorded(site: &mut Site, sent: usize) {
    assert_eq!(site.stop(), Some(0));
    let entries = site.audit(&[]);
    let of_phase = |phase: &str| entries.iter().filter(|e| e["phase"] == phase).count();
    assert_eq!(of_phase("intent"), sent, "an entry for each request that left, before it left");
    // More than intents: what was refused has an outcome only.
    assert!(of_phase("outcome") > sent, "{} outcomes", of_phase("outcome"));
    let verified = site.run(["audit", "verify"]);
    assert_eq!(verified.code, 0, "{}{}", verified.stdout, verified.stderr);
}

// === Where things are ===

/// The folder of an SDK that `cargo xtask setup` installed, or `None` where it is left out on purpose.
fn installed(sdk: Sdk) -> Option<PathBuf> {
    let left_out = std::env::var("ASEPSIS_LEAVE_OUT").unwrap_or_default();
    if left_out.split(',').any(|what| what.trim() == "sdk") {
        // Straight to the stream: what a test that holds prints by macro is not shown.
        writeln!(std::io::stderr(), "left out, as ASEPSIS_LEAVE_OUT asks: the {} SDK", sdk.name()).ok();
        return None;
    }
    let installed = build_folder().join("sdk").join(sdk.name());
    let pins: String = sdk.pins().iter().map(|file| read(&sources().join(sdk.name()).join(file))).collect();
    let stamp = std::fs::read_to_string(installed.with_extension("pins")).unwrap_or_default();
    assert!(
        stamp == pins,
        "the {} SDK is not installed in {} in the pinned version; `cargo xtask setup` installs it, `cargo xtask test` does \
         so before all tests, and with ASEPSIS_LEAVE_OUT=sdk in the environment it is left out",
        sdk.name(),
        installed.display()
    );
    Some(installed)
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/sdk")
}

/// Cargo's target folder, which it marks with a tag.
fn build_folder() -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_asepsis"));
    binary.ancestors().find(|a| a.join("CACHEDIR.TAG").exists()).expect("the binary is in a target folder").to_owned()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}
