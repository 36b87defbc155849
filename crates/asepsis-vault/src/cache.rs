use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use crate::seal::ScopeKeys;
use crate::{ScopeId, Surrogate};

/// Scopes that are kept in memory; their values are wiped when they leave it.
const SCOPES: usize = 256;

/// What is known of a scope.
#[derive(Default)]
pub(crate) struct Known {
    /// `None` where the scope is not stored yet.
    pub(crate) keys: Option<ScopeKeys>,
    pub(crate) surrogates: Arc<Vec<Surrogate>>,
    pub(crate) by_value: HashMap<[u8; 16], usize>,
    /// Blind indexes of the texts that are taken: what is sent out, and what really stands for someone.
    pub(crate) taken: HashSet<[u8; 16]>,
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
    clock: u64,
}

impl Cache {
    pub(crate) fn slot(&self, scope: &ScopeId) -> Slot {
        // A thread that panicked with the lock held leaves a map that is whole: no step in here can panic midway.
        let mut scopes = self.scopes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        scopes.clock += 1;
        let now = scopes.clock;
        if !scopes.slots.contains_key(scope) && scopes.slots.len() >= SCOPES {
            // Not one that is in use, where that can be helped.
            let oldest = scopes.slots.iter().min_by_key(|(_, (slot, used))| (Arc::strong_count(slot) > 1, *used));
            if let Some(oldest) = oldest.map(|(scope, _)| *scope) {
                scopes.slots.remove(&oldest);
            }
        }
        let entry = scopes.slots.entry(*scope).or_default();
        entry.1 = now;
        entry.0.clone()
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.scopes.lock().unwrap().slots.len()
    }
}
