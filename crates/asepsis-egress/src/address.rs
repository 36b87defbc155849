//! Addresses within a word: with a scheme, without one, and in the forms that browsers take for one.

use std::ops::Range;

/// An address in a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// Where.
    pub(crate) range: Range<usize>,
    /// As it is opened: with its scheme.
    pub(crate) opened: String,
}

/// Schemes that are opened without slashes behind the colon.
const BARE: [&str; 5] = ["http", "https", "ftp", "ws", "wss"];

/// Schemes whose address *is* the content, or that hand it to another program.
const RUN: [&str; 17] = [
    "javascript",
    "vbscript",
    "livescript",
    "jscript",
    "mocha",
    "blob",
    "filesystem",
    "view-source",
    "intent",
    "jar",
    "feed",
    "res",
    "mhtml",
    "ms-msdt",
    "search-ms",
    "magnet",
    "tel-auto",
];

/// Schemes that a person has to confirm, and that carry data only behind a question mark.
const ASKED: [&str; 6] = ["mailto", "sms", "smsto", "tel", "sip", "xmpp"];

/// Top-level domains with which a name alone is taken for an address by programs that show text. All others need a `www.` or a scheme.
const TLDS: [&str; 34] = [
    "com", "net", "org", "io", "dev", "app", "info", "biz", "xyz", "site", "online", "top", "club", "shop", "live",
    "link", "click", "cc", "co", "ru", "cn", "de", "uk", "fr", "eu", "us", "ai", "me", "tk", "ml", "example", "test",
    "internal", "onion",
];

/// Characters that end an address.
fn ends(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`' | b')' | b']' | b'}' | b'|' | b'^') || byte <= b' '
}

/// The first address at or behind `from`. With so many backslashes a share of a network begins: two, in the source of JSON four.
pub(crate) fn first(word: &str, from: usize, least_backslashes: usize) -> Option<Address> {
    let bytes = word.as_bytes();
    let mut at = from;
    while at < bytes.len() {
        let found = match bytes[at] {
            b':' => with_scheme(word, at, from),
            b'/' | b'\\' => without_scheme(word, at, least_backslashes),
            b'w' | b'W' => www(word, at),
            b'.' => bare_name(word, at, from),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
        at += 1;
    }
    None
}

fn until_end(bytes: &[u8], from: usize) -> usize {
    // A machine's own address in version 6 of the protocol stands in brackets.
    let bare = from + slashes(&bytes[from..]);
    let from = match bytes.get(bare) {
        Some(b'[') => bytes[bare..].iter().position(|b| *b == b']').map_or(from, |end| bare + end + 1),
        _ => from,
    };
    bytes[from..].iter().position(|b| ends(*b)).map_or(bytes.len(), |length| from + length)
}

/// Where an address ends that is its own content: marks of HTML belong to it.
fn until_quote(bytes: &[u8], from: usize) -> usize {
    let ends = |b: &u8| matches!(b, b'"' | b'\'' | b'`' | b')') || *b <= b' ';
    bytes[from..].iter().position(ends).map_or(bytes.len(), |length| from + length)
}

fn slashes(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| matches!(b, b'/' | b'\\')).count()
}

/// An address whose colon stands at `colon`.
fn with_scheme(word: &str, colon: usize, from: usize) -> Option<Address> {
    let bytes = word.as_bytes();
    let in_scheme = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'-');
    let mut start = colon - bytes[from..colon].iter().rev().take_while(|b| in_scheme(b)).count();
    while start < colon && !bytes[start].is_ascii_alphabetic() {
        start += 1;
    }
    // One letter is a drive of Windows.
    if colon - start < 2 {
        return None;
    }
    let scheme = word[start..colon].to_ascii_lowercase();
    let behind = &bytes[colon + 1..];
    let marks = slashes(behind);
    let end = until_end(bytes, colon + 1);
    let address = |opened: String| Some(Address { range: start..end, opened });
    // What stands before the last scheme of `xhttps:` is no part of it, to people and to programs that look for addresses.
    let known = BARE.into_iter().find(|bare| scheme.ends_with(bare));
    if marks >= 2 {
        return address(word[start..end].to_owned());
    }
    let more = behind.get(marks).is_some_and(|b| !ends(*b));
    match known {
        Some(bare) if more && (marks == 1 || scheme == bare) => {
            return address(format!("{bare}://{}", &word[colon + 1 + marks..end]));
        }
        _ => {}
    }
    let content = || {
        let end = until_quote(bytes, colon + 1);
        Some(Address { range: start..end, opened: word[start..end].to_owned() })
    };
    if RUN.iter().any(|run| scheme.ends_with(run)) || (scheme == "file" && marks > 0) {
        return content();
    }
    // `data:text/html,...`, but not "Data:WBC".
    if scheme.ends_with("data") {
        let head: &[u8] = &behind[..behind.len().min(128)];
        let mime = head.iter().take_while(|b| b.is_ascii_alphanumeric() || b"/+-.=".contains(b)).count();
        let is_data = matches!(behind.get(mime), Some(b',' | b';')) && (mime == 0 || head[..mime].contains(&b'/'));
        return if is_data { content() } else { None };
    }
    let asks = ASKED.contains(&scheme.as_str()) && word[colon..end].contains('?');
    if asks { address(word[start..end].to_owned()) } else { None }
}

/// An address that takes its scheme from where it stands, or a share of a network: slashes at `at`.
fn without_scheme(word: &str, at: usize, least_backslashes: usize) -> Option<Address> {
    let bytes = word.as_bytes();
    let marks = slashes(&bytes[at..]);
    if marks < 2 || (at > 0 && !b"(\"'=<[,;`{>".contains(&bytes[at - 1])) {
        return None;
    }
    let end = until_end(bytes, at + marks);
    let rest = &word[at + marks..end];
    let host = rest.split(['/', '\\', '?', '#', '@', ':']).next().unwrap_or_default();
    let is_host =
        host.len() >= 2 && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b) || b >= 0x80);
    // A share of a network: in the source of JSON each backslash is two.
    let backslashes = bytes[at..].iter().take_while(|b| **b == b'\\').count();
    let share = backslashes >= least_backslashes && rest[host.len()..].len() > 1;
    let named = host.contains('.') || share || rest.contains('@') || rest.starts_with("localhost");
    (is_host && named).then(|| Address { range: at..end, opened: format!("https://{rest}") })
}

fn www(word: &str, at: usize) -> Option<Address> {
    let bytes = word.as_bytes();
    let begins = at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || matches!(bytes[at - 1], b'.' | b'-' | b'_'));
    let head = bytes.get(at..at + 4)?;
    if !begins
        || !head.eq_ignore_ascii_case(b"www.")
        || !bytes.get(at + 4).is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80)
    {
        return None;
    }
    let end = until_end(bytes, at);
    Some(Address { range: at..end, opened: format!("https://{}", &word[at..end]) })
}

/// A name of a host with something behind it, `evil.example/x`: its last dot stands at `dot`.
fn bare_name(word: &str, dot: usize, from: usize) -> Option<Address> {
    let bytes = word.as_bytes();
    let label = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-';
    let tld = bytes[dot + 1..].iter().take_while(|b| label(b)).count();
    if !TLDS.iter().any(|known| known.eq_ignore_ascii_case(&word[dot + 1..dot + 1 + tld])) {
        return None;
    }
    let in_name = |b: &u8| label(b) || *b == b'.' || *b == b'_';
    let start = dot - bytes[from..dot].iter().rev().take_while(|b| in_name(b)).count();
    if start == dot || (start > 0 && bytes[start - 1] == b'@') {
        return None;
    }
    let behind = bytes.get(dot + 1 + tld);
    let carries = matches!(behind, Some(b'/' | b'?' | b'#')) && bytes.get(dot + 2 + tld).is_some_and(|b| !ends(*b));
    // A name below a name can hold data by itself: whoever looks it up tells the one who answers for it. Abbreviations have one letter.
    let labels = word[start..dot].split('.');
    let below = behind.is_none_or(|b| !in_name(b))
        && labels.clone().count() >= 2
        && labels.clone().all(|label| label.len() >= 2);
    if !carries && !below {
        return None;
    }
    let end = until_end(bytes, dot);
    Some(Address { range: start..end, opened: format!("https://{}", &word[start..end]) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(word: &str) -> Option<(&str, String)> {
        first(word, 0, 2).map(|address| (&word[address.range], address.opened))
    }

    #[test]
    fn r28_addresses_are_found_in_every_form_that_opens() {
        for (word, place, opened) in [
            ("![x](https://evil.example/a?b=c).", "https://evil.example/a?b=c", "https://evil.example/a?b=c"),
            ("<HTTPS://evil.example>", "HTTPS://evil.example", "HTTPS://evil.example"),
            ("https:evil.example/x", "https:evil.example/x", "https://evil.example/x"),
            ("http:/evil.example", "http:/evil.example", "http://evil.example"),
            ("(http:\\\\evil.example\\x)", "http:\\\\evil.example\\x", "http:\\\\evil.example\\x"),
            ("src=\"//evil.example/x\"", "//evil.example/x", "https://evil.example/x"),
            ("\\\\evil.example\\share", "\\\\evil.example\\share", "https://evil.example\\share"),
            ("url(data:text/html;base64,AAAA)", "data:text/html;base64,AAAA", "data:text/html;base64,AAAA"),
            ("data:,hello", "data:,hello", "data:,hello"),
            ("JaVaScRiPt:alert(1)", "JaVaScRiPt:alert(1", "JaVaScRiPt:alert(1"),
            ("www.evil.example", "www.evil.example", "https://www.evil.example"),
            ("see:evil.com/x", "evil.com/x", "https://evil.com/x"),
            ("mailto:a@b.example?body=x", "mailto:a@b.example?body=x", "mailto:a@b.example?body=x"),
            ("ldap://evil.example/a", "ldap://evil.example/a", "ldap://evil.example/a"),
            ("file:///etc/passwd", "file:///etc/passwd", "file:///etc/passwd"),
        ] {
            assert_eq!(found(word), Some((place, opened.to_owned())), "{word}");
        }
    }

    #[test]
    fn r28_what_clinicians_write_is_no_address() {
        for word in [
            "Data:WBC",
            "BP:120/80",
            "Plan:continue",
            "1:1",
            "and/or",
            "mg/kg/day",
            "12/03/2026",
            "q.d./p.r.n.",
            "e.g./i.e.",
            "5.5/hr",
            "C:\\temp",
            "//",
            "s/p",
            "w/o",
            "http",
            "https:",
            "Dr.Smith/Jones",
            "mailto:front@clinic.example",
            "front@clinic.example",
            "tel:555-0100",
            "3.5-4.5/L",
            "pH:7.4",
            "///",
            "\\\\",
            "x.com",
            "A.M./P.M.",
        ] {
            assert_eq!(found(word), None, "{word}");
        }
    }
}
