//! `asepsis guard`: what is hostile in texts, the packs of signatures, and thresholds.

pub(crate) mod calibrate;
mod lines;
mod packs;
mod replay;
mod scan;

use std::path::Path;

use crate::args::{Guard, GuardAction};

pub(crate) fn run(config: &Path, guard: &Guard) -> anyhow::Result<u8> {
    match &guard.action {
        GuardAction::Scan(scan) if scan.jsonl => lines::run(scan),
        GuardAction::Scan(scan) => scan::run(scan),
        GuardAction::Calibrate(arguments) => calibrate::run(arguments),
        GuardAction::Replay(asked) => replay::run(config, asked),
        GuardAction::Rules { packs, json } => packs::rules(packs, *json),
        GuardAction::Key { name, out } => packs::key(name, out),
        GuardAction::Sign { pack, key } => packs::sign(pack, key),
    }
}
