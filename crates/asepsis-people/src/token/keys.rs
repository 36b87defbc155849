use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

/// The longest key set, in bytes.
const MOST_BYTES: usize = 256 * 1024;
/// The most keys of one.
const MOST: usize = 64;

/// The public keys of an issuer or a client: a JWK set (RFC 7517).
#[derive(Default)]
pub struct KeySet {
    keys: Vec<Kept>,
}

struct Kept {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

/// A text that is no key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no JSON Web Key Set with at most 64 keys and 256 KiB, or none of its keys can check a signature")]
pub struct BadKeySet;

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

impl KeySet {
    /// Reads a key set. Keys that cannot check signatures, are secrets, or are of a kind that is not known are left out, as
    /// RFC 7517, section 5, asks for.
    ///
    /// # Errors
    /// [`BadKeySet`].
    pub fn read(text: &[u8]) -> Result<Self, BadKeySet> {
        if text.len() > MOST_BYTES {
            return Err(BadKeySet);
        }
        let document: Document = serde_json::from_slice(text).map_err(|_| BadKeySet)?;
        if document.keys.len() > MOST {
            return Err(BadKeySet);
        }
        let keys: Vec<Kept> = document.keys.into_iter().filter_map(kept).collect();
        if keys.is_empty() { Err(BadKeySet) } else { Ok(Self { keys }) }
    }

    /// The keys that may have signed with this algorithm and key id. Without an id there must be one candidate only.
    pub(crate) fn candidates(&self, id: Option<&str>, algorithm: Algorithm) -> Vec<&DecodingKey> {
        let fits =
            |kept: &&Kept| kept.algorithms.contains(&algorithm) && id.is_none_or(|id| kept.id.as_deref() == Some(id));
        let found: Vec<_> = self.keys.iter().filter(fits).map(|kept| &kept.key).collect();
        if id.is_none() && found.len() > 1 { Vec::new() } else { found }
    }
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeySet({} keys)", self.keys.len())
    }
}

fn kept(mut value: serde_json::Value) -> Option<Kept> {
    fill_up(&mut value);
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    if matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption)) {
        return None;
    }
    let mut algorithms = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => vec![
            Algorithm::RS256,
            Algorithm::RS384,
            Algorithm::RS512,
            Algorithm::PS256,
            Algorithm::PS384,
            Algorithm::PS512,
        ],
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            jsonwebtoken::jwk::EllipticCurve::P256 => vec![Algorithm::ES256],
            jsonwebtoken::jwk::EllipticCurve::P384 => vec![Algorithm::ES384],
            _ => return None,
        },
        AlgorithmParameters::OctetKeyPair(pair) => match pair.curve {
            jsonwebtoken::jwk::EllipticCurve::Ed25519 => vec![Algorithm::EdDSA],
            _ => return None,
        },
        // A secret that is published is none.
        AlgorithmParameters::OctetKey(_) => return None,
    };
    if let Some(named) = jwk.common.key_algorithm {
        algorithms.retain(|algorithm| named == key_algorithm(*algorithm));
    }
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    (!algorithms.is_empty()).then_some(Kept { id: jwk.common.key_id, algorithms, key })
}

/// Gives coordinates of a curve the length that they must have (RFC 7518, section 6.2.1.2). Providers that write numbers as short as
/// they get (Authlib 1) publish a shorter one in one key of 160, and nobody could sign in until they made another.
fn fill_up(key: &mut serde_json::Value) {
    let size = match key.get("crv").and_then(serde_json::Value::as_str) {
        Some("P-256") => 32,
        Some("P-384") => 48,
        _ => return,
    };
    for name in ["x", "y"] {
        let Some(coordinate) = key.get_mut(name) else { continue };
        let short = coordinate.as_str().and_then(|text| BASE64URL_NOPAD.decode(text.as_bytes()).ok());
        if let Some(short) = short.filter(|short| short.len() < size) {
            let mut whole = vec![0; size - short.len()];
            whole.extend(short);
            *coordinate = BASE64URL_NOPAD.encode(&whole).into();
        }
    }
}

fn key_algorithm(algorithm: Algorithm) -> KeyAlgorithm {
    match algorithm {
        Algorithm::HS256 => KeyAlgorithm::HS256,
        Algorithm::HS384 => KeyAlgorithm::HS384,
        Algorithm::HS512 => KeyAlgorithm::HS512,
        Algorithm::ES256 => KeyAlgorithm::ES256,
        Algorithm::ES384 => KeyAlgorithm::ES384,
        Algorithm::RS256 => KeyAlgorithm::RS256,
        Algorithm::RS384 => KeyAlgorithm::RS384,
        Algorithm::RS512 => KeyAlgorithm::RS512,
        Algorithm::PS256 => KeyAlgorithm::PS256,
        Algorithm::PS384 => KeyAlgorithm::PS384,
        Algorithm::PS512 => KeyAlgorithm::PS512,
        Algorithm::EdDSA => KeyAlgorithm::EdDSA,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::signed::{USUAL, check};

    /// Made by Authlib 1.9: the key has `x` with 31 bytes.
    const SHORT: (&str, &str, &str) = (
        "4Ig1jv3_QdzZhHl3A3tQa2wG-d4ZRAMC9XUXxoPXig",
        "FmiyIIcwuU9lM9Pka1JxELRj1a1i58xoSucekinjAlw",
        "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjIiwidHlwIjoiSldUIn0.\
         eyJhIjoyMX0.\
         FHXPWrdJlxTlmyda-6hNDjHIcvzMIw0zs8GcChRpO50HMf318t8b6tSo6J4C90hc_7F4e68ZfO7NsI4TUlAMDg",
    );

    #[test]
    fn a_coordinate_that_was_written_short_is_the_same_number() {
        let (x, y, token) = SHORT;
        let set = |x: &str, y: &str| {
            let key = serde_json::json!({"kty": "EC", "crv": "P-256", "kid": "ec", "use": "sig", "x": x, "y": y});
            KeySet::read(serde_json::json!({"keys": [key]}).to_string().as_bytes())
        };
        assert!(x.len().min(y.len()) < 43, "one is short");
        assert!(check(token, &set(x, y).unwrap(), &USUAL).is_ok());
        // What is no number, or another one, checks nothing.
        for (x, y) in [(y, x), ("", y), ("!", y), (&*format!("{x}AA"), y)] {
            assert!(!set(x, y).is_ok_and(|keys| check(token, &keys, &USUAL).is_ok()), "{x} {y}");
        }
    }
}
