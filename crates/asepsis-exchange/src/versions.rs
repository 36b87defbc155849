//! Which signature packs, classifier and clinical tables an exchange is judged by: a short name of the content of each, for its entries.
//!
//! A name is the beginning of a SHA-256: it changes with the content and with nothing else, so that entries of today can be told from
//! those of another pack, other thresholds or another table of the pharmacy.

use std::sync::Arc;

use asepsis_clinical::Checks;
use asepsis_guard::{Guard, classifier::Table};
use asepsis_vocab::{Channel, Version};
use aws_lc_rs::digest::{Context, SHA256};

/// How much of a hash names a content, in bytes.
const NAMED_BY: usize = 6;

/// The names: `guard` of the signature packs, `classifier` of its table and thresholds, `clinical` of bounds and lists of codes. `clinical`
/// is absent where answers are not reviewed.
#[must_use]
pub fn versions(guard: &Guard, checks: Option<&Checks>) -> Vec<Version> {
    let mut packs = Context::new(&SHA256);
    for pack in guard.packs() {
        packs.update(pack.id().as_bytes());
    }
    let mut classifier = Context::new(&SHA256);
    classifier.update(Table::shipped().id().as_bytes());
    for channel in Channel::ALL {
        classifier.update(&guard.thresholds().of(channel).to_le_bytes());
    }
    let clinical = checks.map(|checks| {
        let mut tables = Context::new(&SHA256);
        checks.tables().content(|bytes| tables.update(bytes));
        ("clinical".into(), name(tables))
    });
    let guard = [("guard".into(), name(packs)), ("classifier".into(), name(classifier))];
    guard.into_iter().chain(clinical).collect()
}

fn name(hash: Context) -> Arc<str> {
    let hash = hash.finish();
    hash.as_ref()[..NAMED_BY].iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use asepsis_clinical::{CodeSystem, Tables};
    use asepsis_guard::{Pack, Thresholds};

    use super::*;

    fn named(guard: &Guard, tables: Tables) -> Vec<String> {
        versions(guard, Some(&Checks::new(tables))).iter().map(|(name, hash)| format!("{name} {hash}")).collect()
    }

    #[test]
    fn a_name_changes_with_its_content_and_with_nothing_else() {
        let shipped = || Guard::new(Pack::shipped(), Thresholds::default());
        let known = named(&shipped(), Tables::shipped());
        assert_eq!(named(&shipped(), Tables::shipped()), known);
        let differs = |other: Vec<String>| -> Vec<bool> { known.iter().zip(&other).map(|(a, b)| a != b).collect() };

        let fewer = Guard::new(Pack::shipped()[1..].to_vec(), Thresholds::default());
        assert_eq!(differs(named(&fewer, Tables::shipped())), [true, false, false]);
        let stricter = Guard::new(Pack::shipped(), Thresholds::default().with(Channel::Document, 0.4));
        assert_eq!(differs(named(&stricter, Tables::shipped())), [false, true, false]);
        let mut tables = Tables::shipped();
        tables.load_codes(CodeSystem::Loinc, "2345-7\n".as_bytes()).expect("a list");
        let with_codes = named(&shipped(), tables);
        assert_eq!(differs(with_codes.clone()), [false, false, true]);
        let mut tables = Tables::shipped();
        tables.load_codes(CodeSystem::Loinc, "code,name\n2345-7,Glucose\n".as_bytes()).expect("a list");
        assert_eq!(named(&shipped(), tables), with_codes, "the codes count, not how the file is laid out");
        assert_eq!(versions(&shipped(), None).len(), 2);
    }
}
