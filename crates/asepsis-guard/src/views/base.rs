//! Decoders that take what is there: without padding, with line ends, up to a limit.

/// The six bits that a character of base64 stands for (RFC 4648, sections 4 and 5).
pub(super) const fn base64_value(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

fn base32_value(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'2'..=b'7' => byte - b'2' + 26,
        _ => return None,
    })
}

fn hex_value(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|n| u8::try_from(n).ok())
}

/// The first `most` bytes that base64 stands for. Other characters are passed over.
pub(super) fn base64(text: &[u8], most: usize) -> Vec<u8> {
    packed(text, most, 6, base64_value)
}

/// The same of base32.
pub(super) fn base32(text: &[u8], most: usize) -> Vec<u8> {
    packed(text, most, 5, base32_value)
}

/// The same of hexadecimal.
pub(super) fn hex(text: &[u8], most: usize) -> Vec<u8> {
    packed(text, most, 4, hex_value)
}

fn packed(text: &[u8], most: usize, width: u32, value: impl Fn(u8) -> Option<u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity((text.len() * width as usize / 8).min(most) + 1);
    let (mut bits, mut held) = (0_u32, 0);
    for six in text.iter().filter_map(|b| value(*b)) {
        bits = bits << width | u32::from(six);
        held += width;
        if held >= 8 {
            held -= 8;
            if out.len() == most {
                break;
            }
            out.push((bits >> held & 0xFF) as u8);
            bits &= (1 << held) - 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_rfc_4648_decode() {
        let most = usize::MAX >> 8;
        for (plain, b64, b32, h) in [
            ("f", "Zg==", "MY======", "66"),
            ("fo", "Zm8", "MZXQ", "666f"),
            ("foobar", "Zm9v\nYmFy", "MZXW6YTBOI======", "66:6F:6F:62:61:72"),
        ] {
            assert_eq!(base64(b64.as_bytes(), most), plain.as_bytes());
            assert_eq!(base32(b32.as_bytes(), most), plain.as_bytes());
            assert_eq!(hex(h.as_bytes(), most), plain.as_bytes());
        }
        assert_eq!(base64(b"Zm9vYmFy", 4), b"foob");
    }
}
