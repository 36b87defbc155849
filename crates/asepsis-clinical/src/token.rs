//! Words, numbers and marks of a text, in which sentence each stands, and in which line.

/// Longest word that is looked up; longer runs of letters are one token that means nothing.
const LONGEST: usize = 64;
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
    /// Counts sentences and lines: equal in two tokens of one sentence.
    pub(crate) sentence: u32,
    pub(crate) kind: Kind,
    /// The first byte of a mark (the first of its character where it is not ASCII).
    pub(crate) mark: u8,
    /// Whether nothing stands between it and the token before.
    pub(crate) glued: bool,
    /// What the word says as a part of a number: see [`crate::sense`].
    pub(crate) number: i16,
}

impl Token {
    pub(crate) fn range(&self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    pub(crate) fn is(&self, mark: u8) -> bool {
        self.kind == Kind::Mark && self.mark == mark
    }
}

/// Cuts a text. Marks of emphasis (`*`, `` ` ``) are passed over, so that `**40 mg**` reads as `40 mg`.
pub(crate) fn tokenize(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len() / 5 + 4);
    let (mut i, mut sentence, mut line) = (0, 0, 0);
    let mut glued = false;
    while i < bytes.len() {
        let start = i;
        let (kind, end) = match bytes[i] {
            b'\n' => {
                let wrapped = i - line >= WRAPPED && (bytes[i - 1].is_ascii_alphanumeric() || bytes[i - 1] == b',');
                sentence += u32::from(!wrapped);
                i += 1;
                line = i;
                glued = false;
                continue;
            }
            b if b.is_ascii_whitespace() => {
                i += 1;
                glued = false;
                continue;
            }
            b'*' | b'`' => {
                i += 1;
                continue;
            }
            b'0'..=b'9' => (Kind::Number, number_end(bytes, i)),
            b'.' if naked(bytes, i) => (Kind::Number, number_end(bytes, i)),
            b if b.is_ascii_alphabetic() || b >= 0x80 => match word_end(text, i) {
                end if end > i => (Kind::Word, end),
                _ => (Kind::Mark, i + text[i..].chars().next().map_or(1, char::len_utf8)),
            },
            _ => (Kind::Mark, i + 1),
        };
        let mark = if kind == Kind::Mark { bytes[start] } else { 0 };
        let letters = kind == Kind::Mark && is_letter_abbreviation(&out);
        out.push(Token { start: start as u32, end: end as u32, sentence, kind, mark, glued, number: -1 });
        glued = true;
        i = end;
        let ends = matches!(mark, b'.' | b'!' | b'?') && !letters && bytes.get(i).is_none_or(u8::is_ascii_whitespace);
        sentence += u32::from(ends || mark == b';');
    }
    out
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

fn word_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut i = start;
    while i < bytes.len() {
        let b = bytes[i];
        let inner =
            i > start && (b.is_ascii_digit() || b == b'\'' && bytes.get(i + 1).is_some_and(u8::is_ascii_alphabetic));
        if b.is_ascii_alphabetic() || inner {
            i += 1;
        } else if b >= 0x80 {
            match text[i..].chars().next() {
                // The degree sign begins a unit.
                Some(c) if c.is_alphabetic() || c == '°' && i == start => i += c.len_utf8(),
                Some('’') if i > start && bytes.get(i + 3).is_some_and(u8::is_ascii_alphabetic) => i += 3,
                _ => break,
            }
        } else {
            break;
        }
    }
    i
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
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        tokenize(text).iter().map(|t| &text[t.range()]).collect()
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
