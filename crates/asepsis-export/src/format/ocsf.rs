//! OCSF 1.8.0, class API Activity (6003), with the profiles `ai_operation`, `datetime` and `security_control`.

use asepsis_vocab::{AuditEvent, Phase};
use serde_json::{Map, Value, json};

use crate::reading::{self, Deed, Ending};
use crate::text::{field, list};
use crate::{Record, Source, VERSION};

const CLASS: u32 = 6003;

/// The event of a record.
pub(super) fn event(source: &Source, record: &Record) -> Value {
    let event = &record.event;
    let (activity, activity_name) = activity(event);
    let (severity, severity_name) = severity(event);
    let (status_id, status) = match reading::ending(event) {
        Ending::Good => (1, "Success"),
        _ => (2, "Failure"),
    };
    let mut all = json!({
        "class_uid": CLASS,
        "class_name": "API Activity",
        "category_uid": 6,
        "category_name": "Application Activity",
        "activity_id": activity,
        "activity_name": activity_name,
        "type_uid": CLASS * 100 + activity,
        "type_name": format!("API Activity: {}", if activity == 99 { "Other" } else { activity_name }),
        "severity_id": severity,
        "severity": severity_name,
        "time": record.millis,
        "time_dt": event.time,
        "message": format!("{} of {}: {}", reading::name(event), field(&event.interface), field(reading::status(event))),
        "status_id": status_id,
        "status": status,
        "status_code": field(reading::status(event)),
        "metadata": metadata(source, record),
        "actor": actor(event),
        "api": api(event),
        "src_endpoint": {"name": field(&source.origin), "hostname": source.host(), "svc_name": "asepsis"},
        "unmapped": unmapped(event),
    });
    if let Some(decision) = &event.decision {
        all["status_detail"] = field(&decision.reason).into();
        let allowed = reading::status(event) != "refused" && decision.form != asepsis_vocab::DisclosureForm::Nothing;
        let (action, word, disposition) = if allowed { (1, "Allowed", "Allowed") } else { (2, "Denied", "Blocked") };
        all["action_id"] = action.into();
        all["action"] = word.into();
        all["disposition_id"] = action.into();
        all["disposition"] = disposition.into();
        all["authorizations"] = json!([{
            "decision": decision.form.name(),
            "policy": {"uid": nonempty(list(&decision.rules)), "is_applied": true},
        }]);
    }
    if let Some(recipient) = &event.recipient {
        let (system, vendor) = (field(&recipient.system), field(&recipient.vendor));
        all["ai_model"] = json!({"name": system, "ai_provider": vendor});
        all["dst_endpoint"] = json!({"name": system, "svc_name": vendor});
        let (role, role_name) = if event.phase == Phase::Outcome { (2, "Assistant") } else { (1, "User") };
        all["message_context"] = json!({
            "uid": event.exchange.to_string(),
            "service": {"name": nonempty(field(&event.interface))},
            "ai_role_id": role,
            "ai_role": role_name,
        });
    }
    if let Some(traffic) = &event.traffic {
        all["duration"] = traffic.elapsed_ms.into();
    }
    let resources = resources(event);
    if !resources.is_empty() {
        all["resources"] = resources.into();
    }
    all
}

fn nonempty(text: String) -> String {
    if text.is_empty() { "-".to_owned() } else { text }
}

fn activity(event: &AuditEvent) -> (u32, &'static str) {
    if event.act.is_none() {
        // An exchange with an AI system is none of create, read, update and delete.
        return (99, reading::name(event));
    }
    match reading::deed(event) {
        Deed::Create => (1, "Create"),
        Deed::Read => (2, "Read"),
        Deed::Update => (3, "Update"),
        Deed::Delete => (4, "Delete"),
        Deed::Execute => (99, reading::name(event)),
    }
}

fn severity(event: &AuditEvent) -> (u32, &'static str) {
    match reading::ending(event) {
        Ending::Good => (1, "Informational"),
        Ending::Minor => (2, "Low"),
        Ending::Serious => (3, "Medium"),
        Ending::Major => (4, "High"),
    }
}

fn metadata(source: &Source, record: &Record) -> Value {
    json!({
        "version": "1.8.0",
        "profiles": ["ai_operation", "datetime", "security_control"],
        "product": {"name": "Asepsis", "vendor_name": "Asepsis", "version": VERSION},
        "log_name": field(&source.origin),
        "log_provider": "asepsis",
        "log_version": record.event.v.to_string(),
        "uid": record.id(),
        "sequence": record.index,
        "correlation_uid": record.event.exchange.to_string(),
        "event_code": reading::name(&record.event),
        "original_time": record.event.time,
    })
}

fn actor(event: &AuditEvent) -> Value {
    let Some(actor) = &event.actor else {
        return json!({"app_name": nonempty(field(&event.interface))});
    };
    let mut user = json!({
        "uid": nonempty(field(&actor.user)),
        "type_id": 1,
        "type": "User",
        "groups": [{"name": nonempty(field(&actor.role)), "type": "role"}],
    });
    if let Some(credential) = &actor.credential {
        user["credential_uid"] = field(credential).into();
    }
    json!({"user": user, "app_name": nonempty(field(&event.interface))})
}

fn api(event: &AuditEvent) -> Value {
    let operation = match &event.act {
        Some(_) => reading::name(event).to_owned(),
        None => nonempty(field(&event.interface)),
    };
    let mut api = json!({"operation": operation, "request": {"uid": event.exchange.to_string()}});
    if let Some(recipient) = &event.recipient {
        api["service"] = json!({"name": nonempty(field(&recipient.system)), "uid": field(&recipient.system)});
    }
    if let Some(outcome) = &event.outcome {
        let mut response = Map::new();
        response.insert("message".to_owned(), field(&outcome.status).into());
        if let Some(http) = outcome.http {
            response.insert("code".to_owned(), http.into());
        }
        api["response"] = response.into();
    }
    api
}

/// The patient by pseudonym, and what an act was done to.
fn resources(event: &AuditEvent) -> Vec<Value> {
    let mut resources = Vec::new();
    if let Some(subject) = &event.subject {
        resources.push(json!({"uid": subject.to_string(), "type": "patient", "role_id": 4, "role": "Related"}));
    }
    if let Some(target) = event.act.as_ref().and_then(|act| act.target.as_ref()) {
        resources.push(json!({"uid": field(target), "type": "target", "role_id": 1, "role": "Target"}));
    }
    resources
}

/// What OCSF has no place for, under our own names.
fn unmapped(event: &AuditEvent) -> Value {
    let details = reading::details(event).into_iter();
    let mut all: Map<String, Value> = details.map(|(name, values)| (name, list(values).into())).collect();
    if let Some(actor) = &event.actor {
        all.insert("method".to_owned(), field(&actor.method).into());
    }
    all.into()
}
