#![no_main]
//! What is learned from examples compiles and finds them.

use asepsis_phi::SitePattern;
use asepsis_vocab::IdentifierClass;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|examples: Vec<&str>| {
    let examples = &examples[..examples.len().min(4)];
    if let Ok(pattern) = SitePattern::learn(IdentifierClass::Mrn, examples) {
        let found = asepsis_phi::fuzz::site_pattern(pattern, examples);
        assert!(found, "every example is found: {examples:?}");
    }
});
