//! How many altered doses are flagged, and how many that stand in the visit's own dialogue.
//!
//! `cargo run --release -p asepsis-clinical --example altered -- DIR [--show]` reads `visits-unlabelled.jsonl` in DIR: notes and dialogues of
//! the same visits. The note is the answer, the dialogue the context. Every dose of the note is then changed, one at a time,
//! by x10, /10 and -100 to +100 % in steps, and the note is reviewed again: the altered dose counts as flagged if a flag
//! touches it. Visits with an even number at the end of their id are the half that the rules were developed on.

use std::collections::BTreeMap;
use std::io::{self, Write};

use asepsis_clinical::{Checks, Context, Piece, Tables};
use asepsis_vocab::{Flag, Origin, Span};
use serde_json::Value;

/// What a dose is multiplied by. 2.0 and 0.5 are plus and minus a strength, as +-30 to 100 % allows.
const FACTORS: [f64; 8] = [10.0, 0.1, 1.3, 0.7, 1.5, 0.5, 1.8, 2.0];

#[derive(Default)]
struct Tally {
    doses: usize,
    doses_flagged: usize,
    altered: usize,
    caught: usize,
    notes: usize,
    notes_flagged: usize,
    by_factor: BTreeMap<String, (usize, usize)>,
    rules: BTreeMap<String, usize>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let dir = args.next().ok_or("usage: altered DIR [--show even|odd]")?;
    let show = args.nth(1);
    let text = std::fs::read_to_string(std::path::Path::new(&dir).join("visits-unlabelled.jsonl"))?;
    let mut visits: BTreeMap<String, [String; 2]> = BTreeMap::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line)?;
        let (id, text) = (row["id"].as_str().unwrap_or_default(), row["text"].as_str().unwrap_or_default());
        let (visit, kind) = id.rsplit_once('-').ok_or("an id without a kind")?;
        visits.entry(visit.to_owned()).or_default()[usize::from(kind == "dialogue")] = text.to_owned();
    }
    let checks = Checks::new(Tables::shipped());
    let mut halves = [Tally::default(), Tally::default()];
    let mut out = io::stdout().lock();
    for (id, [note, dialogue]) in &visits {
        let half = usize::from(id.bytes().last().is_some_and(|b| (b - b'0') % 2 == 1));
        let shown = show.as_deref().is_some_and(|s| s == ["even", "odd"][half]);
        let context = Context::of(&[Piece::new(dialogue, Origin::Document)]);
        let flags = checks.review(note, &context);
        let tally = &mut halves[half];
        tally.notes += 1;
        tally.notes_flagged += usize::from(!flags.is_empty());
        for flag in &flags {
            *tally.rules.entry(flag.rule.clone()).or_default() += 1;
            if shown {
                writeln!(out, "{id} {}: {}", flag.rule, around(note, flag.span))?;
            }
        }
        for (span, value) in doses(note) {
            tally.doses += 1;
            let good = touched(&flags, span);
            tally.doses_flagged += usize::from(good);
            for factor in FACTORS {
                let Some(changed) = written(value * factor) else { continue };
                let altered = format!("{}{changed}{}", &note[..span.start], &note[span.end..]);
                let place = Span::new(span.start, span.start + changed.len());
                let caught = touched(&checks.review(&altered, &context), place);
                tally.altered += 1;
                tally.caught += usize::from(caught);
                let row = tally.by_factor.entry(format!("x{factor}")).or_default();
                row.0 += 1;
                row.1 += usize::from(caught);
                if shown && !caught {
                    writeln!(out, "{id} missed x{factor}: {}", around(&altered, place))?;
                }
            }
        }
    }
    for (name, t) in ["developed on (even)", "held out (odd)"].iter().zip(&halves) {
        writeln!(
            out,
            "{name}: {} visits; good doses flagged {}/{} = {:.3}; altered doses flagged {}/{} = {:.3}; notes with any flag {}",
            t.notes,
            t.doses_flagged,
            t.doses,
            share(t.doses_flagged, t.doses),
            t.caught,
            t.altered,
            share(t.caught, t.altered),
            t.notes_flagged,
        )?;
        let rows: Vec<_> = t.by_factor.iter().map(|(f, (n, k))| format!("{f} {:.2}", share(*k, *n))).collect();
        writeln!(out, "  by factor: {}", rows.join(", "))?;
        let rows: Vec<_> = t.rules.iter().map(|(rule, n)| format!("{rule} {n}")).collect();
        writeln!(out, "  flags on unaltered notes: {}", rows.join(", "))?;
    }
    Ok(())
}

/// The numbers of doses and volumes in a note, found without the crate under test: digits before a unit of mass, volume or
/// activity that is not a concentration.
fn doses(note: &str) -> Vec<(Span, f64)> {
    const UNITS: [&str; 13] =
        ["mg", "mcg", "g", "ml", "units", "unit", "iu", "meq", "milligrams", "milligram", "micrograms", "grams", "cc"];
    let bytes = note.as_bytes();
    let mut out = Vec::new();
    let mut i = 0;
    while i < bytes.len() {
        if !bytes[i].is_ascii_digit()
            || i > 0 && (bytes[i - 1].is_ascii_alphanumeric() || matches!(bytes[i - 1], b'.' | b'/' | b'-'))
        {
            i += 1;
            continue;
        }
        let start = i;
        while i < bytes.len()
            && (bytes[i].is_ascii_digit()
                || matches!(bytes[i], b'.' | b',') && bytes.get(i + 1).is_some_and(u8::is_ascii_digit))
        {
            i += 1;
        }
        let rest = note[i..].trim_start_matches([' ', '-']);
        let unit: String = rest.chars().take_while(char::is_ascii_alphabetic).collect();
        let level = rest[unit.len()..].starts_with('/');
        if UNITS.contains(&unit.to_lowercase().as_str())
            && !level
            && let Ok(value) = note[start..i].replace(',', "").parse()
        {
            out.push((Span::new(start, i), value));
        }
    }
    out
}

/// The number as a note would write it: at most three decimals, no trailing zeros.
fn written(value: f64) -> Option<String> {
    let rounded = (value * 1000.0).round() / 1000.0;
    (rounded > 0.0).then(|| format!("{rounded}"))
}

fn touched(flags: &[Flag], span: Span) -> bool {
    flags
        .iter()
        .filter(|flag| {
            flag.rule.starts_with("grounding/") || flag.rule == "dose/tenfold" || flag.rule == "dose/high-alert"
        })
        .any(|flag| flag.span.overlaps(span))
}

fn around(text: &str, span: Span) -> String {
    let mut start = span.start.saturating_sub(60);
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = (span.end + 30).min(text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    let (a, b, c) = (&text[start..span.start], &text[span.start..span.end], &text[span.end..end]);
    format!("{a}>>{b}<<{c}").replace('\n', " / ")
}

fn share(part: usize, of: usize) -> f64 {
    part as f64 / of.max(1) as f64
}
