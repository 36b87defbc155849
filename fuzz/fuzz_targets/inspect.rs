#![no_main]
//! The findings of any document are sound and the same every time.

use std::sync::LazyLock;

use asepsis_phi::{Engine, KnownPhi, Segment};
use libfuzzer_sys::fuzz_target;

static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::new);

fuzz_target!(|input: (&str, Option<&str>)| {
    let (text, field) = input;
    let segments = [Segment { text, field }, Segment { text: field.unwrap_or_default(), field: None }];
    let known = KnownPhi::new();
    let found = ENGINE.inspect(&segments, &known);
    for (segment, findings) in segments.iter().zip(&found) {
        let mut end = 0;
        for f in findings {
            assert!(f.span.start >= end && !f.span.is_empty(), "sorted and disjoint");
            assert!(segment.text.get(f.span.range()).is_some(), "on character boundaries");
            end = f.span.end;
        }
    }
    assert_eq!(ENGINE.inspect(&segments, &known), found);
});
