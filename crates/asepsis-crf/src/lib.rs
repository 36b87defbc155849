//! A linear-chain conditional random field (Lafferty, McCallum and Pereira 2001) over hashed features.
//!
//! It knows nothing of text: a *sequence* is a row of positions, a position is the [`Feature`]s that hold there, and a
//! *state* is what a position may be (`O`, `B-NAME`, `I-NAME`, ...). A [`Model`] gives the probability of each state at
//! each position; a [`Trainer`] makes a model from sequences whose states are known.
//!
//! Weights are integers of eight bits in rows of sixteen bytes: fifteen states and a check against features that share a
//! bucket. Training is repeatable to the bit on every machine: one thread, a fixed order, and an exponential function of
//! its own, because those of the systems' libraries differ in the last place.

mod chain;
mod exp;
mod feature;
mod index;
mod model;
mod score;
mod states;
mod sums;
mod tagging;
mod train;
mod weights;

pub use chain::Lanes;
pub use feature::{BUCKET_BITS, Feature};
pub use model::{Model, ModelError};
pub use states::{MAX_STATES, States, StatesError};
pub use sums::Sums;
pub use tagging::{Probabilities, Tagging};
pub use train::{Sequences, Trainer, TrainerOptions};
pub use weights::{Row, Weights};
