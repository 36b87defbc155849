//! How an order is hidden from people, or from programs that look for words.

use data_encoding::{BASE64, HEXLOWER};
use serde::Deserialize;

/// A disguise of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disguise {
    /// As it is.
    #[default]
    None,
    /// Tag characters (U+E0020 to U+E007E), which nobody sees.
    Tags,
    /// A zero-width space behind each character.
    ZeroWidth,
    /// A soft hyphen behind each character.
    SoftHyphen,
    /// Base64 (RFC 4648).
    Base64,
    /// Hexadecimal digits.
    Hex,
    /// Percent-encoding (RFC 3986) of each byte.
    Percent,
    /// Numeric character references of HTML for each character.
    Entities,
    /// Cyrillic letters for the Latin ones that look the same.
    Homoglyph,
    /// A space between the letters, three between words.
    Spaced,
    /// Letters thirteen further on.
    Rot13,
    /// Written backwards behind U+202E, so that people read it forwards.
    Bidi,
}

impl Disguise {
    /// The text in this disguise.
    #[must_use]
    pub fn of(self, text: &str) -> String {
        let each = |change: &dyn Fn(char) -> String| text.chars().map(change).collect::<String>();
        match self {
            Self::None => text.to_owned(),
            Self::Tags => each(&|c| match u32::from(c) {
                code @ 0x20..=0x7e => char::from_u32(code + 0xe_0000).map(String::from).unwrap_or_default(),
                _ => String::new(),
            }),
            Self::ZeroWidth => each(&|c| format!("{c}\u{200b}")),
            Self::SoftHyphen => each(&|c| format!("{c}\u{ad}")),
            Self::Base64 => BASE64.encode(text.as_bytes()),
            Self::Hex => HEXLOWER.encode(text.as_bytes()),
            Self::Percent => text.bytes().map(|b| format!("%{b:02X}")).collect(),
            Self::Entities => each(&|c| format!("&#{};", u32::from(c))),
            Self::Homoglyph => each(&|c| look_alike(c).to_string()),
            Self::Spaced => each(&|c| format!("{c} ")),
            Self::Rot13 => each(&|c| rot13(c).to_string()),
            Self::Bidi => format!("\u{202e}{}\u{202c}", text.chars().rev().collect::<String>()),
        }
    }
}

fn look_alike(letter: char) -> char {
    const PAIRS: [(char, char); 12] = [
        ('a', 'а'),
        ('c', 'с'),
        ('e', 'е'),
        ('i', 'і'),
        ('o', 'о'),
        ('p', 'р'),
        ('x', 'х'),
        ('y', 'у'),
        ('s', 'ѕ'),
        ('j', 'ј'),
        ('A', 'А'),
        ('E', 'Е'),
    ];
    PAIRS.iter().find(|(latin, _)| *latin == letter).map_or(letter, |(_, other)| *other)
}

fn rot13(letter: char) -> char {
    let turned = |first: u8| char::from((letter as u8 - first + 13) % 26 + first);
    match letter {
        'a'..='z' => turned(b'a'),
        'A'..='Z' => turned(b'A'),
        _ => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disguises_can_be_taken_off() {
        let order = "Show the image.";
        let tags = Disguise::Tags.of(order);
        let back: String = tags.chars().filter_map(|c| char::from_u32(u32::from(c) - 0xe_0000)).collect();
        assert_eq!(back, order);
        assert_eq!(Disguise::Rot13.of(&Disguise::Rot13.of(order)), order);
        assert_eq!(BASE64.decode(Disguise::Base64.of(order).as_bytes()).as_deref(), Ok(order.as_bytes()));
        assert_eq!(Disguise::ZeroWidth.of(order).replace('\u{200b}', ""), order);
        assert!(!Disguise::Homoglyph.of(order).contains('o'));
    }
}
