use std::cell::Cell;

use crate::restorer::Context;

/// The longest way to write one character: two `\uXXXX` escapes of JSON.
pub(crate) const UNIT_MAX: usize = 12;

/// The most characters that one attempt to match may read. What a [`Cursor`] can hold back follows from it.
pub(crate) const MAX_UNITS: usize = 260;

/// One character as it stands in the text: itself, or an escape of JSON that means it.
#[derive(Clone, Copy)]
pub(crate) struct Unit {
    pub(crate) ch: char,
    /// Bytes in the text.
    pub(crate) len: usize,
    /// A quotation mark that begins or ends a JSON string, not one that stands in it.
    pub(crate) delimiter: bool,
}

/// The unit at `pos`; `None` where the text ends before the unit is known. With `last`, no more text comes, and a torn
/// escape is the characters that it is made of.
pub(crate) fn unit_at(text: &str, pos: usize, context: Context, last: bool) -> Option<Unit> {
    let first = *text.as_bytes().get(pos)?;
    if first.is_ascii() && (context == Context::Text || !matches!(first, b'"' | b'\\')) {
        return Some(Unit { ch: first as char, len: 1, delimiter: false });
    }
    let rest = &text[pos..];
    let ch = rest.chars().next()?;
    let plain = Unit { ch, len: ch.len_utf8(), delimiter: false };
    if context == Context::Text {
        return Some(plain);
    }
    match ch {
        '"' => Some(Unit { delimiter: true, ..plain }),
        '\\' => match escape(rest.as_bytes()) {
            Escape::Means(ch, len) => Some(Unit { ch, len, delimiter: false }),
            Escape::Invalid => Some(plain),
            Escape::Torn => last.then_some(plain),
        },
        _ => Some(plain),
    }
}

enum Escape {
    Means(char, usize),
    Invalid,
    Torn,
}

/// Reads the escape of RFC 8259, section 7, that `bytes` begins with.
fn escape(bytes: &[u8]) -> Escape {
    let Some(&kind) = bytes.get(1) else { return Escape::Torn };
    let ch = match kind {
        b'"' | b'\\' | b'/' => kind as char,
        b'b' => '\u{8}',
        b'f' => '\u{C}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode_escape(bytes),
        _ => return Escape::Invalid,
    };
    Escape::Means(ch, 2)
}

fn unicode_escape(bytes: &[u8]) -> Escape {
    let high = match hex4(bytes, 2) {
        Hex::Value(v) => v,
        Hex::Invalid => return Escape::Invalid,
        Hex::Torn => return Escape::Torn,
    };
    if let Some(ch) = char::from_u32(high) {
        return Escape::Means(ch, 6);
    }
    // A lone half of a pair means nothing that could be part of a surrogate.
    let lone = Escape::Means(char::REPLACEMENT_CHARACTER, 6);
    if high >= 0xDC00 {
        return lone;
    }
    for (at, expected) in [(6, b'\\'), (7, b'u')] {
        match bytes.get(at) {
            None => return Escape::Torn,
            Some(&b) if b != expected => return lone,
            Some(_) => {}
        }
    }
    match hex4(bytes, 8) {
        Hex::Torn => Escape::Torn,
        Hex::Value(low @ 0xDC00..=0xDFFF) => {
            let ch = char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00));
            Escape::Means(ch.unwrap_or(char::REPLACEMENT_CHARACTER), UNIT_MAX)
        }
        _ => lone,
    }
}

enum Hex {
    Value(u32),
    Invalid,
    Torn,
}

fn hex4(bytes: &[u8], at: usize) -> Hex {
    let mut value = 0;
    for i in at..at + 4 {
        let Some(&b) = bytes.get(i) else { return Hex::Torn };
        let Some(digit) = (b as char).to_digit(16) else { return Hex::Invalid };
        value = value * 16 + digit;
    }
    Hex::Value(value)
}

/// Reads units from a place on, for one attempt to match.
///
/// It notes when an attempt looked past what has come so far. Such an attempt decides nothing and is made again with
/// more text; every other one would end the same way whatever follows. That is why a result cannot depend on how the
/// text was cut into pieces.
#[derive(Clone)]
pub(crate) struct Cursor<'t> {
    text: &'t str,
    pos: usize,
    units_left: usize,
    context: Context,
    last: bool,
    starved: &'t Cell<bool>,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t str, pos: usize, context: Context, last: bool, starved: &'t Cell<bool>) -> Self {
        Self { text, pos, units_left: MAX_UNITS, context, last, starved }
    }

    pub(crate) fn pos(&self) -> usize {
        self.pos
    }

    /// The unit that comes next, if it can belong to a match.
    pub(crate) fn peek(&self) -> Option<Unit> {
        if self.units_left == 0 {
            return None;
        }
        match unit_at(self.text, self.pos, self.context, self.last) {
            // No surrogate reaches over the end of a JSON string.
            Some(unit) => (!unit.delimiter).then_some(unit),
            None => {
                if !self.last {
                    self.starved.set(true);
                }
                None
            }
        }
    }

    /// Steps over a unit that [`peek`](Self::peek) gave.
    pub(crate) fn advance(&mut self, unit: Unit) {
        self.pos += unit.len;
        self.units_left -= 1;
    }

    /// Steps over the next unit if it is `ch`.
    pub(crate) fn eat(&mut self, ch: char) -> bool {
        self.eat_if(|c| c == ch).is_some()
    }

    /// Steps over the next unit if it passes.
    pub(crate) fn eat_if(&mut self, pass: impl Fn(char) -> bool) -> Option<char> {
        let unit = self.peek().filter(|u| pass(u.ch))?;
        self.advance(unit);
        Some(unit.ch)
    }

    /// Steps over all of `word`, or over nothing.
    pub(crate) fn eat_word(&mut self, word: &str) -> bool {
        let mut ahead = self.clone();
        let all = word.chars().all(|c| ahead.eat(c));
        if all {
            *self = ahead;
        }
        all
    }
}

/// A text as it is compared with what was given out: two texts with the same folding cannot be told apart in an answer, so
/// at most one of them may be in use in a scope.
///
/// Letter case, the variants of hyphen and apostrophe that typography knows, and all white space are taken together.
pub fn folded(text: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(text.len());
    for ch in text.chars() {
        fold(ch, |b| {
            key.push(b);
            true
        });
    }
    key
}

/// The bytes under which a character is compared: lower case, with the typographic variants of space, hyphen and
/// apostrophe that models like to write taken together.
pub(crate) fn fold(ch: char, mut each: impl FnMut(u8) -> bool) -> bool {
    match ch {
        'A'..='Z' => each(ch.to_ascii_lowercase() as u8),
        '\u{2010}' | '\u{2011}' => each(b'-'),
        '\u{2018}' | '\u{2019}' => each(b'\''),
        _ if ch.is_ascii() && !ch.is_ascii_whitespace() => each(ch as u8),
        _ if ch.is_whitespace() => each(b' '),
        _ => ch.to_lowercase().all(|c| c.encode_utf8(&mut [0; 4]).bytes().all(&mut each)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(char, usize)> {
        let mut pos = 0;
        let mut out = Vec::new();
        while let Some(u) = unit_at(text, pos, Context::JsonSource, true) {
            out.push((u.ch, u.len));
            pos += u.len;
        }
        out
    }

    #[test]
    fn an_escape_is_one_unit() {
        assert_eq!(read(r#"\u005b\n\"é\ud83d\ude00"#), [('[', 6), ('\n', 2), ('"', 2), ('é', 2), ('😀', 12)]);
    }

    #[test]
    fn a_broken_escape_is_the_characters_it_is_made_of() {
        assert_eq!(read(r"\x\u12"), [('\\', 1), ('x', 1), ('\\', 1), ('u', 1), ('1', 1), ('2', 1)]);
        assert_eq!(read(r"\ud83dA"), [('\u{FFFD}', 6), ('A', 1)]);
        assert_eq!(read(r"\udc00"), [('\u{FFFD}', 6)]);
    }

    #[test]
    fn a_torn_escape_waits_for_the_rest() {
        for torn in ["\\", r"\u", r"\u00", r"\u005", r"\ud83d", r"\ud83d\", r"\ud83d\ude0"] {
            assert!(unit_at(torn, 0, Context::JsonSource, false).is_none(), "{torn}");
        }
    }
}
