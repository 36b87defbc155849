//! Arguments as a person has to see them: what is shown is what is done, whatever characters it is made of.

use std::fmt::Write as _;

use asepsis_document::json::{Json, Kind, Limits, Node};
use asepsis_normal::is_invisible;

/// The most values of one call that are listed one by one; the whole source is shown besides.
const MOST_LISTED: usize = 500;

/// The text with every character that cannot be seen, or turns the direction of reading, written as `\u{202E}`. A backslash is doubled
/// where it would read as such an escape. Ends of lines and tabs are written as escapes as well, and ends of lines go on in a new line.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\n' => out.push_str("\\n\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\\' if matches!(rest.peek(), Some('u' | 'n' | 'r' | 't' | '\\')) => out.push_str("\\\\"),
            ' ' => out.push(' '),
            c if c.is_control() || c.is_whitespace() || is_hidden(c) => {
                // Writing to a String does not fail.
                let _ = write!(out, "\\u{{{:04X}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Whether nothing of the character is seen, or nobody can say what is: private use, and what is in no alphabet.
fn is_hidden(c: char) -> bool {
    is_invisible(c)
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{2800}' | '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFF}')
        || matches!(c, '\u{1BCA0}'..='\u{1BCA3}' | '\u{13430}'..='\u{13440}')
}

/// The letters of the text that are of another alphabet and look like those of this one: `а` (Cyrillic) for `a`.
pub fn look_alikes(text: &str) -> Vec<char> {
    let mut found: Vec<char> = text
        .chars()
        .filter(|c| !c.is_ascii() && c.is_alphabetic() && asepsis_normal::looks_like(*c).is_some())
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The values of arguments one by one, each with its path, both visible; empty where the arguments are no JSON, which no tool can read
/// either.
pub fn listed(arguments: &str) -> Vec<(String, String)> {
    let Ok(json) = Json::parse(arguments.as_bytes(), &Limits::default()) else { return Vec::new() };
    let mut found = Vec::new();
    walk(json.root(), String::new(), &mut found);
    found
}

fn walk(node: Node<'_>, path: String, found: &mut Vec<(String, String)>) {
    if found.len() >= MOST_LISTED {
        return;
    }
    let raw = |node: Node<'_>| String::from_utf8_lossy(node.raw()).into_owned();
    match node.kind() {
        Kind::Object if node.members().next().is_some() => {
            for (name, value) in node.members() {
                let dot = if path.is_empty() { "" } else { "." };
                walk(value, format!("{path}{dot}{}", visible(&name)), found);
            }
        }
        Kind::Array if node.items().next().is_some() => {
            for (number, item) in node.items().enumerate() {
                walk(item, format!("{path}[{number}]"), found);
            }
        }
        Kind::String => found.push((path, visible(&node.as_str().unwrap_or_default()))),
        _ => found.push((path, raw(node))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r30_nothing_in_an_argument_hides_or_turns_what_is_read() {
        assert_eq!(visible("give 5 mg \u{202e}gm 05"), "give 5 mg \\u{202E}gm 05");
        assert_eq!(
            visible("a\u{200b}b\u{feff}\u{e0041}\u{0}\u{a0}"),
            "a\\u{200B}b\\u{FEFF}\\u{E0041}\\u{0000}\\u{00A0}"
        );
        assert_eq!(visible("one\ntwo\tthree"), "one\\n\ntwo\\tthree");
        // What is written as an escape reads otherwise than what is one.
        assert_ne!(visible("\\u{202E}"), visible("\u{202e}"));
        assert_ne!(visible("\\\\n"), visible("\\\n"));
        assert_eq!(visible("Zoë \u{3b1}-blocker 37 °C"), "Zoë \u{3b1}-blocker 37 °C");
        assert_eq!(look_alikes("Zoë p\u{430}tient"), ['\u{430}']);
    }

    #[test]
    fn r30_every_value_is_listed_as_it_is() {
        let all = listed(r#"{"to": "a\u202e\n", "dose": 5.00, "codes": ["x", {"y": null}], "none": {}}"#);
        let all: Vec<(&str, &str)> = all.iter().map(|(path, value)| (path.as_str(), value.as_str())).collect();
        assert_eq!(
            all,
            [("to", "a\\u{202E}\\n\n"), ("dose", "5.00"), ("codes[0]", "x"), ("codes[1].y", "null"), ("none", "{}")]
        );
        assert!(listed("no JSON").is_empty() && listed(r#"{"a": 1, "a": 2}"#).is_empty());
    }
}
