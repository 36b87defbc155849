use crate::token::claims::Claims;
use crate::token::signed::{self, USUAL};
use crate::token::{KeySet, Mapped, Mapping, TokenFault};

/// What an ID token must be (OpenID Connect Core 1.0, section 3.1.3.7).
#[derive(Clone, Debug)]
pub struct IdTokenRules {
    /// The provider's issuer, to the letter.
    pub issuer: String,
    /// Our own id at the provider.
    pub client_id: String,
    /// Who it speaks for.
    pub mapping: Mapping,
}

impl IdTokenRules {
    /// Who signed in, where the token answers the request with this nonce. `now` is in seconds since 1970 UTC.
    ///
    /// # Errors
    /// [`TokenFault`].
    pub fn check(&self, token: &str, keys: &KeySet, nonce: &str, now: i64) -> Result<Mapped, TokenFault> {
        let signed = signed::check(token, keys, &USUAL)?;
        let claims = Claims(&signed.claims);
        // An access token or a logout token is not a sign-in (RFC 8725, section 3.11).
        if !matches!(signed.kind.as_deref(), None | Some("jwt" | "id+jwt")) {
            return Err(TokenFault::Type);
        }
        claims.issued_by(&self.issuer)?;
        claims.is_for(&self.client_id)?;
        let party = signed.claims.get("azp");
        let several = claims.audiences()?.len() > 1;
        if (several && party.is_none()) || party.is_some_and(|party| party.as_str() != Some(self.client_id.as_str())) {
            return Err(TokenFault::AuthorizedParty);
        }
        let expires = claims.in_time(now)?;
        claims.moment("iat")?.ok_or(TokenFault::Claim("iat"))?;
        claims.answers(nonce)?;
        self.mapping.of(&claims, expires)
    }
}
