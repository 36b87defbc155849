//! Registers in the store decide in a gateway that is running, and the kill switch ends what goes on.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};

use serde_json::{Value, json};
use support::acme::{add_agreement, add_system, add_vendor, ok};
use support::{Setup, Site, user, wait_until};

const NOTE: &str = "Call Anna Lind, MRN 4711234, about the results.";

/// A site whose second AI system, vendor and agreement stand in the store.
fn with_records(setup: Setup) -> Site {
    let site = setup.start();
    add_vendor(&site, &["status=approved"]);
    let system = [
        "models=acme-*",
        "forms=pseudonymised,deidentified",
        "status=approved",
        "retention_days=0;grade=B",
        "trains_on_data=no;grade=B",
        "regions=us",
        "patient_facing=no",
    ];
    add_system(&site, "acme-chat", &system);
    add_agreement(&site, "acme-chat", &[]);
    wait_until("the system is served", || {
        ask(&site, NOTE).status == 200 && form(&site).as_deref() == Some("pseudonymised")
    });
    site
}

fn ask(site: &Site, text: &str) -> support::Reply {
    site.chat(&json!({"model": "acme-echo", "messages": [user(text)]}))
}

fn form(site: &Site) -> Option<String> {
    ask(site, NOTE).header("x-asepsis-form").map(str::to_owned)
}

fn targets(site: &Site) -> Vec<String> {
    let mut targets = Vec::new();
    for folder in ["log", "log-cli"] {
        let dir = site.data_dir().join(folder);
        let ran = site.run(["audit", "search", "--json", "--last", "1000", "--folder", dir.to_str().unwrap()]);
        for line in ran.stdout.lines() {
            let entry: Value = serde_json::from_str(line).unwrap();
            let act = &entry["event"]["act"];
            let act = if act.is_null() { &entry["act"] } else { act };
            if let Some(target) = act["target"].as_str() {
                targets.push(format!("{} {target}", act["kind"].as_str().unwrap()));
            }
        }
    }
    targets
}

#[test]
fn r25_a_system_added_by_command_is_served_and_each_change_is_in_the_log_first() {
    let site = with_records(Setup::new().extra("\n[inspect]\naccept_first_layer = true\n"));
    assert!(!site.saw("Anna Lind"));
    let models = site.get("/v1/models", site.clinician()).text();
    assert!(models.contains("acme-*"), "{models}");
    let targets = targets(&site);
    for target in ["vendor/acme@1", "system/acme-chat@1", "agreement/acme-baa@1"] {
        assert!(targets.contains(&format!("register_changed {target}")), "{targets:?}");
    }
    ok(&site, &["agreement", "set", "acme-baa", "state=terminated", "--basis", "ticket 4"]);
    wait_until("the ended agreement counts", || form(&site).as_deref() == Some("deidentified"));
    let listed = ok(&site, &["agreement", "list"]);
    assert!(listed.contains("acme-baa  with acme  terminated") && listed.contains("baa-standin  with standin  signed"));
    assert!(
        ok(&site, &["system", "show", "standin-chat"]).contains("in the configuration\n  now: of standin  unknown")
    );
    let history = ok(&site, &["agreement", "history", "acme-baa", "--json"]);
    let bases: Vec<Value> =
        history.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["basis"].clone()).collect();
    assert_eq!(bases, ["ticket 3", "ticket 4"]);
    ok(&site, &["agreement", "remove", "acme-baa", "--basis", "x"]);
    ok(&site, &["system", "remove", "acme-chat", "--basis", "x"]);
    wait_until("the system is gone", || ask(&site, NOTE).status == 404);
}

/// Begins a streamed request and reads until the answer has begun.
fn begin(site: &Site, path: &str, body: &Value) -> (BufReader<std::net::TcpStream>, String) {
    let mut stream = site.connect();
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-api-key: {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        site.clinician(),
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut came = String::new();
    while !came.contains("data: {") {
        assert!(reader.read_line(&mut came).unwrap() > 0, "{came}");
    }
    (reader, came)
}

/// The rest of a stream, and the entry of its outcome.
fn end(site: &Site, (mut reader, mut came): (BufReader<std::net::TcpStream>, String)) -> (String, Value) {
    reader.read_to_string(&mut came).unwrap();
    let exchange = came.lines().find_map(|line| line.strip_prefix("x-asepsis-exchange: ")).unwrap().trim().to_owned();
    let entries = site.audit(&[]);
    let outcome = entries.iter().find(|entry| entry["exchange"] == exchange.as_str() && !entry["outcome"].is_null());
    (came, outcome.unwrap_or_else(|| panic!("{exchange} has no outcome")).clone())
}

/// A text whose streamed answer takes longer than any test waits for its end.
fn long() -> String {
    "word ".repeat(1500) + "the-very-end"
}

#[test]
fn r12_the_kill_switch_ends_running_streams_of_system_vendor_and_model() {
    let site = with_records(Setup::new());
    for (of, name) in [("system", "acme-chat"), ("vendor", "acme"), ("model", "acme-echo-f5-d100"), ("model", "acme-*")]
    {
        let body = json!({"model": "acme-echo-f5-d100", "stream": true, "messages": [user(&long())]});
        let running = begin(&site, "/v1/chat/completions", &body);
        ok(&site, &["stop", of, name, "--basis", "incident 7"]);
        let (came, outcome) = end(&site, running);
        assert!(came.contains("\"code\":\"stopped\"") && came.contains("switched off"), "{came}");
        assert!(!came.contains("[DONE]") && !came.contains("the-very-end"), "{came}");
        assert_eq!(outcome["outcome"]["status"], "stopped", "{outcome}");
        let model = if name == "acme-echo-f5-d100" { name } else { "acme-echo" };
        let ask = || site.chat(&json!({"model": model, "messages": [user("Hi")]}));
        let refused = ask();
        assert_eq!(refused.status, 403, "{}", refused.text());
        assert!(refused.text().contains("switched off for now"), "{}", refused.text());
        assert!(ok(&site, &["stop", "list"]).contains(&format!("{of} {name}  by ")));
        ok(&site, &["stop", "lift", of, name, "--basis", "incident 7 is over"]);
        wait_until("it is on again", || ask().status == 200);
    }
    let targets = targets(&site);
    for target in ["stop/system.acme-chat@1", "stop/system.acme-chat@2", "stop/vendor.acme@1"] {
        assert!(targets.contains(&format!("register_changed {target}")), "{targets:?}");
    }
    let missing = site.run(["stop", "lift", "model", "acme-*", "--basis", "x"]);
    assert!(missing.code == 2 && missing.stderr.contains("is not switched off"), "{}", missing.stderr);
    assert_ne!(site.run(["stop", "system", "acme-chat"]).code, 0, "a basis is needed");
}

#[test]
fn r12_the_kill_switch_ends_what_the_configuration_has_and_what_is_waited_for() {
    let site = Setup::new().start();
    // In Anthropic's protocol, at a system of the configuration.
    let body = json!({"model": "standin-messages-echo-f5-d100", "max_tokens": 100, "stream": true, "messages": [user(&long())]});
    let running = begin(&site, "/v1/messages", &body);
    ok(&site, &["stop", "system", "standin-messages", "--basis", "incident 8"]);
    let (came, outcome) = end(&site, running);
    assert!(came.contains("event: error") && came.contains("permission_error"), "{came}");
    assert!(!came.contains("message_stop") && !came.contains("the-very-end"), "{came}");
    assert_eq!(outcome["outcome"]["status"], "stopped");
    // One that is waited for, and has not begun to come.
    let address = site.address();
    let key = site.clinician().to_owned();
    let waiting = std::thread::spawn(move || {
        let body = json!({"model": "standin-hang", "messages": [user(NOTE)]}).to_string();
        support::request(address, "POST", "/v1/chat/completions", &[("x-api-key", &key)], body.as_bytes())
    });
    wait_until("the vendor has the request", || site.seen().iter().any(|seen| seen.body.contains("standin-hang")));
    ok(&site, &["stop", "vendor", "standin", "--basis", "incident 8"]);
    let reply = waiting.join().unwrap();
    assert_eq!((reply.status, reply.json()["error"]["code"].as_str()), (403, Some("stopped")), "{}", reply.text());
    // It survives a restart.
    let mut site = site;
    assert_eq!(site.stop(), Some(0));
    site.start_again();
    assert_eq!(site.chat(&json!({"model": "standin-echo", "messages": [user(NOTE)]})).status, 403);
    assert!(site.run(["doctor"]).stdout.contains("vendor standin is switched off"), "doctor says so");
}

#[test]
fn r12_a_tool_that_is_switched_off_is_neither_offered_nor_called() {
    let site = with_records(Setup::new());
    let tools = json!([{"type": "function", "function": {"name": "send_mail", "parameters": {"type": "object"}}}]);
    let with = |model: &str, stream: bool| json!({"model": model, "stream": stream, "tools": tools, "messages": [user(&long())]});
    let running = begin(&site, "/v1/chat/completions", &with("acme-tool-f5-d100", true));
    ok(&site, &["stop", "tool", "send_*", "--basis", "incident 9"]);
    let (came, outcome) = end(&site, running);
    assert!(came.contains("\"code\":\"stopped\"") && !came.contains("[DONE]"), "{came}");
    assert_eq!(outcome["outcome"]["status"], "stopped");
    let refused = site.chat(&with("acme-tool", false));
    assert_eq!(
        (refused.status, refused.json()["error"]["code"].as_str()),
        (403, Some("stopped")),
        "{}",
        refused.text()
    );
    assert!(refused.text().contains("take it out of `tools`"), "{}", refused.text());
    let held = json!({"model": "acme-echo", "messages": [user("go"),
        {"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "type": "function",
            "function": {"name": "send_mail", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "sent"}]});
    assert_eq!(site.chat(&held).status, 403);
    assert_eq!(ask(&site, NOTE).status, 200, "what has nothing to do with the tool goes on");
}

#[test]
fn r25_what_cannot_be_used_changes_nothing_and_is_said() {
    let site = with_records(Setup::new().extra("\n[inspect]\naccept_first_layer = true\n"));
    for (arguments, part) in [
        (
            vec!["vendor", "add", "standin", "name=Twice"],
            "vendor `standin` stands twice, in the configuration and as it is to be",
        ),
        (vec!["system", "remove", "acme-chat"], "names the system `acme-chat`, which is not there"),
        (vec!["vendor", "set", "acme", "subprocessors=acme"], "in a circle: acme -> acme"),
        (vec!["system", "set", "acme-chat", "models=standin*"], "a model has one system"),
        (vec!["system", "set", "acme-chat", "base_url=http://far.example"], "45 CFR 164.312(e)(1)"),
        (vec!["agreement", "set", "acme-baa", "last_day=2019-01-01"], "and not both"),
        (vec!["agreement", "set", "acme-baa", "first_day=1 May"], "a day looks like"),
        (vec!["vendor", "set", "acme", "mfaa=yes"], "did you mean `mfa`?"),
        (vec!["vendor", "set", "nobody", "mfa=yes"], "there is no vendor `nobody`"),
        (vec!["system", "suspend", "standin-chat"], "stands in the configuration"),
    ] {
        let ran = site.run(arguments.iter().chain(&["--basis", "x"]));
        assert!(ran.code == 2 && ran.stderr.contains(part), "{arguments:?}: {}", ran.stderr);
    }
    assert_eq!(form(&site).as_deref(), Some("pseudonymised"));
    // A record that another program spoiled, and a kill switch behind it: the switch counts all the same.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let spoil = |body: &str| {
        runtime.block_on(async {
            let store = asepsis_store::Store::open(site.data_dir().join("store.db")).await.unwrap();
            let change = asepsis_store::Change::set("agreement", "acme-baa", body);
            store.change(vec![change], "nobody", None, 1_795_000_000_000).await.unwrap()
        });
    };
    spoil(r#"{"vendor": "acme", "kind": "baa", "state": "sgned"}"#);
    wait_until("it is said", || site.gateway().said().contains("cannot be used, and what was known decides"));
    assert_eq!(form(&site).as_deref(), Some("pseudonymised"), "what was known decides");
    assert!(targets(&site).iter().any(|target| target.starts_with("register_refused agreement/acme-baa@")));
    let doctor = site.run(["doctor"]);
    assert!(
        doctor.code == 1 && doctor.stdout.contains("agreement/acme-baa@2 in the store cannot be used"),
        "{}",
        doctor.stdout
    );
    ok(&site, &["stop", "system", "acme-chat", "--basis", "incident"]);
    wait_until("the switch counts", || ask(&site, NOTE).status == 403);
    // A command mends it, and the gateway goes on.
    ok(&site, &["agreement", "remove", "acme-baa", "--basis", "spoilt"]);
    ok(&site, &["stop", "lift", "system", "acme-chat", "--basis", "mended"]);
    wait_until("without the agreement it is poorer", || form(&site).as_deref() == Some("deidentified"));
    let mut site = site;
    site.kill();
    site.start_again();
    assert_eq!(form(&site).as_deref(), Some("deidentified"));
}

#[test]
fn r26_a_system_whose_key_is_missing_is_not_served_and_keeps_no_other_from_it() {
    let site = with_records(Setup::new());
    ok(&site, &["system", "set", "acme-chat", "key_env=ASEPSIS_TEST_NO_SUCH_KEY", "--basis", "x"]);
    wait_until("it is not served", || ask(&site, NOTE).status == 404);
    let said = site.gateway().said();
    assert!(said.contains("ASEPSIS_TEST_NO_SUCH_KEY (key_env) is not set"), "{said}");
    assert_eq!(site.chat(&json!({"model": "standin-echo", "messages": [user(NOTE)]})).status, 200);
    ok(&site, &["system", "set", "acme-chat", "key_env=", "--basis", "x"]);
    wait_until("it is served again", || ask(&site, NOTE).status == 200);
}

#[test]
fn r25_the_same_id_in_the_configuration_and_the_store_is_refused_with_both_places() {
    let mut site = with_records(Setup::new());
    let config = std::fs::read_to_string(site.config()).unwrap();
    std::fs::write(site.config(), format!("{config}\n[[vendor]]\nid = \"acme\"\nname = \"Acme\"\n")).unwrap();
    let id = site.gateway().id().to_string();
    std::process::Command::new("sh").args(["-c", "kill -HUP \"$1\"", "sh", &id]).status().unwrap();
    let both = "vendor `acme` stands twice, in the configuration and in the store (version 1)";
    wait_until("it is said", || site.gateway().said().contains(both));
    assert_eq!(form(&site).as_deref(), Some("pseudonymised"), "what was known decides");
    let check = site.run(["check"]);
    assert!(check.stdout.contains(both) || check.stderr.contains(both), "{}{}", check.stdout, check.stderr);
    assert_eq!(site.stop(), Some(0));
    let started = site.run(["serve"]);
    assert!(started.code == 2 && started.stderr.contains(both), "{}", started.stderr);
}

/// What other programs do to the store, by which it cannot be read any more.
fn spoil(site: &Site, statement: &str) {
    let db = asepsis_db::rusqlite::Connection::open(site.data_dir().join("store.db")).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    db.execute_batch(statement).unwrap();
}

#[test]
fn r25_registers_are_not_relied_on_while_the_store_cannot_be_read() {
    let site = with_records(Setup::new().extra("\n[inspect]\naccept_first_layer = true\n"));
    spoil(&site, "ALTER TABLE record_changes RENAME TO gone");
    assert_eq!(form(&site).as_deref(), Some("pseudonymised"), "for half a minute what was known decides");
    wait_until("nothing is relied on", || form(&site).as_deref() == Some("deidentified"));
    assert!(site.gateway().said().contains("the store cannot be read, so nothing in the registers is relied on"));
    assert!(targets(&site).contains(&"register_refused store".to_owned()));
    spoil(&site, "ALTER TABLE gone RENAME TO record_changes");
    wait_until("it is read again", || form(&site).as_deref() == Some("pseudonymised"));
}
