//! Makes the lists and the weights of the tagger, and measures them.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a tool at the terminal")]

mod eval;
mod measure;
mod recipe;

use std::path::Path;

use anyhow::{Context, bail};
use asepsis_corpus::{Corpus, Mixture, gazetteer};

const USAGE: &str = "\
asepsis-corpus gazetteer SOURCES OUT              the lists, as a file
asepsis-corpus english SOURCES OUT                the English weights, as a file; the lists have to be built in already
asepsis-corpus spanish SOURCES OUT                the Spanish weights
asepsis-corpus show SOURCES COUNT                 some of the texts, with their marks
asepsis-corpus score MODEL LABELLED [PROFILE]     leak and false words of a model on a labelled text; MODEL may be
                                                  `shipped` or `rules`
asepsis-corpus rotate SOURCES LABELLED...         train on each pair of the labelled sources, measure on the others
asepsis-corpus eval [--data DIR] [--quick] [--peer PYTHON]
                                                  every figure at once, from the repository's root: see `cargo xtask eval`";

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        ["gazetteer", sources, out] => write(out, &gazetteer(Path::new(sources))?),
        ["english", sources, out] => write(out, &recipe::english(Path::new(sources))?),
        ["spanish", sources, out] => write(out, &recipe::spanish(Path::new(sources))?),
        ["show", sources, count] => show(&Corpus::read(Path::new(sources))?, count.parse()?),
        ["score", model, labelled] => measure::score(model, labelled, "balanced"),
        ["score", model, labelled, profile] => measure::score(model, labelled, profile),
        ["rotate", sources, ref labelled @ ..] if labelled.len() > 2 => {
            let files: Vec<&Path> = labelled.iter().map(Path::new).collect();
            measure::rotate(Path::new(sources), &files)
        }
        ["eval", ref options @ ..] => eval::run(options),
        _ => bail!("{USAGE}"),
    }
}

fn write(out: &str, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(out, bytes).with_context(|| out.to_owned())
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
