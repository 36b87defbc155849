//! `asepsis policy simulate`: the decisions that the log keeps, taken again under the policies that the configuration names.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use asepsis_log::search::{self, Query};
use asepsis_policy::Inputs;
use asepsis_vocab::{AuditEvent, DisclosureForm};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::check;
use crate::args::Simulate;
use crate::config::Config;
use crate::output;

/// The most exchanges that are named for each change.
const NAMED: usize = 3;

/// Decisions that would be another.
#[derive(Default)]
struct Change {
    count: u64,
    examples: Vec<String>,
}

/// What came of all.
#[derive(Default)]
struct Outcome {
    replayed: u64,
    without_facts: u64,
    changes: BTreeMap<(DisclosureForm, DisclosureForm, String), Change>,
}

pub(super) fn run(config: &Config, asked: &Simulate) -> anyhow::Result<u8> {
    let Some((_, policy)) = check::read(config)? else { return Ok(2) };
    let folder = asked.folder.clone().unwrap_or_else(|| config.data_dir().join("log"));
    if !folder.exists() {
        bail!("there is no log in {}; there is one after the first exchange", folder.display());
    }
    let query = Query { from: asked.from.clone(), until: asked.until.clone(), ..Query::default() };
    let mut outcome = Outcome::default();
    let mut failed = None;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    runtime.block_on(search::for_each(&folder, &query, |hit| {
        let replayed = replay(&policy, &hit.event, &mut outcome);
        failed = replayed.with_context(|| format!("entry {}", hit.index)).err();
        failed.is_none()
    }))?;
    if let Some(error) = failed {
        return Err(error);
    }
    output::line(&format!("{} decisions of the log, taken again under {}", outcome.replayed, policy.version()))?;
    if outcome.without_facts > 0 {
        output::line(&format!("{} have no facts in the log, and were left out", outcome.without_facts))?;
    }
    if outcome.changes.is_empty() {
        output::line("every one would have gone in the same form")?;
    }
    for ((before, after, reason), change) in &outcome.changes {
        let way = if after > before { "richer" } else { "poorer" };
        output::line(&format!(
            "{:6}  {before} -> {after} ({way}), because {reason}; for example {}",
            change.count,
            change.examples.join(", ")
        ))?;
    }
    Ok(u8::from(!outcome.changes.is_empty()))
}

fn replay(policy: &asepsis_policy::Policy, event: &AuditEvent, outcome: &mut Outcome) -> anyhow::Result<()> {
    let Some(decision) = &event.decision else { return Ok(()) };
    let Some(facts) = &event.facts else {
        // An outcome whose intent has the facts is no decision of its own.
        let refused = event.outcome.as_ref().is_some_and(|outcome| outcome.status == "refused");
        outcome.without_facts += u64::from(refused || event.phase == asepsis_vocab::Phase::Intent);
        return Ok(());
    };
    let mut inputs: Inputs =
        serde_json::from_value((**facts).clone()).context("its facts are of another version of Asepsis")?;
    let at = OffsetDateTime::parse(&event.time, &Rfc3339).context("it has no time")?;
    inputs.now = i64::try_from(at.unix_timestamp_nanos() / 1_000_000)?;
    let asks = inputs.asks.clone();
    let again = policy.decide_on(&inputs.under(policy.settings()), &asks)?;
    outcome.replayed += 1;
    if again.form != decision.form {
        let change = outcome.changes.entry((decision.form, again.form, reason(&again))).or_default();
        change.count += 1;
        if change.examples.len() < NAMED {
            change.examples.push(event.exchange.to_string());
        }
    }
    Ok(())
}

/// Why it would be so: what the richest form lacked, or what permits now.
fn reason(decision: &asepsis_policy::Decision) -> String {
    let rules = decision.why_poorer().map_or(&decision.rules, |step| &step.rules);
    rules.iter().map(|rule| rule.id.as_str()).collect::<Vec<_>>().join(", ")
}
