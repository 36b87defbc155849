//! A second look at what is about to leave, which shares no code with the engine's rules.

mod cue;
mod shape;
mod text;

use std::sync::LazyLock;

use asepsis_vocab::{IdentifierClass, Span};

use crate::known::KnownPhi;
use crate::placeholder;

/// What the tripwire met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trip {
    /// The class that the shape is of.
    pub class: IdentifierClass,
    /// Where it stands.
    pub span: Span,
}

/// Scans rewritten text once more before it leaves, with shapes of its own that share no code with the engine, and gives
/// back the first identifier that is left.
///
/// It knows fewer kinds than the engine and is meant to find nothing; a hit means that a rule or a rewrite failed, and
/// the exchange must not go on. It does not fire on placeholders. Dates, ages and ZIP codes, which a limited data set keeps
/// (45 CFR 164.514(e)(2)), are not looked for; see [`Tripwire::dates`].
pub fn tripwire(text: &str) -> Option<Trip> {
    Tripwire::new().find(text)
}

/// A tripwire with settings.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tripwire<'k> {
    dates: bool,
    known: Option<&'k KnownPhi>,
}

impl<'k> Tripwire<'k> {
    /// As [`tripwire`] looks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks for numeric dates and dates with the name of a month too, which only a limited data set may keep.
    #[must_use]
    pub fn dates(mut self, dates: bool) -> Self {
        self.dates = dates;
        self
    }

    /// Looks for what the caller knows too: full names and numbers.
    #[must_use]
    pub fn known(mut self, known: &'k KnownPhi) -> Self {
        self.known = Some(known);
        self
    }

    /// The first identifier of a text that is no placeholder.
    pub fn find(&self, text: &str) -> Option<Trip> {
        let placeholders = LazyLock::new(|| placeholder::find(text));
        let plain = text::Plain::of(text);
        let free = |span: &Span| !placeholders.iter().any(|&(a, b)| a < span.end && span.start < b);
        let mut at = 0;
        while let Some((class, start, end, next)) = self.next(plain.bytes(), at) {
            let span = plain.span(start, end);
            if free(&span) {
                return Some(Trip { class, span });
            }
            at = next;
        }
        let (class, span) = self.known?.meets(text, &free)?;
        Some(Trip { class, span })
    }

    /// The class and place of the next shape from `at` on, and where to go on after it.
    fn next(&self, bytes: &[u8], at: usize) -> Option<(IdentifierClass, usize, usize, usize)> {
        let mut i = at;
        while i < bytes.len() {
            let b = bytes[i];
            if !TRIGGERS[usize::from(b)] {
                i += 1;
                continue;
            }
            let found = match b {
                b'@' => shape::email(bytes, i).map(|(s, e)| (IdentifierClass::Email, s, e)),
                b':' => shape::url(bytes, i)
                    .map(|(s, e)| (IdentifierClass::Url, s, e))
                    .or_else(|| shape::hardware_address(bytes, i).map(|(s, e)| (IdentifierClass::Device, s, e))),
                _ => {
                    let chunk = shape::Chunk::around(bytes, i);
                    let found = chunk.identifier(bytes).or_else(|| {
                        let date = if self.dates { chunk.date(bytes) } else { None };
                        date.map(|(s, e)| (IdentifierClass::Date, s, e))
                    });
                    i = chunk.end.max(i + 1) - 1;
                    found
                }
            };
            if let Some((class, start, end)) = found
                && start < end
                && end > at
            {
                return Some((class, start, end, end.max(i + 1)));
            }
            i += 1;
        }
        None
    }
}

/// Bytes at which an identifier may be: digits, and the signs of addresses.
static TRIGGERS: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = b'0' as usize;
    while b <= b'9' as usize {
        table[b] = true;
        b += 1;
    }
    table[b'@' as usize] = true;
    table[b':' as usize] = true;
    table
};
