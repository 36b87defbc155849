//! Every figure of the guard, by one command; and its classifier's table.

use std::path::{Path, PathBuf};

use crate::figures::{Figures, USUAL};
use crate::place;
use crate::shell::{Outcome, cargo};

/// A file that is there where the corpora are.
const KNOWN_BY: &str = "guard/clinical-grammar.jsonl";

/// The table, seen from the repository's root.
const TABLE: &str = "data/guard/classifier.bin";

/// Prints the figures; the peers are little-canary and ai-injection-guard.
pub(crate) fn show(options: &[String]) -> Outcome {
    let mut program = lure("figures");
    program.push(".".into());
    let peers = ("guard", "little_canary, prompt_shield");
    Figures { command: "guard", program, corpora, known_by: KNOWN_BY, peers }.show(options)
}

fn lure(what: &str) -> Vec<PathBuf> {
    ["run", "--quiet", "--release", "-p", "asepsis-lure", "--", what].map(PathBuf::from).into()
}

/// The folder of the corpora, if it is one.
fn corpora(folder: &Path) -> Option<PathBuf> {
    place::root().join(folder).join(KNOWN_BY).is_file().then(|| folder.to_owned())
}

/// Makes the table anew, or with `check` in the target folder, to compare it byte by byte. Without the corpora there is nothing to
/// make it from, and that is said.
pub(crate) fn train(check: bool) -> Outcome {
    let Some(data) = corpora(Path::new(USUAL)) else {
        println!("left out: {TABLE}, because the development corpora are not in {USUAL}");
        return Ok(());
    };
    let shipped = place::root().join(TABLE);
    let out = if check { place::target().join("train/classifier.bin") } else { shipped.clone() };
    if let Some(folder) = out.parent() {
        std::fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    }
    let mut words = lure("table");
    words.extend([".".into(), data, out.clone()]);
    cargo(words)?;
    let read = |path: &Path| std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()));
    if read(&shipped)? != read(&out)? {
        return Err(format!("{TABLE} is not what its sources make; run `cargo xtask train` and commit it"));
    }
    println!("{TABLE}: the same, byte for byte");
    Ok(())
}
