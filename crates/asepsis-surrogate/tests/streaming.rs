//! However a text is cut into pieces, the same comes out of it, and little is held back meanwhile.

use std::sync::Arc;

use asepsis_surrogate::{Code, Context, Issued, MAX_HELD, Restorer, Tally, restore};
use proptest::prelude::*;

fn code(n: u64) -> Code {
    Code::from_bytes((n.wrapping_mul(0x9E37_79B9_7F4A_7C15)).to_be_bytes())
}

fn issued() -> Arc<Issued> {
    let mut builder = Issued::builder()
        .add("Ovella Tenbrick", "Ann \"Lee\"")
        .add("Ovella Tenbrick-Vashdell", "Joan Roe")
        .add_alias("Tenbrick", "Lee")
        .add("213-555-0142", "617-867-5309")
        .add("élodie ßx", "Éva");
    for (n, label) in ["NAME", "DATE_1984", "HEALTH_PLAN", "URL", "AGE_90PLUS"].iter().enumerate() {
        builder.insert(&format!("[{label}_{}]", code(n as u64)), &format!("<original \\ {n} 😀>"));
    }
    Arc::new(builder.build())
}

/// A fragment of what a model writes: surrogates, near misses, and anything else.
fn fragment() -> impl Strategy<Value = String> {
    let label = prop::sample::select(vec![
        "NAME_",
        "name ",
        "DATE_1984_",
        "DATE-",
        "HEALTH_PLAN_",
        "Health Plan ",
        "URL\\_",
        "AGE_90PLUS_",
        "NAMES_",
        "FOO_",
        "",
    ]);
    let open = prop::sample::select(vec!["[", "[[", "<", "(", "\\[", "{{", "&lt;", "\\u005b", "`", ""]);
    let close = prop::sample::select(vec!["]", "]]", ">", ")", "\\]", "}}", "&gt;", "\\u005d", "`", "", "s]", "'s"]);
    let surrogate = (open, label, 0..8_u64, 0..3_usize, close).prop_map(|(open, label, n, how, close)| {
        let code = code(n).to_string();
        let code = match how {
            0 => code,
            1 => code.to_lowercase(),
            _ => code[..9].to_owned(),
        };
        format!("{open}{label}{code}{close}")
    });
    let piece = prop::sample::select(vec![
        "Ovella",
        "Ovella ",
        "Tenbrick",
        "TENBRICK-",
        "Vashdell",
        "213-555-0142",
        "213-",
        "Élodie ",
        "SSX",
        "ßx",
        "https://",
        "](",
        "<",
        " ",
        "\n",
        "\\n",
        "\\",
        "\"",
        "\\\"",
        "\\ud83d",
        "\\ude00",
        "\\u00",
        "name",
        "na",
        "é",
        "😀",
        "\u{2019}s",
        "_",
        "1984",
        "www.",
        "/",
    ]);
    prop_oneof![3 => surrogate, 3 => piece.prop_map(str::to_owned), 1 => "\\PC{0,6}"]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(fragment(), 0..9).prop_map(|parts| parts.concat())
}

fn in_pieces<'t>(issued: &Arc<Issued>, context: Context, pieces: impl Iterator<Item = &'t str>) -> (String, Tally) {
    let mut out = String::new();
    let mut restorer = Restorer::new(Arc::clone(issued), context);
    for piece in pieces {
        restorer.push(piece, &mut out);
        assert!(restorer.held() <= MAX_HELD);
    }
    restorer.finish(&mut out);
    assert_eq!(restorer.held(), 0);
    (out, restorer.tally())
}

fn chunks(text: &str, size: usize) -> Vec<&str> {
    let mut rest = text;
    let mut out = Vec::new();
    while !rest.is_empty() {
        let (head, tail) = rest.split_at(rest.ceil_char_boundary(size));
        out.push(head);
        rest = tail;
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn p11_the_pieces_do_not_change_what_comes_out(text in text(), json in any::<bool>()) {
        let context = if json { Context::JsonSource } else { Context::Text };
        let issued = issued();
        let whole = restore(&issued, context, &text);
        for at in (0..=text.len()).filter(|&at| text.is_char_boundary(at)) {
            let (a, b) = text.split_at(at);
            prop_assert_eq!(&in_pieces(&issued, context, [a, b].into_iter()), &whole, "cut at {}", at);
        }
        for size in 1..=text.len().min(40) {
            let pieces = chunks(&text, size);
            prop_assert_eq!(&in_pieces(&issued, context, pieces.into_iter()), &whole, "pieces of {}", size);
        }
    }

    #[test]
    fn a_text_without_a_surrogate_comes_out_byte_for_byte(text in "\\PC{0,80}|[ -~\n]{0,200}", json in any::<bool>()) {
        let context = if json { Context::JsonSource } else { Context::Text };
        let (out, tally) = restore(&issued(), context, &text);
        if tally.restored == 0 {
            prop_assert_eq!(out, text);
        }
    }

    #[test]
    fn any_text_with_nothing_issued_comes_out_byte_for_byte(text in text(), json in any::<bool>()) {
        let context = if json { Context::JsonSource } else { Context::Text };
        prop_assert_eq!(restore(&Arc::new(Issued::builder().build()), context, &text).0, text);
    }

    #[test]
    fn p11_protect_then_restore_gives_the_original(
        parts in prop::collection::vec(("[a-z .,;()*_'é😀\n-]{0,12}", "[A-Z][a-z\"]{1,9}"), 0..8),
        end in "[a-z .,;()*_'é\n-]{0,12}",
    ) {
        let mut builder = Issued::builder();
        let (mut original, mut protected) = (String::new(), String::new());
        for (n, (text, name)) in parts.iter().enumerate() {
            let placeholder = format!("[NAME_{}]", code(n as u64));
            builder.insert(&placeholder, name);
            original.push_str(text);
            protected.push_str(text);
            original.push_str(name);
            protected.push_str(&placeholder);
        }
        original.push_str(&end);
        protected.push_str(&end);
        let (out, tally) = restore(&Arc::new(builder.build()), Context::Text, &protected);
        prop_assert_eq!(out, original);
        prop_assert_eq!(tally.restored, parts.len() as u64);
    }

    #[test]
    fn what_is_held_is_bounded_even_for_the_longest_surrogates(repeat in 1..300_usize, ch in prop::sample::select(vec!["a", "é", "😀", "\\ud83d\\ude00", "[", "\\["])) {
        let literal: String = std::iter::repeat_n('😀', 256).collect();
        let issued = Arc::new(Issued::builder().add(&literal, "x").add(&"a".repeat(256), "y").build());
        let text = ch.repeat(repeat);
        for context in [Context::Text, Context::JsonSource] {
            let whole = restore(&issued, context, &text);
            prop_assert_eq!(in_pieces(&issued, context, chunks(&text, 7).into_iter()), whole);
        }
    }
}

#[test]
fn ordinary_words_are_not_held_back() {
    let issued = issued();
    for text in ["The patient", "I was in", "[1] and [x] see", "a < b", "(see", "- item", "Ovid", "named", "idea 2024"]
    {
        let mut out = String::new();
        let mut restorer = Restorer::new(Arc::clone(&issued), Context::Text);
        restorer.push(text, &mut out);
        restorer.push(".", &mut out);
        assert_eq!(restorer.held(), 0, "{text}");
        restorer.push(" The", &mut out);
        assert_eq!(out, format!("{text}. The"));
    }
}

#[test]
fn a_single_held_opener_is_let_go_with_the_next_word() {
    let mut out = String::new();
    let mut restorer = Restorer::new(issued(), Context::Text);
    restorer.push("[", &mut out);
    assert_eq!((out.as_str(), restorer.held()), ("", 1));
    restorer.push("see ", &mut out);
    assert_eq!((out.as_str(), restorer.held()), ("[see ", 0));
}

#[test]
fn a_long_text_in_one_piece_is_restored_throughout() {
    let placeholder = format!("[NAME_{}]", code(0));
    let text = format!("é{placeholder} and ").repeat(5_000);
    let (out, tally) = restore(&issued(), Context::Text, &text);
    assert_eq!(out, text.replace(&placeholder, "<original \\ 0 😀>"));
    assert_eq!(tally.restored, 5_000);
}

/// What belongs to somebody else: surrogates of it, and it itself where it was not rewritten.
fn withholding() -> Arc<Issued> {
    let mut builder = Issued::builder().add(&format!("[NAME_{}]", code(1)), "Martha Collins");
    builder.withhold(&format!("[NAME_{}]", code(2)), "[another patient]", 0);
    builder.withhold("Elias Barvental", "[another patient]", 0);
    builder.withhold_part("Barvental", "[another patient]", 0);
    builder.withhold("99-04412", "[another patient]", 1);
    Arc::new(builder.build())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn r28_what_is_withheld_never_comes_back_however_the_text_is_cut(
        parts in prop::collection::vec(prop::sample::select(vec![
            "Elias Barvental", "ELIAS  barvental", "Barvental", "Barv", "ental", "99-04412", "99\u{2011}04412", "99-044", "12", " ", ", ",
            "https://a.example/?q=", "\\n", "\"", "Elias ", "(", "]", "é",
        ]), 0..9),
        json in any::<bool>(),
    ) {
        let context = if json { Context::JsonSource } else { Context::Text };
        let issued = withholding();
        let text = format!("{} [NAME_{}] [NAME_{}]", parts.concat(), code(1), code(2));
        let whole = restore(&issued, context, &text);
        for size in 1..=text.len().min(24) {
            let pieces = chunks(&text, size);
            prop_assert_eq!(&in_pieces(&issued, context, pieces.into_iter()), &whole, "pieces of {}", size);
        }
        let words: Vec<String> = whole.0.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
        let stands = |word: &str| words.iter().any(|known| known == word);
        // A word of which it is a part is another word.
        prop_assert!(!stands("barvental"), "{}", whole.0);
        let number = whole.0.replace('\u{2011}', "-");
        let at = number.find("99-04412");
        prop_assert!(
            at.is_none_or(|at| number[..at].ends_with(char::is_alphanumeric)
                || number[at + 8..].starts_with(char::is_alphanumeric)),
            "{}", whole.0
        );
    }
}

#[test]
fn r28_what_is_withheld_is_counted_by_its_source_also_within_a_url() {
    let issued = withholding();
    let mut restorer = Restorer::new(issued, Context::Text);
    let mut out = String::new();
    restorer.push("See https://a.example/?q=99-04412 of Barvental, Elias, and 99-044121", &mut out);
    restorer.finish(&mut out);
    assert_eq!(out, "See https://a.example/?q=[another patient] of [another patient], Elias, and 99-044121");
    assert_eq!(restorer.withheld().iter().map(|(k, v)| (*k, *v)).collect::<Vec<_>>(), [(0, 1), (1, 1)]);
    assert_eq!(restorer.tally().restored, 0);
}
