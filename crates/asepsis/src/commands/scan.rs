//! `asepsis scan`: finds identifiers in files, folders or standard input.

use std::collections::BTreeMap;
use std::io::{BufWriter, Read, Write};
use std::path::PathBuf;

use anyhow::Context;
use asepsis_phi::{Engine, KnownPhi, Segment};
use asepsis_vocab::{Finding, IdentifierClass};
use serde_json::json;

use crate::args::Scan;
use crate::batch::{self, Document, Line};
use crate::config::read_known;
use crate::output;

pub(crate) fn run(scan: &Scan) -> anyhow::Result<u8> {
    let engine = Engine::new();
    let known = scan.known.as_deref().map(read_known).transpose()?.unwrap_or_default();
    if scan.jsonl {
        return lines(&engine, &known);
    }
    files(scan, &engine, &known)
}

/// `--jsonl`: a line out for each line in, in the same order.
fn lines(engine: &Engine, known: &KnownPhi) -> anyhow::Result<u8> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let work = |line: Line| {
        let segment = Segment { text: &line.text, field: None };
        let findings = engine.inspect(&[segment], known).pop().unwrap_or_default();
        spans_line(&line, &findings)
    };
    batch::ordered(
        batch::id_text_lines(),
        |l| l.text.len(),
        work,
        |line| out.write_all(line.as_bytes()).context("standard output"),
    )?;
    out.flush().context("standard output")?;
    Ok(0)
}

/// `{"id","spans":[{"start","end","label","score"}]}`, offsets in Unicode code points.
fn spans_line(line: &Line, findings: &[Finding]) -> String {
    let mut text = format!("{{\"id\":{},\"spans\":[", line.id);
    let (mut bytes, mut points) = (0, 0);
    let mut point = |to: usize| {
        points += line.text[bytes..to].chars().count();
        bytes = to;
        points
    };
    for (i, finding) in findings.iter().enumerate() {
        let (start, end) = (point(finding.span.start), point(finding.span.end));
        let comma = if i > 0 { "," } else { "" };
        text.push_str(&format!(
            "{comma}{{\"start\":{start},\"end\":{end},\"label\":\"{}\",\"score\":{:.3}}}",
            finding.class,
            finding.confidence.get()
        ));
    }
    text.push_str("]}\n");
    text
}

/// What was found in a file, ready to be printed.
struct Report {
    lines: Vec<String>,
    json: Vec<serde_json::Value>,
    counts: BTreeMap<IdentifierClass, usize>,
}

fn files(scan: &Scan, engine: &Engine, known: &KnownPhi) -> anyhow::Result<u8> {
    let mut totals: BTreeMap<IdentifierClass, usize> = BTreeMap::new();
    let mut unreadable = 0;
    let standard_input = scan.paths.is_empty() || scan.paths.iter().any(|p| p.as_os_str() == "-");
    let mut sources: Vec<(String, Option<PathBuf>)> = Vec::new();
    if standard_input {
        sources.push(("-".to_owned(), None));
    }
    let named: Vec<PathBuf> = scan.paths.iter().filter(|p| p.as_os_str() != "-").cloned().collect();
    for found in batch::files(&named)? {
        sources.push((found.path.display().to_string(), Some(found.path)));
    }
    let count = sources.len();
    let bar = batch::progress(count as u64);
    let work = |(name, path): (String, Option<PathBuf>)| {
        let documents = match path {
            Some(path) => batch::documents(&path).map_err(|e| e.to_string()),
            None => read_standard_input(),
        };
        let report = documents.map(|documents| report(scan, engine, known, &name, &documents));
        bar.inc(1);
        (name, report)
    };
    let weigh = |(_, path): &(String, Option<PathBuf>)| {
        path.as_ref().and_then(|p| p.metadata().ok()).and_then(|m| usize::try_from(m.len()).ok()).unwrap_or(0)
    };
    batch::ordered(sources.into_iter().map(Ok), weigh, work, |(name, report)| {
        match report {
            Err(why) => {
                unreadable += 1;
                output::remark(&format!("{name}: {why}"));
            }
            Ok(report) if scan.json => {
                let counts: BTreeMap<&str, usize> = report.counts.iter().map(|(c, n)| (c.label(), *n)).collect();
                output::line(&json!({"file": name, "findings": report.json, "counts": counts}).to_string())?;
                add(&mut totals, &report.counts);
            }
            Ok(report) => {
                for line in &report.lines {
                    output::line(line)?;
                }
                add(&mut totals, &report.counts);
            }
        }
        Ok(())
    })?;
    bar.finish_and_clear();
    let total: usize = totals.values().sum();
    if !scan.json {
        let by_class: Vec<String> = totals.iter().map(|(c, n)| format!("{c} {n}")).collect();
        output::line(&format!("{total} identifiers in {} files. {}", count - unreadable, by_class.join(", ")))?;
        output::line(
            "The first layer of detection looked: cues, shapes, structure and lists. That nothing was found does not prove \
             that nothing is there.",
        )?;
    }
    Ok(if unreadable > 0 { 2 } else { u8::from(total > 0) })
}

fn read_standard_input() -> Result<Vec<(Document, &'static str)>, String> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    let text = String::from_utf8(bytes).map_err(|e| format!("byte {} is not UTF-8", e.utf8_error().valid_up_to()))?;
    Ok(vec![(Document::text(text), "")])
}

fn add(totals: &mut BTreeMap<IdentifierClass, usize>, counts: &BTreeMap<IdentifierClass, usize>) {
    for (class, n) in counts {
        *totals.entry(*class).or_default() += n;
    }
}

fn report(
    scan: &Scan,
    engine: &Engine,
    known: &KnownPhi,
    name: &str,
    documents: &[(Document, &'static str)],
) -> Report {
    let mut report = Report { lines: Vec::new(), json: Vec::new(), counts: BTreeMap::new() };
    let many = documents.len() > 1;
    for (number, (document, _)) in documents.iter().enumerate() {
        let segments: Vec<Segment<'_>> =
            document.pieces.iter().map(|p| Segment { text: &p.text, field: p.field.as_deref() }).collect();
        let findings = engine.inspect(&segments, known);
        for (piece, found) in document.pieces.iter().zip(&findings) {
            for finding in found {
                let (line, column) = place(&piece.text, finding.span.start);
                let whole_text = piece.place == "text";
                let line = if many && whole_text { number + 1 } else { line };
                let at = match (whole_text, many) {
                    (true, _) => format!("{name}:{line}:{column}"),
                    (false, true) => format!("{name}:{}: {}:{column}", number + 1, piece.place),
                    (false, false) => format!("{name}: {}:{column}", piece.place),
                };
                let shown =
                    if scan.show { format!("  {:?}", &piece.text[finding.span.range()]) } else { String::new() };
                report.lines.push(format!(
                    "{at}  {}  {:.2}  {} ({}){shown}",
                    finding.class,
                    finding.confidence.get(),
                    finding.detector,
                    finding.evidence.note
                ));
                let mut value = json!({
                    "document": number, "place": piece.place, "line": line, "column": column,
                    "start": finding.span.start, "end": finding.span.end, "label": finding.class.label(),
                    "score": (f64::from(finding.confidence.get()) * 1000.0).round() / 1000.0,
                    "detector": finding.detector, "evidence": finding.evidence.note
                });
                if scan.show {
                    value["text"] = piece.text[finding.span.range()].into();
                }
                report.json.push(value);
                *report.counts.entry(finding.class).or_default() += 1;
            }
        }
    }
    report
}

/// Line and column of a byte, both from 1; the column counts characters.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
}
