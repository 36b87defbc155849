//! Labelling FHIR resources that an AI system wrote: `meta.security` with AIAST, and a Provenance. All else is byte for byte as it came.

use serde_json::json;

use crate::json::{Json, Kind, Limits, Node};

/// The security label "artificial intelligence asserted" (HL7 v3 ObservationValue), as FHIR codes it.
const AIAST: &str = r#"{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"AIAST","display":"Artificial Intelligence asserted"}"#;

/// Who wrote what, for the Provenance.
#[derive(Clone, Copy, Debug)]
pub struct Author<'a> {
    /// The AI system's id in the register.
    pub system: &'a str,
    /// The exchange's id, under which the log has it.
    pub exchange: &'a str,
    /// When, RFC 3339.
    pub recorded: &'a str,
}

/// The text with its FHIR resources labelled: the resource itself, in a Bundle each entry's, and what stands within other members as the
/// argument of a tool; `None` where there is none, or where one is not as FHIR has it.
///
/// A resource gets the Provenance as a contained one that points to it (`#`), a Bundle as an entry of its own, which takes an entry's
/// `request` with it where the others have one.
#[must_use]
pub fn fhir(text: &str, author: &Author<'_>) -> Option<String> {
    let trimmed = text.trim_start();
    if !trimmed.starts_with('{') {
        return None;
    }
    let parsed = Json::parse(text.as_bytes(), &Limits::default()).ok()?;
    let mut splices = Vec::new();
    within(parsed.root(), 0, author, &mut splices)?;
    if splices.is_empty() && !is_resource(parsed.root()) {
        return None;
    }
    splices.sort_by_key(|(at, _)| *at);
    let (mut out, mut done) = (String::with_capacity(text.len() + 512), 0);
    for (at, added) in splices {
        out.push_str(text.get(done..at)?);
        out.push_str(&added);
        done = at;
    }
    out.push_str(text.get(done..)?);
    Some(out)
}

/// Whether what has come of a text so far may become a FHIR resource in JSON; `None` where that cannot be told yet.
#[must_use]
pub fn may_be_fhir(beginning: &str) -> Option<bool> {
    /// The name of the type stands at the beginning of what writers of FHIR write.
    const LONGEST: usize = 512;
    let text = beginning.trim_start();
    match text.bytes().next() {
        None => None,
        Some(b'{') if text.contains("\"resourceType\"") => Some(true),
        Some(b'{') if text.len() < LONGEST => None,
        Some(_) => Some(false),
    }
}

type Splices = Vec<(usize, String)>;

/// How deep a resource may stand within other members, as the argument of a tool.
const DEEPEST: usize = 4;

fn is_resource(node: Node<'_>) -> bool {
    node.get("resourceType").is_some_and(|kind| kind.kind() == Kind::String)
}

/// Labels a resource, or the outermost ones within other members.
fn within(node: Node<'_>, depth: usize, author: &Author<'_>, splices: &mut Splices) -> Option<()> {
    if is_resource(node) {
        return labelled(node, author, splices);
    }
    if depth < DEEPEST {
        for (_, value) in node.members() {
            within(value, depth + 1, author, splices)?;
        }
        for item in node.items() {
            within(item, depth + 1, author, splices)?;
        }
    }
    Some(())
}

fn labelled(resource: Node<'_>, author: &Author<'_>, splices: &mut Splices) -> Option<()> {
    let kind = resource.get("resourceType")?.as_str()?;
    secure(resource, splices)?;
    if kind == "Provenance" {
        return Some(());
    }
    if kind != "Bundle" {
        let provenance = provenance(&["#".to_owned()], author, Some("ai-provenance"));
        return append(resource, "contained", &provenance, splices);
    }
    let mut targets = Vec::new();
    let mut posted = false;
    for entry in resource.get("entry").into_iter().flat_map(Node::items) {
        let Some(inner) = entry.get("resource").filter(|inner| inner.get("resourceType").is_some()) else { continue };
        secure(inner, splices)?;
        posted |= entry.get("request").is_some();
        let text = |node: Option<Node<'_>>| node.and_then(Node::as_str).map(std::borrow::Cow::into_owned);
        let by_id = || Some(format!("{}/{}", text(inner.get("resourceType"))?, text(inner.get("id"))?));
        targets.extend(text(entry.get("fullUrl")).or_else(by_id));
    }
    if targets.is_empty() {
        return Some(());
    }
    let request = if posted { r#","request":{"method":"POST","url":"Provenance"}"# } else { "" };
    let entry = format!(r#"{{"resource":{}{request}}}"#, provenance(&targets, author, None));
    append(resource, "entry", &entry, splices)
}

/// Puts the label into `meta.security`, once.
fn secure(resource: Node<'_>, splices: &mut Splices) -> Option<()> {
    let Some(meta) = resource.get("meta") else {
        return insert(resource, &format!(r#""meta":{{"security":[{AIAST}]}}"#), splices);
    };
    let there = |security: Node<'_>| {
        security.items().any(|label| label.get("code").and_then(Node::as_str).as_deref() == Some("AIAST"))
    };
    match meta.get("security") {
        Some(security) if there(security) => Some(()),
        _ => append(meta, "security", AIAST, splices),
    }
}

/// Adds an element to the array under `name`, or a member with an array of it.
fn append(object: Node<'_>, name: &str, element: &str, splices: &mut Splices) -> Option<()> {
    match object.get(name) {
        None => insert(object, &format!(r#""{name}":[{element}]"#), splices),
        Some(array) if array.kind() == Kind::Array => {
            let comma = if array.items().next().is_some() { "," } else { "" };
            splices.push((array.span().end - 1, format!("{comma}{element}")));
            Some(())
        }
        Some(_) => None,
    }
}

/// Adds a member at the end of an object.
fn insert(object: Node<'_>, member: &str, splices: &mut Splices) -> Option<()> {
    if object.kind() != Kind::Object {
        return None;
    }
    let comma = if object.members().next().is_some() { "," } else { "" };
    splices.push((object.span().end - 1, format!("{comma}{member}")));
    Some(())
}

fn provenance(targets: &[String], author: &Author<'_>, id: Option<&str>) -> String {
    let targets: Vec<_> = targets.iter().map(|target| json!({"reference": target})).collect();
    let mut provenance = json!({
        "resourceType": "Provenance",
        "target": targets,
        "recorded": author.recorded,
        "agent": [{
            "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "code": "author"}]},
            "who": {"identifier": {"value": author.system}, "display": "AI system"}
        }],
        "entity": [{"role": "source", "what": {"identifier": {"value": author.exchange}, "display": "Exchange in the audit log"}}]
    });
    if let Some(id) = id {
        provenance["id"] = id.into();
    }
    provenance.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTHOR: Author<'static> = Author { system: "scribe", exchange: "ex_1", recorded: "2026-11-26T12:00:00Z" };

    fn value(text: &str) -> serde_json::Value {
        serde_json::from_str(text).expect("it is JSON")
    }

    #[test]
    fn r19_a_resource_gets_the_label_and_a_provenance_and_nothing_else_changes() {
        let text = "{ \"resourceType\" : \"Observation\", \"valueQuantity\":{\"value\":7.20}}\n";
        let labelled = fhir(text, &AUTHOR).expect("it is FHIR");
        assert!(
            labelled.starts_with("{ \"resourceType\" : \"Observation\", \"valueQuantity\":{\"value\":7.20}"),
            "{labelled}"
        );
        let read = value(&labelled);
        assert_eq!(read["meta"]["security"][0]["code"], "AIAST");
        assert_eq!(read["contained"][0]["target"][0]["reference"], "#");
        assert_eq!(read["contained"][0]["entity"][0]["what"]["identifier"]["value"], "ex_1");
        // What is there stays, and a label is put there once.
        let there = r#"{"resourceType":"Patient","meta":{"versionId":"1","security":[{"code":"R"}]},"contained":[{"resourceType":"Organization","id":"o"}]}"#;
        let read = value(&fhir(there, &AUTHOR).expect("it is FHIR"));
        assert_eq!(
            (read["meta"]["security"][0]["code"].as_str(), read["meta"]["security"][1]["code"].as_str()),
            (Some("R"), Some("AIAST"))
        );
        assert_eq!(read["meta"]["versionId"], "1");
        assert_eq!(read["contained"].as_array().map(Vec::len), Some(2));
        let argument = value(&fhir(&format!("{{\"record\": {text}, \"note\": \"x\"}}"), &AUTHOR).expect("within"));
        assert_eq!(argument["record"]["meta"]["security"][0]["code"], "AIAST");
        let twice = fhir(&fhir(text, &AUTHOR).expect("once"), &AUTHOR).expect("twice");
        assert_eq!(value(&twice)["meta"]["security"].as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn r19_a_bundle_has_each_of_its_resources_labelled_and_one_provenance() {
        let bundle = r#"{"resourceType":"Bundle","type":"transaction","entry":[
            {"fullUrl":"urn:uuid:1","resource":{"resourceType":"Condition","meta":{}},"request":{"method":"POST","url":"Condition"}},
            {"resource":{"resourceType":"Patient","id":"p1"},"request":{"method":"PUT","url":"Patient/p1"}}]}"#;
        let read = value(&fhir(bundle, &AUTHOR).expect("it is FHIR"));
        let entries = read["entry"].as_array().expect("entries");
        assert_eq!(entries.len(), 3);
        assert!(entries[..2].iter().all(|entry| entry["resource"]["meta"]["security"][0]["code"] == "AIAST"));
        let targets: Vec<_> = entries[2]["resource"]["target"]
            .as_array()
            .expect("targets")
            .iter()
            .map(|t| t["reference"].as_str())
            .collect();
        assert_eq!(targets, [Some("urn:uuid:1"), Some("Patient/p1")]);
        assert_eq!(entries[2]["request"]["url"], "Provenance");
    }

    #[test]
    fn what_is_no_resource_is_left_alone() {
        for text in [
            "",
            "text",
            "{",
            "{}",
            "[]",
            r#"{"a":1}"#,
            r#"{"resourceType":1}"#,
            r#"{"resourceType":"Patient","meta":7}"#,
            r#"{"resourceType":"Patient""#,
        ] {
            assert_eq!(fhir(text, &AUTHOR), None, "{text}");
        }
        assert_eq!(may_be_fhir(" {\"resourceType\": "), Some(true));
        assert_eq!(may_be_fhir("{\"id\": 1"), None);
        assert_eq!(may_be_fhir("Dear"), Some(false));
        assert_eq!(may_be_fhir(&format!("{{{}", " ".repeat(600))), Some(false));
    }
}
