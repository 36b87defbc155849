//! Characters that nobody sees and a model reads: zero-width ones, tags, variation selectors, soft hyphens.
//!
//! Many are ordinary. Joiners belong to emoji and to Indic and Arabic scripts, a byte order mark begins a file, soft
//! hyphens stand where a PDF or a web page may divide a word, direction marks stand in right-to-left text and around
//! telephone numbers, and mail is padded with zero-width characters between spaces. What is left over is counted.

use asepsis_vocab::{Span, Verdict};

use super::Flags;

/// So many invisible characters are nobody's accident.
const MOST: usize = 3;

/// A character and what stands on both sides of it.
#[derive(Clone, Copy)]
struct Place {
    before: char,
    at: usize,
    c: char,
    after: char,
}

/// Finds them in a text.
pub(super) fn find(text: &str, flags: &mut Flags) {
    let mut odd: Vec<Span> = Vec::new();
    let mut count = 0;
    let mut add = |span: Span, weight: usize| {
        count += weight;
        match odd.last_mut() {
            Some(last) if last.end == span.start => last.end = span.end,
            _ => odd.push(span),
        }
    };
    let mut flag = false;
    let mut chars = text.char_indices().peekable();
    let mut before = '\n';
    while let Some((at, c)) = chars.next() {
        let is_flag_base = c == '\u{1F3F4}';
        if c < '\u{AD}' || !asepsis_normal::is_invisible(c) {
            (before, flag) = (c, is_flag_base);
            continue;
        }
        let after = chars.peek().map_or('\n', |(_, c)| *c);
        let span = Span::new(at, at + c.len_utf8());
        match c {
            // England, Scotland, Wales: tags behind a black flag (UTS 51, ED-14c).
            '\u{E0030}'..='\u{E0039}' | '\u{E0061}'..='\u{E007A}' | '\u{E007F}' if flag => {}
            '\u{E0000}'..='\u{E007F}' => flags.add("invisible/tag-characters", Verdict::Strip, span),
            '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' => {
                if is_selector(before) || !takes_selector(before, c) {
                    add(span, 1);
                }
            }
            _ if is_ordinary(Place { before, at, c, after }, text) => {}
            _ => add(span, 1),
        }
        if !matches!(c, '\u{E0000}'..='\u{E007F}') {
            before = c;
        }
    }
    if count > MOST {
        for span in odd {
            // A row of them is a text of its own. Single ones disguise the words around them, which people see.
            if text[span.range()].chars().nth(MOST).is_some() {
                flags.add("invisible/row", Verdict::Strip, span);
            } else {
                flags.add("invisible/characters", Verdict::Spotlight, span);
            }
        }
    }
}

/// Finds those that are written as escapes of HTML or JSON.
pub(super) fn find_escaped(text: &str, flags: &mut Flags) {
    let bytes = text.as_bytes();
    let mut spans = Vec::new();
    let mut from = 0;
    while let Some(at) = memchr::memchr2(b'&', b'\\', &bytes[from..]).map(|i| from + i) {
        from = at + 1;
        let Some(len) = escape(bytes, at) else { continue };
        from = at + len;
        let letter = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
        if at > 0 && letter(bytes.get(at - 1)) && letter(bytes.get(from)) {
            spans.push(Span::new(at, from));
        }
    }
    // Words that are divided for a narrow screen have few of them.
    if spans.len() > 2 * MOST {
        for span in spans {
            flags.add("invisible/characters", Verdict::Spotlight, span);
        }
    }
}

/// The length of the escape at `at`, if it stands for an invisible character.
fn escape(bytes: &[u8], at: usize) -> Option<usize> {
    const NAMES: [&[u8]; 5] = [b"zwnj;", b"zwj;", b"shy;", b"ZeroWidthSpace;", b"NoBreak;"];
    let rest = &bytes[at + 1..];
    let code = |digits: &[u8], radix| {
        let code = std::str::from_utf8(digits).ok().and_then(|d| u32::from_str_radix(d, radix).ok());
        code.and_then(char::from_u32).filter(|c| *c >= '\u{AD}' && asepsis_normal::is_invisible(*c))
    };
    if bytes[at] == b'\\' {
        let digits = rest.strip_prefix(b"u")?.get(..4)?;
        return code(digits, 16).map(|_| 6);
    }
    let Some(number) = rest.strip_prefix(b"#") else {
        return NAMES.iter().find(|name| rest.starts_with(name)).map(|name| name.len() + 1);
    };
    let end = number.iter().take(9).position(|b| *b == b';')?;
    let (digits, radix) = match number[..end].split_first() {
        Some((b'x' | b'X', hex)) => (hex, 16),
        _ => (&number[..end], 10),
    };
    code(digits, radix).map(|_| end + 3)
}

/// Whether an invisible character is where ordinary text has it.
fn is_ordinary(place: Place, text: &str) -> bool {
    let Place { before, at, c, after } = place;
    match c {
        // What begins a file or a part of one that was joined.
        '\u{FEFF}' => at == 0 || before == '\n' || before == '\r',
        '\u{AD}' => divides(place, text),
        '\u{200C}' | '\u{200D}' => is_joined(before) || is_joined(after) || is_padding(before, after),
        '\u{200B}' | '\u{2060}' | '\u{34F}' => {
            // Scripts without spaces use it between words.
            is_unspaced(before) || is_unspaced(after) || is_padding(before, after)
        }
        // Direction marks and isolates turn nothing by themselves.
        '\u{200E}' | '\u{200F}' | '\u{61C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
            !(before.is_ascii_alphanumeric() && after.is_ascii_alphanumeric())
        }
        // Mongolian selectors, Khmer vowels, Hangul fillers in their own scripts.
        '\u{180B}'..='\u{180E}' => matches!(before, '\u{1800}'..='\u{18AF}'),
        '\u{17B4}'..='\u{17B5}' => matches!(before, '\u{1780}'..='\u{17FF}'),
        '\u{115F}'..='\u{1160}' | '\u{3164}' | '\u{FFA0}' => is_hangul(before) || is_hangul(after),
        // Controls of 8-bit text that was read in the wrong encoding.
        '\u{80}'..='\u{9F}' => true,
        _ => false,
    }
}

/// Whether a soft hyphen divides a word where a word can be divided: two letters or more on both sides up to the next
/// soft hyphen or the word's end, or the line's end behind it.
fn divides(place: Place, text: &str) -> bool {
    let Place { before, at, after, .. } = place;
    if before == '\u{AD}' || after == '\u{AD}' {
        return false;
    }
    if matches!(after, '\n' | '\r' | ' ') || !before.is_alphabetic() || !after.is_alphabetic() {
        return true;
    }
    let left = text[..at].chars().rev().take(16).take_while(|c| c.is_alphabetic()).count();
    let right = text[at..].chars().skip(1).take(16).take_while(|c| c.is_alphabetic()).count();
    left >= 2 && right >= 2 && left + right >= 5
}

/// Whether nothing but white space and other padding stands on a side: mail's hidden lines are filled up so.
fn is_padding(before: char, after: char) -> bool {
    let blank = |c: char| c.is_whitespace() || c == '\u{34F}';
    blank(before) && blank(after)
}

/// Emoji, and the scripts whose letters joiners shape (Unicode 16, chapters 9 and 12).
fn is_joined(c: char) -> bool {
    matches!(c,
        '\u{600}'..='\u{8FF}' | '\u{900}'..='\u{DFF}' | '\u{F00}'..='\u{109F}' | '\u{1780}'..='\u{18AF}' | '\u{1A20}'..='\u{1CFF}'
        | '\u{A840}'..='\u{ABFF}' | '\u{FB50}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFE}' | '\u{11000}'..='\u{11FFF}')
        || is_emoji(c)
        || matches!(c, '\u{FE0F}' | '\u{20E3}')
}

fn is_emoji(c: char) -> bool {
    matches!(c, '\u{203C}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{21FF}' | '\u{2300}'..='\u{23FF}' | '\u{2460}'..='\u{24FF}'
        | '\u{25A0}'..='\u{27BF}' | '\u{2900}'..='\u{297F}' | '\u{2B00}'..='\u{2BFF}' | '\u{3030}' | '\u{303D}' | '\u{3297}' | '\u{3299}'
        | '\u{1F000}'..='\u{1FAFF}')
}

/// Thai, Lao, Burmese, Khmer, Japanese and Chinese.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{2E80}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}')
}

fn is_hangul(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11FF}' | '\u{3130}'..='\u{318F}' | '\u{AC00}'..='\u{D7AF}')
}

fn is_selector(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// Whether a selector can choose a form of `before`: emoji and digits of keycaps, ideographs, mathematical signs.
fn takes_selector(before: char, selector: char) -> bool {
    match selector {
        '\u{FE0E}' | '\u{FE0F}' => is_emoji(before) || matches!(before, '0'..='9' | '#' | '*' | '\u{A9}' | '\u{AE}'),
        '\u{FE00}'..='\u{FE0D}' => {
            is_unspaced(before) || is_joined(before) || matches!(before, '\u{2200}'..='\u{22FF}' | '0')
        }
        _ => is_unspaced(before),
    }
}
