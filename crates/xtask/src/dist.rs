//! `cargo xtask dist`: the binary to give away, optimised for what the gateway does.
//!
//! All of the program is optimised as one piece, twice: the first build counts what runs while the benchmark, the demo and a
//! scan use it (profile-guided optimisation), the second is laid out by these counts. What runs seldom then lies apart from
//! what runs for each request, which matters where an exchange finds the processor's caches cold.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::place;
use crate::shell::{Outcome, cargo_path, run};

/// What processors are asked for: x86-64-v2 (SSE4.2, POPCNT) is in those of Intel since 2009 and of AMD since 2011, and the least that
/// current distributions of Linux run on.
const LEAST: [(&str, &str); 1] = [("x86_64", "-Ctarget-cpu=x86-64-v2")];

/// Builds it into `target/dist/asepsis`.
pub(crate) fn run_all() -> Outcome {
    let (host, merge) = (host()?, profdata()?);
    let folder = place::root().join("target/dist");
    let counts = folder.join("counts");
    let failed = |error: std::io::Error| format!("{}: {error}", counts.display());
    if counts.exists() {
        std::fs::remove_dir_all(&counts).map_err(failed)?;
    }
    std::fs::create_dir_all(&counts).map_err(failed)?;

    let counting = build(&folder.join("counting"), &host, &format!("-Cprofile-generate={}", counts.display()))?;
    run(Command::new(cargo_path()).args(["build", "--release", "-p", "asepsis-bench"]))?;
    use_it(&counting)?;
    let profile = folder.join("asepsis.profdata");
    let of_runs: Vec<PathBuf> =
        std::fs::read_dir(&counts).map_err(failed)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    if of_runs.is_empty() {
        return Err(format!("no run has left its counts in {}", counts.display()));
    }
    run(Command::new(merge).args(["merge", "-o"]).arg(&profile).args(of_runs))?;

    let built = build(&folder.join("optimised"), &host, &format!("-Cprofile-use={}", profile.display()))?;
    let to = folder.join("asepsis");
    std::fs::copy(&built, &to).map_err(|error| format!("{}: {error}", to.display()))?;
    println!(
        "{} is built; measure it with: cargo run --release -p asepsis-bench -- --binary {}",
        to.display(),
        to.display()
    );
    Ok(())
}

/// The binary of the profile `dist` with these flags.
fn build(target: &Path, host: &str, flags: &str) -> Result<PathBuf, String> {
    let least = LEAST.iter().find(|(machine, _)| host.starts_with(machine)).map_or("", |(_, flag)| flag);
    // With a target that is named, what runs while building (macros, build scripts) is built without the flags.
    run(Command::new(cargo_path())
        .args(["build", "--profile", "dist", "-p", "asepsis", "--target", host, "--target-dir"])
        .arg(target)
        .env("RUSTFLAGS", format!("{flags} {least}")))?;
    Ok(target.join(host).join("dist/asepsis"))
}

/// What the counts are of.
fn use_it(binary: &Path) -> Outcome {
    let bench = place::root().join("target/release/asepsis-bench");
    run(Command::new(bench).arg("short").arg("--binary").arg(binary))?;
    run(Command::new(binary).args(["demo", "--once"]).stdout(Stdio::null()))?;
    // It answers 1 where it finds identifiers, which these texts hold.
    let scan =
        Command::new(binary).args(["scan", "data/demo"]).current_dir(place::root()).stdout(Stdio::null()).status();
    match scan.map(|status| status.code()) {
        Ok(Some(0 | 1)) => Ok(()),
        Ok(code) => Err(format!("`asepsis scan data/demo` ended with {code:?}")),
        Err(error) => Err(format!("cannot start `asepsis scan data/demo`: {error}")),
    }
}

/// The machine that the compiler builds for.
fn host() -> Result<String, String> {
    let said = said(&["-vV"])?;
    said.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| "rustc names no host".to_owned())
}

/// The tool that adds up counts, which must be of the compiler's own LLVM.
fn profdata() -> Result<PathBuf, String> {
    let tool = Path::new(said(&["--print", "target-libdir"])?.trim()).with_file_name("bin/llvm-profdata");
    if tool.is_file() {
        return Ok(tool);
    }
    Err("llvm-profdata is not there; get it with: rustup component add llvm-tools".to_owned())
}

fn said(arguments: &[&str]) -> Result<String, String> {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(rustc).args(arguments).current_dir(place::root()).output();
    let output = output.map_err(|error| format!("cannot ask rustc: {error}"))?;
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}
