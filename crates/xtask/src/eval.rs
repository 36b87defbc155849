//! Every figure of detection, by one command.

use std::path::{Path, PathBuf};

use crate::figures::Figures;
use crate::place;
use crate::shell::Outcome;

/// A file that is there where the corpora are.
const KNOWN_BY: &str = "general-a.jsonl";

/// Prints the figures; the peer is Presidio.
pub(crate) fn show(options: &[String]) -> Outcome {
    let program = ["run", "--quiet", "--release", "-p", "asepsis-corpus", "--", "eval"].map(PathBuf::from).into();
    let peers = ("presidio", "presidio_analyzer");
    Figures { command: "eval", program, corpora, known_by: KNOWN_BY, peers }.show(options)
}

/// The folder of the labelled files, in or under this one, seen from the repository's root.
fn corpora(folder: &Path) -> Option<PathBuf> {
    let here = [folder.to_owned(), folder.join("phi")];
    here.into_iter().find(|folder| place::root().join(folder).join(KNOWN_BY).is_file())
}
