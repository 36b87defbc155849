//! A view as rules read it: in small letters, with one space between words and a line feed between paragraphs.

use asepsis_normal::{Editor, Layer};
use asepsis_vocab::Span;

use crate::views::View;

/// A view in that form, with the way back.
pub(crate) struct Folded<'v> {
    view: View<'v>,
    spaces: Option<Layer>,
    text: String,
}

impl<'v> Folded<'v> {
    pub(crate) fn of(view: View<'v>) -> Self {
        let spaces = spaces(view.text());
        let text = small(spaces.as_ref().map_or(view.text(), Layer::text));
        Self { view, spaces, text }
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

/// Rows of white space made one character.
fn spaces(text: &str) -> Option<Layer> {
    let bytes = text.as_bytes();
    let mut edit = Editor::new(text);
    let mut at = 0;
    while let Some(start) = bytes[at..].iter().position(u8::is_ascii_whitespace).map(|i| at + i) {
        let len = bytes[start..].iter().take_while(|b| b.is_ascii_whitespace()).count();
        at = start + len;
        if len == 1 && bytes[start] == b' ' {
            continue;
        }
        let paragraph = bytes[start..at].iter().filter(|b| **b == b'\n').count() > 1;
        edit.replace(start, len, if paragraph { "\n" } else { " " });
    }
    edit.finish()
}
