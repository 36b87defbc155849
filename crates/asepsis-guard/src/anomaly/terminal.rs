//! Control sequences of terminals (ECMA-48), which hide, recolour and overwrite what an operator sees.

use asepsis_vocab::{Span, Verdict};

use super::Flags;

/// The most bytes of one sequence that are looked at.
const LONGEST: usize = 256;

/// Escape sequences that begin with ESC or with the one-byte CSI and OSC.
pub(super) fn find(text: &str, flags: &mut Flags) {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = memchr::memchr(0x1B, &bytes[from..]).map(|i| from + i) {
        let end = sequence(bytes, at);
        if let Some(end) = end {
            flags.add("control/terminal-escape", Verdict::Strip, Span::new(at, boundary(text, end)));
        }
        from = end.unwrap_or(at + 1);
    }
    if text.is_ascii() {
        return;
    }
    for (at, c) in text.char_indices().filter(|(_, c)| matches!(c, '\u{9B}' | '\u{9D}')) {
        flags.add("control/terminal-escape", Verdict::Strip, Span::new(at, at + c.len_utf8()));
    }
}

/// The end of the sequence that begins with ESC at `at`.
fn sequence(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at + 2..).unwrap_or_default();
    let rest = &rest[..rest.len().min(LONGEST)];
    match bytes.get(at + 1)? {
        b'[' => {
            let len = rest.iter().take_while(|b| matches!(b, b' '..=b'?')).count();
            rest.get(len).filter(|b| matches!(b, b'@'..=b'~')).map(|_| at + 2 + len + 1)
        }
        b']' | b'P' | b'_' | b'^' | b'X' => {
            let stop = rest.iter().position(|b| matches!(b, 0x07 | 0x1B));
            Some(stop.map_or(at + 2, |i| at + 2 + i + 1))
        }
        b'c' | b'7' | b'8' | b'(' | b')' => Some(at + 2),
        _ => None,
    }
}

fn boundary(text: &str, at: usize) -> usize {
    (at.min(text.len())..=text.len()).find(|i| text.is_char_boundary(*i)).unwrap_or(text.len())
}
