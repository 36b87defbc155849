#![no_main]
//! What the tripwire meets in any text is in it.

use asepsis_phi::{KnownPhi, Tripwire};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    let (text, name) = input;
    let known = KnownPhi::new().name(name);
    for wire in [Tripwire::new(), Tripwire::new().dates(true), Tripwire::new().known(&known)] {
        if let Some(trip) = wire.find(text) {
            assert!(text.get(trip.span.range()).is_some_and(|t| !t.is_empty()), "on character boundaries");
        }
    }
});
