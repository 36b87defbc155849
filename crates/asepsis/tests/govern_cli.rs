//! Assessing a vendor through the real binary: facts, documents, cards, questionnaires, approvals.

mod support;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::{Ran, asepsis, run};

const CONFIG: &str = r#"
[server]
listen = "127.0.0.1:0"
data_dir = "data"

[[role]]
id = "officer"
restore = false
administer = true

[[role]]
id = "clinician"
restore = true
"#;

const CANARY: &str = "Zebediah Quackenbush signed on page 7";

struct Practice {
    dir: tempfile::TempDir,
    officer: String,
}

impl Practice {
    /// A practice that knows one vendor with one AI system and an agreement, and nothing of either.
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("asepsis.toml"), CONFIG).expect("a configuration");
        let practice = Self { dir, officer: String::new() };
        let officer = practice.key("officer.two", "officer");
        practice.good(["vendor", "add", "acme", "name=Acme", "--basis", "intake 7"]);
        practice.good([
            "system",
            "add",
            "chat",
            "vendor=acme",
            "protocol=openai",
            "base_url=https://127.0.0.1:1",
            "models=m",
            "roles=clinician",
            "purposes=TREAT",
            "autonomy=1",
            "clinical_impact=none",
            "data_classes=limited",
            "--basis",
            "intake 7",
        ]);
        practice.good([
            "agreement",
            "add",
            "baa-acme",
            "vendor=acme",
            "kind=baa",
            "state=signed",
            "first_day=2026-01-01",
            "last_day=2099-06-30",
            "systems=chat",
            "--basis",
            "intake 7",
        ]);
        Self { officer, ..practice }
    }

    fn key(&self, user: &str, role: &str) -> String {
        let ran = self.run(["key", "add", "--user", user, "--role", role]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout.trim().to_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("a file");
        path.to_str().expect("a path in UTF-8").to_owned()
    }

    fn run<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Ran {
        let mut command = asepsis();
        command.env("USER", "ann").env("KEY", &self.officer).current_dir(self.dir.path());
        run(command.arg("--config").arg(self.path("asepsis.toml")).args(args), b"")
    }

    fn good<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        ran.stdout
    }

    fn assessment(&self, of: &str) -> Value {
        let ran = self.run(["assess", of, "--json"]);
        serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr))
    }

    /// Everything that a chat product of the tier moderate needs, stated with the right evidence.
    fn answer_all(&self) {
        let soc2 = self.file("soc2.pdf", format!("%PDF-1.7 {CANARY}"));
        self.good([
            "evidence",
            "add",
            &soc2,
            "--id",
            "acme-soc2",
            "--vendor",
            "acme",
            "--kind",
            "SOC2-II",
            "--issuer",
            "Auditor",
            "--valid-to",
            "2099-03-31",
            "--basis",
            "intake 7",
        ]);
        let answer = |of: &str, facts: &[&str], proof: &[&str]| {
            let facts = facts.iter().flat_map(|fact| ["--fact", fact]);
            self.good(
                ["assess", "answer", of]
                    .into_iter()
                    .chain(facts)
                    .chain(proof.iter().copied())
                    .chain(["--basis", "intake 7"]),
            );
        };
        answer(
            "acme",
            &[
                "mfa=yes",
                "access=yes",
                "encryption_rest=yes",
                "encryption_transit=yes",
                "logging_available=yes",
                "tenant_isolation=yes",
                "incident_plan=yes",
            ],
            &["--grade", "A", "--source", "evidence:acme-soc2"],
        );
        answer(
            "acme",
            &[
                "cert_soc2=yes",
                "pen_test_date=2026-11-01",
                "tls_least=1.2",
                "subprocessors_listed=yes",
                "change_notice_days=30",
            ],
            &[],
        );
        answer(
            "chat",
            &["breach_notice_hours=72", "deletion_on_end=yes", "subcontractor_flowdown=yes", "training_ban=yes"],
            &["--grade", "B", "--source", "agreement:baa-acme"],
        );
        answer("chat", &["trains_on_data=no", "retention_days=30", "regions=us"], &["--grade", "B"]);
        answer(
            "chat",
            &[
                "patient_facing=no",
                "intended_use=letters",
                "human_review_of_data=no",
                "no_outside_party=no",
                "base_model=a model",
            ],
            &[],
        );
    }

    fn approve(&self, more: &[&str]) -> Ran {
        let all = ["assess", "approve", "chat", "--basis", "committee 4", "--second-person-key-env", "KEY"];
        self.run(all.into_iter().chain(more.iter().copied()))
    }
}

fn grep(folder: &Path, what: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(grep(&path, what));
        } else if std::fs::read(&path).expect("a file").windows(what.len()).any(|window| window == what.as_bytes()) {
            found.push(path);
        }
    }
    found
}

#[test]
fn c19_from_nothing_known_to_an_approval_by_a_second_person() {
    let practice = Practice::new();
    let empty = practice.assessment("chat");
    assert_eq!(empty["assessment"]["tier"]["tier"], "moderate");
    // An agreement is in force: of what is asked, that alone is known.
    assert_eq!(
        (&empty["assessment"]["coverage"]["met"], &empty["assessment"]["cap"]),
        (&json!(1), &json!("not_for_phi"))
    );
    let refused = practice.approve(&[]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    for part in ["the gate `training`", "the question of logging", "% of what this tier asks is answered"] {
        assert!(refused.stderr.contains(part), "{}", refused.stderr);
    }
    practice.answer_all();
    let full = practice.assessment("chat")["assessment"].clone();
    assert_eq!(full["cap"], "none");
    assert_eq!(full["questions"].as_array().map(Vec::len), Some(5));
    assert_eq!(full["questions"][2]["facts"][0]["age_days"], 0);
    assert_eq!(full["first_lapse"], "2099-04-01");
    let page = practice.run(["assess", "chat", "--markdown"]);
    assert!(
        page.code == 0
            && page.stdout.contains("## Every figure")
            && page.stdout.contains("| mfa | low | yes | A | yes | yes |")
    );

    let approved = practice.approve(&["--json"]);
    assert_eq!(approved.code, 0, "{}", approved.stderr);
    let approval: Value = serde_json::from_str(&approved.stdout).expect("JSON");
    assert_eq!(
        (&approval["approval"]["asked_by"], &approval["approval"]["approved_by"]),
        (&json!("ann"), &json!("officer.two"))
    );
    let shown = practice.good(["assess", "chat"]);
    assert!(shown.contains("APPROVED    on ") && shown.contains("by officer.two"), "{shown}");
    let due = practice.run(["assess", "--due"]);
    assert!(
        due.code == 1
            && due.stdout.contains("chat  stands  until ")
            && due.stdout.contains("vendor/acme  never assessed")
    );

    // The log has who, what and why, with the second person.
    let log = practice.good([
        "audit",
        "search",
        "--json",
        "--folder",
        practice.path("data/log-cli").to_str().expect("a path"),
    ]);
    let acts: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of = |target: &str| {
        acts.iter().find(|act| act.to_string().contains(target)).map(ToString::to_string).unwrap_or_default()
    };
    assert!(of("assessment/system.chat@1").contains("committee 4; second person: officer.two (key "), "{log}");
    assert!(of("system/chat@").contains("register_changed") && of("evidence/acme-soc2@1").contains("intake 7"));
    assert!(grep(&practice.path("data"), CANARY).is_empty());
}

#[test]
fn c19_a_template_says_what_to_ask_and_counts_for_nothing() {
    let practice = Practice::new();
    let before = practice.assessment("chat")["assessment"].clone();
    let ran = practice.run(["vendor", "template", "apply", "enterprise-chat-baa", "chat", "--basis", "intake 7"]);
    assert!(ran.code == 0 && ran.stderr.contains("trains_on_data: Often a setting of the workspace"), "{}", ran.stderr);
    let after = practice.assessment("chat")["assessment"].clone();
    for result in ["coverage", "confidence", "cap", "tier", "rests_on"] {
        assert_eq!(before[result], after[result], "{result}");
    }
    assert!(practice.good(["system", "show", "chat"]).contains("trains_on_data: no; grade U"));
    // What was said of the use of the system stays as it was said.
    assert_eq!(after["tier"]["tier"], "moderate");
}

#[test]
fn c28_a_fact_that_is_gone_lapses_the_approval() {
    let practice = Practice::new();
    practice.answer_all();
    assert_eq!(practice.approve(&[]).code, 0);
    practice.good(["assess", "answer", "acme", "--fact", "mfa=unknown", "--basis", "the auditor withdrew it"]);
    let lapsed = practice.run(["assess", "chat"]);
    assert_eq!(lapsed.code, 1);
    assert!(lapsed.stdout.contains("LAPSED      it rests on `mfa`: it is unknown"), "{}", lapsed.stdout);
    let due = practice.run(["assess", "--due", "--json"]);
    assert_eq!(due.code, 1);
    assert!(due.stdout.contains("\"state\":\"lapsed\""), "{}", due.stdout);
    // The agreement ends: the same.
    practice.good(["assess", "answer", "acme", "--fact", "mfa=yes", "--grade", "A", "--basis", "the auditor found it"]);
    assert_eq!(practice.run(["assess", "chat"]).code, 0);
    practice.good(["agreement", "set", "baa-acme", "last_day=2026-02-01", "--basis", "it ended"]);
    assert!(practice.run(["assess", "chat"]).stdout.contains("it rests on `contract`: it counted until 2026-02-01"));
}

#[test]
fn c16_p16_a_document_that_is_over_or_gone_lowers_what_rests_on_it() {
    let practice = Practice::new();
    practice.answer_all();
    let on = |day: &str| {
        let ran = practice.run(["assess", "chat", "--json", "--on", day]);
        let found: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let mfa = found["assessment"]["figures"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|figure| figure["fact"] == "mfa")
            .cloned();
        mfa.expect("mfa is asked")["grade"].clone()
    };
    assert_eq!((on("2099-03-31"), on("2099-04-01")), (json!("A"), json!("U")));
    let shown = practice.good(["evidence", "show", "acme-soc2"]);
    assert!(
        shown.contains("soc2.pdf") && shown.contains("    vendor/acme mfa") && shown.contains("good until 2099-03-31"),
        "{shown}"
    );
    let out = practice.path("out.pdf");
    let out = out.to_str().expect("a path");
    practice.good(["evidence", "export", "acme-soc2", "--out", out, "--basis", "audit 3"]);
    assert_eq!(std::fs::read_to_string(out).expect("a file"), format!("%PDF-1.7 {CANARY}"));
    assert_eq!(practice.run(["evidence", "export", "acme-soc2", "--out", out, "--basis", "audit 3"]).code, 2);
    assert!(practice.good(["evidence", "export", "acme-soc2", "--basis", "audit 3"]).contains(CANARY));
    practice.good(["evidence", "remove", "acme-soc2", "--basis", "a newer one"]);
    let gone = practice.run(["assess", "chat"]);
    assert!(gone.code == 1 && gone.stdout.contains("the document `acme-soc2` is not there"), "{}", gone.stdout);
    assert!(practice.good(["evidence", "list"]).is_empty());

    let old = practice.file("old.pdf", "old");
    let add = |more: &[&str]| {
        practice.run(["evidence", "add", old.as_str(), "--basis", "b"].into_iter().chain(more.iter().copied()))
    };
    let good =
        ["--id", "old", "--vendor", "acme", "--kind", "ISO27001", "--issuer", "Somebody", "--valid-to", "2026-01-01"];
    assert_eq!(add(&good).code, 0);
    let listed = practice.run(["evidence", "list"]);
    assert!(
        listed.code == 1 && listed.stdout.contains("old  acme  ISO27001  Somebody  ended on 2026-01-01"),
        "{}",
        listed.stdout
    );
    for (change, says) in [
        (["--id", "old", "--vendor", "acme", "--kind", "agreement", "--issuer", "Somebody"].as_slice(), "already"),
        (&["--id", "x", "--vendor", "nobody", "--kind", "agreement", "--issuer", "Somebody"], "no vendor `nobody`"),
        (&["--id", "x", "--vendor", "acme", "--kind", "ISO27001", "--issuer", "Somebody"], "--valid-to"),
        (&["--id", "x", "--vendor", "acme", "--kind", "ISO9001", "--issuer", "Somebody"], "the kinds of documents are"),
        (
            &["--id", "x", "--vendor", "acme", "--systems", "y", "--kind", "agreement", "--issuer", "S"],
            "no AI system `y`",
        ),
        (
            &["--id", "x", "--vendor", "acme", "--facts", "mfaa", "--kind", "agreement", "--issuer", "S"],
            "no fact `mfaa`",
        ),
        (&["--id", "../x", "--vendor", "acme", "--kind", "agreement", "--issuer", "S"], "1 to 64"),
    ] {
        let ran = add(change);
        assert!(ran.code == 2 && ran.stderr.contains(says), "{change:?}: {}", ran.stderr);
    }
    assert_eq!(practice.run(["evidence", "list"]).stdout.lines().count(), 1);
}

#[test]
fn p10_nobody_approves_alone_and_only_who_may() {
    let practice = Practice::new();
    practice.answer_all();
    let by = |key: &str| {
        let mut command = asepsis();
        command.env("USER", "ann").env("KEY", key);
        let args = ["assess", "approve", "chat", "--basis", "b", "--second-person-key-env", "KEY"];
        run(command.arg("--config").arg(practice.path("asepsis.toml")).args(args), b"")
    };
    let own = by(&practice.key("ann", "officer"));
    assert!(own.code == 2 && own.stderr.contains("must be somebody else"), "{}", own.stderr);
    let other = by(&practice.key("dr.b", "clinician"));
    assert!(other.code == 2 && other.stderr.contains("administer = false"), "{}", other.stderr);
    assert_eq!(by("asep_nothing").code, 2);
    assert!(practice.assessment("chat")["approval"].is_null());
    // An open question needs an exception that the second person signs, with an end.
    practice.good(["assess", "answer", "acme", "--fact", "logging_available=no", "--basis", "b"]);
    assert_eq!(practice.approve(&[]).code, 3);
    for wrong in ["logging", "logging=2026-01-01=late", "logging=2099-01-01=late", "all=2027-01-01=x"] {
        assert_eq!(practice.approve(&["--exception", wrong]).code, 2, "{wrong}");
    }
    let soon = (time::OffsetDateTime::now_utc().date() + time::Duration::days(60)).to_string();
    let approved = practice.approve(&["--exception", &format!("logging={soon}=comes with version 5")]);
    assert_eq!(approved.code, 0, "{}", approved.stderr);
    assert!(approved.stdout.contains(&format!("stands until {soon}")), "{}", approved.stdout);
    let stored = practice.assessment("chat");
    assert_eq!(stored["approval"]["approval"]["exceptions"][0]["who"], "officer.two");
}

#[test]
fn c19_cards_and_questionnaires_state_and_replace_nothing_better() {
    let practice = Practice::new();
    practice.good(["assess", "answer", "chat", "--fact", "intended_use=as agreed", "--grade", "B", "--basis", "b"]);
    let card = include_str!("../../asepsis-govern/tests/cards/full.xml");
    let file = practice.file("card.xml", card);
    let shown: Value = serde_json::from_str(&practice.good(["card", "show", &file, "--json"])).expect("JSON");
    assert_eq!(
        (shown["signature"].as_bool(), shown["fields"].as_object().map(serde_json::Map::len)),
        (Some(true), Some(64))
    );
    let imported = practice.run(["card", "import", "chat", &file, "--basis", "b"]);
    assert!(
        imported.code == 0 && imported.stderr.contains("intended_use: something better is known"),
        "{}",
        imported.stderr
    );
    let found = practice.assessment("chat")["assessment"]["figures"].clone();
    let of = |name: &str| {
        found.as_array().into_iter().flatten().find(|figure| figure["fact"] == name).cloned().unwrap_or_default()
    };
    assert_eq!((&of("base_model")["value"], &of("base_model")["grade"]), (&json!("Example Vision 2"), &json!("D")));
    assert_eq!((&of("intended_use")["value"], &of("intended_use")["grade"]), (&json!("as agreed"), &json!("B")));
    let bomb = practice.file("bomb.xml", "<?xml version=\"1.0\"?>\n<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>");
    let refused = practice.run(["card", "import", "chat", &bomb, "--basis", "b"]);
    assert!(refused.code == 2 && refused.stderr.contains("line 2: a document type (DTD)"), "{}", refused.stderr);

    let table = practice
        .file("caiq.csv", "\u{feff}Question ID;Answer;Notes\r\nIAM-14.1;YES;\r\nLOG-08.1;PARTIAL;soon\r\nX-1;YES;\r\n");
    let ran = practice.run(["caiq", "import", "acme", &table, "--basis", "b"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stdout.contains("1 facts of acme are stated") && ran.stdout.contains("line 3: LOG-08.1 is `PARTIAL`"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("line 4: X-1 answers no fact"), "{}", ran.stdout);
    // The table of open questions is filled in and read again.
    let open = practice.run(["assess", "acme", "--questions"]).stdout;
    assert!(open.contains("\nencryption_rest,,,") && !open.contains("\nmfa,"), "{open}");
    let filled = practice.file(
        "open.csv",
        open.replace("\nencryption_rest,,", "\nencryption_rest,yes,")
            .replace("\nbreach_notice_hours,,", "\nbreach_notice_hours,48,")
            .replace("\npen_test_date,,", "\npen_test_date,in May,"),
    );
    let ran = practice.run(["caiq", "import", "acme", &filled, "--basis", "b"]);
    assert!(
        ran.code == 1
            && ran.stdout.contains("2 facts of acme are stated")
            && ran.stdout.contains("pen_test_date is `in May`"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
}

#[test]
fn p16_documents_go_along_in_backups_and_open_with_the_keys_alone() {
    let practice = Practice::new();
    practice.answer_all();
    let identity =
        practice.file("identity.txt", "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33\n");
    #[cfg(unix)]
    std::fs::set_permissions(&identity, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("its mode");
    let (backup, into) = (practice.path("monday.age"), practice.path("restored"));
    let (backup, into) = (backup.to_str().expect("a path"), into.to_str().expect("a path"));
    let recipient = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";
    practice.good(["backup", "create", backup, "--recipient", recipient]);
    practice.good(["backup", "restore", backup, "--identity", &identity, "--to", into]);
    practice.file("asepsis.toml", CONFIG.replace("data_dir = \"data\"", "data_dir = \"restored\""));
    // A backup holds no keys: without them the document is not there to be read.
    let without = practice.run(["evidence", "export", "acme-soc2", "--basis", "b"]);
    assert!(without.code == 2 && !without.stdout.contains(CANARY), "{}", without.stderr);
    support::copy(&practice.path("data/keys"), &practice.path("restored/keys"));
    assert!(practice.good(["evidence", "export", "acme-soc2", "--basis", "b"]).contains(CANARY));
    assert!(grep(&practice.path("restored"), CANARY).is_empty());
}

#[test]
fn what_is_wrong_is_said_with_a_remedy() {
    let practice = Practice::new();
    for (args, says) in [
        (vec!["assess", "nobody"], "there is no AI system and no vendor `nobody`"),
        (vec!["assess", "answer", "chat", "--fact", "mfaa=yes", "--basis", "b"], "did you mean `mfa`?"),
        (vec!["assess", "answer", "chat", "--fact", "mfa", "--basis", "b"], "write NAME=VALUE"),
        (vec!["assess", "answer", "chat", "--fact", "mfa=perhaps", "--basis", "b"], "`mfa` is yes or no"),
        (vec!["assess", "answer", "chat", "--fact", "contract=yes", "--basis", "b"], "follows from the agreements"),
        (vec!["assess", "answer", "acme", "--fact", "regions=us", "--basis", "b"], "state it of the system"),
        (
            vec!["assess", "answer", "chat", "--fact", "mfa=yes", "--source", "evidence:x", "--basis", "b"],
            "no document `x`",
        ),
        (vec!["assess", "answer", "chat", "--fact", "mfa=yes", "--basis", "SSN 219-09-9999"], "what looks like"),
        (vec!["assess", "facts", "encryption_at_rest"], "did you mean `encryption_rest`?"),
        (vec!["vendor", "template", "show", "nothing"], "there are consumer-chatbot"),
        (vec!["assess"], "required"),
        (vec!["card", "import", "acme", "x.xml", "--basis", "b"], "cannot read"),
        (vec!["probe", "acme"], "is a vendor"),
        (vec!["probe", "chat"], "cannot be reached"),
        (vec!["evidence", "show", "x"], "there is no document `x`"),
        (vec!["evidence", "remove", "x", "--basis", "b"], "there is no document `x`"),
    ] {
        let ran = practice.run(args.iter().copied());
        assert!(ran.code == 2 && ran.stderr.contains(says), "{args:?}: {}", ran.stderr);
    }
    assert_eq!(practice.good(["vendor", "template", "list"]).lines().count(), 8);
    assert!(practice.good(["vendor", "template", "show", "ambient-scribe"]).contains("[facts]"));
    assert!(practice.good(["assess", "facts", "--tier", "low", "--json"]).lines().count() >= 15);
    // What stands in the configuration is assessed, and changed there.
    let config = format!(
        "{CONFIG}\n[[vendor]]\nid = \"own\"\nname = \"Own\"\n\n[[system]]\nid = \"own-chat\"\nvendor = \"own\"\nprotocol = \"openai\"\nbase_url = \"http://127.0.0.1:1\"\nmodels = [\"o\"]\nroles = [\"clinician\"]\npurposes = [\"TREAT\"]\nretention_days = 9\n"
    );
    practice.file("asepsis.toml", config);
    assert_eq!(practice.assessment("own-chat")["assessment"]["coverage"]["met"], 1);
    let ran = practice.run(["assess", "answer", "own-chat", "--fact", "regions=us", "--basis", "b"]);
    assert!(ran.code == 2 && ran.stderr.contains("stands in the configuration file"), "{}", ran.stderr);
    let ran = practice.run(["probe", "own-chat"]);
    assert!(ran.code == 2 && ran.stderr.contains("--address HOST:PORT"), "{}", ran.stderr);
}
