//! `asepsis audit open`: what was kept of an exchange, for whoever may see it. Always recorded, before anything is shown.

use anyhow::{Context, bail};
use asepsis_exchange::payload_record;
use asepsis_keys::KeyId;
use asepsis_log::search::{self, Hit, Query};
use asepsis_vocab::{ActKind, AuditEvent, Phase};

use super::Place;
use crate::act::Recorded;
use crate::args::OpenKept;
use crate::commands::vault::second_person;
use crate::config::Config;
use crate::home::{Home, LogName};
use crate::output;

pub(crate) fn run(place: &Place<'_>, asked: &OpenKept) -> anyhow::Result<u8> {
    let config = Config::read(place.config)?;
    place.wait(show(&config, asked))?
}

async fn show(config: &Config, asked: &OpenKept) -> anyhow::Result<u8> {
    let home = Home::of(config)?;
    let second = second_person(&home, config, asked.second_person_key_env.as_deref()).await?;
    let log = home.log_place(LogName::Gateway);
    let query = Query { exchange: Some(asked.exchange), ..Query::default() };
    let hits = search::search(&log, &query).await?;
    if hits.is_empty() {
        bail!("the log has no entry of {}", asked.exchange);
    }
    let sealed: Vec<_> = hits.iter().filter_map(|hit| Some((hit, hit.event.payload.as_ref()?))).collect();
    if sealed.is_empty() {
        output::remark(
            "nothing was kept of it beside its entries: that takes [record] keep = \"texts\" and a named patient",
        );
        return Ok(1);
    }
    // Keys first: what was erased is no act of revealing.
    let keys = home.keys().await?;
    let origin = asepsis_log::origin(&log.dir)?;
    let mut opened = Vec::new();
    for (Hit { index, event }, payload) in sealed {
        let id: KeyId = payload.key.parse().with_context(|| format!("entry {index} names a key that is none"))?;
        let key = keys.key(id).await.with_context(|| format!("what entry {index} kept cannot be opened"))?;
        let bytes =
            asepsis_log::payload(&log, *index).await?.with_context(|| format!("what entry {index} kept is gone"))?;
        opened.push((*index, event, key.open(&payload_record(&origin, event), &bytes.bytes)?));
    }
    let mut recorded = Recorded::new("cli.audit.open", ActKind::Reveal, Some(&asked.basis))?
        .purpose(asked.purpose)
        .target(asked.exchange.to_string())
        .figure("payloads", opened.len() as u64);
    if let Some(subject) = hits.iter().find_map(|hit| hit.event.subject) {
        recorded = recorded.subject(subject);
    }
    if let Some(second) = &second {
        recorded = recorded.approved_by(&second.user, &second.key_id);
    }
    recorded.append(&home).await?;
    for (index, event, plain) in &opened {
        output::line(&format!("entry {index}: {}", what(event)))?;
        output::line(std::str::from_utf8(plain).context("what was kept is no text")?)?;
    }
    Ok(0)
}

fn what(event: &AuditEvent) -> &'static str {
    match event.phase {
        Phase::Intent => "what left",
        Phase::Outcome => "what came back",
        Phase::Act => "an act",
    }
}
