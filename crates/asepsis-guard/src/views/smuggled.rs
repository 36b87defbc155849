//! Texts in characters that nobody sees: tags, variation selectors; and text that is written backwards.

use asepsis_vocab::Span;

use super::Encoding;

/// The fewest characters of such a text.
const FEWEST: usize = 3;

/// Every such text, with its place.
pub(super) fn texts(text: &str) -> Vec<(Encoding, Span, String)> {
    let mut out = Vec::new();
    gather(text, Encoding::Tags, tag, &mut out);
    gather(text, Encoding::Selectors, selector, &mut out);
    reversed(text, &mut out);
    out
}

/// The character of ASCII that a tag character stands for.
pub(crate) fn tag(c: char) -> Option<u8> {
    match c {
        '\u{E0020}'..='\u{E007E}' => u8::try_from(u32::from(c) - 0xE0000).ok(),
        _ => None,
    }
}

/// The byte that a variation selector stands for, as texts are hidden in rows of them.
pub(crate) fn selector(c: char) -> Option<u8> {
    match c {
        '\u{FE00}'..='\u{FE0F}' => u8::try_from(u32::from(c) - 0xFE00).ok(),
        '\u{E0100}'..='\u{E01EF}' => u8::try_from(u32::from(c) - 0xE0100 + 16).ok(),
        _ => None,
    }
}

/// Rows of characters that each stand for a byte.
fn gather(text: &str, encoding: Encoding, byte: impl Fn(char) -> Option<u8>, out: &mut Vec<(Encoding, Span, String)>) {
    // Both kinds begin with these bytes in UTF-8.
    if !text.bytes().any(|b| matches!(b, 0xF3 | 0xEF)) {
        return;
    }
    let (mut bytes, mut start, mut end) = (Vec::new(), 0, 0);
    let mut flush = |bytes: &mut Vec<u8>, start: usize, end: usize| {
        if bytes.len() >= FEWEST {
            let said = String::from_utf8_lossy(bytes).into_owned();
            if said.chars().filter(|c| c.is_alphabetic()).count() >= FEWEST {
                out.push((encoding, Span::new(start, end), said));
            }
        }
        bytes.clear();
    };
    for (at, c) in text.char_indices() {
        match byte(c) {
            Some(b) => {
                if bytes.is_empty() {
                    start = at;
                }
                bytes.push(b);
                end = at + c.len_utf8();
            }
            None if bytes.is_empty() => {}
            None if asepsis_normal::is_invisible(c) => {}
            None => flush(&mut bytes, start, end),
        }
    }
    flush(&mut bytes, start, end);
}

/// What stands after a right-to-left override up to its end, read as it is shown.
fn reversed(text: &str, out: &mut Vec<(Encoding, Span, String)>) {
    let mut from = 0;
    while let Some(at) = text[from..].find('\u{202E}').map(|i| from + i) {
        let begin = at + '\u{202E}'.len_utf8();
        let end = text[begin..].find(['\u{202C}', '\n', '\u{2029}']).map_or(text.len(), |i| begin + i);
        let said: String = text[begin..end].chars().rev().filter(|c| !asepsis_normal::is_invisible(*c)).collect();
        if said.chars().filter(|c| c.is_alphabetic()).count() >= FEWEST {
            out.push((Encoding::Reversed, Span::new(at, end), said));
        }
        from = end.max(begin);
    }
}
