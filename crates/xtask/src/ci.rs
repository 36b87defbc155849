//! All that a change must hold to.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::shell::{Outcome, cargo, cargo_path, run, succeeds, succeeds_within};
use crate::tests::{self, Tally};
use crate::{place, train};

/// The release of cargo-deny that is installed where none is there.
const DENY: &str = "0.20.2";

/// How long the advisory database may take to come. Without it nothing is decided: it is left out, and said so.
const ADVISORIES: Duration = Duration::from_secs(120);

/// Tests, then formatting, lints, licences, whether the weights are what their sources make, and documentation.
pub(crate) fn run_all() -> Outcome {
    let tally = tests::run()?;
    cargo(["fmt", "--all", "--check"])?;
    cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    dependencies()?;
    train::run(Some("--check"))?;
    run(Command::new(cargo_path()).args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))?;
    summary(&tally);
    Ok(())
}

fn summary(tally: &Tally) {
    // Last, so that who reads only the end of a long log still sees whether the tests held.
    println!("{tally}");
}

/// Licences, bans and sources of all dependencies, and known vulnerabilities where the database can be had.
fn dependencies() -> Outcome {
    let deny = deny()?;
    let check = |what: &[&str]| run(Command::new(&deny).args(["--all-features", "check"]).args(what));
    check(&["licenses", "bans", "sources"])?;
    if succeeds_within(ADVISORIES, Command::new(&deny).args(["fetch", "db"]).current_dir(place::root())) {
        check(&["advisories"])
    } else {
        println!(
            "left out: the check against known vulnerabilities, because the advisory database cannot be fetched here"
        );
        Ok(())
    }
}

/// cargo-deny, installed in the target folder where there is none.
fn deny() -> Result<PathBuf, String> {
    let usual = PathBuf::from("cargo-deny");
    if succeeds(Command::new(&usual).arg("--version")) {
        return Ok(usual);
    }
    let tools = place::target().join("tools");
    let own = tools.join("bin/cargo-deny");
    let there = Command::new(&own).arg("--version").output();
    if !there.is_ok_and(|o| String::from_utf8_lossy(&o.stdout).trim() == format!("cargo-deny {DENY}")) {
        // It runs for seconds: optimised it takes four times as long to build.
        let install = ["install", "--locked", "--quiet", "--debug", "--version", DENY, "--root"];
        let mut install_it = Command::new(cargo_path());
        install_it.args(install).arg(&tools).arg("cargo-deny");
        run(install_it.env("CARGO_PROFILE_DEV_DEBUG", "false").env("CARGO_INCREMENTAL", "false"))?;
    }
    Ok(own)
}
