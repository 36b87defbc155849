//! Reads `{"id","text"}` lines and prints `{"id","spans":[{"start","end","label","score"}]}`, offsets in code points.

use std::io::{BufRead, BufWriter, Write};

use asepsis_phi::Engine;
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::new();
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line: Value = serde_json::from_str(&line?)?;
        let text = line["text"].as_str().unwrap_or_default();
        let (mut at, mut count) = (0, 0);
        let mut points = |byte: usize| {
            count += text[at..byte].chars().count();
            at = byte;
            count
        };
        let spans: Vec<Value> = engine
            .inspect_text(text)
            .iter()
            .map(|f| {
                let (start, end) = (points(f.span.start), points(f.span.end));
                json!({"start": start, "end": end, "label": f.class.label(), "score": f.confidence.get(), "detector": f.detector})
            })
            .collect();
        writeln!(out, "{}", json!({"id": line["id"], "spans": spans}))?;
    }
    out.flush()?;
    Ok(())
}
