//! `--jsonl`: a line out for each line in, in the same order.

use std::fmt::Write as _;

use asepsis_guard::{Guard, Report};

use super::{calibrate, packs};
use crate::args::GuardScan;
use crate::batch::{self, Line};

pub(super) fn run(scan: &GuardScan) -> anyhow::Result<u8> {
    let guard = Guard::new(packs::of(&scan.packs)?, calibrate::thresholds(&scan.thresholds)?);
    let work = |line: Line| report_line(&line, &guard.inspect_document(&line.text, scan.channel));
    batch::answer_lines(work)?;
    Ok(0)
}

/// `{"id","score","verdict","flags":[{"start","end","rule","verdict"}]}`, offsets in Unicode code points.
fn report_line(line: &Line, report: &Report) -> String {
    let mut text =
        format!("{{\"id\":{},\"score\":{:.4},\"verdict\":\"{}\",\"flags\":[", line.id, report.score, report.verdict);
    let points = Points::of(&line.text, report);
    for (i, flag) in report.flags.iter().enumerate() {
        let comma = if i > 0 { "," } else { "" };
        let (start, end) = (points.at(flag.span.start), points.at(flag.span.end));
        // Rules have names of plain letters.
        let _ = write!(
            text,
            "{comma}{{\"start\":{start},\"end\":{end},\"rule\":\"{}\",\"verdict\":\"{}\"}}",
            flag.rule, flag.verdict
        );
    }
    text.push_str("]}\n");
    text
}

/// Offsets in bytes as offsets in code points, counted in one walk.
struct Points(Vec<(usize, usize)>);

impl Points {
    fn of(text: &str, report: &Report) -> Self {
        let mut bytes: Vec<usize> = report.flags.iter().flat_map(|f| [f.span.start, f.span.end]).collect();
        bytes.sort_unstable();
        bytes.dedup();
        let (mut at, mut points) = (0, 0);
        let of = bytes.into_iter().map(|byte| {
            points += text.get(at..byte).map_or(0, |t| t.chars().count());
            at = byte;
            (byte, points)
        });
        Self(of.collect())
    }

    fn at(&self, byte: usize) -> usize {
        self.0.binary_search_by_key(&byte, |(b, _)| *b).map_or(0, |i| self.0[i].1)
    }
}
