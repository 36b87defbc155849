//! Reads labelled texts and says how well a detector did on them: ours, or any that gives spans.
//!
//! A *mark* is a labelled piece of a text; it is *required* where 45 CFR 164.514(b)(2)(i) asks for it, and otherwise
//! (a year, an age up to 89, a state, a title) left to policy: it neither counts as missed nor as wrong. *Leak* is the
//! share of the letters and digits of required marks that stay visible; *false words* are the words and numbers outside
//! every mark that are covered all the same, in a thousand such. Offsets count Unicode code points.
//!
//! A crate of its own, so that the detector's tests, the tools that make its weights, and `asepsis phi train`, which says
//! what a site's own notes have changed, measure the same.

mod labelled;
mod score;

pub use labelled::{Labelled, LabelledSpan, ReadError, read_labelled};
pub use score::{Covered, Score, covered};
