//! Which quantities the request's own texts hold, so that one of the answer can be looked up.
//!
//! A quantity counts by itself: what else the texts hold never takes its standing away. So more context grounds more, and
//! never less.

use std::cmp::Ordering;

use crate::quantity::{Quantity, Subject};
use crate::unit::{Dimension, Shape};

/// Quantities by shape, subject and value.
pub(crate) struct Ground {
    /// With the subject that they are, or may be, of.
    by_subject: Vec<(Shape, Subject, f64)>,
    /// Whatever their subject.
    any: Vec<(Shape, Subject, f64)>,
    /// From how many entries on equal ones are thrown away.
    compact_at: usize,
}

const COMPACT_AT: usize = 1 << 15;

impl Default for Ground {
    fn default() -> Self {
        Self { by_subject: Vec::new(), any: Vec::new(), compact_at: COMPACT_AT }
    }
}

const BARE: Shape = Shape(Dimension::Bare, [None; 2]);

impl Ground {
    /// Takes the quantities of a text.
    pub(crate) fn add(&mut self, quantities: &[Quantity]) {
        for q in quantities {
            let (shape, base) = (q.unit.shape(), q.base());
            if !base.is_finite() {
                continue;
            }
            self.any.push((shape, Subject::Unknown, base));
            let mut named = false;
            for &subject in q.near.iter().filter(|s| **s != Subject::Unknown) {
                named = true;
                self.by_subject.push((shape, subject, base));
                // "A1c 7.2 %" and "A1c of 7.2" say the same.
                if shape != BARE && matches!(subject, Subject::Measure(_)) {
                    self.by_subject.push((BARE, subject, q.value));
                }
            }
            if !named {
                self.by_subject.push((shape, Subject::Unknown, base));
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
            list.sort_unstable_by(order);
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
        let from = self.by_subject.partition_point(|&(s, of, _)| (s, of) < (shape, subject));
        self.by_subject[from..].iter().take_while(move |&&(s, of, _)| (s, of) == (shape, subject)).map(|&(_, _, v)| v)
    }

    fn named(&self, shape: Shape, subject: Subject, value: f64) -> bool {
        within(&self.by_subject, shape, subject, value)
    }
}

fn order(a: &(Shape, Subject, f64), b: &(Shape, Subject, f64)) -> Ordering {
    (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2))
}

/// Whether a value stands in the list, as near as conversion and rounding allow.
fn within(list: &[(Shape, Subject, f64)], shape: Shape, subject: Subject, value: f64) -> bool {
    let slack = match shape.0 {
        // Weights and heights are rounded when they are converted.
        Dimension::Mass if value >= 1e6 => value * 0.01,
        Dimension::Length => value * 0.01,
        Dimension::Temperature => 0.15,
        _ => value.abs() * 0.002,
    } + 1e-9;
    let low = (shape, subject, value - slack);
    let from = list.partition_point(|entry| order(entry, &low) == Ordering::Less);
    list.get(from).is_some_and(|entry| entry.0 == shape && entry.1 == subject && entry.2 <= value + slack)
}
