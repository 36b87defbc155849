//! Numbers in words, as days and years are said: `third`, `twenty-first`, `nineteen fifty eight`, `two thousand and ten`.

use crate::doc::Doc;
use crate::lexicon::SIGNAL;

/// A word of a number.
#[derive(Clone, Copy)]
enum Said {
    /// Nought to nine.
    One(u32),
    Teen(u32),
    Tens(u32),
    Ordinal(u32),
}

/// The words of numbers.
static WORDS: [(&str, Said); 50] = [
    ("one", Said::One(1)),
    ("two", Said::One(2)),
    ("three", Said::One(3)),
    ("four", Said::One(4)),
    ("five", Said::One(5)),
    ("six", Said::One(6)),
    ("seven", Said::One(7)),
    ("eight", Said::One(8)),
    ("nine", Said::One(9)),
    ("oh", Said::One(0)),
    ("o", Said::One(0)),
    ("ten", Said::Teen(10)),
    ("eleven", Said::Teen(11)),
    ("twelve", Said::Teen(12)),
    ("thirteen", Said::Teen(13)),
    ("fourteen", Said::Teen(14)),
    ("fifteen", Said::Teen(15)),
    ("sixteen", Said::Teen(16)),
    ("seventeen", Said::Teen(17)),
    ("eighteen", Said::Teen(18)),
    ("nineteen", Said::Teen(19)),
    ("twenty", Said::Tens(20)),
    ("thirty", Said::Tens(30)),
    ("forty", Said::Tens(40)),
    ("fifty", Said::Tens(50)),
    ("sixty", Said::Tens(60)),
    ("seventy", Said::Tens(70)),
    ("eighty", Said::Tens(80)),
    ("ninety", Said::Tens(90)),
    ("first", Said::Ordinal(1)),
    ("second", Said::Ordinal(2)),
    ("third", Said::Ordinal(3)),
    ("fourth", Said::Ordinal(4)),
    ("fifth", Said::Ordinal(5)),
    ("sixth", Said::Ordinal(6)),
    ("seventh", Said::Ordinal(7)),
    ("eighth", Said::Ordinal(8)),
    ("ninth", Said::Ordinal(9)),
    ("tenth", Said::Ordinal(10)),
    ("eleventh", Said::Ordinal(11)),
    ("twelfth", Said::Ordinal(12)),
    ("thirteenth", Said::Ordinal(13)),
    ("fourteenth", Said::Ordinal(14)),
    ("fifteenth", Said::Ordinal(15)),
    ("sixteenth", Said::Ordinal(16)),
    ("seventeenth", Said::Ordinal(17)),
    ("eighteenth", Said::Ordinal(18)),
    ("nineteenth", Said::Ordinal(19)),
    ("twentieth", Said::Ordinal(20)),
    ("thirtieth", Said::Ordinal(30)),
];

/// The words of numbers.
pub(super) fn words() -> impl Iterator<Item = &'static str> {
    WORDS.iter().map(|(word, _)| *word)
}

/// What the word at token `i` says of a number.
fn said(doc: &Doc<'_>, i: usize) -> Option<Said> {
    // Most words are none that a rule looks for.
    if !doc.has(i, SIGNAL) {
        return None;
    }
    WORDS.iter().find(|(word, _)| doc.is_word(i, word)).map(|(_, said)| *said)
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
