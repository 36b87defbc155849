//! The text with plain digits, spaces and dashes, so that another script's do not hide a number.

use std::borrow::Cow;

use asepsis_vocab::Span;

pub(super) struct Plain<'t> {
    bytes: Cow<'t, [u8]>,
    /// Where each byte stood, where the text was changed.
    places: Vec<usize>,
    whole: usize,
}

impl<'t> Plain<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let whole = text.len();
        // Bytes of which the characters that are changed begin.
        let changed = text.is_ascii() || !text.chars().any(|c| c >= '\u{A0}' && plain(c) != Some(c));
        if changed {
            return Self { bytes: Cow::Borrowed(text.as_bytes()), places: Vec::new(), whole };
        }
        let (mut bytes, mut places) = (Vec::with_capacity(whole), Vec::with_capacity(whole));
        let mut buffer = [0; 4];
        for (at, c) in text.char_indices() {
            let Some(c) = plain(c) else { continue };
            for b in c.encode_utf8(&mut buffer).bytes() {
                bytes.push(b);
                places.push(at);
            }
        }
        Self { bytes: Cow::Owned(bytes), places, whole }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The span of the text that the bytes `start..end` came from.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        if self.places.is_empty() {
            return Span::new(start, end);
        }
        let at = |i: usize| self.places.get(i).copied().unwrap_or(self.whole);
        Span::new(at(start), at(end).max(at(start)))
    }
}

/// The plain character for one; none for what is not seen.
fn plain(c: char) -> Option<char> {
    Some(match c {
        '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' => {
            return None;
        }
        '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{3000}' => ' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE63}' | '\u{FF0D}' => '-',
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        '\u{660}'..='\u{669}' => char::from_digit(c as u32 - 0x660, 10).unwrap_or(c),
        '\u{6F0}'..='\u{6F9}' => char::from_digit(c as u32 - 0x6F0, 10).unwrap_or(c),
        '\u{966}'..='\u{96F}' => char::from_digit(c as u32 - 0x966, 10).unwrap_or(c),
        c => c,
    })
}
