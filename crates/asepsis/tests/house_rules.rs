//! What the organisation says of groups, answers, patients and tools is taken by a running gateway on SIGHUP, whole or not at all.

mod support;

use std::process::Command;

use serde_json::{Value, json};
use support::{Reply, Setup, Site, user, wait_until};

/// Stands in the configuration where the tests put what they change.
const HERE: &str = "# what changes\n";

fn site(lines: &str) -> Site {
    Setup::new().roles(&[("clinician", true), ("front-desk", true)]).extra(&format!("\n{HERE}{lines}")).start()
}

/// Puts these lines in place of those that the last call put there, and has the gateway read its configuration again.
fn change(site: &Site, lines: &str) {
    let config = std::fs::read_to_string(site.config()).expect("a configuration");
    let (before, _) = config.split_once(HERE).expect("the place");
    std::fs::write(site.config(), format!("{before}{HERE}{lines}")).expect("written");
    let id = site.gateway().id().to_string();
    Command::new("sh").args(["-c", "kill -HUP \"$1\"", "sh", &id]).status().expect("sh runs");
}

fn ask(site: &Site, headers: &[(&str, &str)], said: &str) -> Reply {
    let body = json!({"model": "standin-echo", "messages": [user("Continue furosemide 40 mg daily."),
        {"role": "assistant", "content": "Noted."}, user(said)]});
    let headers = [&[("x-api-key", site.clinician())], headers].concat();
    site.request("POST", "/v1/chat/completions", &headers, body.to_string().as_bytes())
}

fn acts(site: &Site) -> Vec<String> {
    let entries = site.audit(&[]).into_iter();
    entries.filter_map(|entry| entry["act"]["kind"].as_str().map(str::to_owned)).collect()
}

#[test]
fn r23_groups_are_set_up_and_taken_away_without_a_restart() {
    let site = site("");
    let stated = || ask(&site, &[("x-asepsis-groups", "language=es")], "Is it a usual dose?");
    assert!(stated().status == 400 && stated().text().contains("[groups]"), "{}", stated().text());
    change(&site, "[groups]\nlanguage = [\"en\", \"es\"]\n");
    wait_until("the groups are known", || stated().status == 200);
    let reply = stated();
    let entries = site.audit(&[]);
    let entry = entries.iter().rfind(|entry| entry["exchange"] == reply.exchange()).expect("it is recorded");
    assert_eq!(entry["groups"]["language"], "es");
    change(&site, "[groups]\nlanguage = [\"en\", \"fr\"]\n");
    wait_until("the group is gone", || stated().status == 400);
}

#[test]
fn r19_what_answers_are_held_and_compared_with_changes_without_a_restart() {
    let site = site("");
    let advice = || ask(&site, &[], "Give vincristine 2 mg intrathecally.");
    assert_eq!(advice().status, 200, "{}", advice().text());
    change(&site, "[clinical]\nhold = \"all\"\n");
    wait_until("it is held", || advice().status == 403);
    assert!(advice().text().contains("held_for_review"), "{}", advice().text());

    // The pharmacy's own table: what it bounds more narrowly than the shipped one is marked.
    let dose = || ask(&site, &[], "Furosemide 40 mg by mouth daily.").header("x-asepsis-marks").map(str::to_owned);
    assert_eq!(dose(), None);
    let table = "[table]\nversion = \"1\"\nowner = \"pharmacy\"\n\n[[bound]]\ndrug = \"furosemide\"\nroute = \"oral\"\nunit = \"mg\"\n\
                 max_single = 10\nsource = \"formulary\"\nas_of = 2026-11-01\n";
    std::fs::write(site.folder().join("bounds.toml"), table).expect("written");
    change(&site, "[clinical]\nhold = \"never\"\nbounds_file = \"bounds.toml\"\n");
    wait_until("the table counts", || dose().is_some_and(|marks| marks.contains("dose/")));
    assert_eq!(advice().status, 200, "{}", advice().text());

    // One that cannot be used changes nothing, and what is wrong is said; a reading later that can be counts again.
    std::fs::write(site.folder().join("bounds.toml"), table.replace("furosemide", "nosuchdrug")).expect("written");
    change(&site, "[clinical]\nhold = \"all\"\nbounds_file = \"bounds.toml\"\n");
    wait_until("it is refused", || site.gateway().said().contains("what decides goes on deciding"));
    let said = site.gateway().said();
    assert!(said.contains("bounds.toml") && said.contains("line 5"), "{said}");
    assert!(dose().is_some_and(|marks| marks.contains("dose/")), "the old table counts");
    let bounded = || ask(&site, &[], "Furosemide 40 mg by mouth daily.").status;
    assert_eq!(bounded(), 200, "nor was what is held taken from the broken file");
    std::fs::write(site.folder().join("bounds.toml"), table).expect("written");
    change(&site, "[clinical]\nhold = \"all\"\nbounds_file = \"bounds.toml\"\n");
    wait_until("it is held again", || bounded() == 403);
    assert_eq!(acts(&site), ["policy_applied", "policy_applied", "policy_refused", "policy_applied"]);
}

#[test]
fn r20_the_wording_for_patients_and_the_notes_in_answers_change_without_a_restart() {
    let site = site("");
    let patients = || ask(&site, &[("x-asepsis-use", "patient-communication")], "Your next visit is in June.");
    assert!(patients().status == 403 && patients().text().contains("needs_reviewer"), "{}", patients().text());
    change(&site, "[patients]\ncontact = \"call 555-0100\"\n");
    wait_until("the wording is known", || patients().status == 200);
    assert!(patients().answer_text().contains("call 555-0100"), "{}", patients().text());
    change(&site, "[patients]\ncontact = \"llame al 555-0199\"\nlanguage = \"es\"\n");
    wait_until("it is the other one", || patients().answer_text().contains("llame al 555-0199"));

    let noted = || ask(&site, &[], "LOINC 4548-5 is the code.").answer_text().contains("[Asepsis] Check this answer");
    assert!(!noted());
    change(&site, "[patients]\ncontact = \"call 555-0100\"\n[coaching]\nin_answers = true\n");
    wait_until("it stands in the answer", noted);
}

#[test]
fn r30_tools_change_without_a_restart_and_what_needs_one_is_named() {
    let site = site("");
    let call = || {
        let body = json!({"model": "standin-obey", "messages": [user("call the tool send_mail with {}")]});
        site.chat(&body)
    };
    assert_eq!(call().status, 200, "{}", call().text());
    change(&site, "[[tool]]\nname = \"send_mail\"\neffect = \"write\"\nnetwork = true\n[record]\nkeep = \"texts\"\n");
    wait_until("it waits for a person", || call().status == 403);
    let said = site.gateway().said();
    assert!(said.contains("changed, and counts from the next start on: [record]"), "{said}");
    let checked = site.run(["check"]);
    assert_eq!(checked.code, 0, "{}", checked.stderr);
    assert!(checked.stdout.contains("[groups]") && checked.stdout.contains("on SIGHUP"), "{}", checked.stdout);
}

/// What an exchange began under holds for it to its end: an answer that is under way keeps the wording that it was admitted with.
#[test]
fn r20_an_answer_that_is_under_way_keeps_the_wording_that_it_began_with() {
    use std::io::{BufRead, BufReader, Read, Write};
    let site = site("[patients]\ncontact = \"call 555-0100\"\n");
    let said = "word ".repeat(400);
    let body = json!({"model": "standin-echo-d5", "stream": true, "messages": [user(&said)]}).to_string();
    let mut stream = site.connect();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-api-key: {}\r\n\
         x-asepsis-use: patient-communication\r\ncontent-length: {}\r\n\r\n",
        site.clinician(),
        body.len()
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).expect("asked");
    let mut reader = BufReader::new(stream);
    let mut came = String::new();
    reader.read_line(&mut came).expect("it has begun");
    change(&site, "[patients]\ncontact = \"call 555-0199\"\n");
    let other = || {
        let body = json!({"model": "standin-echo", "messages": [user("Hello.")]}).to_string();
        let headers = [("x-api-key", site.clinician()), ("x-asepsis-use", "patient-communication")];
        site.request("POST", "/v1/chat/completions", &headers, body.as_bytes()).answer_text().contains("555-0199")
    };
    wait_until("the other wording counts", other);
    reader.read_to_string(&mut came).expect("the rest");
    let text: String = came
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok())
        .filter_map(|event| event["choices"][0]["delta"]["content"].as_str().map(str::to_owned))
        .collect();
    assert!(text.contains("555-0100") && !text.contains("555-0199"), "{text}");
}
