//! Input of any size or shape is met with bounded time, and every span is sound.

use std::sync::LazyLock;

use asepsis_phi::{Engine, tripwire};
use proptest::prelude::*;

static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::new);

fn sound(text: &str) {
    let mut end = 0;
    for f in ENGINE.inspect_text(text) {
        assert!(f.span.start >= end && !f.span.is_empty(), "sorted and disjoint");
        assert!(f.span.end <= text.len(), "in bounds");
        assert!(text.is_char_boundary(f.span.start) && text.is_char_boundary(f.span.end), "on boundaries");
        end = f.span.end;
    }
    if let Some(trip) = tripwire(text) {
        assert!(text.is_char_boundary(trip.span.start) && text.is_char_boundary(trip.span.end));
    }
}

#[test]
fn r24_long_runs_of_anything_end() {
    for unit in [
        "a",
        "7",
        "(",
        "\"",
        "[",
        "a@",
        "@",
        "Dr. ",
        ":",
        "::",
        "://",
        ".",
        "-",
        "1-",
        "1.",
        "\u{200b}",
        "É",
        "\\",
        "A B ",
        "MRN ",
        "Patient: ",
        "St. ",
        "1 Main ",
        "the Clinic ",
        "at dot ",
        "a.com",
        "[NAME_",
        "May 5 ",
        "1/",
        "Anna Reed ",
        "Reed, ",
        "x\u{301}",
        "+1 ",
        "\n",
        "0:",
    ] {
        let text = unit.repeat((1 << 18) / unit.len());
        sound(&text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_span_is_sound_for_any_text(text in any::<String>()) {
        sound(&text);
    }

    #[test]
    fn every_span_is_sound_for_text_like_notes(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "Dr. ", "Anna", " Reed", "MRN", ": ", "0048213", "\u{200b}", "½", "ﬁ", "１２", "-", "/", ".", ",", " ", "\n", "Clinic", "St",
                "May", "5", "2024", "@", "example.org", "https://", "(", ")", "[", "NAME_7F3K9QXA2BCDE]", "é", "e\u{301}", "PO Box", " lives in ",
                "'s", "\\u00e9", "\\n", "93", "-year-old", "MA", "02139", "☃", "ß", "İ", "ǅ", "\u{a0}", "Ⅻ", "㎏", "x",
            ]),
            0..24,
        )
    ) {
        sound(&parts.concat());
    }
}
