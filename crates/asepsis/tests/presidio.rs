//! `asepsis presidio`: Presidio's REST calls through the real binary, by hand and by the code of its clients.

mod support;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use serde_json::{Value, json};
use support::{PATIENCE, Reply, Running, asepsis, request};

const TOKEN: &str = "a-token-of-some-length-0123456789";

fn start(arguments: &[&str]) -> Running {
    let mut command = asepsis();
    command.args(["presidio", "--listen", "127.0.0.1:0"]).args(arguments).env_remove("ASEPSIS_PRESIDIO_TOKEN");
    Running::start(&mut command)
}

fn post(server: &Running, path: &str, body: &Value) -> Reply {
    post_bytes(server, path, body.to_string().as_bytes())
}

fn post_bytes(server: &Running, path: &str, body: &[u8]) -> Reply {
    request(server.address, "POST", path, &[("content-type", "application/json")], body)
}

fn get(server: &Running, path: &str) -> Reply {
    request(server.address, "GET", path, &[], b"")
}

/// The results of `/analyze` as (entity, text), by place; offsets count code points.
fn found(server: &Running, body: &Value) -> Vec<(String, String)> {
    let reply = post(server, "/analyze", body);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let text = body["text"].as_str().expect("one text");
    let offset = |v: &Value| usize::try_from(v.as_u64().expect("an offset")).expect("small");
    let mut found: Vec<(usize, String, String)> = reply
        .json()
        .as_array()
        .expect("a list")
        .iter()
        .map(|r| {
            let (start, end) = (offset(&r["start"]), offset(&r["end"]));
            let value = text.chars().skip(start).take(end - start).collect();
            (start, r["entity_type"].as_str().expect("an entity").to_owned(), value)
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, entity, value)| (entity, value)).collect()
}

fn pairs(wanted: &[(&str, &str)]) -> Vec<(String, String)> {
    wanted.iter().map(|(e, v)| ((*e).to_owned(), (*v).to_owned())).collect()
}

/// A request and its answer of Presidio's `docs/api-docs/api-docs.yml`; the name has a cue, which the first layer needs.
#[test]
fn r24_the_requests_of_presidios_documentation_get_answers_of_its_shape() {
    let server = start(&[]);
    let reply = post(
        &server,
        "/analyze",
        &json!({"text": "Patient: John Smith drivers license is AC432223", "language": "en"}),
    );
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
    for result in reply.json().as_array().expect("a list") {
        let mut names: Vec<&String> = result.as_object().expect("an object").keys().collect();
        names.sort();
        assert_eq!(names, ["analysis_explanation", "end", "entity_type", "score", "start"]);
        assert!(result["analysis_explanation"].is_null() && result["score"].is_f64(), "{result}");
    }
    let text = "Patient: John Smith drivers license is AC432223 and the zip code is 12345";
    let wish = json!({
        "text": text, "language": "en", "return_decision_process": false, "score_threshold": 0.3, "trace": false,
        "correlation_id": "123e4567-e89b-12d3-a456-426614174000", "entities": ["US_DRIVER_LICENSE", "ZIP"],
        "ad_hoc_recognizers": [{
            "name": "Zip code Recognizer", "supported_language": "en", "context": ["zip", "code"], "supported_entity": "ZIP",
            "patterns": [{"name": "zip code (weak)", "regex": "(\\b\\d{5}(?:\\-\\d{4})?\\b)", "score": 0.01}],
        }],
    });
    assert_eq!(found(&server, &wish), pairs(&[("US_DRIVER_LICENSE", "AC432223"), ("ZIP", "12345")]));
    let batch = post(&server, "/analyze", &json!({"text": ["SSN 219-09-8877", "nothing"], "language": "en"})).json();
    assert_eq!((batch[0][0]["entity_type"].as_str(), &batch[1]), (Some("US_SSN"), &json!([])));

    let anonymize = json!({
        "text": "hello world, my name is Jane Doe. My number is: 034453334",
        "anonymizers": {"PERSON": {"type": "redact"}, "PHONE_NUMBER": {"type": "replace", "new_value": "ANONYMIZED"}},
        "analyzer_results": [
            {"start": 24, "end": 32, "score": 0.8, "entity_type": "PERSON"},
            {"start": 48, "end": 57, "score": 0.95, "entity_type": "PHONE_NUMBER"},
        ],
    });
    let wanted = json!({"text": "hello world, my name is . My number is: ANONYMIZED", "items": [
        {"start": 40, "end": 50, "entity_type": "PHONE_NUMBER", "text": "ANONYMIZED", "operator": "replace", "score": 0.95},
        {"start": 24, "end": 24, "entity_type": "PERSON", "text": "", "operator": "redact", "score": 0.8},
    ]});
    assert_eq!(post(&server, "/anonymize", &anonymize).json(), wanted);
    for (path, one) in [
        ("/anonymizers", "mask"),
        ("/deanonymizers", "decrypt"),
        ("/supportedentities?language=en", "US_SSN"),
        ("/recognizers?language=en", "AsepsisRecognizer"),
        ("/supportedentities", "PERSON"),
    ] {
        let reply = get(&server, path);
        assert!(
            reply.status == 200 && reply.json().as_array().is_some_and(|l| l.contains(&json!(one))),
            "{path}: {}",
            reply.text()
        );
    }
    assert_eq!(get(&server, "/health").status, 200);
    assert_eq!(server.stop(), Some(0));
}

/// What LiteLLM's hook sends, recorded from 1.110.2: a prompt, and then what it got, unchanged.
#[test]
fn r24_the_two_requests_of_litellms_hook_mask_a_prompt() {
    let server = start(&[]);
    let text = "Patient: Zoë Quennell 😀, SSN 219-09-8877";
    let results = post(&server, "/analyze", &json!({"text": text, "language": "en"})).json();
    let masked = post(&server, "/anonymize", &json!({"text": text, "analyzer_results": results})).json();
    assert_eq!(masked["text"], "Patient: <PERSON> 😀, SSN <US_SSN>");
    let items = masked["items"].as_array().expect("items");
    assert_eq!(
        items.iter().map(|i| i["entity_type"].as_str().expect("an entity")).collect::<Vec<_>>(),
        ["US_SSN", "PERSON"]
    );
}

#[test]
fn r24_offsets_count_code_points_as_python_does() {
    let server = start(&[]);
    let text = format!("{}\u{301}é😀 Patient: Zoë Quennell, SSN 219-09-8877 😀", "😀ü".repeat(700));
    let wanted = pairs(&[("PERSON", "Zoë Quennell"), ("US_SSN", "219-09-8877")]);
    assert_eq!(found(&server, &json!({"text": text, "language": "en"})), wanted);
}

#[test]
fn r24_a_request_chooses_entities_scores_and_what_may_stand() {
    let server = start(&[]);
    let text = "Patient: Martha Collins, SSN 219-09-8877, card 4111 1111 1111 1111, fax (802) 555-0178";
    let ask = |more: Value| {
        let mut body = json!({"text": text, "language": "en"});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        found(&server, &body).into_iter().map(|(entity, _)| entity).collect::<Vec<_>>()
    };
    assert_eq!(ask(json!({})), ["PERSON", "US_SSN", "CREDIT_CARD", "PHONE_NUMBER"]);
    assert_eq!(ask(json!({"entities": ["CREDIT_CARD", "CRYPTO"]})), ["CREDIT_CARD"]);
    // Who asks for bank numbers gets a card too: its name says less.
    assert_eq!(ask(json!({"entities": ["US_BANK_NUMBER"]})), ["US_BANK_NUMBER"]);
    assert_eq!(ask(json!({"entities": []})).len(), 4);
    assert!(ask(json!({"score_threshold": 1.01})).is_empty());
    assert_eq!(ask(json!({"allow_list": ["Martha Collins"]})), ["US_SSN", "CREDIT_CARD", "PHONE_NUMBER"]);
    assert_eq!(ask(json!({"allow_list": ["martha"]})).len(), 4, "exactly, unless asked otherwise");
    assert_eq!(ask(json!({"allow_list": ["^martha", "\\d{4}$"], "allow_list_match": "regex"})), Vec::<String>::new());

    let why = post(
        &server,
        "/analyze",
        &json!({"text": "SSN: 219-09-8877", "language": "en", "return_decision_process": true}),
    );
    let why = &why.json()[0]["analysis_explanation"];
    assert_eq!(why["recognizer"], "AsepsisRecognizer");
    for name in [
        "pattern",
        "pattern_name",
        "original_score",
        "score",
        "textual_explanation",
        "score_context_improvement",
        "supportive_context_word",
        "validation_result",
    ] {
        assert!(why.get(name).is_some(), "{name} in {why}");
    }
}

#[test]
fn r24_ad_hoc_recognizers_find_words_and_patterns_with_context() {
    let server = start(&[]);
    let ask = |recognizer: Value, text: &str| {
        let entity = recognizer["supported_entity"].clone();
        let reply = post(
            &server,
            "/analyze",
            &json!({"text": text, "language": "en", "entities": [entity], "ad_hoc_recognizers": [recognizer]}),
        );
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    };
    let titles = json!({"name": "t", "supported_entity": "TITLE", "deny_list": ["Mr.", "Mister"]});
    let got = ask(titles, "So mister Fox and Mr. Owl, not amister");
    assert_eq!(got.as_array().map(Vec::len), Some(2), "{got}");
    assert_eq!((&got[0]["start"], &got[0]["score"]), (&json!(3), &json!(1.0)));
    let ward = |flags: i64| {
        json!({"supported_entity": "WARD", "global_regex_flags": flags, "context": ["ward"],
            "patterns": [{"name": "w", "regex": "(?<!\\w)W-(?P<n>\\d{4})(?!\\d)", "score": 0.3, "capture_group": "n"}]})
    };
    let got = ask(ward(26), "é ward w-1234 and w-12345");
    assert_eq!(
        (&got[0]["start"], &got[0]["end"], got.as_array().map(Vec::len)),
        (&json!(9), &json!(13), Some(1)),
        "{got}"
    );
    let score = got[0]["score"].as_f64().expect("a score");
    assert!((score - 0.65).abs() < 1e-9, "raised by the word before it: {score}");
    assert_eq!(ask(ward(0), "w-1234"), json!([]), "case counts without the flag");
}

#[test]
fn r24_errors_have_presidios_shape() {
    let server = start(&[]);
    let said = |reply: &Reply| {
        reply.json()["error"].as_str().unwrap_or_else(|| panic!("no error in {}", reply.text())).to_owned()
    };
    let analyze = [
        (json!({"language": "en"}), 500, "No text provided"),
        (json!({"text": "", "language": "en"}), 500, "No text provided"),
        (json!({"text": "x"}), 500, "No language provided"),
        (json!({"text": "x", "language": "zz"}), 500, "No matching recognizers were found to serve the request."),
        (json!({"text": "x", "language": "en", "entities": ["CRYPTO"]}), 500, "No matching recognizers"),
        (json!({"text": 3, "language": "en"}), 400, "text must be"),
        (json!({"text": ["x", 3], "language": "en"}), 400, "text must be"),
        (
            json!({"text": "x", "language": "en", "ad_hoc_recognizers": [{"name": "z", "supported_entity": "Z", "patterns": [{"type": "a", "bebex": "b"}]}]}),
            400,
            "Failed to parse /analyze request for AnalyzerEngine.analyze(). Pattern.__init__() got an unexpected keyword argument",
        ),
        (
            json!({"text": "x", "language": "en", "ad_hoc_recognizers": [{"supported_entity": "Z", "patterns": [{"name": "a", "regex": "(", "score": 1}]}]}),
            500,
            "Invalid regex pattern",
        ),
    ];
    for (body, status, words) in analyze {
        let reply = post(&server, "/analyze", &body);
        assert_eq!(reply.status, status, "{body}: {}", reply.text());
        assert!(said(&reply).starts_with(words), "{body}: {}", reply.text());
    }
    let custom = json!({"text": "x", "analyzer_results": [], "anonymizers": {"DEFAULT": {"type": "custom"}}});
    let reply = post(&server, "/anonymize", &custom);
    assert_eq!((reply.status, said(&reply).as_str()), (400, "Custom type anonymizer is not supported"));
    for (bytes, path) in
        [(&b"{"[..], "/anonymize"), (b"[]", "/analyze"), (b"{}", "/deanonymize"), (b"\xff", "/analyze")]
    {
        let reply = post_bytes(&server, path, bytes);
        assert!(reply.status == 400 && said(&reply).starts_with("Invalid request json"), "{}", reply.text());
    }
    // As a page in a browser could send it.
    assert_eq!(request(server.address, "POST", "/analyze", &[("content-type", "text/plain")], b"{}").status, 415);
    assert_eq!(get(&server, "/analyze").status, 405);
    assert_eq!(get(&server, "/nowhere").status, 404);
    assert_eq!(get(&server, "/supportedentities?language=he").status, 500);
    said(&get(&server, "/nowhere"));
}

#[test]
fn invariant_6_large_and_hostile_requests_are_met_within_bounds() {
    let server = start(&[]);
    let began = Instant::now();
    assert_eq!(post(&server, "/analyze", &json!({"text": "x".repeat(11 << 20), "language": "en"})).status, 413);
    let backwards = json!({"text": "a".repeat(50_000), "language": "en", "ad_hoc_recognizers": [
        {"supported_entity": "Z", "patterns": [{"name": "slow", "regex": "(?=(a+)+$b)x", "score": 1}]}]});
    let reply = post(&server, "/analyze", &backwards);
    assert!(reply.status == 422 || reply.status == 200, "{}", reply.text());
    // A small request for a very large answer.
    let many: Vec<Value> =
        (0..20_000).map(|i| json!({"start": i * 2, "end": i * 2 + 1, "score": 1, "entity_type": "Z"})).collect();
    let long = json!({"DEFAULT": {"type": "replace", "new_value": "y".repeat(1 << 20)}});
    let reply = post(
        &server,
        "/anonymize",
        &json!({"text": "x".repeat(40_000), "analyzer_results": many, "anonymizers": long}),
    );
    assert_eq!(reply.status, 413, "{}", reply.text());
    assert!(server.resident().is_none_or(|bytes| bytes < 1 << 30), "{:?}", server.resident());
    assert!(began.elapsed() < PATIENCE);
    assert_eq!(
        post(&server, "/analyze", &json!({"text": "SSN 219-09-8877", "language": "en"})).status,
        200,
        "it still answers"
    );
}

#[test]
fn invariant_1_no_text_of_a_request_comes_into_the_servers_log() {
    let mut command = asepsis();
    command
        .args(["presidio", "--listen", "127.0.0.1:0"])
        .env_remove("ASEPSIS_PRESIDIO_TOKEN")
        .env("ASEPSIS_LOG", "debug");
    let server = Running::start(&mut command);
    let secret = "219-09-8877";
    let text = format!("Patient: Martha Collins, SSN {secret}");
    post(
        &server,
        "/analyze",
        &json!({"text": text, "language": "en", "correlation_id": secret, "return_decision_process": true}),
    );
    post(&server, "/analyze", &json!({"text": text, "language": secret}));
    post(
        &server,
        "/anonymize",
        &json!({"text": text, "analyzer_results": [{"start": 0, "end": 4000, "score": 1, "entity_type": secret}]}),
    );
    let broken = post_bytes(&server, "/analyze", format!("{{\"text\": \"{text}\" oops").as_bytes());
    assert!(!broken.text().contains(secret), "{}", broken.text());
    get(&server, &format!("/{secret}"));
    support::wait_until("the requests are in the log", || server.said().matches("answered").count() >= 5);
    let said = server.said();
    assert!(!said.contains(secret) && !said.contains("Collins"), "{said}");
}

#[test]
fn r2_beyond_this_machine_it_needs_a_word_and_a_token() {
    let run = |arguments: &[&str], token: Option<&str>| {
        let mut command = asepsis();
        command.arg("presidio").args(arguments).env_remove("ASEPSIS_PRESIDIO_TOKEN");
        if let Some(token) = token {
            command.env("ASEPSIS_PRESIDIO_TOKEN", token);
        }
        command
    };
    let refused = |arguments: &[&str], token: Option<&str>, words: &str| {
        let ran = support::run(&mut run(arguments, token), b"");
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    };
    refused(&["--listen", "0.0.0.0:0"], None, "--allow-remote");
    refused(&["--listen", "0.0.0.0:0"], Some(TOKEN), "--allow-remote");
    refused(&["--listen", "0.0.0.0:0", "--allow-remote"], None, "token");
    refused(&["--listen", "127.0.0.1:0"], Some("short"), "20 characters");

    let server = Running::start(&mut run(&["--listen", "0.0.0.0:0", "--allow-remote"], Some(TOKEN)));
    assert!(server.said().contains("warning") && !server.said().contains(TOKEN), "{}", server.said());
    let local = std::net::SocketAddr::from(([127, 0, 0, 1], server.address.port()));
    let body = json!({"text": "SSN 219-09-8877", "language": "en"}).to_string();
    let ask = |authorization: Option<String>| {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(authorization.as_deref().map(|a| ("authorization", a)));
        request(local, "POST", "/analyze", &headers, body.as_bytes())
    };
    let basic = |pair: &str| Some(format!("Basic {}", data_encoding::BASE64.encode(pair.as_bytes())));
    assert_eq!(ask(None).status, 401);
    assert_eq!(ask(Some("Bearer wrong-token-wrong-token".to_owned())).status, 401);
    assert_eq!(ask(basic("any:wrong")).status, 401);
    assert_eq!(ask(Some(format!("Bearer {TOKEN}"))).status, 200);
    assert_eq!(ask(basic(&format!("any:{TOKEN}"))).status, 200);
    assert_eq!(request(local, "GET", "/health", &[], b"").status, 200, "a probe needs none");
    assert_eq!(request(local, "GET", "/supportedentities", &[], b"").status, 401);
}

#[test]
fn r24_litellms_hook_and_presidios_anonymizer_work_with_it() {
    let Some(python) = installed() else { return };
    for token in ["", TOKEN] {
        let mut command = asepsis();
        command.args(["presidio", "--listen", "127.0.0.1:0"]).env("ASEPSIS_PRESIDIO_TOKEN", token);
        let server = Running::start(&mut command);
        let mut drive = Command::new(&python);
        drive.arg("-B").arg(sources().join("drive.py"));
        drive.env("ASEPSIS", format!("http://{}", server.address)).env("TOKEN", token);
        let output = drive.output().unwrap_or_else(|error| panic!("cannot start {drive:?}: {error}"));
        let said = String::from_utf8_lossy(&output.stdout);
        let failures: Vec<&str> = said.lines().filter(|line| !line.starts_with("ok ")).collect();
        assert!(output.status.success(), "{}\n{}", failures.join("\n"), String::from_utf8_lossy(&output.stderr));
        assert!(said.contains("15 cases hold, 0 do not"), "{said}");
    }
}

/// The Python that `cargo xtask setup` installed, or `None` where it is left out on purpose.
fn installed() -> Option<PathBuf> {
    let left_out = std::env::var("ASEPSIS_LEAVE_OUT").unwrap_or_default();
    if left_out.split(',').any(|what| what.trim() == "sdk") {
        // Straight to the stream: what a test that holds prints by macro is not shown.
        writeln!(std::io::stderr(), "left out, as ASEPSIS_LEAVE_OUT asks: LiteLLM and Presidio's anonymizer").ok();
        return None;
    }
    let binary = Path::new(env!("CARGO_BIN_EXE_asepsis"));
    let target =
        binary.ancestors().find(|a| a.join("CACHEDIR.TAG").exists()).expect("the binary is in a target folder");
    let folder = target.join("sdk/presidio");
    let pins = std::fs::read_to_string(sources().join("requirements.txt")).expect("the pins");
    assert!(
        std::fs::read_to_string(folder.with_extension("pins")).is_ok_and(|there| there == pins),
        "LiteLLM and Presidio's anonymizer are not installed in {} in the pinned versions; `cargo xtask setup` installs them, and \
         with ASEPSIS_LEAVE_OUT=sdk in the environment they are left out",
        folder.display()
    );
    Some(folder.join("bin/python"))
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/sdk/presidio")
}
