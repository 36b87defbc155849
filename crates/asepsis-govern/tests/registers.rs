//! The facts of the catalogue are those that registers keep: by name, by kind of value, and by what speaks for a vendor.

use asepsis_govern::{Assessment, Dossier, Subject, ValueKind, catalogue};
use asepsis_policy::{FactKind, FactOf, known_fact};

/// Facts that stand beside the others in a register, because they decide; and the one that an agreement is.
const DECIDING: [(&str, ValueKind); 5] = [
    ("contract", ValueKind::Truth),
    ("retention_days", ValueKind::Number),
    ("trains_on_data", ValueKind::Truth),
    ("regions", ValueKind::Words),
    ("patient_facing", ValueKind::Truth),
];

#[test]
fn c19_registers_keep_what_is_asked() {
    for kind in catalogue().facts() {
        if let Some((_, value)) = DECIDING.iter().find(|(name, _)| *name == kind.name) {
            assert_eq!(kind.value, *value, "{}", kind.name);
            assert_eq!(kind.of, Subject::System, "{}", kind.name);
            continue;
        }
        let known = known_fact(&kind.name).unwrap_or_else(|error| panic!("{}: {error}", kind.name));
        let value = match known.kind {
            FactKind::YesNo => ValueKind::Truth,
            FactKind::Number | FactKind::Level => ValueKind::Number,
            FactKind::Text => ValueKind::Text,
            FactKind::Words => ValueKind::Words,
            FactKind::Day => ValueKind::Day,
        };
        assert_eq!(kind.value, value, "{}", kind.name);
        // What would lapse an approval there is a concern here.
        if known.good.is_some() && kind.wants.is.is_some() {
            assert_eq!(kind.wants.is, known.good, "{}", kind.name);
        }
        // Facts of agreements are asked of the vendor whose agreements they are.
        let keeps = known.of.iter().any(|of| match kind.of {
            Subject::Vendor => matches!(of, FactOf::Vendor | FactOf::Agreement),
            Subject::System => *of == FactOf::System,
        });
        assert!(keeps, "{}", kind.name);
    }
}

#[test]
fn c28_an_approval_rests_on_what_a_register_can_look_at() {
    let today = time::macros::date!(2026 - 11 - 26);
    let empty = Assessment::of(catalogue(), &Dossier::of_system("a", "b"), &[], today);
    let names = empty.gates.iter().flat_map(|gate| gate.needs.iter().flat_map(|need| &need.facts));
    for fact in names.chain(empty.questions.iter().flat_map(|question| &question.facts)) {
        let deciding = DECIDING.iter().any(|(name, _)| *name == fact.fact);
        assert!(deciding || known_fact(&fact.fact).is_ok(), "{}", fact.fact);
    }
}
