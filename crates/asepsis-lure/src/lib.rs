//! What attacks on an AI system and ordinary clinical texts are made of.
//!
//! Grammars of both, the forms that carry them and the disguises that hide them. From these and from public corpora the
//! guard's classifier is trained, and its figures are taken. Nothing here is in the product.

mod carrier;
mod chance;
mod corpus;
mod disguise;
mod figures;
mod grammar;
mod lesson;
mod lexicon;
mod quantile;
mod recipe;
mod second;
mod text;
mod train;
mod wrap;

pub use carrier::Carrier;
pub use chance::{Chance, number};
pub use corpus::{Part, abstracts, labelled, tagged, unlabelled};
pub use disguise::Disguise;
pub use figures::{Wish, show};
pub use grammar::Grammar;
pub use lesson::Lesson;
pub use lexicon::{examples, lexicon};
pub use quantile::{Mix, above};
pub use recipe::Recipe;
pub use second::{STYLES, Second};
pub use text::{Sample, sentences};
pub use train::{Bag, Options, Weights};
