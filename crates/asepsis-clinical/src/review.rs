//! What a review leads to.

use asepsis_vocab::{Flag, Verdict};

/// The flags of an answer, and what was looked at. There is no word for "correct": an answer without flags is one in which
/// these checks met nothing, and that is all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Review {
    /// What the checks have to say, in the order of the text.
    pub flags: Vec<Flag>,
    /// How much there was to look at.
    pub looked: Looked,
}

impl Review {
    /// The greatest verdict of the flags.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.flags.iter().map(|flag| flag.verdict).max().unwrap_or_default()
    }
}

/// How much a review looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Quantities that were looked up in the request.
    pub quantities: usize,
    /// Doses of drugs that are known by name.
    pub doses: usize,
    /// Findings, affirmed or denied.
    pub findings: usize,
    /// Codes of terminologies and registers.
    pub codes: usize,
    /// References to publications and trials.
    pub citations: usize,
    /// Bytes at the end that were not read, because the text is longer than the limit of 1 MiB.
    pub not_read: usize,
    /// Flags above the limits of 1,000 marks and 1,000 holds, which were left out.
    pub flags_left_out: usize,
}
