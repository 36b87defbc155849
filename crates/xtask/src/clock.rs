//! A clock that tests set: libfaketime, in the version that the system has.

use std::path::PathBuf;

use crate::sdk::debian;
use crate::shell::Outcome;

/// Installs it where it is not there yet.
pub(crate) fn set_up() -> Outcome {
    if library().is_some() { Ok(()) } else { debian(&["libfaketime"], "clock") }
}

/// Where Debian puts it: in a folder of the machine's architecture.
fn library() -> Option<PathBuf> {
    let named = std::env::var_os("FAKETIME_LIBRARY").map(PathBuf::from);
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path());
    named.into_iter().chain(folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1"))).find(|path| path.exists())
}
