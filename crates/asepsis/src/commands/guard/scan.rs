//! `asepsis guard scan` on files and folders, for people and as JSON.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use asepsis_guard::{FieldReport, Guard, Limits, fields};
use asepsis_vocab::Verdict;
use serde_json::json;

use super::{calibrate, packs};
use crate::args::GuardScan;
use crate::batch;
use crate::output::{self, harmless};

/// What was found in a file.
struct Scanned {
    carrier: &'static str,
    fields: usize,
    reports: Vec<FieldReport>,
    opaque: Vec<(String, String)>,
}

pub(super) fn run(scan: &GuardScan) -> anyhow::Result<u8> {
    let guard = Guard::new(packs::of(&scan.packs)?, calibrate::thresholds(&scan.thresholds)?);
    let colors = output::colors(scan.color);
    let (mut files, mut flagged, mut unreadable) = (0, 0, 0);
    let work = |(name, path): (String, Option<PathBuf>)| {
        let scanned = inspect(&guard, scan, path.as_deref());
        (name, scanned)
    };
    let weigh = |(_, path): &(String, Option<PathBuf>)| {
        path.as_ref().and_then(|p| p.metadata().ok()).and_then(|m| usize::try_from(m.len()).ok()).unwrap_or(0)
    };
    batch::ordered(sources(scan)?.into_iter().map(Ok), weigh, work, |(name, scanned)| {
        files += 1;
        match scanned {
            Ok(found) => {
                flagged += usize::from(!found.reports.is_empty());
                if scan.json { output::line(&in_json(&name, &found)) } else { for_people(&name, &found, colors) }
            }
            Err(why) => {
                unreadable += 1;
                if scan.json {
                    let verdict = Verdict::Hold.word();
                    output::line(
                        &json!({"file": name, "unreadable": format!("{why:#}"), "verdict": verdict}).to_string(),
                    )
                } else {
                    output::line(&harmless(&format!("{name}: cannot be read, and belongs into quarantine: {why:#}")))
                }
            }
        }
    })?;
    if !scan.json {
        output::line(&format!("{flagged} of {files} flagged, {unreadable} cannot be read."))?;
    }
    Ok(if unreadable > 0 { 2 } else { u8::from(flagged > 0) })
}

fn inspect(guard: &Guard, scan: &GuardScan, path: Option<&Path>) -> anyhow::Result<Scanned> {
    let most = Limits::default().max_bytes as u64;
    let mut bytes = Vec::new();
    match path {
        Some(path) => std::fs::File::open(path)?.take(most + 1).read_to_end(&mut bytes)?,
        None => std::io::stdin().lock().take(most + 1).read_to_end(&mut bytes).context("standard input")?,
    };
    let found = fields(&bytes, scan.carrier)?;
    let reports = guard.inspect_fields(&found, scan.channel);
    let opaque = found.opaque().iter().map(|o| (o.place.clone(), o.media_type.clone())).collect();
    Ok(Scanned { carrier: found.carrier().word(), fields: found.iter().count(), reports, opaque })
}

/// Every file by the name that it is shown under; standard input has no path.
fn sources(scan: &GuardScan) -> anyhow::Result<Vec<(String, Option<PathBuf>)>> {
    let mut sources = Vec::new();
    if scan.paths.is_empty() || scan.paths.iter().any(|p| p.as_os_str() == "-") {
        sources.push(("-".to_owned(), None));
    }
    let named: Vec<PathBuf> = scan.paths.iter().filter(|p| p.as_os_str() != "-").cloned().collect();
    sources.extend(batch::files(&named)?.into_iter().map(|f| (f.path.display().to_string(), Some(f.path))));
    Ok(sources)
}

fn for_people(name: &str, found: &Scanned, colors: bool) -> anyhow::Result<()> {
    for field in &found.reports {
        for flag in &field.report.flags {
            let verdict = flag.verdict.word();
            let verdict = if colors { format!("\u{1b}[1m{verdict:<10}\u{1b}[0m") } else { format!("{verdict:<10}") };
            let at = if field.verbatim { field.span.start + flag.span.start } else { field.span.start };
            output::line(&format!(
                "{}: byte {at}, {}  {verdict}  {}",
                harmless(name),
                harmless(&field.place),
                flag.rule
            ))?;
        }
    }
    for (place, kind) in &found.opaque {
        let kind = if kind.is_empty() { "of an unknown kind" } else { kind };
        output::line(&harmless(&format!("{name}: {place} is {kind} and was not looked into")))?;
    }
    Ok(())
}

fn in_json(name: &str, found: &Scanned) -> String {
    let verdict = found.reports.iter().map(|r| r.report.verdict).max().unwrap_or_default();
    let score = found.reports.iter().map(|r| r.report.score).fold(0.0, f32::max);
    let flags: Vec<_> = found
        .reports
        .iter()
        .flat_map(|field| {
            field.report.flags.iter().map(|flag| {
                let (start, end) = match field.verbatim {
                    true => (field.span.start + flag.span.start, field.span.start + flag.span.end),
                    false => (field.span.start, field.span.end),
                };
                json!({"place": field.place, "start": start, "end": end, "rule": flag.rule, "verdict": flag.verdict.word()})
            })
        })
        .collect();
    let opaque: Vec<_> = found.opaque.iter().map(|(place, kind)| json!({"place": place, "media_type": kind})).collect();
    json!({
        "file": name, "carrier": found.carrier, "fields": found.fields, "score": score, "verdict": verdict.word(),
        "flags": flags, "opaque": opaque,
    })
    .to_string()
}
