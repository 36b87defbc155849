//! Sign-ins that are on their way at an identity provider: OpenID Connect Core 1.0 with the authorization code flow, PKCE (RFC
//! 7636), and RFC 9207.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

use crate::random::{self, NoRandomness, sha256};

/// How long a sign-in may take, in seconds.
const LIFE: i64 = 600;
/// Sign-ins at the same time; beyond, the oldest go.
const MOST: usize = 10_000;

/// A sign-in that begins: what goes to the identity provider with the browser.
pub struct Begun {
    /// Comes back with the code.
    pub state: Zeroizing<String>,
    /// Comes back in the ID token.
    pub nonce: Zeroizing<String>,
    /// SHA-256 of what the code is redeemed with, base64url.
    pub challenge: String,
}

/// A sign-in that comes back.
pub struct Pending {
    /// The provider.
    pub provider: String,
    /// What the ID token must hold.
    pub nonce: Zeroizing<String>,
    /// What the code is redeemed with.
    pub verifier: Zeroizing<String>,
    browser: [u8; 32],
    until: i64,
}

/// Sign-ins on their way, each of which comes back once.
#[derive(Default)]
pub struct Logins {
    by_state: Mutex<HashMap<[u8; 32], Pending>>,
}

impl Logins {
    /// Begins one at a provider, for the browser that holds this cookie. `now` is in seconds since 1970 UTC.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn begin(&self, provider: &str, browser: &str, now: i64) -> Result<Begun, NoRandomness> {
        let (state, nonce, verifier) = (random::token("")?, random::token("")?, random::token("")?);
        let challenge = BASE64URL_NOPAD.encode(&sha256(verifier.as_bytes()));
        let mut all = self.by_state.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.retain(|_, pending| now < pending.until);
        }
        if all.len() >= MOST
            && let Some(oldest) = all.iter().min_by_key(|(_, pending)| pending.until).map(|(state, _)| *state)
        {
            all.remove(&oldest);
        }
        let pending = Pending {
            provider: provider.to_owned(),
            nonce: nonce.clone(),
            verifier,
            browser: sha256(browser.as_bytes()),
            until: now + LIFE,
        };
        all.insert(sha256(state.as_bytes()), pending);
        Ok(Begun { state, nonce, challenge })
    }

    /// The sign-in that comes back with this state, in the browser in which it began. It comes back once, whatever becomes of it.
    pub fn take(&self, state: &str, browser: &str, now: i64) -> Option<Pending> {
        let mut all = self.by_state.lock().unwrap_or_else(PoisonError::into_inner);
        let pending = all.remove(&sha256(state.as_bytes()))?;
        let same = verify_slices_are_equal(&pending.browser, &sha256(browser.as_bytes())).is_ok();
        (same && now < pending.until).then_some(pending)
    }
}

/// A new name for a browser that is not signed in.
///
/// # Errors
/// [`NoRandomness`].
pub fn new_browser() -> Result<Zeroizing<String>, NoRandomness> {
    random::token("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c4_a_sign_in_comes_back_once_in_time_and_in_its_own_browser() {
        let logins = Logins::default();
        let begun = logins.begin("hospital", "browser", 1000).unwrap();
        let pending = logins.take(&begun.state, "browser", 1599).unwrap();
        assert_eq!((pending.provider.as_str(), &pending.nonce), ("hospital", &begun.nonce));
        assert_eq!(begun.challenge, BASE64URL_NOPAD.encode(&sha256(pending.verifier.as_bytes())));
        assert!(logins.take(&begun.state, "browser", 1001).is_none(), "again");
        for (browser, now) in [("another", 1001), ("browser", 1600)] {
            let begun = logins.begin("hospital", "browser", 1000).unwrap();
            assert!(logins.take(&begun.state, browser, now).is_none());
            assert!(logins.take(&begun.state, "browser", 1001).is_none(), "it was shown once");
        }
        assert!(logins.take("", "browser", 1000).is_none());
    }
}
