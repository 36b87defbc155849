//! Registers in the store decide in a gateway that is running, and the kill switch ends what goes on.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};

use serde_json::{Value, json};
use support::{Setup, Site, user, wait_until};

const NOTE: &str = "Call Anna Lind, MRN 4711234, about the results.";

/// A site whose second AI system, vendor and agreement stand in the store.
fn with_records(setup: Setup) -> Site {
    let site = setup.start();
    let url = format!("base_url={}", site.vendor.url());
    ok(&site, &["vendor", "add", "acme", "name=Acme", "status=approved", "--basis", "ticket 1"]);
    ok(
        &site,
        &[
            "system",
            "add",
            "acme-chat",
            "vendor=acme",
            "protocol=openai",
            &url,
            "models=acme-*",
            "roles=clinician",
            "purposes=TREAT",
            "default_purpose=TREAT",
            "forms=pseudonymised,deidentified",
            "status=approved",
            "retention_days=0;grade=B",
            "trains_on_data=no;grade=B",
            "regions=us",
            "patient_facing=no",
            "--basis",
            "ticket 2",
        ],
    );
    ok(
        &site,
        &[
            "agreement",
            "add",
            "acme-baa",
            "vendor=acme",
            "kind=baa",
            "state=signed",
            "first_day=2020-01-01",
            "open_ended=yes",
            "systems=acme-chat",
            "--basis",
            "ticket 3",
        ],
    );
    wait_until("the system is served", || {
        ask(&site, NOTE).status == 200 && form(&site).as_deref() == Some("pseudonymised")
    });
    site
}

fn ok(site: &Site, arguments: &[&str]) -> String {
    let ran = site.run(arguments);
    assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
    ran.stdout
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
    let site = with_records(Setup::new());
    assert!(!site.saw("Anna Lind"));
    let targets = targets(&site);
    for target in ["vendor/acme@1", "system/acme-chat@1", "agreement/acme-baa@1"] {
        assert!(targets.contains(&format!("register_changed {target}")), "{targets:?}");
    }
    ok(&site, &["agreement", "set", "acme-baa", "state=terminated", "--basis", "ticket 4"]);
    wait_until("the ended agreement counts", || form(&site).as_deref() == Some("deidentified"));
    ok(&site, &["system", "remove", "acme-chat", "--basis", "x"]).is_empty();
}
