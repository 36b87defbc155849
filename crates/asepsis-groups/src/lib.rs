//! Whether what happens with an AI system's answers differs between groups of people, told so that small numbers neither accuse, nor
//! acquit, nor give anybody away.
//!
//! [`Dimensions`] says which groups a client may state of the person that an exchange is about. [`Counter`] adds exchanges up by system,
//! dimension and value. [`Table::of`] compares each value with all others of its dimension, says what can be said, and withholds what
//! would tell of fewer than eleven people. Nothing here knows a clock, a file or a network.
#![allow(clippy::cast_precision_loss, reason = "counts of exchanges are far below 2^52")]

mod compare;
mod count;
mod interval;
mod table;
mod withhold;
mod words;

pub use compare::{Pair, benjamini_hochberg, detectable};
pub use count::{Count, Counter, Counts, Exchange, Measure, Tally};
pub use interval::{Interval, newcombe, wilson};
pub use table::{Cell, LEAST_TO_SAY, LEVEL, Table, Verdict};
pub use withhold::LEAST_SHOWN;
pub use words::{
    BadDimension, BadStatement, Dimensions, LONGEST_WORD, MOST_BYTES, MOST_DIMENSIONS, MOST_STATED, MOST_VALUES, ready,
};
