//! `asepsis scan`: finds identifiers in files, folders or standard input, and says what that means.

mod gather;
mod group;
mod html;
mod json;
mod lines;
mod people;
mod report;
mod tally;
mod verdict;

use std::path::PathBuf;

use anyhow::Context;
use asepsis_census::Key;
use asepsis_phi::{Engine, KnownPhi};

use self::report::Report;
use self::tally::Tally;
use crate::args::Scan;
use crate::batch;
use crate::config::read_known;
use crate::model;
use crate::output;

pub(crate) fn run(scan: &Scan) -> anyhow::Result<u8> {
    let engine = model::engine(Engine::builder().profile(scan.profile), scan.model.as_deref())?;
    let known = scan.known.as_deref().map(read_known).transpose()?.unwrap_or_default();
    if scan.jsonl {
        return lines::run(&engine, &known);
    }
    files(scan, &engine, &known)
}

/// What files, folders and standard input are looked at with.
struct Eye<'a> {
    engine: &'a Engine,
    known: &'a KnownPhi,
    /// Names and numbers are hashed under it to count people. It is of this run alone.
    key: Key,
    /// Whether texts are needed whole, also where nothing was found in them.
    keep_texts: bool,
    /// Whether what was passed over is told.
    explain: bool,
}

fn files(scan: &Scan, engine: &Engine, known: &KnownPhi) -> anyhow::Result<u8> {
    let mut report = scan.report.as_deref().map(|path| Report::new(path, scan.force, engine)).transpose()?;
    let mut key = [0; 16];
    aws_lc_rs::rand::fill(&mut key).ok().context("no random numbers can be had")?;
    let eye = Eye {
        engine,
        known,
        key: Key::new(key),
        keep_texts: scan.show || report.is_some(),
        explain: scan.explain && !scan.json,
    };
    let sources = sources(scan)?;
    let many = sources.len() > 1;
    let mut tally = Tally::default();
    let mut people = people::View::new(scan, many);
    let bar = batch::progress(sources.len() as u64);
    let weigh = |(_, path): &(String, Option<PathBuf>)| {
        path.as_ref().and_then(|p| p.metadata().ok()).and_then(|m| usize::try_from(m.len()).ok()).unwrap_or(0)
    };
    let work = |(name, path): (String, Option<PathBuf>)| {
        let inspected = gather::inspect(&eye, &name, path.as_deref());
        bar.inc(1);
        (name, inspected)
    };
    let mut take = |name: String, inspected: Result<gather::Inspected, String>| {
        let inspected = match inspected {
            Ok(inspected) => inspected,
            Err(why) => {
                tally.unreadable += 1;
                if scan.json {
                    output::line(&json::unreadable(&name, &why))?;
                }
                output::remark(&output::harmless(&format!("{name}: {why}")));
                if let Some(report) = &mut report {
                    report.unreadable(&name, &why);
                }
                return Ok(());
            }
        };
        let own = tally.add(&inspected);
        if let Some(report) = &mut report {
            report.file(&inspected, &own);
        }
        if scan.json { output::line(&json::file(&inspected, &own, scan.show)) } else { people.file(&inspected, &own) }
    };
    // Lines go above the bar, not into it.
    batch::ordered(sources.into_iter().map(Ok), weigh, work, |(name, inspected)| {
        bar.suspend(|| take(name, inspected))
    })?;
    bar.finish_and_clear();
    let verdict = verdict::Verdict::of(&tally);
    if scan.json {
        output::line(&json::total(&tally, &verdict, engine))?;
    } else {
        people.end(&tally, &verdict)?;
    }
    if let Some(report) = report {
        output::remark(&report.write(&tally, &verdict)?);
    }
    Ok(if tally.unreadable > 0 { 2 } else { u8::from(tally.total() > 0) })
}

/// Every file by the name that it is shown under; standard input has no path.
fn sources(scan: &Scan) -> anyhow::Result<Vec<(String, Option<PathBuf>)>> {
    let mut sources: Vec<(String, Option<PathBuf>)> = Vec::new();
    if scan.paths.is_empty() || scan.paths.iter().any(|p| p.as_os_str() == "-") {
        sources.push(("-".to_owned(), None));
    }
    let named: Vec<PathBuf> = scan.paths.iter().filter(|p| p.as_os_str() != "-").cloned().collect();
    for found in batch::files(&named)? {
        sources.push((found.path.display().to_string(), Some(found.path)));
    }
    Ok(sources)
}
