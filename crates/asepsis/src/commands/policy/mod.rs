//! `asepsis policy`: what the policies say, whether they hold, and which of them decide.

mod apply;
mod check;
mod codes;
mod diff;
mod explain;
pub(crate) mod sheet;
mod simulate;
mod versions;

use std::path::Path;

use crate::args::{Policy, PolicyAction};
use crate::config::Config;
use crate::registers::joined_blocking;

pub(crate) use versions::Versions;

pub(crate) fn run(path: &Path, policy: &Policy) -> anyhow::Result<u8> {
    if let PolicyAction::Codes { table } = &policy.action {
        return codes::run(table.as_deref());
    }
    let config = Config::read(path)?;
    match &policy.action {
        PolicyAction::Check => check::run(&config),
        PolicyAction::Test => check::test(&config),
        PolicyAction::Explain(asked) => explain::run(&joined_blocking(&config)?, asked),
        PolicyAction::Simulate(asked) => simulate::run(&config, asked),
        PolicyAction::Diff(asked) => diff::run(&config, asked),
        PolicyAction::Apply { basis } => apply::apply(&config, basis),
        PolicyAction::Rollback { basis } => apply::rollback(&config, basis),
        PolicyAction::Versions => apply::versions(&config),
        PolicyAction::Sheet { html } => sheet::run(&joined_blocking(&config)?, *html),
        PolicyAction::Codes { .. } => Ok(0),
    }
}
