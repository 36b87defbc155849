//! Input of any size or shape is met with bounded time, and every span is sound.

use std::sync::LazyLock;

use asepsis_phi::{Engine, KnownPhi, Segment, Tripwire, tripwire};
use asepsis_vocab::IdentifierClass;
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
    for wire in [Tripwire::new(), Tripwire::new().dates(true)] {
        if let Some(trip) = wire.find(text) {
            assert!(text.get(trip.span.range()).is_some_and(|t| !t.is_empty()), "on boundaries");
        }
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
        "&",
        "&#",
        "%41",
        "=",
        "=C3",
        "<b ",
        "1 1 ",
        "1 2 ",
        "J o ",
        "one ",
        "one two ",
        "double ",
        "a-\n",
        "-\n",
        "а",
        "аb ",
        "\u{301}",
        "(01)",
        "+A1/",
        "=/",
        "GB82 ",
        "1EG4",
        "username ",
        "born in ",
        "third of ",
        "twenty ",
        "nineteen ",
        "Christmas ",
        "3/4-",
        "90 ",
        "ab.cd/",
        "{\"a\":",
    ] {
        let text = unit.repeat((1 << 18) / unit.len());
        sound(&text);
        Tripwire::new().dates(true).find(&text);
    }
}

/// Ten million characters of one kind: a step that looks at the rest of the text from each place would not come back from it.
#[test]
fn r24_ten_megabytes_of_anything_end() {
    let known = KnownPhi::new().name("Anna Reed").identifier(IdentifierClass::Mrn, "1111111");
    let (large, middle) =
        (["a", "7", "\""], ["&", "%41", "=", "\u{301}", "1 1 1 1 ", "é", "one ", "double ", "[", "Anna ", "555-1234 "]);
    for (unit, size) in large.map(|u| (u, 10_000_000)).into_iter().chain(middle.map(|u| (u, 1_000_000))) {
        let text = unit.repeat(size / unit.len());
        for finding in ENGINE.inspect(&[Segment { text: &text, field: None }], &known).remove(0) {
            assert!(text.get(finding.span.range()).is_some());
        }
        tripwire(&text);
    }
}

#[test]
fn r24_the_same_text_gives_the_same_findings() {
    let text = "Anna Reed, DOB 04/12/1950, MRN 0048213; Reed's phone is four oh one five five five oh one three one. "
        .repeat(40);
    let first = ENGINE.inspect_text(&text);
    assert!(first.len() > 100);
    assert_eq!(Engine::new().inspect_text(&text), first);
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
                "'s", "\\u00e9", "\\n", "93", "-year-old", "MA", "02139", "☃", "ß", "İ", "ǅ", "\u{a0}", "Ⅻ", "㎏", "x", "&eacute;", "&#64;", "%40", "%C3%A9", "=C3=A9", "=\n",
                "<b>", "</td>", "-\n", "1 2 3 - 4 5 - 6 7 8 9", "J o h n", "four oh one five five five oh", " double", "Мary", "born in ", "1931", "twenty", "-first",
                " third", " of ", "Christmas", "Q3 ", "(01)00844588003288", "(21)", "+H123A/$1", "=/A999", "GB82", " WEST", "1EG4", "-TE5-MK73", "username: ", "social ",
                "ending in ", "90", "'s", "died at ", "mother, ", "3/4", "-3/16",
            ]),
            0..24,
        )
    ) {
        sound(&parts.concat());
    }
}
