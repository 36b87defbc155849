use crate::model::ROW;

/// The weights of features, added up for each state before they are scaled.
///
/// Sixteen sums of sixteen bits are two vectors of any processor, so that a row of sixteen weights is added in a few
/// instructions. Up to 256 rows fit, however they fall out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(align(16))]
pub struct Sums(pub(crate) [i16; ROW]);

impl Sums {
    /// Nothing added yet.
    pub fn new() -> Self {
        Self::default()
    }

    #[inline]
    pub(crate) fn add_row(&mut self, row: &[u8; ROW]) {
        for (sum, weight) in self.0.iter_mut().zip(row) {
            *sum += i16::from(weight.cast_signed());
        }
    }

    /// Adds what was added up elsewhere.
    #[inline]
    pub fn add(&mut self, other: &Self) {
        for (sum, more) in self.0.iter_mut().zip(other.0) {
            *sum += more;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_are_those_of_signed_bytes() {
        let rows: Vec<[u8; ROW]> = (0..256usize)
            .map(|r| std::array::from_fn(|i| u8::try_from((r * 37 + i * 101 + r * i) % 256).unwrap()))
            .chain([[0x80; ROW]; 256])
            .chain([[0x7F; ROW]; 256])
            .collect();
        for chunk in [&rows[..1], &rows[..100], &rows[..256], &rows[256..512], &rows[512..]] {
            let (mut sums, mut half) = (Sums::new(), Sums::new());
            for (i, row) in chunk.iter().enumerate() {
                if i % 2 == 0 { sums.add_row(row) } else { half.add_row(row) }
            }
            sums.add(&half);
            for i in 0..ROW {
                let want: i32 = chunk.iter().map(|row| i32::from(row[i].cast_signed())).sum();
                assert_eq!(i32::from(sums.0[i]), want, "lane {i}");
            }
        }
    }
}
