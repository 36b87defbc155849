//! The variants are those of `perturb.py`, the reference definition: `variants.jsonl` holds what it printed for a sample.

use std::path::Path;

use asepsis_corpus::Variant;
use asepsis_score::{Labelled, read_labelled};

fn sample() -> (Labelled, Vec<Labelled>) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/variants.jsonl");
    let mut all = read_labelled(&file).expect("the sample is in the repository");
    let plain = all.remove(0);
    (plain, all)
}

#[test]
fn each_variant_is_what_the_reference_makes_of_the_sample() {
    let (plain, expected) = sample();
    let others = Variant::ALL.iter().filter(|v| **v != Variant::ZeroWidth);
    assert_eq!(others.clone().count(), expected.len());
    for (variant, expected) in others.zip(&expected) {
        assert_eq!(expected.id, format!("sample+{}", variant.name()));
        let made = variant.of(&plain);
        assert_eq!(made.text, expected.text, "{variant:?}");
        assert_eq!(made.spans, expected.spans, "{variant:?}");
    }
}

/// The reference draws with Python's generator and we with another, so that the places differ but not what is done.
#[test]
fn zero_width_spaces_stand_after_a_quarter_of_the_letters_and_digits_within_required_marks() {
    let (sample, _) = sample();
    let (mut places, mut drawn) = (0, 0);
    for n in 0..50 {
        let plain = Labelled { id: n.to_string(), ..sample.clone() };
        let made = Variant::ZeroWidth.of(&plain);
        assert_eq!(made.text.replace('\u{200b}', ""), plain.text);
        let chars: Vec<char> = made.text.chars().collect();
        let mut inside = 0;
        for (before, after) in plain.spans.iter().zip(&made.spans) {
            let value = &chars[after.start..after.end];
            let here = value.iter().filter(|c| **c == '\u{200b}').count();
            assert_eq!(after.end - after.start - here, before.end - before.start);
            assert!(value.last() != Some(&'\u{200b}') && (after.req || here == 0));
            assert!(value.windows(2).all(|w| w[1] != '\u{200b}' || w[0].is_alphanumeric()));
            inside += here;
            if after.req {
                places += value[..value.len() - 1].iter().filter(|c| c.is_alphanumeric()).count();
            }
        }
        assert_eq!(chars.iter().filter(|c| **c == '\u{200b}').count(), inside);
        drawn += inside;
    }
    assert!((places / 5..places * 3 / 10).contains(&drawn), "{drawn} of {places}");
}

#[test]
fn offsets_move_only_where_the_variant_says_so() {
    let (plain, _) = sample();
    for variant in Variant::ALL {
        assert_eq!(variant.of(&plain).spans != plain.spans, variant.moves_offsets(), "{variant:?}");
    }
}
