//! How many altered doses are flagged, and how many that stand in the visit's own dialogue.
//!
//! `cargo run --release -p asepsis-clinical --example altered -- DIR [--show]` reads `visits-unlabelled.jsonl` in DIR: notes and dialogues of
//! the same visits. The note is the answer, the dialogue the context. Every dose of the note is then changed, one at a time,
//! by x10, /10 and -100 to +100 % in steps, and the note is reviewed again: the altered dose counts as flagged if a flag
//! touches it. The same with numbers of vital signs and laboratory values; with left and right swapped, one at a time; and with
//! each "denies" or "denies any" turned into "reports" (flagged if any finding of that sentence is). Visits with an even number at the end of their id are the half that the rules were developed on.

mod crude;

use std::collections::BTreeMap;
use std::io::{self, Write};

use asepsis_clinical::{Checks, Context, Piece, Tables};
use asepsis_vocab::{Flag, Origin, Span, Verdict};
use serde_json::Value;

/// What a dose is multiplied by. 2.0 and 0.5 are plus and minus a strength, as +-30 to 100 % allows.
const FACTORS: [f64; 8] = [10.0, 0.1, 1.3, 0.7, 1.5, 0.5, 1.8, 2.0];

/// Of good statements and of altered ones: how many, and how many are flagged.
#[derive(Default)]
struct Count {
    good: usize,
    good_flagged: usize,
    altered: usize,
    caught: usize,
}

#[derive(Default)]
struct Tally {
    notes: usize,
    notes_flagged: usize,
    held: usize,
    doses: Count,
    /// The same doses by the crudest rule.
    crude: Count,
    measures: Count,
    sides: Count,
    denials: Count,
    by_factor: BTreeMap<String, (usize, usize)>,
    rules: BTreeMap<String, usize>,
}

/// A statement of a note and what it is changed to.
struct Change {
    /// What is taken out, and what is put in its place.
    span: Span,
    to: Vec<(String, String)>,
    /// Where a flag counts, in the changed note, besides the place itself.
    reach: usize,
    rules: &'static [&'static str],
}

const QUANTITIES: &[&str] = &["grounding/dose", "grounding/number", "dose/tenfold", "dose/high-alert"];

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
        tally.held += usize::from(flags.iter().any(|f| f.verdict >= Verdict::Hold));
        for flag in &flags {
            *tally.rules.entry(flag.rule.clone()).or_default() += 1;
            if shown {
                writeln!(out, "{id} {}: {}", flag.rule, around(note, flag.span))?;
            }
        }
        let said = crude::numbers(dialogue);
        for (_, value) in doses(note) {
            let missing = |value: f64| usize::from(!said.contains(&crude::thousandths(value)));
            tally.crude.good += 1;
            tally.crude.good_flagged += missing(value);
            for value in FACTORS.iter().map(|f| value * f).filter(|v| written(*v).is_some()) {
                tally.crude.altered += 1;
                tally.crude.caught += missing(value);
            }
        }
        let kinds: [(&str, Vec<Change>); 4] = [
            ("dose", numbers(&doses(note))),
            ("measure", numbers(&measures(note))),
            ("side", sides(note)),
            ("denial", denials(note)),
        ];
        for (kind, changes) in kinds {
            for change in changes {
                let mut count = Count { good: 1, ..Count::default() };
                count.good_flagged = usize::from(touched(&flags, change.span, &change));
                for (name, to) in &change.to {
                    let altered = format!("{}{to}{}", &note[..change.span.start], &note[change.span.end..]);
                    let place = Span::new(change.span.start, change.span.start + to.len());
                    let caught = touched(&checks.review(&altered, &context), place, &change);
                    count.altered += 1;
                    count.caught += usize::from(caught);
                    if kind == "dose" {
                        let row = tally.by_factor.entry(name.clone()).or_default();
                        row.0 += 1;
                        row.1 += usize::from(caught);
                    }
                    if shown && !caught {
                        writeln!(out, "{id} missed {kind} {name}: {}", around(&altered, place))?;
                    }
                }
                let of = match kind {
                    "dose" => &mut tally.doses,
                    "measure" => &mut tally.measures,
                    "side" => &mut tally.sides,
                    _ => &mut tally.denials,
                };
                of.good += count.good;
                of.good_flagged += count.good_flagged;
                of.altered += count.altered;
                of.caught += count.caught;
            }
        }
    }
    for (name, t) in ["developed on (even)", "held out (odd)"].iter().zip(&halves) {
        writeln!(out, "{name}: {} visits; notes with any flag {}, held {}", t.notes, t.notes_flagged, t.held)?;
        let crude = ("doses, number anywhere", &t.crude);
        for (what, c) in
            [("doses", &t.doses), crude, ("measures", &t.measures), ("sides", &t.sides), ("denials", &t.denials)]
        {
            let (good, caught) = (share(c.good_flagged, c.good), share(c.caught, c.altered));
            writeln!(
                out,
                "  {what}: good ones flagged {}/{} = {good:.3}; altered ones flagged {}/{} = {caught:.3}",
                c.good_flagged, c.good, c.caught, c.altered,
            )?;
        }
        let rows: Vec<_> = t.by_factor.iter().map(|(f, (n, k))| format!("{f} {:.2}", share(*k, *n))).collect();
        writeln!(out, "  doses by factor: {}", rows.join(", "))?;
        let rows: Vec<_> = t.rules.iter().map(|(rule, n)| format!("{rule} {n}")).collect();
        writeln!(out, "  flags on unaltered notes: {}", rows.join(", "))?;
    }
    Ok(())
}

/// Numbers, each to be multiplied by every factor.
fn numbers(found: &[(Span, f64)]) -> Vec<Change> {
    let change = |&(span, value): &(Span, f64)| Change {
        span,
        to: FACTORS.iter().filter_map(|f| Some((format!("x{f}"), written(value * f)?))).collect(),
        reach: 0,
        rules: QUANTITIES,
    };
    found.iter().map(change).collect()
}

/// Numbers that one of the words of vital signs and laboratory values stands before, within three words of the line.
fn measures(note: &str) -> Vec<(Span, f64)> {
    const WORDS: [&str; 17] = [
        "pressure",
        "bp",
        "rate",
        "hr",
        "temperature",
        "saturation",
        "spo2",
        "fraction",
        "a1c",
        "ldl",
        "hdl",
        "creatinine",
        "triglycerides",
        "cholesterol",
        "glucose",
        "tsh",
        "psa",
    ];
    let mut out = Vec::new();
    let mut start = 0;
    for line in note.split_inclusive('\n') {
        let mut near = 0;
        let mut at = start;
        for word in line.split_inclusive(char::is_whitespace) {
            let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
            let digits = bare.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
            if WORDS.contains(&bare.to_lowercase().as_str()) {
                near = 4;
            } else if near > 0
                && digits > 0
                && !bare.contains("/20")
                && !bare.ends_with("/6")
                && !is_counted(note, at + word.len())
            {
                let from = at + word.find(bare).unwrap_or(0);
                if let Ok(value) = bare[..digits].parse() {
                    out.push((Span::new(from, from + digits), value));
                    near = 0;
                }
            }
            near = usize::saturating_sub(near, 1);
            at += word.len();
        }
        start += line.len();
    }
    out
}

/// Whether a word follows that makes a number a count or a time.
fn is_counted(note: &str, at: usize) -> bool {
    const WORDS: [&str; 12] =
        ["month", "months", "week", "weeks", "day", "days", "hours", "minutes", "years", "times", "months.", "weeks."];
    note[at..].split_whitespace().next().is_some_and(|word| WORDS.contains(&word))
}

/// Left for right, and right for left.
fn sides(note: &str) -> Vec<Change> {
    let mut out = Vec::new();
    for (word, other) in [("left", "right"), ("right", "left"), ("Left", "Right"), ("Right", "Left")] {
        for (start, _) in note.match_indices(word) {
            let span = Span::new(start, start + word.len());
            let whole = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
            if whole(note[..start].chars().next_back()) && whole(note[span.end..].chars().next()) {
                let to = vec![("swapped".to_owned(), other.to_owned())];
                out.push(Change { span, to, reach: 24, rules: &["laterality/flipped"] });
            }
        }
    }
    out
}

/// "Denies" to "reports".
fn denials(note: &str) -> Vec<Change> {
    let mut out = Vec::new();
    for (word, other) in
        [("denies any", "reports"), ("Denies any", "Reports"), ("denies", "reports"), ("Denies", "Reports")]
    {
        for (start, _) in note.match_indices(word) {
            let rest = &note[start..];
            if !word.ends_with("any") && rest[word.len()..].starts_with(" any") {
                continue;
            }
            let reach = rest.find(['.', '\n']).unwrap_or(rest.len());
            let to = vec![("turned".to_owned(), other.to_owned())];
            out.push(Change {
                span: Span::new(start, start + word.len()),
                to,
                reach,
                rules: &["negation/flipped", "grounding/finding"],
            });
        }
    }
    out
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

fn touched(flags: &[Flag], place: Span, change: &Change) -> bool {
    let place = Span::new(place.start, place.end + change.reach);
    flags.iter().filter(|flag| change.rules.contains(&flag.rule.as_str())).any(|flag| flag.span.overlaps(place))
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
