//! Vendors, AI systems and agreements from and into files.
#![allow(clippy::unwrap_used)]

mod support;

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::Value;
use support::{Ran, Setup, asepsis, run};

/// A configuration in a folder; nothing runs.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("asepsis.toml"), Setup::new().toml("http://127.0.0.1:1")).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        run(asepsis().args(arguments).current_dir(self.0.path()), b"")
    }

    fn import(&self, name: &str, text: &str, more: &[&str]) -> Ran {
        self.write(name, text);
        self.run(&[&["register", "import", name, "--basis", "ticket 1"], more].concat())
    }

    fn export(&self, format: &str) -> String {
        let ran = self.run(&["register", "export", "--format", format]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout
    }
}

const ACME: &str = r#"
[[vendor]]
id = "acme"
name = "=Acme \"A\" | GmbH"
contacts = ["Privacy | desk", "+1 555 0100"]
status = { value = "approved", grade = "B", rests_on = ["mfa"] }

[vendor.facts]
mfa = { value = true, grade = "A", source = "report, p. 3\nline", expires = "2030-12-31" }
storage_regions = ["us", "eu"]
cert_hitrust = "unknown"

[[system]]
id = "acme-chat"
vendor = "acme"
protocol = "openai"
base_url = "https://api.example.com"
models = ["acme-1", "acme-2*"]
roles = ["clinician"]
purposes = ["TREAT"]
grants = { HPAYMT = ["front-desk"] }
retention_days = 0
regions = { value = ["us"], expires = "2020-01-01" }

[[agreement]]
id = "acme-baa"
vendor = "acme"
kind = "baa"
state = "signed"
first_day = "2026-01-01"
open_ended = true
systems = ["acme-chat"]
"#;

#[test]
fn c18_export_and_import_are_inverse_in_every_format() {
    let folder = Folder::new();
    let made = folder.import("acme.toml", ACME, &[]);
    assert_eq!(made.code, 0, "{}{}", made.stdout, made.stderr);
    assert!(made.stdout.contains("3 entries: 3 new, 0 changed, 0 as they were; 3 changes made"), "{}", made.stdout);
    assert!(
        made.stdout.contains("system acme-chat, regions.expires: remark: the fact expired on 2020-01-01"),
        "{}",
        made.stdout
    );
    let json: Value = serde_json::from_str(&folder.export("json")).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 3);
    for format in ["toml", "csv", "json"] {
        let exported = folder.export(format);
        let name = format!("out.{format}");
        let again = folder.import(&name, &exported, &[]);
        assert_eq!(again.code, 0, "{}{}\n{exported}", again.stdout, again.stderr);
        assert!(again.stdout.contains("3 as they were; 0 changes made"), "{format}: {}", again.stdout);
        let other = Folder::new();
        assert_eq!(other.import(&name, &exported, &[]).code, 0);
        for same in ["toml", "csv", "json"] {
            assert_eq!(other.export(same), folder.export(same), "{format} and back");
        }
    }
    let csv = folder.export("csv");
    assert!(!csv.lines().any(|line| line.split(',').any(|cell| cell.starts_with('='))), "no formula: {csv}");
}

#[test]
fn c18_everything_that_is_wrong_is_said_at_once_and_nothing_is_changed() {
    let folder = Folder::new();
    let csv = "register,id,name,vendor,kind,state,first_day,last_day,systems,mfa,mfa.expires,colour,models.grade\r\n\
        vendor,a,A,,,,,,,maybe,,,\r\n\
        vendor,a,A,,,,,,,yes,2020-01-01,,\r\n\
        vendor,b b,B,,,,,,,,,,\r\n\
        agreement,c,,nobody,baa,signed,2026-13-01,2026-12-31,standin-chat,,,,\r\n\
        agreement,d,,standin,baa,signed,2026-02-01,2026-01-01,standin-chat,,,,\r\n\
        agreement,e,,standin,baa,signed,2026-01-01,2026-12-31,nowhere,,,,\r\n\
        vendor,standin,Twice,,,,,,,,,,\r\n\
        agreement,f,,standin,baa,sined,2026-01-01,2026-12-31,standin-chat,,,,\r\n\
        plant,g,,,,,,,,,,,\r\n";
    let ran = folder.import("bad.csv", csv, &[]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    for part in [
        "line 1, colour: problem: there is no column `colour`",
        "line 2, vendor a, mfa: problem: `mfa` is yes or no",
        "line 3, vendor a, id: problem: the same id stands in the file twice",
        "line 3, vendor a, mfa.expires: remark: the fact expired on 2020-01-01",
        "line 4, vendor b b, id: problem: vendor id must be 1 to 64",
        "line 5, agreement c, first_day: problem: first_day: a day looks like",
        "line 6, agreement d, last_day: problem: agreement `d` ends before it starts",
        "line 7, systems: problem: line 7: agreement `e` of vendor `standin` names the system `nowhere`",
        "line 8, vendor standin, id: problem: vendor `standin` stands twice, in the configuration and line 8",
        "line 9, agreement f, state: problem: state: unknown variant `sined`",
        "line 10, plant g, register: problem: `plant` is no register",
        "problems, so nothing was changed",
    ] {
        assert!(ran.stdout.contains(part), "{part}\n{}", ran.stdout);
    }
    assert_eq!(folder.export("json").trim(), "[]");

    let circle = "[[vendor]]\nid = \"a\"\nname = \"A\"\nsubprocessors = [\"b\"]\n[[vendor]]\nid = \"b\"\nname = \"B\"\n\
        subprocessors = [\"a\"]\n[[vendor]]\nid = 3\nnmae = \"C\"\n[[vendor]\nid = \"d\"\n[[role]]\nid = \"x\"\n";
    let ran = folder.import("circle.toml", circle, &["--json"]);
    assert_eq!(ran.code, 1);
    let lines: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said = |part: &str| lines.iter().any(|line| line["message"].as_str().is_some_and(|said| said.contains(part)));
    for part in ["in a circle: a -> b -> a", "`id` is a text", "no TOML", "`role` is no register"] {
        assert!(said(part), "{part}\n{}", ran.stdout);
    }
    assert_eq!(lines.last().unwrap()["kind"], "report");

    for (name, text, part) in [
        (
            "cut.json",
            "[{\"register\": \"vendor\", \"id\": \"a\", \"name\": \"A\"}, {\"regis",
            "no array of entries in JSON",
        ),
        ("no.json", "{\"a\": 1}", "no array of entries in JSON"),
        ("more.json", "[] x", "no array of entries in JSON"),
        ("empty.csv", "", "the file is empty"),
        ("quote.csv", "register,id,name\nvendor,a,A,B\n", "the line has 4 cells and the head 3"),
    ] {
        let ran = folder.import(name, text, &[]);
        assert!(ran.code == 1 && ran.stdout.contains(part), "{name}: {}{}", ran.stdout, ran.stderr);
    }
    let long = format!("[[vendor]]\nid = \"a\"\nname = \"{}\"\n", "x".repeat(70_000));
    let ran = folder.import("long.toml", &long, &[]);
    assert!(ran.stdout.contains("an entry has 65536 at most"), "{}", ran.stdout);
    let endless = format!("[[vendor]]\nid = \"a\"\nname = \"{}\"\n", "x".repeat(3 << 20));
    let ran = folder.import("endless.toml", &endless, &[]);
    assert!(ran.code == 1 && ran.stdout.contains("more than 1048576 bytes"), "{}", ran.stdout);
}

#[test]
fn c18_a_dry_run_says_what_would_change() {
    let folder = Folder::new();
    let ran = folder.import("acme.toml", ACME, &["--dry-run"]);
    assert!(ran.code == 0 && ran.stdout.contains("3 new") && ran.stdout.contains("(dry run)"), "{}", ran.stdout);
    assert_eq!(folder.export("json").trim(), "[]");
    folder.import("acme.toml", ACME, &[]);
    let other = ACME.replace("\"approved\"", "\"suspended\"");
    let ran = folder.import("acme.toml", &other, &[]);
    assert!(ran.stdout.contains("0 new, 1 changed, 2 as they were; 1 changes made"), "{}", ran.stdout);
    let history = folder.run(&["vendor", "history", "acme"]).stdout;
    assert!(
        history.contains("version 1") && history.contains("version 2") && history.contains("ticket 1"),
        "{history}"
    );
}

#[test]
fn c18_thousands_of_entries_come_in_at_once_and_each_is_in_the_log() {
    let folder = Folder::new();
    let mut csv = String::from("register,id,name,mfa,mfa.grade,subprocessors\n");
    for n in 0..5000 {
        let next = if n + 1 < 5000 { format!("v{:05}", n + 1) } else { String::new() };
        writeln!(csv, "vendor,v{n:05},Vendor {n},yes,C,{next}").unwrap();
    }
    let ran = folder.import("many.csv", &csv, &[]);
    assert!(ran.code == 0 && ran.stdout.contains("5000 entries: 5000 new"), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(folder.export("csv").lines().count(), 5001);
    let log = folder.0.path().join("data/log-cli");
    let found = folder.run(&["audit", "search", "--json", "--last", "10000", "--folder", log.to_str().unwrap()]).stdout;
    assert_eq!(found.lines().filter(|line| line.contains("\"register_changed\"")).count(), 5000);
}

/// Where two people approve, one cannot: not by a file, not by a command, not in the configuration.
#[test]
fn p10_where_two_people_approve_one_cannot() {
    let folder = Folder::new();
    let config = std::fs::read_to_string(folder.0.path().join("asepsis.toml")).unwrap();
    let two = format!("{config}\n[registers]\nsecond_person = true\n");
    assert_eq!(folder.import("acme.toml", ACME, &[]).code, 0, "before, it is one person's word");
    folder.write("asepsis.toml", &two);
    // What is approved already may be changed in all else, also by a file.
    let renamed = ACME.replace("contacts = [\"Privacy | desk\"", "contacts = [\"Desk\"");
    assert_eq!(folder.import("acme.toml", &renamed, &[]).code, 0);
    let other = ACME.replace("rests_on = [\"mfa\"]", "rests_on = []");
    let refused = folder.import("acme.toml", &other, &[]);
    assert!(
        refused.code != 0 && (refused.stdout.clone() + &refused.stderr).contains("asepsis assess approve acme"),
        "{}{}",
        refused.stdout,
        refused.stderr
    );
    let added = folder.run(&["vendor", "add", "other", "name=Other", "status=approved", "--basis", "ticket 2"]);
    assert!(added.code == 2 && added.stderr.contains("asks for two"), "{}", added.stderr);
    let approved =
        folder.run(&["system", "approve", "acme-chat", "--rests-on", "mfa", "--without", "mfa", "--basis", "ticket 3"]);
    assert!(approved.code == 2 && approved.stderr.contains("asks for two"), "{}", approved.stderr);
    let suspended = folder.run(&["system", "suspend", "acme-chat", "--basis", "ticket 4"]);
    assert_eq!(suspended.code, 0, "one person may always stop: {}", suspended.stderr);
    folder.write(
        "asepsis.toml",
        &two.replacen("name = \"Stand-in vendor\"", "name = \"Stand-in vendor\"\nstatus = \"approved\"", 1),
    );
    let checked = folder.run(&["check"]);
    assert!(checked.code == 2 && checked.stderr.contains("one person's word"), "{}", checked.stderr);
}
