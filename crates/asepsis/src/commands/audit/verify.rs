use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use asepsis_db::DbError;
use asepsis_log::verify::{self, KeySource, Report, VerifyOptions};
use asepsis_log::{LogError, Policy};

use super::Place;
use crate::args::Verify;
use crate::output;

pub(crate) fn run(place: &Place<'_>, asked: &Verify) -> anyhow::Result<u8> {
    let pin = asked.pin.as_deref().map(super::read).transpose()?;
    let vkey = match &asked.key {
        Some(key) if Path::new(key).exists() => Some(super::read(Path::new(key))?),
        key => key.clone(),
    };
    let policy = asked.policy.as_deref().map(policy).transpose()?;
    let witnessed = policy.as_ref().is_some_and(Policy::needs_witnesses);
    anyhow::ensure!(
        asked.max_age.is_none() || witnessed,
        "--max-age speaks of the cosignatures of witnesses: name them with --policy"
    );
    let max_age = asked.max_age.map(Duration::from_secs);
    let options = VerifyOptions { vkey, pin, policy, max_age, now: None };
    // What has a scheme is no folder.
    if let Some(address) = asked.folder.as_deref().and_then(Path::to_str).filter(|folder| folder.contains("://")) {
        return super::mirror::check(place, address, &options);
    }
    let log = place.log(asked.folder.as_ref())?;
    let report = match place.wait(verify::verify(&log, options))? {
        // It is there, and it is no database any more: that is no wrong use.
        Err(error @ LogError::Db(DbError::Database { .. })) => {
            output::line(&format!("CHANGED  {error}; restore it from a backup"))?;
            output::line("NOT INTACT: the entries cannot be read")?;
            return Ok(1);
        }
        report => report?,
    };
    for line in lines(&report) {
        output::line(&line)?;
    }
    Ok(u8::from(!report.is_sound()))
}

/// A policy in a file.
pub(super) fn policy(path: &Path) -> anyhow::Result<Policy> {
    Policy::parse(&super::read(path)?).with_context(|| format!("{} is no policy", path.display()))
}

/// What a check came to: a line a finding, then integrity, completeness and freshness, each for itself.
pub(crate) fn lines(report: &Report) -> Vec<String> {
    let mut lines: Vec<String> = report.findings.iter().map(|fault| format!("CHANGED  {fault}")).collect();
    if report.more_findings > 0 {
        lines.push(format!("CHANGED  and {} more places", report.more_findings));
    }
    for exchange in &report.unfinished {
        lines.push(format!("NO END   {exchange}: was about to leave, and its outcome is not recorded"));
    }
    if report.unsigned_tail > 0 {
        lines.push(format!("UNSIGNED {} entries are durable and not yet under a checkpoint", report.unsigned_tail));
    }
    let root = report.root.as_deref().unwrap_or("none");
    lines.push(if report.is_sound() {
        format!("INTACT   {} entries, every one hashed; root {root}", report.entries)
    } else {
        format!("NOT INTACT: {} entries; signed root {root}", report.entries)
    });
    lines.push(if report.is_complete() {
        "COMPLETE every exchange that was about to leave has its end".to_owned()
    } else {
        format!(
            "NOT COMPLETE: {} exchanges have no end; a crash or a power cut ends like that",
            report.unfinished.len()
        )
    });
    if let Some(by) = report.pruned_by {
        lines.push(format!(
            "PRUNED   {} entries were let go after their retention, as entry {by} says; their hashes still count",
            report.pruned
        ));
    }
    for shredded in &report.shredded {
        lines.push(format!(
            "SHREDDED {} payloads under key {}, the first of entry {}: payload shredded by entry {}",
            shredded.payloads, shredded.key, shredded.first, shredded.by
        ));
    }
    if report.left_sealed > 0 {
        lines.push(format!(
            "SEALED   {} payloads are left whose key was shredded: nobody can read them, and they may be deleted",
            report.left_sealed
        ));
    }
    freshness(report, &mut lines);
    if let Some(first) = report.first_set_back {
        lines.push(format!(
            "CLOCK    {} entries, the first is {first}, are dated before one above them: a clock was set back",
            report.set_back
        ));
    }
    if report.key_source == KeySource::Directory {
        lines.push(
            "NOTE     the key came from the log's own folder; keep a copy of `log.vkey` elsewhere and give it with --key"
                .to_owned(),
        );
    }
    if !report.is_anchored() {
        lines.push(
            "NOTE     nothing from outside the folder was compared: without --pin, a checkpoint kept elsewhere, or witnesses in a \
             --policy, a complete rollback or a rewrite by someone who holds the key cannot be seen"
                .to_owned(),
        );
    }
    lines
}

fn freshness(report: &Report, lines: &mut Vec<String>) {
    let Some(anchor) = &report.anchor else { return };
    let names: Vec<&str> = anchor.standing.cosigned.iter().map(|(name, _)| name.as_str()).collect();
    let Some(age) = report.age() else {
        lines.push("NOT FRESH: no witness has cosigned".to_owned());
        return;
    };
    lines.push(format!(
        "FRESH    to {age} s ago: {} cosigned {} entries; what came after them is not witnessed yet",
        names.join(", "),
        anchor.size
    ));
}
