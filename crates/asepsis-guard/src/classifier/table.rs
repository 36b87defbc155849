//! The trained table: a weight for each bucket, and what a sum means in each channel.

use std::sync::LazyLock;

use asepsis_vocab::Channel;

use super::features::BUCKET_BITS;

const MAGIC: &[u8; 8] = b"ASEPGRD1";
/// The shares of benign windows, as powers of ten, whose sums are known of each channel: 1, 1/√10, 1/10 ... 1/10,000.
pub const KNOTS: usize = 9;
const CHANNELS: usize = Channel::ALL.len();
const HEAD: usize = MAGIC.len() + 4 + 4 * CHANNELS * KNOTS;

static SHIPPED: LazyLock<Table> = LazyLock::new(|| {
    Table::read(include_bytes!("../../../../data/guard/classifier.bin")).expect("the shipped table is one")
});

/// A trained table.
#[derive(Clone)]
pub struct Table {
    /// What one step of a weight is worth.
    pub step: f32,
    /// For each channel of [`Channel::ALL`], the sum that a share of 10^(-k/2) of its benign texts reaches.
    pub knots: [[f32; KNOTS]; CHANNELS],
    /// The weights, in steps, one for each bucket.
    pub weights: Vec<i8>,
}

/// The bytes are not those of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these {0} bytes are no table of the classifier; make it again with `cargo xtask train`")]
pub struct NotATable(usize);

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("step", &self.step).field("weights", &self.weights.len()).finish()
    }
}

impl Table {
    /// The number of weights.
    pub const WEIGHTS: usize = 1 << BUCKET_BITS;

    /// The table of this release.
    #[must_use]
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// Reads a table.
    ///
    /// # Errors
    /// If the bytes are not those of one.
    pub fn read(bytes: &[u8]) -> Result<Self, NotATable> {
        let wrong = NotATable(bytes.len());
        if bytes.len() != HEAD + Self::WEIGHTS || !bytes.starts_with(MAGIC) {
            return Err(wrong);
        }
        let mut numbers =
            bytes[MAGIC.len()..HEAD].chunks_exact(4).map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]]));
        let step = numbers.next().filter(|s| s.is_finite()).ok_or(wrong)?;
        let mut knots = [[0.0; KNOTS]; CHANNELS];
        for (knot, number) in knots.as_flattened_mut().iter_mut().zip(numbers) {
            *knot = number;
        }
        if knots.iter().any(|k| !k.is_sorted() || k.iter().any(|n| !n.is_finite())) {
            return Err(wrong);
        }
        let weights = bytes[HEAD..].iter().map(|b| b.cast_signed()).collect();
        Ok(Self { step, knots, weights })
    }

    /// The bytes of the table.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend(self.step.to_le_bytes());
        out.extend(self.knots.as_flattened().iter().flat_map(|k| k.to_le_bytes()));
        out.extend(self.weights.iter().map(|w| w.cast_unsigned()));
        out
    }

    /// A name of the table that another one does not have by chance (FNV-1a of its bytes): what scores mean depends on it.
    #[must_use]
    pub fn id(&self) -> String {
        let hash = |h: u64, b: u8| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01B3);
        format!("{:016x}", self.write().into_iter().fold(0xCBF2_9CE4_8422_2325, hash))
    }

    /// What a sum means in a channel: see [`super::Score`].
    pub(super) fn score(&self, sum: f32, channel: Channel) -> f32 {
        let at = Channel::ALL.iter().position(|c| *c == channel).unwrap_or(0);
        let knots = &self.knots[at];
        let last = KNOTS - 1;
        if sum <= knots[0] {
            return 0.0;
        }
        // Each knot is half a power of ten; beyond the last one it goes on as before, to the end of the scale.
        let above = (1..last).find(|k| sum < knots[*k]).unwrap_or(last);
        let (low, high) = (knots[above - 1], knots[above]);
        let part = (sum - low) / (high - low).max(1e-3);
        #[allow(clippy::cast_precision_loss, reason = "a number below ten")]
        let powers = ((above - 1) as f32 + part) / 2.0;
        (powers / super::SCALE).clamp(0.0, 1.0)
    }
}
