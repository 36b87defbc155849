//! Every figure of detection, by one command.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::{Outcome, cargo, run, succeeds};
use crate::{place, sdk};

/// Where the development corpora are looked for, seen from the repository's root.
const USUAL: &str = "../shared/data";

/// A file that is there where they are.
const KNOWN_BY: &str = "general-a.jsonl";

/// What is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wish {
    data: Option<PathBuf>,
    quick: bool,
    peer: bool,
}

/// Prints the figures: `--data DIR` says where the development corpora are, `--quick` leaves out what has to be trained first,
/// `--peer` measures Presidio beside us.
pub(crate) fn show(options: &[String]) -> Outcome {
    let wish = Wish::read(options)?;
    let data = match &wish.data {
        Some(folder) => Some(corpora(folder).ok_or_else(|| format!("{}: no {KNOWN_BY} is there", folder.display()))?),
        None => corpora(Path::new(USUAL)),
    };
    let peer = if wish.peer { Some(presidio()?) } else { None };
    let mut words: Vec<PathBuf> =
        ["run", "--quiet", "--release", "-p", "asepsis-corpus", "--", "eval"].map(PathBuf::from).into();
    if wish.quick {
        words.push("--quick".into());
    }
    for (option, value) in [("--data", data), ("--peer", peer)] {
        if let Some(value) = value {
            words.extend([option.into(), value]);
        }
    }
    cargo(words)
}

impl Wish {
    fn read(options: &[String]) -> Result<Self, String> {
        let mut wish = Self::default();
        let mut options = options.iter();
        while let Some(option) = options.next() {
            match option.as_str() {
                "--quick" => wish.quick = true,
                "--peer" => wish.peer = true,
                "--data" => wish.data = Some(options.next().ok_or("--data needs a folder")?.into()),
                other => {
                    return Err(format!("{other:?} is no option of eval; there are --data DIR, --quick and --peer"));
                }
            }
        }
        Ok(wish)
    }
}

/// The folder of the labelled files, in or under this one, seen from the repository's root.
fn corpora(folder: &Path) -> Option<PathBuf> {
    let here = [folder.to_owned(), folder.join("phi")];
    here.into_iter().find(|folder| place::root().join(folder).join(KNOWN_BY).is_file())
}

/// A Python that has Presidio's analyzer, installed in the target folder in the versions that `tests/peers` pins. The archives
/// are unpacked and nothing of theirs is run.
fn presidio() -> Result<PathBuf, String> {
    let sources = place::root().join("tests/peers/presidio");
    let folder = place::target().join("peers/presidio");
    let python = sdk::python_in(&folder);
    let stamp = folder.with_extension("pins");
    let pins = sources.join("requirements.txt");
    let wanted = std::fs::read_to_string(&pins).map_err(|error| format!("cannot read {}: {error}", pins.display()))?;
    let there = std::fs::read_to_string(&stamp).is_ok_and(|there| there == wanted);
    if !(there && succeeds(Command::new(&python).args(["-c", "import presidio_analyzer"]))) {
        // An installation that breaks off must not look like a whole one.
        std::fs::remove_file(&stamp).ok();
        std::fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        sdk::environment(&sources, &folder, &["--only-binary", ":all:", "--no-compile"])?;
        run(Command::new(&python).args(["-m", "pip", "--disable-pip-version-check", "check"]))?;
        std::fs::write(&stamp, wanted).map_err(|error| format!("cannot write {}: {error}", stamp.display()))?;
    }
    Ok(python)
}

#[cfg(test)]
mod unit {
    use super::Wish;

    fn read(line: &str) -> Result<Wish, String> {
        Wish::read(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_may_stand_in_any_order_and_unknown_ones_are_refused() {
        let all = Wish { data: Some("there".into()), quick: true, peer: true };
        assert_eq!(read("--peer --data there --quick"), Ok(all));
        assert_eq!(read(""), Ok(Wish::default()));
        assert!(read("--data").is_err());
        assert!(read("--fast").is_err());
    }
}
