//! A table of hashes that is wiped when dropped, and the hash.

use zeroize::Zeroize;

/// Numbers by 64-bit hash, without the keys themselves: two of ten million keys share a hash once in four hundred
/// thousand lists.
#[derive(Default)]
pub(super) struct Table {
    keys: Vec<u64>,
    values: Vec<u32>,
    count: usize,
}

impl Table {
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn find(&self, key: u64) -> Option<u32> {
        if self.keys.is_empty() {
            return None;
        }
        let slot = self.slot(key);
        (self.keys[slot] != 0).then(|| self.values[slot])
    }

    /// Adds a value under a key that has none yet; gives back the one that stands.
    pub(super) fn insert(&mut self, key: u64, value: u32) -> u32 {
        if self.count * 4 >= self.keys.len() * 3 {
            self.grow();
        }
        let slot = self.slot(key);
        if self.keys[slot] == 0 {
            self.keys[slot] = key.max(1);
            self.values[slot] = value;
            self.count += 1;
        }
        self.values[slot]
    }

    /// Puts `value` in place of what stands under a key.
    pub(super) fn set(&mut self, key: u64, value: u32) {
        self.insert(key, value);
        let slot = self.slot(key);
        self.values[slot] = value;
    }

    /// The place of a key, or the free one where it would stand.
    fn slot(&self, key: u64) -> usize {
        let (key, mask) = (key.max(1), self.keys.len() - 1);
        let mut slot = usize::try_from(key >> 7).unwrap_or(0) & mask;
        while self.keys[slot] != 0 && self.keys[slot] != key {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        let size = (self.keys.len() * 2).max(16);
        let mut new = Self { keys: vec![0; size], values: vec![0; size], count: 0 };
        for (key, value) in self.keys.iter().zip(&self.values).filter(|(k, _)| **k != 0) {
            new.insert(*key, *value);
        }
        *self = new;
    }

    /// Bytes that it holds.
    pub(super) fn size(&self) -> usize {
        self.keys.capacity() * 8 + self.values.capacity() * 4
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        self.keys.zeroize();
        self.values.zeroize();
    }
}

/// The hash of what is pushed, byte by byte (FNV-1a), well mixed at the end.
#[derive(Clone, Copy)]
pub(super) struct Hash(u64);

impl Hash {
    /// Begins the hash of a kind of value, so that equal texts of two kinds differ.
    pub(super) fn of(kind: u8) -> Self {
        let mut hash = Self(0xcbf2_9ce4_8422_2325);
        hash.push(kind);
        hash
    }

    pub(super) fn push(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }

    pub(super) fn text(mut self, text: &str) -> Self {
        text.bytes().for_each(|b| self.push(b));
        self
    }

    pub(super) fn end(self) -> u64 {
        let mut x = self.0;
        x = (x ^ (x >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x ^ (x >> 32)
    }
}
