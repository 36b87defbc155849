//! How the shipped weights are made, and those of a rotation.

use std::path::Path;
use std::time::Instant;

use asepsis_corpus::{Corpus, Mixture, to_example};
use asepsis_phi::Language;
use asepsis_phi::training::{Example, Options, TrainingSet};
use asepsis_score::read_labelled;

/// The labelled texts that the English weights are made of.
pub(crate) const NOTES: [&str; 4] =
    ["notes-base.jsonl", "notes-narrative.jsonl", "notes-compositional.jsonl", "notes-context.jsonl"];

/// How many texts of each of [`NOTES`] are under `data/training`: the first so many of the whole file.
pub(crate) const SEEN: usize = 350;

/// A setting of an experiment, from the environment.
pub(crate) fn setting(name: &str, usual: f64) -> f64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(usual)
}

/// A labelled file as texts to learn from.
pub(crate) fn examples(file: &Path) -> anyhow::Result<Vec<Example>> {
    Ok(read_labelled(file)?.iter().map(to_example).collect())
}

/// The English weights, from the lists and texts of `sources`.
pub(crate) fn english(sources: &Path) -> anyhow::Result<Vec<u8>> {
    let mut labelled = Vec::new();
    for name in NOTES {
        labelled.extend(examples(&sources.join(name))?);
    }
    Ok(train(&Corpus::read(sources)?, &labelled))
}

/// English weights from made texts and these labelled ones.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "settings of an experiment")]
pub(crate) fn train(corpus: &Corpus, labelled: &[Example]) -> Vec<u8> {
    let mixture = Mixture {
        made: setting("MADE", 24_000.0) as usize,
        resampled: setting("RESAMPLED", 2_500.0) as usize,
        general: setting("GENERAL", 6_000.0) as usize,
        seed: 20_261_125,
    };
    let options = Options {
        epochs: setting("EPOCHS", 5.0) as u32,
        rate: setting("RATE", 0.2) as f32,
        least: setting("LEAST", 3.0) as u32,
        prune: setting("PRUNE", 0.3) as f32,
        dropout: setting("DROPOUT", 0.1) as f32,
        ..Options::default()
    };
    let began = Instant::now();
    let mut set = TrainingSet::new(Language::English);
    corpus.compose(labelled, mixture, |example| set.add(example));
    eprintln!("{} tokens read in {:.1} s", set.tokens(), began.elapsed().as_secs_f32());
    let began = Instant::now();
    let model = set.train(options);
    eprintln!("trained in {:.1} s: {} bytes", began.elapsed().as_secs_f32(), model.len());
    model
}

/// Spanish has annotated texts enough to learn from them alone.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "settings of an experiment")]
pub(crate) fn spanish(sources: &Path) -> anyhow::Result<Vec<u8>> {
    let labelled = examples(&sources.join("meddocan-train.jsonl"))?;
    let mut set = TrainingSet::new(Language::Spanish);
    labelled.iter().for_each(|example| set.add(example));
    let options = Options {
        epochs: setting("EPOCHS", 12.0) as u32,
        rate: setting("RATE", 0.2) as f32,
        least: setting("LEAST", 1.0) as u32,
        prune: setting("PRUNE", 0.12) as f32,
        dropout: setting("DROPOUT", 0.15) as f32,
        ..Options::default()
    };
    Ok(set.train(options))
}
