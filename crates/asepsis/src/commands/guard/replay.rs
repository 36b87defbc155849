//! `asepsis guard replay`: what the log keeps of exchanges, looked through again with other packs.
//!
//! What the log has of a find is its rule and place; the texts are there only where `[record] keep` is `texts`, the patient was
//! named and nobody erased the key. They are those that left: what was stripped then is not in them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context;
use asepsis_exchange::{payload_record, versions};
use asepsis_guard::Guard;
use asepsis_keys::KeyId;
use asepsis_log::search::{self, Hit, Query};
use asepsis_vocab::{ActKind, Channel, Phase, PurposeOfUse, Version};
use serde::Deserialize;

use super::packs;
use crate::act::Recorded;
use crate::args::GuardReplay;
use crate::commands::vault::second_person;
use crate::config::Config;
use crate::home::{Home, LogName};
use crate::output;
use crate::runtime::block_on;

/// The most exchanges that are named for each rule.
const NAMED: usize = 3;

/// What is read of a payload.
#[derive(Deserialize)]
struct Kept {
    #[serde(default)]
    sent: Vec<Sent>,
}

#[derive(Deserialize)]
struct Sent {
    text: String,
}

/// What came of a rule.
#[derive(Default)]
struct Outcome {
    /// Exchanges in which the log has a find of it.
    then: u64,
    /// Exchanges in whose kept texts it fires now.
    now: u64,
    /// Those of them in which the log has none of it.
    new: u64,
    examples: Vec<String>,
}

pub(super) fn run(path: &Path, asked: &GuardReplay) -> anyhow::Result<u8> {
    let config = Config::read(path)?;
    block_on(replay(&config, asked))
}

async fn replay(config: &Config, asked: &GuardReplay) -> anyhow::Result<u8> {
    let packs = packs::of(&asked.packs)?;
    // The site's own thresholds: what differs is to come from the packs.
    let guard = Guard::new(packs, *config.guarding()?.guard.thresholds());
    let home = Home::of(config)?;
    let second = second_person(&home, config, asked.second_person_key_env.as_deref()).await?;
    let log = home.log_place(LogName::Gateway);
    let query = Query {
        phase: Some(Phase::Intent),
        from: asked.from.clone(),
        until: asked.until.clone(),
        last: usize::try_from(asked.last).ok(),
        ..Query::default()
    };
    let hits = search::search(&log, &query).await?;
    let kept = hits.iter().filter(|hit| hit.event.payload.is_some()).count();
    // Before anything is opened: what is opened is in the log whatever comes of it.
    let mut recorded = Recorded::new("cli.guard.replay", ActKind::Reveal, Some(&asked.basis))?
        .purpose(PurposeOfUse::Hoperat)
        .figure("payloads", kept as u64);
    if let Some(second) = &second {
        recorded = recorded.approved_by(&second.user, &second.key_id);
    }
    recorded.append(&home).await?;

    let keys = home.keys().await?;
    let origin = asepsis_log::origin(&log.dir)?;
    let mut judges = BTreeMap::<String, u64>::new();
    let (mut rules, mut opened, mut gone) = (BTreeMap::<String, Outcome>::new(), 0_u64, 0_u64);
    for Hit { index, event } in &hits {
        *judges.entry(judged_by(&event.versions)).or_default() += 1;
        let then: BTreeSet<&str> = event.guard.iter().flat_map(|g| &g.flags).map(|f| f.rule.as_str()).collect();
        for rule in &then {
            rules.entry((*rule).to_owned()).or_default().then += 1;
        }
        let Some(payload) = &event.payload else { continue };
        let id: KeyId = payload.key.parse().with_context(|| format!("entry {index} names a key that is none"))?;
        // What was erased is not there to be looked through, and that is as it should be.
        let (Ok(key), Some(sealed)) = (keys.key(id).await, asepsis_log::payload(&log, *index).await?) else {
            gone += 1;
            continue;
        };
        let plain = key.open(&payload_record(&origin, event), &sealed.bytes)?;
        let texts: Kept = serde_json::from_slice(&plain).with_context(|| format!("what entry {index} kept"))?;
        opened += 1;
        for rule in fired(&guard, &texts) {
            let new = !then.contains(rule.as_str());
            let outcome = rules.entry(rule).or_default();
            outcome.now += 1;
            if new {
                outcome.new += 1;
                if outcome.examples.len() < NAMED {
                    outcome.examples.push(event.exchange.to_string());
                }
            }
        }
    }
    for pack in guard.packs() {
        output::line(&format!("{}  sha256 {}", pack.name(), pack.id()))?;
    }
    output::line(&format!("looks now with {}", judged_by(&versions(&guard, None))))?;
    for (judge, exchanges) in &judges {
        output::line(&format!("looked then with {judge}: {exchanges} exchanges"))?;
    }
    output::line(&format!("{} exchanges, the texts of {opened} looked through, {gone} erased", hits.len()))?;
    output::line("then  now  new  rule")?;
    for (rule, o) in &rules {
        let examples =
            if o.examples.is_empty() { String::new() } else { format!("  for example {}", o.examples.join(", ")) };
        output::line(&format!("{:>4} {:>4} {:>4}  {rule}{examples}", o.then, o.now, o.new))?;
    }
    Ok(u8::from(rules.values().any(|o| o.new > 0)))
}

/// What looked for hostile text in an exchange, as its entry names it: a hash of the packs, and of the classifier with its thresholds.
fn judged_by(versions: &[Version]) -> String {
    let named = versions.iter().filter(|(name, _)| name == "guard" || name == "classifier");
    let named: Vec<String> = named.map(|(name, version)| format!("{name} {version}")).collect();
    if named.is_empty() { "what the entry does not name".to_owned() } else { named.join(", ") }
}

/// The rules that fire in the texts that left. What was kept does not say who wrote a text, so that all are looked at as documents, the
/// application's own instructions among them.
fn fired(guard: &Guard, kept: &Kept) -> BTreeSet<String> {
    let flags = kept.sent.iter().flat_map(|sent| guard.inspect_document(&sent.text, Channel::Document).flags);
    flags.map(|flag| flag.rule).collect()
}
