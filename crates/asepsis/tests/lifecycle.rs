//! From an empty folder to a protected prompt, who may ask at all, the other ways to speak to the gateway, and its end.

mod support;

use std::io::{Read, Write};
use std::sync::Arc;

use http_body_util::BodyExt;
use serde_json::{Value, json};
use support::{Running, Setup, Site, asepsis, request, run, user, wait_until};

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";
const WORDS: &str = "Patient: Martha Collins, SSN 219-09-8877, was seen.";

#[test]
fn p13_from_an_empty_folder_to_a_protected_prompt_in_four_commands() {
    let folder = tempfile::tempdir().expect("a folder");
    let there = |arguments: &[&str]| run(asepsis().args(arguments).current_dir(folder.path()), b"");
    let init = there(&["init"]);
    assert_eq!(init.code, 0, "{}", init.stderr);
    let key = init.stdout.trim();
    assert!(key.starts_with("asep_") && key.len() == 64, "the first key alone is on standard output");
    let again = there(&["init"]);
    assert_eq!(again.code, 2, "a configuration is not overwritten: {}", again.stderr);
    let check = there(&["check"]);
    assert_eq!(check.code, 0, "{}", check.stderr);
    assert!(check.stdout.contains("clinician: pseudonymised for TREAT"), "{}", check.stdout);

    let vendor = Running::start(asepsis().args(["standin", "--listen", "127.0.0.1:0"]));
    // The ports of the template may be taken on the machine that runs the tests.
    let path = folder.path().join("asepsis.toml");
    let toml = std::fs::read_to_string(&path).expect("the configuration");
    let toml = toml.replace("127.0.0.1:8642", "127.0.0.1:0").replace("127.0.0.1:8643", &vendor.address.to_string());
    std::fs::write(&path, toml).expect("written");
    let gateway = Running::start(asepsis().arg("serve").current_dir(folder.path()));
    let ask = |path: &str, model: &str| {
        let body = json!({"model": model, "max_tokens": 9, "messages": [user(WORDS)]}).to_string();
        let bearer = format!("Bearer {key}");
        request(gateway.address, "POST", path, &[("authorization", &bearer)], body.as_bytes())
    };
    for (path, model) in [(CHAT, "standin-echo"), (MESSAGES, "standin-messages-echo")] {
        let reply = ask(path, model);
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.answer_text(), WORDS);
    }
    let seen = request(vendor.address, "GET", "/__seen", &[], b"").text();
    assert!(seen.contains("[NAME_") && !seen.contains("Collins") && !seen.contains("8877"), "{seen}");
    assert!(!seen.contains(key), "the user's key never leaves");
    assert_eq!(gateway.stop(), Some(0));
    assert_eq!(there(&["audit", "verify"]).code, 0);
}

#[test]
fn c6_without_a_valid_key_nothing_is_read_and_the_client_is_told_what_is_wrong_with_it() {
    let site = Setup::new().start();
    let good = site.clinician().to_owned();
    let typo = format!("{}{}", &good[..20], good[20..].chars().rev().collect::<String>());
    let unknown = Setup::new().start().clinician().to_owned();
    let revoked = site.key("gone", "clinician");
    assert_eq!(site.run(["key", "revoke", &revoked[5..13]]).code, 0);
    wait_until("the gateway knows that the key was revoked", || site.get("/v1/models", &revoked).status == 401);
    let mut exchanges = Vec::new();
    for path in [CHAT, MESSAGES] {
        let body = json!({"model": "standin-messages-echo", "max_tokens": 9, "messages": [user(WORDS)]}).to_string();
        let ask = |headers: &[(&str, &str)]| site.request("POST", path, headers, body.as_bytes());
        let bearer = |key: &str| format!("Bearer {key}");
        for (reply, says) in [
            (ask(&[]), "no key came with the request"),
            (ask(&[("authorization", "Basic YTpi")]), "no key came with the request"),
            (ask(&[("x-api-key", "sk-123")]), "it is cut short, or has a typing error"),
            (ask(&[("x-api-key", &typo)]), "it is cut short, or has a typing error"),
            (ask(&[("authorization", &bearer(&good[..60]))]), "it is cut short, or has a typing error"),
            (ask(&[("x-api-key", &unknown)]), "the key is not valid"),
            (ask(&[("authorization", &bearer(&revoked))]), "the key is not valid"),
        ] {
            assert_eq!(reply.status, 401, "{says}: {}", reply.text());
            let body = reply.json();
            assert_eq!(body["error"]["type"], "authentication_error");
            let message = body["error"]["message"].as_str().expect("a message");
            assert!(message.contains(says) && message.contains(reply.exchange()), "{message}");
            exchanges.push(reply.exchange().to_owned());
        }
    }
    let entries = site.audit(&["--status", "refused"]);
    for exchange in exchanges {
        let entry = entries.iter().find(|e| e["exchange"] == exchange.as_str()).expect("the log has each");
        assert!(entry.get("actor").is_none(), "nobody was recognised: {entry}");
    }
    assert_eq!(site.seen().len(), 0);
}

#[test]
fn c11_a_model_that_nobody_registered_is_refused_and_listed_and_a_name_that_says_too_much_is_withheld() {
    let site = Setup::new().start();
    for (path, model) in [
        (CHAT, "gpt-unheard-of"),
        (CHAT, "gpt-unheard-of"),
        (MESSAGES, "standin-echo"),
        (CHAT, "219-09-8877"),
        (CHAT, "martha@collins.example.org"),
        (MESSAGES, "Martha Collins"),
        (MESSAGES, ""),
    ] {
        let body = json!({"model": model, "max_tokens": 9, "messages": [user(WORDS)]}).to_string();
        let reply = site.post(path, site.clinician(), body.as_bytes());
        assert_eq!(reply.status, 404, "{}", reply.text());
        assert!(reply.text().contains("no registered AI system serves this model"), "{}", reply.text());
        assert!(model.is_empty() || !reply.text().contains(model), "the error repeats nothing");
    }
    let listed = |part: &str| {
        let ran = site.run(["unlisted"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout.lines().any(|l| l.contains(part))
    };
    wait_until("what was refused is listed", || {
        listed("gpt-unheard-of  2 times") && listed("standin-echo  1 times") && listed("(withheld)  4 times")
    });
    let all = site.run(["unlisted"]).stdout;
    for left in ["8877", "martha", "Martha", "collins"] {
        assert!(!all.contains(left), "{all}");
    }
    assert_eq!(site.audit(&["--status", "refused"]).len(), 7);
    assert_eq!(site.seen().len(), 0);
}

/// The last line of the log's checkpoint that counts entries.
fn signed(site: &Site) -> usize {
    let text = std::fs::read_to_string(site.data_dir().join("log/checkpoint")).expect("a checkpoint");
    text.lines().nth(1).and_then(|n| n.parse().ok()).expect("a size")
}

#[test]
fn r24_a_gateway_that_is_asked_to_end_lets_a_stream_finish_and_signs_the_log() {
    let mut site = Setup::new().start();
    for (path, model) in [(CHAT, "standin-echo-f1-d20"), (MESSAGES, "standin-messages-echo-f1-d20")] {
        let body = json!({"model": model, "max_tokens": 9, "stream": true, "messages": [user(WORDS)]}).to_string();
        let mut client = site.connect();
        let key = site.clinician();
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: a\r\nx-api-key: {key}\r\ncontent-length: {}\r\n\r\n", body.len());
        client.write_all(head.as_bytes()).and_then(|()| client.write_all(body.as_bytes())).expect("taken");
        let mut first = [0; 1];
        client.read_exact(&mut first).expect("the stream begins");
        let idle = site.connect();
        site.gateway().terminate();
        wait_until("no new connection is taken", || std::net::TcpStream::connect(site.address()).is_err());
        let mut rest = first.to_vec();
        client.read_to_end(&mut rest).expect("the stream goes on to its end");
        let text = String::from_utf8(rest).expect("UTF-8");
        let end = if path == CHAT { "data: [DONE]\n\n" } else { "data: {\"type\":\"message_stop\"}\n\n" };
        assert!(text.contains(end) && text.ends_with("0\r\n\r\n"), "{text}");
        assert_eq!(site.stop(), Some(0));
        drop(idle);
        let entries = site.audit(&[]);
        assert_eq!(entries.last().expect("an outcome")["outcome"]["status"], "completed");
        assert_eq!(signed(&site), entries.len(), "the last checkpoint covers all");
        let ran = site.run(["audit", "verify"]);
        assert_eq!(ran.code, 0, "{}", ran.stdout);
        assert!(!ran.stdout.contains("UNSIGNED") && !ran.stdout.contains("NO END"), "{}", ran.stdout);
        site.start_again();
    }
}

#[test]
fn r24_what_goes_on_beyond_the_time_to_drain_is_cut_off_and_has_its_end_in_the_log() {
    let mut site = Setup::new().limits("drain_seconds = 1").start();
    for (path, model) in [(CHAT, "standin-echo-hang"), (MESSAGES, "standin-messages-echo-hang")] {
        let body = json!({"model": model, "max_tokens": 9, "stream": true, "messages": [user(WORDS)]}).to_string();
        let mut client = site.connect();
        let key = site.clinician();
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: a\r\nx-api-key: {key}\r\ncontent-length: {}\r\n\r\n", body.len());
        client.write_all(head.as_bytes()).and_then(|()| client.write_all(body.as_bytes())).expect("taken");
        client.read_exact(&mut [0; 1]).expect("the stream begins");
        assert_eq!(site.stop(), Some(0));
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).ok();
        let text = String::from_utf8_lossy(&rest);
        assert!(!text.contains("[DONE]") && !text.contains("message_stop") && !text.ends_with("0\r\n\r\n"), "{text}");
        let ran = site.run(["audit", "verify"]);
        assert_eq!(ran.code, 0, "{}", ran.stdout);
        assert!(!ran.stdout.contains("NO END") && !ran.stdout.contains("UNSIGNED"), "{}", ran.stdout);
        site.start_again();
    }
}

#[test]
fn r24_http_2_with_prior_knowledge_works_for_plain_and_streamed_exchanges() {
    let site = Setup::new().start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let client = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
            .http2_only(true)
            .build_http::<http_body_util::Full<bytes::Bytes>>();
        for stream in [false, true] {
            let body = json!({"model": "standin-echo", "stream": stream, "messages": [user(WORDS)]}).to_string();
            let request = http::Request::post(format!("{}{CHAT}", site.url()))
                .header("x-api-key", site.clinician())
                .body(http_body_util::Full::from(body))
                .expect("a request");
            let response = client.request(request).await.expect("an answer");
            assert_eq!(response.version(), http::Version::HTTP_2);
            assert_eq!(response.status(), 200);
            let body = response.into_body().collect().await.expect("its end").to_bytes();
            let text = String::from_utf8_lossy(&body);
            if stream {
                assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
            } else {
                let value: Value = serde_json::from_str(&text).expect("JSON");
                assert_eq!(value["choices"][0]["message"]["content"], WORDS);
            }
        }
    });
    assert!(!site.saw("Collins"));
}

#[test]
fn r24_the_gateway_speaks_tls_with_a_certificate_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).expect("written");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
    let vendor = Running::start(asepsis().args(["standin", "--listen", "127.0.0.1:0"]));
    let tls = format!("[server.tls]\ncertificate = {certificate:?}\nkey = {key:?}\n");
    let toml = Setup::new().server_lines(&tls).toml(&format!("http://{}", vendor.address));
    let config = folder.path().join("asepsis.toml");
    std::fs::write(&config, toml).expect("written");
    let there = |arguments: &[&str]| run(asepsis().args(arguments).env("ASEPSIS_CONFIG", &config), b"");
    let ran = there(&["key", "add", "--user", "dr-test", "--role", "clinician"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let gateway = Running::start(asepsis().arg("serve").env("ASEPSIS_CONFIG", &config));

    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).expect("a root");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = rustls::pki_types::ServerName::try_from("localhost").expect("a name");
    let session = rustls::ClientConnection::new(Arc::new(tls), name).expect("a session");
    let socket = std::net::TcpStream::connect(gateway.address).expect("a connection");
    socket.set_read_timeout(Some(support::PATIENCE)).expect("a time-out");
    let mut stream = rustls::StreamOwned::new(session, socket);
    let body = json!({"model": "standin-echo", "messages": [user(WORDS)]}).to_string();
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: localhost\r\nx-api-key: {}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        ran.stdout.trim(),
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered, and closed in order");
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("Patient: Martha Collins"), "{answer}");
    // Who speaks plain HTTP to it gets no answer, and it goes on.
    let plain = request(gateway.address, "GET", "/healthz", &[], b"");
    assert_eq!(plain.status, 0, "{}", plain.text());
    assert_eq!(gateway.stop(), Some(0));
}
