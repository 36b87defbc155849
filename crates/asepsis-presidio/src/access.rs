//! Who may ask.

use aws_lc_rs::{constant_time, digest};
use http::{HeaderMap, header};

/// The fewest characters of a token.
const SHORTEST: usize = 20;

/// Who may ask. `GET /health` is answered to anybody.
pub enum Access {
    /// Whoever reaches the listener.
    Anybody,
    /// Who brings the token: as `Authorization: Bearer`, or as the password of `Basic`, so that a client that knows only a URL
    /// can be given `http://any:TOKEN@host:5002`.
    Token(Digest),
}

/// What is kept of a token.
pub struct Digest([u8; 32]);

/// A token that is too short to keep anybody out.
#[derive(Debug)]
pub struct WeakToken;

impl std::fmt::Display for WeakToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a token needs {SHORTEST} characters or more; `openssl rand -hex 24` makes one")
    }
}

impl std::error::Error for WeakToken {}

impl Access {
    /// Only who brings this token. Only its hash is kept.
    ///
    /// # Errors
    /// Where the token is too short.
    pub fn token(token: &str) -> Result<Self, WeakToken> {
        if token.len() < SHORTEST {
            return Err(WeakToken);
        }
        Ok(Self::Token(Digest(hash(token.as_bytes()))))
    }

    pub(crate) fn admits(&self, headers: &HeaderMap) -> bool {
        let Self::Token(Digest(wanted)) = self else { return true };
        let Some(value) = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()) else { return false };
        let Some((scheme, given)) = value.split_once(' ') else { return false };
        let token = if scheme.eq_ignore_ascii_case("bearer") {
            given.trim().as_bytes().to_vec()
        } else if scheme.eq_ignore_ascii_case("basic") {
            let Ok(pair) = data_encoding::BASE64.decode(given.trim().as_bytes()) else { return false };
            let Some(colon) = pair.iter().position(|b| *b == b':') else { return false };
            pair[colon + 1..].to_vec()
        } else {
            return false;
        };
        constant_time::verify_slices_are_equal(&hash(&token), wanted).is_ok()
    }
}

fn hash(token: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, token).as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "a-token-of-some-length-0123456789";

    fn admits(value: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().expect("a header"));
        Access::token(TOKEN).expect("a strong token").admits(&headers)
    }

    #[test]
    fn the_token_is_taken_as_bearer_and_as_password_and_nothing_else_is() {
        let basic = |pair: &str| format!("Basic {}", data_encoding::BASE64.encode(pair.as_bytes()));
        assert!(admits(&format!("Bearer {TOKEN}")) && admits(&basic(&format!("any:{TOKEN}"))));
        for wrong in [
            "Bearer",
            "Bearer x",
            TOKEN,
            &basic(TOKEN),
            &basic(&format!("{TOKEN}:")),
            "Basic ?",
            &format!("Digest {TOKEN}"),
        ] {
            assert!(!admits(wrong), "{wrong}");
        }
        assert!(!Access::token(TOKEN).expect("a strong token").admits(&HeaderMap::new()));
        assert!(Access::token("short").is_err() && Access::Anybody.admits(&HeaderMap::new()));
    }
}
