//! Running every test.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::shell::{Outcome, cargo_path, shown};
use crate::{audit, place, sdk, tlog};

/// What all test programs together said.
#[derive(Default)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
    /// What was left out, and why.
    left_out: Vec<String>,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for what in &self.left_out {
            writeln!(f, "left out: {what}")?;
        }
        if self.left_out.is_empty() {
            writeln!(f, "left out: nothing")?;
        }
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.ignored)
    }
}

/// Installs what is needed, runs every test, and says at the end what was left out.
pub(crate) fn show() -> Outcome {
    let tally = run()?;
    println!("{tally}");
    Ok(())
}

/// Installs what is needed and runs every test.
pub(crate) fn run() -> Result<Tally, String> {
    let mut tally = Tally::default();
    let asked = std::env::var("ASEPSIS_LEAVE_OUT").unwrap_or_default();
    if asked.split(',').any(|what| what.trim() == "sdk") {
        tally.left_out.push(format!("the tests with the vendors' SDKs, because ASEPSIS_LEAVE_OUT={asked} is set"));
    } else {
        sdk::set_up()?;
    }
    if asked.split(',').any(|what| what.trim() == "tlog") {
        tally.left_out.push(format!("other people's verifiers of logs, because ASEPSIS_LEAVE_OUT={asked} is set"));
    } else {
        tlog::set_up()?;
    }
    if asked.split(',').any(|what| what.trim() == "audit") {
        tally.left_out.push(format!(
            "the tests with validators and receivers of audit exports, because ASEPSIS_LEAVE_OUT={asked} is set"
        ));
    } else {
        audit::set_up()?;
    }
    let mut command = Command::new(cargo_path());
    // All programs, also behind one that fails: who reads the log wants to know all of it.
    command.args(["test", "--workspace", "--no-fail-fast"]).current_dir(place::root());
    println!("+ {}", shown(&command));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start `{}`: {error}", shown(&command)))?;
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()).map_while(Result::ok) {
        tally.add(&line);
        println!("{line}");
    }
    let status = child.wait().map_err(|error| format!("cannot wait for the tests: {error}"))?;
    if tally.ignored > 0 {
        tally
            .left_out
            .push(format!("{} tests that are marked as ignored, for the reason that each names", tally.ignored));
    }
    if !status.success() {
        return Err(format!("the tests failed ({status})\n{tally}"));
    }
    if tally.passed == 0 {
        return Err("no test ran".to_owned());
    }
    Ok(tally)
}

impl Tally {
    /// Adds a line like `test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.10s`.
    fn add(&mut self, line: &str) {
        let Some((_, counts)) = line.split_once("test result: ").and_then(|(_, rest)| rest.split_once(". ")) else {
            return;
        };
        for count in counts.split(';') {
            let mut words = count.split_whitespace();
            let (Some(number), Some(what)) = (words.next().and_then(|n| n.parse::<u64>().ok()), words.next()) else {
                continue;
            };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod unit {
    use super::Tally;

    #[test]
    fn the_lines_of_all_test_programs_are_added_up() {
        let mut tally = Tally::default();
        tally.add("running 13 tests");
        tally.add("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.10s");
        tally.add("test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s");
        assert_eq!((tally.passed, tally.failed, tally.ignored), (14, 1, 1));
    }
}
