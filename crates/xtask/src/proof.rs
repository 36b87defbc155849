//! The solver that proofs about policies need: cvc5, in the version that the system has, or the one that `CVC5` names.

use std::process::Command;

use crate::sdk::debian;
use crate::shell::{Outcome, succeeds};

/// Installs it where it is not there yet.
pub(crate) fn set_up() -> Outcome {
    let program = std::env::var_os("CVC5").unwrap_or_else(|| "cvc5".into());
    if succeeds(Command::new(program).arg("--version")) {
        return Ok(());
    }
    debian(&["cvc5"], "proof")
}
