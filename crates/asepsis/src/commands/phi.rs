//! `asepsis phi`: teaches the detection what is special about a site.

mod corrected;
mod figures;
mod pattern;
mod train;

use crate::args::{Phi, PhiAction};

pub(crate) fn run(phi: &Phi) -> anyhow::Result<u8> {
    match &phi.action {
        PhiAction::Train(train) => train::run(train),
        PhiAction::LearnPattern(learn) => pattern::run(learn),
    }
}
