use crate::feature::{BUCKET_BITS, Feature};

const BUCKETS: usize = 1 << BUCKET_BITS;
/// Buckets of a block: with the number of rows before them, which needs 22 bits, they fill a word.
const WIDTH: usize = 42;
const BLOCKS: usize = BUCKETS.div_ceil(WIDTH);

/// Which buckets have a row, and which row that is.
///
/// Most features have none, so that one word is all that is looked at for them; for the others it is the same word.
pub(crate) struct Index(Box<[u64; BLOCKS]>);

/// A bucket that has a row, where it was found: which row that is costs a little more to tell.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place {
    block: u64,
    /// Where the bucket is in its block, and the feature's check above that.
    within: u32,
}

impl Index {
    /// The index of a bitmap of the buckets, and the number of rows.
    pub(crate) fn new(bitmap: &[u8]) -> (Self, usize) {
        let mut words = bitmap.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes));
        let mut blocks = vec![0u64; BLOCKS];
        // The bits that are read and not yet in a block.
        let (mut bits, mut count) = (0u128, 0);
        let mut before = 0;
        for block in &mut blocks {
            if count < WIDTH {
                bits |= u128::from(words.next().unwrap_or(0)) << count;
                count += 64;
            }
            #[allow(clippy::cast_possible_truncation, reason = "the lowest are what is taken")]
            let mine = bits as u64 & ((1 << WIDTH) - 1);
            (bits, count) = (bits >> WIDTH, count - WIDTH);
            *block = mine | before << WIDTH;
            // Most have one or none, which is told faster than bits are counted.
            before += if mine & mine.wrapping_sub(1) == 0 { u64::from(mine != 0) } else { mine.count_ones().into() };
        }
        let blocks = blocks.into_boxed_slice().try_into().expect("there are that many blocks");
        (Self(blocks), usize::try_from(before).unwrap_or(usize::MAX))
    }

    /// Whether the bucket has a row.
    fn has(&self, bucket: usize) -> bool {
        self.0[bucket / WIDTH] >> (bucket % WIDTH) & 1 == 1
    }

    /// The buckets that have rows, in order.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = usize> {
        (0..BUCKETS).filter(|&bucket| self.has(bucket))
    }

    /// The bitmap of the buckets.
    pub(crate) fn bitmap(&self) -> Vec<u8> {
        let mut out = vec![0u8; BUCKETS / 8];
        for bucket in self.buckets() {
            out[bucket / 8] |= 1 << (bucket % 8);
        }
        out
    }

    /// The place of a feature's bucket, and 1 if it has a row, else 0: no branch, which would have to wait for memory.
    #[inline]
    pub(crate) fn place(&self, feature: Feature) -> (Place, usize) {
        let bucket = feature.bucket();
        let block = bucket / WIDTH;
        #[allow(clippy::cast_possible_truncation, reason = "a bucket has 22 bits")]
        let within = feature.bits() - (block * WIDTH) as u32;
        let block = self.0[block];
        (Place { block, within }, (block >> (within % 64) & 1) as usize)
    }
}

impl Place {
    /// Which row the bucket has, given that it has one.
    #[inline]
    pub(crate) fn row(self) -> usize {
        let mut row = (self.block >> WIDTH) as usize;
        let below = self.block & ((1 << (self.within % 64)) - 1);
        // A block has one row or two, so that mostly there is nothing to count.
        if below != 0 {
            row += below.count_ones() as usize;
        }
        row
    }

    /// The check of the feature that was looked for.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "eight bits are left")]
    pub(crate) fn check(self) -> u8 {
        (self.within >> BUCKET_BITS) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_the_order_of_their_buckets() {
        let mut bitmap = vec![0u8; BUCKETS / 8];
        let set = [0, 1, 41, 42, 43, 83, 84, 4_000, 4_001, 4_040, BUCKETS - 2, BUCKETS - 1];
        for bucket in set {
            bitmap[bucket / 8] |= 1 << (bucket % 8);
        }
        let (index, rows) = Index::new(&bitmap);
        assert_eq!(rows, set.len());
        assert_eq!(index.bitmap(), bitmap);
        for (row, bucket) in set.into_iter().enumerate() {
            let (place, has) = index.place(Feature::from_parts(bucket, 7));
            assert_eq!((has, place.row(), place.check()), (1, row, 7), "bucket {bucket}");
        }
        for bucket in [2, 40, 44, 82, 85, 3_999, BUCKETS - 3] {
            assert_eq!(index.place(Feature::from_parts(bucket, 7)).1, 0, "bucket {bucket}");
        }
    }

    #[test]
    fn a_row_for_each_bucket_fits() {
        let (index, rows) = Index::new(&vec![0xFF; BUCKETS / 8]);
        assert_eq!(rows, BUCKETS);
        for bucket in [0, 41, 42, 1_000_000, BUCKETS - 1] {
            assert_eq!(index.place(Feature::from_parts(bucket, 0)).0.row(), bucket);
        }
    }
}
