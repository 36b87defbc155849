//! Exchanges that name their patient: the pseudonym in the log, the accounting of disclosures, what is kept and its erasure.

mod support;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use support::{Reply, Setup, Site, contains, user};

const SYSTEM: &str = "urn:oid:2.16.840.1.113883.19.5";

fn ask(site: &Site, patient: Option<&str>, text: &str) -> Reply {
    let key = site.clinician().to_owned();
    let mut headers = vec![("x-api-key", key.as_str()), ("content-type", "application/json")];
    headers.extend(patient.map(|patient| ("x-asepsis-patient", patient)));
    let body = json!({"model": "standin-echo", "messages": [user(text)]}).to_string();
    site.request("POST", "/v1/chat/completions", &headers, body.as_bytes())
}

fn subjects(entries: &[Value], exchange: &str) -> BTreeSet<String> {
    let of = |e: &&Value| e["exchange"] == exchange;
    entries.iter().filter(of).map(|e| e["subject"].as_str().unwrap_or("none").to_owned()).collect()
}

/// Every file under `dir`, with its bytes.
fn files(dir: &Path, into: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, into);
        } else {
            into.push((path.display().to_string(), std::fs::read(&path).unwrap_or_default()));
        }
    }
}

#[test]
fn c6_disclosures_of_a_named_patient_are_accounted_for_and_the_number_stands_nowhere() {
    let site = Setup::new().start();
    let (anna, other) = (format!("{SYSTEM}|QX-5550147"), format!("{SYSTEM}|QX-5550148"));
    let mut of_anna = BTreeSet::new();
    for n in 0..3 {
        let reply = ask(&site, Some(&anna), &format!("Patient: Anna Lind, visit {n}"));
        assert_eq!(reply.status, 200, "{}", reply.text());
        of_anna.insert(reply.exchange().to_owned());
    }
    // The same number, written otherwise.
    of_anna.insert(ask(&site, Some(&format!("{SYSTEM}| qx 5550147 ")), "No pain today.").exchange().to_owned());
    let of_other = ask(&site, Some(&other), "No pain today.").exchange().to_owned();
    let of_nobody = ask(&site, None, "No pain today.").exchange().to_owned();

    let entries = site.audit(&[]);
    let all: BTreeSet<String> = of_anna.iter().flat_map(|exchange| subjects(&entries, exchange)).collect();
    assert_eq!(all.len(), 1, "intent and outcome of each have one pseudonym: {all:?}");
    let anna_is = all.first().expect("a pseudonym").clone();
    assert!(anna_is.starts_with("sb_"));
    assert!(!subjects(&entries, &of_other).contains(&anna_is));
    assert_eq!(subjects(&entries, &of_nobody), BTreeSet::from(["none".to_owned()]));

    // By number and by pseudonym, the accounting is what happened: no more and no less.
    for patient in [&anna, &anna_is] {
        let ran = site.run(["audit", "account", "--json", "--patient", patient]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let lines: Vec<Value> = ran.stdout.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
        let listed: BTreeSet<String> =
            lines.iter().map(|l| l["exchange"].as_str().expect("an id").to_owned()).collect();
        assert_eq!((lines.len(), listed), (of_anna.len(), of_anna.clone()));
        assert!(lines.iter().all(|l| l["recipient"]["system"] == "standin-chat" && l["purpose"] == "TREAT"));
    }
    let ran = site.run_with_input(["audit", "account", "--patient", "-"], other.as_bytes());
    assert!(ran.stdout.contains("1 disclosures about sb_"), "{}", ran.stdout);
    let ran = site.run(["audit", "account", "--patient", &format!("{SYSTEM}|QX-1")]);
    assert!(ran.code == 0 && ran.stdout.contains("no disclosures"), "{}", ran.stdout);

    let mut all = Vec::new();
    files(&site.data_dir(), &mut all);
    assert!(all.len() > 5);
    for (name, bytes) in &all {
        assert!(!contains(bytes, "5550147") && !contains(bytes, "Lind"), "{name}");
    }
    assert!(!site.saw("5550147") && !site.gateway().said().contains("5550147"));
}

#[test]
fn invariant_6_a_patient_that_cannot_be_read_is_refused_and_nothing_is_sent() {
    let site = Setup::new().start();
    let long = format!("{SYSTEM}|{}", "1".repeat(300));
    for wrong in ["5550147", "|5550147", "urn:x|", "urn:x| - ", "urn:x|\u{e9}", &long] {
        let reply = ask(&site, Some(wrong), "No pain today.");
        assert_eq!(reply.status, 400, "{wrong}: {}", reply.text());
        assert!(reply.text().contains("x-asepsis-patient") && !reply.text().contains("5550147"), "{}", reply.text());
    }
    assert!(site.seen().is_empty());
}

#[test]
fn c26_what_is_kept_opens_for_who_may_see_it_and_is_erased_with_the_patients_key() {
    let mut site = Setup::new().extra("\n[record]\nkeep = \"texts\"\n").start();
    let patient = format!("{SYSTEM}|QX-5550147");
    let reply = ask(&site, Some(&patient), "Patient: Anna Lind, MRN 44719022, is better.");
    assert_eq!(reply.status, 200, "{}", reply.text());
    let exchange = reply.exchange().to_owned();
    let unnamed = ask(&site, None, "No pain today.").exchange().to_owned();

    let open =
        |exchange: &str| site.run(["audit", "open", exchange, "--purpose", "HOPERAT", "--basis", "complaint 4711"]);
    let ran = open(&exchange);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let kept: Vec<Value> = ran.stdout.lines().filter_map(|l| serde_json::from_str(l).ok()).collect();
    let sent = site.seen()[0].json()["messages"][0]["content"].as_str().expect("a text").to_owned();
    let pieces = kept[0]["sent"].as_array().expect("what left");
    assert!(pieces.iter().any(|p| p["text"] == sent.as_str()), "what left is what the vendor got: {pieces:?}");
    let answer = kept[1]["answer"].as_str().expect("the answer");
    assert!(
        answer.contains("[NAME_") && !answer.contains("Lind"),
        "as it came, before anything was turned back: {answer}"
    );
    let ran = open(&unnamed);
    assert!(ran.code == 1 && ran.stderr.contains("nothing was kept"), "{}", ran.stderr);

    // Whoever opened it stands in the log of the command line.
    let log = site.data_dir().join("log-cli");
    let log = log.to_str().expect("a path in UTF-8");
    let acts = site.run(["audit", "search", "--json", "--folder", log]);
    let acts: Vec<Value> = acts.stdout.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    let opened: Vec<&Value> = acts.iter().filter(|e| e["act"]["target"] == exchange.as_str()).collect();
    assert_eq!(opened.len(), 1);
    assert_eq!((&opened[0]["act"]["kind"], &opened[0]["purpose"]), (&json!("reveal"), &json!("HOPERAT")));

    // On the disk nobody reads it.
    let mut all = Vec::new();
    files(&site.data_dir(), &mut all);
    assert!(all.iter().all(|(_, bytes)| !contains(bytes, "is better")));

    let ran = site
        .run_with_input(["keys", "shred", "--patient", "-", "--basis", "GDPR Art. 17, ticket 12"], patient.as_bytes());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let ran = open(&exchange);
    assert!(ran.code != 0 && !ran.stdout.contains("is better"), "{}", ran.stdout);
    assert!(ran.stderr.contains("shredded"), "{}", ran.stderr);
    let verified = site.run(["audit", "verify"]);
    assert_eq!(verified.code, 0, "{}", verified.stdout);
    // The same number begins anew, with another pseudonym: what is gone cannot be linked with what comes.
    support::wait_until("the gateway has noticed", || ask(&site, Some(&patient), "New visit.").status == 200);
    let entries = site.audit(&[]);
    let newest = entries.last().expect("an entry")["subject"].clone();
    assert_ne!(subjects(&entries, &exchange), BTreeSet::from([newest.as_str().expect("a pseudonym").to_owned()]));

    // What nobody can read any more can be deleted, and the log still proves that it was there.
    let sealed = |ran: &support::Ran| ran.stdout.lines().find(|l| l.starts_with("SEALED")).map(str::to_owned);
    assert!(site.run(["audit", "prune", "--shredded"]).code != 0, "the gateway holds the log");
    assert_eq!(site.stop(), Some(0));
    let before = sealed(&site.run(["audit", "verify"]));
    let ran = site.run(["audit", "prune", "--shredded", "--dry-run"]);
    assert!(ran.code == 0 && ran.stdout.starts_with("WOULD GO 2 payloads under 1 key"), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(sealed(&site.run(["audit", "verify"])), before);
    let ran = site.run(["audit", "prune", "--shredded"]);
    assert!(ran.code == 0 && ran.stdout.starts_with("DELETED  2 payloads under 1 key"), "{}{}", ran.stdout, ran.stderr);
    assert!(site.run(["audit", "prune", "--shredded"]).stdout.starts_with("NOTHING"));
    let verified = site.run(["audit", "verify"]);
    assert!(verified.code == 0 && verified.stdout.contains("SHREDDED 2 payloads under key"), "{}", verified.stdout);
}
