#![no_main]
//! The flags of any answer to any request are sound, the same every time, and more context never adds a grounding flag.

use std::sync::LazyLock;

use asepsis_clinical::{Checks, Context, Piece, Tables};
use asepsis_vocab::{Flag, Origin};
use libfuzzer_sys::fuzz_target;

static CHECKS: LazyLock<Checks> = LazyLock::new(|| Checks::new(Tables::shipped()));

fn grounding(flags: &[Flag]) -> Vec<(usize, usize)> {
    let of = |f: &&Flag| matches!(f.rule.as_str(), "grounding/dose" | "grounding/number" | "grounding/finding" | "dose/tenfold" | "dose/high-alert");
    flags.iter().filter(of).map(|f| (f.span.start, f.span.end)).collect()
}

fuzz_target!(|input: (&str, &str, &str, bool)| {
    let (answer, given, more, patient) = input;
    let pieces = [Piece::new(given, Origin::Document), Piece::new(more, Origin::Patient)];
    let less = Context::of(&pieces[..1]).patient_facing(patient).summary(patient);
    let flags = CHECKS.review(answer, &less);
    for flag in &flags {
        assert!(answer.get(flag.span.range()).is_some(), "on character boundaries");
        assert!(asepsis_clinical::explain(&flag.rule).is_some(), "explained");
    }
    assert_eq!(CHECKS.review(answer, &less), flags);
    let few = grounding(&flags);
    let all = CHECKS.review(answer, &Context::of(&pieces).patient_facing(patient).summary(patient));
    if flags.len() < 1000 && all.len() < 1000 {
        assert!(grounding(&all).iter().all(|span| few.contains(span)), "more context takes no grounding away");
    }
});
