//! Vendors that are silent, break off, lie or never end: the client is told in its own protocol, no part passes for a
//! whole, memory stays bounded, and every intent in the log has its outcome.

mod support;

use std::net::TcpListener;

use serde_json::{Value, json};
use support::{Reply, Setup, Site, user};

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";

const WORDS: &str = "Patient: Martha Collins, SSN 123-45-6789, was seen today. She feels better and will come again.";

const LIMITS: &str = "first_byte_seconds = 1\nupstream_idle_seconds = 1\nanswer_bytes = 300000\nevent_bytes = 100000";

/// Asks a vendor that behaves as `word` says.
fn ask(site: &Site, path: &str, word: &str, stream: bool) -> Reply {
    let model = if path == MESSAGES { format!("standin-messages-echo-{word}") } else { format!("standin-echo-{word}") };
    let mut body = json!({"model": model, "stream": stream, "messages": [user(WORDS)]});
    if path == MESSAGES {
        body["max_tokens"] = json!(16);
    }
    site.post(path, site.clinician(), body.to_string().as_bytes())
}

/// The error that a reply tells of, in its body or as an event of its stream, after its shape was checked.
fn error_of(path: &str, reply: &Reply) -> Value {
    let exchange = reply.exchange();
    let body = match reply.header("content-type") {
        Some(kind) if kind.starts_with("text/event-stream") => {
            let data = reply.events().pop().unwrap_or_else(|| panic!("no event in {}", reply.text()));
            if path == MESSAGES {
                let text = reply.text();
                assert!(
                    text.contains(&format!("event: error\ndata: {data}\n\n")),
                    "Anthropic names its events: {text}"
                );
            }
            serde_json::from_str(&data).expect("the last event is JSON")
        }
        _ => reply.json(),
    };
    let message = body["error"]["message"].as_str().unwrap_or_else(|| panic!("no error in {body}"));
    assert!(message.contains(exchange), "{message}");
    assert!(body["error"]["type"].is_string(), "{body}");
    if path == MESSAGES {
        assert_eq!((&body["type"], body["request_id"].as_str()), (&json!("error"), Some(exchange)));
    } else {
        assert!(body["error"]["code"].is_string(), "{body}");
    }
    body["error"].clone()
}

/// That nothing in a stream says that it came to its proper end.
fn has_no_end(reply: &Reply) {
    for data in reply.events() {
        assert_ne!(data, "[DONE]");
        let event: Value = serde_json::from_str(&data).expect("every event is JSON");
        assert_ne!(event["type"], "message_stop", "{event}");
        assert!(event["choices"][0]["finish_reason"].is_null(), "{event}");
    }
}

/// The outcome of an exchange, which there must be, as there must be its intent.
fn outcome(entries: &[Value], exchange: &str) -> Value {
    let of = |phase: &str| {
        let mut own = entries.iter().filter(|e| e["exchange"] == exchange && e["phase"] == phase);
        let first = own.next().unwrap_or_else(|| panic!("no {phase} of {exchange}"));
        assert!(own.next().is_none(), "two {phase}s of {exchange}");
        first.clone()
    };
    of("intent");
    of("outcome")
}

fn log_is_complete(site: &Site) {
    let ran = site.run(["audit", "verify"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(!ran.stdout.contains("NO END"), "{}", ran.stdout);
}

#[test]
fn r24_a_vendor_that_fails_is_told_of_in_the_clients_own_protocol_and_its_part_passes_for_no_whole() {
    let site = Setup::new().limits(LIMITS).start();
    // The vendor's way to fail; what a plain request is told; what a streamed one is told; what the log keeps of the stream.
    let ways = [
        (
            "mute",
            (504, "did not begin to answer within 1 s"),
            (504, "did not begin to answer within 1 s"),
            "upstream_error",
        ),
        ("hang", (504, "fell silent for 1 s"), (200, "fell silent for 1 s"), "upstream_error"),
        ("cut", (502, "broke its answer off"), (200, "broke its answer off"), "truncated"),
        ("badutf8", (502, "no JSON that can be read"), (200, "UTF-8"), "upstream_error"),
        ("badjson", (502, "no JSON that can be read"), (200, "an event of the answer is no JSON"), "upstream_error"),
        ("flood", (502, "over the limit of 300000 bytes"), (200, "over the limit of 300000 bytes"), "upstream_error"),
    ];
    for (word, plain, streamed, status) in ways {
        for path in [CHAT, MESSAGES] {
            for (stream, (http, says), status) in [(false, plain, "upstream_error"), (true, streamed, status)] {
                let reply = ask(&site, path, word, stream);
                assert_eq!(reply.status, http, "{word} {path} {stream}: {}", reply.text());
                let error = error_of(path, &reply);
                let message = error["message"].as_str().unwrap_or_default();
                assert!(message.contains(says), "{word} {path} {stream}: {message}");
                if http == 200 {
                    has_no_end(&reply);
                    assert!(reply.whole, "the connection itself ends in order");
                }
                let outcome = outcome(&site.audit(&[]), reply.exchange());
                assert_eq!(outcome["outcome"]["status"], status, "{word} {path} {stream}: {outcome}");
                assert_eq!(outcome["outcome"]["http"], http, "{outcome}");
            }
        }
    }
    assert!(!site.saw("Collins") && !site.saw("6789"));
    log_is_complete(&site);
}

#[test]
fn r24_a_stream_without_its_closing_event_is_no_whole_answer() {
    let site = Setup::new().start();
    let reply = ask(&site, MESSAGES, "noend", true);
    assert!(error_of(MESSAGES, &reply)["message"].as_str().is_some_and(|m| m.contains("broke its answer off")));
    assert!(!reply.text().contains("message_stop"));
    assert_eq!(outcome(&site.audit(&[]), reply.exchange())["outcome"]["status"], "truncated");
    // In OpenAI's protocol every choice said how it finished, which is an end of its own; [DONE] is not made up.
    let reply = ask(&site, CHAT, "noend", true);
    assert_eq!(reply.streamed_text(), WORDS);
    assert!(!reply.text().contains("[DONE]"), "{}", reply.text());
    assert_eq!(outcome(&site.audit(&[]), reply.exchange())["outcome"]["status"], "completed");
    log_is_complete(&site);
}

#[test]
fn r24_a_vendors_own_error_keeps_its_status_and_what_the_sdk_acts_upon() {
    let site = Setup::new().start();
    for path in [CHAT, MESSAGES] {
        for (word, status) in [("e429", 429), ("e400", 400), ("e500", 500), ("e529", 529)] {
            for stream in [false, true] {
                let reply = ask(&site, path, word, stream);
                assert_eq!(reply.status, status);
                assert_eq!(reply.header("retry-after"), Some("7"));
                assert_eq!(reply.json()["error"]["message"], "as the model's name asks");
                let outcome = outcome(&site.audit(&[]), reply.exchange());
                assert_eq!(
                    outcome["outcome"],
                    json!({"status": "upstream_error", "http": status, "upstream_http": status})
                );
            }
        }
    }
    log_is_complete(&site);
}

#[test]
fn r24_a_vendor_that_does_not_listen_is_named_and_recorded() {
    // A port that was free a moment ago and that nobody listens on.
    let nobody = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
    let site = Setup::new().base_url(&format!("http://{nobody}")).start();
    for path in [CHAT, MESSAGES] {
        for stream in [false, true] {
            let reply = ask(&site, path, "f3", stream);
            assert_eq!(reply.status, 502);
            let error = error_of(path, &reply);
            let system = if path == MESSAGES { "standin-messages" } else { "standin-chat" };
            let message = error["message"].as_str().unwrap_or_default();
            assert!(message.contains(&format!("the AI system `{system}` cannot be reached")), "{message}");
            assert_eq!(outcome(&site.audit(&[]), reply.exchange())["outcome"]["status"], "upstream_error");
        }
    }
    log_is_complete(&site);
}

#[test]
fn invariant_6_a_vendor_that_never_ends_fills_no_memory() {
    let site = Setup::new().limits("answer_bytes = 8000000").start();
    // Warm: what a first exchange of each kind takes is no growth.
    for path in [CHAT, MESSAGES] {
        assert_eq!(ask(&site, path, "flood", true).status, 200);
    }
    let before = site.gateway().resident().expect("the system tells");
    std::thread::scope(|scope| {
        for path in [CHAT, MESSAGES] {
            for stream in [false, true] {
                let site = &site;
                scope.spawn(move || {
                    let reply = ask(site, path, "flood", stream);
                    let error = error_of(path, &reply);
                    assert!(error["message"].as_str().is_some_and(|m| m.contains("over the limit of 8000000 bytes")));
                });
            }
        }
    });
    let grown = site.gateway().resident().expect("the system tells").saturating_sub(before);
    assert!(grown < 100_000_000, "four floods, and the gateway grew by {grown} bytes");
    log_is_complete(&site);
}
