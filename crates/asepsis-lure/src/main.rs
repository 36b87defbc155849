//! Makes the texts of the guard's tests, trains its classifier and takes its figures.

#![allow(clippy::print_stdout, reason = "a tool at the terminal")]

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use asepsis_lure::{Carrier, Disguise, Options, Part, Recipe, Second, Wish, abstracts, examples, lexicon, show};

const USAGE: &str =
    "asepsis-lure second ROOT   the texts of the second grammar as JSON lines, from the repository's root";

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["second", root] => second(Path::new(root)),
        ["table", root, data, out] => {
            let table = Recipe::read(Path::new(data), Path::new(root))?.table(Options::default());
            std::fs::write(out, table.write()).with_context(|| out.to_owned())
        }
        ["figures", root, ref options @ ..] => figures(Path::new(root), options),
        ["examples", wordnet, out] => {
            std::fs::write(out, examples(Path::new(wordnet))?).with_context(|| out.to_owned())
        }
        ["lexicon", seeds, wordnet, out] => {
            let text = std::fs::read_to_string(seeds).with_context(|| seeds.to_owned())?;
            std::fs::write(out, lexicon(&text, Path::new(wordnet))?).with_context(|| out.to_owned())
        }
        _ => bail!("{USAGE}"),
    }
}

fn second(root: &Path) -> anyhow::Result<()> {
    let abstracts = abstracts(&root.join("data/training/clinical-carriers.jsonl"), Part::Test)?;
    for sample in Second::read(&root.join("data/guard/second"), &abstracts)?.texts() {
        let line = serde_json::json!({
            "set": sample.set, "label": u8::from(sample.attack), "disguise": sample.disguise.map(Disguise::word),
            "carrier": sample.carrier.map(Carrier::word), "text": sample.text
        });
        println!("{line}");
    }
    Ok(())
}

fn figures(root: &Path, options: &[&str]) -> anyhow::Result<()> {
    let mut wish = Wish::default();
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let mut folder = || options.next().map(PathBuf::from).with_context(|| format!("{option} needs a path"));
        match *option {
            "--quick" => wish.quick = true,
            "--data" => wish.data = Some(folder()?),
            "--peer" => wish.peer = Some(folder()?),
            other => bail!("{other:?} is no option\n{USAGE}"),
        }
    }
    show(root, &wish)
}
