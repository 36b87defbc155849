//! Numbers in words, as days and years are said: `third`, `twenty-first`, `nineteen fifty eight`, `two thousand and ten`.

use crate::doc::Doc;

const ONES: [&str; 10] = ["oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const TEENS: [&str; 10] =
    ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"];
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const ORDINALS: [&str; 20] = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
];

fn place(doc: &Doc<'_>, i: usize, list: &[&str]) -> Option<u32> {
    // The shortest of these words has two letters, the longest eleven; most words are told by their first letter.
    let word = doc.word(i);
    if !(2..=11).contains(&word.len()) || !matches!(word.as_bytes()[0] | 0x20, b'o' | b't' | b'f' | b's' | b'e' | b'n')
    {
        return None;
    }
    list.iter().position(|w| w.eq_ignore_ascii_case(word)).and_then(|n| u32::try_from(n).ok())
}

/// Past a hyphen between the words of one number.
fn joined(doc: &Doc<'_>, i: usize) -> usize {
    if doc.mark(i) == b'-' && doc.glued(i) { i + 1 } else { i }
}

/// A day of the month as an ordinal in words, and where it ends.
pub(super) fn ordinal_day(doc: &Doc<'_>, i: usize) -> Option<usize> {
    if place(doc, i, &ORDINALS).is_some() || doc.is_word(i, "thirtieth") {
        return Some(i + 1);
    }
    let tens = place(doc, i, &TENS).filter(|t| *t < 2)?;
    let ones = place(doc, joined(doc, i + 1), &ORDINALS[..9])?;
    ((tens + 2) * 10 + ones < 31).then(|| joined(doc, i + 1) + 1)
}

/// A number under one hundred in words, and where it ends.
pub(crate) fn cardinal(doc: &Doc<'_>, i: usize) -> Option<(u32, usize)> {
    if let Some(n) = place(doc, i, &TEENS) {
        return Some((n + 10, i + 1));
    }
    if let Some(tens) = place(doc, i, &TENS) {
        let next = joined(doc, i + 1);
        return Some(match place(doc, next, &ONES[1..]) {
            Some(ones) => ((tens + 2) * 10 + ones + 1, next + 1),
            None => ((tens + 2) * 10, i + 1),
        });
    }
    place(doc, i, &ONES).map(|n| (n, i + 1))
}

/// The end of a year in words: `nineteen fifty eight`, `twenty oh five`, `two thousand (and) ten`.
pub(super) fn year(doc: &Doc<'_>, i: usize) -> Option<usize> {
    if doc.is_word(i, "two") && doc.is_word(i + 1, "thousand") {
        let j = if doc.is_word(i + 2, "and") { i + 3 } else { i + 2 };
        return Some(cardinal(doc, j).map_or(i + 2, |(_, end)| end));
    }
    // "of O eight"
    if (doc.is_word(i, "oh") || doc.is_word(i, "o")) && place(doc, i + 1, &ONES[1..]).is_some() {
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
        return place(doc, next + 1, &ONES[1..]).map(|_| next + 2);
    }
    cardinal(doc, next).filter(|(n, _)| *n >= 10).map(|(_, end)| end)
}
