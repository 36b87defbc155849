use std::ops::Range;

/// Keys in order, with a value each, that are walked byte by byte.
///
/// The keys that begin with what was read so far are one range of the sorted array; a step narrows it by two binary
/// searches. An empty range says at once that nothing issued can follow, so ordinary words are not held back.
#[derive(Default)]
pub(crate) struct Keys {
    entries: Vec<(Box<[u8]>, u32)>,
}

impl Keys {
    /// The keys given, without order; of equal keys the first stays.
    pub(crate) fn new(mut entries: Vec<(Box<[u8]>, u32)>) -> Self {
        entries.sort();
        entries.dedup_by(|later, first| later.0 == first.0);
        Self { entries }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Where a walk begins: every key is possible.
    pub(crate) fn start(&self) -> Walk {
        Walk { range: 0..self.entries.len(), depth: 0 }
    }

    /// The keys that go on with `byte`; `false` if there is none.
    pub(crate) fn step(&self, walk: &mut Walk, byte: u8) -> bool {
        let Range { start, end } = walk.range;
        let slice = &self.entries[start..end];
        // A key that ends here sorts before every longer one: `None < Some(_)`.
        let low = slice.partition_point(|(k, _)| k.get(walk.depth).copied() < Some(byte));
        let high = low + slice[low..].partition_point(|(k, _)| k.get(walk.depth).copied() <= Some(byte));
        walk.range = start + low..start + high;
        walk.depth += 1;
        low < high
    }

    /// The value of the key that is exactly what was walked.
    pub(crate) fn exact(&self, walk: &Walk) -> Option<u32> {
        let (key, value) = self.entries.get(walk.range.start)?;
        (!walk.range.is_empty() && key.len() == walk.depth).then_some(*value)
    }

    /// The value of `key`.
    pub(crate) fn find(&self, key: &[u8]) -> Option<u32> {
        let at = self.entries.binary_search_by(|(k, _)| (**k).cmp(key)).ok()?;
        Some(self.entries[at].1)
    }

    /// Whether a key is longer than what was walked.
    pub(crate) fn goes_on(&self, walk: &Walk) -> bool {
        !walk.range.is_empty() && self.entries[walk.range.end - 1].0.len() > walk.depth
    }

    /// Whether a key begins with `prefix`.
    pub(crate) fn has_prefix(&self, prefix: &[u8]) -> bool {
        let at = self.entries.partition_point(|(k, _)| **k < *prefix);
        self.entries.get(at).is_some_and(|(k, _)| k.starts_with(prefix))
    }

    /// The keys in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.iter().map(|(k, _)| &**k)
    }
}

/// How far a walk over [`Keys`] has come.
#[derive(Clone)]
pub(crate) struct Walk {
    range: Range<usize>,
    depth: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_narrows_to_the_keys_with_that_beginning() {
        let keys = Keys::new(vec![(b"tenby"[..].into(), 1), (b"ten"[..].into(), 2), (b"tor"[..].into(), 3)]);
        let mut walk = keys.start();
        assert!(keys.step(&mut walk, b't') && keys.exact(&walk).is_none());
        assert!(keys.step(&mut walk, b'e') && keys.step(&mut walk, b'n'));
        assert_eq!(keys.exact(&walk), Some(2));
        assert!(keys.step(&mut walk, b'b') && keys.step(&mut walk, b'y'));
        assert_eq!(keys.exact(&walk), Some(1));
        assert!(!keys.step(&mut walk, b's'));
        assert_eq!(keys.find(b"tor"), Some(3));
        assert_eq!(keys.find(b"to"), None);
    }
}
