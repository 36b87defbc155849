//! Text that cannot leave its field.
//!
//! Ids and reasons come from configuration and registers, and some of them from whoever made these. Each format escapes what
//! means something in it; what no format can carry is replaced here, so that it stays visible.

use std::borrow::Cow;

/// The characters of a field in the formats that are sent as messages (ATNA, CEF, OCSF, OTLP). A longer one is cut and
/// ends in `…`. Files of FHIR, CSV and JSON lines hold it whole.
pub const LONGEST_FIELD: usize = 256;

/// The characters of a list in one field of these formats, such as all rules that decided.
pub const LONGEST_LIST: usize = 1024;

/// Shows control characters as pictures: U+0000 to U+001F become U+2400 to U+241F, DEL becomes U+2421. What a terminal, a
/// browser or XML 1.0 would act upon or not allow (C1 controls, separators of lines, marks of direction, U+FFFE, U+FFFF)
/// becomes U+FFFD.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| shown(c) == c) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().map(shown).collect())
    }
}

/// A character as [`clean`] shows it.
pub(crate) fn shown(c: char) -> char {
    match c {
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\x7f' => '\u{2421}',
        '\u{80}'..='\u{9f}'
        | '\u{061c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}'
        | '\u{fffe}'
        | '\u{ffff}' => '\u{fffd}',
        c => c,
    }
}

/// A text as [`clean`] shows it, of at most [`LONGEST_FIELD`] characters.
pub(crate) fn field(text: &str) -> String {
    cut(&clean(text), LONGEST_FIELD)
}

/// Texts with a comma between, each as [`field`] gives it, of at most [`LONGEST_LIST`] characters in all.
pub(crate) fn list<I: IntoIterator<Item: AsRef<str>>>(texts: I) -> String {
    let mut all = String::new();
    let mut length = 0;
    for text in texts {
        let text = field(text.as_ref());
        if !all.is_empty() {
            all.push_str(", ");
            length += 2;
        }
        length += text.chars().count();
        all.push_str(&text);
        if length > LONGEST_LIST {
            break;
        }
    }
    cut(&all, LONGEST_LIST)
}

/// At most `most` characters; a longer text ends in `…`.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_format_carries_is_shown_and_the_rest_stays() {
        assert_eq!(clean("dr-Å=|\"<"), "dr-Å=|\"<");
        assert_eq!(clean("a\nb\0c\x7fd\u{9b}e\u{202e}f\u{ffff}"), "a␊b␀c␡d\u{fffd}e\u{fffd}f\u{fffd}");
    }

    #[test]
    fn fields_and_lists_are_cut_visibly_at_their_limits() {
        assert_eq!(field(&"å".repeat(256)), "å".repeat(256));
        assert_eq!(field(&"å".repeat(257)), format!("{}…", "å".repeat(255)));
        assert_eq!(list(["a", "b"]), "a, b");
        assert_eq!(list(vec!["x".repeat(300); 40]).chars().count(), LONGEST_LIST);
        assert_eq!(list(Vec::<String>::new()), "");
    }
}
