//! Other people's backup tools, and what tests do with them.
#![allow(dead_code, reason = "each test file is a program of its own and uses its own part of this")]

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use asepsis_backup::watch::{Canaries, Found, Watch, WatchState, check};

/// Whether who runs the tests asked for those with other people's backup tools to be left out. It is said then.
pub(crate) fn left_out(what: &str) -> bool {
    let asked = std::env::var("ASEPSIS_LEAVE_OUT").unwrap_or_default();
    let left_out = asked.split(',').any(|what| what.trim() == "backup");
    if left_out {
        // Straight to the stream: what a test that holds prints by macro is not shown.
        writeln!(std::io::stderr(), "left out, as ASEPSIS_LEAVE_OUT asks: {what}").ok();
    }
    left_out
}

/// Runs a tool to make something ready, and gives what it said.
pub(crate) fn run<A: AsRef<OsStr>>(command: &mut Command, arguments: &[A]) -> String {
    let out = command.args(arguments).output().unwrap_or_else(|error| {
        panic!(
            "{command:?} cannot be run: {error}. `cargo xtask setup` installs it, and with ASEPSIS_LEAVE_OUT=backup in the \
             environment these tests are left out"
        )
    });
    assert!(out.status.success(), "{command:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// The present, in seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Random bytes, which no tool can make smaller.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    bytes
}

/// Changes a byte in the middle of the largest file below `folder`; gives the file and what it was.
pub(crate) fn flip(folder: &Path) -> (PathBuf, Vec<u8>) {
    let mut largest = (0, PathBuf::new());
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let (meta, path) = (entry.metadata().unwrap(), entry.path());
            if meta.is_dir() {
                folders.push(path);
            } else if meta.len() > largest.0 {
                largest = (meta.len(), path);
            }
        }
    }
    let content = std::fs::read(&largest.1).unwrap();
    let mut changed = content.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    replace(&largest.1, &changed);
    (largest.1, content)
}

/// Writes a file that may be read-only.
pub(crate) fn replace(path: &Path, content: &[u8]) {
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, content).unwrap();
}

/// Looks at a backup as it will be at that time.
pub(crate) fn look(watch: &Watch, canaries: Option<&Canaries>, state: &mut WatchState, now: u64) -> Found {
    watch.check().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let found = check(watch, canaries, state, None, now, scratch.path());
    // Names of files in a backup may name patients.
    let said = format!("{found:?}");
    assert!(!said.contains("anna-lind"), "{said}");
    found
}
