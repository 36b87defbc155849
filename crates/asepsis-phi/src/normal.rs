//! The normal form of a text and the way back: what detectors read, and where it stood.
//!
//! Invisible characters are dropped, compatibility forms and look-alike letters become plain ones, and every offset of
//! the normal form maps back to a character boundary of the original.

use std::borrow::Cow;

use asepsis_vocab::Span;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{compose, is_combining_mark};

/// A text as detectors read it.
pub(crate) struct Normal<'a> {
    text: Cow<'a, str>,
    /// The places that were changed, in order; between them the two texts are equal byte for byte.
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy)]
struct Piece {
    at: usize,
    len: usize,
    from: usize,
    from_len: usize,
}

impl<'a> Normal<'a> {
    pub(crate) fn of(original: &'a str) -> Self {
        if original.bytes().all(is_plain) {
            return Self { text: Cow::Borrowed(original), pieces: Vec::new() };
        }
        let (mut text, mut pieces) = (String::with_capacity(original.len()), Vec::new());
        let mut copied = 0;
        let mut i = 0;
        let bytes = original.as_bytes();
        let mut buffer = String::new();
        while i < bytes.len() {
            if is_plain(bytes[i]) {
                // A letter may carry a combining mark that is composed with it.
                if bytes.get(i + 1).is_none_or(|&b| b != 0xCC && b != 0xCD) {
                    i += 1;
                    continue;
                }
            }
            buffer.clear();
            let len = rewrite(&original[i..], &mut buffer);
            if buffer == original[i..i + len] {
                i += len;
                continue;
            }
            text.push_str(&original[copied..i]);
            pieces.push(Piece { at: text.len(), len: buffer.len(), from: i, from_len: len });
            text.push_str(&buffer);
            i += len;
            copied = i;
        }
        text.push_str(&original[copied..]);
        Self { text: Cow::Owned(text), pieces }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The span of the original that `start..end` of the normal form came from.
    pub(crate) fn span(&self, start: usize, end: usize) -> Span {
        if self.pieces.is_empty() || start >= end {
            return Span::new(start, end.max(start));
        }
        let last = end - 1;
        let from = match self.piece_before(start) {
            Some(p) if start < p.at + p.len => p.from,
            Some(p) => p.from + p.from_len + (start - p.at - p.len),
            None => start,
        };
        let to = match self.piece_before(last) {
            Some(p) if last < p.at + p.len => p.from + p.from_len,
            Some(p) => p.from + p.from_len + (last - p.at - p.len) + 1,
            None => end,
        };
        Span::new(from, to)
    }

    /// The last piece that starts at or before `at`.
    fn piece_before(&self, at: usize) -> Option<Piece> {
        let n = self.pieces.partition_point(|p| p.at <= at);
        n.checked_sub(1).map(|i| self.pieces[i])
    }
}

/// Bytes that stand for themselves: printable ASCII but for the backslash, tab and line feed.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'[' | b']'..=b'~' | b'\t' | b'\n')
}

/// Writes the normal form of the first character (and what belongs to it) of `rest`; gives back how long that was.
fn rewrite(rest: &str, out: &mut String) -> usize {
    let mut chars = rest.chars();
    let Some(c) = chars.next() else { return 0 };
    let len = c.len_utf8();
    if c == '\\' {
        return rewrite_escape(rest, out);
    }
    if let Some(mark) = chars.next()
        && is_combining_mark(mark)
    {
        let folded = fold(c).unwrap_or(c);
        if let Some(whole) = compose(folded, mark) {
            out.push(whole);
            return len + mark.len_utf8();
        }
    }
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
    len
}

/// A JSON escape becomes the character that it stands for.
fn rewrite_escape(rest: &str, out: &mut String) -> usize {
    let bytes = rest.as_bytes();
    match bytes.get(1) {
        Some(b'n' | b'r') => out.push('\n'),
        Some(b't') => out.push('\t'),
        Some(b'"') => out.push('"'),
        Some(b'/') => out.push('/'),
        Some(b'u') => {
            let code = rest.get(2..6).and_then(|h| u32::from_str_radix(h, 16).ok()).and_then(char::from_u32);
            let Some(c) = code else {
                out.push('\\');
                return 1;
            };
            if !is_invisible(c) {
                out.push(fold(c).unwrap_or(c));
            }
            return 6;
        }
        _ => {
            out.push('\\');
            return 1;
        }
    }
    2
}

/// Zero-width characters, soft hyphens, direction marks, variation selectors, tags and controls.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\0'..='\x08' | '\x0B'..='\x0C' | '\x0E'..='\x1F' | '\x7F'..='\u{84}' | '\u{86}'..='\u{9F}' | '\u{AD}' | '\u{34F}' | '\u{61C}'
        | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180E}' | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{E0000}'..='\u{E01EF}')
}

/// The plain character that a reader takes `c` for: spaces, dashes, quotes, digits and letters of other scripts.
fn fold(c: char) -> Option<char> {
    Some(match c {
        '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
        '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => ' ',
        '\u{2010}'..='\u{2013}' | '\u{2212}' | '\u{FE58}' | '\u{FE63}' | '\u{FF0D}' => '-',
        '\u{2018}'..='\u{201B}' | '\u{2032}' | '\u{2BC}' | '\u{FF07}' | '\u{B4}' => '\'',
        '\u{201C}'..='\u{201F}' | '\u{2033}' | '\u{FF02}' => '"',
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0)?,
        '\u{660}'..='\u{669}' => char::from_digit(c as u32 - 0x660, 10)?,
        '\u{6F0}'..='\u{6F9}' => char::from_digit(c as u32 - 0x6F0, 10)?,
        '\u{966}'..='\u{96F}' => char::from_digit(c as u32 - 0x966, 10)?,
        '\u{370}'..='\u{4FF}' => LOOK_ALIKES.chars().zip(LOOK_ALIKES_PLAIN.chars()).find(|(l, _)| *l == c)?.1,
        _ => return None,
    })
}

/// Cyrillic and Greek letters that look like Latin ones (Unicode TR 39, confusables), and those Latin ones.
const LOOK_ALIKES: &str = "аеорсхуіјѕһԁԛԝАВЕКМНОРСТХУІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧοαν";
const LOOK_ALIKES_PLAIN: &str = "aeopcxyijshdqwABEKMHOPCTXYIJSABEZHIKMNOPTYXoav";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_not_copied() {
        let n = Normal::of("MRN 123\nok");
        assert!(matches!(n.text, Cow::Borrowed(_)));
        assert_eq!(n.span(4, 7), Span::new(4, 7));
    }

    #[test]
    fn every_disguise_is_taken_off_and_offsets_lead_back() {
        let original = "x\u{a0}１２\u{200b}３-\u{2013}\u{ad}Мary Jose\u{301} ﬁn\\u00e9\\n";
        let n = Normal::of(original);
        assert_eq!(n.text(), "x 123--Mary José fin\u{e9}\n");
        let at = n.text().find("123").unwrap();
        assert_eq!(&original[n.span(at, at + 3).range()], "１２\u{200b}３");
        let at = n.text().find("Mary").unwrap();
        assert_eq!(&original[n.span(at, at + 4).range()], "Мary");
        let at = n.text().find("José").unwrap();
        assert_eq!(&original[n.span(at, at + 5).range()], "Jose\u{301}");
        let at = n.text().find("fin").unwrap();
        assert_eq!(&original[n.span(at + 1, at + 2).range()], "ﬁ");
    }

    #[test]
    fn look_alikes_pair_up() {
        assert_eq!(LOOK_ALIKES.chars().count(), LOOK_ALIKES_PLAIN.chars().count());
    }
}
