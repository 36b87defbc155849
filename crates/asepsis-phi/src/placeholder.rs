//! The marks that this house puts in place of identifiers: `[NAME_7F3K9QXA2BCDE]`, `[DATE_2024_7F3K9QXA2BCDE]`.

use asepsis_vocab::IdentifierClass;
use memchr::memchr;

/// The longest label, hint and brackets that a placeholder has.
const LONGEST: usize = 64;
/// Characters of the random part, Crockford's base 32.
const RANDOM: usize = 13;

/// The placeholders of a text, as byte ranges, in order.
pub(crate) fn find(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let (mut out, mut from) = (Vec::new(), 0);
    while let Some(open) = memchr(b'[', &bytes[from..]).map(|i| from + i) {
        let limit = bytes.len().min(open + LONGEST);
        from = open + 1;
        if let Some(close) = memchr(b']', &bytes[open..limit]).map(|i| open + i)
            && is_placeholder(&bytes[open + 1..close])
        {
            out.push((open, close + 1));
            from = close + 1;
        }
    }
    out
}

/// A label of ours, what may stand beside it (a year, `90PLUS`, three digits of a ZIP code), and a random part. Anything else
/// in brackets is text: a mark that somebody made up must not carry an identifier past the detectors.
fn is_placeholder(inner: &[u8]) -> bool {
    let Some(at) = inner.len().checked_sub(RANDOM + 1) else { return false };
    let (label, random) = inner.split_at(at);
    let crockford = |b: &u8| b.is_ascii_digit() || b.is_ascii_alphabetic() && !b"ILOUilou".contains(b);
    random[0] == b'_'
        && random[1..].iter().all(crockford)
        // A number of thirteen digits is no code: one in three million codes is, and being looked at does it no harm.
        && random[1..].iter().any(u8::is_ascii_alphabetic)
        && IdentifierClass::ALL.iter().any(|class| {
            label.strip_prefix(class.label().as_bytes()).is_some_and(|hint| hint.is_empty() || is_hint(hint))
        })
}

fn is_hint(hint: &[u8]) -> bool {
    let Some((b'_', hint)) = hint.split_first() else { return false };
    hint == b"90PLUS" || matches!(hint.len(), 3 | 4) && hint.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_marks_are_found() {
        let text = "a [NAME_7F3K9QXA2BCDE] b [DATE_2024_7F3K9QXA2BCDE] c [6540054] [doctor] [NAME_7F3K9QXA2BCD] \
            [SSN_123456789_AAAAAAAAAAAAA] [MARTHA_COLLINS_AAAAAAAAAAAAA] [NAME_1234567890123]";
        let found: Vec<_> = find(text).into_iter().map(|(a, b)| &text[a..b]).collect();
        assert_eq!(found, ["[NAME_7F3K9QXA2BCDE]", "[DATE_2024_7F3K9QXA2BCDE]"]);
    }
}
