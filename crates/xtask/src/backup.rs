//! Backup tools that are not ours: restic, borg and pgBackRest with a PostgreSQL for it, as Debian has them.

use std::path::Path;
use std::process::Command;

use crate::sdk::debian;
use crate::shell::{Outcome, succeeds};

/// Installs what is not there yet.
pub(crate) fn set_up() -> Outcome {
    let there = |program: &str, version: &str| succeeds(Command::new(program).arg(version));
    let mut missing: Vec<&str> =
        [("restic", "version", "restic"), ("borg", "--version", "borgbackup"), ("pgbackrest", "version", "pgbackrest")]
            .into_iter()
            .filter(|(program, version, _)| !there(program, version))
            .map(|(_, _, package)| package)
            .collect();
    if !there("initdb", "--version") && !Path::new("/usr/lib/postgresql").is_dir() {
        missing.push("postgresql");
    }
    if missing.is_empty() { Ok(()) } else { debian(&missing, "backup") }
}
