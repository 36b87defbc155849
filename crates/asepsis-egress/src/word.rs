//! A word as whatever shows it reads it: escapes of JSON, HTML, Markdown and CSS undone.

use std::borrow::Cow;

/// How often what was undone is undone again: an entity within JSON within Markdown.
const ROUNDS: usize = 3;

/// Which escapes are undone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// All: an address is opened however it is written.
    All,
    /// Those of programs alone: an element that HTML has escaped is shown, and not run.
    Programs,
}

/// The word with its escapes undone. Borrowed where it has none.
pub(crate) fn undone(word: &str, of: Of) -> Cow<'_, str> {
    let marks: &[char] = if of == Of::All { &['&', '\\'] } else { &['\\'] };
    let mut text = Cow::Borrowed(word);
    for _ in 0..ROUNDS {
        if !text.contains(marks) {
            break;
        }
        let next = once(&text, marks);
        if next == text {
            break;
        }
        text = Cow::Owned(next);
    }
    text
}

fn once(text: &str, marks: &[char]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(marks) {
        out.push_str(&rest[..at]);
        let from = &rest[at..];
        let (character, length) = if from.starts_with('&') { entity(from) } else { escape(from) };
        match character {
            Some(character) => out.push(character),
            None => out.push_str(&from[..length]),
        }
        rest = &from[length..];
    }
    out.push_str(rest);
    out
}

/// What a character reference of HTML at the beginning stands for, and its length; of the named ones those that matter in an address
/// or a tag.
fn entity(text: &str) -> (Option<char>, usize) {
    const NAMED: [(&str, char); 17] = [
        ("colon", ':'),
        ("sol", '/'),
        ("bsol", '\\'),
        ("lt", '<'),
        ("gt", '>'),
        ("quot", '"'),
        ("apos", '\''),
        ("amp", '&'),
        ("period", '.'),
        ("commat", '@'),
        ("equals", '='),
        ("lpar", '('),
        ("rpar", ')'),
        ("quest", '?'),
        ("num", '#'),
        ("Tab", '\t'),
        ("NewLine", '\n'),
    ];
    let body = &text[1..];
    let semicolon = |length: usize| length + usize::from(body[length..].starts_with(';'));
    if let Some(number) = body.strip_prefix('#') {
        let (digits, radix, mark) = match number.strip_prefix(['x', 'X']) {
            Some(hex) => (hex, 16, 2),
            None => (number, 10, 1),
        };
        let length = digits.bytes().take(9).take_while(|b| char::from(*b).is_digit(radix)).count();
        let character = u32::from_str_radix(&digits[..length], radix).ok().and_then(char::from_u32);
        return match character {
            Some(character) if length > 0 => (Some(character), 1 + semicolon(mark + length)),
            _ => (None, 1),
        };
    }
    for (name, character) in NAMED {
        if let Some(behind) = body.strip_prefix(name)
            && behind.starts_with(';')
        {
            return (Some(character), 2 + name.len());
        }
    }
    (None, 1)
}

/// What an escape by a backslash at the beginning stands for, and its length: `\u0068` of JSON, `\68 ` of CSS, `\:` of Markdown.
fn escape(text: &str) -> (Option<char>, usize) {
    let body = &text[1..];
    let hex = |text: &str, most: usize| text.bytes().take(most).take_while(u8::is_ascii_hexdigit).count();
    if let Some(code) = body.strip_prefix('u')
        && hex(code, 4) == 4
        && let Some(character) = u32::from_str_radix(&code[..4], 16).ok().and_then(char::from_u32)
    {
        return (Some(character), 6);
    }
    match body.chars().next() {
        // Behind an unescaped one, a backslash is a slash to browsers; that is for the one who reads the address.
        Some('\\') | None => (None, 1),
        Some(mark) if mark.is_ascii_punctuation() => (Some(mark), 1 + mark.len_utf8()),
        Some(_) => {
            let length = hex(body, 6);
            let character = u32::from_str_radix(&body[..length], 16).ok().and_then(char::from_u32);
            match character {
                Some(character) if length >= 2 => (Some(character), 1 + length),
                _ => (None, 1),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r28_escapes_are_read_as_what_shows_them_reads_them() {
        for (word, read) in [
            ("&#104;ttps&#58;//a", "https://a"),
            ("&#x68;ttps&colon;&sol;&sol;a", "https://a"),
            ("\\u0068ttps:\\/\\/a", "https://a"),
            ("https\\://a", "https://a"),
            ("\\68ttps://a", "https://a"),
            ("&amp;#104;ttps://a", "https://a"),
            ("R&D", "R&D"),
            ("AT&T;", "AT&T;"),
            ("&#;&#x;&#99999999999;", "&#;&#x;&#99999999999;"),
            ("C:\\users", "C:\\users"),
            ("\\", "\\"),
            ("&", "&"),
            ("\\\\srv\\share", "\\\\srv\\share"),
        ] {
            assert_eq!(undone(word, Of::All), read, "{word}");
        }
        assert_eq!(undone("&lt;img\\u003cimg", Of::Programs), "&lt;img<img");
    }
}
