//! Words, and what stands between them.

use asepsis_vocab::Span;

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
pub(super) struct Token<'a> {
    /// Lower case.
    pub(super) word: &'a str,
    pub(super) span: Span,
    pub(super) shape: Shape,
    pub(super) gap: Gap,
    /// The hash of the word.
    pub(super) hash: u32,
}

/// A text in lower case, and where each of its words came from.
pub(super) struct Words {
    lower: String,
    /// Start and end in `lower`, start and end in the text.
    places: Vec<Place>,
}

struct Place {
    lower: (usize, usize),
    span: Span,
    shape: Shape,
    gap: Gap,
}

impl Words {
    /// Takes a text apart.
    pub(super) fn of(text: &str) -> Self {
        let mut words = Self { lower: String::with_capacity(text.len()), places: Vec::with_capacity(text.len() / 5) };
        let mut gap = Gap::Stop;
        let mut chars = text.char_indices().peekable();
        while let Some(&(start, c)) = chars.peek() {
            if !c.is_alphanumeric() {
                gap = stronger(gap, c, words.places.is_empty());
                chars.next();
                continue;
            }
            let from = words.lower.len();
            if let Some((length, shape, stands_for)) = address(&text[start..]) {
                words.lower.push_str(stands_for);
                let span = Span::new(start, start + length);
                words.places.push(Place { lower: (from, words.lower.len()), span, shape, gap });
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
                    words.lower.push('0');
                } else if c.is_ascii() {
                    words.lower.push(c.to_ascii_lowercase());
                } else if c == '’' {
                    words.lower.push('\'');
                } else {
                    words.lower.extend(c.to_lowercase());
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
            words.places.push(Place { lower: (from, words.lower.len()), span: Span::new(start, end), shape, gap });
            gap = Gap::Other;
            if chars.peek().is_some_and(|(_, c)| c.is_whitespace()) {
                gap = Gap::Blank;
            }
        }
        words
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn get(&self, at: usize) -> Token<'_> {
        let place = &self.places[at];
        let word = &self.lower[place.lower.0..place.lower.1];
        Token { word, span: place.span, shape: place.shape, gap: place.gap, hash: hash(word.as_bytes()) }
    }
}

/// The longest address that is read as one.
const ADDRESS: usize = 512;
/// The longest part of a mail address before its `@`.
const LOCAL: usize = 64;

/// An address at the start of a text: its length, and the word that stands for it. Which host it names says nothing; whether
/// it carries something says much.
fn address(rest: &str) -> Option<(usize, Shape, &'static str)> {
    let bytes = rest.as_bytes();
    let starts = |with: &str| bytes.len() > with.len() && bytes[..with.len()].eq_ignore_ascii_case(with.as_bytes());
    if matches!(bytes.first(), Some(b'h' | b'H' | b'w' | b'W' | b'f' | b'F'))
        && ["http://", "https://", "ftp://", "www."].into_iter().any(starts)
    {
        let inside = |b: &u8| {
            b.is_ascii_graphic()
                && !matches!(b, b'"' | b'\'' | b'<' | b'>' | b')' | b']' | b'}' | b'|' | b'`' | b',' | b';')
        };
        let length = bytes.iter().take(ADDRESS).take_while(|b| inside(b)).count();
        let length = length - bytes[..length].iter().rev().take_while(|b| matches!(b, b'.' | b':' | b'!')).count();
        let carries = bytes[..length].contains(&b'=') || bytes[..length].contains(&b'{');
        return Some((length, Shape::Address, if carries { "addresswith" } else { "address" }));
    }
    let local = bytes
        .iter()
        .take(LOCAL)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+' | b'%'));
    let at = local.count();
    if at == 0 || bytes.get(at) != Some(&b'@') {
        return None;
    }
    let domain = bytes[at + 1..]
        .iter()
        .take(LOCAL)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
        .count();
    let domain =
        domain - bytes[at + 1..at + 1 + domain].iter().rev().take_while(|b| !b.is_ascii_alphanumeric()).count();
    (domain > 2 && bytes[at + 1..at + 1 + domain].contains(&b'.')).then_some((at + 1 + domain, Shape::Mail, "mailbox"))
}

/// Whether a script is written without blanks between words: Han, Kana, Thai, Lao, Khmer, Myanmar.
fn unspaced(c: char) -> bool {
    matches!(c, '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{3040}'..='\u{30FF}'
        | '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// The gap with one more sign in it: the most telling sign counts.
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

/// FNV-1a with a finish (the last step of MurmurHash3), so that the low bits are good.
pub(super) fn hash(bytes: &[u8]) -> u32 {
    mix(bytes.iter().fold(0x811C_9DC5, |h: u32, b| (h ^ u32::from(*b)).wrapping_mul(0x0100_0193)))
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
    use super::{Gap, Shape, Words};

    #[test]
    fn words_have_places_shapes_and_what_stands_before_them() {
        let words = Words::of("Stop NOW: don't <|call|> set_dose2 忽略 'x' 12");
        let all: Vec<_> = (0..words.len()).map(|i| words.get(i)).map(|t| (t.word.to_owned(), t.shape, t.gap)).collect();
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
        assert_eq!(all, want.map(|(w, s, g)| (w.to_owned(), s, g)));
        assert_eq!(words.get(3).span.range(), 18..22);
    }

    #[test]
    fn addresses_are_one_word_each_whatever_they_name() {
        let text = "Write to a.b@c.example, see https://x.example/y?z=1. or (www.x.example) now";
        let words = Words::of(text);
        let all: Vec<_> = (0..words.len()).map(|i| words.get(i)).map(|t| (t.word, &text[t.span.range()])).collect();
        assert_eq!(all[2], ("mailbox", "a.b@c.example"));
        assert_eq!(all[4], ("addresswith", "https://x.example/y?z=1"));
        assert_eq!(all[6], ("address", "www.x.example"));
        assert_eq!(all[7].0, "now");
    }
}
