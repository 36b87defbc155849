//! A model on labelled texts.

use std::collections::BTreeMap;
use std::path::Path;

use asepsis_corpus::{Corpus, to_example};
use asepsis_phi::training::Example;
use asepsis_phi::{Engine, Profile};
use asepsis_score::{Labelled, Score, covered, read_labelled};

use crate::recipe::{setting, train};

fn engine(model: &str, profile: Profile) -> anyhow::Result<Engine> {
    Ok(match model {
        "rules" => Engine::rules_only(),
        "shipped" => Engine::builder().profile(profile).build()?,
        file => {
            let builder = Engine::builder().profile(profile).model(std::fs::read(file)?);
            if setting("TITLES_APART", 0.0) > 0.0 { builder.titles_apart() } else { builder }.build()?
        }
    })
}

/// How well an engine does on labelled texts.
pub(crate) fn measure<'a>(engine: &Engine, gold: impl IntoIterator<Item = &'a Labelled>) -> Score {
    let mut score = Score::default();
    for text in gold {
        score.add(text, &covered(&text.text, &engine.inspect_text(&text.text)));
    }
    score
}

fn row(name: &str, score: &Score) {
    println!(
        "{name:34} leak {:5.2} %  whole {:5.2} %  false words {:5.2} in 1,000",
        score.leak() * 100.0,
        score.whole() * 100.0,
        score.false_words()
    );
}

/// Prints the score of a model on a labelled file; with ERRORS=n in the environment also its n most frequent errors.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a setting")]
pub(crate) fn score(model: &str, file: &str, profile: &str) -> anyhow::Result<()> {
    let engine = engine(model, profile.parse()?)?;
    let score = measure(&engine, &read_labelled(Path::new(file))?);
    let errors = setting("ERRORS", 0.0);
    if errors > 0.0 || setting("F1", 0.0) > 0.0 {
        let (p, r, f) = score.strict_f1();
        println!("strict span and class: precision {p:.3} recall {r:.3} F1 {f:.3}");
    }
    row(file.rsplit('/').next().unwrap_or(file), &score);
    if errors > 0.0 {
        show_errors(&score, errors as usize);
    }
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "counts")]
fn show_errors(score: &Score, most: usize) {
    for (label, [all, seen]) in &score.by_label {
        let share = 100.0 * *seen as f64 / *all as f64;
        println!("  {label:12} {seen:6} of {all:7} letters and digits visible ({share:.2} %)");
    }
    let mut detectors = BTreeMap::new();
    for ((detector, _), n) in &score.wrong {
        *detectors.entry(detector).or_insert(0) += n;
    }
    println!("  missed: {}", top(&score.missed, most));
    println!("  wrong: {}", top(&score.wrong, most));
    println!("  other: {}", top(&score.other, most));
    println!("  wrong by detector: {detectors:?}");
}

fn top(counts: &BTreeMap<(String, String), usize>, most: usize) -> String {
    let mut rows: Vec<_> = counts.iter().collect();
    rows.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    rows.truncate(most);
    rows.iter().map(|((kind, value), n)| format!("\"{kind} {value}\" {n}")).collect::<Vec<_>>().join(", ")
}

/// Trains on each pair of files and measures on the others.
pub(crate) fn rotate(sources: &Path, files: &[&Path]) -> anyhow::Result<()> {
    rotation(sources, files, |trained, measured| {
        println!("trained on {} and {}:", trained[0], trained[1]);
        for (name, score) in measured {
            row(&format!("  {name}"), &score);
        }
    })
}

/// For each pair of files: which two they are, and how well what was trained on them does on each of the others.
pub(crate) fn rotation(
    sources: &Path,
    files: &[&Path],
    mut done: impl FnMut([&str; 2], Vec<(&str, Score)>),
) -> anyhow::Result<()> {
    let corpus = Corpus::read(sources)?;
    let gold: Vec<Vec<Labelled>> = files.iter().map(|f| read_labelled(f)).collect::<Result<_, _>>()?;
    let names: Vec<&str> = files.iter().map(|f| stem(f)).collect();
    for a in 0..files.len() {
        for b in a + 1..files.len() {
            let examples: Vec<Example> = gold[a].iter().chain(&gold[b]).map(to_example).collect();
            let engine = Engine::builder().model(train(&corpus, &examples)).build()?;
            let others = (0..files.len()).filter(|c| *c != a && *c != b);
            done([names[a], names[b]], others.map(|c| (names[c], measure(&engine, &gold[c]))).collect());
        }
    }
    Ok(())
}

/// The name of a file without its folder and ending.
pub(crate) fn stem(file: &Path) -> &str {
    file.file_stem().and_then(|s| s.to_str()).unwrap_or_default()
}
