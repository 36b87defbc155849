use crate::token::claims::Claims;
use crate::token::signed::{self, Head, USUAL};
use crate::token::{KeySet, Mapped, Mapping, TokenFault};

/// What an access token must be (RFC 9068) to be taken in place of an API key.
#[derive(Clone, Debug)]
pub struct AccessRules {
    /// The identity provider's issuer, to the letter.
    pub issuer: String,
    /// The audience that stands for this gateway.
    pub audience: String,
    /// Whether tokens are taken whose type is `JWT` or not said, as older providers make them. Tokens with a nonce, which are ID
    /// tokens, are not taken even then.
    pub plain_type: bool,
    /// Who it speaks for.
    pub mapping: Mapping,
}

impl AccessRules {
    /// The id of the key that a token names, where its algorithm is one that may be used.
    ///
    /// # Errors
    /// [`TokenFault::Malformed`], [`TokenFault::Algorithm`].
    pub fn key_id(token: &str) -> Result<Option<String>, TokenFault> {
        Ok(Head::of(token)?.key_id)
    }

    /// The issuer that a token names, unchecked: only to find out whose rules apply.
    pub fn named_issuer(token: &str) -> Option<String> {
        signed::named_issuer(token)
    }

    /// Who the token speaks for at `now`, in seconds since 1970 UTC.
    ///
    /// # Errors
    /// [`TokenFault`].
    pub fn check(&self, token: &str, keys: &KeySet, now: i64) -> Result<Mapped, TokenFault> {
        let signed = signed::check(token, keys, &USUAL)?;
        let claims = Claims(&signed.claims);
        match signed.kind.as_deref() {
            Some("at+jwt") => {}
            None | Some("jwt") if self.plain_type && !signed.claims.contains_key("nonce") => {}
            _ => return Err(TokenFault::Type),
        }
        claims.issued_by(&self.issuer)?;
        claims.is_for(&self.audience)?;
        let expires = claims.in_time(now)?;
        self.mapping.of(&claims, expires)
    }
}
