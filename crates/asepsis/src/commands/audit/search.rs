use asepsis_log::search::{self, Hit, Query};
use asepsis_vocab::{AuditEvent, Phase};

use super::Place;
use crate::args::Search;
use crate::output;

pub(crate) fn run(place: &Place<'_>, search: &Search) -> anyhow::Result<u8> {
    let query = Query {
        exchange: None,
        user: search.user.clone(),
        subject: search.subject,
        system: search.system.clone(),
        form: search.form,
        status: search.status.clone(),
        phase: None,
        from: search.from.clone(),
        until: search.until.clone(),
        last: Some(search.last),
    };
    let hits = place.wait(search::search(&place.log(search.folder.as_ref())?, &query))??;
    for hit in &hits {
        output::line(&if search.json { json_line(hit)? } else { summary(hit) })?;
    }
    Ok(0)
}

fn json_line(hit: &Hit) -> anyhow::Result<String> {
    let mut value = serde_json::to_value(&hit.event)?;
    if let Some(object) = value.as_object_mut() {
        object.insert("index".to_owned(), hit.index.into());
    }
    Ok(value.to_string())
}

fn summary(hit: &Hit) -> String {
    let event = &hit.event;
    let user = event.actor.as_ref().map_or("-", |a| a.user.as_str());
    let system = event.recipient.as_ref().map_or("-", |r| r.system.as_str());
    let form = event.decision.as_ref().map_or("-", |d| d.form.name());
    let act = event.act.as_ref().map(|act| format!("{:?} {}", act.kind, act.target.as_deref().unwrap_or_default()));
    let status = act.as_deref().or(event.outcome.as_ref().map(|o| o.status.as_str())).unwrap_or_default();
    let phase = phase(event);
    format!(
        "{:>6}  {}  {}  {phase:7}  {user} -> {system}  {}  {form}  {status}",
        hit.index, event.time, event.exchange, event.purpose
    )
}

pub(super) fn phase(event: &AuditEvent) -> &'static str {
    match event.phase {
        Phase::Intent => "intent",
        Phase::Outcome => "outcome",
        Phase::Act => "act",
    }
}
