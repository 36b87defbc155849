//! `asepsis policy apply`, `rollback` and `versions`: which policies decide.

use anyhow::{Context, bail};
use asepsis_vocab::ActKind;
use time::OffsetDateTime;

use super::{Versions, check};
use crate::act::Recorded;
use crate::config::Config;
use crate::home::Home;
use crate::output;
use crate::runtime::block_on;

/// Lets what the configuration names decide, from the next exchange of a running gateway on.
pub(super) fn apply(config: &Config, basis: &str) -> anyhow::Result<u8> {
    let Some((pack, policy)) = check::read(config)? else { return Ok(1) };
    let failures = policy.test()?;
    if !failures.is_empty() {
        for failure in &failures {
            output::line(&format!("FAILED  {failure}"))?;
        }
        output::remark("a rule does not do what its case says, so nothing is applied");
        return Ok(1);
    }
    let versions = Versions::of(&config.data_dir());
    let before = versions.current()?;
    if before.as_ref().is_some_and(|version| version.policies == policy.version()) {
        output::line(&format!("{} decides already", policy.version()))?;
        return Ok(0);
    }
    let home = Home::of(config)?;
    // Checked before anything changes: a basis that may not stand in the log.
    let act = Recorded::new("cli.policy.apply", ActKind::PolicyApplied, Some(basis))?;
    let version = versions.add(&pack, now()?, basis)?;
    record(act.target(version.policies.clone()).figure("version", version.number), &home)?;
    output::line(&format!("version {} decides: {}", version.number, version.policies))?;
    output::remark("a gateway that is running takes it within a second, and records when");
    Ok(0)
}

/// Lets the version decide that did before.
pub(super) fn rollback(config: &Config, basis: &str) -> anyhow::Result<u8> {
    let versions = Versions::of(&config.data_dir());
    let Some(current) = versions.current_number()? else {
        bail!("no policies were ever applied, so there is nothing to go back to")
    };
    let Some(number) = current.checked_sub(1).filter(|number| *number > 0) else {
        bail!("version {current} is the first; `asepsis policy apply` makes another");
    };
    let version = versions.read(number)?;
    version.policy(config.offset).with_context(|| format!("version {number} cannot be used any more"))?;
    let home = Home::of(config)?;
    let act = Recorded::new("cli.policy.rollback", ActKind::PolicyRolledBack, Some(basis))?;
    versions.set_current(number)?;
    record(act.target(version.policies.clone()).figure("version", number), &home)?;
    output::line(&format!("version {number} decides again: {}", version.policies))?;
    Ok(0)
}

/// Lists the versions.
pub(super) fn versions(config: &Config) -> anyhow::Result<u8> {
    let versions = Versions::of(&config.data_dir());
    let current = versions.current_number()?;
    for version in versions.all()? {
        let mark = if Some(version.number) == current { "*" } else { " " };
        output::line(&format!(
            "{mark} {:4}  {}  {}  {}",
            version.number, version.time, version.policies, version.basis
        ))?;
    }
    if current.is_none() {
        output::line(&format!(
            "none was ever applied; what decides is what the configuration names: {}",
            config.policy()?.version()
        ))?;
    }
    Ok(0)
}

fn record(act: Recorded, home: &Home) -> anyhow::Result<()> {
    block_on(act.append(home))
}

fn now() -> anyhow::Result<String> {
    Ok(OffsetDateTime::now_utc().replace_nanosecond(0)?.format(&time::format_description::well_known::Rfc3339)?)
}
