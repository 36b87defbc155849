//! `cargo xtask`: what a contributor and the continuous integration run.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a tool at the terminal")]

mod audit;
mod backup;
mod ci;
mod clock;
mod count;
mod dist;
mod eval;
mod figures;
mod guard;
mod people;
mod place;
mod postgres;
mod proof;
mod sdk;
mod shell;
mod tests;
mod tlog;
mod train;

use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str = "\
cargo xtask setup   install what the tests need beside Rust, in the target folder: the vendors' SDKs, clients of Presidio, peers of
                    the keys, other people's verifiers of logs, the validators and receivers of audit exports, other people's backup
                    tools, a PostgreSQL server, a clock that can be set
cargo xtask test    setup, then all tests; ASEPSIS_LEAVE_OUT=sdk,keys,tlog,audit,backup,postgres,proof,clock leaves some or all of
                    these out; so does what cannot be installed here, and the last lines say so
cargo xtask count   the instructions of detection, and where they go (valgrind)
cargo xtask train   make the lists and weights of the tagger from data/training, and the table of the guard's classifier from the
                    development corpora in ../shared/data; --check compares them with the shipped
cargo xtask eval    measure detection, in one table: --data DIR says where the development corpora are (else ../shared/data),
                    --quick trains nothing, --peer measures Presidio beside us
cargo xtask guard   measure the guard, in one table: --data DIR says where the development corpora are (else ../shared/data),
                    --quick trains nothing, --peer measures little-canary and ai-injection-guard beside us
cargo xtask power-cut   what is left after the power is cut while clients are served, 50 times (root; a minute); a number of
                    rounds may follow
cargo xtask dist    the binary to give away, optimised by what runs in the benchmark, in target/dist (some twenty minutes; needs
                    `rustup component add llvm-tools`)
cargo xtask ci      test, then formatting, lints, licences and documentation";

fn main() -> ExitCode {
    let began = Instant::now();
    let task = std::env::args().nth(1).unwrap_or_default();
    let done = match task.as_str() {
        "setup" => tests::set_up_all(),
        "test" => tests::show(),
        "count" => count::run(),
        "dist" => dist::run_all(),
        "train" => train::run(std::env::args().nth(2).as_deref()),
        "guard" => guard::show(&std::env::args().skip(2).collect::<Vec<_>>()),
        "eval" => eval::show(&std::env::args().skip(2).collect::<Vec<_>>()),
        // What cargo calls in place of each test program.
        "note" => return noted(),
        "power-cut" => power_cut(std::env::args().nth(2)),
        "ci" => ci::run_all(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => {
            println!("xtask {task}: done in {} s", began.elapsed().as_secs());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("xtask {task}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the tests that cut the power, and their control.
fn power_cut(rounds: Option<String>) -> shell::Outcome {
    let mut command = std::process::Command::new(shell::cargo_path());
    command.args(["test", "-p", "asepsis", "--test", "power_cut", "--", "--test-threads", "1"]);
    shell::run(command.env("ASEPSIS_POWER_CUTS", rounds.unwrap_or_else(|| "50".to_owned())))
}

/// Writes down a test program, in silence.
fn noted() -> ExitCode {
    match tests::programs::note(&std::env::args_os().skip(2).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask note: {error}");
            ExitCode::FAILURE
        }
    }
}
