//! Requests that are wrong, hostile, slow or half: each gets a clear error in the client's own protocol, with the id of an
//! exchange that the log has an outcome for, and nothing of it reaches the vendor.

mod support;

use std::io::{Read, Write};
use std::net::Shutdown;

use serde_json::{Value, json};
use support::{Reply, Setup, Site, user, wait_until};

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";

/// Checks that `reply` is an error in the shape of the protocol of `path`, and gives its message.
fn error_message(path: &str, reply: &Reply) -> String {
    let body = reply.json();
    let exchange = reply.exchange();
    assert!(exchange.starts_with("ex_"), "{exchange}");
    assert_eq!(reply.header("x-request-id"), Some(exchange), "the SDKs show this header");
    let error = &body["error"];
    let message = error["message"].as_str().expect("a message").to_owned();
    assert!(message.contains(exchange), "the message names the exchange: {message}");
    assert!(error["type"].is_string(), "{body}");
    if path == MESSAGES {
        assert_eq!(body["type"], "error", "{body}");
        assert_eq!(body["request_id"], exchange, "{body}");
    } else {
        assert!(error["code"].is_string() && error.get("param").is_some(), "{body}");
    }
    message
}

/// Checks one refusal: its status, a part of its message, its shape. Gives the id of its exchange.
fn refused(path: &str, reply: &Reply, status: u16, says: &str) -> String {
    assert_eq!(reply.status, status, "{says}: {}", reply.text());
    let message = error_message(path, reply);
    assert!(message.contains(says), "`{says}` is not in: {message}");
    reply.exchange().to_owned()
}

/// Checks that the log holds exactly an outcome of this status for each exchange, and that the vendor got nothing.
fn recorded_and_not_sent(site: &Site, exchanges: &[String], status: &str) {
    let entries = site.audit(&[]);
    for exchange in exchanges {
        let own: Vec<&Value> = entries.iter().filter(|e| e["exchange"] == exchange.as_str()).collect();
        assert_eq!(own.len(), 1, "one entry for {exchange}: {own:?}");
        assert_eq!(own[0]["phase"], "outcome");
        assert_eq!(own[0]["outcome"]["status"], status, "{:?}", own[0]);
    }
    assert_eq!(site.seen().len(), 0, "nothing reached the vendor");
}

/// A body of the protocol of `path` with these messages.
fn body(path: &str, messages: &Value) -> Value {
    if path == MESSAGES {
        json!({"model": "standin-messages-echo", "max_tokens": 16, "messages": messages})
    } else {
        json!({"model": "standin-echo", "messages": messages})
    }
}

/// The same with another value for one member.
fn with(path: &str, name: &str, value: Value) -> Vec<u8> {
    let mut body = body(path, &json!([user("hello")]));
    body[name] = value;
    body.to_string().into_bytes()
}

#[test]
fn r24_a_body_that_cannot_be_read_is_refused_at_its_place_in_the_clients_own_protocol() {
    let site = Setup::new().start();
    let mut exchanges = Vec::new();
    for path in [CHAT, MESSAGES] {
        let good = String::from_utf8(with(path, "temperature", json!(1))).expect("JSON is UTF-8");
        let content = good.find("hello").expect("the message");
        let splice = |bytes: &[u8]| [&good.as_bytes()[..content], bytes, &good.as_bytes()[content..]].concat();
        let at = |offset: usize| format!("column {} (byte {})", offset + 1, offset);
        let odd = good.replace("\"temperature\":1", "\"temperature\":01");
        let deep = format!("{{\"messages\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
        let cases: Vec<(&str, Vec<u8>, String)> = vec![
            ("nothing at all", Vec::new(), "invalid JSON at line 1, column 1".to_owned()),
            ("cut off", good.as_bytes()[..good.len() - 1].to_vec(), "the document ends within a value".to_owned()),
            ("no JSON", b"model=standin&messages=hello".to_vec(), at(0)),
            ("text behind", [good.as_bytes(), b"x"].concat(), at(good.len())),
            ("a byte order mark", [b"\xEF\xBB\xBF", good.as_bytes()].concat(), "byte order mark".to_owned()),
            ("half a pair", splice(b"\\ud800"), at(content)),
            ("the other half", splice(b"\\udc00"), at(content)),
            ("a raw NUL", splice(b"\0"), at(content)),
            ("a raw line feed", splice(b"\n"), at(content)),
            ("no UTF-8", splice(b"\xff\xfe"), at(content)),
            ("half a character", splice(b"\xe2\x82"), at(content)),
            ("UTF-16", good.encode_utf16().flat_map(u16::to_le_bytes).collect(), "zero byte".to_owned()),
            ("a name twice", good.replacen("{", "{\"model\":\"standin-echo\",", 1).into(), "a member twice".to_owned()),
            ("too deep", deep.into(), "nested deeper than the limit".to_owned()),
            ("a number with a zero before it", odd.into_bytes(), "invalid JSON at line 1".to_owned()),
        ];
        for (name, bytes, says) in &cases {
            let reply = site.post(path, site.clinician(), bytes);
            assert_eq!(reply.status, 400, "{name}: {}", reply.text());
            exchanges.push(refused(path, &reply, 400, says));
        }
    }
    recorded_and_not_sent(&site, &exchanges, "invalid_request");
}

#[test]
fn r24_wrong_types_and_unknown_roles_are_refused_with_the_path_of_the_place() {
    let site = Setup::new().start();
    let mut exchanges = Vec::new();
    for path in [CHAT, MESSAGES] {
        let messages = |value: Value| with(path, "messages", value);
        let mut cases: Vec<(Vec<u8>, &str)> = vec![
            (b"[]".to_vec(), "the body must be a JSON object"),
            (b"\"hello\"".to_vec(), "the body must be a JSON object"),
            (b"{}".to_vec(), "the request has no model"),
            (with(path, "model", json!(7)), "model must be a string"),
            (with(path, "model", Value::Null), "model must be a string"),
            (with(path, "stream", json!("yes")), "stream must be true or false"),
            (with(path, "stream", json!(1)), "stream must be true or false"),
            (messages(json!("hello")), "messages must be an array"),
            (messages(json!({"role": "user"})), "messages must be an array"),
            (messages(json!([])), "messages must hold at least one message"),
            (messages(json!([user("a"), "b"])), "messages[1] must be an object"),
            (messages(json!([null])), "messages[0] must be an object"),
            (messages(json!([{"content": "a"}])), "messages[0] has no role"),
            (messages(json!([{"role": 3, "content": "a"}])), "messages[0].role must be a string"),
            (messages(json!([{"role": "patient", "content": "a"}])), "messages[0].role must be one of"),
            (messages(json!([{"role": "", "content": "a"}])), "messages[0].role must be one of"),
            (messages(json!([{"role": "user"}])), "messages[0] has no content"),
            (messages(json!([{"role": "user", "content": 5}])), "messages[0].content must be a string or an array"),
            (
                messages(json!([{"role": "user", "content": {"a": 1}}])),
                "messages[0].content must be a string or an array",
            ),
            (messages(json!([{"role": "user", "content": [{"text": "a"}]}])), "messages[0].content[0] has no type"),
            (messages(json!([{"role": "user", "content": ["a"]}])), "messages[0].content[0] has no type"),
        ];
        if path == MESSAGES {
            cases.push((messages(json!([{"role": "system", "content": "a"}])), "messages[0].role must be one of"));
            cases.push((with(path, "max_tokens", json!("many")), "the request has no max_tokens"));
            cases.push((with(path, "system", json!(1)), "system must be a string or an array"));
        }
        for (bytes, says) in &cases {
            exchanges.push(refused(path, &site.post(path, site.clinician(), bytes), 400, says));
        }
    }
    recorded_and_not_sent(&site, &exchanges, "invalid_request");
}

#[test]
fn r24_what_is_no_text_is_refused_at_its_place_because_nobody_could_say_what_is_in_it() {
    let site = Setup::new().start();
    let picture = "data:image/png;base64,iVBORw0KGgo=";
    let part = |value: Value| json!([user("a"), {"role": "user", "content": [{"type": "text", "text": "see"}, value]}]);
    let cases = [
        (CHAT, part(json!({"type": "image_url", "image_url": {"url": picture}})), "messages[1].content[1] is not text"),
        (
            CHAT,
            part(json!({"type": "input_audio", "input_audio": {"data": "AAAA"}})),
            "messages[1].content[1] is not text",
        ),
        (CHAT, part(json!({"type": "file", "file": {"file_id": "f"}})), "messages[1].content[1] is not text"),
        (CHAT, part(json!({"type": "text", "text": picture})), "messages[1].content[1].text holds an encoded file"),
        (CHAT, json!([user(&format!("see ![scan]({picture})"))]), "messages[0].content holds an encoded file"),
        (CHAT, json!([user(&picture.to_uppercase())]), "messages[0].content holds an encoded file"),
        (
            CHAT,
            json!([{"role": "assistant", "audio": {"id": "audio_1"}, "content": null}]),
            "messages[0].audio is not text",
        ),
        (
            MESSAGES,
            part(json!({"type": "image", "source": {"type": "base64", "data": "AAAA"}})),
            "messages[1].content[1] is not text",
        ),
        (
            MESSAGES,
            part(json!({"type": "document", "source": {"type": "text", "data": "a"}})),
            "messages[1].content[1] is not text",
        ),
        (MESSAGES, part(json!({"type": "search_result", "content": []})), "messages[1].content[1] is not text"),
        (
            MESSAGES,
            part(json!({"type": "tool_result", "tool_use_id": "t", "content": [{"type": "image", "source": {}}]})),
            "messages[1].content[1].content[0] is not text",
        ),
        (MESSAGES, json!([user(picture)]), "messages[0].content holds an encoded file"),
    ];
    let mut exchanges = Vec::new();
    for (path, messages, says) in &cases {
        let reply = site.post(path, site.clinician(), body(path, messages).to_string().as_bytes());
        exchanges.push(refused(path, &reply, 400, says));
    }
    recorded_and_not_sent(&site, &exchanges, "invalid_request");
}

#[test]
fn r24_a_compressed_request_and_an_unknown_purpose_are_refused_by_name() {
    let site = Setup::new().start();
    let mut exchanges = Vec::new();
    for path in [CHAT, MESSAGES] {
        let bytes = body(path, &json!([user("hello")])).to_string();
        for (name, value, status, says) in [
            ("content-encoding", "gzip", 415, "send it without Content-Encoding"),
            ("x-asepsis-purpose", "CURIOSITY", 400, "x-asepsis-purpose: "),
            ("x-asepsis-purpose", "", 400, "x-asepsis-purpose: "),
            ("x-asepsis-conversation", &"c".repeat(257), 400, "x-asepsis-conversation must be at most 256 bytes"),
        ] {
            let headers = [("x-api-key", site.clinician()), (name, value)];
            let reply = site.request("POST", path, &headers, bytes.as_bytes());
            exchanges.push(refused(path, &reply, status, says));
        }
    }
    recorded_and_not_sent(&site, &exchanges, "invalid_request");
}

#[test]
fn r24_a_body_of_a_hundred_megabytes_is_refused_and_fills_no_memory() {
    const BODY: usize = 100 << 20;
    let site = Setup::new().start();
    let before = peak_memory(&site);
    let mut exchanges = Vec::new();
    for path in [CHAT, MESSAGES] {
        for chunked in [false, true] {
            let mut client = site.connect();
            let length =
                if chunked { "transfer-encoding: chunked".to_owned() } else { format!("content-length: {BODY}") };
            let head =
                format!("POST {path} HTTP/1.1\r\nhost: a\r\nx-api-key: {}\r\n{length}\r\n\r\n", site.clinician());
            client.write_all(head.as_bytes()).expect("the head is taken");
            let piece = vec![b' '; 1 << 20];
            for _ in 0..BODY / piece.len() {
                let frame = if chunked { [b"100000\r\n", &piece[..], b"\r\n"].concat() } else { piece.clone() };
                if client.write_all(&frame).is_err() {
                    break;
                }
            }
            let reply = support::read_reply(client);
            exchanges.push(refused(path, &reply, 413, "the limit of 10485760 bytes (`request_bytes` under [limits])"));
        }
    }
    // Four requests of ten times the limit: what was read of each is at most the limit, twice over while a buffer grows.
    let grown = peak_memory(&site) - before;
    assert!(grown < 100 << 20, "the gateway grew by {grown} bytes");
    recorded_and_not_sent(&site, &exchanges, "invalid_request");
}

#[test]
fn invariant_6_a_request_of_very_many_small_texts_is_refused_and_fills_no_memory() {
    let site = Setup::new().start();
    let before = peak_memory(&site);
    let mut exchanges = Vec::new();
    let strings = |n: usize| format!("[{}\"x\"]", "\"x\",".repeat(n));
    // Within strings that are JSON themselves, too, of which each alone is small enough.
    let nested: Vec<Value> = (0..10).map(|_| json!(strings(60_000))).collect();
    for path in [CHAT, MESSAGES] {
        for value in [strings(300_000), json!(nested).to_string()] {
            let whole = String::from_utf8(with(path, "zzz", json!(0))).expect("UTF-8");
            let whole = whole.replace("\"zzz\":0", &format!("\"zzz\":{value}"));
            let reply = site.post(path, site.clinician(), whole.as_bytes());
            exchanges.push(refused(path, &reply, 400, "the request holds more than 250000 texts"));
        }
    }
    let grown = peak_memory(&site) - before;
    assert!(grown < 300 << 20, "the gateway grew by {grown} bytes");
    recorded_and_not_sent(&site, &exchanges, "invalid_request");
}

#[test]
fn r24_what_is_longer_than_any_identifier_and_looks_like_one_is_refused_by_name() {
    let site = Setup::new().start();
    for path in [CHAT, MESSAGES] {
        let message = json!([{"role": "user", "content": "7".repeat(100_000)}]);
        let reply = site.post(path, site.clinician(), body(path, &message).to_string().as_bytes());
        let exchange = refused(path, &reply, 422, "over 65535 bytes in a row look like one identifier");
        let outcome =
            site.audit(&[]).into_iter().find(|e| e["exchange"] == exchange.as_str() && e["phase"] == "outcome");
        assert_eq!(outcome.expect("an outcome")["outcome"]["status"], "blocked");
    }
    assert_eq!(site.seen().len(), 0, "nothing reached the vendor");
}

#[test]
fn r24_one_exchange_more_than_there_is_room_for_is_asked_to_come_back() {
    let site = Setup::new().limits("exchanges = 1").start();
    let mut first = body(CHAT, &json!([user("hello")]));
    first["model"] = json!("standin-mute");
    let first = first.to_string();
    let mut client = site.connect();
    let key = site.clinician();
    let head =
        format!("POST {CHAT} HTTP/1.1\r\nhost: a\r\nx-api-key: {key}\r\ncontent-length: {}\r\n\r\n", first.len());
    client.write_all(head.as_bytes()).and_then(|()| client.write_all(first.as_bytes())).expect("taken");
    wait_until("the vendor has the first", || site.seen().len() == 1);
    for path in [CHAT, MESSAGES] {
        let reply = site.post(path, key, body(path, &json!([user("hello")])).to_string().as_bytes());
        refused(path, &reply, 503, "1 exchanges go on already");
        assert_eq!(reply.header("retry-after"), Some("1"));
    }
    assert_eq!(site.seen().len(), 1);
    assert_eq!(site.audit(&["--status", "refused"]).len(), 2);
    // When the first is gone there is room again.
    client.shutdown(Shutdown::Both).expect("closed");
    wait_until("there is room", || {
        site.post(CHAT, key, body(CHAT, &json!([user("hello")])).to_string().as_bytes()).status == 200
    });
}

/// The most memory that the gateway ever had, in bytes.
fn peak_memory(site: &Site) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", site.gateway().id())).expect("/proc is there");
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).expect("a peak");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number") * 1024
}

#[test]
fn r24_a_client_that_says_nothing_or_only_half_holds_no_connection_for_ever() {
    let site = Setup::new().limits("head_seconds = 1\nclient_idle_seconds = 1").start();
    // The preface of HTTP/2 begins as "PRI"; who stops there has chosen no version yet.
    for half in ["", "PRI * HTT", "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nx-slow: "] {
        let mut client = site.connect();
        client.write_all(half.as_bytes()).expect("taken");
        let mut rest = Vec::new();
        // The harness's read time-out makes this an error where the gateway waits for ever.
        client.read_to_end(&mut rest).unwrap_or_else(|error| panic!("not closed after {half:?}: {error}"));
    }
    let mut exchanges = Vec::new();
    for path in [CHAT, MESSAGES] {
        let mut client = site.connect();
        let key = site.clinician();
        let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\nx-api-key: {key}\r\ncontent-length: 100\r\n\r\n{{\"mod");
        client.write_all(head.as_bytes()).expect("taken");
        exchanges.push(refused(path, &support::read_reply(client), 408, "nothing came for 1 s within the request"));
    }
    recorded_and_not_sent(&site, &exchanges, "invalid_request");
}

#[test]
fn invariant_2_a_client_that_goes_away_in_the_middle_is_in_the_log() {
    let site = Setup::new().start();
    let key = site.clinician();
    let ended = |n: usize| {
        wait_until("the log has the end of who went away", || site.audit(&["--status", "client_gone"]).len() == n);
    };
    // Within the request: the socket is closed before the body is whole.
    let mut client = site.connect();
    let head = format!("POST {CHAT} HTTP/1.1\r\nhost: a\r\nx-api-key: {key}\r\ncontent-length: 100\r\n\r\n{{\"mod");
    client.write_all(head.as_bytes()).expect("taken");
    client.shutdown(Shutdown::Both).expect("closed");
    wait_until("the log has the request that broke off", || !site.audit(&[]).is_empty());
    let first = &site.audit(&[])[0];
    let status = first["outcome"]["status"].as_str().expect("a status");
    assert!(["invalid_request", "client_gone"].contains(&status), "{first}");
    let already = site.audit(&["--status", "client_gone"]).len();
    assert_eq!(site.seen().len(), 0);

    // While the vendor is silent, and within a stream of each protocol.
    let mut gone = already;
    for (path, model, stream) in [
        (CHAT, "standin-mute", false),
        (CHAT, "standin-echo-hang", true),
        (MESSAGES, "standin-messages-mute", false),
        (MESSAGES, "standin-messages-echo-hang", true),
    ] {
        let before = site.seen().len();
        let mut body = body(path, &json!([user("Is Martha Collins, SSN 123-45-6789, here? She is, I think.")]));
        body["model"] = json!(model);
        body["stream"] = json!(stream);
        let body = body.to_string();
        let mut client = site.connect();
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: a\r\nx-api-key: {key}\r\ncontent-length: {}\r\n\r\n", body.len());
        client.write_all(head.as_bytes()).and_then(|()| client.write_all(body.as_bytes())).expect("taken");
        wait_until("the vendor has the request", || site.seen().len() > before);
        if stream {
            let mut first = [0; 64];
            let n = client.read(&mut first).expect("the stream begins");
            assert!(n > 0);
        }
        client.shutdown(Shutdown::Both).expect("closed");
        gone += 1;
        ended(gone);
    }
    let ran = site.run(["audit", "verify"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(!ran.stdout.contains("NO END"), "{}", ran.stdout);
}
