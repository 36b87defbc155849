//! Sealing: what is written into the database so that only the vault can read it, and only in its own place.

use asepsis_vocab::IdentifierClass;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::key::{self, Secret, derive, tag};
use crate::{RootKey, ScopeId, Space, Surrogate, VaultError, Wanted};

/// The version of the keys and of the sealed layout; part of the associated data, so that a row of one is not read as
/// another.
pub(crate) const KEY_VERSION: u32 = 1;

/// Sealed texts are filled up to a multiple of this, so that their length says little of the identifier's.
const PAD: usize = 64;

/// The keys that come from the root.
pub(crate) struct VaultKeys {
    wrap: RandomizedNonceKey,
    scopes: hmac::Key,
    check: hmac::Key,
}

impl VaultKeys {
    pub(crate) fn new(root: &RootKey) -> Result<Self, VaultError> {
        Ok(Self {
            wrap: RandomizedNonceKey::new(&AES_256_GCM, root.derive("wrap scope keys")?.as_ref())?,
            scopes: hmac::Key::new(hmac::HMAC_SHA256, root.derive("name scopes")?.as_ref()),
            check: hmac::Key::new(hmac::HMAC_SHA256, root.derive("check the root key")?.as_ref()),
        })
    }

    /// The value by which the right root key is known.
    pub(crate) fn check_value(&self) -> [u8; 16] {
        tag(&self.check, &[b"asepsis.vault"])
    }

    /// The name of a scope.
    pub(crate) fn scope(&self, space: Space, owner: &str, conversation: &[u8]) -> ScopeId {
        ScopeId::new(space, tag(&self.scopes, &[&[space.code()], owner.as_bytes(), conversation]))
    }

    /// New keys for a scope, and their sealed form.
    pub(crate) fn new_scope(&self, scope: &ScopeId) -> Result<(ScopeKeys, Vec<u8>), VaultError> {
        let data = key::random()?;
        let wrapped = seal(&self.wrap, &place_of_scope(scope), data.as_slice())?;
        Ok((ScopeKeys::new(*scope, &data)?, wrapped))
    }

    /// The keys of a scope from their sealed form.
    pub(crate) fn open_scope(&self, scope: &ScopeId, wrapped: &[u8]) -> Result<ScopeKeys, VaultError> {
        let tampered = || VaultError::Tampered { place: format!("the key of scope {scope}") };
        let opened = open(&self.wrap, &place_of_scope(scope), wrapped).ok_or_else(tampered)?;
        let mut data = Secret::default();
        if opened.len() != data.len() {
            return Err(tampered());
        }
        data.copy_from_slice(&opened);
        ScopeKeys::new(*scope, &data)
    }
}

/// The keys of one scope.
pub(crate) struct ScopeKeys {
    scope: ScopeId,
    seal: RandomizedNonceKey,
    index: hmac::Key,
}

impl ScopeKeys {
    fn new(scope: ScopeId, data: &Secret) -> Result<Self, VaultError> {
        Ok(Self {
            scope,
            seal: RandomizedNonceKey::new(&AES_256_GCM, derive(data, "seal")?.as_ref())?,
            index: hmac::Key::new(hmac::HMAC_SHA256, derive(data, "index")?.as_ref()),
        })
    }

    /// The blind index of an identifier: equal within the scope for equal ones, meaningless outside.
    pub(crate) fn blind(&self, wanted: &Wanted<'_>) -> [u8; 16] {
        tag(&self.index, &[b"value", wanted.class.label().as_bytes(), wanted.value.as_bytes()])
    }

    /// The blind index of a text that goes out: one for all that an answer cannot tell apart, so that no two of them stand
    /// for different things.
    pub(crate) fn blind_text(&self, rendered: &str) -> [u8; 16] {
        tag(&self.index, &[b"folded", &Zeroizing::new(asepsis_surrogate::folded(rendered))])
    }

    /// The blind index of a text that goes out as rows had it before what reads alike was one.
    pub(crate) fn blind_verbatim(&self, rendered: &str) -> [u8; 16] {
        tag(&self.index, &[b"text", rendered.as_bytes()])
    }

    pub(crate) fn seal(&self, surrogate: &Surrogate, blind: &[u8; 16], code: &[u8; 8]) -> Result<Vec<u8>, VaultError> {
        let too_long = |_| VaultError::TooLong { class: surrogate.class };
        let mut plain = Zeroizing::new(Vec::with_capacity(
            (5 + surrogate.class.label().len() + surrogate.rendered.len() + surrogate.value.len())
                .next_multiple_of(PAD),
        ));
        plain.push(u8::try_from(surrogate.class.label().len()).map_err(too_long)?);
        plain.extend_from_slice(surrogate.class.label().as_bytes());
        for text in [surrogate.rendered.as_str(), surrogate.value.as_str()] {
            plain.extend_from_slice(&u16::try_from(text.len()).map_err(too_long)?.to_be_bytes());
            plain.extend_from_slice(text.as_bytes());
        }
        let padded = plain.len().next_multiple_of(PAD);
        plain.resize(padded, 0);
        seal(&self.seal, &place_of_row(&self.scope, blind, code), &plain)
    }

    pub(crate) fn open(&self, sealed: &[u8], blind: &[u8; 16], code: &[u8; 8]) -> Result<Surrogate, VaultError> {
        open(&self.seal, &place_of_row(&self.scope, blind, code), sealed)
            .and_then(|plain| decode(&plain))
            .ok_or_else(|| VaultError::Tampered { place: format!("a surrogate of scope {}", self.scope) })
    }
}

fn decode(plain: &[u8]) -> Option<Surrogate> {
    let (length, rest) = plain.split_first()?;
    let (label, mut rest) = rest.split_at_checked(usize::from(*length))?;
    let class: IdentifierClass = std::str::from_utf8(label).ok()?.parse().ok()?;
    let mut text = || {
        let (length, after) = rest.split_first_chunk::<2>()?;
        let (text, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        rest = after;
        std::str::from_utf8(text).ok().map(str::to_owned)
    };
    Some(Surrogate { rendered: text()?, value: Zeroizing::new(text()?), class })
}

/// Associated data: a sealed key or row that is moved elsewhere does not open there.
fn place_of_scope(scope: &ScopeId) -> Vec<u8> {
    [b"asepsis.scope", &KEY_VERSION.to_be_bytes()[..], &[scope.space().code()], scope.as_bytes()].concat()
}

fn place_of_row(scope: &ScopeId, blind: &[u8; 16], code: &[u8; 8]) -> Vec<u8> {
    [b"asepsis.surrogate", &KEY_VERSION.to_be_bytes()[..], &[scope.space().code()], scope.as_bytes(), blind, code]
        .concat()
}

/// Nonce, ciphertext, tag.
fn seal(key: &RandomizedNonceKey, place: &[u8], plain: &[u8]) -> Result<Vec<u8>, VaultError> {
    // Room for the tag, so that the plain text is not left behind in a buffer that was too small.
    let mut buffer = Zeroizing::new(Vec::with_capacity(plain.len() + AES_256_GCM.tag_len()));
    buffer.extend_from_slice(plain);
    let nonce = key.seal_in_place_append_tag(Aad::from(place), &mut *buffer)?;
    Ok([nonce.as_ref(), buffer.as_slice()].concat())
}

fn open(key: &RandomizedNonceKey, place: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let mut buffer = Zeroizing::new(rest.to_vec());
    let length = key.open_in_place(Nonce::from(nonce), Aad::from(place), &mut buffer).ok()?.len();
    buffer.truncate(length);
    Some(buffer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r27_what_is_sealed_opens_in_its_own_place_only() {
        let keys = VaultKeys::new(&RootKey::generate().unwrap()).unwrap();
        let (here, there) = (keys.scope(Space::Gateway, "a", b"1"), keys.scope(Space::Gateway, "a", b"2"));
        let (scope, wrapped) = keys.new_scope(&here).unwrap();
        let surrogate = Surrogate {
            rendered: "[NAME_1]".into(),
            value: Zeroizing::new("Ada".to_owned()),
            class: IdentifierClass::Name,
        };
        let sealed = scope.seal(&surrogate, &[1; 16], &[2; 8]).unwrap();
        let again = keys.open_scope(&here, &wrapped).unwrap().open(&sealed, &[1; 16], &[2; 8]).unwrap();
        assert_eq!((again.rendered.as_str(), again.value.as_str()), ("[NAME_1]", "Ada"));
        assert!(scope.open(&sealed, &[1; 16], &[3; 8]).is_err());
        assert!(scope.open(&sealed, &[3; 16], &[2; 8]).is_err());
        assert!(keys.open_scope(&there, &wrapped).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(scope.open(&changed, &[1; 16], &[2; 8]).is_err(), "byte {at}");
        }
        assert!(scope.open(&sealed[..10], &[1; 16], &[2; 8]).is_err());
        assert_eq!(sealed.len(), NONCE_LEN + PAD + 16, "the length tells little");
    }
}
