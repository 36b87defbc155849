use crate::feature::Feature;
use crate::index::{Index, Place};
use crate::model::{CHECK, Model, ROW};
use crate::sums::Sums;

/// Features that are looked up at once.
const AT_ONCE: usize = 32;

/// The weights of a model, to look features up in.
pub struct Weights<'m> {
    index: &'m Index,
    rows: &'m [[u8; ROW]],
    /// Room for the features of a position that have rows.
    found: [Place; AT_ONCE],
}

/// Where the weights of a feature are, if it has any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row(u32);

/// More than any model has.
const NONE: u32 = u32::MAX;

impl<'m> Weights<'m> {
    pub(crate) fn new(model: &'m Model) -> Self {
        Self { index: &model.index, rows: &model.rows, found: [Place::default(); AT_ONCE] }
    }

    /// Adds the weights of these features to the sums.
    ///
    /// Which of them have rows is asked for all before the rows are read, so that the memory is waited for once. Within
    /// a larger function the sums would be sixteen numbers by themselves, and no vectors.
    #[inline(never)]
    pub fn add(&mut self, features: &[Feature], sums: &mut Sums) {
        for features in features.chunks(AT_ONCE) {
            let mut count = 0;
            for &feature in features {
                let (place, has) = self.index.place(feature);
                self.found[count % AT_ONCE] = place;
                count += has;
            }
            for place in &self.found[..count.min(AT_ONCE)] {
                if let Some(row) = self.rows.get(place.row())
                    && row[CHECK] == place.check()
                {
                    sums.add_row(row);
                }
            }
        }
    }

    /// Where the weights of a feature are.
    #[inline]
    pub fn row(&self, feature: Feature) -> Row {
        let (place, has) = self.index.place(feature);
        if has == 0 {
            return Row(NONE);
        }
        let at = place.row();
        let same = self.rows.get(at).is_some_and(|row| row[CHECK] == place.check());
        Row(if same { u32::try_from(at).unwrap_or(NONE) } else { NONE })
    }

    /// Adds the weights that stand there.
    #[inline(never)]
    pub fn add_rows(&self, rows: &[Row], sums: &mut Sums) {
        for row in rows {
            if let Some(row) = self.rows.get(row.0 as usize) {
                sums.add_row(row);
            }
        }
    }
}
