//! The audit log through the command line: intact after many exchanges, and every way to change it behind its back is found
//! and its place named.

mod support;

use std::path::{Path, PathBuf};

use asepsis_db::rusqlite::Connection;
use serde_json::{Value, json};
use support::{Ran, Setup, Site, copy, user};

const EXCHANGES: usize = 30;

/// A practice with a log of some exchanges, of which some failed; its gateway has ended.
fn site() -> Site {
    let mut site = Setup::new().start();
    let (ben, analyst) = (site.key("ben", "front-desk"), site.key("carl", "analyst"));
    for i in 0..EXCHANGES {
        let model = ["standin-echo", "standin-messages-echo", "standin-e500"][i % 3];
        let key = [site.clinician(), &ben, &analyst][i / 3 % 3];
        let path = if i % 3 == 1 { "/v1/messages" } else { "/v1/chat/completions" };
        let body = json!({"model": model, "max_tokens": 9, "messages": [user(&format!("Patient: Martha Collins, visit {i}"))]});
        let reply = site.post(path, key, body.to_string().as_bytes());
        assert_eq!(reply.status, if i % 3 == 2 { 500 } else { 200 }, "{}", reply.text());
    }
    assert_eq!(site.post("/v1/messages", site.clinician(), b"{").status, 400);
    assert_eq!(site.stop(), Some(0));
    site
}

/// A copy of the log, to be changed.
fn copied(site: &Site, name: &str) -> PathBuf {
    let to = site.folder().join(name);
    copy(&site.data_dir().join("log"), &to);
    to
}

/// Changes the table of entries behind the log's back.
fn change(log: &Path, statements: &'static str) {
    let db = Connection::open(log.join("entries.db")).expect("the database opens");
    db.execute_batch(statements).expect("the change");
    db.close().expect("closed");
}

fn verify(site: &Site, log: &Path) -> Ran {
    site.run(["audit", "verify", log.to_str().expect("UTF-8")])
}

#[test]
fn r27_a_log_of_many_exchanges_is_intact_and_every_change_to_it_is_found_and_its_place_named() {
    let site = site();
    let ran = site.run(["audit", "verify"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stdout.contains(&format!("INTACT   {} entries", 2 * EXCHANGES + 1)), "{}", ran.stdout);
    assert!(!ran.stdout.contains("UNSIGNED") && !ran.stdout.contains("NO END"), "{}", ran.stdout);
    let changes: [(&str, &'static str, &str); 6] = [
        (
            "a changed byte",
            "UPDATE entries SET bytes = CAST(replace(CAST(bytes AS TEXT), 'clinician', 'clinicias') AS BLOB) WHERE idx = 1",
            "entry 1",
        ),
        ("a deleted entry", "DELETE FROM entries WHERE idx = 17", "entry 17"),
        (
            "two swapped",
            "UPDATE entries SET idx = -1 WHERE idx = 7; UPDATE entries SET idx = 7 WHERE idx = 8; \
             UPDATE entries SET idx = 8 WHERE idx = -1",
            "entry 7",
        ),
        ("a table cut short", "DELETE FROM entries WHERE idx >= 50", "entry 50"),
        ("an empty table", "DELETE FROM entries", "entry 0"),
        ("an entry that was made up", "UPDATE entries SET bytes = x'7b7d' WHERE idx = 60", "entry 60"),
    ];
    for (i, (name, statements, place)) in changes.into_iter().enumerate() {
        let log = copied(&site, &format!("changed-{i}"));
        assert_eq!(verify(&site, &log).code, 0, "{name}: the copy itself is intact");
        change(&log, statements);
        let ran = verify(&site, &log);
        assert_eq!(ran.code, 1, "{name}: {}", ran.stdout);
        assert!(ran.stdout.contains("NOT INTACT"), "{name}: {}", ran.stdout);
        let named = ran.stdout.lines().any(|l| l.starts_with("CHANGED") && l.contains(place));
        assert!(named, "{name}: `{place}` is not named in:\n{}", ran.stdout);
    }
}

#[test]
fn r27_a_log_that_is_damaged_is_told_apart_from_one_that_is_not_there() {
    let mut site = Setup::new().start();
    assert_eq!(site.chat(&json!({"model": "standin-echo", "messages": [user("hello")]})).status, 200);
    assert_eq!(site.stop(), Some(0));
    let log = copied(&site, "damaged");
    std::fs::write(log.join("entries.db"), "this is no database, and was one once").expect("written");
    let ran = verify(&site, &log);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("entries.db") && ran.stdout.contains("NOT INTACT"), "{}", ran.stdout);
    let ran = verify(&site, &site.folder().join("nowhere"));
    assert_eq!(ran.code, 2, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("nowhere"), "{}", ran.stderr);
}

#[test]
fn r27_a_changed_checkpoint_another_key_and_a_rollback_are_found() {
    let mut site = Setup::new().start();
    let body = json!({"model": "standin-echo", "messages": [user("hello")]});
    assert_eq!(site.chat(&body).status, 200);
    assert_eq!(site.stop(), Some(0));
    let old = copied(&site, "old");
    site.start_again();
    assert_eq!(site.chat(&body).status, 200);
    assert_eq!(site.stop(), Some(0));
    let new = copied(&site, "new");

    // Each line of the checkpoint, changed.
    let text = std::fs::read_to_string(new.join("checkpoint")).expect("a checkpoint");
    for (i, line) in text.lines().enumerate().filter(|(_, l)| !l.is_empty()) {
        let log = copied(&site, &format!("line-{i}"));
        let at = line.char_indices().nth_back(2.min(line.chars().count() - 1)).expect("a character").0;
        let rest = line[at..].chars().next().map_or("", |c| &line[at + c.len_utf8()..]);
        let other = if line[at..].starts_with('7') { "8" } else { "7" };
        let changed = format!("{}{other}{rest}", &line[..at]);
        std::fs::write(log.join("checkpoint"), text.replacen(line, &changed, 1)).expect("written");
        let ran = verify(&site, &log);
        assert_eq!(ran.code, 1, "line {i}: {}", ran.stdout);
        assert!(ran.stdout.contains("CHANGED  checkpoint"), "line {i}: {}", ran.stdout);
    }

    // The whole log as it was before: intact by itself, and found by a checkpoint that was kept.
    let path = |p: PathBuf| p.to_str().expect("UTF-8").to_owned();
    let pinned = |log: &Path, pin: &Path| {
        site.run(["audit", "verify", &path(log.to_owned()), "--pin", &path(pin.join("checkpoint"))])
    };
    assert_eq!(verify(&site, &old).code, 0);
    assert_eq!(pinned(&new, &old).code, 0, "a longer log goes on from the pinned one");
    let ran = pinned(&old, &new);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("CHANGED"), "{}", ran.stdout);

    // A log that is intact, and another's.
    let key = std::fs::read_to_string(new.join("log.vkey")).expect("a key");
    assert_eq!(site.run(["audit", "verify", "--key", key.trim()]).code, 0);
    let other = Setup::new().start();
    let wrong = path(other.data_dir().join("log/log.vkey"));
    assert_ne!(site.run(["audit", "verify", "--key", &wrong]).code, 0);
}

#[test]
fn r27_an_entry_is_proved_with_its_bytes_and_growth_from_an_older_checkpoint() {
    let site = site();
    let (proof, entry) = (site.folder().join("3.tlog-proof"), site.folder().join("3.entry"));
    let ran = site.run(["audit", "prove", "3", "--entry", entry.to_str().expect("UTF-8")]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    std::fs::write(&proof, &ran.stdout).expect("written");
    let bytes = std::fs::read(&entry).expect("the entry");
    let proof = asepsis_log::proof::TlogProof::parse(&ran.stdout).expect("a proof");
    assert_eq!(proof.index, 3);
    proof.check(&bytes).expect("it holds");
    assert!(proof.check(&[bytes.as_slice(), b" "].concat()).is_err());
    let event: Value = serde_json::from_slice(&bytes).expect("JSON");
    assert_eq!(event["exchange"], site.audit(&[])[3]["exchange"]);

    let log = site.data_dir().join("log");
    let checkpoint = log.join("checkpoint");
    let ran = site.run(["audit", "prove", "--since", checkpoint.to_str().expect("UTF-8")]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let grown = asepsis_log::proof::Consistency::parse(&ran.stdout).expect("a proof");
    assert_eq!((grown.old, grown.hashes.len()), (2 * EXCHANGES as u64 + 1, 0));
    let beyond = site.run(["audit", "prove", "100000"]);
    assert_eq!(beyond.code, 2);
    assert!(beyond.stderr.contains("entry 100000 is not under the checkpoint"), "{}", beyond.stderr);
    assert_eq!(site.run(["audit", "prove"]).code, 2);
}

/// An event of the log, as JSON has it, about a patient.
fn disclosure(time: &str, patient: &str, purpose: &str, phase: &str) -> asepsis_vocab::AuditEvent {
    let mut event = json!({
        "v": 1, "exchange": asepsis_vocab::ExchangeId::now(), "phase": phase, "time": time, "interface": "openai.chat",
        "purpose": purpose, "subject": patient, "recipient": {"system": "gpt", "vendor": "v", "agreement": "baa-1"},
        "found": [{"class": "NAME", "places": 2, "distinct": 1}],
        "decision": {"form": "pseudonymised", "rules": ["r"], "reason": "baa-in-force"},
    });
    if phase == "outcome" {
        event["outcome"] = json!({"status": "completed"});
    }
    serde_json::from_value(event).expect("an event")
}

/// Puts entries into the gateway's log while no gateway runs.
fn append(site: &Site, events: &[asepsis_vocab::AuditEvent]) {
    let key = asepsis_log::LogKey::load(&site.data_dir().join("keys/log.key")).expect("the log's key");
    let options = asepsis_log::LogOptions::new(key.origin());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (log, _) = asepsis_log::Log::open(&site.data_dir().join("log"), key, options).await.expect("the log");
        for event in events {
            log.append(event).await.expect("appended");
        }
        log.close().await.expect("closed");
    });
}

#[test]
fn r27_the_check_says_which_entry_shredded_a_payload() {
    let mut site = Setup::new().start();
    assert_eq!(site.stop(), Some(0));
    let path = site.data_dir().join("log");
    let key = asepsis_log::LogKey::load(&site.data_dir().join("keys/log.key")).expect("the log's key");
    let options = asepsis_log::LogOptions::new(key.origin());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let event = disclosure("2024-06-01T08:00:00.000Z", "sb_0123456789abcdef0123456789abcdef", "TREAT", "outcome");
    let shred =
        serde_json::from_value(json!({"kind": "shred", "target": "k-17", "basis": "Art. 17 GDPR"})).expect("an act");
    let payload = asepsis_log::SealedPayload { key: "k-17".to_owned(), bytes: vec![7; 99] };
    let log = runtime.block_on(async {
        let (log, _) = asepsis_log::Log::open(&path, key, options).await.expect("the log");
        assert_eq!(log.append_sealed(&event, payload).await.expect("appended"), 0);
        let by = log.append(&asepsis_log::act_event(shred, "test", None)).await.expect("appended");
        log.checkpoint().await.expect("signed");
        assert_eq!(by, 1);
        log
    });
    let ran = site.run(["audit", "verify"]);
    assert!(ran.code == 0 && ran.stdout.contains("SEALED   1 payloads are left"), "{}", ran.stdout);
    runtime.block_on(async {
        assert_eq!(log.delete_shredded(1).await.expect("deleted"), 1);
        log.close().await.expect("closed");
    });
    let ran = site.run(["audit", "verify"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let said = "SHREDDED 1 payloads under key k-17, the first of entry 0: payload shredded by entry 1";
    assert!(ran.stdout.contains(said), "{}", ran.stdout);
    let found = site.run(["audit", "search"]);
    assert!(found.stdout.contains("Shred k-17"), "{}", found.stdout);
}

#[test]
fn r32_a_patient_gets_an_accounting_and_old_entries_go_by_the_written_policy() {
    let mut site = Setup::new().start();
    assert_eq!(site.stop(), Some(0));
    let (mine, other) = ("sb_0123456789abcdef0123456789abcdef", "sb_ffffffffffffffffffffffffffffffff");
    let mut events: Vec<_> =
        (0..300).map(|_| disclosure("2010-06-01T08:00:00.000Z", other, "TREAT", "outcome")).collect();
    events.push(disclosure("2024-06-01T08:00:00.000Z", mine, "TREAT", "intent"));
    events.push(disclosure("2024-06-02T08:00:00.000Z", mine, "HRESCH", "intent"));
    events.push(disclosure("2024-06-03T08:00:00.000Z", other, "HRESCH", "intent"));
    append(&site, &events);
    let ran = site.run(["audit", "account", "--patient", mine]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains(&format!("2 disclosures about {mine}; 1 of them must")), "{}", ran.stdout);
    for part in ["to gpt of v under baa-1", "HRESCH", "ACCOUNT", "exempt by 164.528(a)(1)(i)", "NAME 2"] {
        assert!(ran.stdout.contains(part), "`{part}` is not in:\n{}", ran.stdout);
    }
    let ran = site.run(["audit", "account", "--patient", mine, "--required", "--json"]);
    assert_eq!(ran.stdout.lines().count(), 1);
    let line: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!((&line["date"], &line["exempt"]), (&json!("2024-06-02T08:00:00.000Z"), &Value::Null));
    assert_eq!(site.audit(&["--subject", mine]).len(), 2);
    assert_eq!(site.run(["audit", "account", "--patient", "Martha"]).code, 2);

    // Nothing goes without a written policy, nor against it.
    let prune =
        |site: &Site, before: &str, more: &[&str]| site.run([&["audit", "prune", "--before", before], more].concat());
    let ran = prune(&site, "2012-01-01", &[]);
    assert!(ran.code == 2 && ran.stderr.contains("nothing is pruned without a written policy"), "{}", ran.stderr);
    std::fs::write(site.data_dir().join("log/retention"), "keep 6 years\nbasis 45 CFR 164.316(b)(2)(i)\n")
        .expect("written");
    let ran = prune(&site, "2999-01-01", &[]);
    assert!(ran.code == 2 && ran.stderr.contains("keeps entries from"), "{}", ran.stderr);
    let ran = prune(&site, "soon", &[]);
    assert!(ran.code == 2 && ran.stderr.contains("a day is written as"), "{}", ran.stderr);
    let ran = prune(&site, "2012-01-01", &["--dry-run"]);
    assert!(ran.code == 0 && ran.stdout.contains("WOULD GO 256 entries"), "{}{}", ran.stdout, ran.stderr);
    let ran = prune(&site, "2012-01-01", &[]);
    assert!(ran.stdout.contains("PRUNED   256 entries, recorded as entry 303"), "{}{}", ran.stdout, ran.stderr);
    let ran = site.run(["audit", "verify"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stdout.contains("PRUNED   256 entries"), "{}", ran.stdout);
    let act = site.audit(&["--from", "2025-01-01"]).pop().expect("the act");
    assert_eq!((&act["act"]["kind"], &act["act"]["figures"]["minimum_index"]), (&json!("prune"), &json!(256)));
    let shown = site.run(["audit", "show", act["exchange"].as_str().expect("an id")]);
    assert!(shown.stdout.contains("kept 6 years: 45 CFR 164.316(b)(2)(i)"), "{}", shown.stdout);
    let ran = site.run(["audit", "prove", "3"]);
    assert!(ran.code == 2 && ran.stderr.contains("it was pruned"), "{}", ran.stderr);
    site.start_again();
    assert_eq!(site.chat(&json!({"model": "standin-echo", "messages": [user("hello")]})).status, 200);
    let ran = prune(&site, "2012-01-01", &[]);
    assert!(ran.code == 2 && ran.stderr.contains("another process writes this log"), "{}", ran.stderr);
}

#[test]
fn c6_a_policy_asks_for_witnesses_and_says_what_it_saw_of_them() {
    let site = site();
    let log = site.data_dir().join("log");
    let policy = site.folder().join("policy");
    let witness = asepsis_log::WitnessKey::generate("witness.example/w").expect("a key");
    let keys = std::fs::read_to_string(log.join("log.vkey")).expect("keys");
    let lines: String = keys.lines().map(|key| format!("log {key}\n")).collect();
    let text = format!("{lines}witness w {}\nquorum w\n", witness.verifier_keys()[1]);
    std::fs::write(&policy, text).expect("written");
    let policy = policy.to_str().expect("UTF-8");
    let ran = site.run(["audit", "verify", "--policy", policy]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("CHANGED  checkpoint.cosigned: it is missing"), "{}", ran.stdout);

    let checkpoint = std::fs::read_to_string(log.join("checkpoint")).expect("a checkpoint");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs();
    let cosigned = checkpoint.clone() + &witness.cosign(&checkpoint, now - 100).expect("a cosignature");
    asepsis_log::cosigned::keep(&log, &cosigned).expect("kept");
    let ran = site.run(["audit", "verify", "--policy", policy, "--max-age", "100000"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    for line in ["INTACT", "COMPLETE", "FRESH"] {
        assert!(ran.stdout.lines().any(|l| l.starts_with(line)), "{line}: {}", ran.stdout);
    }
    assert!(!ran.stdout.contains("NOTE"), "{}", ran.stdout);
    let ran = site.run(["audit", "verify", "--policy", policy, "--max-age", "50"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("checkpoint.cosigned, time"), "{}", ran.stdout);
    // Wrong use is told apart from a log that is not sound.
    assert_eq!(site.run(["audit", "verify", "--max-age", "50"]).code, 2);
    let nonsense = site.folder().join("nonsense");
    std::fs::write(&nonsense, "quorum everybody\n").expect("written");
    let ran = site.run(["audit", "verify", "--policy", nonsense.to_str().expect("UTF-8")]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("line 1 of the policy"), "{}", ran.stderr);
    // And without any, it is said what cannot be seen.
    let ran = site.run(["audit", "verify"]);
    assert!(ran.code == 0 && ran.stdout.contains("a complete rollback"), "{}", ran.stdout);
}

#[test]
fn r27_the_search_finds_by_each_of_its_words_and_show_tells_all_of_one_exchange() {
    let site = site();
    let all = site.audit(&[]);
    assert_eq!(all.len(), 2 * EXCHANGES + 1);
    let indices: Vec<u64> = all.iter().filter_map(|e| e["index"].as_u64()).collect();
    assert_eq!(indices, (0..all.len() as u64).collect::<Vec<_>>(), "in the order of the log");
    let is = |pointer: &'static str, value: &'static str| move |e: &&Value| e.pointer(pointer) == Some(&json!(value));
    let time = all[20]["time"].as_str().expect("a time").to_owned();
    for (words, expected) in [
        (vec!["--user", "ben"], all.iter().filter(is("/actor/user", "ben")).count()),
        (vec!["--user", "nobody"], 0),
        (vec!["--system", "standin-messages"], all.iter().filter(is("/recipient/system", "standin-messages")).count()),
        (vec!["--form", "pseudonymised"], 2 * EXCHANGES),
        (vec!["--status", "completed"], EXCHANGES / 3 * 2),
        (vec!["--status", "upstream_error"], EXCHANGES / 3),
        (vec!["--status", "invalid_request"], 1),
        (
            vec!["--user", "ben", "--status", "completed"],
            all.iter().filter(is("/actor/user", "ben")).filter(is("/outcome/status", "completed")).count(),
        ),
        (vec!["--from", &time], all.iter().filter(|e| e["time"].as_str() >= Some(&time)).count()),
        (vec!["--until", &time], all.iter().filter(|e| e["time"].as_str() < Some(&time)).count()),
        (vec!["--from", "2999-01-01"], 0),
    ] {
        let hits = site.audit(&words);
        assert_eq!(hits.len(), expected, "{words:?}");
        assert!(hits.iter().all(|h| all.contains(h)), "{words:?}");
    }
    let newest = site.run(["audit", "search", "--json", "--last", "3"]);
    assert_eq!(newest.stdout.lines().count(), 3);
    let last: Value = serde_json::from_str(newest.stdout.lines().last().expect("a line")).expect("JSON");
    assert_eq!(&last, all.last().expect("an entry"));

    let exchange = all[0]["exchange"].as_str().expect("an id");
    let ran = site.run(["audit", "show", exchange]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for part in
        [&format!("intent of {exchange}"), &format!("outcome of {exchange}"), "dr-test as clinician", "baa-standin"]
    {
        assert!(ran.stdout.contains(part), "`{part}` is not in:\n{}", ran.stdout);
    }
    assert_eq!(site.run(["audit", "show", "ex_00000000000070008000000000000000"]).code, 2);
    assert_eq!(site.run(["audit", "show", "nonsense"]).code, 2);
}
