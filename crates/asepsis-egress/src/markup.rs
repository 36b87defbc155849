//! Markup that acts: elements that fetch or run something, handlers of events, declarations of XML.

/// Elements of HTML and SVG that fetch, run, send, or change where others point to.
const ACTIVE: [&str; 43] = [
    "a",
    "animate",
    "applet",
    "area",
    "audio",
    "base",
    "bgsound",
    "body",
    "button",
    "details",
    "embed",
    "form",
    "frame",
    "frameset",
    "iframe",
    "image",
    "img",
    "input",
    "isindex",
    "keygen",
    "link",
    "marquee",
    "math",
    "meta",
    "noscript",
    "object",
    "picture",
    "plaintext",
    "portal",
    "script",
    "select",
    "set",
    "source",
    "style",
    "svg",
    "template",
    "textarea",
    "track",
    "use",
    "video",
    "xi:include",
    "xmp",
    "xml",
];

/// Declarations: of documents with their entities, and instructions to whoever reads them.
const DECLARED: [&str; 6] = ["!doctype", "!entity", "!element", "![cdata[", "?xml-stylesheet", "?php"];

/// Where in the word an element or declaration begins that acts: the offset of its `<`.
pub(crate) fn active(word: &str, from: usize) -> Option<usize> {
    let bytes = word.as_bytes();
    let mut at = from;
    while let Some(next) = bytes[at..].iter().position(|b| *b == b'<') {
        let start = at + next;
        let name = word[start + 1..].strip_prefix('/').unwrap_or(&word[start + 1..]);
        let is = |known: &&str| {
            let head = name.get(..known.len());
            let behind = name.as_bytes().get(known.len());
            head.is_some_and(|head| head.eq_ignore_ascii_case(known))
                && behind.is_none_or(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b':' | b'.' | b'_')))
        };
        let declares = |known: &&str| name.get(..known.len()).is_some_and(|head| head.eq_ignore_ascii_case(known));
        if ACTIVE.iter().any(is) || DECLARED.iter().any(declares) {
            return Some(start);
        }
        at = start + 1;
    }
    None
}

/// Where a handler of events begins in the word, and how long its name is: `onload=`.
pub(crate) fn handler(word: &str, from: usize) -> Option<(usize, usize)> {
    let bytes = word.as_bytes();
    let mut at = from;
    while let Some(next) = bytes[at..].iter().position(|b| *b == b'=') {
        let equals = at + next;
        let length = bytes[from..equals].iter().rev().take_while(|b| b.is_ascii_alphabetic()).count();
        let start = equals - length;
        let name = &bytes[start..equals];
        let begins = start == 0 || matches!(bytes[start - 1], b'/' | b'"' | b'\'' | b'>' | b'<' | b';');
        if begins && length > 4 && name[..2].eq_ignore_ascii_case(b"on") && bytes.len() > equals + 1 {
            return Some((start, length));
        }
        at = equals + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r28_markup_that_acts_is_found_and_measures_are_not() {
        for word in [
            "<img",
            "x<IMG/src=x",
            "</script>",
            "<svg/onload=x>",
            "<!DOCTYPE",
            "<!ENTITY",
            "<iframe",
            "<xi:include",
            "<?xml-stylesheet",
        ] {
            assert!(active(word, 0).is_some(), "{word}");
        }
        for word in [
            "<5",
            "HbA1c<7",
            "<b>",
            "<imgx",
            "<abc",
            "<120/80",
            "<",
            "<-",
            "<ClinicalDocument",
            "<text>",
            "<observation",
            "a<b",
        ] {
            assert_eq!(active(word, 0), None, "{word}");
        }
        assert_eq!(handler("onerror=alert(1)", 0), Some((0, 7)));
        assert_eq!(handler("\"onclick='x'", 0), Some((1, 7)));
        for word in ["one=1", "on=1", "condition=stable", "once=x", "BP=120", "onset=", "station=4"] {
            assert_eq!(handler(word, 0), None, "{word}");
        }
    }
}
