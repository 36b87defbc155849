//! How attacks are disguised in tests: one file of forms that people used.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// A disguise and its name.
pub(crate) type Disguise = (&'static str, fn(&str) -> String);

pub(crate) const DISGUISES: [Disguise; 16] = [
    ("base64", |t| BASE64_STANDARD.encode(t)),
    ("base64 in lines", |t| {
        let whole = BASE64_STANDARD.encode(t);
        whole.as_bytes().chunks(76).map(|c| String::from_utf8_lossy(c).into_owned()).collect::<Vec<_>>().join("\n")
    }),
    ("base64 twice", |t| BASE64_STANDARD.encode(BASE64_STANDARD.encode(t))),
    ("hex", |t| t.bytes().map(|b| format!("{b:02x}")).collect()),
    ("hex in pairs", |t| t.bytes().map(|b| format!("{b:02X} ")).collect()),
    ("percent, all", |t| t.bytes().map(|b| format!("%{b:02X}")).collect()),
    ("percent, as URLs are", |t| {
        let keep = |b: u8| b.is_ascii_alphanumeric() || b"-_.~/".contains(&b);
        t.bytes().map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
    }),
    ("entities", |t| t.chars().map(|c| format!("&#{};", u32::from(c))).collect()),
    ("tag characters", |t| {
        t.chars().filter(char::is_ascii).filter_map(|c| char::from_u32(0xE0000 + u32::from(c))).collect()
    }),
    ("variation selectors", |t| {
        let place = |b: u8| if b < 16 { 0xFE00 + u32::from(b) } else { 0xE0100 + u32::from(b) - 16 };
        t.bytes().filter_map(|b| char::from_u32(place(b))).collect()
    }),
    ("zero width", |t| between(t, '\u{200B}')),
    ("soft hyphen", |t| between(t, '\u{AD}')),
    ("look-alikes", |t| {
        t.chars()
            .map(|c| match c {
                'a' => 'а',
                'e' => 'е',
                'o' => 'о',
                'p' => 'р',
                'c' => 'с',
                'i' => 'і',
                c => c,
            })
            .collect()
    }),
    ("mathematical letters", |t| {
        t.chars()
            .map(|c| match c {
                'a'..='z' => char::from_u32(0x1D41A + u32::from(c) - u32::from('a')).unwrap_or(c),
                'A'..='Z' => char::from_u32(0x1D400 + u32::from(c) - u32::from('A')).unwrap_or(c),
                c => c,
            })
            .collect()
    }),
    ("spaced", |t| {
        t.chars()
            .map(|c| if c == ' ' { "  ".to_owned() } else { format!("{c} ") })
            .collect::<String>()
            .trim()
            .to_owned()
    }),
    ("override", |t| format!("\u{202E}{}\u{202C}", t.chars().rev().collect::<String>())),
];

fn between(text: &str, mark: char) -> String {
    text.chars().flat_map(|c| [Some(c), Some(mark).filter(|_| c.is_alphanumeric())]).flatten().collect()
}
