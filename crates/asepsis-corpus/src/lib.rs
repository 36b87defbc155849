//! Makes the texts that the tagger learns from: real sentences and forms with invented people in them.
//!
//! Nothing here is in the product. The sources are public lists and texts under `data/training`; the same sources and
//! seed give the same texts, and so the same weights.

mod carrier;
mod chance;
mod compose;
mod distort;
mod lists;
mod name;
mod place;
mod resample;
mod sources;
mod template;
mod value;
mod variant;

pub use compose::{Corpus, Mixture};
pub use lists::gazetteer;
pub use sources::to_example;
pub use variant::Variant;
