//! Ways to hide a sentence from those who read, and from those who search.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::chance::Chance;

/// A way to hide a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Disguise {
    Base64,
    Hex,
    Percent,
    Tags,
    ZeroWidth,
    SoftHyphen,
    Homoglyph,
    Spaced,
    Bidi,
    Entities,
    HiddenHtml,
}

impl Disguise {
    /// Every way.
    pub const ALL: [Self; 11] = [
        Self::Base64,
        Self::Hex,
        Self::Percent,
        Self::Tags,
        Self::ZeroWidth,
        Self::SoftHyphen,
        Self::Homoglyph,
        Self::Spaced,
        Self::Bidi,
        Self::Entities,
        Self::HiddenHtml,
    ];

    /// Its name in the table.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Hex => "hex",
            Self::Percent => "percent",
            Self::Tags => "tag characters",
            Self::ZeroWidth => "zero width",
            Self::SoftHyphen => "soft hyphen",
            Self::Homoglyph => "homoglyph",
            Self::Spaced => "spaced",
            Self::Bidi => "bidi override",
            Self::Entities => "entities",
            Self::HiddenHtml => "hidden HTML",
        }
    }

    /// Hides a sentence.
    pub fn hide(self, text: &str, chance: &mut Chance) -> String {
        match self {
            Self::Base64 => STANDARD.encode(text),
            Self::Hex => text.bytes().map(|b| format!("{b:02x}")).collect(),
            Self::Percent => text
                .bytes()
                .map(|b| {
                    if b.is_ascii_alphanumeric() && !chance.is(0.3) {
                        char::from(b).to_string()
                    } else {
                        format!("%{b:02X}")
                    }
                })
                .collect(),
            Self::Tags => text
                .chars()
                .map(|c| if c.is_ascii() { char::from_u32(0xE_0000 + u32::from(c)).unwrap_or(c) } else { c })
                .collect(),
            Self::ZeroWidth => strewn(text, &['\u{200B}', '\u{200C}', '\u{200D}', '\u{2060}'], 0.5, chance),
            Self::SoftHyphen => strewn(text, &['\u{AD}'], 0.4, chance),
            Self::Homoglyph => text.chars().map(|c| if chance.is(0.5) { alike(c) } else { c }).collect(),
            Self::Spaced => {
                let words = text.split(' ').map(|word| word.chars().map(String::from).collect::<Vec<_>>().join(" "));
                words.collect::<Vec<_>>().join("  ")
            }
            Self::Bidi => format!("\u{202E}{}\u{202C}", text.chars().rev().collect::<String>()),
            Self::Entities => text
                .chars()
                .map(|c| match c {
                    c if chance.is(0.15) => c.to_string(),
                    c if chance.is(0.5) => format!("&#x{:x};", u32::from(c)),
                    c => format!("&#{};", u32::from(c)),
                })
                .collect(),
            Self::HiddenHtml => match chance.below(5) {
                0 => format!("<div style=\"display:none\">{text}</div>"),
                1 => format!("<span style=\"font-size:0px\">{text}</span>"),
                2 => format!("<!-- {text} -->"),
                3 => format!("<p hidden>{text}</p>"),
                _ => format!("<span style=\"color:#fff;background:#ffffff\">{text}</span>"),
            },
        }
    }
}

fn strewn(text: &str, with: &[char], share: f64, chance: &mut Chance) -> String {
    let mut out = String::new();
    for c in text.chars() {
        out.push(c);
        if chance.is(share) {
            out.push(*chance.pick(with));
        }
    }
    out
}

/// A letter of another script that looks the same.
fn alike(c: char) -> char {
    match c {
        'a' => 'а',
        'c' => 'с',
        'e' => 'е',
        'i' => 'і',
        'o' => 'о',
        'p' => 'р',
        's' => 'ѕ',
        'x' => 'х',
        'y' => 'у',
        'A' => 'А',
        'B' => 'В',
        'E' => 'Е',
        'H' => 'Н',
        'I' => 'І',
        'M' => 'М',
        'O' => 'О',
        'P' => 'Р',
        'T' => 'Т',
        other => other,
    }
}
