//! Running every test.

pub(crate) mod programs;

use std::fmt;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use crate::shell::{Outcome, cargo_path};
use crate::{audit, backup, clock, people, place, postgres, proof, sdk, tlog};

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

/// The variable whose words leave tests out.
const LEAVE_OUT: &str = "ASEPSIS_LEAVE_OUT";

/// What tests drive that is not ours: the word that leaves them out, what that is, and how it is installed.
type Peer = (&'static str, &'static str, fn() -> Outcome);

const PEERS: [Peer; 10] = [
    ("sdk", "the tests with the vendors' SDKs and clients of Presidio", sdk::set_up),
    ("keys", "the tests of keys with other people's programs", sdk::set_up_keys),
    ("dicom", "the tests with DICOM files that another program wrote", sdk::set_up_dicom),
    ("tlog", "the tests with other people's verifiers of logs and their witness", tlog::set_up),
    ("audit", "the tests with validators and receivers of audit exports", audit::set_up),
    ("postgres", "the tests with a PostgreSQL server", postgres::set_up),
    ("backup", "the tests with other people's backup tools", backup::set_up),
    ("people", "the tests of who asks with an identity provider, a judge of passkeys and a browser", people::set_up),
    ("proof", "the proofs about policies", proof::set_up),
    ("clock", "the tests with a clock that is set", clock::set_up),
];

/// Installs what tests drive, all of it or an error.
pub(crate) fn set_up_all() -> Outcome {
    PEERS.iter().try_for_each(|(_, _, set_up)| set_up())
}

/// Installs what tests drive, where it can be had here and nobody asked to leave it out. Gives the words of all that is left
/// out, and says why in `left_out`.
fn set_up(left_out: &mut Vec<String>) -> String {
    let asked = std::env::var(LEAVE_OUT).unwrap_or_default();
    let mut words: Vec<String> =
        asked.split(',').map(|word| word.trim().to_owned()).filter(|w| !w.is_empty()).collect();
    for (word, what, set_up) in PEERS {
        if words.iter().any(|asked| asked == word) {
            left_out.push(format!("{what}, because {LEAVE_OUT}={asked} is set"));
        } else if let Err(error) = set_up() {
            left_out.push(format!("{what}, because they cannot be set up here: {error}"));
            words.push(word.to_owned());
        }
    }
    words.join(",")
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
    // What is installed comes over the network for the most part, so the tests are built meanwhile. Where that fails, the run says so.
    let mut build = Command::new(cargo_path());
    build.args(["test", "--workspace", "--no-run"]).current_dir(place::root());
    let building = build.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
    let leave_out = set_up(&mut tally.left_out);
    if let Ok(mut building) = building {
        building.wait().ok();
    }
    let folder = place::target().join("tests");
    // All programs, also behind one that fails: who reads the log wants to know all of it.
    let programs = programs::all(&folder, &[(LEAVE_OUT, &leave_out)])?;
    let mut failed = Vec::new();
    let (said, hears) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| programs::run_all(programs, &folder, &{ said }));
        for ended in hears {
            ended.printed.lines().for_each(|line| tally.add(line));
            println!("+ {}\n{}", ended.name, ended.printed);
            match ended.status {
                Ok(status) if status.success() => {}
                Ok(status) => failed.push(format!("{} ({status})", ended.name)),
                Err(error) => failed.push(error),
            }
        }
    });
    if tally.ignored > 0 {
        tally
            .left_out
            .push(format!("{} tests that are marked as ignored, for the reason that each names", tally.ignored));
    }
    if !failed.is_empty() {
        return Err(format!("tests failed, in {}\n{tally}", failed.join(", ")));
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
