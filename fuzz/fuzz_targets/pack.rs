#![no_main]
//! Any text is a pack or an error that says why, and what is a pack can be looked for.

use std::sync::Arc;

use asepsis_guard::{Guard, Pack, Thresholds};
use asepsis_vocab::Channel;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(pack) = Pack::of_trusted(text) {
        let guard = Guard::new(vec![Arc::new(pack)], Thresholds::default());
        for flag in guard.inspect(text, Channel::Document).flags {
            assert!(text.get(flag.span.range()).is_some_and(|t| !t.is_empty()), "{}", flag.rule);
        }
    }
});
