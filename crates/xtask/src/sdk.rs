//! The vendors' SDKs that the tests drive: `openai` and `anthropic` for Python, `openai` for Node; and the clients of Presidio's
//! REST calls: LiteLLM with its Presidio hook, and Presidio's own anonymizer; and the peers of `asepsis-keys`.
//!
//! They are installed in the target folder, in the versions that `tests/sdk/` pins. A copy of the pins beside them says
//! what is installed; the tests and a next setup compare it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::place;
use crate::shell::{Outcome, run, succeeds};

/// Installs what is not there yet.
pub(crate) fn set_up() -> Outcome {
    install("python", &["requirements.txt"], python)?;
    install("presidio", &["requirements.txt"], unpacked)?;
    install("node", &["package.json", "package-lock.json"], node)
}

/// Installs the peers of `asepsis-keys`.
pub(crate) fn set_up_keys() -> Outcome {
    install("keys", &["requirements.txt"], keys)
}

/// Installs pydicom, which writes and reads DICOM files.
pub(crate) fn set_up_dicom() -> Outcome {
    install("dicom", &["requirements.txt"], unpacked)
}

/// Installs one set of packages in a folder of its own, unless it is there in the pinned versions.
pub(crate) fn install(name: &str, pins: &[&str], how: fn(&Path, &Path) -> Outcome) -> Outcome {
    let sources = place::root().join("tests/sdk").join(name);
    let mut wanted = String::new();
    for file in pins {
        let path = sources.join(file);
        wanted +=
            &std::fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    }
    let folder = place::target().join("sdk").join(name);
    let stamp = folder.with_extension("pins");
    if std::fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) && works(name, &folder) {
        return Ok(());
    }
    // Nothing of another version may stay, and an installation that breaks off must not look like a whole one.
    for result in [std::fs::remove_file(&stamp), std::fs::remove_dir_all(&folder)] {
        match result {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(format!("cannot clear {}: {error}", folder.display()));
            }
            _ => {}
        }
    }
    std::fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    how(&sources, &folder)?;
    std::fs::write(&stamp, wanted).map_err(|error| format!("cannot write {}: {error}", stamp.display()))
}

/// Whether what is installed still runs: the interpreter that it was made with may be gone.
fn works(name: &str, folder: &Path) -> bool {
    let finds = |modules: &str| {
        let look = format!("import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, {modules})))");
        succeeds(Command::new(python_in(folder)).args(["-c", &look]))
    };
    match name {
        "python" => finds("['openai', 'anthropic']"),
        "dicom" => finds("['pydicom']"),
        "presidio" => finds("['litellm', 'presidio_anonymizer']"),
        "keys" => finds("['moto', 'flask', 'hvac']") && missing_programs().is_empty(),
        "audit" => crate::audit::works(folder),
        "people" => crate::people::works(folder),
        _ => succeeds(Command::new("node").arg("--version")) && folder.join("node_modules/openai").is_dir(),
    }
}

/// The interpreter of a Python environment.
pub(crate) fn python_in(folder: &Path) -> PathBuf {
    folder.join("bin/python")
}

fn python(sources: &Path, folder: &Path) -> Outcome {
    environment(sources, folder, &[])?;
    run(Command::new(python_in(folder)).args(["-m", "pip", "--disable-pip-version-check", "check"]))
}

/// LiteLLM names more dependencies than its Presidio hook imports; these are left out, so that there is nothing to check. The
/// archives are unpacked and nothing of theirs is run.
fn unpacked(sources: &Path, folder: &Path) -> Outcome {
    environment(sources, folder, &["--only-binary", ":all:", "--no-compile"])
}

/// Peers of `asepsis-keys`: moto, which imitates AWS's key service, hvac, a client of Transit, and the programs `age` and
/// SoftHSM.
fn keys(sources: &Path, folder: &Path) -> Outcome {
    environment(sources, folder, &["--only-binary", ":all:", "--no-compile"])?;
    match missing_programs().as_slice() {
        [] => Ok(()),
        missing => debian(missing, "keys"),
    }
}

/// Debian's packages of what the tests of `asepsis-keys` drive and is not there.
fn missing_programs() -> Vec<&'static str> {
    let there = |program: &str| succeeds(Command::new(program).arg("--version"));
    [("age", "age"), ("softhsm2-util", "softhsm2")]
        .into_iter()
        .filter(|(program, _)| !there(program))
        .map(|(_, package)| package)
        .collect()
}

/// A Python environment with exactly the pinned packages.
pub(crate) fn environment(sources: &Path, folder: &Path, options: &[&str]) -> Outcome {
    let make = |folder: &Path| {
        let mut command = Command::new("python3");
        command.args(["-m", "venv", "--clear"]).arg(folder);
        command
    };
    // Debian splits the module that fills a new environment off from Python.
    if !succeeds(&mut make(folder)) {
        debian(&["python3", "python3-venv"], "sdk")?;
        run(&mut make(folder))?;
    }
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"];
    let requirements = sources.join("requirements.txt");
    run(Command::new(python_in(folder)).args(pip).args(options).arg("--requirement").arg(requirements))
}

fn node(sources: &Path, folder: &Path) -> Outcome {
    npm_ci(sources, folder)
}

/// The pinned packages of npm, in `node_modules` of the folder. Nothing of theirs is run.
pub(crate) fn npm_ci(sources: &Path, folder: &Path) -> Outcome {
    let there = |program: &str| succeeds(Command::new(program).arg("--version"));
    let missing: Vec<&str> = [("node", "nodejs"), ("npm", "npm")]
        .into_iter()
        .filter(|(program, _)| !there(program))
        .map(|(_, package)| package)
        .collect();
    if !missing.is_empty() {
        debian(&missing, "sdk")?;
    }
    for file in ["package.json", "package-lock.json", ".npmrc"] {
        std::fs::copy(sources.join(file), folder.join(file)).map_err(|error| format!("cannot copy {file}: {error}"))?;
    }
    run(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(folder))
}

/// Installs packages where this is a Debian and we may. `tests` is the word that leaves the tests that need them out.
pub(crate) fn debian(packages: &[&str], tests: &str) -> Outcome {
    let root = Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout.trim_ascii() == b"0");
    let names = packages.join(" ");
    if !root || !succeeds(Command::new("apt-get").arg("--version")) {
        return Err(format!(
            "the tests need {names} (Debian's names of the packages): install them, or leave these tests out with \
             ASEPSIS_LEAVE_OUT={tests}"
        ));
    }
    // A mirror that is not there must not hold everything up.
    let bounded = ["-o", "Acquire::http::Timeout=30", "-o", "Acquire::https::Timeout=30", "-o", "Acquire::Retries=1"];
    run(Command::new("apt-get").args(["update", "--quiet"]).args(bounded))?;
    let install = ["install", "--quiet", "--yes", "--no-install-recommends"];
    run(Command::new("apt-get").args(install).args(bounded).args(packages).env("DEBIAN_FRONTEND", "noninteractive"))
}
