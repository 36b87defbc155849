//! Characters that turn the direction of reading around (Unicode UAX 9; CVE-2021-42574).

use asepsis_vocab::{Span, Verdict};

use super::Flags;

/// Right-to-left overrides, left-to-right ones around anything but a telephone number, as address books copy them, and
/// right-to-left embeddings and isolates around Latin sentences.
pub(super) fn find(text: &str, flags: &mut Flags) {
    overrides(text, flags);
    embeddings(text, flags);
}

/// Latin words that are set in from the right though no letter of them is written so.
fn embeddings(text: &str, flags: &mut Flags) {
    let mut from = 0;
    while let Some(at) = text[from..].find(['\u{202B}', '\u{2067}']).map(|i| from + i) {
        let begin = at + '\u{202B}'.len_utf8();
        let end = text[begin..].find(['\u{202C}', '\u{2069}', '\n']).map_or(text.len(), |i| begin + i);
        let inside = &text[begin..end];
        let words = inside.split(|c: char| !c.is_ascii_alphabetic()).filter(|w| w.len() > 1).take(3).count();
        if words == 3 && !inside.chars().any(is_right_to_left) {
            flags.add("bidi/embedding", Verdict::Spotlight, Span::new(at, end));
        }
        from = end.max(begin);
    }
}

fn overrides(text: &str, flags: &mut Flags) {
    let mut from = 0;
    while let Some(at) = text[from..].find(['\u{202D}', '\u{202E}']).map(|i| from + i) {
        let begin = at + '\u{202D}'.len_utf8();
        let end = text[begin..].find(['\u{202C}', '\u{202D}', '\u{202E}', '\n']).map_or(text.len(), |i| begin + i);
        let inside = &text[begin..end];
        let right_to_left = text[at..].starts_with('\u{202E}');
        // Text of a script that is written from the right is not turned by it.
        let native = inside.chars().any(is_right_to_left) && !inside.chars().any(|c| c.is_ascii_alphabetic());
        let telephone = inside.chars().all(|c| !c.is_alphabetic());
        if !telephone && (right_to_left && !native || !right_to_left && inside.chars().any(is_right_to_left)) {
            flags.add("bidi/override", Verdict::Strip, Span::new(at, end));
        }
        from = end.max(begin);
    }
}

/// Letters of Hebrew, Arabic, Syriac, Thaana, NKo and their presentation forms.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{7FF}' | '\u{8A0}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFE}')
}
