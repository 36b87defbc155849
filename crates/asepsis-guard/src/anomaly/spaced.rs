//! Words whose letters stand apart: `i g n o r e   a l l`, `i.g.n.o.r.e`.
//!
//! A name that is spelled, a heading that is set wide and a list of answers are ordinary.

use asepsis_vocab::{Span, Verdict};

use super::Flags;

/// The rule of letters that stand apart, which the views join.
pub(crate) const SPACED: &str = "layout/spaced-letters";

/// The fewest letters in a row.
const FEWEST: usize = 12;
/// The same of small ones: names are spelled in capitals.
const FEWEST_SMALL: usize = 9;
/// The longest heading in capitals that is set wide.
const HEADING: usize = 28;
/// The fewest different letters: a genome has four, a column of answers two.
const DIFFERENT: usize = 6;

pub(super) fn find(text: &str, flags: &mut Flags) {
    let bytes = text.as_bytes();
    let (mut at, mut looked) = (0, 0);
    while at < bytes.len() {
        if at >= looked {
            // Most of a text is words, which are passed over many bytes at once.
            if !has_single(bytes, at) {
                at += STRIDE;
                continue;
            }
            looked = at + STRIDE;
        }
        if !begins(bytes, at) {
            at += 1;
            continue;
        }
        let run = run(text, at);
        if run.is_text(text) {
            flags.add(SPACED, Verdict::Spotlight, Span::new(at, run.end));
        }
        at = run.end.max(at + 1);
    }
}

/// So many bytes are looked at together for a letter that stands alone.
const STRIDE: usize = 64;

/// Whether a letter without letters beside it is among the bytes from `at` on; the first of a text counts as one.
fn has_single(bytes: &[u8], at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return true };
    let near = &bytes[before..bytes.len().min(at + STRIDE + 1)];
    let letter = |b: &u8| (*b | 0x20).wrapping_sub(b'a') < 26;
    // Without branches, so that it is done for many bytes at once. Behind the last byte of a text is no mark, so that no row begins there.
    let (these, after) = (near.get(1..).unwrap_or_default(), near.get(2..).unwrap_or_default());
    let alone = |((a, b), c)| letter(b) & !letter(a) & !letter(c);
    near.iter().zip(these).zip(after).fold(false, |any, three| any | alone(three))
}

/// Whether a row of single letters may begin here: most places fail at the first or second byte.
fn begins(bytes: &[u8], at: usize) -> bool {
    bytes[at].is_ascii_alphabetic()
        && bytes.get(at + 1).is_some_and(|b| is_mark(*b) || *b == 0xC2)
        && (at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] >= 0x80 || bytes[at - 1] == b'\''))
}

fn is_mark(b: u8) -> bool {
    matches!(b, b' ' | b'.' | b'-' | b'_' | b'*' | b'|' | b'/' | b',' | b'~' | b'+' | b'\n' | b'\t')
}

/// Single letters in a row, with gaps between them.
struct Row {
    start: usize,
    end: usize,
    letters: Vec<u8>,
}

/// The most letters of a row that are weighed; it may be longer.
const WEIGHED: usize = 256;

fn run(text: &str, start: usize) -> Row {
    let bytes = text.as_bytes();
    // One writer uses one mark, and spaces.
    let mark = bytes[start + 1];
    let mut row = Row { start, end: start + 1, letters: vec![bytes[start]] };
    loop {
        let gap = gap(bytes, row.end, mark);
        let next = row.end + gap;
        let single = bytes.get(next).is_some_and(u8::is_ascii_alphanumeric)
            && !bytes
                .get(next + 1)
                .is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80 && *b != 0xC2 || *b == b'\'');
        if gap == 0 || !single {
            return row;
        }
        if row.letters.len() < WEIGHED {
            row.letters.push(bytes[next]);
        }
        row.end = next + 1;
    }
}

/// How long what divides two letters is: up to four marks or no-break spaces.
fn gap(bytes: &[u8], from: usize, mark: u8) -> usize {
    let mut len = 0;
    for _ in 0..4 {
        match &bytes[from + len..] {
            [0xC2, 0xA0, ..] => len += 2,
            [b, ..] if *b == mark && is_mark(mark) || matches!(b, b' ' | b'\n') => len += 1,
            _ => break,
        }
    }
    len
}

impl Row {
    fn is_text(&self, text: &str) -> bool {
        let letters: Vec<u8> =
            self.letters.iter().filter(|b| b.is_ascii_alphabetic()).map(u8::to_ascii_lowercase).collect();
        let fewest = if self.letters.iter().any(u8::is_ascii_uppercase) { FEWEST } else { FEWEST_SMALL };
        if letters.len() < fewest || letters.len() * 4 < self.letters.len() * 3 {
            return false;
        }
        let mut seen = [false; 26];
        letters.iter().for_each(|b| seen[usize::from(b - b'a')] = true);
        let different = seen.iter().filter(|s| **s).count();
        let vowels = letters.iter().filter(|b| b"aeiou".contains(b)).count();
        let in_order = letters.windows(2).filter(|w| w[0] <= w[1]).count();
        let worded = vowels * 5 >= letters.len() && vowels * 5 <= letters.len() * 3;
        different >= DIFFERENT && worded && in_order * 4 < letters.len() * 3 && !self.is_heading(text)
    }

    /// Whether it stands alone in its line in capitals.
    fn is_heading(&self, text: &str) -> bool {
        let capitals = self.letters.iter().all(|b| !b.is_ascii_lowercase());
        let before = text[..self.start].trim_end_matches([' ', '\t']);
        let after = text[self.end..].trim_start_matches([' ', '\t', ':']);
        let alone = before.is_empty() || before.ends_with('\n');
        let whole = after.is_empty() || after.starts_with(['\n', '\r']);
        capitals && self.letters.len() <= HEADING && alone && whole
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_row_begins_where_no_letter_stands_alone(
            parts in prop::collection::vec(prop::sample::select(vec![
                "word", "longer", "a", "B", "9", " ", ".", "-", "'", "\u{a0}", "é", "\n",
            ]), 0..80),
            at in 0..100_usize,
        ) {
            let text = parts.concat();
            let bytes = text.as_bytes();
            let at = at.min(bytes.len());
            let near = at..bytes.len().min(at + STRIDE);
            prop_assert!(has_single(bytes, at) || !near.into_iter().any(|at| begins(bytes, at)));
        }
    }
}
