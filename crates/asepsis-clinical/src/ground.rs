//! Which quantities the request's own texts hold, so that one of the answer can be looked up.
//!
//! A quantity counts by itself: what else the texts hold never takes its standing away. So more context grounds more, and
//! never less.

use crate::quantity::{Quantity, Subject};
use crate::unit::{Dimension, Shape};

/// Quantities by shape, subject and value.
pub(crate) struct Ground {
    /// With the subject that they are, or may be, of.
    by_subject: Vec<Entry>,
    /// Whatever their subject.
    any: Vec<Entry>,
    /// From how many entries on equal ones are thrown away.
    compact_at: usize,
}

/// Shape and subject, and the value in an order that whole numbers have: see [`key`] and [`rank`].
type Entry = (u64, i64);

const COMPACT_AT: usize = 1 << 15;

impl Default for Ground {
    fn default() -> Self {
        Self { by_subject: Vec::new(), any: Vec::new(), compact_at: COMPACT_AT }
    }
}

const BARE: Shape = Shape(Dimension::Bare, [None; 2]);

/// Shape and subject as one number, equal for equal ones only.
fn key(shape: Shape, subject: Subject) -> u64 {
    let under = |dimension: Option<Dimension>| dimension.map_or(0, |dimension| 1 + dimension as u64);
    let of = match subject {
        Subject::Unknown => 0,
        Subject::Drug(drug) => 1 << 16 | u64::from(drug),
        Subject::Measure(measure) => 2 << 16 | u64::from(measure),
    };
    (shape.0 as u64) << 40 | under(shape.1[0]) << 32 | under(shape.1[1]) << 24 | of
}

/// A number for a value, in the order of [`f64::total_cmp`]. Nothing below zero and zero are one value.
fn rank(value: f64) -> i64 {
    let bits = (value + 0.0).to_bits() as i64;
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}

/// The value of a rank.
fn value(rank: i64) -> f64 {
    f64::from_bits((rank ^ ((rank >> 63) as u64 >> 1) as i64) as u64)
}

impl Ground {
    /// Takes the quantities of a text.
    pub(crate) fn add(&mut self, quantities: &[Quantity]) {
        self.any.reserve(quantities.len());
        self.by_subject.reserve(quantities.len());
        for q in quantities {
            let (shape, base) = (q.unit.shape(), q.base());
            if !base.is_finite() {
                continue;
            }
            let base = rank(base);
            self.any.push((key(shape, Subject::Unknown), base));
            let mut named = false;
            for &subject in q.near.iter().filter(|s| **s != Subject::Unknown) {
                named = true;
                self.by_subject.push((key(shape, subject), base));
                // "A1c 7.2 %" and "A1c of 7.2" say the same.
                if shape != BARE && matches!(subject, Subject::Measure(_)) {
                    self.by_subject.push((key(BARE, subject), rank(q.value)));
                }
            }
            if !named {
                self.by_subject.push((key(shape, Subject::Unknown), base));
            }
            if self.any.len().max(self.by_subject.len()) > self.compact_at {
                self.seal();
                self.compact_at = 2 * self.any.len().max(self.by_subject.len()).max(COMPACT_AT);
            }
        }
    }

    /// Makes it ready to be asked.
    pub(crate) fn seal(&mut self) {
        for list in [&mut self.by_subject, &mut self.any] {
            list.sort_unstable();
            list.dedup();
        }
    }

    /// Whether a quantity of the answer is among them.
    pub(crate) fn holds(&self, q: &Quantity) -> bool {
        let (shape, base) = (q.unit.shape(), q.base());
        // People say levels without their unit, and name what is measured long before. Doses are looked at more strictly.
        if !q.unit.is_plain_dose() && q.drug().is_none() && within(&self.any, BARE, Subject::Unknown, q.value) {
            return true;
        }
        // What somebody gained or lost is told without saying "weight" each time.
        if q.unit.is_of_bodies() && within(&self.any, shape, Subject::Unknown, base) {
            return true;
        }
        match q.subject {
            Subject::Unknown => within(&self.any, shape, Subject::Unknown, base),
            subject @ Subject::Drug(_) => {
                self.named(shape, subject, base)
                    || self.named(shape, Subject::Unknown, base)
                    || shape != BARE && self.named(BARE, subject, q.value)
            }
            subject @ Subject::Measure(_) => {
                self.named(shape, subject, base)
                    || self.named(shape, Subject::Unknown, base)
                    || self.named(BARE, subject, q.value)
                    || self.named(BARE, Subject::Unknown, q.value)
            }
        }
    }

    /// The doses of a drug, in the base of their unit.
    pub(crate) fn doses(&self, shape: Shape, subject: Subject) -> impl Iterator<Item = f64> {
        let wanted = key(shape, subject);
        let from = self.by_subject.partition_point(|&(key, _)| key < wanted);
        self.by_subject[from..].iter().take_while(move |&&(key, _)| key == wanted).map(|&(_, rank)| value(rank))
    }

    fn named(&self, shape: Shape, subject: Subject, value: f64) -> bool {
        within(&self.by_subject, shape, subject, value)
    }
}

/// Whether a value stands in the list, as near as conversion and rounding allow.
fn within(list: &[Entry], shape: Shape, subject: Subject, stated: f64) -> bool {
    let slack = match shape.0 {
        // Weights and heights are rounded when they are converted.
        Dimension::Mass if stated >= 1e6 => stated * 0.01,
        Dimension::Length => stated * 0.01,
        Dimension::Temperature => 0.15,
        _ => stated.abs() * 0.002,
    } + 1e-9;
    let wanted = key(shape, subject);
    let low = (wanted, rank(stated - slack));
    let from = list.partition_point(|entry| *entry < low);
    list.get(from).is_some_and(|&(key, rank)| key == wanted && value(rank) <= stated + slack)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bits() -> impl Strategy<Value = f64> {
        prop_oneof![any::<u64>().prop_map(f64::from_bits), Just(0.0), Just(f64::INFINITY), Just(f64::NAN), -4.0..4.0]
    }

    fn dimension() -> impl Strategy<Value = Dimension> {
        use Dimension as D;
        prop::sample::select(vec![
            D::Bare,
            D::Mass,
            D::Volume,
            D::Activity,
            D::Equivalent,
            D::Mole,
            D::Percent,
            D::Piece,
            D::Length,
            D::Temperature,
            D::Time,
            D::Pressure,
            D::Beat,
            D::Count,
        ])
    }

    fn of() -> impl Strategy<Value = (Shape, Subject)> {
        let under = || prop::option::of(dimension());
        let subject = prop_oneof![
            Just(Subject::Unknown),
            any::<u16>().prop_map(Subject::Drug),
            any::<u16>().prop_map(Subject::Measure),
        ];
        (dimension(), under(), under(), subject)
            .prop_map(|(over, one, two, subject)| (Shape(over, [one, two]), subject))
    }

    proptest! {
        #[test]
        fn ranks_are_in_the_order_of_their_values(a in bits(), b in bits()) {
            prop_assert_eq!(rank(a).cmp(&rank(b)), (a + 0.0).total_cmp(&(b + 0.0)));
            prop_assert_eq!(value(rank(a)).to_bits(), (a + 0.0).to_bits());
        }

        #[test]
        fn keys_are_equal_for_equal_shapes_and_subjects_only(a in of(), b in of()) {
            prop_assert_eq!(key(a.0, a.1) == key(b.0, b.1), a == b);
            let (shape, subject) = a;
            prop_assert!(key(shape, subject) != key(Shape(shape.0, [shape.1[1], shape.1[0]]), subject) || shape.1[0] == shape.1[1]);
        }
    }
}
