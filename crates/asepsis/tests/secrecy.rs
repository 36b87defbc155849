//! Invariant 1: no identifier of a patient stands anywhere but sealed in the vault, whatever the way that it came in and
//! however the exchange ended. And invariant 3: the label of a form is true at the vendor.

mod support;

use std::path::Path;

use serde_json::{Value, json};
use support::{Setup, Site, user};

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";

/// Identifiers to plant, a new one each time, so that one that is found tells where it came from.
#[derive(Default)]
struct Canaries {
    planted: Vec<(String, String)>,
}

/// A part of each planted identifier, by its kind.
const STEMS: [&str; 4] = ["Quillfeather", "219-09-", "880733", "@quill"];

impl Canaries {
    /// A phrase with an e-mail address, a social security number, a record number and a name of this place only.
    fn phrase(&mut self, place: &str) -> String {
        let n = self.planted.len() / 4 + 1;
        let letters: String =
            [n / 26, n % 26].iter().map(|i| char::from(b'a' + u8::try_from(*i).expect("few"))).collect();
        let surname = format!("Quillfeather{letters}");
        let (mail, ssn, mrn) =
            (format!("zeb{n}@quill{n}.example.org"), format!("219-09-{}", 4000 + n), format!("880733{:04}", 1000 + n));
        let phrase = format!("Patient: Zebedee {surname}, SSN {ssn}, MRN: {mrn}, e-mail {mail}.");
        for value in [surname, ssn, mrn, mail] {
            self.planted.push((place.to_owned(), value));
        }
        phrase
    }

    /// Fails where one of them stands in `bytes`.
    fn absent(&self, bytes: &[u8], where_: &str) {
        // The standard library's search is fast in tests that are not optimised, too. What is no UTF-8 is replaced: that
        // changes nothing of ASCII.
        let text = String::from_utf8_lossy(bytes);
        // What all of a kind begin with; where it is not, none of them is.
        let there: Vec<&str> = STEMS.into_iter().filter(|stem| text.contains(stem)).collect();
        let may_be = |value: &str| {
            there.iter().any(|stem| value.contains(stem)) || !STEMS.iter().any(|stem| value.contains(stem))
        };
        for (place, value) in self.planted.iter().filter(|(_, value)| may_be(value)) {
            assert!(!text.contains(value.as_str()), "{value}, planted in {place}, stands in {where_}");
        }
    }
}

/// Every field of a request of OpenAI's protocol that can carry text, planted.
fn chat(c: &mut Canaries) -> Value {
    let nested = json!({"patient": c.phrase("tool result"), "mrn": 55_667_788}).to_string();
    let arguments =
        json!({c.phrase("name of an argument"): c.phrase("argument"), "record": [c.phrase("argument in array")]});
    json!({
        "model": "standin-echo",
        "messages": [
            {"role": "system", "content": c.phrase("system")},
            {"role": "developer", "content": c.phrase("developer")},
            {"role": "user", "name": "zeb_quill", "content": [{"type": "text", "text": c.phrase("part")}]},
            {"role": "assistant", "content": c.phrase("history"), "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "find", "arguments": arguments.to_string()}}]},
            {"role": "tool", "tool_call_id": "call_1", "content": nested},
            {"role": "user", "content": c.phrase("user"), "patient": {"id": c.phrase("unknown field"), "mrn": 55_667_799}},
        ],
        "tools": [{"type": "function", "function": {"name": "find", "description": c.phrase("description of a tool"),
            "parameters": {"type": "object", "description": c.phrase("description of a schema"), "properties": {
                "who": {"type": "string", "enum": [c.phrase("enum")], "default": c.phrase("default")},
                c.phrase("name of a property"): {"type": "string"}}, "required": [c.phrase("required")]}}}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "out", "schema": {"type": "object",
            "title": c.phrase("response format")}}},
        "stop": [c.phrase("stop")],
        "user": c.phrase("user field"),
        "metadata": {"ticket": c.phrase("metadata"), c.phrase("name in metadata"): "x", "mrn": "55667700"},
        "data": c.phrase("a name that a sealed value could have"),
        "signature": "219-09-9911",
        "x_vendor": [[c.phrase("unknown array")]],
    })
}

/// The same for Anthropic's protocol.
fn messages(c: &mut Canaries) -> Value {
    json!({
        "model": "standin-messages-echo",
        "max_tokens": 16,
        "system": [{"type": "text", "text": c.phrase("system part")}],
        "messages": [
            {"role": "user", "content": c.phrase("first user")},
            {"role": "assistant", "content": [
                {"type": "text", "text": c.phrase("assistant part")},
                {"type": "tool_use", "id": "toolu_1", "name": "find", "input": {"who": c.phrase("input"),
                    "mrn": 55_667_711, "deep": {c.phrase("name in input"): [c.phrase("deep input")]}}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": c.phrase("result")}]},
                {"type": "text", "text": c.phrase("last user")}]},
        ],
        "tools": [{"name": "find", "description": c.phrase("tool"), "input_schema": {"type": "object",
            "properties": {"who": {"type": "string", "examples": [c.phrase("example")], "const": 219_099_912}}}}],
        "stop_sequences": [c.phrase("stop sequence")],
        "metadata": {"user_id": c.phrase("user id")},
    })
}

/// Requests that never leave, each with canaries in it.
fn failing(site: &Site, c: &mut Canaries) -> Vec<Vec<u8>> {
    let mut answers = Vec::new();
    let key = site.clinician();
    for path in [CHAT, MESSAGES] {
        let with = |name: &str, value: Value| {
            let mut body = json!({"model": "standin-messages-echo", "max_tokens": 9, "messages": [user("hello")]});
            body[name] = value;
            body.to_string()
        };
        let text = |c: &mut Canaries| c.phrase("a request that fails");
        let twice = format!("{{{0}:1,{0}:2}}", json!(text(c)));
        let bodies = [
            format!("{{\"messages\": \"{}", text(c)),
            twice,
            with("messages", json!([{"role": text(c), "content": "a"}])),
            with("messages", json!([{"role": "user", "content": [{"type": text(c)}]}])),
            with("messages", json!(text(c))),
            with("stream", json!(text(c))),
            with("model", json!(text(c))),
            with("model", json!("219-09-9913")),
            with("messages", json!([user(&format!("data:image/png;base64,{}", text(c)))])),
            with("tool_choice", json!({"type": "tool", "name": "219-09-9914"})),
        ];
        for body in bodies {
            let reply = site.post(path, key, body.as_bytes());
            assert!((400..500).contains(&reply.status), "{} {}", reply.status, reply.text());
            answers.push(reply.body);
        }
        let hello = with("stream", json!(false));
        let phrase = c.phrase("a header");
        for name in
            ["x-asepsis-purpose", "x-asepsis-conversation", "user-agent", "anthropic-beta", "cookie", "x-request-id"]
        {
            let headers = [("x-api-key", key), (name, phrase.as_str())];
            answers.push(site.request("POST", path, &headers, hello.as_bytes()).body);
        }
        answers.push(site.post(path, &phrase, hello.as_bytes()).body);
        let planted = c.phrase("a path").replace(' ', "%20");
        answers.push(site.post(&format!("{path}?q={planted}"), key, hello.as_bytes()).body);
        answers.push(site.post(&format!("/v1/{planted}"), key, hello.as_bytes()).body);
    }
    answers
}

/// Every file below a folder, with its contents.
fn files(folder: &Path, into: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, into);
        } else {
            into.push((path.display().to_string(), std::fs::read(&path).expect("a file")));
        }
    }
}

#[test]
fn invariant_1_no_identifier_is_in_a_log_an_error_a_metric_or_a_file_whatever_happened() {
    let limits = "first_byte_seconds = 1\nupstream_idle_seconds = 1\nanswer_bytes = 60000";
    let mut site = Setup::new().limits(limits).env("ASEPSIS_LOG", "trace").start();
    let mut c = Canaries::default();
    for stream in [false, true] {
        for look in ["-alien", "-tool"] {
            let (mut a, mut b) = (chat(&mut c), messages(&mut c));
            a["model"] = json!(format!("standin-echo{look}"));
            b["model"] = json!(format!("standin-messages-echo{look}"));
            (a["stream"], b["stream"]) = (json!(stream), json!(stream));
            let (a, b) = (site.chat(&a), site.messages(&b));
            assert_eq!((a.status, b.status), (200, 200), "{} {}", a.text(), b.text());
        }
        // Vendors that fail in every way, with an error that repeats nothing.
        for word in ["cut", "hang", "badutf8", "badjson", "flood", "mute", "e429"] {
            let (mut a, mut b) = (chat(&mut c), messages(&mut c));
            a["model"] = json!(format!("standin-echo-{word}"));
            b["model"] = json!(format!("standin-messages-echo-{word}"));
            (a["stream"], b["stream"]) = (json!(stream), json!(stream));
            assert_ne!((site.chat(&a).status, site.messages(&b).status), (400, 400), "{word}");
        }
    }
    for answer in failing(&site, &mut c) {
        c.absent(&answer, "the body of an error");
    }
    for extra in ["55667788", "55667799", "55667700", "55667711", "219099912"] {
        c.planted.push(("a number".to_owned(), extra.to_owned()));
    }
    for extra in ["219-09-9911", "219-09-9913", "219-09-9914"] {
        c.planted.push(("a rigid field".to_owned(), extra.to_owned()));
    }
    c.absent(&site.seen_bytes(), "what the vendor got");
    c.absent(&site.get("/metrics", site.clinician()).body, "the metrics");
    c.absent(site.run(["audit", "search", "--json", "--last", "100000"]).stdout.as_bytes(), "the audit log");
    c.absent(site.run(["unlisted"]).stdout.as_bytes(), "the list of refused destinations");
    let entries = site.audit(&[]);
    let last = entries.last().and_then(|e| e["exchange"].as_str()).expect("an entry").to_owned();
    c.absent(site.run(["audit", "show", &last]).stdout.as_bytes(), "audit show");
    // While the gateway runs, with its write-ahead logs, and after it has ended.
    for _ in 0..2 {
        let mut all = Vec::new();
        files(site.folder(), &mut all);
        assert!(all.len() > 5, "{} files were looked at", all.len());
        for (name, bytes) in &all {
            c.absent(bytes, name);
        }
        c.absent(said_and_stopped(&mut site).as_bytes(), "what the gateway said");
        site.start_again();
    }
}

/// What the gateway said on standard error until its end.
fn said_and_stopped(site: &mut Site) -> String {
    let said = site.gateway().said();
    assert_eq!(site.stop(), Some(0));
    said
}

/// What may not be left of the eighteen identifiers of the letter, and of what is added to it.
const EIGHTEEN: &str = include_str!("../../../data/demo/all-eighteen.txt");
const MORE: &str = "\nOther patient: Ludmila Ferncastle, 93-year-old, DOB 5/6/1930, ZIP 03602, seen March 3, 2024.\n\
    Neighbour aged 101, of 12 Birchwood Ave, Cambridge, MA 02139-4307. Discharged 2025-11-30.\n";
const NOT_LEFT: [&str; 37] = [
    "Marisol",
    "Quennell",
    "Anneke",
    "Osei",
    "Renner",
    "Tobias",
    "03/14",
    "1931",
    "aged 95",
    "4127",
    "Larkmoor",
    "Tillbrook",
    "05673",
    "555-0143",
    "555-0178",
    "quennell",
    "219-09-9999",
    "4471902",
    "XJH8842019",
    "7700412398",
    "V8841207",
    "1HGCM82633A004352",
    "PM-88317-A2",
    "portal.example.org",
    "203.0.113.77",
    "FPT-220198",
    "quennell_face_0041.jpg",
    "TRIAL-PT-00318",
    "January 9",
    "February 2",
    "Ludmila",
    "Ferncastle",
    "93",
    "5/6/1930",
    "03602",
    "March 3",
    "101",
];

#[test]
fn invariant_3_what_is_labelled_deidentified_has_none_of_the_eighteen_identifiers_left() {
    let accepted = "\n[inspect]\naccept_first_layer = true\n";
    let site = Setup::new().no_agreement().forms(&["pseudonymised", "deidentified"]).extra(accepted).start();
    for model in ["standin-echo", "standin-messages-echo"] {
        let text = format!("{EIGHTEEN}{MORE}");
        let body = json!({"model": model, "max_tokens": 99, "messages": [user(&text)]});
        let reply = if model == "standin-echo" { site.chat(&body) } else { site.messages(&body) };
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.header("x-asepsis-form"), Some("deidentified"));
        assert_eq!(reply.answer_text(), text, "and the user gets the originals back");
        let got = site.seen().pop().expect("it reached the vendor").json()["messages"][0]["content"].clone();
        let got = got.as_str().expect("a text");
        // Codes are random, so that digits by themselves may stand in one.
        let plain = without_codes(got);
        for left in NOT_LEFT {
            assert!(!plain.contains(left), "{left} is left in:\n{plain}");
        }
        for left in ["02139", "4307", "Birchwood", "Cambridge", "2025-11", "-30"] {
            assert!(!plain.contains(left), "{left} is left in:\n{plain}");
        }
        // What Safe Harbor lets stand.
        for hint in
            ["AGE_90PLUS", "DATE_2026", "DATE_2024", "DATE_2025", "LOCATION_056", "LOCATION_000", "LOCATION_021"]
        {
            assert!(plain.contains(hint), "{hint} is not in:\n{plain}");
        }
    }
    let entries = site.audit(&["--form", "deidentified"]);
    assert_eq!(entries.len(), 4, "an intent and an outcome each");
    assert!(
        entries.iter().all(|e| e["decision"]["rules"] == json!(["deidentified-needs-no-agreement"])),
        "{entries:?}"
    );
}

/// A text with `_CODE]` of each placeholder cut to `]`.
fn without_codes(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(end) = rest.find(']') {
        let is_code = end > 14 && rest.as_bytes()[end - 14] == b'_';
        out.push_str(&rest[..if is_code { end - 14 } else { end }]);
        out.push(']');
        rest = &rest[end + 1..];
    }
    out + rest
}

#[test]
fn invariant_3_without_acceptance_of_the_first_layer_nothing_is_labelled_deidentified() {
    let site = Setup::new().forms(&["deidentified"]).start();
    for model in ["standin-echo", "standin-messages-echo"] {
        let body = json!({"model": model, "max_tokens": 9, "messages": [user(EIGHTEEN)]});
        let reply = if model == "standin-echo" { site.chat(&body) } else { site.messages(&body) };
        assert_eq!(reply.status, 403);
        let message = reply.json()["error"]["message"].as_str().expect("a message").to_owned();
        for part in
            ["(rule first-layer-not-accepted; 45 CFR 164.514(b)(2))", "accept_first_layer = true", reply.exchange()]
        {
            assert!(message.contains(part), "`{part}` is not in: {message}");
        }
    }
    assert_eq!(site.seen().len(), 0);
    assert_eq!(site.audit(&["--status", "refused"]).len(), 2);
}
