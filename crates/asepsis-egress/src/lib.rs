//! What an AI system writes, as hostile input to whoever shows it or acts on it.
//!
//! An answer can carry data out without anybody doing anything: an image whose address holds a secret is fetched as soon as it is
//! shown. [`Filter`] takes such ways out of a text, piece by piece as it comes, and holds back no more than one word. It looks at
//! what the text would *do* where it is shown (addresses, active HTML, control codes, formulas of spreadsheets), not at what it says:
//! an address goes only where its host is on the organisation's list. [`Secrets`] finds canaries, keys and repeated instructions,
//! before their last byte is given out.
//!
//! All work is linear in the text, and memory is bounded by [`LONGEST_WORD`].

mod address;
mod control;
mod cut;
mod filter;
mod formula;
mod hold;
mod hosts;
mod key;
mod markup;
mod secret;
mod shingle;
mod word;

pub use filter::{Filter, LONGEST_WORD, REMOVED, Written};
pub use hold::Hold;
pub use hosts::{BadHost, Hosts};
pub use key::{KeyKind, keys_in};
pub use secret::{Canary, Found, Secrets, Watcher};
pub use shingle::{Overlap, Shingles};
