/// Buckets that features are hashed into: 2^22, whose index (800 KiB) stays in a core's second-level cache.
pub const BUCKET_BITS: u32 = 22;

/// Something that holds at a position, as a bucket and an eight-bit check.
///
/// Two features that share a bucket are told apart by the check in all but one of 256 cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Feature(u32);

impl Feature {
    /// The feature of a hash of 64 well-mixed bits.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "thirty of the hash's bits are what is kept")]
    pub fn of(hash: u64) -> Self {
        Self((hash >> 34) as u32)
    }

    #[inline]
    pub(crate) fn bucket(self) -> usize {
        (self.0 & ((1 << BUCKET_BITS) - 1)) as usize
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "eight bits are left")]
    pub(crate) fn check(self) -> u8 {
        (self.0 >> BUCKET_BITS) as u8
    }

    /// The bucket, with the check above it.
    #[inline]
    pub(crate) fn bits(self) -> u32 {
        self.0
    }

    pub(crate) fn from_parts(bucket: usize, check: u8) -> Self {
        #[allow(clippy::cast_possible_truncation, reason = "a bucket has 22 bits")]
        Self(bucket as u32 | u32::from(check) << BUCKET_BITS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_and_check_make_the_feature() {
        let f = Feature::of(0xDEAD_BEEF_0123_4567);
        assert_eq!(Feature::from_parts(f.bucket(), f.check()), f);
        assert!(f.bucket() < 1 << BUCKET_BITS);
    }
}
