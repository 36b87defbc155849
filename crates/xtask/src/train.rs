//! Making the lists and weights of the tagger and the table of the guard's classifier, and proving that the shipped ones are those.

use std::path::Path;

use crate::shell::{Outcome, cargo};
use crate::{guard, place};

/// The files, and what makes each; the weights are made by a program that has the lists built in.
const FILES: [(&str, &str); 3] =
    [("gazetteer", "gazetteer.bin"), ("english", "english.crf"), ("spanish", "spanish.crf")];

/// Makes the files anew, or with `--check` in the target folder, to compare them byte by byte.
pub(crate) fn run(option: Option<&str>) -> Outcome {
    let shipped = place::root().join("crates/asepsis-phi/data");
    match option {
        None => make(&shipped).and_then(|()| guard::train(false)),
        Some("--check") => check(&shipped).and_then(|()| guard::train(true)),
        Some(other) => Err(format!("{other:?} is no option of train; there is --check")),
    }
}

fn make(folder: &Path) -> Outcome {
    let sources = place::root().join("data/training");
    for (what, file) in FILES {
        let out = folder.join(file);
        let words = ["run", "--quiet", "--release", "-p", "asepsis-corpus", "--", what];
        cargo(words.iter().map(AsRef::as_ref).chain([sources.as_os_str(), out.as_os_str()]))?;
    }
    Ok(())
}

/// Whether what is made again is what is shipped.
pub(crate) fn check(shipped: &Path) -> Outcome {
    let again = place::target().join("train");
    std::fs::create_dir_all(&again).map_err(|error| format!("cannot make {}: {error}", again.display()))?;
    make(&again)?;
    for (_, file) in FILES {
        let read =
            |folder: &Path| std::fs::read(folder.join(file)).map_err(|error| format!("cannot read {file}: {error}"));
        if read(shipped)? != read(&again)? {
            return Err(format!("{file} is not what data/training makes; run `cargo xtask train` and commit it"));
        }
        println!("{file}: the same, byte for byte");
    }
    Ok(())
}
