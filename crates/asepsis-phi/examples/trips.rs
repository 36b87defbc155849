//! Reads `{"text"}` lines and prints how many texts trip the tripwire as they are and after the engine's findings were taken out,
//! each trip after that, and how many megabytes a second it reads. `--dates` looks for dates too.

use std::io::{BufRead, BufWriter, Write};
use std::time::{Duration, Instant};

use asepsis_phi::{Engine, Tripwire};
use serde_json::Value;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wire = Tripwire::new().dates(std::env::args().any(|a| a == "--dates"));
    let engine = Engine::new();
    let mut out = BufWriter::new(std::io::stdout().lock());
    let (mut texts, mut bytes, mut before, mut after, mut took) = (0, 0, 0, 0, Duration::ZERO);
    for line in std::io::stdin().lock().lines() {
        let line: Value = serde_json::from_str(&line?)?;
        let text = line["text"].as_str().unwrap_or_default();
        let (mut rest, mut at) = (String::new(), 0);
        for finding in engine.inspect_text(text) {
            rest.push_str(&text[at..finding.span.start]);
            rest.push_str("[]");
            at = finding.span.end;
        }
        rest.push_str(&text[at..]);
        let start = Instant::now();
        let trip = wire.find(&rest);
        took += start.elapsed();
        texts += 1;
        bytes += trip.map_or(rest.len(), |t| t.span.end);
        before += usize::from(wire.find(text).is_some());
        if let Some(trip) = trip {
            after += 1;
            let shown = rest
                .char_indices()
                .filter(|(i, _)| (trip.span.start.saturating_sub(40)..trip.span.end + 15).contains(i));
            writeln!(out, "{}\t{:?}", trip.class, shown.map(|(_, c)| c).collect::<String>())?;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a few digits are shown")]
    let rate = bytes as f64 / took.as_secs_f64() / 1e6;
    writeln!(out, "{texts} texts: {before} trip as they are, {after} after the engine; {rate:.0} MB/s")?;
    out.flush()?;
    Ok(())
}
