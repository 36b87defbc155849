use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use ciborium::Value;

use crate::passkey::PasskeyFault;

/// How deep CBOR may be nested: a COSE key is flat, an attestation statement hardly deeper.
const DEEPEST: usize = 8;

/// A public key in COSE (RFC 9052, RFC 9053), of a kind that is taken.
pub(super) enum PublicKey {
    Es256([u8; 65]),
    EdDsa([u8; 32]),
    Rs256 { n: Vec<u8>, e: Vec<u8> },
}

/// Reads one CBOR value, and leaves what stands behind it.
pub(super) fn value(bytes: &mut &[u8]) -> Option<Value> {
    ciborium::de::from_reader_with_recursion_limit(bytes, DEEPEST).ok()
}

impl PublicKey {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, PasskeyFault> {
        let mut rest = bytes;
        let map = value(&mut rest).filter(|_| rest.is_empty());
        let Some(Value::Map(map)) = map else { return Err(PasskeyFault::Malformed("public key")) };
        let named = |name: i128| {
            let mut found = map.iter().filter(|(key, _)| key.as_integer().is_some_and(|key| i128::from(key) == name));
            // A member that stands twice is read differently by different readers.
            found.next().filter(|_| found.next().is_none()).map(|(_, value)| value)
        };
        let number = |name: i128| named(name).and_then(Value::as_integer).map(i128::from);
        let bytes = |name: i128| named(name).and_then(Value::as_bytes);
        let kind = PasskeyFault::KeyKind;
        match (number(1), number(3)) {
            // Elliptic curve with two coordinates, ES256, P-256.
            (Some(2), Some(-7)) if number(-1) == Some(1) => {
                let (x, y) = (bytes(-2).ok_or(kind)?, bytes(-3).ok_or(kind)?);
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                point.try_into().map(Self::Es256).map_err(|_| kind)
            }
            // Octet key pair, EdDSA, Ed25519.
            (Some(1), Some(-8)) if number(-1) == Some(6) => {
                bytes(-2).and_then(|x| x.as_slice().try_into().ok()).map(Self::EdDsa).ok_or(kind)
            }
            // RSA, RS256.
            (Some(3), Some(-257)) => {
                let (n, e) = (bytes(-1).ok_or(kind)?.clone(), bytes(-2).ok_or(kind)?.clone());
                if (256..=1024).contains(&n.len()) && (1..=8).contains(&e.len()) {
                    Ok(Self::Rs256 { n, e })
                } else {
                    Err(kind)
                }
            }
            _ => Err(kind),
        }
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), PasskeyFault> {
        let verified = match self {
            Self::Es256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature),
            Self::EdDsa(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
            Self::Rs256 { n, e } => {
                PublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
        };
        verified.map_err(|_| PasskeyFault::Signature)
    }
}
