//! Programs that are not ours, installed by `cargo xtask setup`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Where the sources of the checks lie.
pub fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/tlog")
}

/// The folder of the peers that `cargo xtask setup` installed, or `None` where they are left out on purpose or because there
/// is no Python that is new enough.
pub fn installed() -> Option<PathBuf> {
    let left_out = std::env::var("ASEPSIS_LEAVE_OUT").unwrap_or_default();
    if left_out.split(',').any(|what| what.trim() == "tlog") {
        // Straight to the stream: what a test that holds prints by macro is not shown.
        writeln!(std::io::stderr(), "left out, as ASEPSIS_LEAVE_OUT asks: other implementations of logs").ok();
        return None;
    }
    let this = std::env::current_exe().expect("this program has a path");
    let target = this.ancestors().find(|a| a.join("CACHEDIR.TAG").exists()).expect("it is in a target folder");
    let folder = target.join("peers/tlog");
    let wanted: String = ["requirements.txt", "verify.go"]
        .iter()
        .map(|file| std::fs::read_to_string(sources().join(file)).expect("the sources of the checks"))
        .collect();
    let there = std::fs::read_to_string(folder.with_extension("pins")).unwrap_or_default();
    assert!(
        there == wanted,
        "the verifiers of other people are not installed in {} in the pinned version; `cargo xtask setup` installs them, \
         `cargo xtask test` does so before all tests, and with ASEPSIS_LEAVE_OUT=tlog in the environment they are left out",
        folder.display()
    );
    Some(folder)
}
