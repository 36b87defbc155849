use std::borrow::Cow;

use super::error::{Fault, JsonErrorKind as Kind};

/// How many bytes are looked at together: enough that the processor compares them in one go.
const TOGETHER: usize = 16;

/// How many bytes at the beginning stand for themselves within a string: no control characters, quotation marks or backslashes.
fn plain(bytes: &[u8]) -> usize {
    let stands = |byte: &u8| *byte >= 0x20 && *byte != b'"' && *byte != b'\\';
    // Without a branch for every byte.
    let all = |block: &&[u8]| block.iter().fold(true, |all, byte| all & stands(byte));
    let blocks = bytes.chunks_exact(TOGETHER).take_while(all).count() * TOGETHER;
    blocks + bytes[blocks..].iter().take_while(|byte| stands(byte)).count()
}

/// Checks the string that begins with the quotation mark at `start`; returns the offset behind its closing one and
/// whether it holds an escape. That the bytes are UTF-8 was checked before.
pub(super) fn check(bytes: &[u8], start: usize) -> Result<(usize, bool), Fault> {
    let fault = |offset, kind| Err(Fault { offset, kind });
    let mut escaped = false;
    let mut i = start + 1;
    loop {
        match bytes.get(i) {
            None => return fault(bytes.len(), Kind::UnexpectedEnd),
            Some(b'"') => return Ok((i + 1, escaped)),
            Some(b'\\') => {
                escaped = true;
                i = check_escape(bytes, i)?;
            }
            Some(0) => return fault(i, Kind::Nul),
            Some(0..=0x1F) => return fault(i, Kind::ControlCharacter),
            Some(_) => i += plain(&bytes[i..]),
        }
    }
}

/// Checks the escape whose backslash is at `at`; returns the offset behind it.
fn check_escape(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    match bytes.get(at + 1) {
        None => Err(Fault { offset: bytes.len(), kind: Kind::UnexpectedEnd }),
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => match hex4(bytes, at + 2)? {
            0xD800..=0xDBFF => {
                let lone = Fault { offset: at, kind: Kind::LoneSurrogate };
                if bytes.get(at + 6..at + 8) != Some(b"\\u") {
                    return Err(lone);
                }
                match hex4(bytes, at + 8)? {
                    0xDC00..=0xDFFF => Ok(at + 12),
                    _ => Err(lone),
                }
            }
            0xDC00..=0xDFFF => Err(Fault { offset: at, kind: Kind::LoneSurrogate }),
            _ => Ok(at + 6),
        },
        Some(_) => Err(Fault { offset: at, kind: Kind::BadEscape }),
    }
}

fn hex4(bytes: &[u8], at: usize) -> Result<u32, Fault> {
    let mut value = 0;
    for i in at..at + 4 {
        let Some(&b) = bytes.get(i) else { return Err(Fault { offset: bytes.len(), kind: Kind::UnexpectedEnd }) };
        let Some(digit) = (b as char).to_digit(16) else { return Err(Fault { offset: i, kind: Kind::BadEscape }) };
        value = value * 16 + digit;
    }
    Ok(value)
}

/// What the inside of a checked string means; borrowed if nothing in it is escaped.
pub(super) fn decode(inside: &[u8], escaped: bool) -> Cow<'_, str> {
    let text = std::str::from_utf8(inside).expect("the document was checked to be UTF-8");
    if !escaped {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let bytes = &rest.as_bytes()[at..];
        let (ch, len) = match bytes[1] {
            b'b' => ('\u{8}', 2),
            b'f' => ('\u{C}', 2),
            b'n' => ('\n', 2),
            b'r' => ('\r', 2),
            b't' => ('\t', 2),
            b'u' => decode_unicode(bytes),
            other => (other as char, 2),
        };
        out.push(ch);
        rest = &rest[at + len..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn decode_unicode(bytes: &[u8]) -> (char, usize) {
    let unit = |at| hex4(bytes, at).expect("the escapes were checked");
    let high = unit(2);
    let (value, len) = match high {
        0xD800..=0xDBFF => (0x1_0000 + ((high - 0xD800) << 10) + (unit(8) - 0xDC00), 12),
        _ => (high, 6),
    };
    (char::from_u32(value).expect("surrogates were checked to come in pairs"), len)
}

/// Writes `text` as a JSON string literal, with its quotation marks, escaping only what RFC 8259 section 7 demands.
pub(super) fn encode(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let clean = plain(rest);
        out.extend_from_slice(&rest[..clean]);
        let Some(&b) = rest.get(clean) else { break };
        rest = &rest[clean + 1..];
        match b {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', b]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0C => out.extend_from_slice(b"\\f"),
            _ => {
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]);
            }
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_itself_is_seen_at_every_place() {
        for byte in 0..=u8::MAX {
            for at in 0..=3 * TOGETHER {
                let mut bytes = vec![b'a'; 3 * TOGETHER + 1];
                bytes[at] = byte;
                let stands = byte >= 0x20 && byte != b'"' && byte != b'\\';
                assert_eq!(plain(&bytes), if stands { bytes.len() } else { at }, "{byte:#x} at {at}");
            }
        }
        assert_eq!(plain(b""), 0);
    }
}
