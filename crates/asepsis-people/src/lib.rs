//! Who asks.
//!
//! What can be pure is: passwords ([`password`]), one-time codes ([`totp`]), recovery codes ([`recovery`]), limits to guessing
//! ([`throttle`]), signed tokens ([`token`]), network zones ([`zone`]), separation of duty ([`duty`]). None of it has a clock
//! of its own.

pub mod duty;
pub mod password;
mod random;
pub mod recovery;
pub mod throttle;
pub mod token;
pub mod totp;
pub mod zone;

pub use random::NoRandomness;
