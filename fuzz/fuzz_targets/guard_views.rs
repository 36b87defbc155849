#![no_main]
//! Every place of every view and flag leads back into the text, and twice the same is found.

use std::sync::LazyLock;

use asepsis_guard::{Guard, MOST_DECODED, MOST_VIEWS, Pack, Thresholds, Views};
use asepsis_vocab::Channel;
use libfuzzer_sys::fuzz_target;

static GUARD: LazyLock<Guard> = LazyLock::new(|| Guard::new(Pack::shipped(), Thresholds::default()));

fuzz_target!(|text: &str| {
    let views = Views::of(text);
    assert!(views.decoded().count() <= MOST_VIEWS);
    assert!(views.decoded().map(|v| v.text().len()).sum::<usize>() <= 11 * MOST_DECODED);
    for view in views.all() {
        let mut last = 0;
        for (from, c) in view.text().char_indices() {
            let span = view.span(from, from + c.len_utf8());
            assert!(text.get(span.range()).is_some_and(|t| !t.is_empty()), "on character boundaries");
            assert!(span.end >= last, "in order");
            last = span.end;
        }
    }
    let report = GUARD.inspect_views(&views, Channel::Document);
    for flag in &report.flags {
        assert!(text.get(flag.span.range()).is_some_and(|t| !t.is_empty()), "{}", flag.rule);
    }
    assert!((0.0..=1.0).contains(&report.score));
    assert_eq!(report, GUARD.inspect(text, Channel::Document), "twice the same");
});
