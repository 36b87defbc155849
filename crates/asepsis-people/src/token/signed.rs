use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, Validation};
use serde_json::{Map, Value};

use crate::token::{KeySet, TokenFault};

/// The longest token, in bytes.
const LONGEST: usize = 16 * 1024;

/// The algorithms that are allowed where nothing else is said: with a key pair, and none that is weak.
pub(crate) const USUAL: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// A token whose signature was checked. Its claims were not.
#[derive(Debug)]
pub(crate) struct Signed {
    /// The type of the header, in lower case and without `application/`.
    pub(crate) kind: Option<String>,
    pub(crate) claims: Map<String, Value>,
}

/// What the head of a token says, before anything is known of its signature: enough to find the key.
pub(crate) struct Head {
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: Option<String>,
    kind: Option<String>,
}

impl Head {
    pub(crate) fn of(token: &str) -> Result<Self, TokenFault> {
        let head = part(token, 0)?;
        // A header that must be understood and is not (RFC 7515, section 4.1.11), or a key that the token brings itself: nothing
        // here uses one, and who does confuses the two sooner or later.
        if head.contains_key("crit") {
            return Err(TokenFault::Malformed);
        }
        let text = |name: &str| head.get(name).and_then(Value::as_str);
        let algorithm = text("alg").ok_or(TokenFault::Malformed)?;
        let algorithm = algorithm.parse().map_err(|_| TokenFault::Algorithm)?;
        if !USUAL.contains(&algorithm) {
            return Err(TokenFault::Algorithm);
        }
        let kind = text("typ").map(|kind| {
            let kind = kind.to_ascii_lowercase();
            kind.strip_prefix("application/").map_or(kind.clone(), str::to_owned)
        });
        Ok(Self { algorithm, key_id: text("kid").map(str::to_owned), kind })
    }
}

/// The issuer that a token names, unchecked: only to find out whose keys to check it with.
pub(crate) fn named_issuer(token: &str) -> Option<String> {
    part(token, 1).ok()?.get("iss")?.as_str().map(str::to_owned)
}

/// Checks the signature of a token.
pub(crate) fn check(token: &str, keys: &KeySet, allowed: &[Algorithm]) -> Result<Signed, TokenFault> {
    let head = Head::of(token)?;
    if !allowed.contains(&head.algorithm) {
        return Err(TokenFault::Algorithm);
    }
    let candidates = keys.candidates(head.key_id.as_deref(), head.algorithm);
    if candidates.is_empty() {
        return Err(TokenFault::UnknownKey);
    }
    // Its own checks of claims have a clock of their own, and are made here instead.
    let mut validation = Validation::new(head.algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    for key in candidates {
        if let Ok(data) = jsonwebtoken::decode::<Map<String, Value>>(token, key, &validation) {
            return Ok(Signed { kind: head.kind, claims: data.claims });
        }
    }
    Err(TokenFault::Signature)
}

fn part(token: &str, index: usize) -> Result<Map<String, Value>, TokenFault> {
    if token.len() > LONGEST || token.split('.').count() != 3 {
        return Err(TokenFault::Malformed);
    }
    let text = token.split('.').nth(index).ok_or(TokenFault::Malformed)?;
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| TokenFault::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenFault::Malformed)
}
