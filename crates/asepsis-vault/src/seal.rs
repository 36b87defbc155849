//! Sealing: what is written into the database so that only the vault can read it, and only in its own place.

use asepsis_keys::{BlindKey, CryptoFailed, KeyError, KeyPlace, Keys, RootKey, SealKey, Secret};
use asepsis_vocab::IdentifierClass;
use zeroize::Zeroizing;

use crate::key::derive;
use crate::{ScopeId, Space, Surrogate, VaultError, Wanted};

/// The version of the keys of scopes and of the sealed layout; part of the associated data, so that a row of one is not read
/// as another.
pub(crate) const KEY_VERSION: u32 = 1;

/// Sealed texts are filled up to a multiple of this, so that their length says little of the identifier's.
const PAD: usize = 64;

/// The key that names scopes. Of a vault that is older than `asepsis-keys`, it was derived from the root key.
const NAMES: &str = "vault: name scopes";

/// The keys over the scopes'.
pub(crate) struct VaultKeys {
    keys: Keys,
    scopes: BlindKey,
}

impl VaultKeys {
    pub(crate) async fn new(keys: &Keys) -> Result<Self, VaultError> {
        Ok(Self { scopes: BlindKey::new(&keys.named(NAMES).await?), keys: keys.clone() })
    }

    /// The value by which it is known that the vault and the keys belong together.
    pub(crate) fn check_value(&self) -> [u8; 16] {
        self.scopes.tag(&[b"the vault of these keys"])
    }

    /// The name of a scope.
    pub(crate) fn scope(&self, space: Space, owner: &str, conversation: &[u8]) -> ScopeId {
        ScopeId::new(space, self.scopes.tag(&[&[space.code()], owner.as_bytes(), conversation]))
    }

    /// New keys for a scope, and their sealed form.
    pub(crate) fn new_scope(&self, scope: &ScopeId) -> Result<(ScopeKeys, Wrapped), VaultError> {
        let data = Secret::random()?;
        let wrapped = self.wrap(scope, &data)?;
        Ok((ScopeKeys::new(*scope, &data)?, wrapped))
    }

    /// The keys of a scope from their sealed form.
    pub(crate) async fn open_scope(&self, scope: &ScopeId, wrapped: &Wrapped) -> Result<ScopeKeys, VaultError> {
        Ok(ScopeKeys::new(*scope, &self.unwrap(scope, wrapped).await?)?)
    }

    /// The same key under the current epoch.
    pub(crate) async fn rewrap(&self, scope: &ScopeId, wrapped: &Wrapped) -> Result<Wrapped, VaultError> {
        self.wrap(scope, &self.unwrap(scope, wrapped).await?)
    }

    pub(crate) fn wrap(&self, scope: &ScopeId, data: &Secret) -> Result<Wrapped, VaultError> {
        let (epoch, key) = self.keys.wrap(KeyPlace { kind: "vault.scope", id: &name_of_scope(scope) }, data)?;
        Ok(Wrapped { epoch, key })
    }

    async fn unwrap(&self, scope: &ScopeId, wrapped: &Wrapped) -> Result<Secret, VaultError> {
        let name = name_of_scope(scope);
        let place = KeyPlace { kind: "vault.scope", id: &name };
        self.keys.unwrap(wrapped.epoch, place, &wrapped.key).await.map_err(|e| match e {
            KeyError::Tampered { .. } | KeyError::NoEpoch(_) => tampered_scope(scope),
            other => other.into(),
        })
    }

    /// The keys.
    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }
}

/// A scope's key as it is stored.
pub(crate) struct Wrapped {
    /// The epoch that it is wrapped under.
    pub(crate) epoch: u32,
    pub(crate) key: Vec<u8>,
}

/// The keys of a vault whose scopes are sealed under the root key itself.
pub(crate) struct OldKeys {
    wrap: SealKey,
    names: Secret,
    check: BlindKey,
}

impl OldKeys {
    pub(crate) fn new(root: &RootKey) -> Result<Self, CryptoFailed> {
        Ok(Self {
            wrap: SealKey::new(&root.derive_for_old_vault("wrap scope keys")?)?,
            names: root.derive_for_old_vault("name scopes")?,
            check: BlindKey::new(&root.derive_for_old_vault("check the root key")?),
        })
    }

    /// The value by which the right root key is known.
    pub(crate) fn check_value(&self) -> [u8; 16] {
        self.check.tag(&[b"asepsis.vault"])
    }

    /// Hands the key that names scopes over, so that they are found under the names that they have.
    pub(crate) async fn hand_over_names(&self, keys: &Keys) -> Result<(), KeyError> {
        keys.import(NAMES, &self.names).await
    }

    pub(crate) fn unwrap(&self, scope: &ScopeId, wrapped: &[u8]) -> Result<Secret, VaultError> {
        let place = [b"asepsis.scope", &KEY_VERSION.to_be_bytes()[..], &name_of_scope(scope)].concat();
        let opened = self.wrap.open(&place, wrapped);
        opened.and_then(|bytes| Secret::from_slice(&bytes)).ok_or_else(|| tampered_scope(scope))
    }
}

fn tampered_scope(scope: &ScopeId) -> VaultError {
    VaultError::Tampered { place: format!("the key of scope {scope}") }
}

/// The keys of one scope.
pub(crate) struct ScopeKeys {
    scope: ScopeId,
    seal: SealKey,
    index: BlindKey,
}

impl ScopeKeys {
    fn new(scope: ScopeId, data: &Secret) -> Result<Self, CryptoFailed> {
        Ok(Self { scope, seal: SealKey::new(&derive(data, "seal")?)?, index: BlindKey::new(&derive(data, "index")?) })
    }

    /// The blind index of an identifier: equal within the scope for equal ones, meaningless outside.
    pub(crate) fn blind(&self, wanted: &Wanted<'_>) -> [u8; 16] {
        self.index.tag(&[b"value", wanted.class.label().as_bytes(), wanted.value.as_bytes()])
    }

    /// The blind index of a text that goes out: one for all that an answer cannot tell apart, so that no two of them stand
    /// for different things.
    pub(crate) fn blind_text(&self, rendered: &str) -> [u8; 16] {
        self.index.tag(&[b"folded", &Zeroizing::new(asepsis_surrogate::folded(rendered))])
    }

    /// The blind index of a text that goes out as rows had it before what reads alike was one.
    pub(crate) fn blind_verbatim(&self, rendered: &str) -> [u8; 16] {
        self.index.tag(&[b"text", rendered.as_bytes()])
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
        Ok(self.seal.seal(&place_of_row(&self.scope, blind, code), &plain)?)
    }

    pub(crate) fn open(&self, sealed: &[u8], blind: &[u8; 16], code: &[u8; 8]) -> Result<Surrogate, VaultError> {
        self.seal
            .open(&place_of_row(&self.scope, blind, code), sealed)
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

/// What a scope's key is bound to.
fn name_of_scope(scope: &ScopeId) -> [u8; 17] {
    let mut name = [scope.space().code(); 17];
    name[1..].copy_from_slice(scope.as_bytes());
    name
}

/// Associated data: a sealed row that is moved elsewhere does not open there.
fn place_of_row(scope: &ScopeId, blind: &[u8; 16], code: &[u8; 8]) -> Vec<u8> {
    [b"asepsis.surrogate", &KEY_VERSION.to_be_bytes()[..], &[scope.space().code()], scope.as_bytes(), blind, code]
        .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r27_what_is_sealed_opens_in_its_own_place_only() {
        let here = ScopeId::new(Space::Gateway, [1; 16]);
        let data = Secret::random().unwrap();
        let scope = ScopeKeys::new(here, &data).unwrap();
        let surrogate = Surrogate {
            rendered: "[NAME_1]".into(),
            value: Zeroizing::new("Ada".to_owned()),
            class: IdentifierClass::Name,
        };
        let sealed = scope.seal(&surrogate, &[1; 16], &[2; 8]).unwrap();
        let again = ScopeKeys::new(here, &data).unwrap().open(&sealed, &[1; 16], &[2; 8]).unwrap();
        assert_eq!((again.rendered.as_str(), again.value.as_str()), ("[NAME_1]", "Ada"));
        assert!(scope.open(&sealed, &[1; 16], &[3; 8]).is_err());
        assert!(scope.open(&sealed, &[3; 16], &[2; 8]).is_err());
        for there in [ScopeId::new(Space::Gateway, [2; 16]), ScopeId::new(Space::CommandLine, [1; 16])] {
            assert!(ScopeKeys::new(there, &data).unwrap().open(&sealed, &[1; 16], &[2; 8]).is_err());
        }
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(scope.open(&changed, &[1; 16], &[2; 8]).is_err(), "byte {at}");
        }
        assert!(scope.open(&sealed[..10], &[1; 16], &[2; 8]).is_err());
        assert_eq!(sealed.len(), SealKey::OVERHEAD + PAD, "the length tells little");
    }
}
