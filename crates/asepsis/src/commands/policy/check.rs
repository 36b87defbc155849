//! `asepsis policy check` and `test`.

use asepsis_policy::{Kind, Policy};

use crate::config::Config;
use crate::output;

/// Reads the policies that the configuration names; every problem with its file, line and column.
pub(super) fn run(config: &Config) -> anyhow::Result<u8> {
    let Some((pack, policy)) = read(config)? else { return Ok(1) };
    let count = |kind| policy.kinds().filter(|(_, k)| *k == kind).count();
    output::line(&format!("{}: {}", policy.version(), pack.title))?;
    output::line(&format!(
        "{} rules permit, {} refuse, {} oblige, {} only explain",
        count(Kind::Permit),
        count(Kind::Forbid),
        count(Kind::Oblige),
        count(Kind::Explain)
    ))?;
    for problem in policy.warnings() {
        output::line(&format!("warning: {problem}"))?;
    }
    Ok(0)
}

/// Runs the cases of every rule.
pub(super) fn test(config: &Config) -> anyhow::Result<u8> {
    let Some((pack, policy)) = read(config)? else { return Ok(1) };
    let cases: usize =
        pack.rules.iter().map(|rule| usize::from(rule.allows.is_some()) + usize::from(rule.stops.is_some())).sum();
    let failures = policy.test()?;
    for failure in &failures {
        output::line(&format!("FAILED  {failure}"))?;
    }
    for rule in pack.rules.iter().filter(|rule| rule.allows.is_none() && rule.stops.is_none()) {
        output::line(&format!("no case  rule {}: nothing shows that it does what it says", rule.id))?;
    }
    output::line(&format!("{} of {cases} cases hold", cases - failures.len()))?;
    Ok(u8::from(!failures.is_empty()))
}

/// The configured pack and its policies; `None` where they cannot be used, which was said.
pub(super) fn read(config: &Config) -> anyhow::Result<Option<(asepsis_policy::Pack, Policy)>> {
    let read = config.pack().and_then(|pack| Ok((Policy::of(&pack, config.offset)?, pack)));
    match read {
        Ok((policy, pack)) => Ok(Some((pack, policy))),
        Err(error) => match error.downcast::<asepsis_policy::PolicyError>() {
            Ok(asepsis_policy::PolicyError::Invalid(problems)) => {
                for problem in &problems {
                    output::line(&problem.to_string())?;
                }
                output::remark(&format!("{} problems; what decides now goes on deciding", problems.len()));
                Ok(None)
            }
            Ok(other) => Err(other.into()),
            Err(other) => Err(other),
        },
    }
}
