//! What the commands share that print figures: their options, where the development corpora are, and peers in Python.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::{Outcome, cargo, run, succeeds};
use crate::{place, sdk};

/// Where the development corpora are looked for, seen from the repository's root.
pub(crate) const USUAL: &str = "../shared/data";

/// What prints figures.
pub(crate) struct Figures {
    /// The word behind `cargo xtask`.
    pub(crate) command: &'static str,
    /// The arguments of `cargo` that run the program which measures.
    pub(crate) program: Vec<PathBuf>,
    /// The folder of the corpora, in or under this one.
    pub(crate) corpora: fn(&Path) -> Option<PathBuf>,
    /// A file that is there where they are.
    pub(crate) known_by: &'static str,
    /// The folder under `tests/peers` that pins the peers, and what Python has to be able to import then.
    pub(crate) peers: (&'static str, &'static str),
}

/// What is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wish {
    data: Option<PathBuf>,
    quick: bool,
    peer: bool,
}

impl Figures {
    /// Prints them: `--data DIR` says where the development corpora are, `--quick` leaves out what has to be trained first, `--peer`
    /// measures others beside us.
    pub(crate) fn show(self, options: &[String]) -> Outcome {
        let wish = Wish::read(self.command, options)?;
        let data = match &wish.data {
            Some(folder) => {
                let found = (self.corpora)(folder);
                Some(found.ok_or_else(|| format!("{}: no {} is there", folder.display(), self.known_by))?)
            }
            None => (self.corpora)(Path::new(USUAL)),
        };
        let peer = if wish.peer { Some(python_with(self.peers.0, self.peers.1)?) } else { None };
        let mut words = self.program;
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
}

impl Wish {
    fn read(command: &str, options: &[String]) -> Result<Self, String> {
        let mut wish = Self::default();
        let mut options = options.iter();
        while let Some(option) = options.next() {
            match option.as_str() {
                "--quick" => wish.quick = true,
                "--peer" => wish.peer = true,
                "--data" => wish.data = Some(options.next().ok_or("--data needs a folder")?.into()),
                other => {
                    return Err(format!(
                        "{other:?} is no option of {command}; there are --data DIR, --quick and --peer"
                    ));
                }
            }
        }
        Ok(wish)
    }
}

/// A Python that has the peers of this name, installed in the target folder in the versions that `tests/peers` pins, and can import
/// this. The archives are unpacked and nothing of theirs is run.
fn python_with(peers: &str, imports: &str) -> Result<PathBuf, String> {
    let sources = place::root().join("tests/peers").join(peers);
    let folder = place::target().join("peers").join(peers);
    let python = sdk::python_in(&folder);
    let stamp = folder.with_extension("pins");
    let pins = sources.join("requirements.txt");
    let wanted = std::fs::read_to_string(&pins).map_err(|error| format!("cannot read {}: {error}", pins.display()))?;
    let there = std::fs::read_to_string(&stamp).is_ok_and(|there| there == wanted);
    if !(there && succeeds(Command::new(&python).args(["-c", &format!("import {imports}")]))) {
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
        let read = |line: &str| Wish::read("eval", &line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let all = Wish { data: Some("there".into()), quick: true, peer: true };
        assert_eq!(read("--peer --data there --quick"), Ok(all));
        assert_eq!(read(""), Ok(Wish::default()));
        assert!(read("--data").is_err());
        assert!(read("--fast").is_err());
    }
}
