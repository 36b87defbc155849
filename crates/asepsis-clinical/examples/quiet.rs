//! What is flagged in texts that are compared with themselves: nothing of grounding, denials and sides should be; what else is
//! flagged (abbreviations, bounds, advice) shows how often these rules speak on ordinary text.
//!
//! `cargo run --release -p asepsis-clinical --example quiet -- FILE.jsonl... [--show RULE]` reads lines with `text`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use asepsis_clinical::{Checks, Context, Piece, Tables};
use asepsis_vocab::{Origin, Verdict};
use serde_json::Value;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut files: Vec<String> = std::env::args().skip(1).collect();
    let show = files.iter().position(|arg| arg == "--show").map(|at| files.split_off(at)).and_then(|mut a| a.pop());
    let checks = Checks::new(Tables::shipped());
    let mut out = io::stdout().lock();
    for file in files {
        let (mut texts, mut flagged, mut held) = (0, 0, 0);
        let mut rules: BTreeMap<String, usize> = BTreeMap::new();
        for line in std::fs::read_to_string(&file)?.lines() {
            let row: Value = serde_json::from_str(line)?;
            if row["label"].as_i64() == Some(1) {
                continue;
            }
            let text = row["text"].as_str().unwrap_or_default();
            let flags = checks.review(text, &Context::of(&[Piece::new(text, Origin::Document)]));
            texts += 1;
            flagged += usize::from(!flags.is_empty());
            held += usize::from(flags.iter().any(|flag| flag.verdict >= Verdict::Hold));
            for flag in flags {
                if show.as_ref() == Some(&flag.rule) {
                    let (from, to) = (
                        text.floor_char_boundary(flag.span.start.saturating_sub(70)),
                        text.ceil_char_boundary(flag.span.end + 40),
                    );
                    writeln!(out, "{}", text[from..to].replace('\n', " / "))?;
                }
                *rules.entry(flag.rule).or_default() += 1;
            }
        }
        writeln!(out, "{file}: {texts} texts, flagged {flagged}, held {held}")?;
        for (rule, n) in rules {
            writeln!(out, "  {rule} {n}")?;
        }
    }
    Ok(())
}
