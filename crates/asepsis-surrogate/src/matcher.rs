use std::ops::Range;

use crate::code::{CODE_LEN, is_code_byte};
use crate::issued::Issued;
use crate::placeholder::LABELS;
use crate::text::{Cursor, fold};

/// The longest label or hint between two separators, in characters.
const MAX_TOKEN: usize = 24;
/// The most words of a placeholder: those of a label that somebody translated, a hint, a code.
const MAX_TOKENS: usize = 6;

/// What stands at a place in the text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The surrogate of this original, and a plural or possessive ending within its brackets that is kept.
    Surrogate { original: u32, suffix: Range<usize>, end: usize },
    /// A whole placeholder that was not issued here.
    Unissued { end: usize },
}

/// Whether a surrogate could begin with `ch`, standing after `prev`. Cheap, and true for few characters of a text.
pub(crate) fn may_start(issued: &Issued, prev: Option<char>, ch: char) -> bool {
    if ch.is_ascii() {
        let in_word = || ch.is_ascii_alphanumeric() && prev.is_some_and(char::is_alphanumeric);
        return issued.starts[ch as usize] && !in_word();
    }
    if prev.is_some_and(char::is_alphanumeric) && ch.is_alphanumeric() {
        return false;
    }
    let mut first = None;
    fold(ch, |b| {
        first.get_or_insert(b);
        false
    });
    first.is_some_and(|b| issued.starts[b as usize]) || opens(ch).is_some()
}

/// The surrogate that begins where `cursor` stands, after `prev`. If the cursor starved meanwhile, the answer counts
/// for nothing.
pub(crate) fn find(issued: &Issued, cursor: &Cursor<'_>, prev: Option<char>) -> Option<Found> {
    bracketed(issued, cursor.clone(), prev)
        .or_else(|| bare(issued, cursor.clone(), prev))
        .or_else(|| literal(issued, cursor.clone(), prev))
}

/// The bracket that closes one that models swap for `[`.
fn opens(ch: char) -> Option<char> {
    Some(match ch {
        '[' => ']',
        '<' => '>',
        '(' => ')',
        '{' => '}',
        '【' => '】',
        '［' => '］',
        '«' => '»',
        '⟨' => '⟩',
        _ => return None,
    })
}

/// How a bracket was opened, and thus how it must be closed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bracket {
    Plain(char),
    /// With a backslash before it, as Markdown is escaped.
    Escaped(char),
    /// As an HTML character reference.
    Entity(&'static str),
}

impl Bracket {
    fn open(cursor: &mut Cursor<'_>) -> Option<Self> {
        let mut ahead = cursor.clone();
        let bracket = if ahead.eat('\\') {
            Self::Escaped(opens(ahead.eat_if(|c| opens(c).is_some())?)?)
        } else if ahead.eat('&') {
            let entities = [("lt;", "&gt;"), ("#91;", "&#93;"), ("#60;", "&#62;")];
            let (_, closer) = entities.into_iter().find(|(open, _)| ahead.eat_word(open))?;
            Self::Entity(closer)
        } else {
            Self::Plain(opens(ahead.eat_if(|c| opens(c).is_some())?)?)
        };
        *cursor = ahead;
        Some(bracket)
    }

    fn close(self, cursor: &mut Cursor<'_>) -> bool {
        match self {
            Self::Plain(closer) => cursor.eat(closer),
            Self::Escaped(closer) => cursor.eat('\\') && cursor.eat(closer),
            Self::Entity(closer) => cursor.eat_word(closer),
        }
    }
}

/// A placeholder in brackets of any kind. Brackets that are not both there are no part of it: then this finds nothing,
/// the opener stays, and the search goes on behind it. A second pair around it is text: the original may have stood in
/// brackets, and must come back in them.
fn bracketed(issued: &Issued, mut cursor: Cursor<'_>, prev: Option<char>) -> Option<Found> {
    let bracket = Bracket::open(&mut cursor)?;
    if prev == Some(']') && bracket == Bracket::Plain(')') {
        // The target of a Markdown link.
        return None;
    }
    skip_spaces(&mut cursor);
    let core = core(issued, &mut cursor, Where::Bracketed)?;
    let mut suffix = core.suffix;
    if suffix.is_empty() {
        let start = cursor.pos();
        if cursor.eat_if(|c| matches!(c, '\'' | '’')).is_some() {
            cursor.eat_if(|c| matches!(c, 's' | 'S'));
        }
        suffix = start..cursor.pos();
    }
    skip_spaces(&mut cursor);
    if !bracket.close(&mut cursor) {
        return None;
    }
    Some(found(core.original, suffix, cursor.pos()))
}

/// A placeholder, or its code alone, without brackets.
fn bare(issued: &Issued, mut cursor: Cursor<'_>, prev: Option<char>) -> Option<Found> {
    if prev.is_some_and(char::is_alphanumeric) {
        return None;
    }
    let core = core(issued, &mut cursor, Where::Bare)?;
    // The letter of a plural is text behind the placeholder.
    let end = if core.suffix.is_empty() { cursor.pos() } else { core.suffix.start };
    Some(found(core.original, end..end, end))
}

fn found(original: Option<u32>, suffix: Range<usize>, end: usize) -> Found {
    match original {
        Some(original) => Found::Surrogate { original, suffix, end },
        None => Found::Unissued { end },
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    /// Any word may be the label: models translate it.
    Bracketed,
    /// Only what was issued is followed, so that ordinary words are let go at their first letters.
    Bare,
}

/// The inside of a placeholder.
struct Core {
    /// `None` if the code was not issued.
    original: Option<u32>,
    /// The `s` behind the code.
    suffix: Range<usize>,
}

/// Label, hint and code: words with separators between them, of which the last has the length and the alphabet of a
/// code. The code alone decides, so a label that was changed, or a hint that was lost, does no harm.
fn core(issued: &Issued, cursor: &mut Cursor<'_>, place: Where) -> Option<Core> {
    let mut said = Words::default();
    let mut labelled = false;
    for _ in 0..MAX_TOKENS {
        let mut last_start = cursor.pos();
        let token_start = said.len;
        while let Some(unit) = cursor.peek().filter(|u| u.ch.is_alphanumeric()) {
            last_start = cursor.pos();
            cursor.advance(unit);
            if said.len - token_start == MAX_TOKEN {
                return None;
            }
            said.push(if unit.ch.is_ascii() { unit.ch.to_ascii_uppercase() as u8 } else { 1 });
            if place == Where::Bare && !viable(issued, said.all(), token_start, labelled) {
                return None;
            }
        }
        let token = &said.all()[token_start..];
        let plural = token.len() == CODE_LEN + 1 && token.ends_with(b"S");
        if let Some(code) = token.get(..CODE_LEN).filter(|c| plural || c.len() == token.len()) {
            let original = issued.codes.find(code);
            let shaped = labelled && place == Where::Bracketed && code.iter().all(|&b| is_code_byte(b));
            if original.is_some() || shaped {
                let suffix = if plural { last_start..cursor.pos() } else { cursor.pos()..cursor.pos() };
                return Some(Core { original, suffix });
            }
        }
        if token.is_empty() {
            return None;
        }
        labelled = labelled || LABELS.find(said.all()).is_some();
        said.push(b'_');
        // A space separates only what is known to be a label: any other word before a space is just a word.
        separator(cursor, labelled || LABELS.has_prefix(said.all()))?;
    }
    None
}

/// What was read of a placeholder: words in upper case with `_` between them.
struct Words {
    bytes: [u8; MAX_TOKENS * (MAX_TOKEN + 1)],
    len: usize,
}

impl Default for Words {
    fn default() -> Self {
        Self { bytes: [0; MAX_TOKENS * (MAX_TOKEN + 1)], len: 0 }
    }
}

impl Words {
    fn push(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    fn all(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Whether what was read without a bracket can still become something that was issued.
fn viable(issued: &Issued, said: &[u8], token_start: usize, labelled: bool) -> bool {
    let token = &said[token_start..];
    if labelled || token_start == 0 {
        let code = match token.len() {
            0..=CODE_LEN => issued.codes.has_prefix(token),
            _ => {
                token.len() == CODE_LEN + 1 && token.ends_with(b"S") && issued.codes.find(&token[..CODE_LEN]).is_some()
            }
        };
        if code {
            return true;
        }
    }
    if labelled {
        let number = token.len() <= 4 && token.iter().all(u8::is_ascii_digit);
        number || b"90PLUS".starts_with(token)
    } else {
        issued.labels.has_prefix(said)
    }
}

/// Steps over what stands between two words: `_` or a hyphen, either after a backslash, or one or two spaces.
fn separator(cursor: &mut Cursor<'_>, or_spaces: bool) -> Option<()> {
    if or_spaces && skip_spaces(cursor) {
        return Some(());
    }
    cursor.eat('\\');
    cursor.eat_if(|c| matches!(c, '_' | '-' | '\u{2010}' | '\u{2011}' | '\u{2013}')).map(|_| ())
}

fn skip_spaces(cursor: &mut Cursor<'_>) -> bool {
    let space = |c| matches!(c, ' ' | '\u{A0}');
    let any = cursor.eat_if(space).is_some();
    if any {
        cursor.eat_if(space);
    }
    any
}

/// The longest realistic surrogate, or part of one, that begins here and ends at the end of a word.
fn literal(issued: &Issued, mut cursor: Cursor<'_>, prev: Option<char>) -> Option<Found> {
    let first = cursor.peek()?;
    if prev.is_some_and(char::is_alphanumeric) && first.ch.is_alphanumeric() {
        return None;
    }
    let mut walk = issued.literals.start();
    let mut longest = None;
    while issued.literals.goes_on(&walk) {
        let Some(unit) = cursor.peek() else { break };
        if !fold(unit.ch, |b| issued.literals.step(&mut walk, b)) {
            break;
        }
        cursor.advance(unit);
        if let Some(original) = issued.literals.exact(&walk) {
            let in_word = unit.ch.is_alphanumeric() && cursor.peek().is_some_and(|u| u.ch.is_alphanumeric());
            if !in_word {
                longest = Some((original, cursor.pos()));
            }
        }
    }
    longest.map(|(original, end)| found(Some(original), end..end, end))
}
