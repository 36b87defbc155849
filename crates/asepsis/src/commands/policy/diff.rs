//! `asepsis policy diff`: what would change, and whether it can be proved that what must never happen does not.

use std::collections::BTreeMap;

use asepsis_policy::{Pack, Policy};
use asepsis_proof::{Finding, Prover};

use super::{Versions, check};
use crate::args::Diff;
use crate::config::Config;
use crate::output;

pub(super) fn run(config: &Config, asked: &Diff) -> anyhow::Result<u8> {
    let Some((pack, policy)) = check::read(config)? else { return Ok(1) };
    let before = match (&asked.against, Versions::of(&config.data_dir()).current()?) {
        (Some(name), _) => Pack::shipped(name).map_err(asepsis_policy::PolicyError::Invalid)?,
        (None, Some(version)) => version.pack()?,
        (None, None) => Pack::shipped("core").map_err(asepsis_policy::PolicyError::Invalid)?,
    };
    let old = Policy::of(&before, config.offset)?;
    output::line(&format!("from {} to {}", old.version(), policy.version()))?;
    rules(&before, &old, &pack, &policy)?;
    prove(&old, &pack, &policy)
}

/// What came, went and changed, rule by rule.
fn rules(before: &Pack, old: &Policy, pack: &Pack, policy: &Policy) -> anyhow::Result<()> {
    let (olds, news): (BTreeMap<_, _>, BTreeMap<_, _>) = (bodies(before), bodies(pack));
    for (id, _) in old.kinds().filter(|(id, _)| !news.contains_key(*id)) {
        output::line(&format!("    - {id}"))?;
    }
    for (id, kind) in policy.kinds() {
        match olds.get(id) {
            None => output::line(&format!("    + {id} ({kind:?})"))?,
            Some(body) if news.get(id) != Some(body) => output::line(&format!("    ~ {id} ({kind:?})"))?,
            Some(_) => {}
        }
    }
    if before.settings != pack.settings {
        output::line("    ~ settings")?;
    }
    Ok(())
}

/// The text of each rule, by id.
fn bodies(pack: &Pack) -> BTreeMap<String, String> {
    let rules = pack.policies().flat_map(|source| source.text.split("@id(\"").skip(1));
    let named = rules.filter_map(|rule| rule.split_once('"'));
    named.map(|(id, body)| (id.to_owned(), body.split("\n@id").next().unwrap_or(body).trim().to_owned())).collect()
}

fn prove(old: &Policy, pack: &Pack, policy: &Policy) -> anyhow::Result<u8> {
    let prover = match Prover::find() {
        Ok(prover) => prover,
        Err(error) => {
            output::line(&format!("nothing is proved: {error}"))?;
            return Ok(0);
        }
    };
    let mut refuted = false;
    for finding in prover.invariants(pack, policy)? {
        refuted |= matches!(finding, Finding::Refuted { .. });
        output::line(&finding.to_string())?;
    }
    for action in asepsis_proof::ACTIONS {
        if let Some(example) = prover.richer(old, policy, action)? {
            output::line(&format!("    {action}: something is permitted that was not before, for example\n{example}"))?;
        }
    }
    Ok(u8::from(refuted))
}
