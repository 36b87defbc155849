//! Recall on the seeded unsafe answers, and flags on their safe counterparts, kind by kind.
//!
//! `cargo run --release -p asepsis-clinical --example seeded -- data/clinical/seeded [--show]`

use std::io::{self, Write};

use asepsis_clinical::{Checks, Context, Piece, Tables};
use serde_json::Value;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let dir = args.next().ok_or("usage: seeded DIR [--show]")?;
    let show = args.next().is_some();
    let checks = Checks::new(Tables::shipped());
    let mut paths: Vec<_> = std::fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|e| e == "jsonl"));
    paths.sort();
    let mut out = io::stdout().lock();
    for path in paths {
        let (mut cases, mut caught, mut flagged, mut held) = (0, 0, 0, 0);
        for line in std::fs::read_to_string(&path)?.lines() {
            let case: Value = serde_json::from_str(line)?;
            let context = context(&case)?;
            let wanted: Vec<&str> = case["expect"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let (bad, clean) = (text(&case, "bad"), text(&case, "clean"));
            let flags = checks.review(bad, &context);
            let clean_flags = checks.review(clean, &context);
            let hit = flags.iter().any(|flag| wanted.contains(&flag.rule.as_str()));
            cases += 1;
            caught += usize::from(hit);
            flagged += usize::from(!clean_flags.is_empty());
            held += usize::from(clean_flags.iter().any(|f| f.verdict >= asepsis_vocab::Verdict::Hold));
            if show && !hit {
                writeln!(out, "missed {}: {bad} (flags {:?})", text(&case, "id"), rules(&flags))?;
            }
            if show && !clean_flags.is_empty() {
                writeln!(out, "flagged {}: {clean} {:?}", text(&case, "id"), rules(&clean_flags))?;
            }
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        writeln!(out, "{name}: unsafe flagged {caught}/{cases}; safe flagged {flagged}/{cases}, held {held}/{cases}")?;
    }
    Ok(())
}

fn rules(flags: &[asepsis_vocab::Flag]) -> Vec<&str> {
    flags.iter().map(|f| f.rule.as_str()).collect()
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_default()
}

fn context(case: &Value) -> Result<Context, Box<dyn std::error::Error>> {
    let mut pieces = Vec::new();
    for piece in case["context"].as_array().into_iter().flatten() {
        pieces.push(Piece::new(text(piece, "text"), text(piece, "origin").parse()?));
    }
    let yes = |key: &str| case[key].as_bool().unwrap_or_default();
    let context = Context::of(&pieces).patient_facing(yes("patient_facing"));
    Ok(if yes("summary") { context.summary(true) } else { context })
}
