//! `asepsis audit groups`: what happened to answers, by groups of people.

use std::collections::{BTreeSet, HashSet};

use anyhow::bail;
use asepsis_conduct::Concern;
use asepsis_console::concerns;
use asepsis_groups::{Counter, Exchange, LEAST_SHOWN, Measure, Table};
use asepsis_log::search::{self, Query};
use asepsis_vocab::{AuditEvent, ExchangeId, Phase};

use super::Place;
use crate::args::Groups;
use crate::config::Config;
use crate::home::{Home, LogName};

mod show;

/// What was counted, beside the table.
pub(super) struct Counted {
    /// The period that was asked for.
    since: Option<String>,
    until: Option<String>,
    /// The days of the first and the last exchange that was counted.
    days: Option<(String, String)>,
    /// Exchanges of which no groups were stated.
    without_groups: u64,
    /// Exchanges that ended before it was clear which AI system they were for.
    without_system: u64,
    table: Table,
}

pub(crate) fn run(place: &Place<'_>, asked: &Groups) -> anyhow::Result<u8> {
    for (name, time) in [("--since", &asked.since), ("--until", &asked.until)] {
        if time.as_deref().is_some_and(|time| !begins_with_day(time)) {
            bail!("{name} takes a day, for example 2026-11-22, or a time in UTC, for example 2026-11-22T08:30");
        }
    }
    let config = Config::read(place.config)?;
    let counted = place.wait(count(&config, asked))??;
    show::show(&counted, asked)?;
    Ok(u8::from(counted.table.differs()))
}

fn begins_with_day(time: &str) -> bool {
    let day = time.get(..10).unwrap_or_default();
    day.len() == 10
        && day.bytes().enumerate().all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() })
}

async fn count(config: &Config, asked: &Groups) -> anyhow::Result<Counted> {
    let home = Home::of(config)?;
    let log = home.log_place(LogName::Gateway);
    let reported = concerned(&home).await?;
    let query = Query {
        phase: Some(Phase::Outcome),
        system: asked.system.clone(),
        from: asked.since.clone(),
        until: asked.until.clone(),
        ..Query::default()
    };
    let mut counter = Counter::default();
    let mut counted = Counted {
        since: asked.since.clone(),
        until: asked.until.clone(),
        days: None,
        without_groups: 0,
        without_system: 0,
        table: Table::default(),
    };
    search::for_each(&log, &query, |hit| {
        let event = hit.event;
        let Some(recipient) = &event.recipient else {
            counted.without_system += 1;
            return true;
        };
        if event.groups.is_empty() {
            counted.without_groups += 1;
            return true;
        }
        let day: String = event.time.chars().take(10).collect();
        counted.days = Some((counted.days.take().map_or_else(|| day.clone(), |(first, _)| first), day));
        counter.add(&Exchange {
            system: &recipient.system,
            groups: &event.groups,
            subject: event.subject,
            happened: happened(&event, &reported),
        });
        true
    })
    .await?;
    counted.table = Table::of(&counter.counts());
    Ok(counted)
}

/// The exchanges that somebody reported as biased, or as unsafe advice.
async fn concerned(home: &Home) -> anyhow::Result<HashSet<ExchangeId>> {
    let store = home.store().await?;
    let all = concerns(&store).await?;
    store.close().await?;
    let counts = |concern: Concern| matches!(concern, Concern::Biased | Concern::UnsafeAdvice);
    Ok(all.into_iter().filter(|known| counts(known.reported.concern)).map(|known| known.reported.exchange).collect())
}

/// What happened to an exchange, as its outcome tells.
fn happened(event: &AuditEvent, reported: &HashSet<ExchangeId>) -> BTreeSet<Measure> {
    let mut happened = BTreeSet::new();
    let outcome = event.outcome.as_ref();
    let status = outcome.map_or("", |outcome| outcome.status.as_str());
    let was_sent = outcome.is_some_and(|outcome| outcome.upstream_http.is_some());
    if !was_sent && matches!(status, "refused" | "blocked") {
        happened.insert(Measure::Refused);
    }
    if let Some(guard) = event.guard.as_deref() {
        let clinical = |rule: &String| asepsis_clinical::explain(rule).is_some();
        let (mut marked, mut taken) = (false, guard.canary.is_some());
        for rule in guard.answer.keys() {
            marked |= clinical(rule);
            // A review that failed took nothing out.
            taken |= !clinical(rule) && rule != "review/failed";
        }
        if marked {
            happened.insert(Measure::Marked);
        }
        if taken {
            happened.insert(Measure::TakenOut);
        }
        // An answer is also refused for a canary or a call of a tool; those are no holds.
        if marked && was_sent && status == "refused" && guard.canary.is_none() && guard.calls.is_empty() {
            happened.insert(Measure::Held);
        }
    }
    if reported.contains(&event.exchange) {
        happened.insert(Measure::Concern);
    }
    happened
}

/// A number of exchanges that are in no cell, so that it is no small number either.
fn number(count: u64) -> String {
    if (1..LEAST_SHOWN).contains(&count) { format!("fewer than {LEAST_SHOWN}") } else { count.to_string() }
}
