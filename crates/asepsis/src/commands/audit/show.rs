use std::path::PathBuf;

use asepsis_log::search::{self, Hit, Query};
use asepsis_vocab::{ExchangeId, Phase};

use super::Place;
use super::search::phase;
use crate::output;

pub(crate) fn run(place: &Place<'_>, exchange: ExchangeId, folder: Option<&PathBuf>) -> anyhow::Result<u8> {
    let query = Query { exchange: Some(exchange), ..Query::default() };
    let hits = place.wait(search::search(&place.log(folder)?, &query))??;
    anyhow::ensure!(!hits.is_empty(), "the log has no entry of {exchange}");
    for hit in &hits {
        for line in details(hit) {
            output::line(&line)?;
        }
    }
    Ok(0)
}

/// An entry for a person to read.
pub(crate) fn details(hit: &Hit) -> Vec<String> {
    let event = &hit.event;
    let mut lines = vec![format!("entry {}: {} of {}", hit.index, phase(event), event.exchange)];
    let mut add = |name: &str, value: String| lines.push(format!("    {name:10} {value}"));
    add("time", event.time.clone());
    add("interface", event.interface.clone());
    if let Some(actor) = &event.actor {
        let credential = actor.credential.as_ref().map(|c| format!(", key {c}")).unwrap_or_default();
        add("who", format!("{} as {} by {}{credential}", actor.user, actor.role, actor.method));
    }
    add("purpose", event.purpose.to_string());
    if let Some(known) = &event.ai_use {
        let reviewer = known.reviewer.as_ref().map(|user| format!(", read first by {user}")).unwrap_or_default();
        add("use", format!("{}, review: {}{reviewer}", known.name, known.review));
    }
    if let Some(recipient) = &event.recipient {
        let agreement = recipient.agreement.as_deref().unwrap_or("no agreement");
        add("recipient", format!("{} of {} under {agreement}", recipient.system, recipient.vendor));
    }
    let counts = |found: &[asepsis_vocab::ClassCount]| {
        let list: Vec<String> = found.iter().map(|c| format!("{} {}", c.class, c.places)).collect();
        list.join(", ")
    };
    if !event.found.is_empty() {
        add("found", counts(&event.found));
    }
    if let Some(decision) = &event.decision {
        add("decision", format!("{} by {} ({})", decision.form, decision.rules.join(", "), decision.reason));
    }
    if let Some(outcome) = &event.outcome {
        let http = |name: &str, status: Option<u16>| status.map(|s| format!(", {name} {s}")).unwrap_or_default();
        add(
            "outcome",
            format!("{}{}{}", outcome.status, http("http", outcome.http), http("upstream", outcome.upstream_http)),
        );
    }
    if let Some(t) = event.traffic.filter(|_| event.phase == Phase::Outcome) {
        add(
            "traffic",
            format!(
                "{} bytes came, {} went, {} came back; {} replaced, {} restored, {} not issued; {} ms",
                t.request_bytes, t.sent_bytes, t.answer_bytes, t.replaced, t.restored, t.unissued, t.elapsed_ms
            ),
        );
    }
    if let Some(subject) = event.subject {
        add("subject", subject.to_string());
    }
    if let Some(act) = &event.act {
        let figures: Vec<String> = act.figures.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let parts = [act.target.as_deref(), act.basis.as_deref(), Some(figures.join(", ").as_str())]
            .map(|part| part.filter(|part| !part.is_empty()).map(|part| format!("; {part}")).unwrap_or_default());
        add("act", format!("{:?}{}", act.kind, parts.concat()));
    }
    if let Some(payload) = &event.payload {
        add("payload", format!("{} bytes, sealed under key {}", payload.bytes, payload.key));
    }
    if !event.found_in_answer.is_empty() {
        add("in answer", counts(&event.found_in_answer));
    }
    add("versions", event.versions.iter().map(|(n, v)| format!("{n} {v}")).collect::<Vec<_>>().join(", "));
    lines
}
