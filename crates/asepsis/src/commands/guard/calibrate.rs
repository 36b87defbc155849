//! `asepsis guard calibrate`: thresholds from a site's own ordinary texts.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context, bail};
use asepsis_guard::Thresholds;
use asepsis_guard::classifier::{self, Calibration, Table};
use asepsis_vocab::Channel;

use crate::args::GuardCalibrate;
use crate::batch::{self, Line};
use crate::output;

/// A file of thresholds is never longer.
const MAX_FILE: u64 = 64 << 10;

pub(super) fn run(calibrate: &GuardCalibrate) -> anyhow::Result<u8> {
    if let Some(path) = calibrate.out.as_ref().filter(|path| path.exists()) {
        bail!("{} is there already; name a new file, and compare the two", path.display());
    }
    let mut scores = Vec::new();
    let channel = calibrate.channel;
    batch::ordered(
        batch::id_text_lines(),
        |line| line.text.len(),
        |line: Line| classifier::score_document(&line.text, channel),
        |score| {
            scores.push(score);
            Ok(())
        },
    )?;
    let made = Calibration::of(channel, &scores, calibrate.per_thousand)?;
    let shipped = Thresholds::default().of(channel);
    let at_shipped = scores.iter().filter(|score| **score >= shipped).count();
    let [low, high] = made.interval();
    output::remark(&format!(
        "{channel}: {} of {} texts reach {:.4}; at 95 % that is {low:.3} to {high:.3} in 1,000 (asked for: {}). {at_shipped} reach the shipped \
         threshold, {shipped}.",
        made.flagged, made.texts, made.threshold, made.asked
    ));
    output::remark(
        "This holds for texts like these. A text that is flagged here may be an attack: look at the ones that score highest.",
    );
    let file = classifier::write_thresholds(Table::shipped(), &[made]);
    match &calibrate.out {
        Some(path) => {
            let create = || -> std::io::Result<()> {
                let mut out = std::fs::OpenOptions::new().write(true).create_new(true).open(path)?;
                out.write_all(file.as_bytes())?;
                out.sync_all()
            };
            create().with_context(|| path.display().to_string())?;
        }
        None => output::line(file.trim_end())?,
    }
    Ok(0)
}

/// The thresholds in some files, each of which may name other channels; the shipped ones where there is no file.
pub(crate) fn thresholds(files: &[PathBuf]) -> anyhow::Result<Thresholds> {
    let mut thresholds = Thresholds::default();
    for path in files {
        let length = path.metadata().with_context(|| path.display().to_string())?.len();
        if length > MAX_FILE {
            bail!("{}: {length} bytes are no file of thresholds", path.display());
        }
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let read = classifier::read_thresholds(Table::shipped(), &text).with_context(|| path.display().to_string())?;
        let shipped = Thresholds::default();
        for channel in Channel::ALL {
            if read.of(channel).to_bits() != shipped.of(channel).to_bits() {
                thresholds = thresholds.with(channel, read.of(channel));
            }
        }
    }
    Ok(thresholds)
}
