use asepsis_document::json::{Json, Kind, Limits, Node};
use asepsis_phi::{KnownPhi, Segment};
use asepsis_surrogate::{Context, Issued, restore};
use asepsis_vocab::Origin;

use super::*;
use crate::content::Record;

/// What the gateway makes of texts that tools returned, and of one that staff wrote.
fn content(staff: &str, results: &[&str]) -> Content {
    let mut content =
        Content { pieces: vec![Piece::new(staff.to_owned(), "messages[0].content".to_owned())], ..Content::default() };
    for (at, result) in results.iter().enumerate() {
        match Json::parse(result.as_bytes(), &Limits::default()) {
            Ok(json) => walk(json.root(), &mut content),
            Err(_) => add(&mut content, (*result).to_owned(), None, format!("messages[{}].content", at + 1)),
        }
    }
    content
}

fn add(content: &mut Content, text: String, field: Option<String>, place: String) {
    content.pieces.push(Piece { field, origin: Origin::Tool, ..Piece::new(text, place) });
}

fn walk(node: Node<'_>, content: &mut Content) {
    let name = |mut node: Node<'_>| loop {
        if let Some(key) = node.key() {
            break Some(key.into_owned());
        }
        node = node.parent()?;
    };
    match node.kind() {
        Kind::Object => {
            let about = name(node).is_some_and(|name| ["subject", "patient", "identifier"].contains(&name.as_str()));
            let at = content.records.len();
            content.records.push(Record { pieces: content.pieces.len()..0, about });
            for (key, value) in node.members() {
                if key.bytes().any(|b| b.is_ascii_digit()) {
                    add(content, key.into_owned(), None, node.path().to_string());
                }
                walk(value, content);
            }
            content.records[at].pieces.end = content.pieces.len();
        }
        Kind::Array => node.items().for_each(|item| walk(item, content)),
        Kind::String | Kind::Number => {
            let text = node.as_str().or_else(|| node.as_number().map(Into::into)).unwrap_or_default();
            add(content, text.into_owned(), name(node), node.path().to_string());
        }
        Kind::Bool | Kind::Null => {}
    }
}

/// An answer that repeats this, as it is given back where the exchange is about patient 4471902.
fn given_back(content: &Content, answer: &str) -> String {
    let engine = Engine::new();
    let segments: Vec<Segment<'_>> =
        content.pieces.iter().map(|p| Segment { text: &p.text, field: p.field.as_deref() }).collect();
    let findings = engine.inspect(&segments, &KnownPhi::default());
    let patient = PatientId::parse("urn:oid:1.2|4471902").expect("a patient");
    let others = Others::find(content, &findings, &patient, &engine);
    let mut builder = Issued::builder();
    others.withhold(&mut builder);
    restore(&builder.build().into(), Context::Text, answer).0
}

const STAFF: &str = "Sum up the record of Martha Collins, MRN 4471902.";

#[test]
fn r28_a_row_about_somebody_else_is_withheld_and_the_patients_is_not() {
    let rows = r#"{"rows": [
        {"mrn": "4471902", "name": "Martha Collins", "phone": "312-555-0101", "comment": "Knee better, see Dr. Okafor."},
        {"mrn": 99044128, "name": "Elias Barvental", "phone": "312-555-0188", "comment": "Order AB12-99812-XQ, lisinopril 10 mg, Dr. Quintero."}]}"#;
    let got = given_back(
        &content(STAFF, &[rows]),
        "Martha Collins (4471902, 312-555-0101) of Dr. Okafor; Elias Barvental, 99044128, 312-555-0188, AB12-99812-XQ, Mr. BARVENTAL, \
         lisinopril 10 mg, Dr. Quintero.",
    );
    assert_eq!(
        got,
        "Martha Collins (4471902, 312-555-0101) of Dr. Okafor; [another patient], [another patient], [another patient], [another patient], \
         Mr. [another patient], lisinopril 10 mg, Dr. Quintero."
    );
}

#[test]
fn r28_what_staff_wrote_themselves_or_the_patients_record_has_too_comes_back() {
    let rows = r#"{"rows": [{"mrn": "4471902", "phone": "312-555-0188"},
        {"mrn": "99044128", "name": "Elias Barvental", "phone": "312-555-0188"}, {"mrn": "88044127", "name": "Ruth Collins"}]}"#;
    let asked = "Compare Martha Collins, MRN 4471902, with Elias Barvental, MRN 99044128.";
    let answer = "Elias Barvental, 99044128, 312-555-0188, Ruth, Ruth Collins, Ms. Collins";
    assert_eq!(
        given_back(&content(asked, &[rows]), answer),
        "Elias Barvental, 99044128, 312-555-0188, [another patient], [another patient], Ms. Collins"
    );
    // A name of which all parts are known is the patient's, however it is written.
    let other_house = r#"{"rows": [{"mrn": "77044126", "name": "COLLINS, MARTHA"}]}"#;
    assert_eq!(
        given_back(&content(STAFF, &[other_house]), "Martha Collins, COLLINS, MARTHA, 77044126"),
        "Martha Collins, COLLINS, MARTHA, [another patient]"
    );
}

#[test]
fn r28_a_key_says_who_somebody_is_only_where_the_patients_is_known() {
    let bundle = |patient: &str| {
        format!(
            r#"{{"resourceType": "Bundle", "entry": [{patient}
            {{"resource": {{"resourceType": "Observation", "subject": {{"reference": "Patient/p1"}}, "note": [{{"text": "Call 312-555-0101."}}]}}}},
            {{"resource": {{"resourceType": "Observation", "subject": {{"reference": "Patient/p2"}}, "note": [{{"text": "Call 312-555-0188."}}]}}}}]}}"#
        )
    };
    let answer = "Call 312-555-0101 or 312-555-0188.";
    assert_eq!(given_back(&content(STAFF, &[&bundle("")]), answer), answer);
    let known = r#"{"resource": {"resourceType": "Patient", "id": "p1", "identifier": [{"value": "4471902"}, {"value": "078051120"}]}},"#;
    assert_eq!(given_back(&content(STAFF, &[&bundle(known)]), answer), "Call 312-555-0101 or [another patient].");
}

#[test]
fn r28_records_by_number_and_objects_within_objects_belong_to_whom_they_are_about() {
    let nested = r#"{"4471902": {"name": "Martha Collins", "contact": {"phone": "312-555-0101"}},
        "99044128": {"name": "Elias Barvental", "contact": {"phone": "312-555-0188"}}}"#;
    let answer = "312-555-0101, 312-555-0188, 99044128, 4471902";
    let expected = "312-555-0101, [another patient], [another patient], 4471902";
    assert_eq!(given_back(&content(STAFF, &[nested]), answer), expected);
    let about = r#"[{"patient": {"mrn": "99044128", "name": "Elias Barvental"}, "visits": [{"contact": "312-555-0188"}]},
        {"patient": {"mrn": "4471902"}, "visits": [{"contact": "312-555-0101"}]}]"#;
    assert_eq!(given_back(&content(STAFF, &[about]), answer), expected);
}

#[test]
fn r28_groups_of_hl7_rows_of_tables_and_documents_of_cda_are_told_apart() {
    let answer = "Collins 312-555-0101; Barvental 312-555-0188";
    let expected = "Collins 312-555-0101; [another patient] [another patient]";
    let hl7 = "MSH|^~\\&|LAB|X|EHR|Y|20261126||ORU^R01|1|P|2.5\rPID|1||4471902^^^X^MR||COLLINS^MARTHA||||||||312-555-0101\rOBX|1|TX|N||Good\r\
               PID|2||99044128^^^X^MR||BARVENTAL^ELIAS||||||||312-555-0188\rOBX|1|TX|N||Call BARVENTAL at 312-555-0188\r";
    assert_eq!(given_back(&content(STAFF, &[hl7]), answer), expected);
    let table = "mrn,patient name,phone\n4471902,Martha Collins,312-555-0101\n99044128,Elias Barvental,312-555-0188\n";
    assert_eq!(given_back(&content(STAFF, &[table]), answer), expected);
    let cda = |number: &str, name: &str, phone: &str| {
        format!(
            "<?xml version=\"1.0\"?>\n<ClinicalDocument xmlns=\"urn:hl7-org:v3\"><recordTarget><patientRole><id root=\"2.16\" extension=\"{number}\"/>\
             <telecom value=\"tel:{phone}\"/><patient><name>{name}</name></patient></patientRole></recordTarget>\
             <text>Patient: {name}, phone {phone}</text></ClinicalDocument>"
        )
    };
    let documents =
        [cda("4471902", "Martha Collins", "312-555-0101"), cda("99044128", "Elias Barvental", "312-555-0188")];
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    assert_eq!(given_back(&content(STAFF, &documents), answer), expected);
}

#[test]
fn r28_pages_and_lines_of_a_text_are_about_whom_they_name() {
    let pages = "MRN: 4471902\nName: Martha Collins\n\nCall 312-555-0101.\n\u{c}MRN: 99044128\nName: Elias Barvental\n\nSeen for the knee.\n\n\
                 Call 312-555-0188.\n\u{c}MRN: 4471902\n\nCall 312-555-0102.\n";
    let answer = "312-555-0101, 312-555-0188, 312-555-0102, Elias Barvental";
    assert_eq!(
        given_back(&content(STAFF, &[pages]), answer),
        "312-555-0101, [another patient], 312-555-0102, [another patient]"
    );
    let letter = "Referral of Martha Collins, phone 312-555-0101.\nPatient Elias Barvental, MRN 99044128, phone 312-555-0188, was filed here.\n\
                  Call us at 312-555-0102.\n";
    assert_eq!(
        given_back(&content(STAFF, &[letter]), answer),
        "312-555-0101, [another patient], 312-555-0102, [another patient]"
    );
}

#[test]
fn r28_a_million_rows_of_nobody_and_deep_objects_take_bounded_work() {
    let deep = format!("{}\"x\"{}", "{\"patient\":".repeat(100), "}".repeat(100));
    assert_eq!(given_back(&content(STAFF, &[&deep]), "x"), "x");
    let wide = format!("[{}{{\"mrn\":\"99044128\",\"name\":\"Elias Barvental\"}}]", "{\"a\":\"b\"},".repeat(50_000));
    assert_eq!(given_back(&content(STAFF, &[&wide]), "99044128"), "[another patient]");
}

#[test]
fn r28_several_patients_are_noted_where_nobody_said_whom_it_is_about() {
    let engine = Engine::new();
    let note = |rows: &str| {
        let content = content("Sum up.", &[rows]);
        let segments: Vec<Segment<'_>> =
            content.pieces.iter().map(|p| Segment { text: &p.text, field: p.field.as_deref() }).collect();
        let findings = engine.inspect(&segments, &KnownPhi::default());
        let mut record = GuardRecord::default();
        note_several(&content.pieces, &findings, &mut record);
        record.flags
    };
    let flags = note(r#"[{"mrn": "4471902"}, {"mrn": "99044128"}]"#);
    assert_eq!(
        (flags.len(), flags[0].rule.as_str(), flags[0].place.as_str()),
        (1, "scope/several-patients", "[1].mrn")
    );
    assert!(note(r#"[{"mrn": "4471902"}, {"mrn": "447-1902"}]"#).is_empty());
}
