//! Numbers in words, as days and years are said: `third`, `twenty-first`, `nineteen fifty eight`, `two thousand and ten`.

use crate::doc::Doc;

/// A word of a number.
#[derive(Clone, Copy)]
enum Said {
    /// Nought to nine.
    One(u32),
    Teen(u32),
    Tens(u32),
    Ordinal(u32),
}

/// What the word at token `i` says of a number.
fn said(doc: &Doc<'_>, i: usize) -> Option<Said> {
    use Said::{One, Ordinal, Teen, Tens};
    let word = doc.word(i).as_bytes();
    if !(1..=11).contains(&word.len()) || !matches!(word[0] | 0x20, b'o' | b't' | b'f' | b's' | b'e' | b'n') {
        return None;
    }
    let mut buffer = [0; 11];
    let lower = &mut buffer[..word.len()];
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    Some(match &*lower {
        b"one" => One(1),
        b"two" => One(2),
        b"three" => One(3),
        b"four" => One(4),
        b"five" => One(5),
        b"six" => One(6),
        b"seven" => One(7),
        b"eight" => One(8),
        b"nine" => One(9),
        b"oh" | b"o" => One(0),
        b"ten" => Teen(10),
        b"eleven" => Teen(11),
        b"twelve" => Teen(12),
        b"thirteen" => Teen(13),
        b"fourteen" => Teen(14),
        b"fifteen" => Teen(15),
        b"sixteen" => Teen(16),
        b"seventeen" => Teen(17),
        b"eighteen" => Teen(18),
        b"nineteen" => Teen(19),
        b"twenty" => Tens(20),
        b"thirty" => Tens(30),
        b"forty" => Tens(40),
        b"fifty" => Tens(50),
        b"sixty" => Tens(60),
        b"seventy" => Tens(70),
        b"eighty" => Tens(80),
        b"ninety" => Tens(90),
        b"first" => Ordinal(1),
        b"second" => Ordinal(2),
        b"third" => Ordinal(3),
        b"fourth" => Ordinal(4),
        b"fifth" => Ordinal(5),
        b"sixth" => Ordinal(6),
        b"seventh" => Ordinal(7),
        b"eighth" => Ordinal(8),
        b"ninth" => Ordinal(9),
        b"tenth" => Ordinal(10),
        b"eleventh" => Ordinal(11),
        b"twelfth" => Ordinal(12),
        b"thirteenth" => Ordinal(13),
        b"fourteenth" => Ordinal(14),
        b"fifteenth" => Ordinal(15),
        b"sixteenth" => Ordinal(16),
        b"seventeenth" => Ordinal(17),
        b"eighteenth" => Ordinal(18),
        b"nineteenth" => Ordinal(19),
        b"twentieth" => Ordinal(20),
        b"thirtieth" => Ordinal(30),
        _ => return None,
    })
}

/// Whether the word at token `i` is one of a number.
pub(super) fn is_said(doc: &Doc<'_>, i: usize) -> bool {
    said(doc, i).is_some()
}

/// Past a hyphen between the words of one number.
fn joined(doc: &Doc<'_>, i: usize) -> usize {
    if doc.mark(i) == b'-' && doc.glued(i) { i + 1 } else { i }
}

/// A day of the month as an ordinal in words, and where it ends.
pub(super) fn ordinal_day(doc: &Doc<'_>, i: usize) -> Option<usize> {
    match said(doc, i)? {
        Said::Ordinal(_) => Some(i + 1),
        Said::Tens(tens @ (20 | 30)) => {
            let next = joined(doc, i + 1);
            matches!(said(doc, next), Some(Said::Ordinal(n)) if n < 10 && tens + n <= 31).then_some(next + 1)
        }
        _ => None,
    }
}

/// A number under one hundred in words, and where it ends.
pub(crate) fn cardinal(doc: &Doc<'_>, i: usize) -> Option<(u32, usize)> {
    match said(doc, i)? {
        Said::One(n) | Said::Teen(n) => Some((n, i + 1)),
        Said::Tens(tens) => {
            let next = joined(doc, i + 1);
            match said(doc, next) {
                Some(Said::One(ones)) if ones > 0 => Some((tens + ones, next + 1)),
                _ => Some((tens, i + 1)),
            }
        }
        Said::Ordinal(_) => None,
    }
}

/// The end of a year in words: `nineteen fifty eight`, `twenty oh five`, `two thousand (and) ten`.
pub(super) fn year(doc: &Doc<'_>, i: usize) -> Option<usize> {
    if doc.is_word(i, "two") && doc.is_word(i + 1, "thousand") {
        let j = if doc.is_word(i + 2, "and") { i + 3 } else { i + 2 };
        return Some(cardinal(doc, j).map_or(i + 2, |(_, end)| end));
    }
    // "of O eight"
    if (doc.is_word(i, "oh") || doc.is_word(i, "o")) && matches!(said(doc, i + 1), Some(Said::One(1..))) {
        return Some(i + 2);
    }
    if !["eighteen", "nineteen", "twenty"].iter().any(|c| doc.is_word(i, c)) {
        return None;
    }
    let next = joined(doc, i + 1);
    if doc.is_word(next, "hundred") {
        return Some(next + 1);
    }
    if doc.is_word(next, "oh") {
        return matches!(said(doc, next + 1), Some(Said::One(1..))).then_some(next + 2);
    }
    cardinal(doc, next).filter(|(n, _)| *n >= 10).map(|(_, end)| end)
}
