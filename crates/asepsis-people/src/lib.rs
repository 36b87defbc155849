//! Who asks.
//!
//! What can be pure is: passwords ([`password`]), one-time codes ([`totp`]), recovery codes ([`recovery`]), limits to guessing
//! ([`throttle`]), signed tokens ([`token`]), certificates ([`certificate`]), network zones ([`zone`]), separation of duty
//! ([`duty`]). None of it has a clock of its own. [`entrance`] puts it together for a request of a program; who local users and devices
//! are stands in the store's records ([`registered`]).

pub mod account;
pub mod alert;
pub mod certificate;
pub mod device;
pub mod duty;
pub mod entrance;
pub mod ledger;
pub mod login;
pub mod passkey;
pub mod password;
pub mod person;
pub mod provider;
mod random;
pub mod recovery;
pub mod registered;
pub mod role;
mod secrets;
pub mod session;
pub mod throttle;
pub mod token;
pub mod totp;
pub mod zone;

pub use random::NoRandomness;

/// The value of a header `Authorization` with the name and secret of a client (RFC 6749, section 2.3.1).
pub fn basic(client_id: &str, secret: &str) -> zeroize::Zeroizing<String> {
    let mut pair = zeroize::Zeroizing::new(String::with_capacity(3 * (client_id.len() + secret.len()) + 1));
    pair.push_str(&totp::percent(client_id));
    pair.push(':');
    pair.push_str(&zeroize::Zeroizing::new(totp::percent(secret)));
    let mut value = zeroize::Zeroizing::new(String::with_capacity(6 + pair.len().div_ceil(3) * 4));
    value.push_str("Basic ");
    data_encoding::BASE64.encode_append(pair.as_bytes(), &mut value);
    value
}
