//! What training on a site's texts wins there, and loses on texts that the shipped weights know.
//!
//! `cargo run --release -p asepsis-phi --example site_training -- SITE.jsonl KNOWN.jsonl...`; all are labelled JSON lines. The
//! first 800 texts of the site, in an order of their ids' hashes, are for training; the rest is measured.

#![allow(clippy::print_stdout, reason = "a tool at the terminal")]

use std::error::Error;
use std::path::Path;

use asepsis_phi::training::{Example, Mark, TrainingSet, shipped};
use asepsis_phi::{Engine, Language};
use asepsis_score::{Labelled, Score, covered, read_labelled};
use asepsis_vocab::Span;

const FOR_TRAINING: usize = 800;

fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let read = |file: &String| read_labelled(Path::new(file));
    let mut site = read(files.first().ok_or("name the site's texts, and others to measure on")?)?;
    site.sort_by_cached_key(|text| {
        text.id.bytes().fold(7u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01B3).rotate_left(21))
    });
    let (training, rest) = site.split_at(FOR_TRAINING.min(site.len() / 2));
    let known: Vec<Vec<Labelled>> = files[1..].iter().map(read).collect::<Result<_, _>>()?;
    for count in [0, 100, 300, FOR_TRAINING] {
        let count = count.min(training.len());
        let mut set = TrainingSet::new(Language::English);
        training[..count].iter().for_each(|text| set.add(&example(text)));
        let builder = Engine::builder();
        let engine =
            if count == 0 { builder } else { builder.model(set.adapt(&shipped(Language::English))) }.build()?;
        println!("trained on {count}");
        for (name, texts) in files.iter().zip(std::iter::once(rest).chain(known.iter().map(Vec::as_slice))) {
            row(name.rsplit('/').next().unwrap_or(name), &engine, texts);
        }
    }
    Ok(())
}

fn row(name: &str, engine: &Engine, texts: &[Labelled]) {
    let mut score = Score::default();
    texts.iter().for_each(|text| score.add(text, &covered(&text.text, &engine.inspect_text(&text.text))));
    println!(
        "  {name:24} leak {:5.2} %  whole {:6.2} %  false words {:5.2} in 1,000  strict F1 {:.3}",
        score.leak() * 100.0,
        score.whole() * 100.0,
        score.false_words(),
        score.strict_f1().2
    );
}

/// What Safe Harbor asks for, in bytes.
fn example(text: &Labelled) -> Example {
    let bytes: Vec<usize> = text.text.char_indices().map(|(i, _)| i).chain([text.text.len()]).collect();
    let marks = text.spans.iter().filter(|span| span.req && span.start < span.end && span.end < bytes.len());
    let mut marks: Vec<(Span, Mark)> = marks
        .filter_map(|span| {
            Some((Span::new(bytes[span.start], bytes[span.end]), Mark::Identifier(span.label.parse().ok()?)))
        })
        .collect();
    marks.sort_unstable_by_key(|mark| mark.0);
    marks.dedup_by(|later, earlier| earlier.0.overlaps(later.0));
    Example { text: text.text.clone(), marks }
}
