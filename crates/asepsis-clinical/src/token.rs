//! Words, numbers and marks of a text, in which sentence each stands, and in which line.

use crate::keys;

/// Longest word that is looked up; longer runs of letters are one token that means nothing.
pub(crate) const LONGEST: usize = 64;
/// A line that is at least this long and ends in the middle of a sentence was wrapped by a program.
const WRAPPED: usize = 50;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A letter, then letters, digits and inner apostrophes.
    Word,
    /// Digits, with commas at thousands and one decimal point.
    Number,
    /// One character of anything else.
    Mark,
}

/// A piece of a text. Offsets are bytes; `asepsis-clinical` never reads more of a text than fits them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Counts sentences and lines that hold something: equal in two tokens of one sentence.
    pub(crate) sentence: u32,
    /// How many terms begin before it.
    pub(crate) terms: u32,
    /// What the word says as a part of a number: see [`crate::sense`].
    pub(crate) number: i16,
    /// What else is to be looked for at it: see [`crate::keys`].
    pub(crate) keys: u16,
    pub(crate) kind: Kind,
    /// The first byte of a mark (the first of its character where it is not ASCII).
    pub(crate) mark: u8,
    /// Whether nothing stands between it and the token before.
    pub(crate) glued: bool,
}

impl Token {
    pub(crate) fn range(&self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    pub(crate) fn is(&self, mark: u8) -> bool {
        self.kind == Kind::Mark && self.mark == mark
    }

    pub(crate) fn has(&self, key: u16) -> bool {
        self.keys & key != 0
    }
}

/// What a byte can begin or go on with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Blank,
    Line,
    Point,
    /// Marks of emphasis.
    Passed,
    /// Of a character that is not ASCII.
    Wide,
    Other,
}

static CLASSES: [Class; 256] = {
    let mut out = [Class::Other; 256];
    let mut b = 0;
    while b < 256 {
        out[b] = match b as u8 {
            b'\n' => Class::Line,
            b'*' | b'`' => Class::Passed,
            b'.' => Class::Point,
            b'0'..=b'9' => Class::Digit,
            0x80.. => Class::Wide,
            b if b.is_ascii_whitespace() => Class::Blank,
            b if b.is_ascii_alphabetic() => Class::Letter,
            _ => Class::Other,
        };
        b += 1;
    }
    out
};

fn class(b: u8) -> Class {
    CLASSES[usize::from(b)]
}

/// Cuts a text. Marks of emphasis (`*`, `` ` ``) are passed over, so that `**40 mg**` reads as `40 mg`.
pub(crate) fn tokenize(text: &str) -> Vec<Token> {
    sentences(text).0
}

/// Cuts a text, and says which token begins each sentence.
pub(crate) fn sentences(text: &str) -> (Vec<Token>, Vec<u32>) {
    let bytes = text.as_bytes();
    let mut out: Vec<Token> = Vec::with_capacity(bytes.len() / 4 + 4);
    let mut heads: Vec<u32> = Vec::with_capacity(bytes.len() / 64 + 4);
    let (mut i, mut line) = (0, 0);
    let (mut ended, mut glued) = (true, false);
    while i < bytes.len() {
        let start = i;
        let (kind, end, keys) = match class(bytes[i]) {
            Class::Line => {
                let wrapped = i - line >= WRAPPED && (bytes[i - 1].is_ascii_alphanumeric() || bytes[i - 1] == b',');
                ended |= !wrapped;
                i += 1;
                line = i;
                glued = false;
                continue;
            }
            Class::Blank => {
                i += 1;
                glued = false;
                continue;
            }
            Class::Passed => {
                i += 1;
                continue;
            }
            Class::Digit => (Kind::Number, number_end(bytes, i), keys::DIGITS),
            Class::Point if naked(bytes, i) => (Kind::Number, number_end(bytes, i), keys::DIGITS),
            Class::Letter | Class::Wide => match word_end(text, i) {
                (end, keys) if end > i => (Kind::Word, end, keys),
                _ => (Kind::Mark, i + text[i..].chars().next().map_or(1, char::len_utf8), 0),
            },
            Class::Point | Class::Other => (Kind::Mark, i + 1, 0),
        };
        if ended {
            heads.push(out.len() as u32);
            ended = false;
        }
        let mark = if kind == Kind::Mark { bytes[start] } else { 0 };
        i = end;
        if kind == Kind::Mark {
            match mark {
                b';' => ended = true,
                b'.' | b'!' | b'?' => {
                    let open = bytes.get(i).is_some_and(|b| !b.is_ascii_whitespace());
                    ended = !open && !is_letter_abbreviation(&out);
                }
                // What the word before begins goes on, perhaps to digits.
                b'-' if glued => {
                    if let Some(before) = out.last_mut() {
                        before.keys |= keys::DIGITS;
                    }
                }
                _ => {}
            }
        }
        let sentence = heads.len() as u32 - 1;
        let (start, end) = (start as u32, end as u32);
        out.push(Token { start, end, sentence, terms: 0, number: -1, keys, kind, mark, glued });
        glued = true;
    }
    (out, heads)
}

/// Whether the last two tokens are a point and a single letter: the point after "y.o" ends no sentence.
fn is_letter_abbreviation(tokens: &[Token]) -> bool {
    let [.., point, letter] = tokens else { return false };
    point.is(b'.') && letter.glued && letter.kind == Kind::Word && letter.end - letter.start == 1
}

/// A decimal point before a digit, with no digit or letter before it.
fn naked(bytes: &[u8], i: usize) -> bool {
    bytes.get(i + 1).is_some_and(u8::is_ascii_digit)
        && (i == 0 || !(bytes[i - 1].is_ascii_alphanumeric() || bytes[i - 1] == b'.' || bytes[i - 1] >= 0x80))
}

fn number_end(bytes: &[u8], start: usize) -> usize {
    let mut i = start;
    let mut group = 0;
    let mut point = false;
    while i < bytes.len() {
        match bytes[i] {
            b'0'..=b'9' => group += 1,
            b',' if !point && (1..=3).contains(&group) && thousands(bytes, i) => group = 0,
            b'.' if !point && bytes.get(i + 1).is_some_and(u8::is_ascii_digit) => point = true,
            _ => break,
        }
        i += 1;
    }
    i
}

/// A comma with exactly three digits after it.
fn thousands(bytes: &[u8], i: usize) -> bool {
    bytes.len() > i + 3
        && bytes[i + 1..i + 4].iter().all(u8::is_ascii_digit)
        && !bytes.get(i + 4).is_some_and(u8::is_ascii_digit)
}

/// How many letters of ASCII a text begins with, as far as eight at a time are told: the rest is counted one by one.
fn letters(mut bytes: &[u8]) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const TOP: u64 = 0x80 * EACH;
    let mut count = 0;
    while let Some((eight, rest)) = bytes.split_first_chunk() {
        let eight = u64::from_le_bytes(*eight);
        // Without its top bit and in small letters no byte carries over into the next.
        let small = (eight & !TOP) | (0x20 * EACH);
        let from_a = small + (0x80 - u64::from(b'a')) * EACH;
        let above_z = small + (0x7f - u64::from(b'z')) * EACH;
        let others = !(from_a & !above_z & !eight) & TOP;
        if others != 0 {
            return count + others.trailing_zeros() as usize / 8;
        }
        count += 8;
        bytes = rest;
    }
    count
}

/// The end of a word that begins here, if any does, and what is known of its letters by then.
fn word_end(text: &str, start: usize) -> (usize, u16) {
    let bytes = text.as_bytes();
    let (mut i, mut keys) = (start + letters(&bytes[start..]), 0);
    while i < bytes.len() {
        match class(bytes[i]) {
            Class::Letter => i += 1,
            Class::Digit if i > start => {
                keys |= keys::DIGITS;
                i += 1;
            }
            Class::Other if i > start && bytes[i] == b'\'' && bytes.get(i + 1).is_some_and(u8::is_ascii_alphabetic) => {
                i += 1;
            }
            Class::Wide => {
                match text[i..].chars().next() {
                    // The degree sign begins a unit.
                    Some(c) if c.is_alphabetic() || c == '°' && i == start => i += c.len_utf8(),
                    Some('’') if i > start && bytes.get(i + 3).is_some_and(u8::is_ascii_alphabetic) => i += 3,
                    _ => break,
                }
                keys |= keys::WIDE;
            }
            _ => break,
        }
    }
    (i, keys)
}

/// The word in lower case, into `out`; empty where it is too long to be any that is known.
pub(crate) fn lower(word: &str, out: &mut String) {
    out.clear();
    if word.len() > LONGEST {
        return;
    }
    if word.is_ascii() {
        out.push_str(word);
        out.make_ascii_lowercase();
    } else {
        out.extend(word.chars().flat_map(char::to_lowercase).map(|c| match c {
            '’' => '\'',
            'á' => 'a',
            'é' => 'e',
            'í' => 'i',
            'ó' => 'o',
            'ú' => 'u',
            c => c,
        }));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<&str> {
        tokenize(text).iter().map(|t| &text[t.range()]).collect()
    }

    proptest! {
        #[test]
        fn letters_are_counted_as_one_by_one(text in prop_oneof!["[a-zA-Z]{0,20}\\PC{0,9}", any::<String>(), "[@A-Z\\[`a-z{]{0,30}"]) {
            let plain = text.bytes().take_while(u8::is_ascii_alphabetic).count();
            let found = letters(text.as_bytes());
            prop_assert!(found == plain || found < plain && text.len() < found + 8);
            let b = text.bytes().next().unwrap_or(b'x');
            let eight = [b'x', b, b'y', b, b'x', b'x', b'x', b'x'];
            prop_assert_eq!(letters(&eight), if b.is_ascii_alphabetic() { 8 } else { 1 });
        }
    }

    #[test]
    fn numbers_and_words_are_told_apart() {
        assert_eq!(words("take .5mg, 1,000.50 mL q6h."), ["take", ".5", "mg", ",", "1,000.50", "mL", "q6h", "."]);
        assert_eq!(words("**40 mg**, 98.6 °F 3.5"), ["40", "mg", ",", "98.6", "°F", "3.5"]);
        assert_eq!(words("1,2,3 10,0000 v1.2"), ["1", ",", "2", ",", "3", "10", ",", "0000", "v1", ".", "2"]);
        assert_eq!(words("don't 5µg"), ["don't", "5", "µg"]);
    }

    #[test]
    fn sentences_end_at_stops_and_lines() {
        let tokens = tokenize("Lasix 20 mg. Then\nlisinopril");
        let sentences: Vec<_> = tokens.iter().map(|t| t.sentence).collect();
        assert_eq!(sentences, [0, 0, 0, 0, 1, 2]);
    }
}
