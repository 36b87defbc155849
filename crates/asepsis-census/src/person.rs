//! A person of one document.

use std::collections::BTreeSet;

use crate::found::{Number, Role};
use crate::name::Name;

/// What a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// A medical record number.
    Record,
    /// A social security number.
    Social,
    /// A health plan's number, which a family may share.
    Plan,
    /// A date of birth.
    Birth,
}

/// What is known of a person of one document.
#[derive(Debug, Default)]
pub(crate) struct Person {
    name: Option<Name>,
    at_work: bool,
    relation: bool,
    /// Record and place of each mention.
    places: Vec<(usize, usize)>,
    /// The places again, in order.
    sorted: BTreeSet<usize>,
    numbers: Vec<(Kind, String)>,
}

impl Person {
    /// The fullest name.
    pub(crate) fn name(&self) -> Option<&Name> {
        self.name.as_ref()
    }

    /// Whether the person is named only as somebody at work, and has no number of a patient.
    pub(crate) fn at_work(&self) -> bool {
        self.at_work && self.numbers.is_empty()
    }

    /// Whether the person is named as somebody beside the patient.
    pub(crate) fn is_relation(&self) -> bool {
        self.relation
    }

    pub(crate) fn places(&self) -> &[(usize, usize)] {
        &self.places
    }

    pub(crate) fn numbers(&self) -> impl Iterator<Item = (Kind, &str)> {
        self.numbers.iter().map(|(kind, value)| (*kind, value.as_str()))
    }

    pub(crate) fn agrees(&self, name: &Name) -> bool {
        self.name.as_ref().is_some_and(|own| own.agrees(name))
    }

    pub(crate) fn holds(&self, number: &Number) -> bool {
        self.numbers().any(|(kind, value)| kind == number.kind && value == number.value)
    }

    /// Whether a number of the same kind differs, and none is the same.
    pub(crate) fn contradicts(&self, numbers: &[&Number]) -> bool {
        let differs = |n: &&&Number| n.kind != Kind::Plan && self.has_other(n);
        numbers.iter().any(|n| differs(&n)) && !numbers.iter().any(|n| self.holds(n))
    }

    fn has_other(&self, number: &Number) -> bool {
        self.numbers().any(|(kind, value)| kind == number.kind && value != number.value)
    }

    /// Whether the person has no number of the kind yet.
    pub(crate) fn may_take(&self, number: &Number) -> bool {
        number.kind == Kind::Plan || !self.has_other(number)
    }

    /// The last mention before a place; 0 where all are behind it.
    pub(crate) fn last_before(&self, at: usize) -> usize {
        self.sorted.range(..at).next_back().map_or(0, |place| place + 1)
    }

    pub(crate) fn mention(&mut self, name: Name, role: Role, record: usize, at: usize) {
        self.at_work |= role == Role::AtWork;
        self.relation |= role == Role::Relation && self.places.is_empty();
        self.places.push((record, at));
        self.sorted.insert(at);
        let fuller = |own: &Name| (own.fullness(), own.words.len()) >= (name.fullness(), name.words.len());
        if !self.name.as_ref().is_some_and(fuller) {
            self.name = Some(name);
        }
    }

    pub(crate) fn give(&mut self, number: &Number) {
        // Of a plan's numbers one is enough.
        if !self.has_other(number) && !self.holds(number) {
            self.numbers.push((number.kind, number.value.clone()));
        }
    }
}
