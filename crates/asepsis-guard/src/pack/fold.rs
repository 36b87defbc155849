//! A view as rules read it: in small letters, with one space between words and a line feed between paragraphs.

use asepsis_normal::{Editor, Layer};
use asepsis_vocab::Span;

use crate::views::View;

/// A view in that form, with the way back.
pub(crate) struct Folded<'v> {
    view: View<'v>,
    spaces: Option<Layer>,
    text: String,
    starts: Vec<usize>,
}

impl<'v> Folded<'v> {
    pub(crate) fn of(view: View<'v>) -> Self {
        let spaces = spaces(view.text());
        let text = small(spaces.as_ref().map_or(view.text(), Layer::text));
        let starts = starts(text.as_bytes());
        Self { view, spaces, text, starts }
    }

    /// Where a phrase may begin that begins with a word or a mark: not within a word of ASCII, and not with white space.
    pub(crate) fn starts(&self) -> &[usize] {
        &self.starts
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Where `start..end`, which is not empty, stood in the original.
    pub(crate) fn span(&self, start: usize, end: usize) -> Span {
        let (start, end) = self.spaces.as_ref().map_or((start, end), |layer| layer.back(start, end));
        self.view.span(start, end)
    }
}

/// A text in the form of phrases.
pub(crate) fn folded(text: &str) -> String {
    small(spaces(text).as_ref().map_or(text, Layer::text))
}

/// The text in small letters; a letter whose small form is longer or shorter stays.
fn small(text: &str) -> String {
    let mut out = text.to_owned();
    out.make_ascii_lowercase();
    if out.is_ascii() {
        return out;
    }
    out.chars()
        .map(|c| {
            let mut lower = c.to_lowercase();
            match (lower.next(), lower.next()) {
                (Some(l), None) if l.len_utf8() == c.len_utf8() => l,
                _ => c,
            }
        })
        .collect()
}

fn starts(bytes: &[u8]) -> Vec<usize> {
    // A word and what divides it from the next have five bytes or so.
    let mut starts = Vec::with_capacity(bytes.len() / 4);
    let mut before = false;
    for (at, byte) in bytes.iter().enumerate() {
        let within = WORD[usize::from(*byte)];
        if !(within && before || matches!(byte, b' ' | b'\n')) {
            starts.push(at);
        }
        before = within;
    }
    starts
}

/// Letters and digits of ASCII.
static WORD: [bool; 256] = {
    let (mut table, mut byte) = ([false; 256], 0);
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    table
};

/// Rows of white space made one character.
fn spaces(text: &str) -> Option<Layer> {
    let bytes = text.as_bytes();
    let mut edit = Editor::new(text);
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        // All white space is below; most is one space before a word.
        let plain = *byte > b' ' || *byte == b' ' && bytes.get(at + 1).is_some_and(|next| *next > b' ');
        if plain || !byte.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let start = at;
        at += bytes[start..].iter().take_while(|b| b.is_ascii_whitespace()).count();
        let len = at - start;
        if len == 1 && *byte == b' ' {
            continue;
        }
        let paragraph = bytes[start..at].iter().filter(|b| **b == b'\n').count() > 1;
        edit.replace(start, len, if paragraph { "\n" } else { " " });
    }
    edit.finish()
}
