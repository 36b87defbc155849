//! PostgreSQL, which the tests of the databases start for themselves.

use std::path::Path;

use crate::sdk::debian;
use crate::shell::Outcome;

/// Installs it where it is not there: Debian's package, in the version of the system.
pub(crate) fn set_up() -> Outcome {
    if is_there() { Ok(()) } else { debian(&["postgresql"], "postgres") }
}

/// Whether the programs are where Debian has them, or where programs are looked for.
fn is_there() -> bool {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let path = std::env::var_os("PATH").unwrap_or_default();
    debian
        .map(|entry| entry.path().join("bin"))
        .chain(std::env::split_paths(&path))
        .any(|bin: std::path::PathBuf| has(&bin))
}

fn has(bin: &Path) -> bool {
    ["initdb", "postgres", "psql"].iter().all(|program| bin.join(program).exists())
}
