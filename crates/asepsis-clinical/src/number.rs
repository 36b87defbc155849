//! Numbers in digits and words: "1,000", ".5", "twenty-three hundred", "zero point four", "one twenty over eighty".

use crate::sense::{AND, ARTICLE, HALF, HUNDRED, OH, POINT, THOUSAND};
use crate::token::{Kind, Token};

/// A number and the tokens that it is written in, both included.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Number {
    pub(crate) first: usize,
    pub(crate) last: usize,
    pub(crate) value: f64,
}

/// The number that begins at a token.
pub(crate) fn number(text: &str, tokens: &[Token], i: usize) -> Option<Number> {
    let token = tokens.get(i)?;
    match token.kind {
        Kind::Number => {
            let mut value = digits(&text[token.range()])?;
            let mut last = i;
            // "5 thousand", "23 hundred", "1/2", "2 and a half"
            match tokens.get(i + 1).map(|t| t.number) {
                Some(n @ (HUNDRED | THOUSAND)) => {
                    value *= f64::from(n);
                    last += 1;
                }
                Some(AND) => {
                    if let Some(end) = and_a_half(tokens, i + 1) {
                        value += 0.5;
                        last = end;
                    }
                }
                _ => {}
            }
            if let [slash, under, ..] = &tokens[(i + 1).min(tokens.len())..]
                && slash.is(b'/')
                && slash.glued
                && under.glued
                && under.kind == Kind::Number
                && let Some(under) = digits(&text[under.range()]).filter(|u| (2.0..=8.0).contains(u) && value < *u)
                && value >= 1.0
            {
                value /= under;
                last = i + 2;
            }
            Some(Number { first: i, last, value })
        }
        Kind::Word if token.number >= 0 => words(tokens, i),
        _ => None,
    }
}

fn digits(text: &str) -> Option<f64> {
    // More digits than any dose or measure has; parsing them would give infinity or nonsense.
    if text.len() > 24 {
        return None;
    }
    if let Some(value) = short(text) {
        return Some(value);
    }
    if text.contains(',') { text.replace(',', "").parse().ok() } else { text.parse().ok() }
}

/// The value of a few digits. They and the power of ten under them are exact, so their quotient is what parsing gives.
fn short(text: &str) -> Option<f64> {
    const TENS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    if text.len() > 15 {
        return None;
    }
    let (mut digits, mut value) = (0, 0);
    let mut point = None;
    for b in text.bytes() {
        match b {
            b'0'..=b'9' => {
                digits += 1;
                value = value * 10 + u64::from(b - b'0');
            }
            b'.' if point.is_none() => point = Some(digits),
            b',' => {}
            _ => return None,
        }
    }
    let under = point.map_or(0, |whole| digits - whole);
    (digits > 0).then(|| value as f64 / TENS[under])
}

/// The last token of "and a half", from its "and".
fn and_a_half(tokens: &[Token], i: usize) -> Option<usize> {
    let at = |k: usize| tokens.get(k).map_or(-1, |t| t.number);
    if at(i) != AND {
        return None;
    }
    match (at(i + 1), at(i + 2)) {
        (HALF, _) => Some(i + 1),
        (ARTICLE, HALF) => Some(i + 2),
        _ => None,
    }
}

fn words(tokens: &[Token], first: usize) -> Option<Number> {
    let at = |k: usize| tokens.get(k).map_or(-1, |t| t.number);
    let (mut total, mut current, mut before) = (0.0, None::<f64>, -1);
    let mut last = None;
    let mut k = first;
    // No number has more words than this.
    while k < tokens.len().min(first + 16) {
        let n = at(k);
        let next: Option<f64> = match n {
            0..=90 => match (current, before) {
                (None, _) => Some(f64::from(n)),
                (Some(c), 20..=90) if (1..=9).contains(&n) => Some(c + f64::from(n)),
                (Some(c), HUNDRED | THOUSAND) if n > 0 => Some(c + f64::from(n)),
                // "one twenty", "twenty thirteen", "one oh five"
                (Some(c), 1..=90) if n >= 10 && c < 100.0 => Some(c * 100.0 + f64::from(n)),
                (Some(c), OH) if n <= 9 => Some(c * 100.0 + f64::from(n)),
                _ => None,
            },
            HUNDRED => match current {
                Some(c) if c < 100.0 => Some(c * 100.0),
                Some(_) => None,
                None if before == ARTICLE || k == first => Some(100.0),
                None => None,
            },
            THOUSAND => {
                let c = current.or((before == ARTICLE || k == first).then_some(1.0));
                match c {
                    Some(c) if total == 0.0 => {
                        total = c * 1000.0;
                        Some(0.0)
                    }
                    _ => None,
                }
            }
            _ => None,
        };
        if let Some(value) = next {
            current = Some(value);
            before = n;
            last = Some(k);
            k += 1;
            continue;
        }
        match n {
            HALF if current.is_none() => {
                return Some(Number { first, last: k, value: 0.5 });
            }
            ARTICLE if k == first && matches!(at(k + 1), HUNDRED | THOUSAND | HALF) => {}
            OH if current.is_some_and(|c| c < 100.0) && (1..=9).contains(&at(k + 1)) => {}
            // Speech recognition writes the point as a stop between blanks: "ninety eight . seven".
            _ if n == POINT || current.is_some() && is_spoken_point(tokens, k) => {
                let (fraction, end) = fraction(tokens, k + 1)?;
                let value = total + current.unwrap_or(0.0) + fraction;
                return Some(Number { first, last: end, value });
            }
            AND if current.is_some() => {
                if let Some(end) = and_a_half(tokens, k) {
                    return Some(Number { first, last: end, value: total + current.unwrap_or(0.0) + 0.5 });
                }
                if !(matches!(before, HUNDRED | THOUSAND) && (1..=90).contains(&at(k + 1))) {
                    break;
                }
            }
            _ if tokens[k].is(b'-')
                && current.is_some()
                && (1..=9).contains(&at(k + 1))
                && matches!(before, 20..=90) =>
            {
                k += 1;
                continue;
            }
            _ => break,
        }
        if n != AND {
            before = n;
        }
        k += 1;
    }
    Some(Number { first, last: last?, value: total + current? })
}

fn is_spoken_point(tokens: &[Token], k: usize) -> bool {
    tokens[k].is(b'.')
        && !tokens[k].glued
        && tokens.get(k + 1).is_some_and(|t| !t.glued && (0..=90).contains(&t.number))
}

/// What stands after the point: digits one by one ("two five"), a number below a hundred ("twenty five"), or digits.
fn fraction(tokens: &[Token], i: usize) -> Option<(f64, usize)> {
    let (mut value, mut scale, mut last) = (0.0, 1.0, None);
    let mut tens = false;
    for (k, token) in tokens.iter().enumerate().skip(i).take(4) {
        match token.number {
            n @ 0..=9 if tens && n > 0 => {
                return Some((value + f64::from(n) * scale, k));
            }
            n @ 0..=9 if !tens => {
                scale /= 10.0;
                value += f64::from(n) * scale;
            }
            n @ 10..=90 if last.is_none() => {
                scale = 0.01;
                value = f64::from(n) * scale;
                tens = true;
            }
            _ => break,
        }
        last = Some(k);
    }
    last.map(|last| (value, last))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lexicon::shipped;
    use crate::token::tokenize;

    proptest! {
        #[test]
        fn few_digits_are_worth_what_parsing_says(text in "[0-9]{0,9}(,[0-9]{3}){0,2}\\.?[0-9]{0,9}") {
            let parsed: Option<f64> = text.replace(',', "").parse().ok();
            prop_assert_eq!(digits(&text).map(f64::to_bits), parsed.filter(|_| text.len() <= 24).map(f64::to_bits));
            if let Some(value) = short(&text) {
                prop_assert_eq!(Some(value.to_bits()), parsed.map(f64::to_bits));
            }
        }
    }

    fn read(text: &str) -> Option<f64> {
        let mut tokens = tokenize(text);
        shipped().read(text, &mut tokens);
        number(text, &tokens, 0).map(|n| (n.value * 1e6).round() / 1e6)
    }

    #[test]
    fn digits_and_words_mean_the_same() {
        let cases = [
            ("1,000", 1000.0),
            (".5", 0.5),
            ("5.0", 5.0),
            ("one hundred", 100.0),
            ("a hundred and twenty five", 125.0),
            ("a thousand", 1000.0),
            ("twenty-three hundred", 2300.0),
            ("twenty five", 25.0),
            ("zero point four", 0.4),
            ("ninety eight point six", 98.6),
            ("point two five", 0.25),
            ("zero point twenty five", 0.25),
            ("two and a half", 2.5),
            ("one twenty over eighty", 120.0),
            ("one thirty five", 135.0),
            ("one oh five", 105.0),
            ("two thousand five hundred", 2500.0),
            ("fifty thousand", 50_000.0),
            ("5 thousand", 5000.0),
            ("1/2 tablet", 0.5),
            ("half a tablet", 0.5),
            ("eight hundred", 800.0),
            ("hundred", 100.0),
            ("ninety eight . seven", 98.7),
            ("one twenty eight over seventy two", 128.0),
        ];
        for (text, value) in cases {
            assert_eq!(read(text), Some(value), "{text}");
        }
        assert_eq!(read("and"), None);
        assert_eq!(read("a tablet"), None);
        assert_eq!(read("point of care"), None);
        assert_eq!(read("oh"), None);
    }
}
