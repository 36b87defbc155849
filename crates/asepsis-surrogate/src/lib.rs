//! How a surrogate stands for an identifier, and how it is found again.
//!
//! A *surrogate* stands for one exact surface string of one class of identifier. A [`placeholder`] such as
//! `[NAME_7F3K9QXA2BCDE]` shows its class and a random [`Code`]; a [`realistic`] surrogate such as `Ovella Tenbrick`
//! reads like the original and is invented. What was given out in a scope is an [`Issued`]; a [`Restorer`] gives the
//! originals back in text that comes in pieces, and tells in a [`Tally`] what it did and what it left.
//!
//! Codes and invented words come from random bytes of the caller: a surrogate that is computed from the identifier is
//! forbidden by 45 CFR 164.514(c). Nothing here keeps state between scopes, reads a clock or does input and output.

mod code;
mod escape;
mod heads;
mod issued;
mod keys;
mod matcher;
mod placeholder;
mod pool;
mod realistic;
mod restorer;
mod text;
mod url;

pub use code::{Code, InvalidCode};
pub use issued::{Issued, IssuedBuilder};
pub use placeholder::placeholder;
pub use realistic::{realistic, realistic_parts};
pub use restorer::{Context, MAX_HELD, Restorer, Tally, restore};
pub use text::folded;

/// How a surrogate looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rendering {
    /// A bracketed label and a random code: cannot be taken for anything else. See [`placeholder`].
    #[default]
    Placeholder,
    /// An invented value of the same shape, where one can be made that is nobody's. See [`realistic`].
    Realistic,
}
