//! What reading a context of 16 KiB and reviewing an answer of 4 KiB costs on one core.
//!
//! `cargo run --release -p asepsis-clinical --example latency -- DIR` takes texts out of `visits-unlabelled.jsonl` in DIR: the context is dialogues,
//! the answer notes.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use asepsis_clinical::{Checks, Context, Piece, Tables};
use asepsis_vocab::Origin;
use serde_json::Value;

const CONTEXT: usize = 16 << 10;
const ANSWER: usize = 4 << 10;
const ROUNDS: usize = 20;
/// The best of so many counts, so that other processes on the machine do not.
const TRIES: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = std::env::args().nth(1).ok_or("usage: latency DIR")?;
    let (mut notes, mut dialogues) = (String::new(), String::new());
    for line in std::fs::read_to_string(std::path::Path::new(&dir).join("visits-unlabelled.jsonl"))?.lines() {
        let row: Value = serde_json::from_str(line)?;
        let text = row["text"].as_str().unwrap_or_default();
        let into = if row["id"].as_str().is_some_and(|id| id.ends_with("note")) { &mut notes } else { &mut dialogues };
        into.push_str(text);
        into.push('\n');
    }
    let checks = Checks::new(Tables::shipped());
    let (answers, contexts) = (pieces(&notes, ANSWER), pieces(&dialogues, CONTEXT));
    let (mut reading, mut reviewing, mut both) = (Vec::new(), Vec::new(), Vec::new());
    let mut flags = 0;
    for round in 0..ROUNDS {
        for (k, answer) in answers.iter().enumerate() {
            let given = contexts[(k + round) % contexts.len()];
            let mut best = (Duration::MAX, Duration::MAX);
            for _ in 0..TRIES {
                let start = Instant::now();
                let context = Context::of(&[Piece::new(given, Origin::Document)]);
                let read = start.elapsed();
                flags += checks.review(answer, &context).len();
                best = (best.0.min(read), best.1.min(start.elapsed() - read));
            }
            reading.push(best.0);
            reviewing.push(best.1);
            both.push(best.0 + best.1);
        }
    }
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{} answers of {ANSWER} bytes, contexts of {CONTEXT} bytes, {flags} flags, best of {TRIES} a pair",
        both.len()
    )?;
    for (name, times) in [("context", &mut reading), ("review", &mut reviewing), ("both", &mut both)] {
        times.sort_unstable();
        writeln!(out, "{name}: p50 {:?}, p99 {:?}", at(times, 50), at(times, 99))?;
    }
    Ok(())
}

fn at(sorted: &[Duration], percent: usize) -> Duration {
    sorted.get(sorted.len() * percent / 100).copied().unwrap_or_default()
}

/// The text in pieces of a length, cut at character boundaries; the rest is left out.
fn pieces(text: &str, len: usize) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text;
    while rest.len() > len {
        let mut end = len;
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        out.push(&rest[..end]);
        rest = &rest[end..];
    }
    out
}
