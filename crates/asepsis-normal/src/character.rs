//! One character after the other: what is invisible, what has a plain form, what is escaped.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{compose, is_combining_mark};

use crate::layer::{Editor, Layer};
use crate::lines;
use crate::{escape, markup};

/// Whether any character of a text may have to change.
pub(crate) fn needed(text: &str) -> bool {
    // Comparisons without branches are made for many bytes at once; a table is not.
    text.as_bytes().chunks(64).any(|chunk| chunk.iter().fold(false, |any, b| any | stops(*b)))
}

/// Whether a byte does not stand for itself everywhere.
const fn stops(b: u8) -> bool {
    let plain = b.wrapping_sub(b' ') < 0x7F - b' ' || b == b'\t' || b == b'\n';
    !plain || b == b'\\' || b == b'&' || b == b'%' || b == b'=' || b == b'<'
}

/// Bytes that do not stand for themselves everywhere: all but printable ASCII, and what begins an escape or a tag.
static STOPS: [bool; 256] = {
    let (mut table, mut byte) = ([false; 256], 0);
    while byte < 256 {
        table[byte] = stops(byte as u8);
        byte += 1;
    }
    table
};

/// The text with every character in its plain form, and whether something was decoded, so that there may be more to
/// do in it.
pub(crate) fn layer(text: &str) -> (Option<Layer>, bool) {
    let bytes = text.as_bytes();
    let context = escape::Context::of(text);
    let mut edit = Editor::new(text);
    let mut decoded = false;
    let mut new = String::new();
    let mut i = 0;
    while i < bytes.len() {
        let b = bytes[i];
        if !STOPS[usize::from(b)] && b != b'+' {
            // Below 0xCC begins no combining mark, which would belong to this character.
            if bytes.get(i + 1).is_none_or(|&next| next < 0xCC) {
                i += 1;
                continue;
            }
        }
        new.clear();
        let escaped = match b {
            b'\\' => escape::backslash(text, i, &mut new),
            b'&' => escape::entity(text, i, &mut new),
            b'%' => escape::percent(text, i, &mut new),
            b'=' => escape::quoted_printable(text, i, &context, &mut new),
            b'+' => escape::plus(text, i, &mut new),
            b'<' => markup::tag(text, i, &mut new),
            _ => None,
        };
        if let Some(len) = escaped {
            edit.replace(i, len, &new);
            decoded = true;
            i += len;
            continue;
        }
        let len = plain(&text[i..], &mut new);
        if new != text[i..i + len] {
            edit.replace(i, len, &new);
        }
        i += len;
    }
    (edit.finish(), decoded)
}

/// The most marks that one letter carries; what is more is noise and has none taken off.
const MOST_MARKS: usize = 32;

/// Writes the plain form of the first character, and of the marks on it, of `rest`; gives back how long that was.
fn plain(rest: &str, out: &mut String) -> usize {
    let mut chars = rest.chars();
    let Some(c) = chars.next() else { return 0 };
    let mut len = c.len_utf8();
    if is_invisible(c) {
        return len;
    }
    match fold(c) {
        Some(plain) => out.push(plain),
        None if c.is_ascii() => out.push(c),
        None => {
            for n in std::iter::once(c).nfkc() {
                out.push(fold(n).unwrap_or(n));
            }
        }
    }
    // A mark is composed with the letter; one that cannot be, on a Latin letter or digit, is there to disturb.
    for mark in chars.take(MOST_MARKS).take_while(|m| is_combining_mark(*m)) {
        let Some(base) = out.pop() else { break };
        match compose(base, mark) {
            Some(whole) => out.push(whole),
            None if base.is_ascii_alphanumeric() || is_latin_letter(base) => out.push(base),
            None => {
                out.push(base);
                break;
            }
        }
        len += mark.len_utf8();
    }
    len
}

fn is_latin_letter(c: char) -> bool {
    matches!(c, '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}') && c.is_alphabetic()
}

/// Zero-width characters, soft hyphens, direction marks, variation selectors, tags and controls.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\0'..='\x08' | '\x0B'..='\x0C' | '\x0E'..='\x1F' | '\x7F'..='\u{84}' | '\u{86}'..='\u{9F}' | '\u{AD}' | '\u{34F}' | '\u{61C}'
        | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180E}' | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF9}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E01EF}')
}

/// The plain character that a reader takes `c` for: spaces, dashes, quotes and digits.
fn fold(c: char) -> Option<char> {
    Some(match c {
        '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
        '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{2800}' | '\u{3000}' => ' ',
        '\u{2010}'..='\u{2013}'
        | '\u{2043}'
        | '\u{207B}'
        | '\u{208B}'
        | '\u{2212}'
        | '\u{FE58}'
        | '\u{FE63}'
        | '\u{FF0D}' => '-',
        '\u{2018}'..='\u{201B}'
        | '\u{2032}'
        | '\u{2035}'
        | '\u{2B9}'..='\u{2BC}'
        | '\u{FF07}'
        | '\u{B4}'
        | '\u{A78C}' => '\'',
        '\u{201C}'..='\u{201F}' | '\u{2033}' | '\u{FF02}' => '"',
        '\u{2044}' | '\u{2215}' | '\u{29F8}' => '/',
        '\u{2024}' => '.',
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0)?,
        '\u{660}'..='\u{1FBF9}' if c.is_numeric() => digit(c)?,
        _ => return None,
    })
}

/// The decimal digit that `c` is in another script.
fn digit(c: char) -> Option<char> {
    static ZEROS: LazyLock<Vec<u32>> = LazyLock::new(|| {
        let parse = |l| u32::from_str_radix(l, 16).expect("digits.txt holds code points");
        lines(include_str!("../data/digits.txt")).map(parse).collect()
    });
    let code = c as u32;
    let zero = *ZEROS.get(ZEROS.partition_point(|&z| z <= code).checked_sub(1)?)?;
    char::from_digit(code - zero, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_most_of_printable_ascii_may_have_to_change() {
        for byte in 0..=u8::MAX {
            let plain =
                matches!(byte, b' '..=b'~' | b'\t' | b'\n') && !matches!(byte, b'\\' | b'&' | b'%' | b'=' | b'<');
            assert_eq!(STOPS[usize::from(byte)], !plain, "{byte}");
        }
        for at in [0, 63, 64, 99] {
            let text: String = (0..100).map(|i| if i == at { 'é' } else { 'e' }).collect();
            assert!(needed(&text) && !needed(&text.replace('é', "e")));
        }
    }
}
