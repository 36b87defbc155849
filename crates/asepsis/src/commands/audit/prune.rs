use anyhow::Context;
use asepsis_log::Retention;
use asepsis_vocab::Actor;
use time::Date;
use time::format_description::well_known::Iso8601;

use super::Place;
use crate::args::Prune;
use crate::commands::deid::local_user;
use crate::config::Config;
use crate::home::{Home, LogName};
use crate::output;

pub(crate) fn run(place: &Place<'_>, asked: &Prune) -> anyhow::Result<u8> {
    let before = Date::parse(&asked.before, &Iso8601::DATE)
        .with_context(|| format!("--before {}: a day is written as 2020-11-25", asked.before))?;
    let name = if asked.command_line { LogName::CommandLine } else { LogName::Gateway };
    let home = Home::of(&Config::read(place.config)?)?;
    let policy = Retention::read(&home.log_dir(name))?;
    let user = local_user();
    let actor = Actor { user: user.user, role: user.role, method: user.method, credential: user.credential };
    place.wait(async {
        let (log, _) = home.log(name).await?;
        let pruned = log.prune(&policy, before, Some(actor), asked.dry_run).await;
        log.close().await?;
        let pruned = pruned?;
        output::line(&match pruned.by {
            Some(by) => format!(
                "PRUNED   {} entries, recorded as entry {by}; entry {} is the first that stays ({policy})",
                pruned.entries, pruned.minimum
            ),
            None if pruned.entries > 0 => format!(
                "WOULD GO {} entries; entry {} would be the first that stays ({policy})",
                pruned.entries, pruned.minimum
            ),
            None => format!("NOTHING  no segment of 256 entries is all from before {before} ({policy})"),
        })?;
        Ok(0)
    })?
}
