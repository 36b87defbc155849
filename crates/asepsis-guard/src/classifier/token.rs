//! Words, and what stands between them.

#[cfg(test)]
mod plain;

use std::ops::Range;

use asepsis_vocab::Span;

use super::address::{LOCAL, address, may_be_web};

/// The longest word in bytes; a longer run of letters is cut into words of this length.
const LONGEST: usize = 48;

/// What a word looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Lower,
    Capital,
    Upper,
    Number,
    /// Letters and digits.
    Mixed,
    /// Words joined by `_`, as names of functions are.
    Snake,
    /// A sign of a script without blanks.
    Sign,
    /// A web address.
    Address,
    /// A mail address.
    Mail,
}

/// What stands before a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    Blank,
    Comma,
    /// The end of a sentence, or the start of the text.
    Stop,
    Line,
    Colon,
    Quote,
    /// `(`, `[`, `{`.
    Bracket,
    /// `<`, `>`, `|`, `#`, `*`, `=`, `@`, `` ` ``: marks that are rare in prose.
    Mark,
    Dash,
    Slash,
    Other,
}

/// A word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'w> {
    /// Lower case, each digit a nought.
    pub(super) word: &'w [u8],
    pub(super) is_ascii: bool,
    pub(super) span: Span,
    pub(super) shape: Shape,
    pub(super) gap: Gap,
    /// The hash of the word.
    pub(super) hash: u32,
}

/// The words of a text, read one after the other; what a word looks like is kept until the next one alone.
pub(super) struct Words<'t> {
    text: &'t str,
    at: usize,
    gap: Gap,
    /// Whether no word was read yet.
    first: bool,
    /// The first `@` that is not before the word that was read last; the end of the text where there is none.
    sign: usize,
    /// A word that is not written in lower case in the text.
    room: Vec<u8>,
}

impl<'t> Words<'t> {
    /// Takes a text apart.
    pub(super) fn of(text: &'t str) -> Self {
        Self { text, at: 0, gap: Gap::Stop, first: true, sign: 0, room: Vec::new() }
    }

    /// The next word.
    #[inline]
    pub(super) fn read(&mut self) -> Option<Token<'_>> {
        let start = self.skip()?;
        self.first = false;
        let (bytes, gap) = (self.text.as_bytes(), self.gap);
        if let Some((length, shape, stands_for)) = self.address(start) {
            let (word, span) = (stands_for.as_bytes(), self.end(start, start + length));
            return Some(Token { word, is_ascii: true, span, shape, gap, hash: hash(word) });
        }
        if let Some(plain) = Plain::at(bytes, start) {
            let span = self.end(start, plain.end);
            let word = &bytes[span.range()];
            let word = if plain.made == LOWER { word } else { self.small(span.range()) };
            return Some(Token { word, is_ascii: true, span, shape: plain.shape(bytes[start]), gap, hash: plain.hash });
        }
        let (end, shape) = self.spell(start);
        let (span, word) = (self.end(start, end), self.room.as_slice());
        Some(Token { word, is_ascii: word.is_ascii(), span, shape, gap, hash: hash(word) })
    }

    /// A word of ASCII in small letters.
    #[inline(never)]
    fn small(&mut self, place: Range<usize>) -> &[u8] {
        self.room.clear();
        self.room.extend(self.text.as_bytes()[place].iter().map(|b| SMALL[usize::from(*b)]));
        &self.room
    }

    /// Goes on to the next letter or digit, and takes in what stands before it.
    #[inline]
    fn skip(&mut self) -> Option<usize> {
        let bytes = self.text.as_bytes();
        loop {
            let byte = *bytes.get(self.at)?;
            match KINDS[usize::from(byte)] {
                LOWER | UPPER | DIGIT => return Some(self.at),
                // Most words are behind one space.
                0 if byte == b' ' && self.gap != Gap::Other => self.at += 1,
                _ => {
                    let c = if byte.is_ascii() { char::from(byte) } else { self.text[self.at..].chars().next()? };
                    if c.is_alphanumeric() {
                        return Some(self.at);
                    }
                    self.gap = stronger(self.gap, c, self.first);
                    self.at += c.len_utf8();
                }
            }
        }
    }

    /// Ends a word.
    #[inline]
    fn end(&mut self, start: usize, end: usize) -> Span {
        let blank = match self.text.as_bytes().get(end) {
            Some(byte) if byte.is_ascii() => char::from(*byte).is_whitespace(),
            Some(_) => self.text[end..].starts_with(char::is_whitespace),
            None => false,
        };
        (self.at, self.gap) = (end, if blank { Gap::Blank } else { Gap::Other });
        Span::new(start, end)
    }

    /// An address at a place. Few words can be one, by their first letters or by how near the next `@` is.
    #[inline]
    fn address(&mut self, start: usize) -> Option<(usize, Shape, &'static str)> {
        let bytes = self.text.as_bytes();
        if self.sign < start {
            self.sign = memchr::memchr(b'@', &bytes[start..]).map_or(bytes.len(), |i| start + i);
        }
        let may_be_mail = self.sign < bytes.len() && self.sign - start <= LOCAL;
        if may_be_mail || may_be_web(&bytes[start..]) { address(&bytes[start..]) } else { None }
    }

    /// Writes a word of any characters into the room, and says where it ends and what it looks like.
    #[inline(never)]
    fn spell(&mut self, start: usize) -> (usize, Shape) {
        self.room.clear();
        let mut end = start;
        let (mut upper, mut lower, mut digit, mut snake, mut first_upper) = (0usize, 0usize, 0usize, false, false);
        let mut chars = self.text[start..].char_indices().map(|(i, c)| (start + i, c)).peekable();
        while let Some((at, c)) = chars.next() {
            let joins = matches!(c, '\'' | '’' | '_') && at > start;
            // A quotation mark behind a word does not belong to it.
            let joined = joins && chars.peek().is_some_and(|(_, next)| next.is_alphanumeric());
            if !(c.is_alphanumeric() || joined) || at - start >= LONGEST || unspaced(c) && at > start {
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
                self.room.push(b'0');
            } else if c == '’' {
                self.room.push(b'\'');
            } else {
                let mut buffer = [0; 4];
                c.to_lowercase().for_each(|c| self.room.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes()));
            }
            end = at + c.len_utf8();
            if unspaced(c) {
                break;
            }
        }
        let shape = match (upper, lower, digit) {
            _ if snake => Shape::Snake,
            (0, 0, _) => Shape::Number,
            (_, _, d) if d > 0 => Shape::Mixed,
            _ if self.text[start..].starts_with(unspaced) => Shape::Sign,
            (u, 0, _) if u > 1 => Shape::Upper,
            _ if first_upper => Shape::Capital,
            _ => Shape::Lower,
        };
        (end, shape)
    }
}

/// A word of nothing but letters and digits of ASCII, as most are.
struct Plain {
    end: usize,
    length: usize,
    /// The kinds of its characters.
    made: u8,
    hash: u32,
}

impl Plain {
    /// The word at a place; `None` where it may go on with another character.
    #[inline]
    fn at(bytes: &[u8], start: usize) -> Option<Self> {
        let near = &bytes[start..bytes.len().min(start + LONGEST)];
        let (mut made, mut state, mut length) = (0, FNV, near.len());
        for (at, byte) in near.iter().enumerate() {
            match KINDS[usize::from(*byte)] {
                0 => {
                    length = at;
                    break;
                }
                MORE => return None,
                kind => {
                    made |= kind;
                    state = step(state, SMALL[usize::from(*byte)]);
                }
            }
        }
        Some(Self { end: start + length, length, made, hash: mix(state) })
    }

    fn shape(&self, first: u8) -> Shape {
        match self.made {
            DIGIT => Shape::Number,
            made if made & DIGIT != 0 => Shape::Mixed,
            _ if !first.is_ascii_uppercase() => Shape::Lower,
            UPPER if self.length > 1 => Shape::Upper,
            _ => Shape::Capital,
        }
    }
}

const LOWER: u8 = 1;
const UPPER: u8 = 2;
const DIGIT: u8 = 4;
/// What may belong to a word with a letter or digit beside it: marks that join, and the bytes of characters outside ASCII.
const MORE: u8 = 8;

/// What kind of character each byte is; nought where it belongs to no word.
static KINDS: [u8; 256] = {
    let (mut table, mut byte) = ([0; 256], 0);
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' => LOWER,
            b'A'..=b'Z' => UPPER,
            b'0'..=b'9' => DIGIT,
            b'\'' | b'_' | 0x80.. => MORE,
            _ => 0,
        };
        byte += 1;
    }
    table
};

/// Letters of ASCII in lower case, and digits as noughts: which number it is says nothing.
static SMALL: [u8; 256] = {
    let (mut table, mut byte) = ([0; 256], 0);
    while byte < 256 {
        let small = (byte as u8).to_ascii_lowercase();
        table[byte] = if small.is_ascii_digit() { b'0' } else { small };
        byte += 1;
    }
    table
};

/// Whether a script is written without blanks between words: Han, Kana, Thai, Lao, Khmer, Myanmar.
fn unspaced(c: char) -> bool {
    matches!(c, '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{3040}'..='\u{30FF}'
        | '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// The gap with one more sign in it: the most telling sign counts.
#[inline(never)]
fn stronger(gap: Gap, c: char, first: bool) -> Gap {
    let new = match c {
        '\n' | '\r' => Gap::Line,
        c if c.is_whitespace() => return if gap == Gap::Other && !first { Gap::Blank } else { gap },
        '.' | '!' | '?' | ';' | '。' | '！' | '？' | '…' => Gap::Stop,
        ':' | '：' => Gap::Colon,
        ',' | '，' | '、' => Gap::Comma,
        '"' | '\'' | '“' | '”' | '„' | '«' | '»' | '「' | '」' => Gap::Quote,
        '(' | ')' | '[' | ']' | '{' | '}' => Gap::Bracket,
        '<' | '>' | '|' | '#' | '*' | '=' | '@' | '`' | '~' | '^' | '$' => Gap::Mark,
        '-' | '–' | '—' | '•' => Gap::Dash,
        '/' | '\\' | '&' | '%' => Gap::Slash,
        _ => Gap::Other,
    };
    let rank = |gap: Gap| match gap {
        Gap::Other => 0,
        Gap::Blank => 1,
        Gap::Slash => 2,
        Gap::Comma => 3,
        Gap::Dash => 4,
        Gap::Quote => 5,
        Gap::Colon => 6,
        Gap::Bracket => 7,
        Gap::Stop => 8,
        Gap::Line => 9,
        Gap::Mark => 10,
    };
    if rank(new) >= rank(gap) { new } else { gap }
}

pub(super) const FNV: u32 = 0x811C_9DC5;

/// FNV-1a, one byte on.
const fn step(state: u32, byte: u8) -> u32 {
    (state ^ byte as u32).wrapping_mul(0x0100_0193)
}

/// FNV-1a of what was taken in before and of these bytes.
#[inline]
pub(super) fn go_on(state: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(state, |state, byte| step(state, *byte))
}

/// FNV-1a with a finish (the last step of MurmurHash3), so that the low bits are good.
#[inline]
pub(super) fn hash(bytes: &[u8]) -> u32 {
    mix(go_on(FNV, bytes))
}

pub(super) const fn mix(h: u32) -> u32 {
    let h = (h ^ (h >> 16)).wrapping_mul(0x85EB_CA6B);
    let h = (h ^ (h >> 13)).wrapping_mul(0xC2B2_AE35);
    h ^ (h >> 16)
}

/// The hash of a thing that follows another.
pub(super) const fn join(a: u32, b: u32) -> u32 {
    mix(a.wrapping_mul(0x9E37_79B1).rotate_left(5) ^ b)
}

#[cfg(test)]
mod unit {
    use std::ops::Range;

    use proptest::prelude::*;

    use super::{Gap, Shape, Words};

    /// The words of a text with what is known of each.
    fn all(text: &str) -> Vec<(String, Shape, Gap, Range<usize>)> {
        let (mut words, mut all) = (Words::of(text), Vec::new());
        while let Some(token) = words.read() {
            assert_eq!((token.hash, token.is_ascii), (super::hash(token.word), token.word.is_ascii()));
            let word = String::from_utf8(token.word.to_vec()).expect("words are UTF-8");
            all.push((word, token.shape, token.gap, token.span.range()));
        }
        all
    }

    #[test]
    fn words_have_places_shapes_and_what_stands_before_them() {
        let all = all("Stop NOW: don't <|call|> set_dose2 忽略 'x' 12");
        let want = [
            ("stop", Shape::Capital, Gap::Stop),
            ("now", Shape::Upper, Gap::Blank),
            ("don't", Shape::Lower, Gap::Colon),
            ("call", Shape::Lower, Gap::Mark),
            ("set_dose0", Shape::Snake, Gap::Mark),
            ("忽", Shape::Sign, Gap::Blank),
            ("略", Shape::Sign, Gap::Other),
            ("x", Shape::Lower, Gap::Quote),
            ("00", Shape::Number, Gap::Quote),
        ];
        let said: Vec<_> = all.iter().map(|(word, shape, gap, _)| (word.as_str(), *shape, *gap)).collect();
        assert_eq!(said, want);
        assert_eq!(all[3].3, 18..22);
    }

    #[test]
    fn addresses_are_one_word_each_whatever_they_name() {
        let text = "Write to a.b@c.example, see https://x.example/y?z=1. or (www.x.example) now";
        let all: Vec<_> = all(text).into_iter().map(|(word, _, _, place)| (word, &text[place])).collect();
        assert_eq!(all[2], ("mailbox".to_owned(), "a.b@c.example"));
        assert_eq!(all[4], ("addresswith".to_owned(), "https://x.example/y?z=1"));
        assert_eq!(all[6], ("address".to_owned(), "www.x.example"));
        assert_eq!(all[7].0, "now");
    }

    proptest! {
        #[test]
        fn any_text_is_taken_apart_as_character_by_character(text in any::<String>()) {
            prop_assert_eq!(all(&text), super::plain::words(&text));
        }

        #[test]
        fn words_are_those_of_reading_character_by_character(
            parts in prop::collection::vec(prop::sample::select(vec![
                "a", "Ann", "NOW", "x9", "12", "don't", "'", "’", "_", "é", "İ", "ſ", "K", "忽", "Ⅻ", "½", " ", "\n", "\t", "\u{b}", "\u{a0}", ".", ":", "“", "-",
                "@", "a.b@c.de", "%", "+", "www.", "http://", "HTTPS://x", "ftp://", "?z=1", "h", "w", "abcdefghijklmnopqrstuvwxyz", "0123456789012345678901",
            ]), 0..24)
        ) {
            let text = parts.concat();
            prop_assert_eq!(all(&text), super::plain::words(&text));
        }
    }
}
