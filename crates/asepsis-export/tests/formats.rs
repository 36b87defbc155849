//! What each format says of an entry, and that no text leaves its field.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use asepsis_export::stream::{MAX_MESSAGE, SyslogFormat, message};
use asepsis_export::{Export, Format, LONGEST_FIELD, Record};
use asepsis_vocab::{
    Act, ActKind, AuditEvent, ClassCount, DisclosureForm, IdentifierClass, PayloadRef, Phase, PurposeOfUse,
};
use proptest::prelude::*;
use serde_json::Value;
use support::{HOSTILE, event, record, records, source};

fn json(format: Format, record: &Record) -> Value {
    serde_json::from_slice(&format.record(&source(), record)).expect("JSON")
}

fn fhir(event: &AuditEvent) -> Value {
    json(Format::Fhir, &record(7, event))
}

fn act(kind: ActKind) -> AuditEvent {
    let act =
        Act { kind, target: Some("key-9".to_owned()), basis: Some("ticket-1".to_owned()), figures: BTreeMap::new() };
    AuditEvent { act: Some(act), decision: None, recipient: None, found: Vec::new(), ..event(Phase::Act) }
}

/// Refusal: an outcome without intent and without an answer.
fn refused() -> AuditEvent {
    let mut event = AuditEvent { traffic: None, ..event(Phase::Outcome) };
    let (decision, outcome) = (event.decision.as_mut().expect("one"), event.outcome.as_mut().expect("one"));
    (decision.form, decision.reason) = (DisclosureForm::Nothing, "baa-lapsed".to_owned());
    (outcome.status, outcome.http, outcome.upstream_http) = ("refused".to_owned(), Some(403), None);
    event
}

// === IHE BALP: what the StructureDefinitions of 1.1 ask for ===

const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";

/// Whether a `Coding` or `CodeableConcept` has the code.
fn is_coded(value: &Value, system: &str, code: &str) -> bool {
    let codings = value["coding"].as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    codings.iter().any(|c| c["system"] == system && c["code"] == code)
}

fn agents<'a>(event: &'a Value, code: &str) -> Vec<&'a Value> {
    event["agent"].as_array().expect("agents").iter().filter(|a| is_coded(&a["type"], DCM, code)).collect()
}

/// The slices that all profiles share: one source and one destination, each with who and network, and the patient.
fn check_slices(event: &Value) {
    for code in ["110152", "110153"] {
        let [agent] = agents(event, code)[..] else { panic!("not one agent {code} in {event}") };
        assert!(agent["who"].is_object() && agent["network"].is_object(), "{agent}");
    }
    let users: Vec<_> = event["agent"].as_array().expect("agents").iter().filter(|a| a["requestor"] == true).collect();
    assert_eq!(users.len(), 1, "who asked, or where nobody was recognised the gateway: {event}");
    let entities = event["entity"].as_array().expect("entities");
    let of_type = |code: &str| {
        let system = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
        entities.iter().filter(|e| is_coded(&e["type"], system, code)).collect::<Vec<_>>()
    };
    let [patient] = of_type("1")[..] else { panic!("not one patient in {event}") };
    assert!(is_coded(&patient["role"], "http://terminology.hl7.org/CodeSystem/object-role", "1"));
    assert_eq!(patient["what"]["type"], "Patient");
    assert!(patient["what"]["identifier"]["value"].as_str().expect("a pseudonym").starts_with("sb_"));
    assert_eq!(of_type("2").len(), 1, "the data: {event}");
    assert!(event.get("modifierExtension").is_none());
}

fn check_disclosure(event: &Value, kind: &str, action: &str, observer: &str) {
    assert!(is_coded(&event["type"], DCM, kind) && event["action"] == action);
    let lifecycle = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle";
    let disclosures = event["subtype"].as_array().expect("subtypes");
    assert_eq!(disclosures.iter().filter(|s| is_coded(s, lifecycle, "disclose")).count(), 1);
    check_slices(event);
    // val-audit-source and val-audit-recipient: who wrote it down is that agent.
    assert_eq!(agents(event, observer)[0]["who"], event["source"]["observer"]);
}

/// Checks what an event claims, and says what it was.
fn check_claimed(event: &Value) -> Option<String> {
    let profile = event["meta"]["profile"][0].as_str()?.rsplit("/IHE.BasicAudit.").next()?.to_owned();
    match profile.as_str() {
        "PrivacyDisclosure.Source" => check_disclosure(event, "110106", "R", "110153"),
        "PrivacyDisclosure.Recipient" => check_disclosure(event, "110107", "C", "110152"),
        "PatientRead" => {
            assert!(is_coded(&event["type"], "http://terminology.hl7.org/CodeSystem/audit-event-type", "rest"));
            let reads = event["subtype"].as_array().expect("subtypes").iter();
            assert_eq!(reads.filter(|s| is_coded(s, "http://hl7.org/fhir/restful-interaction", "read")).count(), 1);
            assert_eq!(event["action"], "R");
            check_slices(event);
        }
        other => panic!("{other} is none that is written"),
    }
    Some(profile)
}

#[test]
fn c6_each_pattern_of_balp_is_claimed_where_it_holds_and_nowhere_else() {
    let claim = |event: &AuditEvent| check_claimed(&fhir(event));
    assert_eq!(claim(&event(Phase::Intent)).as_deref(), Some("PrivacyDisclosure.Source"));
    assert_eq!(claim(&event(Phase::Outcome)).as_deref(), Some("PrivacyDisclosure.Recipient"));
    assert_eq!(claim(&act(ActKind::Reveal)).as_deref(), Some("PatientRead"));
    // What is de-identified is no disclosure; the answer is read all the same.
    let plain = |phase| {
        let mut event = event(phase);
        event.decision.as_mut().expect("one").form = DisclosureForm::Deidentified;
        event
    };
    assert_eq!(claim(&plain(Phase::Intent)), None);
    assert_eq!(claim(&plain(Phase::Outcome)).as_deref(), Some("PatientRead"));
    for event in [refused(), act(ActKind::Shred), AuditEvent { subject: None, ..event(Phase::Intent) }] {
        assert_eq!(claim(&event), None);
    }
    let claimed: Vec<_> = records(3000).iter().filter_map(|r| check_claimed(&json(Format::Fhir, r))).collect();
    for profile in ["PrivacyDisclosure.Source", "PrivacyDisclosure.Recipient", "PatientRead"] {
        let count = claimed.iter().filter(|c| *c == profile).count();
        assert!(count > 20, "{profile}: {count} of {}", claimed.len());
    }
}

#[test]
fn c6_fhir_names_the_purpose_the_outcome_and_who_asked() {
    let intent = fhir(&event(Phase::Intent));
    assert_eq!(intent["purposeOfEvent"][0]["coding"][0]["code"], "TREAT");
    let user = intent["agent"].as_array().expect("agents").iter().find(|a| a["requestor"] == true).expect("a user");
    assert_eq!(user["who"]["identifier"]["value"], "dr-lind");
    assert_eq!(user["purposeOfUse"][0]["coding"][0]["code"], "TREAT");
    assert_eq!(user["role"][0]["text"], "clinician");
    assert_eq!(intent["recorded"], "2026-11-25T08:30:00.123Z");
    let refused = fhir(&refused());
    assert_eq!((&refused["outcome"], &refused["outcomeDesc"]), (&"4".into(), &"refused: baa-lapsed".into()));
    let unknown = fhir(&AuditEvent { purpose: PurposeOfUse::Unknown, ..event(Phase::Intent) });
    assert!(unknown.get("purposeOfEvent").is_none(), "UNKNOWN is no code of ActReason");
    assert_eq!(fhir(&act(ActKind::Degraded))["outcome"], "12");
}

#[test]
fn c6_ocsf_tells_refused_from_allowed_and_names_the_model() {
    let intent = json(Format::Ocsf, &record(7, &event(Phase::Intent)));
    assert_eq!(intent["ai_model"], serde_json::json!({"name": "acme-chat", "ai_provider": "acme"}));
    assert_eq!(
        (&intent["action_id"], &intent["status_id"], &intent["type_uid"]),
        (&1.into(), &1.into(), &600_399.into())
    );
    assert_eq!(intent["time"], 1_795_595_400_123_i64);
    let refused = json(Format::Ocsf, &record(7, &refused()));
    assert_eq!(
        (&refused["action_id"], &refused["disposition_id"], &refused["status_id"]),
        (&2.into(), &2.into(), &2.into())
    );
    let shred = json(Format::Ocsf, &record(7, &act(ActKind::Shred)));
    assert_eq!((&shred["activity_id"], &shred["api"]["operation"]), (&4.into(), &"shred".into()));
    assert_eq!(shred["resources"][1]["uid"], "key-9");
}

#[test]
fn r27_json_lines_hold_the_exact_bytes_of_each_entry() {
    for record in records(200) {
        let line = Format::Jsonl.record(&source(), &record);
        let entry = line.strip_prefix(format!("{{\"index\":{},\"entry\":", record.index).as_bytes()).expect("the head");
        assert_eq!(entry.strip_suffix(b"}").expect("the tail"), record.bytes);
    }
    // Also of what no longer has the order or the spacing that we would write.
    let odd = String::from_utf8(record(0, &event(Phase::Intent)).bytes).expect("UTF-8").replacen(
        "{\"v\":1,",
        "{ \"v\" : 1 , ",
        1,
    );
    let read = Record::read(3, odd.clone().into_bytes()).expect("an event");
    assert!(String::from_utf8(Format::Jsonl.record(&source(), &read)).expect("UTF-8").contains(&odd));
}

#[test]
fn r27_what_is_no_event_is_named_by_its_index() {
    let good = String::from_utf8(record(0, &event(Phase::Intent)).bytes).expect("UTF-8");
    for bad in [
        String::new(),
        "{}".to_owned(),
        good[..good.len() - 1].to_owned(),
        good.replace("2026-11-25T08:30:00.123Z", "yesterday"),
        good.replace("2026-11-25T08:30:00.123Z", "2026-11-25T08:30:00+01:00"),
        good.replace("\"v\":1,", "\"v\":1,\"shoe\":42,"),
        good.replacen(',', ",\n", 1),
    ] {
        let error = Record::read(41, bad.clone().into_bytes()).expect_err(&bad);
        assert!(error.to_string().starts_with("entry 41 is no event"), "{error}");
    }
}

#[test]
fn c6_csv_reads_back_field_by_field() {
    let records = records(2000);
    let mut export = Export::begin(Format::Csv, source(), Vec::new()).expect("a Vec");
    for record in &records {
        export.write(record).expect("a Vec");
    }
    let (bytes, tally) = export.end().expect("a Vec");
    assert_eq!((tally.records, tally.bytes), (2000, bytes.len() as u64));
    let text = String::from_utf8(bytes.clone()).expect("UTF-8");
    assert_eq!(text.matches("\r\n").count(), 2001, "RFC 4180: each line ends in CRLF, and none within a cell");
    assert_eq!(text.matches('\n').count(), 2001);
    let mut rows = csv::Reader::from_reader(&bytes[..]);
    let names: Vec<String> = rows.headers().expect("a header").iter().map(str::to_owned).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 38, "names are unique");
    let mut read = 0;
    for (row, record) in rows.records().zip(&records) {
        let row = row.expect("a row of as many cells");
        let cell = |name: &str| &row[names.iter().position(|n| n == name).expect("a column")];
        assert_eq!(cell("event_id"), record.id());
        assert_eq!(cell("index"), record.index.to_string());
        for cell in &row {
            assert!(!cell.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r']), "a formula: {cell:?}");
        }
        read += 1;
    }
    assert_eq!(read, 2000);
}

// === No text leaves its field ===

/// Puts a text everywhere where a text can be.
fn everywhere(text: &str, phase: Phase) -> AuditEvent {
    let mut event = if phase == Phase::Act { act(ActKind::Shred) } else { event(phase) };
    let text = || text.to_owned();
    event.interface = text();
    if let Some(actor) = &mut event.actor {
        (actor.user, actor.role, actor.method, actor.credential) = (text(), text(), text(), Some(text()));
    }
    if let Some(recipient) = &mut event.recipient {
        (recipient.system, recipient.vendor, recipient.agreement) = (text(), text(), Some(text()));
    }
    if let Some(decision) = &mut event.decision {
        (decision.reason, decision.rules) = (text(), vec![text(); 20]);
    }
    if let Some(outcome) = &mut event.outcome {
        outcome.status = text();
    }
    if let Some(act) = &mut event.act {
        (act.target, act.basis) = (Some(text()), Some(text()));
        act.figures = (0..20).map(|n| (format!("{n}{}", text()), u64::MAX)).collect();
    }
    event.versions = vec![(text().into(), text().into()); 20];
    event.found = IdentifierClass::ALL.map(|class| ClassCount { class, places: u32::MAX, distinct: u32::MAX }).to_vec();
    event.found_in_answer = event.found.clone();
    event.payload = Some(PayloadRef { key: text(), bytes: u32::MAX, sha256: text() });
    event
}

/// The shape of a JSON value: all names, and the kind of each value.
fn shape(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<String> = members.iter().map(|(name, value)| format!("{name}:{}", shape(value))).collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(shape).collect::<Vec<_>>().join(",")),
        Value::String(_) => "s".to_owned(),
        _ => "n".to_owned(),
    }
}

/// Header fields and keys of a CEF line, read as the format says: pipes and equals signs count where no backslash escapes
/// them.
fn cef(line: &str) -> (Vec<String>, BTreeMap<String, String>) {
    let (mut header, mut field, mut chars) = (Vec::new(), String::new(), line.chars());
    while header.len() < 7 {
        match chars.next().expect("a header of seven fields") {
            '\\' => field.push(chars.next().expect("something escaped")),
            '|' => header.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    let rest: Vec<char> = chars.collect();
    let mut signs = Vec::new();
    let mut at = 0;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 1,
            '=' => signs.push(at),
            _ => {}
        }
        at += 1;
    }
    // A key is the word before its sign.
    let start = |sign: usize| rest[..sign].iter().rposition(|c| *c == ' ').map_or(0, |space| space + 1);
    let mut keys = BTreeMap::new();
    for (n, sign) in signs.iter().enumerate() {
        let end = signs.get(n + 1).map_or(rest.len(), |next| start(*next).saturating_sub(1));
        let key: String = rest[start(*sign)..*sign].iter().collect();
        let raw: String = rest[sign + 1..end].iter().collect();
        let value = raw.replace("\\n", "\n").replace("\\r", "\r").replace("\\=", "=").replace("\\\\", "\\");
        assert!(keys.insert(key.clone(), value).is_none(), "{key} stands twice in {line}");
    }
    (header, keys)
}

/// Names of elements and attributes of an XML document, in order.
fn outline(xml: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(xml).unwrap_or_else(|error| panic!("{error} in {xml}"));
    let nodes = document.descendants().filter(roxmltree::Node::is_element);
    nodes
        .map(|n| {
            format!("{} {:?}", n.tag_name().name(), n.attributes().map(|a| a.name().to_owned()).collect::<Vec<_>>())
        })
        .collect()
}

fn stays_in_its_field(text: &str) {
    for phase in [Phase::Intent, Phase::Outcome, Phase::Act] {
        let (hostile, plain) = (record(5, &everywhere(text, phase)), record(5, &everywhere("plain", phase)));
        let bytes = |format: Format, record| String::from_utf8(format.record(&source(), record)).expect("UTF-8");
        for format in Format::ALL {
            let line = bytes(format, &hostile);
            assert!(!line.contains(['\n', '\r']), "{format} is one line: {line}");
            let control = |c: char| c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c);
            assert!(format == Format::Jsonl || !line.contains(control), "{format}: {line:?}");
        }
        for format in [SyslogFormat::Atna, SyslogFormat::Cef, SyslogFormat::Ocsf] {
            let bytes = message(&source(), &hostile, format).len();
            assert!(bytes <= MAX_MESSAGE, "{format}: {bytes} bytes");
        }
        for format in [Format::Fhir, Format::Ocsf] {
            let (hostile, plain) = (json(format, &hostile), json(format, &plain));
            if !text.is_empty() {
                assert_eq!(shape(&hostile), shape(&plain), "{format}");
            }
        }
        let xml = bytes(Format::Atna, &hostile);
        if !text.is_empty() {
            assert_eq!(outline(&xml), outline(&bytes(Format::Atna, &plain)));
            let (header, keys) = cef(&bytes(Format::Cef, &hostile));
            let (plain_header, plain_keys) = cef(&bytes(Format::Cef, &plain));
            assert_eq!(header[..5], plain_header[..5]);
            assert_eq!(keys.keys().collect::<Vec<_>>(), plain_keys.keys().collect::<Vec<_>>());
        }
        let row = Format::Csv.record(&source(), &hostile);
        let mut rows = csv::ReaderBuilder::new().has_headers(false).from_reader(&row[..]);
        let read: Vec<_> = rows.records().map(|row| row.expect("a row")).collect();
        assert_eq!((read.len(), read[0].len()), (1, 38));
        assert!(read[0].iter().all(|cell| !cell.trim_start().starts_with(['=', '+', '-', '@'])));
    }
}

#[test]
fn c6_hostile_texts_stay_in_their_field_and_are_still_there() {
    for text in HOSTILE {
        stays_in_its_field(text);
        stays_in_its_field(&text.repeat(50));
    }
    stays_in_its_field("");
    // The longest that there can be, of what takes the most room in each format.
    for signs in ["\"<&>='|\\\u{10ffff}", "\"", "&", "\\", "\u{10ffff}", "\n"] {
        stays_in_its_field(&signs.repeat(2000 / signs.len()));
    }
    // What needs no replacing arrives whole.
    let text = "CLINIC\\anna=|\"<é>";
    let record = record(5, &everywhere(text, Phase::Outcome));
    let user = json(Format::Fhir, &record)["agent"].as_array().expect("agents").last().expect("a user").clone();
    assert_eq!(user["who"]["identifier"]["value"], text);
    assert_eq!(json(Format::Ocsf, &record)["actor"]["user"]["uid"], text);
    let line = String::from_utf8(Format::Cef.record(&source(), &record)).expect("UTF-8");
    assert_eq!(cef(&line).1["suid"], text);
    let xml = String::from_utf8(Format::Atna.record(&source(), &record)).expect("UTF-8");
    let document = roxmltree::Document::parse(&xml).expect("XML");
    let user = document.descendants().find(|n| n.has_tag_name("ActiveParticipant")).expect("a user");
    assert_eq!(user.attribute("UserID"), Some(text));
}

#[test]
fn c6_long_fields_of_messages_are_cut_and_files_hold_them_whole() {
    let text = "x".repeat(2000);
    let record = record(5, &everywhere(&text, Phase::Intent));
    let cut = format!("{}…", "x".repeat(LONGEST_FIELD - 1));
    assert_eq!(json(Format::Ocsf, &record)["actor"]["user"]["uid"], cut);
    for format in [Format::Fhir, Format::Csv, Format::Jsonl] {
        assert!(String::from_utf8(format.record(&source(), &record)).expect("UTF-8").contains(&text), "{format}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn c6_no_text_at_all_leaves_its_field(text in any::<String>()) {
        stays_in_its_field(&text);
    }

    #[test]
    fn c6_no_run_of_signs_leaves_its_field(text in "[ =|\\\\\"'<>&\\n\\r\\t,;{}\\[\\]+@\u{0}-\u{1f}-]{0,40}") {
        stays_in_its_field(&text);
    }
}
