use std::collections::HashMap;

use zeroize::Zeroizing;

use crate::random::{self, NoRandomness};

/// How long a token that Asepsis gives out lives, in seconds: SMART Backend Services wants five minutes at most.
const LIFE: i64 = 300;
/// Tokens at the same time; beyond, those that end first go.
const MOST: usize = 10_000;
/// What they begin with, so that scanners for leaked secrets know them.
const PREFIX: &str = "aset_";

/// Who a token was given to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenHolder {
    /// The client that asked for it.
    pub client_id: String,
    /// The user for whom it speaks.
    pub user: String,
    /// The role.
    pub role: String,
    /// What it may be used for.
    pub scopes: Vec<String>,
}

/// A new token: random, so that it says nothing and nothing in it can be forged. Shown once.
pub struct IssuedToken {
    /// The token.
    pub text: Zeroizing<String>,
    /// Seconds that it lives.
    pub expires_in: i64,
}

/// Tokens that were given out, by their hashes. They live as long as the process at most.
#[derive(Debug, Default)]
pub struct IssuedTokens {
    by_hash: HashMap<[u8; 32], (TokenHolder, i64)>,
}

impl IssuedTokens {
    /// Whether a text is such a token, valid or not.
    pub fn are_like(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// Gives a token out. `now` is in seconds since 1970 UTC.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn issue(&mut self, holder: TokenHolder, now: i64) -> Result<IssuedToken, NoRandomness> {
        if self.by_hash.len() >= MOST {
            self.by_hash.retain(|_, (_, expires)| *expires > now);
        }
        if self.by_hash.len() >= MOST
            && let Some(first) = self.by_hash.iter().min_by_key(|(_, (_, expires))| *expires).map(|(hash, _)| *hash)
        {
            self.by_hash.remove(&first);
        }
        let text = random::token(PREFIX)?;
        self.by_hash.insert(random::sha256(text.as_bytes()), (holder, now + LIFE));
        Ok(IssuedToken { text, expires_in: LIFE })
    }

    /// Who a token was given to, while it lives.
    pub fn holder(&self, token: &str, now: i64) -> Option<&TokenHolder> {
        let (holder, expires) = self.by_hash.get(&random::sha256(token.as_bytes()))?;
        (now < *expires).then_some(holder)
    }
}
