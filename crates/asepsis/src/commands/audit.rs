//! `asepsis audit`: verifies, searches and shows the log.

use std::path::{Path, PathBuf};

use anyhow::Context;
use asepsis_log::search::{self, Hit, Query};
use asepsis_log::verify::{self, KeySource, Report, VerifyOptions};
use asepsis_vocab::{AuditEvent, Phase};

use crate::args::{Audit, AuditAction};
use crate::commands::audit_export;
use crate::config::Config;
use crate::output;

pub(crate) fn run(config: &Path, audit: &Audit) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    let folder = |given: &Option<PathBuf>| match given {
        Some(folder) => anyhow::Ok(folder.clone()),
        None => Ok(Config::read(config)?.data_dir().join("log")),
    };
    match &audit.action {
        AuditAction::Verify { folder: given, pin, key } => {
            let folder = folder(given)?;
            let read =
                |path: &Path| std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
            let pin = pin.as_deref().map(read).transpose()?;
            let vkey = match key {
                Some(key) if Path::new(key).exists() => Some(read(Path::new(key))?.trim().to_owned()),
                Some(key) => Some(key.trim().to_owned()),
                None => None,
            };
            let pinned = pin.is_some();
            let report = runtime.block_on(verify::verify(&folder, VerifyOptions { vkey, pin }))?;
            for line in report_lines(&report, pinned) {
                output::line(&line)?;
            }
            Ok(u8::from(!report.is_sound()))
        }
        AuditAction::Search { folder: given, user, system, form, status, from, until, last, json } => {
            let query = Query {
                exchange: None,
                user: user.clone(),
                system: system.clone(),
                form: *form,
                status: status.clone(),
                phase: None,
                from: from.clone(),
                until: until.clone(),
                last: Some(*last),
            };
            let hits = runtime.block_on(search::search(&folder(given)?, &query))?;
            for hit in &hits {
                output::line(&if *json { json_line(hit)? } else { summary(hit) })?;
            }
            Ok(0)
        }
        AuditAction::Export(export) => runtime.block_on(audit_export::run(&folder(&export.folder)?, export)),
        AuditAction::Show { exchange, folder: given } => {
            let query = Query { exchange: Some(*exchange), ..Query::default() };
            let hits = runtime.block_on(search::search(&folder(given)?, &query))?;
            anyhow::ensure!(!hits.is_empty(), "the log has no entry of {exchange}");
            for hit in &hits {
                for line in details(hit) {
                    output::line(&line)?;
                }
            }
            Ok(0)
        }
    }
}

/// What a check came to, a line a finding.
pub(crate) fn report_lines(report: &Report, pinned: bool) -> Vec<String> {
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
    if report.key_source == KeySource::Directory {
        lines.push(
            "NOTE     the key came from the log's own folder; keep a copy of `log.vkey` elsewhere and give it with --key"
                .to_owned(),
        );
    }
    if !pinned {
        lines.push(
            "NOTE     without --pin, a checkpoint kept elsewhere, a complete rollback or a rewrite by someone who holds the key \
             cannot be seen"
                .to_owned(),
        );
    }
    lines
}

fn json_line(hit: &Hit) -> anyhow::Result<String> {
    let mut value = serde_json::to_value(&hit.event)?;
    if let Some(object) = value.as_object_mut() {
        object.insert("index".to_owned(), hit.index.into());
    }
    Ok(value.to_string())
}

fn summary(hit: &Hit) -> String {
    let event = &hit.event;
    let user = event.actor.as_ref().map_or("-", |a| a.user.as_str());
    let system = event.recipient.as_ref().map_or("-", |r| r.system.as_str());
    let form = event.decision.as_ref().map_or("-", |d| d.form.name());
    let status = event.outcome.as_ref().map_or("", |o| o.status.as_str());
    let phase = phase(event);
    format!(
        "{:>6}  {}  {}  {phase:7}  {user} -> {system}  {}  {form}  {status}",
        hit.index, event.time, event.exchange, event.purpose
    )
}

fn phase(event: &AuditEvent) -> &'static str {
    match event.phase {
        Phase::Intent => "intent",
        Phase::Outcome => "outcome",
        Phase::Act => "act",
    }
}

/// An entry for a person to read.
pub(crate) fn details(hit: &Hit) -> Vec<String> {
    let event = &hit.event;
    let mut lines = vec![format!("entry {}: {} of {}", hit.index, phase(event), event.exchange)];
    let mut add = |name: &str, value: String| lines.push(format!("    {name:10} {value}"));
    add("time", event.time.clone());
    add("interface", event.interface.clone());
    if let Some(actor) = &event.actor {
        let credential = actor.credential.as_ref().map(|c| format!(", key {c}")).unwrap_or_default();
        add("who", format!("{} as {} by {}{credential}", actor.user, actor.role, actor.method));
    }
    add("purpose", event.purpose.to_string());
    if let Some(recipient) = &event.recipient {
        let agreement = recipient.agreement.as_deref().unwrap_or("no agreement");
        add("recipient", format!("{} of {} under {agreement}", recipient.system, recipient.vendor));
    }
    let counts = |found: &[asepsis_vocab::ClassCount]| {
        let list: Vec<String> = found.iter().map(|c| format!("{} {}", c.class, c.places)).collect();
        list.join(", ")
    };
    if !event.found.is_empty() {
        add("found", counts(&event.found));
    }
    if let Some(decision) = &event.decision {
        add("decision", format!("{} by {} ({})", decision.form, decision.rules.join(", "), decision.reason));
    }
    if let Some(outcome) = &event.outcome {
        let http = |name: &str, status: Option<u16>| status.map(|s| format!(", {name} {s}")).unwrap_or_default();
        add(
            "outcome",
            format!("{}{}{}", outcome.status, http("http", outcome.http), http("upstream", outcome.upstream_http)),
        );
    }
    if let Some(t) = event.traffic.filter(|_| event.phase == Phase::Outcome) {
        add(
            "traffic",
            format!(
                "{} bytes came, {} went, {} came back; {} replaced, {} restored, {} not issued; {} ms",
                t.request_bytes, t.sent_bytes, t.answer_bytes, t.replaced, t.restored, t.unissued, t.elapsed_ms
            ),
        );
    }
    if !event.found_in_answer.is_empty() {
        add("in answer", counts(&event.found_in_answer));
    }
    add("versions", event.versions.iter().map(|(n, v)| format!("{n} {v}")).collect::<Vec<_>>().join(", "));
    lines
}
