use tlog_tiles::{EMPTY_HASH, Hash, node_hash};

use crate::layout::TILE;

/// A tile that just became full.
pub struct FullTile {
    /// The level of tiles, from 0 on.
    pub level: usize,
    /// Its number within the level.
    pub number: u64,
    /// Its 256 hashes.
    pub hashes: Vec<Hash>,
}

/// The growing right edge of a Merkle tree (RFC 6962, 2.1) in tiles: of each level of tiles, the hashes of the tile that is
/// not full yet. At most 255 hashes a level and eight levels, however long the log is.
#[derive(Clone, Default)]
pub struct Tree {
    size: u64,
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// A tree of `size` leaves whose unfinished tiles are `levels`; `None` if their widths do not fit the size.
    pub(crate) fn from_edge(size: u64, levels: Vec<Vec<Hash>>) -> Option<Self> {
        let fits = widths(size).eq(levels.iter().map(|l| l.len() as u64));
        fits.then_some(Self { size, levels })
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of the unfinished tile of each level.
    pub fn edge(&self) -> &[Vec<Hash>] {
        &self.levels
    }

    /// Adds a leaf and gives the tiles that it made full to `full`.
    pub fn push(&mut self, leaf: Hash, mut full: impl FnMut(FullTile)) {
        let mut hash = leaf;
        let mut position = self.size;
        self.size += 1;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            self.levels[level].push(hash);
            if (self.levels[level].len() as u64) < TILE {
                return;
            }
            let hashes = std::mem::take(&mut self.levels[level]);
            hash = perfect_root(&hashes);
            position /= TILE;
            full(FullTile { level, number: position, hashes });
        }
    }

    /// The root over all leaves.
    pub fn root(&self) -> Hash {
        // From right to left: the unfinished tiles of low levels stand right of those of high ones, and a tile of W hashes
        // is a row of perfect subtrees, one for each bit of W, the largest first.
        let mut root: Option<Hash> = None;
        for hashes in &self.levels {
            let mut end = hashes.len();
            while end > 0 {
                let start = end - (1 << end.trailing_zeros());
                let subtree = perfect_root(&hashes[start..end]);
                root = Some(root.map_or(subtree, |right| node_hash(subtree, right)));
                end = start;
            }
        }
        root.unwrap_or(EMPTY_HASH)
    }
}

/// The width of the unfinished tile of each level of a tree of `size` leaves.
pub fn widths(size: u64) -> impl Iterator<Item = u64> {
    std::iter::successors((size > 0).then_some(size), |left| (left / TILE > 0).then_some(left / TILE))
        .map(|left| left % TILE)
}

/// The root of a perfect tree over 2^n hashes.
fn perfect_root(hashes: &[Hash]) -> Hash {
    debug_assert!(hashes.len().is_power_of_two());
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row.chunks_exact(2).map(|pair| node_hash(pair[0], pair[1])).collect();
    }
    row[0]
}

#[cfg(test)]
mod tests {
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use tlog_tiles::record_hash;

    use super::*;

    #[test]
    fn r27_the_root_is_that_of_another_implementation_at_every_edge() {
        let mut ours = Tree::default();
        let mut theirs = MemoryBackedTree::<sha2::Sha256, Vec<u8>>::new();
        assert_eq!(ours.root().0.as_slice(), theirs.root().as_bytes().as_slice());
        let mut tiles = 0;
        for i in 0..70_000_u32 {
            let entry = format!("entry {i}").into_bytes();
            ours.push(record_hash(&entry), |_| tiles += 1);
            theirs.push(entry);
            if [1, 2, 3, 255, 256, 257, 1000, 65_535, 65_536, 65_537, 70_000].contains(&(i + 1)) {
                assert_eq!(ours.root().0.as_slice(), theirs.root().as_bytes().as_slice(), "size {}", i + 1);
                assert!(Tree::from_edge(ours.size(), ours.edge().to_vec()).is_some());
            }
        }
        assert_eq!(tiles, 70_000 / 256 + 1);
    }
}
