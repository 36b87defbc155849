//! RFC 4180, and no cell that a spreadsheet takes for a formula.

use asepsis_vocab::AuditEvent;

use crate::reading;
use crate::text::clean;
use crate::{Record, record};

const COLUMNS: [&str; 38] = [
    "index",
    "event_id",
    "exchange",
    "phase",
    "time",
    "interface",
    "user",
    "role",
    "method",
    "credential",
    "purpose",
    "subject",
    "system",
    "vendor",
    "agreement",
    "form",
    "reason",
    "rules",
    "status",
    "http",
    "upstream_http",
    "found",
    "found_in_answer",
    "request_bytes",
    "sent_bytes",
    "answer_bytes",
    "replaced",
    "restored",
    "unissued",
    "elapsed_ms",
    "act",
    "target",
    "basis",
    "figures",
    "payload_key",
    "payload_bytes",
    "payload_sha256",
    "versions",
];

/// The names of the columns, with the line's end.
pub(super) fn header() -> Vec<u8> {
    let mut line = written(COLUMNS.iter().map(|name| (*name).to_owned()));
    line.extend_from_slice(b"\r\n");
    line
}

/// A row, without the line's end.
pub(super) fn row(record: &Record) -> Vec<u8> {
    written(cells(record).into_iter().map(|cell| harmless(&cell)))
}

fn cells(record: &Record) -> [String; COLUMNS.len()] {
    let event: &AuditEvent = &record.event;
    let (actor, recipient) = (event.actor.as_ref(), event.recipient.as_ref());
    let (decision, outcome) = (event.decision.as_ref(), event.outcome.as_ref());
    let (traffic, act, payload) = (event.traffic.as_ref(), event.act.as_ref(), event.payload.as_ref());
    let text = |value: Option<&String>| value.cloned().unwrap_or_default();
    let number = |value: Option<u64>| value.map(|n| n.to_string()).unwrap_or_default();
    [
        record.index.to_string(),
        record.id(),
        event.exchange.to_string(),
        record::phase(event.phase).to_owned(),
        event.time.clone(),
        event.interface.clone(),
        text(actor.map(|a| &a.user)),
        text(actor.map(|a| &a.role)),
        text(actor.map(|a| &a.method)),
        text(actor.and_then(|a| a.credential.as_ref())),
        event.purpose.code().to_owned(),
        event.subject.map(|s| s.to_string()).unwrap_or_default(),
        text(recipient.map(|r| &r.system)),
        text(recipient.map(|r| &r.vendor)),
        text(recipient.and_then(|r| r.agreement.as_ref())),
        decision.map(|d| d.form.name().to_owned()).unwrap_or_default(),
        text(decision.map(|d| &d.reason)),
        decision.map(|d| d.rules.join(", ")).unwrap_or_default(),
        text(outcome.map(|o| &o.status)),
        number(outcome.and_then(|o| o.http).map(u64::from)),
        number(outcome.and_then(|o| o.upstream_http).map(u64::from)),
        reading::counts(&event.found).join(", "),
        reading::counts(&event.found_in_answer).join(", "),
        number(traffic.map(|t| t.request_bytes)),
        number(traffic.map(|t| t.sent_bytes)),
        number(traffic.map(|t| t.answer_bytes)),
        number(traffic.map(|t| t.replaced)),
        number(traffic.map(|t| t.restored)),
        number(traffic.map(|t| t.unissued)),
        number(traffic.map(|t| t.elapsed_ms)),
        act.map(|_| reading::name(event).to_owned()).unwrap_or_default(),
        text(act.and_then(|a| a.target.as_ref())),
        text(act.and_then(|a| a.basis.as_ref())),
        act.map(|a| a.figures.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", "))
            .unwrap_or_default(),
        text(payload.map(|p| &p.key)),
        number(payload.map(|p| u64::from(p.bytes))),
        text(payload.map(|p| &p.sha256)),
        event.versions.iter().map(|(name, version)| format!("{name} {version}")).collect::<Vec<_>>().join(", "),
    ]
}

/// A cell that begins like a formula gets an apostrophe before it, as OWASP's page on CSV injection advises. Spaces before
/// the sign do not help a formula past this, since spreadsheets trim them.
fn harmless(cell: &str) -> String {
    let cell = clean(cell);
    // The full-width forms are taken for the plain ones where the input is Japanese or Chinese.
    let formula = cell.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if formula { format!("'{cell}") } else { cell.into_owned() }
}

fn written(cells: impl Iterator<Item = String>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(cells.map(String::into_bytes)).expect("a Vec takes every write");
    let mut line = writer.into_inner().expect("a Vec takes every write");
    line.truncate(line.len() - 2);
    line
}
