//! `asepsis vendor`.

use std::path::Path;

use crate::args::EntryAction;
use crate::commands::register::entry;
use crate::registers::VENDOR;

pub(crate) fn run(path: &Path, action: &EntryAction) -> anyhow::Result<u8> {
    entry::run(path, VENDOR, action)
}
