//! Labelled texts as hostile or careless writers, scanners and programs would have left them.

use asepsis_score::{Labelled, LabelledSpan};

/// A way in which a text is changed, with its marks moved along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// All in lower case.
    Lower,
    /// All in upper case.
    Upper,
    /// A line break in place of the first space after 60 characters of a line.
    Wrap,
    /// No-break spaces in place of spaces.
    Nbsp,
    /// Full-width digits.
    FullWidth,
    /// Cyrillic letters in place of like Latin ones, in required marks.
    Homoglyph,
    /// Spaces in place of commas, full stops, colons and semicolons at the end of words.
    NoPunctuation,
    /// Zero-width spaces after a quarter of the letters and digits within required marks. Offsets move.
    ZeroWidth,
    /// En dashes in place of hyphens.
    Dash,
    /// Escaped as within a JSON string, in ASCII. Offsets move.
    Json,
}

/// Cyrillic letters that look like these Latin ones.
const LOOK_ALIKE: [(char, char); 12] = [
    ('a', 'а'),
    ('e', 'е'),
    ('o', 'о'),
    ('c', 'с'),
    ('p', 'р'),
    ('x', 'х'),
    ('A', 'А'),
    ('E', 'Е'),
    ('O', 'О'),
    ('C', 'С'),
    ('P', 'Р'),
    ('X', 'Х'),
];

impl Variant {
    /// Every variant.
    pub const ALL: [Self; 10] = [
        Self::Lower,
        Self::Upper,
        Self::Wrap,
        Self::Nbsp,
        Self::FullWidth,
        Self::Homoglyph,
        Self::NoPunctuation,
        Self::ZeroWidth,
        Self::Dash,
        Self::Json,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Upper => "upper",
            Self::Wrap => "wrap",
            Self::Nbsp => "nbsp",
            Self::FullWidth => "fullwidth",
            Self::Homoglyph => "homoglyph",
            Self::NoPunctuation => "nopunct",
            Self::ZeroWidth => "zwsp",
            Self::Dash => "dash",
            Self::Json => "json",
        }
    }

    /// Whether marks of the changed text may stand elsewhere than in the plain one.
    pub fn moves_offsets(self) -> bool {
        matches!(self, Self::ZeroWidth | Self::Json)
    }

    /// The text in this variant. What would become several characters in another case stays.
    pub fn of(self, plain: &Labelled) -> Labelled {
        let chars: Vec<char> = plain.text.chars().collect();
        match self {
            Self::Lower => each(plain, &chars, |_, c, out| out.push(only(c.to_lowercase(), c))),
            Self::Upper => each(plain, &chars, |_, c, out| out.push(only(c.to_uppercase(), c))),
            Self::Wrap => wrap(plain, &chars),
            Self::Nbsp => each(plain, &chars, |_, c, out| out.push(if c == ' ' { '\u{a0}' } else { c })),
            Self::FullWidth => each(plain, &chars, |_, c, out| {
                let wide = c.to_digit(10).and_then(|d| char::from_u32('\u{ff10}' as u32 + d));
                out.push(wide.unwrap_or(c));
            }),
            Self::Homoglyph => {
                let inside = required(plain, chars.len(), 0);
                each(plain, &chars, |i, c, out| {
                    let like = LOOK_ALIKE.iter().find(|(latin, _)| inside[i] && *latin == c);
                    out.push(like.map_or(c, |(_, cyrillic)| *cyrillic));
                })
            }
            Self::NoPunctuation => each(plain, &chars, |i, c, out| {
                let ends = chars.get(i + 1).is_none_or(|next| next.is_whitespace());
                out.push(if ends && matches!(c, ',' | '.' | ';' | ':') { ' ' } else { c });
            }),
            Self::ZeroWidth => {
                let inside = required(plain, chars.len(), 1);
                each(plain, &chars, |i, c, out| {
                    out.push(c);
                    if inside[i] && c.is_alphanumeric() && drawn(&plain.id, i) {
                        out.push('\u{200b}');
                    }
                })
            }
            Self::Dash => each(plain, &chars, |_, c, out| out.push(if c == '-' { '\u{2013}' } else { c })),
            Self::Json => each(plain, &chars, |_, c, out| escape(c, out)),
        }
    }
}

/// The text with each character replaced by what `put` writes for it, and its marks moved along.
fn each(plain: &Labelled, chars: &[char], put: impl Fn(usize, char, &mut String)) -> Labelled {
    let mut text = String::with_capacity(plain.text.len() * 2);
    let mut places = Vec::with_capacity(chars.len() + 1);
    let (mut at, mut counted) = (0, 0);
    for (i, &c) in chars.iter().enumerate() {
        places.push(at);
        put(i, c, &mut text);
        at += text[counted..].chars().count();
        counted = text.len();
    }
    places.push(at);
    let place = |i: usize| places[i.min(chars.len())];
    let spans = plain
        .spans
        .iter()
        .map(|s| LabelledSpan { start: place(s.start), end: place(s.end), label: s.label.clone(), req: s.req })
        .collect();
    Labelled { id: plain.id.clone(), text, spans }
}

fn wrap(plain: &Labelled, chars: &[char]) -> Labelled {
    let mut broken = vec![false; chars.len()];
    let mut last = 0;
    for (i, &c) in chars.iter().enumerate() {
        if c == '\n' {
            last = i;
        } else if c == ' ' && i - last > 60 {
            broken[i] = true;
            last = i;
        }
    }
    each(plain, chars, |i, c, out| out.push(if broken[i] { '\n' } else { c }))
}

/// Which characters stand within required marks, their last `short` ones not.
fn required(plain: &Labelled, length: usize, short: usize) -> Vec<bool> {
    let mut inside = vec![false; length];
    for span in plain.spans.iter().filter(|s| s.req) {
        let end = span.end.min(length).saturating_sub(short);
        inside[span.start.min(end)..end].fill(true);
    }
    inside
}

/// The one character, or else the usual.
fn only(mut case: impl Iterator<Item = char>, usual: char) -> char {
    match (case.next(), case.next()) {
        (Some(one), None) => one,
        _ => usual,
    }
}

/// True for a quarter of the places, the same ones in every run.
fn drawn(id: &str, place: usize) -> bool {
    let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = id.bytes().chain(place.to_le_bytes()).fold(0xcbf2_9ce4_8422_2325, fnv);
    (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 62 == 0
}

fn escape(c: char, out: &mut String) {
    match c {
        '"' | '\\' => out.extend(['\\', c]),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        ' '..='~' => out.push(c),
        _ => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
}
