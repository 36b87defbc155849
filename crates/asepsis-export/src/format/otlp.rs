//! A log record of OpenTelemetry, in the JSON encoding of OTLP.

use asepsis_vocab::Phase;
use serde_json::{Map, Value, json};

use crate::reading::{self, Ending};
use crate::text::{field, list};
use crate::{Record, Source, VERSION};

/// The body of an `ExportLogsServiceRequest` with these records.
pub(crate) fn request<'a>(source: &Source, records: impl IntoIterator<Item = &'a Record>) -> Vec<u8> {
    let records: Vec<Value> = records.into_iter().map(log_record).collect();
    let resource = [
        text("service.name", "asepsis"),
        text("service.version", VERSION),
        text("service.instance.id", &field(&source.origin)),
        text("host.name", &source.host()),
    ];
    json!({"resourceLogs": [{
        "resource": {"attributes": resource},
        "scopeLogs": [{"scope": {"name": "asepsis.audit", "version": VERSION}, "logRecords": records}],
    }]})
    .to_string()
    .into_bytes()
}

fn text(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

/// 64-bit numbers are strings in the JSON of protobuf.
fn number(key: &str, value: u64) -> Value {
    json!({"key": key, "value": {"intValue": i64::try_from(value).unwrap_or(i64::MAX).to_string()}})
}

fn log_record(record: &Record) -> Value {
    let event = &record.event;
    let name = reading::name(event);
    let (severity, word) = match reading::ending(event) {
        Ending::Good => (9, "INFO"),
        Ending::Minor => (13, "WARN"),
        Ending::Serious => (17, "ERROR"),
        Ending::Major => (21, "FATAL"),
    };
    let nanos = (i128::from(record.millis) * 1_000_000).max(0).to_string();
    let body = format!("{name} of {}: {}", field(&event.interface), field(reading::status(event)));
    json!({
        "timeUnixNano": nanos,
        "observedTimeUnixNano": nanos,
        "severityNumber": severity,
        "severityText": word,
        "eventName": format!("asepsis.audit.{name}"),
        "body": {"stringValue": body},
        "attributes": attributes(record),
    })
}

fn attributes(record: &Record) -> Vec<Value> {
    let event = &record.event;
    let mut all = vec![
        number("asepsis.index", record.index),
        text("asepsis.event.id", &record.id()),
        text("asepsis.exchange.id", &event.exchange.to_string()),
        text("asepsis.phase", crate::record::phase(event.phase)),
    ];
    if let Some(actor) = &event.actor {
        all.push(text("user.id", &field(&actor.user)));
        all.push(
            json!({"key": "user.roles", "value": {"arrayValue": {"values": [{"stringValue": field(&actor.role)}]}}}),
        );
        all.push(text("asepsis.method", &field(&actor.method)));
        all.extend(actor.credential.iter().map(|credential| text("asepsis.credential", &field(credential))));
    }
    if let Some(recipient) = &event.recipient {
        all.push(text("gen_ai.provider.name", &field(&recipient.vendor)));
        all.push(text("asepsis.ai_system", &field(&recipient.system)));
    }
    all.extend(event.subject.iter().map(|subject| text("asepsis.subject", &subject.to_string())));
    if let Some(target) = event.act.as_ref().and_then(|act| act.target.as_ref()) {
        all.push(text("asepsis.target", &field(target)));
    }
    let details: Map<String, Value> = reading::details(event)
        .into_iter()
        .map(|(name, values)| {
            let key = format!("asepsis.{name}");
            let count = event.phase == Phase::Outcome && name != "reason" && name != "status" && name != "rules";
            match values.first().and_then(|value| value.parse::<u64>().ok()).filter(|_| count && values.len() == 1) {
                Some(value) => (name, number(&key, value)),
                None => (name, text(&key, &list(values))),
            }
        })
        .collect();
    all.extend(details.into_iter().map(|(_, attribute)| attribute));
    all
}
