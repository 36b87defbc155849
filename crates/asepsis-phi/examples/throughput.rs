//! Prints how many megabytes a second one core inspects: of standard input where it holds text, else of a sample.

use std::io::{IsTerminal, Read, Write};
use std::time::Instant;

use asepsis_phi::Engine;

const SAMPLE: &str = "Patient: Anna Reed, DOB 04/12/1950, MRN 0048213. Seen by Dr. Alvarez at Silvergrove Regional Hospital on \
    13 Jul 2024. BP 128/76, HR 88, Na 138 mmol/L. Continue metformin 500 mg twice daily for 14 days. Lives at 12 Rose \
    Street, Everfield, RI 12433; call (401) 555-0131 with the result.\n";

fn main() -> std::io::Result<()> {
    let mut text = String::new();
    if !std::io::stdin().is_terminal() {
        std::io::stdin().read_to_string(&mut text)?;
    }
    if text.is_empty() {
        text = SAMPLE.repeat(4_000);
    }
    let engine = Engine::new();
    let (mut best, mut found) = (f64::INFINITY, 0);
    for _ in 0..5 {
        let start = Instant::now();
        found = text.split_inclusive("\n\n\n").map(|d| engine.inspect_text(d).len()).sum();
        best = best.min(start.elapsed().as_secs_f64());
    }
    let rate = text.len() as f64 / best / 1e6;
    writeln!(std::io::stdout(), "{rate:.1} MB/s, {} bytes, {found} findings, one core, best of five", text.len())
}
