//! What the log keeps of exchanges is looked through again with another pack.

mod support;

use serde_json::{Value, json};
use support::{Setup, user};

#[test]
fn r19_a_new_pack_is_tried_on_what_the_log_keeps() {
    let site = Setup::new().extra("\n[record]\nkeep = \"texts\"\n").start();
    let key = site.clinician().to_owned();
    let ask = |text: &str| {
        let patient = "urn:oid:2.16.840.1.113883.19.5|QX-5550147";
        let headers =
            [("x-api-key", key.as_str()), ("content-type", "application/json"), ("x-asepsis-patient", patient)];
        let body = json!({"model": "standin-echo", "messages": [user(text)]}).to_string();
        let reply = site.request("POST", "/v1/chat/completions", &headers, body.as_bytes());
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.exchange().to_owned()
    };
    ask("The wound heals well.");
    let heron = ask("Note of today: the purple heron flies at dawn.");

    let folder = tempfile::tempdir().expect("a folder");
    let (pack, secret) = (folder.path().join("site.toml"), folder.path().join("key"));
    let path = |p: &std::path::Path| p.to_str().expect("a path in UTF-8").to_owned();
    let text = "name = \"site\"\n[[rule]]\nid = \"site/heron\"\nabout = \"x\"\nverdict = \"hold\"\nphrases = [\"purple heron\"]\n";
    std::fs::write(&pack, text).expect("a pack");
    let made = site.run(["guard", "key", "guard.example.org", "--out", &path(&secret)]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    assert_eq!(site.run(["guard", "sign", &path(&pack), "--key", &path(&secret)]).code, 0);

    let before = site.run(["guard", "replay", "--basis", "ticket 12"]);
    assert_eq!(before.code, 0, "{}{}", before.stdout, before.stderr);
    assert!(before.stdout.contains("2 exchanges, the texts of 2 looked through, 0 erased"), "{}", before.stdout);
    // Each entry names what looked then, and the same looks now.
    let entries = site.audit(&[]);
    let version = |name: &str| -> String {
        let versions = entries[0]["versions"].as_array().expect("versions");
        let found = versions.iter().find(|version| version[0] == name).expect("it is named");
        found[1].as_str().expect("a hash").to_owned()
    };
    let judge = format!("guard {}, classifier {}", version("guard"), version("classifier"));
    assert!(version("guard").len() == 12 && version("clinical").len() == 12, "{}", entries[0]);
    assert!(
        before.stdout.contains(&format!("looks now with {judge}\nlooked then with {judge}: 2 exchanges")),
        "{}",
        before.stdout
    );
    assert!(
        entries.iter().filter(|entry| entry["act"].is_null()).all(|entry| entry["versions"] == entries[0]["versions"])
    );
    let publisher = made.stdout.trim().to_owned();
    let after =
        site.run(["guard", "replay", "--basis", "ticket 12", "--pack", &path(&pack), "--publisher", &publisher]);
    assert_eq!(after.code, 1, "{}{}", after.stdout, after.stderr);
    let row = after.stdout.lines().find(|l| l.contains("site/heron")).expect("the rule fired");
    assert!(row.starts_with("   0    1    1") && row.contains(&heron), "{row}");
    assert!(after.stdout.contains(&format!("looked then with {judge}")), "{}", after.stdout);
    assert!(!after.stdout.contains(&format!("looks now with {judge}")), "another pack has another hash");
    assert!(!after.stdout.contains("purple") && !after.stdout.contains("dawn"), "no text is shown");

    // Whoever looked stands in the log of the command line.
    let log = path(&site.data_dir().join("log-cli"));
    let acts = site.run(["audit", "search", "--json", "--folder", &log]);
    let acts: Vec<Value> = acts.stdout.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    let replays: Vec<&Value> = acts.iter().filter(|e| e["interface"] == "cli.guard.replay").collect();
    assert_eq!(replays.len(), 2);
    assert_eq!((&replays[0]["act"]["kind"], &replays[0]["act"]["figures"]["payloads"]), (&json!("reveal"), &json!(2)));
    let bad = site.run(["guard", "replay", "--basis", "for Anna Lind, MRN 44719022"]);
    assert_eq!(bad.code, 2, "{}", bad.stdout);
}
