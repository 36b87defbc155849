//! What stands apart put together: letters with gaps between them, bytes with percent signs before them.

/// The text of percent escapes; what is none stays.
pub(super) fn percent(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).filter(|d| bytes[at] == b'%' && d.iter().all(u8::is_ascii_hexdigit));
        let byte = digits.and_then(|d| std::str::from_utf8(d).ok()).and_then(|d| u8::from_str_radix(d, 16).ok());
        out.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Words of letters with gaps between them: a gap that is wider than the narrowest is one between words.
pub(super) fn joined(text: &str) -> String {
    let is_letter = |c: char| c.is_alphanumeric();
    let gaps = text.split(is_letter).filter(|gap| !gap.is_empty()).map(str::len);
    let narrow = gaps.clone().min().unwrap_or(0);
    let mut out = String::with_capacity(text.len());
    let mut gap = 0;
    for c in text.chars() {
        if is_letter(c) {
            if gap > narrow {
                out.push(' ');
            }
            out.push(c);
            gap = 0;
        } else {
            gap += c.len_utf8();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_gaps_are_taken_out() {
        assert_eq!(percent("%69%67n%C3%A9 5%"), "igné 5%");
        assert_eq!(joined("i g n o r e   a l l"), "ignore all");
        assert_eq!(joined("i.g.n.o.r.e. .a.l.l"), "ignore all");
    }
}
