//! The invariants of the house, each with tests that try to break it: 2 (nothing leaves before its record), 4 (what is not
//! changed stays as it came), 5 (what is unknown makes poorer) and 7 (surrogates are given back only to those who may see).

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use support::{Running, Setup, Site, asepsis, request, user, wait_until};

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";
const WORDS: &str = "Patient: Martha Collins, SSN 219-09-8877, was seen.";

/// How many intents each user has in the log.
fn intents(entries: &[Value]) -> BTreeMap<String, usize> {
    let mut intents = BTreeMap::new();
    for entry in entries.iter().filter(|e| e["phase"] == "intent") {
        *intents.entry(entry["actor"]["user"].as_str().expect("a user").to_owned()).or_default() += 1;
    }
    intents
}

#[test]
fn invariant_2_after_a_power_cut_the_log_has_an_intent_for_everything_that_the_vendor_got() {
    let mut site = Setup::new().start();
    let keys: Vec<(String, String)> = (0..6)
        .map(|i| format!("user-{i}"))
        .map(|user| (site.key(&user, "clinician"), user))
        .map(|(k, u)| (u, k))
        .collect();
    for round in 1..=10_usize {
        let (address, stop) = (site.address(), AtomicBool::new(false));
        let before = site.seen().len();
        std::thread::scope(|scope| {
            for (name, key) in &keys {
                let stop = &stop;
                scope.spawn(move || {
                    let text = format!("{WORDS} This is {name}.");
                    let body =
                        json!({"model": "standin-echo-d1", "stream": true, "messages": [user(&text)]}).to_string();
                    while !stop.load(Ordering::Relaxed) {
                        let Ok(mut client) = std::net::TcpStream::connect(address) else { return };
                        let head = format!(
                            "POST {CHAT} HTTP/1.1\r\nhost: a\r\nx-api-key: {key}\r\nconnection: close\r\n\
                             content-length: {}\r\n\r\n",
                            body.len()
                        );
                        client.write_all(head.as_bytes()).and_then(|()| client.write_all(body.as_bytes())).ok();
                        client.read_to_end(&mut Vec::new()).ok();
                    }
                });
            }
            wait_until("exchanges go on", || site.seen().len() >= before + 90 + 7 * round % 40);
            site.kill();
            stop.store(true, Ordering::Relaxed);
        });
        let entries = site.audit(&[]);
        let intents = intents(&entries);
        let seen = site.seen();
        for (name, _) in &keys {
            let got = seen.iter().filter(|s| s.body.contains(&format!("This is {name}."))).count();
            let recorded = intents.get(name).copied().unwrap_or_default();
            assert!(
                got <= recorded,
                "round {round}: the vendor got {got} of {name}, and the log has {recorded} intents"
            );
        }
        site.start_again();
        let entries = site.audit(&[]);
        let ended = entries.iter().filter(|e| e["phase"] == "outcome").count();
        let begun = entries.iter().filter(|e| e["phase"] == "intent").count();
        assert_eq!(begun, ended, "every exchange that was about to leave has an end after the start");
        let interrupted = site.audit(&["--status", "interrupted"]).len();
        let told = site.gateway().said().matches("was about to leave when Asepsis stopped").count();
        assert!(told <= interrupted && (interrupted > 0 || told == 0), "{told} told, {interrupted} recorded");
    }
    assert!(!site.audit(&["--status", "interrupted"]).is_empty(), "no kill came in the middle of an exchange");
    assert!(site.seen().len() >= 1000, "only {} exchanges reached the vendor", site.seen().len());
    let ran = site.run(["audit", "verify"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(!ran.stdout.contains("NO END"), "{}", ran.stdout);
    assert!(!site.saw("Collins") && !site.saw("8877"));
}

#[test]
fn invariant_2_where_the_log_cannot_be_written_nothing_leaves() {
    let mut site = Setup::new().start();
    assert_eq!(site.stop(), Some(0));
    let key = site.clinician().to_owned();
    // No file of the gateway may grow beyond 512 blocks; that it may not is an error and no signal.
    let binary = asepsis();
    let limited = "trap '' XFSZ; ulimit -f 512; exec \"$0\" serve";
    let mut command = Command::new("sh");
    command
        .args(["-c", limited])
        .arg(binary.get_program())
        .env("ASEPSIS_CONFIG", site.config())
        .current_dir(site.folder());
    let gateway = Running::start(&mut command);
    let ask = |path: &str| {
        let model = if path == MESSAGES { "standin-messages" } else { "standin" };
        let body = json!({"model": model, "max_tokens": 9, "messages": [user("hello")]}).to_string();
        request(gateway.address, "POST", path, &[("x-api-key", &key)], body.as_bytes())
    };
    let mut refused = None;
    for _ in 0..3000 {
        let reply = ask(CHAT);
        if reply.status != 200 {
            refused = Some(reply);
            break;
        }
    }
    let refused = refused.expect("the log's file reached its limit");
    assert_eq!(refused.status, 500, "{}", refused.text());
    assert_eq!(refused.json()["error"]["code"], "log_stopped", "{}", refused.text());
    let seen = site.seen().len();
    for path in [CHAT, MESSAGES] {
        let reply = ask(path);
        assert_eq!(reply.status, 500);
        let message = reply.json()["error"]["message"].as_str().expect("a message").to_owned();
        assert!(message.contains("the audit log cannot be written, so nothing may leave"), "{message}");
        assert!(message.contains(reply.exchange()), "{message}");
    }
    assert_eq!(site.seen().len(), seen, "nothing left after the log stopped");
    assert_eq!(request(gateway.address, "GET", "/readyz", &[], b"").status, 503);
    assert!(request(gateway.address, "GET", "/metrics", &[], b"").text().contains("asepsis_log_healthy 0"));
    // R10: the mode is noted within a second, said aloud, and recorded as soon as there is a log again.
    let marker = site.data_dir().join("degraded");
    support::wait_until("the mode is noted", || {
        std::fs::read_to_string(&marker).is_ok_and(|t| t.starts_with("since "))
    });
    support::wait_until("it is said", || gateway.said().contains("DEGRADED"));
    gateway.kill();
    let begun = intents(&site.audit(&[])).values().sum::<usize>();
    assert!(begun >= seen, "{begun} intents for {seen} requests at the vendor");
    site.start_again();
    let entries = site.audit(&[]);
    let acts: Vec<_> = entries.iter().filter_map(|e| e["act"]["kind"].as_str()).collect();
    assert_eq!(acts, ["degraded", "recovered"]);
    assert!(entries.iter().any(|e| e["act"]["figures"]["since"].as_u64().is_some_and(|since| since > 1_700_000_000)));
    assert_eq!(site.run(["audit", "verify"]).code, 0);
}

/// A vendor that answers each request with the same bytes.
fn canned(kind: &'static str, body: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let mut length = 0;
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                    break;
                }
                if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = n.trim().parse().unwrap_or(0);
                }
            }
            reader.read_exact(&mut vec![0; length]).ok();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let mut stream = reader.into_inner();
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).ok();
        }
    });
    address
}

#[test]
fn invariant_4_a_request_arrives_byte_for_byte_but_for_the_texts_that_were_rewritten() {
    let site = Setup::new().start();
    let odd = "Odd \\u00e9\\/\\u0000 \\uD83D\\uDE00 text\\twith escapes";
    for (path, model) in [(CHAT, "standin-echo"), (MESSAGES, "standin-messages-echo")] {
        let before = format!(
            "\r\n {{ \"zeta\" : [ 1.0e0 ,1e5,-0,1E-2 , 0.10, true,null,{{}} ],\t\"max_tokens\":1e1,\"messages\":[{{\"role\":\
             \"user\",\"content\":\"{odd}\"}},{{\"content\" :"
        );
        let before = before.replace("\"max_tokens\":1e1", "\"max_tokens\":10");
        let after = format!(
            ", \"role\":\"user\"}}\n], \"model\":\"{model}\",\"temperature\":7.0E-1 ,\"seed\":12345678901234567890123, \
             \"alpha\":{{\"b\":1,\"a\":2}}, \"\\u006fdd\":\"caf\\u00e9\" }}  \n"
        );
        let text = "Patient: Martha Collins, SSN 219-09-8877.";
        let body = format!("{before}{}{after}", json!(text));
        let reply = site.post(path, site.clinician(), body.as_bytes());
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.answer_text(), text);
        let got = site.seen().pop().expect("it arrived").body;
        assert!(got.starts_with(&before), "{got}");
        assert!(got.ends_with(&after), "{got}");
        let middle = &got[before.len()..got.len() - after.len()];
        let rewritten: String = serde_json::from_str(middle).expect("the one text that was rewritten");
        assert!(rewritten.starts_with("Patient: [NAME_") && rewritten.contains("], SSN [SSN_"), "{rewritten}");
    }
}

#[test]
fn invariant_4_an_answer_without_surrogates_comes_back_byte_for_byte() {
    let chat = "{ \"choices\" :[ {\"index\":0,\"message\":{\"content\":\"caf\\u00e9 \\/ \\ud83d\\ude00\",\"role\":\"assistant\",\
                \"zz\":1.0e0},\"finish_reason\":\"stop\"}],\n\t\"x\":[1E5,-0, 0.10],\"id\" : \"c\" }\r\n";
    let messages = "{ \"type\":\"message\", \"content\" :[ {\"type\":\"text\",\"text\":\"caf\\u00e9 \\/ x\"},{\"type\":\"tool_use\",\
                    \"id\":\"t\",\"name\":\"f\",\"input\":{ \"n\" :1.0e0,\"a\":[1e5 ]}}], \"stop_reason\":\"tool_use\"} ";
    let chat_events = ": a comment\n\nid: 7\ndata: { \"choices\" :[ {\"index\":0,\"delta\":{\"content\":\"caf\\u00e9 \"}}] }\n\n\
                       data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\", \"n\":1.0e0}]}\r\n\r\ndata: [DONE]\n\n";
    let message_events = "event: message_start\ndata: {\"type\":\"message_start\" ,\"message\":{\"n\":1.0e0}}\n\n\
         event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n\
         event: content_block_delta\ndata: {\"type\":\"content_block_delta\", \"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"caf\\u00e9\"}}\n\n\
         event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n\
         event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    for (path, kind, canned_body, stream) in [
        (CHAT, "application/json", chat, false),
        (MESSAGES, "application/json", messages, false),
        (CHAT, "text/event-stream", chat_events, true),
        (MESSAGES, "text/event-stream", message_events, true),
    ] {
        let site = Setup::new().base_url(&format!("http://{}", canned(kind, canned_body))).start();
        let model = if path == MESSAGES { "standin-messages" } else { "standin" };
        let body = json!({"model": model, "max_tokens": 9, "stream": stream, "messages": [user(WORDS)]}).to_string();
        let reply = site.post(path, site.clinician(), body.as_bytes());
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.text(), canned_body, "{path} {kind}");
    }
}

#[test]
fn invariant_5_what_is_missing_lapsed_or_unknown_makes_the_outcome_poorer_never_richer() {
    let accepted = "\n[inspect]\naccept_first_layer = true\n";
    let setup = Setup::new;
    let known = "retention_days = 0\ntrains_on_data = false";
    let all: &[&str] = &["identified", "pseudonymised", "deidentified"];
    let harmless = "Patient: Martha Collins was seen.";
    // Each with the form that goes, or the rule that refuses.
    let cases: Vec<(&str, Setup, Result<&str, &str>)> = vec![
        ("all is in order", setup().forms(all).system_lines(known), Ok("identified")),
        ("retention is unknown", setup().forms(all).system_lines("trains_on_data = false"), Ok("pseudonymised")),
        ("training is unknown", setup().forms(all).system_lines("retention_days = 0"), Ok("pseudonymised")),
        ("no agreement", setup().no_agreement(), Err("baa-missing")),
        ("an agreement that lapsed", setup().agreement("signed", "2020-01-01", Some("2020-12-31")), Err("baa-lapsed")),
        ("one that has not begun", setup().agreement("signed", "2999-01-01", None), Err("baa-not-yet")),
        ("one that is not signed", setup().agreement("requested", "2020-01-01", None), Err("baa-not-signed")),
        ("one that was ended", setup().agreement("terminated", "2020-01-01", None), Err("baa-not-signed")),
        (
            "lapsed, and the poorer form is accepted",
            setup()
                .forms(all)
                .system_lines(known)
                .agreement("signed", "2020-01-01", Some("2020-12-31"))
                .extra(accepted),
            Ok("deidentified"),
        ),
        ("a role without the right", setup().allowed(&["front-desk"]), Err("role-not-granted")),
    ];
    for (name, setup, expected) in cases {
        let site = setup.start();
        let reply = site.chat(&json!({"model": "standin-echo", "messages": [user(harmless)]}));
        match expected {
            Ok(form) => {
                assert_eq!(reply.header("x-asepsis-form"), Some(form), "{name}: {}", reply.text());
                assert_eq!(site.saw("Collins"), form == "identified", "{name}");
            }
            Err(rule) => {
                assert_eq!(reply.status, 403, "{name}: {}", reply.text());
                let text = reply.text();
                assert!(text.contains(rule) && text.contains("45 CFR"), "{name}: {text}");
                assert_eq!(site.seen().len(), 0, "{name}");
                let refused = site.audit(&["--status", "refused"]);
                assert_eq!(refused.len(), 1, "{name}");
                assert_eq!(refused[0]["decision"]["form"], "nothing", "{name}: {refused:?}");
            }
        }
    }
}

#[test]
fn invariant_5_no_system_can_be_approved_for_a_purpose_that_nobody_stated() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("asepsis.toml");
    for (purposes, code) in [(&["TREAT"][..], 0), (&["UNKNOWN"], 2), (&["TREAT", "UNKNOWN"], 2)] {
        std::fs::write(&config, Setup::new().purposes(purposes).toml("http://127.0.0.1:9")).expect("written");
        let ran = support::run(asepsis().arg("check").env("ASEPSIS_CONFIG", &config), b"");
        assert_eq!(ran.code, code, "{purposes:?}: {}", ran.stderr);
        assert!(code == 0 || ran.stderr.contains("UNKNOWN is none"), "{}", ran.stderr);
    }
}

#[test]
fn invariant_5_a_purpose_in_the_header_counts_and_one_that_is_not_approved_is_refused() {
    let site = Setup::new().start();
    let body = json!({"model": "standin-echo", "messages": [user(WORDS)]}).to_string();
    for (purpose, status) in [("TREAT", 200), ("HPAYMT", 200), ("HRESCH", 403)] {
        let headers = [("x-api-key", site.clinician()), ("x-asepsis-purpose", purpose)];
        let reply = site.request("POST", CHAT, &headers, body.as_bytes());
        assert_eq!(reply.status, status, "{purpose}: {}", reply.text());
        let of = site.audit(&[]).pop().expect("an entry");
        assert_eq!(of["purpose"], purpose, "{of}");
    }
}

/// The placeholder of the name in the last request that the vendor got.
fn last_placeholder(site: &Site) -> String {
    let body = site.seen().pop().expect("a request").body;
    let start = body.find("[NAME_").expect("a placeholder");
    body[start..=start + body[start..].find(']').expect("its end")].to_owned()
}

#[test]
fn invariant_7_a_surrogate_is_given_back_only_in_its_own_scope_and_only_to_those_who_may_see() {
    let site = Setup::new().start();
    let (anna, ben, analyst) =
        (site.key("anna", "clinician"), site.key("ben", "clinician"), site.key("carl", "analyst"));
    for (path, model) in [(CHAT, "standin-echo"), (MESSAGES, "standin-messages-echo")] {
        for stream in [false, true] {
            let ask = |key: &str, text: &str| {
                let body =
                    json!({"model": model, "max_tokens": 9, "stream": stream, "messages": [user(text)]}).to_string();
                let reply = site.post(path, key, body.as_bytes());
                assert_eq!(reply.status, 200, "{}", reply.text());
                if stream { reply.streamed_text() } else { reply.answer_text() }
            };
            assert_eq!(ask(&anna, WORDS), WORDS);
            let annas = last_placeholder(&site);
            assert_eq!(ask(&ben, WORDS), WORDS);
            let bens = last_placeholder(&site);
            assert_ne!(annas, bens, "two users' surrogates for one name differ");
            assert_eq!(ask(&anna, WORDS), WORDS);
            assert_eq!(last_placeholder(&site), annas, "within one conversation a name keeps its surrogate");
            // Ben has seen Anna's placeholder somewhere and asks what it stands for.
            let stolen = format!("{WORDS} Who is {annas}?");
            assert_eq!(ask(&ben, &stolen), stolen);
            assert_eq!(site.audit(&[]).pop().expect("an outcome")["traffic"]["unissued"], 1);
            // Her own from another conversation is not given back either.
            let elsewhere = format!("Another conversation. Who is {annas}?");
            assert_eq!(ask(&anna, &elsewhere), elsewhere);
            // A role that sees surrogates only.
            let answer = ask(&analyst, WORDS);
            assert!(!answer.contains("Collins") && !answer.contains("8877"), "{answer}");
            assert!(answer.contains(&last_placeholder(&site)), "{answer}");
            assert_eq!(site.audit(&[]).pop().expect("an outcome")["traffic"]["restored"], 0);
        }
    }
}

/// Wider scopes are a site's decision, and are warned of wherever somebody looks.
#[test]
fn invariant_7_a_wider_scope_reaches_as_far_as_it_says_and_warns() {
    for (scope, shared_by_user, shared_by_patient) in
        [("conversation", false, false), ("user", true, false), ("patient", false, true)]
    {
        let site = Setup::new().extra(&format!("\n[vault]\nscope = \"{scope}\"\n")).start();
        let (anna, ben) = (site.key("anna", "clinician"), site.key("ben", "clinician"));
        let ask = |key: &str, conversation: &str, patient: Option<&str>| {
            let body = json!({"model": "standin-echo", "messages": [user(WORDS)]}).to_string();
            let mut headers = vec![("x-api-key", key), ("x-asepsis-conversation", conversation)];
            headers.extend(patient.map(|patient| ("x-asepsis-patient", patient)));
            let reply = site.request("POST", CHAT, &headers, body.as_bytes());
            assert_eq!((reply.status, reply.answer_text().as_str()), (200, WORDS));
            last_placeholder(&site)
        };
        let patient = Some("urn:oid:1.2.3|777");
        assert_eq!(ask(&anna, "one", None) == ask(&anna, "two", None), shared_by_user, "{scope}");
        assert_ne!(ask(&anna, "one", None), ask(&ben, "one", None), "{scope}");
        assert_eq!(ask(&anna, "three", patient) == ask(&ben, "four", patient), shared_by_patient, "{scope}");
        assert_ne!(ask(&anna, "three", patient), ask(&ben, "three", Some("urn:oid:1.2.3|778")), "{scope}");
        let warned = scope != "conversation";
        assert_eq!(site.run(["check"]).stdout.contains("warning: surrogates reach over all"), warned);
        assert_eq!(site.run(["doctor"]).stdout.contains("WARNING  surrogates reach over all"), warned);
        assert_eq!(site.gateway().said().contains("surrogates reach over all"), warned);
    }
}

#[test]
fn invariant_7_a_placeholder_that_nobody_issued_is_left_alone_and_counted() {
    let site = Setup::new().start();
    for (path, model) in [(CHAT, "standin-echo-alien"), (MESSAGES, "standin-messages-echo-alien")] {
        for stream in [false, true] {
            let body =
                json!({"model": model, "max_tokens": 9, "stream": stream, "messages": [user(WORDS)]}).to_string();
            let reply = site.post(path, site.clinician(), body.as_bytes());
            let text = if stream { reply.streamed_text() } else { reply.answer_text() };
            assert_eq!(text, format!("{WORDS}\nSee also [NAME_ZZZZZZZZZZZZZ]."));
            let entry = site.audit(&[]).pop().expect("an outcome");
            assert_eq!(
                (&entry["traffic"]["unissued"], &entry["traffic"]["restored"]),
                (&json!(1), &json!(2)),
                "{entry}"
            );
        }
    }
}

/// Where text may go as it is, a number that opens accounts must not slip through as the id of a call.
#[test]
fn r5_a_social_security_number_in_an_id_is_refused_also_where_identified_text_may_go() {
    let site = Setup::new().forms(&["identified"]).system_lines("retention_days = 30\ntrains_on_data = false").start();
    let ask = |id: &str, text: &str| {
        site.chat(&json!({"model": "standin-echo", "messages": [
            user(text),
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": id, "type": "function", "function": {"name": "look", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": id, "content": "done"}
        ]}))
    };
    assert_eq!(ask("call_1", "Call Anna Lind").status, 200);
    assert!(site.saw("Anna Lind"));
    assert_eq!(ask("219-09-9999", "Call Anna Lind").status, 400);
    assert_eq!(ask("call_2", "SSN: 219-09-9999").status, 403);
    assert!(!site.saw("219-09-9999"));
}
