#![no_main]
//! Any list of people can be read and looked for.

use std::sync::LazyLock;

use asepsis_phi::{Engine, KnownPerson, KnownPhi, Segment};
use asepsis_vocab::IdentifierClass;
use libfuzzer_sys::fuzz_target;

static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::new);

fuzz_target!(|input: (&str, Vec<&str>)| {
    let (text, values) = input;
    let mut known = KnownPhi::new();
    for (i, value) in values.iter().enumerate() {
        let class = IdentifierClass::ALL[i % IdentifierClass::ALL.len()];
        known = known.identifier(class, value);
        let person = KnownPerson::new().name(value).birth(value).phone(value).email(value).address(value).id(class, value);
        known.add(&person);
        if let Ok(person) = KnownPerson::from_fhir_patient(value) {
            known.add(&person);
        }
        if let Ok(person) = KnownPerson::from_hl7_pid(value) {
            known.add(&person);
        }
    }
    let mut end = 0;
    for f in &ENGINE.inspect(&[Segment { text, field: None }], &known)[0] {
        assert!(f.span.start >= end && text.get(f.span.range()).is_some_and(|t| !t.is_empty()));
        end = f.span.end;
    }
});
