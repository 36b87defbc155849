//! What must hold for any input, for the fuzz targets of the repository's folder `fuzz`: it is only built for them and for tests.

use crate::Normal;

/// The normal form of `text` leads back to character boundaries of it, in order and without gaps in what was found.
///
/// # Panics
/// Where it does not.
pub fn normal_form(text: &str) {
    let normal = Normal::of(text);
    let form = normal.text();
    let (mut start, mut end) = (0, 0);
    let mut bounds = form.char_indices().map(|(i, c)| (i, i + c.len_utf8()));
    let mut last = 0;
    for (from, to) in bounds.by_ref() {
        let span = normal.span(from, to);
        assert!(text.get(span.range()).is_some_and(|t| !t.is_empty()), "on character boundaries");
        assert!(span.start >= start && span.end >= end, "in order");
        (start, end, last) = (span.start, span.end, to);
    }
    if last > 0 {
        assert_eq!(normal.span(0, last).end, end, "a span ends where its last character does");
    }
    let plain = |b: u8| matches!(b, b' ' | b'\n' | b'a'..=b'c');
    if text.bytes().all(plain) {
        assert_eq!(form, text, "what nothing applies to is not changed");
    }
}
