//! A stand-in until the crate of the branch `guardin` is merged.

pub mod classifier;
