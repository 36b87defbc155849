//! Words taken apart one character after the other: what reading them quickly is compared with.

use std::ops::Range;

use asepsis_vocab::Span;

use super::super::address::address;
use super::{Gap, LONGEST, Shape, stronger, unspaced};

/// Each word in lower case, with its shape, what stands before it and its place.
pub(super) fn words(text: &str) -> Vec<(String, Shape, Gap, Range<usize>)> {
    let (mut lower_case, mut places) = (String::new(), Vec::new());
    let mut gap = Gap::Stop;
    let mut chars = text.char_indices().peekable();
    while let Some(&(start, c)) = chars.peek() {
        if !c.is_alphanumeric() {
            gap = stronger(gap, c, places.is_empty());
            chars.next();
            continue;
        }
        let from = lower_case.len();
        if let Some((length, shape, stands_for)) = address(&text.as_bytes()[start..]) {
            lower_case.push_str(stands_for);
            let span = Span::new(start, start + length);
            places.push((lower_case[from..].to_owned(), shape, gap, span.range()));
            while chars.peek().is_some_and(|(at, _)| *at < start + length) {
                chars.next();
            }
            gap = if chars.peek().is_some_and(|(_, c)| c.is_whitespace()) { Gap::Blank } else { Gap::Other };
            continue;
        }
        let mut end = start;
        let (mut upper, mut lower, mut digit, mut snake, mut first_upper) = (0usize, 0usize, 0usize, false, false);
        while let Some(&(at, c)) = chars.peek() {
            let joins = matches!(c, '\'' | '’' | '_') && at > start;
            if !(c.is_alphanumeric() || joins) || at - start >= LONGEST {
                break;
            }
            if joins {
                // A quotation mark behind a word does not belong to it.
                let mut ahead = chars.clone();
                ahead.next();
                if !ahead.peek().is_some_and(|(_, next)| next.is_alphanumeric()) {
                    break;
                }
            }
            if unspaced(c) && at > start {
                break;
            }
            snake |= c == '_';
            if c.is_uppercase() {
                upper += 1;
                first_upper |= at == start;
            } else if c.is_numeric() {
                digit += 1;
            } else if c.is_alphabetic() {
                lower += 1;
            }
            if c.is_numeric() {
                // Which number it is says nothing.
                lower_case.push('0');
            } else if c.is_ascii() {
                lower_case.push(c.to_ascii_lowercase());
            } else if c == '’' {
                lower_case.push('\'');
            } else {
                lower_case.extend(c.to_lowercase());
            }
            end = at + c.len_utf8();
            chars.next();
            if unspaced(c) {
                break;
            }
        }
        let shape = match (upper, lower, digit) {
            _ if snake => Shape::Snake,
            (0, 0, _) => Shape::Number,
            (_, _, d) if d > 0 => Shape::Mixed,
            _ if text[start..].chars().next().is_some_and(unspaced) => Shape::Sign,
            (u, 0, _) if u > 1 => Shape::Upper,
            _ if first_upper => Shape::Capital,
            _ => Shape::Lower,
        };
        places.push((lower_case[from..].to_owned(), shape, gap, start..end));
        gap = Gap::Other;
        if chars.peek().is_some_and(|(_, c)| c.is_whitespace()) {
            gap = Gap::Blank;
        }
    }
    places
}
