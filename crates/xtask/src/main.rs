//! `cargo xtask`: what a contributor and the continuous integration run.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a tool at the terminal")]

mod ci;
mod count;
mod eval;
mod place;
mod sdk;
mod shell;
mod tests;
mod train;

use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str = "\
cargo xtask setup   install what the tests need beside Rust, in the target folder: the vendors' SDKs, clients of Presidio, and peers
                    of the keys
cargo xtask test    setup, then all tests; ASEPSIS_LEAVE_OUT=sdk leaves the SDKs out
cargo xtask count   the instructions of detection, and where they go (valgrind)
cargo xtask train   make the lists and weights of the tagger from data/training; --check compares them with the shipped
cargo xtask eval    measure detection, in one table: --data DIR says where the development corpora are (else ../shared/data),
                    --quick trains nothing, --peer measures Presidio beside us
cargo xtask ci      test, then formatting, lints, licences and documentation";

fn main() -> ExitCode {
    let began = Instant::now();
    let task = std::env::args().nth(1).unwrap_or_default();
    let done = match task.as_str() {
        "setup" => sdk::set_up(),
        "test" => tests::show(),
        "count" => count::run(),
        "train" => train::run(std::env::args().nth(2).as_deref()),
        "eval" => eval::show(&std::env::args().skip(2).collect::<Vec<_>>()),
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
