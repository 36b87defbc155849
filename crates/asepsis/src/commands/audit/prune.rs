use std::collections::BTreeMap;

use anyhow::Context;
use asepsis_log::search::{self, Query};
use asepsis_log::{Retention, act_event};
use asepsis_vocab::{Act, ActKind, AuditEvent, Phase};
use time::Date;
use time::format_description::well_known::Iso8601;

use super::Place;
use crate::act::actor;
use crate::args::Prune;
use crate::commands::keys::from_logs;
use crate::config::Config;
use crate::home::{Home, LogName};
use crate::output;

pub(crate) fn run(place: &Place<'_>, asked: &Prune) -> anyhow::Result<u8> {
    match &asked.before {
        Some(before) => old(place, asked, before),
        None => shredded(place, asked.dry_run),
    }
}

/// Lets go of entries by their age.
fn old(place: &Place<'_>, asked: &Prune, before: &str) -> anyhow::Result<u8> {
    let before = Date::parse(before, &Iso8601::DATE)
        .with_context(|| format!("--before {before}: a day is written as 2020-11-25"))?;
    let name = if asked.command_line { LogName::CommandLine } else { LogName::Gateway };
    let home = Home::of(&Config::read(place.config)?)?;
    let policy = Retention::read(&home.log_dir(name))?;
    let actor = actor();
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

/// Lets go of payloads whose key an entry says is destroyed. Where that entry is in the other log, because the gateway was
/// running, one in this log says the same first: the check of a log needs nothing but the log.
fn shredded(place: &Place<'_>, dry_run: bool) -> anyhow::Result<u8> {
    let home = Home::of(&Config::read(place.config)?)?;
    place.wait(async {
        let listed = from_logs(&home).await?;
        let query = Query { phase: Some(Phase::Act), ..Query::default() };
        let place = home.log_place(LogName::Gateway);
        let here: Vec<_> =
            search::search(&place, &query).await?.into_iter().filter(|hit| is_shred(&hit.event)).collect();
        let (log, _) = home.log(LogName::Gateway).await?;
        let (mut keys, mut payloads) = (0_u64, 0);
        for entry in listed {
            let Some(key) = entry.key.map(|key| key.to_string()) else { continue };
            let count = log.payloads_under(&key).await?;
            if count == 0 {
                continue;
            }
            keys += 1;
            payloads += count;
            if dry_run {
                continue;
            }
            let by =
                here.iter().find(|hit| hit.event.act.as_ref().is_some_and(|act| act.target.as_ref() == Some(&key)));
            let by = match by {
                Some(hit) => hit.index,
                None => {
                    let (kind, basis) = (ActKind::Shred, Some(entry.basis));
                    let act = Act { kind, target: Some(key), basis, figures: BTreeMap::new() };
                    let event = act_event(act, "cli.audit.prune", Some(actor()));
                    log.append(&AuditEvent { subject: Some(entry.subject), ..event }).await?
                }
            };
            log.delete_shredded(by).await?;
        }
        log.close().await?;
        output::line(&match (keys, dry_run) {
            (0, _) => "NOTHING  no payload is left under a key that was shredded".to_owned(),
            (_, true) => format!("WOULD GO {payloads} payloads under {keys} keys that were shredded; the entries stay"),
            (_, false) => {
                format!("DELETED  {payloads} payloads under {keys} keys that were shredded; the entries stay")
            }
        })?;
        Ok(0)
    })?
}

fn is_shred(event: &AuditEvent) -> bool {
    event.act.as_ref().is_some_and(|act| act.kind == ActKind::Shred)
}
