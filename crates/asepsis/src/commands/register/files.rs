//! `asepsis register export` and `import`.

use std::collections::BTreeSet;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use asepsis_store::Record;
use serde_json::json;

use super::desk::Desk;
use crate::act::{actor, checked, open_log};
use crate::args::RegisterFormat;
use crate::output;
use crate::registers::field::REGISTERS;
use crate::registers::file::{CsvWriter, Writer};
use crate::registers::import::{Import, MOST_SAID, Problem, Report, format};
use crate::runtime::block_on;
use asepsis_people::ledger::Ledger;

/// Writes the entries of the store.
pub(super) fn export(path: &Path, format: RegisterFormat, out: Option<&Path>) -> anyhow::Result<u8> {
    block_on(async {
        let desk = Desk::open(path).await?;
        let count = match out {
            None => write(&desk, format, std::io::stdout().lock()).await?,
            Some(file) => {
                let made = std::fs::OpenOptions::new().write(true).create_new(true).open(file);
                let made =
                    made.with_context(|| format!("cannot make {}; name a file that is not there", file.display()))?;
                write(&desk, format, made).await?
            }
        };
        output::remark(&format!("{count} entries"));
        Ok(0)
    })
}

async fn write(desk: &Desk, format: RegisterFormat, out: impl Write) -> anyhow::Result<u64> {
    let out = BufWriter::new(out);
    let mut count = 0;
    if format == RegisterFormat::Csv {
        let mut columns = BTreeSet::new();
        each(desk, |record| {
            CsvWriter::<Vec<u8>>::columns_of(&super::entry::object(record)?, &mut columns);
            Ok(())
        })
        .await?;
        let mut writer = CsvWriter::new(out, columns)?;
        each(desk, |record| {
            count += 1;
            writer.write(&record.kind, &record.id, &super::entry::object(record)?)
        })
        .await?;
        writer.finish()?;
        return Ok(count);
    }
    let mut writer = Writer::new(out, format);
    each(desk, |record| {
        count += 1;
        writer.write(&record.kind, &record.id, super::entry::object(record)?)
    })
    .await?;
    writer.finish()?;
    Ok(count)
}

/// Every entry of the registers, page by page.
async fn each(desk: &Desk, mut take: impl FnMut(&Record) -> anyhow::Result<()>) -> anyhow::Result<()> {
    for register in REGISTERS {
        let mut after = None::<String>;
        loop {
            let page = desk.store.records(register, after.as_deref(), 1000).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            page.iter().try_for_each(&mut take)?;
        }
    }
    Ok(())
}

/// What an import is asked.
pub(super) struct Asked<'a> {
    pub(super) file: &'a Path,
    pub(super) format: Option<RegisterFormat>,
    pub(super) dry_run: bool,
    pub(super) basis: &'a str,
    pub(super) json: bool,
}

/// Reads entries into the store.
pub(super) fn import(path: &Path, asked: &Asked<'_>) -> anyhow::Result<u8> {
    checked(asked.basis)?;
    block_on(async {
        let desk = Desk::open(path).await?;
        let format = format(asked.file, asked.format)?;
        let import = Import { config: &desk.config, store: &desk.store, path: asked.file.to_owned(), format };
        let report = import.check().await?;
        let made = if report.count > 0 || asked.dry_run || report.added + report.changed == 0 {
            0
        } else {
            let log = open_log(&desk.home).await?;
            let ledger = Ledger::new(&desk.store, &log, actor(), "cli.register.import");
            let made = import.apply(&report, &ledger, &actor().user, asked.basis).await;
            log.close().await?;
            made?
        };
        say(&report, asked, made)?;
        desk.store.close().await?;
        Ok(u8::from(report.count > 0))
    })
}

fn say(report: &Report, asked: &Asked<'_>, made: u64) -> anyhow::Result<()> {
    let line = |kind: &str, problem: &Problem| {
        let Problem { place, entry, column, message } = problem;
        if asked.json {
            let line = json!({"kind": kind, "place": place, "entry": entry, "column": column, "message": message});
            return output::line(&line.to_string());
        }
        let parts = [place, entry, column].into_iter().filter(|part| !part.is_empty()).map(String::as_str);
        output::line(&output::harmless(&format!("{}: {kind}: {message}", parts.collect::<Vec<_>>().join(", "))))
    };
    report.problems.iter().try_for_each(|problem| line("problem", problem))?;
    report.remarks.iter().try_for_each(|remark| line("remark", remark))?;
    let Report { rows, added, changed, unchanged, count, .. } = report;
    if asked.json {
        return output::line(
            &json!({"kind": "report", "rows": rows, "problems": count, "added": added, "changed": changed,
                "unchanged": unchanged, "made": made, "dry_run": asked.dry_run})
            .to_string(),
        );
    }
    if *count > MOST_SAID {
        output::line(&format!("{} problems more are not shown", count - MOST_SAID))?;
    }
    let what = match (*count, asked.dry_run) {
        (0, false) => format!("{made} changes made"),
        (0, true) => "nothing was changed (dry run)".to_owned(),
        (count, _) => format!("{count} problems, so nothing was changed"),
    };
    output::line(&format!("{rows} entries: {added} new, {changed} changed, {unchanged} as they were; {what}"))
}
