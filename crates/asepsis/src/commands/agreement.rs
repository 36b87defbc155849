//! `asepsis agreement`.

use std::path::Path;

use crate::args::EntryAction;
use crate::commands::register::entry;
use crate::registers::AGREEMENT;

pub(crate) fn run(path: &Path, action: &EntryAction) -> anyhow::Result<u8> {
    entry::run(path, AGREEMENT, action)
}
