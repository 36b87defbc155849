//! Counts: of a file, and of all.

use std::collections::BTreeMap;

use asepsis_census::{Census, Individuals};
use asepsis_vocab::{Detail, Finding, IdentifierClass};

use super::gather::Inspected;

/// How many identifiers of each class, in the order of the law.
pub(super) type Counts = BTreeMap<IdentifierClass, usize>;

/// What was counted over all files.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) files: usize,
    pub(super) unreadable: usize,
    pub(super) counts: Counts,
    /// Those of the identifiers that a limited data set may not hold either.
    pub(super) direct: usize,
    census: Census,
}

/// What was counted in one file.
pub(super) struct Own {
    pub(super) counts: Counts,
    pub(super) direct: usize,
    pub(super) individuals: Individuals,
}

impl Tally {
    /// Adds a file, and gives what was counted in it.
    pub(super) fn add(&mut self, inspected: &Inspected) -> Own {
        let mut own = Own { counts: Counts::new(), direct: 0, individuals: Individuals::default() };
        for finding in inspected.findings() {
            *own.counts.entry(finding.class).or_default() += 1;
            *self.counts.entry(finding.class).or_default() += 1;
            own.direct += usize::from(is_direct(finding));
        }
        let mut census = Census::default();
        for people in &inspected.people {
            census.count(people);
            self.census.count(people);
        }
        own.individuals = census.individuals();
        self.direct += own.direct;
        self.files += 1;
        own
    }

    pub(super) fn total(&self) -> usize {
        self.counts.values().sum()
    }

    /// The people of all files, each counted once.
    pub(super) fn individuals(&self) -> Individuals {
        self.census.individuals()
    }
}

/// "NAME 3, DATE 2"
pub(super) fn in_words(counts: &Counts) -> String {
    counts.iter().map(|(class, n)| format!("{class} {n}")).collect::<Vec<_>>().join(", ")
}

/// Whether 45 CFR 164.514(e)(2) names it, so that it may not stand in a limited data set either. A place of which no more
/// is known is taken for an address.
fn is_direct(finding: &Finding) -> bool {
    use IdentifierClass as Class;
    match finding.class {
        Class::Location => matches!(finding.detail, Detail::Street | Detail::Unspecified),
        Class::Date | Class::Age | Class::Id | Class::Org | Class::Profession => false,
        _ => true,
    }
}
