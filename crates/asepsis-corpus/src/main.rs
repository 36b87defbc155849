//! Makes the lists and the weights of the tagger, and measures them.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a tool at the terminal")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use asepsis_corpus::{Corpus, Mixture, gazetteer, to_example};
use asepsis_phi::training::{Example, Options, TrainingSet};
use asepsis_phi::{Engine, Language, Profile};
use asepsis_score::{Labelled, Score, covered, read_labelled};

const USAGE: &str = "\
asepsis-corpus gazetteer SOURCES OUT              the lists, as a file
asepsis-corpus english SOURCES OUT                the English weights, as a file; the lists have to be built in already
asepsis-corpus spanish SOURCES OUT                the Spanish weights
asepsis-corpus show SOURCES COUNT                 some of the texts, with their marks
asepsis-corpus score MODEL LABELLED [PROFILE]     leak and false words of a model on a labelled text; MODEL may be
                                                  `shipped` or `rules`
asepsis-corpus rotate SOURCES LABELLED...         train on each pair of the labelled sources, measure on the others";

/// The labelled texts of the sources that the English weights are made of.
const NOTES: [&str; 4] =
    ["notes-base.jsonl", "notes-narrative.jsonl", "notes-compositional.jsonl", "notes-context.jsonl"];

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        ["gazetteer", sources, out] => {
            std::fs::write(out, gazetteer(Path::new(sources))?).with_context(|| out.to_owned())
        }
        ["english", sources, out] => {
            let sources = Path::new(sources);
            let mut labelled = Vec::new();
            for name in NOTES {
                labelled.extend(examples(&sources.join(name))?);
            }
            std::fs::write(out, train(&Corpus::read(sources)?, &labelled)).with_context(|| out.to_owned())
        }
        ["spanish", sources, out] => {
            let labelled = examples(&Path::new(sources).join("meddocan-train.jsonl"))?;
            std::fs::write(out, train_spanish(&labelled)).with_context(|| out.to_owned())
        }
        ["show", sources, count] => show(&Corpus::read(Path::new(sources))?, count.parse()?),
        ["score", model, labelled] => score(model, labelled, "balanced"),
        ["score", model, labelled, profile] => score(model, labelled, profile),
        ["rotate", sources, ref labelled @ ..] if labelled.len() > 2 => rotate(Path::new(sources), labelled),
        _ => bail!("{USAGE}"),
    }
}

fn examples(file: &Path) -> anyhow::Result<Vec<Example>> {
    Ok(read_labelled(file)?.iter().map(to_example).collect())
}

fn setting(name: &str, usual: f64) -> f64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(usual)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "settings of an experiment")]
fn train(corpus: &Corpus, labelled: &[Example]) -> Vec<u8> {
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
        prune: setting("PRUNE", 0.15) as f32,
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
fn train_spanish(labelled: &[Example]) -> Vec<u8> {
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
    set.train(options)
}

fn show(corpus: &Corpus, count: usize) -> anyhow::Result<()> {
    let mixture = Mixture { made: count, resampled: 0, general: count / 8, seed: 7 };
    corpus.compose(&[], mixture, |example| {
        let (mut out, mut at) = (String::new(), 0);
        for (span, mark) in &example.marks {
            out += &example.text[at..span.start];
            let kind = format!("{mark:?}").replace("Identifier(", "").replace(')', "");
            out += &format!("[{}|{kind}]", &example.text[span.range()]);
            at = span.end;
        }
        println!("{out}{}\n-----", &example.text[at..]);
    });
    Ok(())
}

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

fn measure(engine: &Engine, gold: &[Labelled]) -> Score {
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

fn score(model: &str, file: &str, profile: &str) -> anyhow::Result<()> {
    let engine = engine(model, profile.parse()?)?;
    if setting("ERRORS", 0.0) > 0.0 || setting("F1", 0.0) > 0.0 {
        let (p, r, f) = measure(&engine, &read_labelled(Path::new(file))?).strict_f1();
        println!("strict span and class: precision {p:.3} recall {r:.3} F1 {f:.3}");
    }
    let gold = read_labelled(Path::new(file))?;
    let score = measure(&engine, &gold);
    row(file.rsplit('/').next().unwrap_or(file), &score);
    if setting("ERRORS", 0.0) > 0.0 {
        for (label, [all, seen]) in &score.by_label {
            println!(
                "  {label:12} {seen:6} of {all:7} letters and digits visible ({:.2} %)",
                100.0 * *seen as f64 / *all as f64
            );
        }
        let top = |mut rows: Vec<(String, usize)>| {
            rows.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
            rows.truncate(setting("ERRORS", 0.0) as usize);
            rows.iter().map(|(w, n)| format!("{w:?} {n}")).collect::<Vec<_>>().join(", ")
        };
        println!("  missed: {}", top(score.missed.iter().map(|((l, v), n)| (format!("{l} {v}"), *n)).collect()));
        println!("  wrong: {}", top(score.wrong.iter().map(|((d, w), n)| (format!("{d} {w}"), *n)).collect()));
        let mut detectors = std::collections::BTreeMap::new();
        for ((detector, _), n) in &score.wrong {
            *detectors.entry(detector).or_insert(0) += n;
        }
        println!("  other: {}", top(score.other.iter().map(|((d, w), n)| (format!("{d} {w}"), *n)).collect()));
        println!("  wrong by detector: {detectors:?}");
    }
    Ok(())
}

fn rotate(sources: &Path, files: &[&str]) -> anyhow::Result<()> {
    let corpus = Corpus::read(sources)?;
    let gold: Vec<Vec<Labelled>> = files.iter().map(|f| read_labelled(Path::new(f))).collect::<Result<_, _>>()?;
    let name =
        |i: usize| PathBuf::from(files[i]).file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    for a in 0..files.len() {
        for b in a + 1..files.len() {
            let examples: Vec<Example> = gold[a].iter().chain(&gold[b]).map(to_example).collect();
            let engine = Engine::builder().model(train(&corpus, &examples)).build()?;
            println!("trained on {} and {}:", name(a), name(b));
            for c in (0..files.len()).filter(|c| *c != a && *c != b) {
                row(&format!("  {}", name(c)), &measure(&engine, &gold[c]));
            }
        }
    }
    Ok(())
}
