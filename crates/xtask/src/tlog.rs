//! Verifiers of transparency logs, and a witness, that are not ours: Go's `golang.org/x/mod/sumdb` with the compiler that it needs,
//! `aics-tlog`, `aics-witness` and `pymerkle` for Python.
//!
//! They are installed in `peers/tlog` of the target folder, in the versions that `tests/peers/tlog` pins; a copy of the pins
//! beside the folder says what is installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::place;
use crate::sdk::{debian, python_in};
use crate::shell::{Outcome, run, succeeds};

/// Where Debian's `golang-golang-x-mod-dev` puts Go's sources.
const GO_SOURCES: &str = "/usr/share/gocode";

/// Installs what is not there yet.
pub(crate) fn set_up() -> Outcome {
    let sources = place::root().join("tests/peers/tlog");
    let mut wanted = String::new();
    for file in ["requirements.txt", "verify.go"] {
        let path = sources.join(file);
        wanted +=
            &std::fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    }
    let folder = place::target().join("peers/tlog");
    let stamp = folder.with_extension("pins");
    let works = succeeds(Command::new(python_in(&folder)).args(["-c", "import aics_tlog, aics_witness, pymerkle"]));
    if works && std::fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    // An installation that breaks off must not look like a whole one.
    std::fs::remove_file(&stamp).ok();
    std::fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    let python = python()?;
    run(Command::new(&python).args(["-m", "venv", "--clear"]).arg(&folder))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"];
    run(Command::new(python_in(&folder)).args(pip).arg("--requirement").arg(sources.join("requirements.txt")))?;
    if !Path::new(GO_SOURCES).join("src/golang.org/x/mod/sumdb/tlog").is_dir() {
        debian(&["golang-golang-x-mod-dev"], "tlog")?;
    }
    // Without modules: nothing is fetched.
    run(Command::new(folder.join("bin/go"))
        .args(["build", "-o"])
        .arg(folder.join("verify"))
        .arg(sources.join("verify.go"))
        .envs([("GO111MODULE", "off"), ("GOPATH", GO_SOURCES), ("GOTOOLCHAIN", "local"), ("CGO_ENABLED", "0")])
        .env("GOCACHE", folder.join("cache"))
        .env("PATH", path_with(&folder.join("bin"))?))?;
    std::fs::write(&stamp, wanted).map_err(|error| format!("cannot write {}: {error}", stamp.display()))
}

fn path_with(first: &Path) -> Result<std::ffi::OsString, String> {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths([first.to_owned()].into_iter().chain(std::env::split_paths(&rest))).map_err(|e| e.to_string())
}

/// A Python of 3.12 or newer, which aics-tlog needs: on the path, or among those of pyenv.
fn python() -> Result<PathBuf, String> {
    let mut candidates: Vec<PathBuf> = ["python3", "python3.12", "python3.13", "python3.14"].map(PathBuf::from).into();
    let pyenv = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let pyenv = pyenv.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".pyenv")));
    let versions = pyenv.and_then(|root| std::fs::read_dir(root.join("versions")).ok());
    candidates.extend(versions.into_iter().flatten().flatten().map(|version| version.path().join("bin/python3")));
    let new_enough = |python: &PathBuf| {
        succeeds(Command::new(python).args(["-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))"]))
    };
    candidates.into_iter().find(new_enough).ok_or_else(|| {
        "the tests with other people's verifiers of logs need Python 3.12 or newer with venv: install one, or leave these \
         tests out with ASEPSIS_LEAVE_OUT=tlog"
            .to_owned()
    })
}
