//! The checks, a file each.

pub(crate) mod abbreviation;
pub(crate) mod advice;
pub(crate) mod allergy;
pub(crate) mod citation;
pub(crate) mod code;
pub(crate) mod dose;
pub(crate) mod finding;
pub(crate) mod grounding;
pub(crate) mod patient;

use asepsis_vocab::{Flag, Span, Verdict};

use crate::review::Looked;

/// What the checks have to say so far.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) flags: Vec<Flag>,
    pub(crate) looked: Looked,
    held: usize,
    marked: usize,
}

impl Found {
    pub(crate) fn flag(&mut self, span: Span, rule: &str, verdict: Verdict) {
        // Marks cannot crowd out what has to be held.
        let count = if verdict >= Verdict::Hold { &mut self.held } else { &mut self.marked };
        if *count < MOST {
            *count += 1;
            self.flags.push(Flag { span, rule: rule.to_owned(), verdict });
        } else {
            self.looked.flags_left_out += 1;
        }
    }
}

/// More flags of a kind than this help nobody; how many were left out is counted.
const MOST: usize = 1000;
