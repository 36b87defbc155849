use std::collections::HashMap;

use jsonwebtoken::Algorithm;

use crate::token::claims::Claims;
use crate::token::signed;
use crate::token::{KeySet, SKEW, TokenFault};

/// The algorithms of SMART Backend Services.
const ALLOWED: [Algorithm; 2] = [Algorithm::RS384, Algorithm::ES384];
/// The longest life of an assertion, in seconds.
const LONGEST: i64 = 300;
/// Assertions that are remembered; when they are more, new ones are refused until some have expired.
const MOST: usize = 10_000;

/// What a client's assertion must be: RFC 7523, and SMART App Launch 2.2, "Client Authentication: Asymmetric".
#[derive(Clone, Copy, Debug)]
pub struct AssertionRules<'a> {
    /// The client's id.
    pub client_id: &'a str,
    /// The address of the token endpoint.
    pub audience: &'a str,
}

/// An assertion that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    id: String,
    expires: i64,
}

/// Assertions that were shown, until they have expired.
#[derive(Debug, Default)]
pub struct Replay {
    seen: HashMap<[u8; 32], i64>,
}

impl Assertion {
    /// The client that an assertion names, unchecked: only to find out whose keys to check it with.
    pub fn named_client(token: &str) -> Option<String> {
        signed::named_issuer(token)
    }
}

impl AssertionRules<'_> {
    /// Checks an assertion at `now`, in seconds since 1970 UTC. It counts only where [`Replay::admit`] has not seen it.
    ///
    /// # Errors
    /// [`TokenFault`].
    pub fn check(&self, token: &str, keys: &KeySet, now: i64) -> Result<Assertion, TokenFault> {
        let signed = signed::check(token, keys, &ALLOWED)?;
        if !matches!(signed.kind.as_deref(), None | Some("jwt" | "client-authentication+jwt")) {
            return Err(TokenFault::Type);
        }
        let claims = Claims(&signed.claims);
        claims.issued_by(self.client_id)?;
        if claims.text("sub")? != self.client_id {
            return Err(TokenFault::Claim("sub"));
        }
        // One audience: an assertion for several endpoints could be shown at another by the first.
        if claims.audiences()? != [self.audience] {
            return Err(TokenFault::Audience);
        }
        let expires = claims.in_time(now)?;
        if expires > now + LONGEST + SKEW {
            return Err(TokenFault::TooLong);
        }
        Ok(Assertion { id: claims.text("jti")?.to_owned(), expires })
    }
}

impl Replay {
    /// Takes an assertion of a client once.
    ///
    /// # Errors
    /// [`TokenFault::Replayed`], also where too many are remembered to tell.
    pub fn admit(&mut self, client_id: &str, assertion: &Assertion, now: i64) -> Result<(), TokenFault> {
        if self.seen.len() >= MOST {
            self.seen.retain(|_, expires| *expires > now);
        }
        let name = crate::random::sha256(format!("{}:{client_id}{}", client_id.len(), assertion.id).as_bytes());
        if self.seen.len() >= MOST || self.seen.get(&name).is_some_and(|expires| *expires > now) {
            return Err(TokenFault::Replayed);
        }
        self.seen.insert(name, assertion.expires.saturating_add(SKEW));
        Ok(())
    }
}
