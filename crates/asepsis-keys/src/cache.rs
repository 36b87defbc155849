use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use asepsis_vocab::SubjectId;

use crate::SubjectKey;

/// Keys that are kept in memory; they are wiped when they leave it.
const MOST: usize = 4096;

/// How long what another process shredded may be used here.
const FRESH: Duration = Duration::from_secs(2);

/// The keys of subjects that were used last.
pub(crate) struct Cache(Mutex<Inner>);

struct Inner {
    keys: HashMap<SubjectId, (Arc<SubjectKey>, u64)>,
    clock: u64,
    /// When it was last looked whether another process changed anything, and what was seen.
    looked: Instant,
    version: (i64, u32),
}

impl Cache {
    pub(crate) fn new(version: (i64, u32)) -> Self {
        Self(Mutex::new(Inner { keys: HashMap::new(), clock: 0, looked: Instant::now(), version }))
    }

    /// The key of a subject; and whether it is time to look what others changed.
    pub(crate) fn get(&self, subject: SubjectId) -> (Option<Arc<SubjectKey>>, bool) {
        let mut inner = self.lock();
        inner.clock += 1;
        let clock = inner.clock;
        let stale = inner.looked.elapsed() >= FRESH;
        if stale {
            // One looks, and the others need not.
            inner.looked = Instant::now();
        }
        let key = inner.keys.get_mut(&subject).map(|(key, used)| {
            *used = clock;
            key.clone()
        });
        (key, stale)
    }

    pub(crate) fn put(&self, key: &Arc<SubjectKey>) {
        let mut inner = self.lock();
        if inner.keys.len() >= MOST {
            // Half at a time: the search for the oldest then costs next to nothing a key.
            let mut uses: Vec<u64> = inner.keys.values().map(|(_, used)| *used).collect();
            let middle = uses.len() / 2;
            let (_, median, _) = uses.select_nth_unstable(middle);
            let median = *median;
            inner.keys.retain(|_, (_, used)| *used > median);
        }
        inner.clock += 1;
        let clock = inner.clock;
        inner.keys.insert(key.subject(), (key.clone(), clock));
    }

    pub(crate) fn forget(&self, subject: SubjectId) {
        self.lock().keys.remove(&subject);
    }

    /// Notes what stands in the database now, and lets all go where that is something new.
    pub(crate) fn looked(&self, version: (i64, u32)) {
        let mut inner = self.lock();
        inner.looked = Instant::now();
        if inner.version != version {
            inner.version = version;
            inner.keys.clear();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No step under the lock can panic midway.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyId, Secret};

    #[test]
    fn the_cache_is_bounded_and_keeps_what_was_used_last() {
        let cache = Cache::new((0, 1));
        let id = |n: u32| SubjectId::from_random(u128::from(n).to_be_bytes());
        for n in 0..3 * u32::try_from(MOST).unwrap() {
            cache.put(&Arc::new(SubjectKey::new(KeyId::new([0; 16]), id(n), Secret::default())));
            assert!(cache.get(id(0)).0.is_some(), "used all the time");
            assert!(cache.lock().keys.len() <= MOST);
        }
        assert!(cache.get(id(1)).0.is_none());
        cache.looked((1, 1));
        assert!(cache.get(id(0)).0.is_none(), "another process shredded somebody");
    }
}
