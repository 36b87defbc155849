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
    Some(match std::str::from_utf8(lower).ok()? {
        "one" => One(1),
        "two" => One(2),
        "three" => One(3),
        "four" => One(4),
        "five" => One(5),
        "six" => One(6),
        "seven" => One(7),
        "eight" => One(8),
        "nine" => One(9),
        "oh" | "o" => One(0),
        "ten" => Teen(10),
        "eleven" => Teen(11),
        "twelve" => Teen(12),
        "thirteen" => Teen(13),
        "fourteen" => Teen(14),
        "fifteen" => Teen(15),
        "sixteen" => Teen(16),
        "seventeen" => Teen(17),
        "eighteen" => Teen(18),
        "nineteen" => Teen(19),
        "twenty" => Tens(20),
        "thirty" => Tens(30),
        "forty" => Tens(40),
        "fifty" => Tens(50),
        "sixty" => Tens(60),
        "seventy" => Tens(70),
        "eighty" => Tens(80),
        "ninety" => Tens(90),
        "first" => Ordinal(1),
        "second" => Ordinal(2),
        "third" => Ordinal(3),
        "fourth" => Ordinal(4),
        "fifth" => Ordinal(5),
        "sixth" => Ordinal(6),
        "seventh" => Ordinal(7),
        "eighth" => Ordinal(8),
        "ninth" => Ordinal(9),
        "tenth" => Ordinal(10),
        "eleventh" => Ordinal(11),
        "twelfth" => Ordinal(12),
        "thirteenth" => Ordinal(13),
        "fourteenth" => Ordinal(14),
        "fifteenth" => Ordinal(15),
        "sixteenth" => Ordinal(16),
        "seventeenth" => Ordinal(17),
        "eighteenth" => Ordinal(18),
        "nineteenth" => Ordinal(19),
        "twentieth" => Ordinal(20),
        "thirtieth" => Ordinal(30),
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
