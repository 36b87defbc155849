//! What an answer says of doses, allergies and advice is compared with what was asked, over a running gateway: marks for staff, and what
//! nobody of the office has read is held from patients.

mod support;

use serde_json::{Value, json};
use support::{Reply, Setup, Site, user};

const NOTE: &str = "Continue furosemide 40 mg daily. Allergies: penicillin (hives). The knee is better.";

fn clinic(extra: &str) -> Site {
    let extra = format!("\n[patients]\ncontact = \"call 555-0100\"\n{extra}");
    let mut site = Setup::new().roles(&[("clinician", true), ("front-desk", true)]).extra(&extra).start();
    site.stop();
    let config = std::fs::read_to_string(site.config()).expect("a configuration");
    std::fs::write(site.config(), config.replacen("id = \"clinician\"\n", "id = \"clinician\"\nlicensed = true\n", 1))
        .expect("written");
    site.start_again();
    site
}

/// The note, and what the model shall say (the stand-in says the last words again).
fn ask(site: &Site, key: &str, headers: &[(&str, &str)], path: &str, said: &str, stream: bool) -> Reply {
    let model = if path == "/v1/messages" { "standin-messages-echo-f4" } else { "standin-echo-f4" };
    // What a model wrote before is no evidence, so the words to be said again are told as the user's only where they are to be.
    let messages = json!([user(NOTE), {"role": "assistant", "content": "Noted."}, user(said)]);
    let body = json!({"model": model, "max_tokens": 500, "stream": stream, "messages": messages});
    let headers = [&[("x-api-key", key)], headers].concat();
    site.request("POST", path, &headers, body.to_string().as_bytes())
}

fn recorded(site: &Site, reply: &Reply) -> Value {
    let of = site.audit(&[]).into_iter().filter(|entry| entry["exchange"] == reply.exchange());
    of.reduce(|_, later| later).expect("it is recorded")
}

#[test]
fn r19_marks_stand_in_header_log_and_where_wanted_in_the_answer() {
    let site = clinic("\n[coaching]\nin_answers = true\n");
    // A code whose check digit is wrong, and an abbreviation that leads to ten times the dose.
    let said = "Give insulin 10U daily. LOINC 4548-5 is the code.";
    let reply = ask(&site, site.clinician(), &[], "/v1/chat/completions", said, false);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let marks = reply.header("x-asepsis-marks").unwrap_or_default().to_owned();
    assert!(marks.contains("code/loinc-check-digit@") && marks.contains("abbreviation/"), "{marks}");
    // Offsets are those of the text that the client got.
    let place =
        marks.split("code/loinc-check-digit@").nth(1).expect("a place").split([',', ' ']).next().expect("a place");
    let (start, end) = place.split_once('-').expect("from, to");
    let text: Vec<char> = reply.answer_text().chars().collect();
    let marked: String = text[start.parse().expect("a number")..end.parse().expect("a number")].iter().collect();
    assert!(marked.contains("4548-5"), "{marked}");
    assert!(
        reply.answer_text().contains("[Asepsis] Check this answer before you rely on it:"),
        "{}",
        reply.answer_text()
    );
    let entry = recorded(&site, &reply);
    assert_eq!(entry["guard"]["answer"]["code/loinc-check-digit"], 1, "{entry}");
    assert!(!entry.to_string().contains("4548"), "{entry}");

    for path in ["/v1/chat/completions", "/v1/messages"] {
        let reply = ask(&site, site.clinician(), &[], path, said, true);
        assert!(reply.text().contains(": x-asepsis-marks: "), "{}", reply.text());
        assert_eq!(recorded(&site, &reply)["guard"]["answer"]["code/loinc-check-digit"], 1);
    }
    marks_stand_behind_all_that_was_said(&site, said, false);
    let quiet = ask(&site, site.clinician(), &[], "/v1/chat/completions", "Continue furosemide 40 mg daily.", false);
    assert_eq!(quiet.header("x-asepsis-marks"), None, "{:?}", quiet.header("x-asepsis-marks"));
}

/// In streams: behind the model's last word, before what ends the answer; with Anthropic in a block of its own.
fn marks_stand_behind_all_that_was_said(site: &Site, said: &str, held: bool) {
    for path in ["/v1/chat/completions", "/v1/messages"] {
        let reply = ask(site, site.clinician(), &[], path, said, true);
        let text = reply.streamed_text();
        let (before, note) = text.split_once("\n\n[Asepsis] Check this answer before you rely on it:").expect("a note");
        assert!(before.ends_with(said) && note.contains("- "), "{path} {held}: {text}");
        let events: Vec<Value> = reply.events().iter().filter_map(|event| serde_json::from_str(event).ok()).collect();
        if path == "/v1/messages" {
            let of = |kind: &str| -> Vec<u64> {
                events.iter().filter(|e| e["type"] == kind).filter_map(|e| e["index"].as_u64()).collect()
            };
            assert_eq!((of("content_block_start"), of("content_block_stop")), (vec![0, 1], vec![0, 1]), "{text}");
            let kinds: Vec<&str> = events.iter().filter_map(|event| event["type"].as_str()).collect();
            let at = |kind: &str| kinds.iter().rposition(|known| *known == kind).expect("it is there");
            assert!(at("content_block_stop") + 1 == at("message_delta"), "{kinds:?}");
            assert_eq!(at("message_delta") + 1, at("message_stop"), "{kinds:?}");
        } else {
            let ended = events.iter().position(|event| event["choices"][0]["finish_reason"].is_string());
            let noted = events.iter().position(|event| event.to_string().contains("Check this answer"));
            assert!(noted < ended, "{text}");
        }
    }
}

#[test]
fn r19_marks_of_a_stream_that_was_held_to_its_end_stand_behind_all_that_was_said() {
    let site = clinic("\n[coaching]\nin_answers = true\n[clinical]\nhold = \"all\"\n");
    marks_stand_behind_all_that_was_said(&site, "LOINC 4548-5 is the code.", true);
}

/// A note that is written for documentation stands for the visit: allergies that it leaves out are marked. An answer to a question is not.
#[test]
fn r19_what_documentation_leaves_out_is_marked() {
    let site = clinic("");
    let said = "Furosemide 40 mg daily is continued, the knee is better.";
    for path in ["/v1/chat/completions", "/v1/messages"] {
        let marks = |use_of: &str, said: &str| {
            let reply = ask(&site, site.clinician(), &[("x-asepsis-use", use_of)], path, said, false);
            assert_eq!(reply.status, 200, "{}", reply.text());
            reply.header("x-asepsis-marks").unwrap_or_default().to_owned()
        };
        assert!(marks("documentation", said).contains("omission/allergy@"), "{path}");
        assert!(!marks("documentation", &format!("{said} Allergic to penicillin.")).contains("omission"), "{path}");
        assert!(!marks("administration", said).contains("omission"), "{path}");
    }
}

#[test]
fn r19_r20_what_must_not_reach_a_patient_unread_is_held_whole_and_streamed() {
    let site = clinic("");
    let desk = site.key("bob", "front-desk");
    let patients = ("x-asepsis-use", "patient-communication");
    let advice = "You can stop taking your warfarin today.";
    for path in ["/v1/chat/completions", "/v1/messages"] {
        for stream in [false, true] {
            let held = ask(&site, &desk, &[patients], path, advice, stream);
            assert!(
                held.text().contains("the answer is held") && !held.text().contains("today"),
                "{path} {stream}: {}",
                held.text()
            );
            assert_eq!(recorded(&site, &held)["outcome"]["status"], "refused");
            // Where a licensed person reads it first, it is marked and goes to that person.
            let read = [patients, ("x-asepsis-reviewer", "me")];
            let marked = ask(&site, site.clinician(), &read, path, advice, stream);
            assert!(!marked.text().contains("the answer is held"), "{}", marked.text());
            let entry = recorded(&site, &marked);
            assert!(
                entry["guard"]["answer"].as_object().is_some_and(|a| a.keys().any(|k| k.starts_with("advice/"))),
                "{entry}"
            );
        }
    }
    let fine = ask(&site, &desk, &[patients], "/v1/chat/completions", "Your next visit is in June.", true);
    assert!(fine.streamed_text().contains("Your next visit is in June."), "{}", fine.text());
}

#[test]
fn r19_the_pharmacys_own_table_counts_and_a_wrong_one_is_refused_with_its_line() {
    let site = Setup::new().without_serving();
    let table = "[table]\nversion = \"1\"\nowner = \"x\"\n\n[[bound]]\ndrug = \"nosuchdrug\"\nroute = \"oral\"\nunit = \"mg\"\n\
                 source = \"x\"\nas_of = 2026-11-01\n";
    std::fs::write(site.folder().join("pharmacy.toml"), table).expect("written");
    let config = std::fs::read_to_string(site.config()).expect("a configuration");
    std::fs::write(site.config(), config + "\n[clinical]\nbounds_file = \"pharmacy.toml\"\n").expect("written");
    let checked = site.run(["check"]);
    assert!(
        checked.code == 2 && checked.stderr.contains("pharmacy.toml") && checked.stderr.contains("not known"),
        "{}",
        checked.stderr
    );
}
