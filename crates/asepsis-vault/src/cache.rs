use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use asepsis_vocab::IdentifierClass;

use crate::seal::{ScopeKeys, Wrapped};
use crate::{ScopeId, Surrogate};

/// Scopes that are kept in memory, and more only where more are in use; their values are wiped when they leave it.
const SCOPES: usize = 256;

/// What is known of a scope.
#[derive(Default)]
pub(crate) struct Known {
    /// `None` where the scope is not stored yet.
    pub(crate) keys: Option<ScopeKeys>,
    /// Keys that it gets when it is stored, where they were made ahead.
    pub(crate) ahead: Option<Box<(ScopeKeys, Wrapped)>>,
    pub(crate) surrogates: Arc<Vec<Surrogate>>,
    pub(crate) by_value: HashMap<[u8; 16], usize>,
    /// Blind indexes of the texts that are taken: what is sent out, and what really stands for someone.
    pub(crate) taken: HashSet<[u8; 16]>,
    /// Blind indexes of what a writer may shorten an invented name to. Two names may share a part, which then stands for
    /// neither; a part that were somebody else's whole surrogate would name the wrong person.
    pub(crate) parts: HashSet<[u8; 16]>,
}

impl Known {
    /// Notes which texts a surrogate leaves no longer free.
    pub(crate) fn take(&mut self, texts: Texts) {
        self.taken.extend([texts.rendered, texts.value]);
        self.parts.extend(texts.parts);
    }
}

/// The blind indexes of the texts of a surrogate.
pub(crate) struct Texts {
    /// What stands for the value.
    pub(crate) rendered: [u8; 16],
    /// The value.
    pub(crate) value: [u8; 16],
    /// The parts of an invented name.
    pub(crate) parts: Vec<[u8; 16]>,
}

impl Texts {
    pub(crate) fn of(keys: &ScopeKeys, surrogate: &Surrogate) -> Self {
        Self::with_value(keys, surrogate, keys.blind_text(&surrogate.value))
    }

    /// The same where the index of the value is known.
    pub(crate) fn with_value(keys: &ScopeKeys, surrogate: &Surrogate, value: [u8; 16]) -> Self {
        Self { rendered: keys.blind_text(&surrogate.rendered), value, parts: parts(keys, surrogate) }
    }
}

fn parts(keys: &ScopeKeys, surrogate: &Surrogate) -> Vec<[u8; 16]> {
    // A placeholder has no parts; to find that out, each of its words would be looked for among all invented names.
    if surrogate.class != IdentifierClass::Name || surrogate.rendered.starts_with('[') {
        return Vec::new();
    }
    let parts = asepsis_surrogate::realistic_parts(&surrogate.value, &surrogate.rendered);
    parts.into_iter().map(|(part, _)| keys.blind_text(&part)).collect()
}

/// The place of a scope in memory: empty until it is read, and when what it holds is in doubt. Whoever holds the lock is the
/// only one in this process to add to the scope.
pub(crate) type Slot = Arc<tokio::sync::Mutex<Option<Known>>>;

/// The scopes that were used last.
#[derive(Default)]
pub(crate) struct Cache {
    scopes: Mutex<Scopes>,
}

#[derive(Default)]
struct Scopes {
    slots: HashMap<ScopeId, (Slot, u64)>,
    /// The scopes by when they were used, the oldest first.
    by_use: BTreeMap<u64, ScopeId>,
    clock: u64,
}

impl Cache {
    pub(crate) fn slot(&self, scope: &ScopeId) -> Slot {
        // A thread that panicked with the lock held leaves a map that is whole: no step in here can panic midway.
        let mut scopes = self.scopes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Scopes { slots, by_use, clock } = &mut *scopes;
        *clock += 1;
        if let Some((slot, used)) = slots.get_mut(scope) {
            by_use.remove(used);
            by_use.insert(*clock, *scope);
            *used = *clock;
            return slot.clone();
        }
        while slots.len() >= SCOPES {
            // Never one that is in use: with a second slot, two could add to a scope at the same time.
            let free = |scope: &&ScopeId| slots.get(scope).is_some_and(|(slot, _)| Arc::strong_count(slot) == 1);
            let Some(oldest) = by_use.values().find(free).copied() else { break };
            if let Some((_, used)) = slots.remove(&oldest) {
                by_use.remove(&used);
            }
        }
        by_use.insert(*clock, *scope);
        slots.entry(*scope).or_insert((Slot::default(), *clock)).0.clone()
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.scopes.lock().unwrap().slots.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Space;

    #[test]
    fn a_scope_in_use_has_one_slot_however_many_there_are() {
        let cache = Cache::default();
        let scope = |n: u32| {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&n.to_be_bytes());
            ScopeId::new(Space::Gateway, id)
        };
        let many = u32::try_from(SCOPES).unwrap() + 50;
        let held: Vec<Slot> = (0..many).map(|n| cache.slot(&scope(n))).collect();
        for (n, slot) in (0..).zip(&held) {
            assert!(Arc::ptr_eq(slot, &cache.slot(&scope(n))), "{n}");
        }
        assert_eq!(cache.len(), SCOPES + 50);
        drop(held);
        cache.slot(&scope(many));
        assert_eq!(cache.len(), SCOPES, "those that nobody uses go, the oldest first");
        assert!(!cache.scopes.lock().unwrap().slots.contains_key(&scope(0)));
    }
}
