//! Facts that rest on a document that is kept: in the registers that decide they are no better than it, and end when it does.

use std::borrow::Cow;
use std::collections::BTreeMap;

use anyhow::Context;
use asepsis_govern::{Evidence, Grade};
use asepsis_store::{Change, Store};
use serde_json::{Map, Value};

use super::{SYSTEM, VENDOR};

/// The kind of the records of documents; the documents themselves are kept apart, sealed.
pub(crate) const EVIDENCE: &str = "evidence";

/// What documents are about, by id.
pub(crate) type Documents = BTreeMap<String, Evidence>;

/// The documents as they would be after these changes. One whose record cannot be read counts as not there.
///
/// # Errors
/// Where the store cannot be read.
pub(crate) async fn documents(store: &Store, changes: &[Change]) -> anyhow::Result<Documents> {
    let mut found = Documents::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.records(EVIDENCE, after.as_deref(), 1_000).await.context("the evidence cannot be read")?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        found.extend(page.into_iter().filter_map(|record| Some((record.id, serde_json::from_str(&record.body).ok()?))));
    }
    for change in changes.iter().filter(|change| change.kind() == EVIDENCE) {
        match change.body().and_then(|body| serde_json::from_str(body).ok()) {
            Some(about) => drop(found.insert(change.id().to_owned(), about)),
            None => drop(found.remove(change.id())),
        }
    }
    Ok(found)
}

/// The body of an entry with its facts as the documents let them stand.
pub(crate) fn resolved<'a>(kind: &str, id: &str, body: &'a str, documents: &Documents) -> Cow<'a, str> {
    if !body.contains("evidence:") {
        return body.into();
    }
    // What cannot be read is refused where it is read.
    let Ok(Value::Object(mut entry)) = serde_json::from_str(body) else { return body.into() };
    let named = entry.get(VENDOR).and_then(Value::as_str).map(str::to_owned);
    let vendor = if kind == VENDOR { id.to_owned() } else { named.unwrap_or_default() };
    let system = (kind == SYSTEM).then_some(id);
    limit(&mut entry, &vendor, system, documents);
    if let Some(Value::Object(facts)) = entry.get_mut("facts") {
        limit(facts, &vendor, system, documents);
    }
    Value::Object(entry).to_string().into()
}

fn limit(facts: &mut Map<String, Value>, vendor: &str, system: Option<&str>, documents: &Documents) {
    for (name, fact) in facts {
        let Some(fact) = fact.as_object_mut() else { continue };
        let source = fact.get("source").and_then(Value::as_str);
        let Some(document) = source.and_then(|source| source.strip_prefix("evidence:")).map(str::to_owned) else {
            continue;
        };
        let (best, last) = match documents.get(&document) {
            Some(about) => about.reach(vendor, system, name),
            None => (Grade::U, None),
        };
        let stated = fact.get("grade").and_then(|grade| serde_json::from_value(grade.clone()).ok()).unwrap_or(Grade::D);
        // The later letter is the poorer one.
        fact.insert("grade".to_owned(), format!("{:?}", stated.max(best)).into());
        let own = fact.get("expires").and_then(Value::as_str).and_then(asepsis_govern::day::parse);
        if let Some(ends) = [own, last].into_iter().flatten().min() {
            // A fact that ends before it begins is refused; this one never counts.
            let begins = fact.get("as_of").and_then(Value::as_str).and_then(asepsis_govern::day::parse);
            if begins.is_some_and(|begins| ends < begins) {
                fact.insert("grade".to_owned(), "U".into());
            } else {
                fact.insert("expires".to_owned(), ends.to_string().into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents() -> Documents {
        let soc2 =
            r#"{"kind": "SOC2-II", "issuer": "x", "vendor": "acme", "systems": ["chat"], "valid_to": "2027-01-31"}"#;
        Documents::from([("soc2".to_owned(), serde_json::from_str(soc2).expect("a document"))])
    }

    fn fact(kind: &str, id: &str, fact: &str) -> Value {
        let body = format!(
            r#"{{"vendor": "acme", "facts": {{"mfa": {fact}}}, "regions": {{"value": ["us"], "source": "evidence:no"}}}}"#
        );
        let entry: Value = serde_json::from_str(&resolved(kind, id, &body, &documents())).expect("JSON");
        assert_eq!(entry["regions"]["grade"], "U");
        entry["facts"]["mfa"].clone()
    }

    #[test]
    fn c16_a_fact_is_no_better_than_its_document_and_ends_with_it() {
        let on = r#"{"value": true, "grade": "A", "source": "evidence:soc2""#;
        let found = fact("system", "chat", &format!("{on}}}"));
        assert_eq!((&found["grade"], &found["expires"]), (&"A".into(), &"2027-01-31".into()));
        let found = fact("system", "chat", &format!(r#"{on}, "expires": "2026-12-31"}}"#));
        assert_eq!(found["expires"], "2026-12-31");
        // The document begins to count after it has ended: it never did.
        assert_eq!(fact("system", "chat", &format!(r#"{on}, "as_of": "2027-02-01"}}"#))["grade"], "U");
        // Another system, which the document does not cover; another vendor; no document; none named.
        assert_eq!(fact("system", "other", &format!("{on}}}"))["grade"], "D");
        assert_eq!(fact("vendor", "else", &format!("{on}}}"))["grade"], "D");
        assert_eq!(fact("system", "chat", r#"{"value": true, "grade": "A", "source": "evidence:gone"}"#)["grade"], "U");
        let plain = r#"{"value": true, "grade": "A", "source": "a letter"}"#;
        assert_eq!(fact("system", "chat", plain), serde_json::from_str::<Value>(plain).expect("JSON"));
    }
}
