//! FHIR R4 `AuditEvent`, after the Basic Audit Log Patterns of IHE (BALP 1.1).
//!
//! A profile is claimed in `meta.profile` only where all that it asks for is known; else the resource is a plain
//! `AuditEvent`.

use asepsis_vocab::{ActKind, AuditEvent, PurposeOfUse};
use serde_json::{Map, Value, json};

use crate::reading::{self, Ending};
use crate::text::clean;
use crate::{Record, Source};

const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const TERMINOLOGY: &str = "http://terminology.hl7.org/CodeSystem";
const BALP: &str = "https://profiles.ihe.net/ITI/BALP/StructureDefinition";
const ABSENT: &str = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
/// The systems of our own codes and identifiers.
const OWN: &str = "https://github.com/asepsis/asepsis/fhir";

/// What a bundle begins with.
pub(super) const BUNDLE_HEAD: &str = r#"{"resourceType":"Bundle","type":"batch""#;
/// What stands before the first entry.
pub(super) const BUNDLE_FIRST: &str = ",\"entry\":[\n";
/// What stands behind the last.
pub(super) const BUNDLE_TAIL: &str = "]}\n";
/// What stands behind the head where there is no entry.
pub(super) const EMPTY_BUNDLE_TAIL: &str = "}\n";

/// The profiles of BALP that Asepsis writes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pattern {
    /// Protected health information leaves for the AI system.
    DisclosureSource,
    /// An answer about a patient came in.
    DisclosureRecipient,
    /// Somebody looked at what surrogates stand for, or at an answer about a patient.
    PatientRead,
}

impl Pattern {
    fn of(event: &AuditEvent) -> Option<Self> {
        event.subject?;
        if reading::discloses(event) {
            Some(Self::DisclosureSource)
        } else if reading::receives(event) {
            Some(Self::DisclosureRecipient)
        } else if reading::answered(event) || event.act.as_ref().is_some_and(|act| act.kind == ActKind::Reveal) {
            Some(Self::PatientRead)
        } else {
            None
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::DisclosureSource => "IHE.BasicAudit.PrivacyDisclosure.Source",
            Self::DisclosureRecipient => "IHE.BasicAudit.PrivacyDisclosure.Recipient",
            Self::PatientRead => "IHE.BasicAudit.PatientRead",
        }
    }
}

/// The resource of a record.
pub(super) fn resource(source: &Source, record: &Record) -> Value {
    let event = &record.event;
    let pattern = Pattern::of(event);
    let mut resource = json!({
        "resourceType": "AuditEvent",
        "id": record.id().replace('_', "-"),
        "type": kind(event, pattern),
        "subtype": subtypes(event, pattern),
        "action": action(event, pattern),
        "recorded": event.time,
        "outcome": reading::ending(event).indicator(),
        "outcomeDesc": outcome(event),
        "agent": agents(source, event, pattern),
        "source": {
            "site": source.host(),
            "observer": observer(source),
            "type": [coding(&format!("{TERMINOLOGY}/security-source-type"), "4", "Application Server")],
        },
        "entity": entities(record),
    });
    if let Some(pattern) = pattern {
        resource["meta"] = json!({"profile": [format!("{BALP}/{}", pattern.name())]});
    }
    if let Some(purpose) = purpose(event.purpose) {
        resource["purposeOfEvent"] = json!([purpose]);
    }
    resource
}

/// The entry of a batch bundle: ITI-20 posts each resource.
pub(super) fn bundle_entry(source: &Source, record: &Record) -> Value {
    json!({"resource": resource(source, record), "request": {"method": "POST", "url": "AuditEvent"}})
}

fn coding(system: &str, code: &str, display: &str) -> Value {
    json!({"system": system, "code": code, "display": display})
}

fn own(system: &str, value: &str) -> Value {
    json!({"system": format!("{OWN}/{system}"), "value": text(value)})
}

/// A string of FHIR is not empty.
fn text(text: &str) -> String {
    if text.trim().is_empty() { "-".to_owned() } else { clean(text).into_owned() }
}

fn kind(event: &AuditEvent, pattern: Option<Pattern>) -> Value {
    let (code, display) = match (&event.act, pattern) {
        (_, Some(Pattern::PatientRead)) => {
            return coding(&format!("{TERMINOLOGY}/audit-event-type"), "rest", "Restful Operation");
        }
        (None, _) if reading::answered(event) => ("110107", "Import"),
        (None, _) => ("110106", "Export"),
        (Some(act), _) => match act.kind {
            ActKind::Shred | ActKind::Reveal => ("110110", "Patient Record"),
            ActKind::Rotate | ActKind::DestroyEpoch | ActKind::BackupFault => ("110113", "Security Alert"),
            ActKind::PolicyApplied | ActKind::PolicyRolledBack | ActKind::PolicyRefused => ("110113", "Security Alert"),
            ActKind::RegisterChanged | ActKind::RegisterRefused => ("110113", "Security Alert"),
            ActKind::ExpiryNoticed => ("110100", "Application Activity"),
            ActKind::TrainingPassed | ActKind::TrainingFailed | ActKind::RulesAccepted => {
                ("110100", "Application Activity")
            }
            ActKind::EmergencyDeclared | ActKind::EmergencyReviewed | ActKind::ReviewOverdue => {
                ("110113", "Security Alert")
            }
            ActKind::ConcernReported
            | ActKind::ConcernAnswered
            | ActKind::GuardCleared
            | ActKind::ReleaseApproved
            | ActKind::ReleaseRefused
            | ActKind::ReleaseLapsed => ("110100", "Application Activity"),
            ActKind::SignedIn | ActKind::SignInRefused => ("110114", "User Authentication"),
            ActKind::AccessAlert => ("110113", "Security Alert"),
            ActKind::Prune => ("110101", "Audit Log Used"),
            ActKind::Degraded | ActKind::Recovered | ActKind::BackupCreated | ActKind::BackupVerified => {
                ("110100", "Application Activity")
            }
        },
    };
    coding(DCM, code, display)
}

fn subtypes(event: &AuditEvent, pattern: Option<Pattern>) -> Vec<Value> {
    let name = reading::name(event);
    let mut subtypes = match pattern {
        Some(Pattern::DisclosureSource | Pattern::DisclosureRecipient) => {
            vec![coding(&format!("{TERMINOLOGY}/iso-21089-lifecycle"), "disclose", "Disclose Record Lifecycle Event")]
        }
        Some(Pattern::PatientRead) => vec![coding("http://hl7.org/fhir/restful-interaction", "read", "read")],
        None => Vec::new(),
    };
    subtypes.push(json!({"system": format!("{OWN}/audit-event"), "code": name.replace('_', "-")}));
    subtypes
}

fn action(event: &AuditEvent, pattern: Option<Pattern>) -> &'static str {
    match pattern {
        Some(Pattern::DisclosureSource | Pattern::PatientRead) => "R",
        Some(Pattern::DisclosureRecipient) => "C",
        None => reading::deed(event).letter(),
    }
}

fn outcome(event: &AuditEvent) -> String {
    let reason = event.decision.as_ref().map(|decision| decision.reason.as_str()).filter(|r| !r.is_empty());
    match reason {
        Some(reason) if reading::ending(event) != Ending::Good => {
            format!("{}: {}", text(reading::status(event)), text(reason))
        }
        _ => text(reading::status(event)),
    }
}

fn purpose(purpose: PurposeOfUse) -> Option<Value> {
    // A code of our own must not stand under HL7's system.
    let display = purpose.is_hl7().then(|| purpose.display())?;
    Some(json!({"coding": [coding(&format!("{TERMINOLOGY}/v3-ActReason"), purpose.code(), display)]}))
}

fn observer(source: &Source) -> Value {
    json!({"type": "Device", "identifier": own("origin", &source.origin), "display": text(&source.origin)})
}

/// Who took part. Data flows from the source (DCM 110153) to the destination (DCM 110152).
fn agents(source: &Source, event: &AuditEvent, pattern: Option<Pattern>) -> Vec<Value> {
    let role = |code: &str, display: &str| json!({"coding": [coding(DCM, code, display)]});
    let (from, to) = (role("110153", "Source Role ID"), role("110152", "Destination Role ID"));
    let unknown = || json!({"extension": [{"url": ABSENT, "valueCode": "unknown"}]});
    let inwards = reading::answered(event) && pattern != Some(Pattern::PatientRead);

    let gateway = json!({
        "type": if inwards { &to } else { &from },
        "who": observer(source),
        "requestor": event.actor.is_none(),
        "network": {"address": source.host(), "type": "1"},
    });
    let mut agents = vec![gateway];
    if pattern == Some(Pattern::PatientRead) {
        // The log does not keep where the user's program runs.
        agents.push(json!({
            "type": to,
            "who": {"type": "Device", "identifier": own("interface", &event.interface)},
            "requestor": false,
            "network": unknown(),
        }));
    } else if let Some(recipient) = &event.recipient {
        agents.push(json!({
            "type": if inwards { &from } else { &to },
            "who": {
                "type": "Device",
                "identifier": own("ai-system", &recipient.system),
                "display": format!("{} of {}", text(&recipient.system), text(&recipient.vendor)),
            },
            "requestor": false,
            "network": unknown(),
        }));
    }
    if let Some(actor) = &event.actor {
        let mut user = json!({
            "type": {"coding": [coding(&format!("{TERMINOLOGY}/v3-ParticipationType"), "IRCP", "information recipient")]},
            "role": [{"coding": [{"system": format!("{OWN}/role"), "code": code(&actor.role)}], "text": text(&actor.role)}],
            "who": {"identifier": own("user", &actor.user)},
            "requestor": true,
        });
        if let Some(credential) = &actor.credential {
            user["altId"] = text(credential).into();
        }
        if let Some(purpose) = purpose(event.purpose) {
            user["purposeOfUse"] = json!([purpose]);
        }
        agents.push(user);
    }
    agents
}

/// A code of FHIR has no space at its ends and single ones within.
fn code(text: &str) -> String {
    self::text(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn entities(record: &Record) -> Vec<Value> {
    let event = &record.event;
    let entity_type = |code: &str, display: &str| coding(&format!("{TERMINOLOGY}/audit-entity-type"), code, display);
    let role = |code: &str, display: &str| coding(&format!("{TERMINOLOGY}/object-role"), code, display);
    let mut entities = Vec::new();
    if let Some(subject) = &event.subject {
        entities.push(json!({
            "what": {"type": "Patient", "identifier": own("subject", &subject.to_string())},
            "type": entity_type("1", "Person"),
            "role": role("1", "Patient"),
        }));
    }
    let mut detail = vec![json!({"type": "index", "valueString": record.index.to_string()})];
    for (name, values) in reading::details(event) {
        detail.extend(values.iter().map(|value| json!({"type": name, "valueString": text(value)})));
    }
    entities.push(json!({
        "what": {"identifier": own("exchange", &event.exchange.to_string())},
        "type": entity_type("2", "System Object"),
        "role": role("4", "Domain Resource"),
        "detail": detail,
    }));
    if let Some(target) = event.act.as_ref().and_then(|act| act.target.as_ref()) {
        entities.push(json!({
            "what": {"identifier": own("target", target)},
            "type": entity_type("4", "Other"),
            "role": role("13", "Security Resource"),
        }));
    }
    if let Some(actor) = &event.actor {
        let mut entity = Map::new();
        entity.insert("what".to_owned(), json!({"identifier": own("authentication", &actor.method)}));
        entity.insert("type".to_owned(), entity_type("4", "Other"));
        entity.insert("role".to_owned(), role("11", "Security User Entity"));
        entities.push(entity.into());
    }
    entities
}
