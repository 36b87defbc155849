use std::fmt::Write;

/// Writes `text` as the inside of a JSON string, escaping only what RFC 8259 section 7 demands.
pub(crate) fn push_json(out: &mut String, text: &str) {
    let mut clean_from = 0;
    for (i, b) in text.bytes().enumerate() {
        let short = match b {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0C => "\\f",
            0..=0x1F => "",
            _ => continue,
        };
        out.push_str(&text[clean_from..i]);
        if short.is_empty() {
            write!(out, "\\u{b:04x}").expect("writing to a String does not fail");
        } else {
            out.push_str(short);
        }
        clean_from = i + 1;
    }
    out.push_str(&text[clean_from..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_must_be_escaped_is_escaped() {
        let mut out = String::new();
        push_json(&mut out, "O\"Neil\\ü\n\u{1}/😀");
        assert_eq!(out, "O\\\"Neil\\\\ü\\n\\u0001/😀");
    }
}
