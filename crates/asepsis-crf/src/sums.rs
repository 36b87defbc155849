use crate::chain::Lanes;
use crate::model::ROW;

/// The weights of features, added up for each state before they are scaled.
///
/// Sixteen sums of sixteen bits lie in four words, so that a row of sixteen weights is added in a dozen instructions of any
/// processor. Weights are kept as what they are above -128; up to 257 rows fit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sums {
    lanes: [u64; 4],
    rows: u32,
}

/// Every other byte.
const EVEN: u64 = 0x00FF_00FF_00FF_00FF;
/// The signs of eight bytes: flipping them adds 128.
const SIGNS: u64 = 0x8080_8080_8080_8080;

impl Sums {
    /// Nothing added yet.
    pub fn new() -> Self {
        Self::default()
    }

    #[inline]
    pub(crate) fn add_row(&mut self, row: &[u8; ROW]) {
        let (low, high) = row.split_at(8);
        let low = u64::from_le_bytes(low.try_into().unwrap_or_default()) ^ SIGNS;
        let high = u64::from_le_bytes(high.try_into().unwrap_or_default()) ^ SIGNS;
        self.lanes[0] += low & EVEN;
        self.lanes[1] += low >> 8 & EVEN;
        self.lanes[2] += high & EVEN;
        self.lanes[3] += high >> 8 & EVEN;
        self.rows += 1;
        debug_assert!(self.rows <= 257, "more rows than the sums have room for");
    }

    /// Adds what was added up elsewhere.
    #[inline]
    pub fn add(&mut self, other: &Self) {
        for (lane, more) in self.lanes.iter_mut().zip(other.lanes) {
            *lane += more;
        }
        self.rows += other.rows;
    }

    /// The scores: each sum times what a weight of 1 stands for.
    #[inline]
    pub(crate) fn scaled(&self, step: f32) -> Lanes {
        let mut out = Lanes::default();
        #[allow(clippy::cast_precision_loss, reason = "sums have sixteen bits")]
        let bias = (self.rows * 128) as f32;
        for (i, o) in out.0.iter_mut().enumerate() {
            let lane = self.lanes[i / 8 * 2 + i % 2];
            #[allow(clippy::cast_precision_loss, reason = "sums have sixteen bits")]
            let sum = (lane >> (i % 8 / 2 * 16) & 0xFFFF) as f32;
            *o = (sum - bias) * step;
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_are_those_of_signed_bytes() {
        let rows: Vec<[u8; ROW]> = (0..257usize)
            .map(|r| std::array::from_fn(|i| u8::try_from((r * 37 + i * 101 + r * i) % 256).unwrap()))
            .chain([[0x80; ROW], [0x7F; ROW]])
            .collect();
        for chunk in [&rows[..1], &rows[..100], &rows[..257], &rows[257..258], &rows[258..]] {
            let (mut sums, mut half) = (Sums::new(), Sums::new());
            for (i, row) in chunk.iter().enumerate() {
                if i % 2 == 0 { sums.add_row(row) } else { half.add_row(row) }
            }
            sums.add(&half);
            let scaled = sums.scaled(1.0);
            for i in 0..ROW {
                let want: i32 = chunk.iter().map(|row| i32::from(row[i].cast_signed())).sum();
                assert!((scaled.0[i] - want as f32).abs() < 0.5, "lane {i}: {} is not {want}", scaled.0[i]);
            }
        }
    }
}
