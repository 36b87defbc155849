//! What holds for any text.

use asepsis_clinical::{Checks, Context, Piece, Tables};
use asepsis_vocab::{Flag, Origin};
use proptest::prelude::*;

/// Texts that meet the rules more often than random ones do.
fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        8 => prop::sample::select(vec![
            "lisinopril", "metformin", "warfarin", "insulin", "Tylenol", "mg", "mcg", "µg", "units", "mL", "/", "kg", "twice daily", "q6h", "by mouth",
            "IV", "20", "5.0", ".5", "1,000", "forty", "one hundred", "two and a half", "point", "a", "to", "-", "denies", "no", "chest pain", "fever",
            "left", "right", "knee", "allergic to", "Allergies:", "penicillin", "LOINC", "2345-8", "NPI", "1234567890", "doi", "10.1/x", "10.1000/é",
            "PMID", "72-year-old", "man", "woman", "MRN", "DOB", "04/12/1950", "stop", "911", "blood pressure", "120/80", "\n", ". ", "?", "[patient]", "{",
            "}", "\"code\"", ":", "unitsofmeasure", "^", "LN", "é", "°F", "\u{200b}", "’s", "AllergyIntolerance", "AL1", "|", "ISBN", "arXiv", "every", "6",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,8}",
    ];
    prop::collection::vec(word, 0..40).prop_map(|words| words.join(" "))
}

fn grounding(flags: Vec<Flag>) -> Vec<(usize, usize)> {
    let of = |f: &Flag| {
        matches!(
            f.rule.as_str(),
            "grounding/dose" | "grounding/number" | "grounding/finding" | "dose/tenfold" | "dose/high-alert"
        )
    };
    flags.into_iter().filter(|f| of(f)).map(|f| (f.span.start, f.span.end)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn spans_lie_on_character_boundaries_and_in_order(answer in text(), given in text(), patient: bool) {
        let checks = Checks::new(Tables::shipped());
        let context = Context::of(&[Piece::new(&given, Origin::Document)]).patient_facing(patient).summary(patient);
        let flags = checks.review(&answer, &context);
        let mut before = 0;
        for flag in &flags {
            prop_assert!(answer.get(flag.span.range()).is_some(), "{flag:?}");
            prop_assert!(flag.span.start >= before);
            prop_assert!(asepsis_clinical::explain(&flag.rule).is_some(), "{flag:?}");
            before = flag.span.start;
        }
        prop_assert_eq!(checks.review(&answer, &context), flags);
    }

    #[test]
    fn more_context_never_takes_grounding_away(answer in text(), given in text(), more in text()) {
        let checks = Checks::new(Tables::shipped());
        let less = [Piece::new(&given, Origin::Document)];
        let all = [less[0], Piece::new(&more, Origin::Tool)];
        let few = grounding(checks.review(&answer, &Context::of(&less)));
        for span in grounding(checks.review(&answer, &Context::of(&all))) {
            prop_assert!(few.contains(&span), "{span:?} of {answer:?}");
        }
    }

    #[test]
    fn any_text_at_all_is_read(answer in "\\PC{0,200}", given in any::<String>()) {
        let checks = Checks::new(Tables::shipped());
        let flags = checks.review(&answer, &Context::of(&[Piece::new(&given, Origin::Patient)]).patient_facing(true));
        for flag in flags {
            prop_assert!(answer.get(flag.span.range()).is_some());
        }
    }

    #[test]
    fn no_debug_output_holds_the_text(secret in "[a-z]{12}") {
        let note = format!("Patient {secret} MRN 48213377 takes lisinopril 20 mg.");
        let context = Context::of(&[Piece::new(&note, Origin::Document)]);
        let flags = Checks::new(Tables::shipped()).review(&format!("{secret} MRN 99887766 lisinopril 200 mg"), &context);
        let debug = format!("{context:?} {flags:?} {:?}", Piece::new(&note, Origin::Document));
        prop_assert!(!debug.contains(&secret) && !debug.contains("48213377") && !debug.contains("99887766"));
    }
}
