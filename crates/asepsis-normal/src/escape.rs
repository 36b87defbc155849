//! Characters that an encoding wrote as others: JSON, HTML, percent and quoted-printable.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::lines;

/// What the whole of a text says of its encoding.
pub(crate) struct Context {
    /// It has soft line breaks or coded equal signs, as only quoted-printable text has (RFC 2045, 6.7).
    quoted_printable: bool,
}

impl Context {
    pub(crate) fn of(text: &str) -> Self {
        let signs = memchr::memchr_iter(b'=', text.as_bytes()).take(1 << 16);
        let mut quoted_printable = false;
        for at in signs {
            quoted_printable |= text.as_bytes()[at + 1..].starts_with(b"3D") || soft_break(text, at).is_some();
        }
        Self { quoted_printable }
    }
}

/// JSON's and programming languages' escapes: `\u00e9` (in pairs for what is beyond 16 bits), `\x41`, `\n`.
pub(crate) fn backslash(text: &str, at: usize, out: &mut String) -> Option<usize> {
    let rest = &text[at + 1..];
    let (c, len) = match rest.as_bytes().first()? {
        b'n' | b'r' => ('\n', 2),
        b't' => ('\t', 2),
        b'"' => ('"', 2),
        b'\'' => ('\'', 2),
        b'/' => ('/', 2),
        b'x' => (char::from(u8::try_from(hex(rest, 1, 2)?).ok()?), 4),
        b'u' if rest.as_bytes().get(1) == Some(&b'{') => {
            let close = rest.get(2..10.min(rest.len()))?.find('}')?;
            (char::from_u32(hex(rest, 2, close)?)?, close + 4)
        }
        b'u' => match hex(rest, 1, 4)? {
            high @ 0xD800..=0xDBFF => {
                let low = rest.get(5..7).filter(|u| *u == "\\u").and_then(|_| hex(rest, 7, 4))?;
                let low = (0xDC00..=0xDFFF).contains(&low).then_some(low)?;
                (char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00))?, 12)
            }
            code => (char::from_u32(code)?, 6),
        },
        _ => return None,
    };
    out.push(c);
    Some(len)
}

/// The number that `len` hexadecimal digits at `at` write.
fn hex(text: &str, at: usize, len: usize) -> Option<u32> {
    let digits = text.get(at..at + len).filter(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok()
}

/// A character reference of HTML: `&eacute;`, `&#233;`, `&#xE9;`.
pub(crate) fn entity(text: &str, at: usize, out: &mut String) -> Option<usize> {
    static NAMES: LazyLock<HashMap<&str, char>> = LazyLock::new(|| {
        lines(include_str!("../data/entities.tsv"))
            .map(|row| {
                let (name, code) = row.split_once('\t').expect("rows of entities.tsv have two columns");
                (name, u32::from_str_radix(code, 16).ok().and_then(char::from_u32).expect("entities are characters"))
            })
            .collect()
    });
    let rest = &text.as_bytes()[at + 1..];
    let end = rest.iter().take(16).position(|&b| b == b';')?;
    let name = text.get(at + 1..at + 1 + end)?;
    let c = match name.strip_prefix('#') {
        Some(number) => char::from_u32(match number.strip_prefix(['x', 'X']) {
            Some(digits) => hex(digits, 0, digits.len())?,
            None => number.parse().ok()?,
        })?,
        None => *NAMES.get(name)?,
    };
    out.push(c);
    Some(end + 2)
}

/// A percent escape (RFC 3986, 2.1): ASCII, or the bytes of one character.
///
/// A percent sign after a digit is a share unless what stands behind it is joined to more: `96%20` is none.
pub(crate) fn percent(text: &str, at: usize, out: &mut String) -> Option<usize> {
    let (c, len) = coded(text, at, b'%')?;
    if c.is_ascii() {
        let bytes = text.as_bytes();
        let share = at > 0 && bytes[at - 1].is_ascii_digit();
        let joined = bytes.get(at + len).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'%')
            && matches!(c, ' ' | '+' | ',' | '-' | '.' | '/' | ':' | '@' | '&' | '=' | '\n' | '\r');
        if share && !joined {
            return None;
        }
    }
    out.push(c);
    Some(len)
}

/// A quoted-printable escape or soft line break. One byte alone is only taken in a text that shows the encoding
/// elsewhere, since `BMI=25` would be one.
pub(crate) fn quoted_printable(text: &str, at: usize, context: &Context, out: &mut String) -> Option<usize> {
    if context.quoted_printable
        && let Some(len) = soft_break(text, at)
    {
        return Some(len);
    }
    let (c, len) = coded(text, at, b'=')?;
    if c.is_ascii() && !context.quoted_printable {
        return None;
    }
    out.push(c);
    Some(len)
}

/// The length of a line break that is none; a line of equal signs underlines a heading.
fn soft_break(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    if at == 0 || matches!(bytes[at - 1], b'=' | b' ' | b'\n') {
        return None;
    }
    match &bytes[at + 1..] {
        [b'\n', ..] => Some(2),
        [b'\r', b'\n', ..] => Some(3),
        _ => None,
    }
}

/// The character whose UTF-8 bytes are written in hexadecimal, each after `sign`; and how long that is.
fn coded(text: &str, at: usize, sign: u8) -> Option<(char, usize)> {
    let bytes = text.as_bytes();
    let byte = |k: usize| {
        let from = at + 3 * k;
        (bytes.get(from) == Some(&sign)).then(|| hex(text, from + 1, 2)).flatten().and_then(|n| u8::try_from(n).ok())
    };
    let first = byte(0)?;
    let count = match first {
        b'\t' | b'\n' | b'\r' | b' '..=b'~' => return Some((char::from(first), 3)),
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return None,
    };
    let mut buffer = [first, 0, 0, 0];
    for (k, slot) in buffer.iter_mut().enumerate().take(count).skip(1) {
        *slot = byte(k)?;
    }
    std::str::from_utf8(&buffer[..count]).ok()?.chars().next().map(|c| (c, 3 * count))
}

/// A plus sign that stands for a space in the value of a form: `name=Anna+Reed`.
pub(crate) fn plus(text: &str, at: usize, out: &mut String) -> Option<usize> {
    let bytes = text.as_bytes();
    let letter = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphabetic() || *b >= 0x80);
    if at == 0 || !bytes[at - 1].is_ascii_alphanumeric() && bytes[at - 1] < 0x80 || !letter(bytes.get(at + 1)) {
        return None;
    }
    // The key is looked for as far back as values are long; a formula such as "a=b+c" has single letters.
    let from = at.saturating_sub(64);
    let sign = from + bytes[from..at].iter().rposition(|b| matches!(b, b'=' | b' ' | b'\n' | b'&'))?;
    let key = bytes[sign] == b'='
        && sign >= 2
        && bytes[sign - 1].is_ascii_alphabetic()
        && bytes[sign - 2].is_ascii_alphabetic();
    (key && at - sign > 1).then(|| {
        out.push(' ');
        1
    })
}
