//! Who asks.
//!
//! What can be pure is: passwords ([`password`]), one-time codes ([`totp`]), recovery codes ([`recovery`]), limits to guessing
//! ([`throttle`]), signed tokens ([`token`]), certificates ([`certificate`]), network zones ([`zone`]), separation of duty
//! ([`duty`]). None of it has a clock of its own. [`entrance`] puts it together for a request of a program; who local users and devices
//! are stands in the store's records ([`registered`]).

pub mod alert;
pub mod certificate;
pub mod device;
pub mod duty;
pub mod entrance;
pub mod password;
pub mod person;
pub mod provider;
mod random;
pub mod recovery;
pub mod registered;
pub mod throttle;
pub mod token;
pub mod totp;
pub mod zone;

pub use random::NoRandomness;
