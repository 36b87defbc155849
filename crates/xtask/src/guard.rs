//! Every figure of the guard, by one command; and its classifier's table.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::{Outcome, cargo, run, succeeds};
use crate::{place, sdk};

/// Where the development corpora are looked for, seen from the repository's root.
const USUAL: &str = "../shared/data";

/// A file that is there where they are.
const KNOWN_BY: &str = "guard/clinical-grammar.jsonl";

/// The table, seen from the repository's root.
const TABLE: &str = "data/guard/classifier.bin";

/// What is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wish {
    data: Option<PathBuf>,
    quick: bool,
    peer: bool,
}

/// Prints the figures: `--data DIR` says where the development corpora are, `--quick` leaves out what has to be trained first,
/// `--peer` measures others beside us.
pub(crate) fn show(options: &[String]) -> Outcome {
    let wish = Wish::read(options)?;
    let data = match &wish.data {
        Some(folder) => Some(corpora(folder).ok_or_else(|| format!("{}: no {KNOWN_BY} is there", folder.display()))?),
        None => corpora(Path::new(USUAL)),
    };
    let peer = if wish.peer { Some(set_up()?) } else { None };
    let mut words: Vec<PathBuf> = lure("figures");
    words.push(".".into());
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
                    return Err(format!("{other:?} is no option of guard; there are --data DIR, --quick and --peer"));
                }
            }
        }
        Ok(wish)
    }
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

/// A Python that has the peers, installed in the target folder in the versions that `tests/peers` pins. The archives are unpacked
/// and nothing of theirs is run.
fn set_up() -> Result<PathBuf, String> {
    let sources = place::root().join("tests/peers/guard");
    let folder = place::target().join("peers/guard");
    let python = sdk::python_in(&folder);
    let stamp = folder.with_extension("pins");
    let pins = sources.join("requirements.txt");
    let wanted = std::fs::read_to_string(&pins).map_err(|error| format!("cannot read {}: {error}", pins.display()))?;
    let there = std::fs::read_to_string(&stamp).is_ok_and(|there| there == wanted);
    if !(there && succeeds(Command::new(&python).args(["-c", "import little_canary, prompt_shield"]))) {
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

    #[test]
    fn options_may_stand_in_any_order_and_unknown_ones_are_refused() {
        let read = |line: &str| Wish::read(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(
            read("--peer --data there --quick"),
            Ok(Wish { data: Some("there".into()), quick: true, peer: true })
        );
        assert_eq!(read(""), Ok(Wish::default()));
        assert!(read("--data").is_err());
        assert!(read("--fast").is_err());
    }
}
