//! `--jsonl`: a line out for each line in, in the same order.

use asepsis_phi::{Engine, KnownPhi, Segment};
use asepsis_vocab::Finding;

use crate::batch::{self, Line};

pub(super) fn run(engine: &Engine, known: &KnownPhi) -> anyhow::Result<u8> {
    let work = |line: Line| {
        let segment = Segment { text: &line.text, field: None };
        let findings = engine.inspect(&[segment], known).pop().unwrap_or_default();
        spans_line(&line, &findings)
    };
    batch::answer_lines(work)?;
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
