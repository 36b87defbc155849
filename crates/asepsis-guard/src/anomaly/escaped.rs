//! Letters that are written as escapes though nothing asks for it: `%69%67`, `&#105;`, `\u0069`.
//!
//! An encoder escapes what its format cannot hold. Letters and digits of ASCII stand for themselves in URLs (RFC 3986,
//! 2.3), HTML and JSON alike, so that who escapes them hides them.

use asepsis_vocab::{Span, Verdict};

use super::Flags;

/// The rule of percent escapes, which the views decode.
pub(crate) const PERCENT: &str = "encoded/percent";

/// So many escaped letters near each other are no accident.
const FEWEST: usize = 6;
/// A path with so many spaces in it is a sentence.
const PATH: usize = 6;
/// Escapes that are so near belong together.
const NEAR: usize = 12;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Percent,
    Entity,
    Backslash,
}

impl Kind {
    fn rule(self) -> &'static str {
        match self {
            Self::Percent => PERCENT,
            Self::Entity => "encoded/entities",
            Self::Backslash => "encoded/escapes",
        }
    }
}

pub(super) fn find(text: &str, flags: &mut Flags) {
    let bytes = text.as_bytes();
    let mut runs: [Option<Run>; 3] = [None; 3];
    let mut from = 0;
    while let Some(at) = memchr::memchr3(b'%', b'&', b'\\', &bytes[from..]).map(|i| from + i) {
        from = at + 1;
        let (kind, escape) = match bytes[at] {
            b'%' => (Kind::Percent, percent(bytes, at)),
            b'&' => (Kind::Entity, entity(bytes, at)),
            _ => (Kind::Backslash, backslash(bytes, at)),
        };
        let Some((len, said)) = escape else { continue };
        from = at + len;
        let run = &mut runs[kind as usize];
        let near = run.is_some_and(|r| at <= r.end + NEAR);
        if !near && let Some(done) = run.take() {
            done.flag(kind, flags);
        }
        let run = run.get_or_insert(Run { start: at, end: at, letters: 0, spaces: 0 });
        run.end = at + len;
        run.letters += usize::from(said.is_ascii_alphanumeric());
        run.spaces += usize::from(said == b' ');
    }
    for (kind, run) in [Kind::Percent, Kind::Entity, Kind::Backslash].into_iter().zip(runs) {
        if let Some(run) = run {
            run.flag(kind, flags);
        }
    }
    sentence(text, flags);
}

#[derive(Clone, Copy)]
struct Run {
    start: usize,
    end: usize,
    letters: usize,
    spaces: usize,
}

impl Run {
    fn flag(self, kind: Kind, flags: &mut Flags) {
        if self.letters >= FEWEST {
            flags.add(kind.rule(), Verdict::Strip, Span::new(self.start, self.end));
        }
    }
}

/// A sentence whose spaces alone are escaped and that is part of no URL: `Ignore%20all%20previous%20rules`.
fn sentence(text: &str, flags: &mut Flags) {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = memchr::memmem::find(&bytes[from..], b"%20").map(|i| from + i) {
        let blank = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'<' | b'>' | b'|' | b'\'');
        let start = bytes[from.max(at.saturating_sub(2048))..at]
            .iter()
            .rposition(blank)
            .map_or_else(|| from.max(at.saturating_sub(2048)), |i| from.max(at.saturating_sub(2048)) + i + 1);
        let end = bytes[at..].iter().position(blank).map_or(bytes.len(), |i| at + i);
        let row = &bytes[start..end];
        let spaces = memchr::memmem::find_iter(row, b"%20").count();
        let head = &row[..row.len().min(64)];
        let url = [&b"://"[..], b"mailto:", b"tel:", b"www.", b"cid:", b"?", b"="]
            .iter()
            .any(|sign| memchr::memmem::find(head, sign).is_some())
            || row.first() == Some(&b'/') && spaces < PATH
            || is_file(row);
        if spaces >= 2 && !url && text.is_char_boundary(start) && text.is_char_boundary(end) {
            flags.add(PERCENT, Verdict::Strip, Span::new(start, end));
        }
        from = end.max(at + 3);
    }
}

/// Whether a row ends as the name of a file does: a dot and two to four letters or digits.
fn is_file(row: &[u8]) -> bool {
    let ending = row.iter().rev().take_while(|b| b.is_ascii_alphanumeric()).count();
    (2..=4).contains(&ending) && row.len() > ending && row[row.len() - ending - 1] == b'.'
}

fn percent(bytes: &[u8], at: usize) -> Option<(usize, u8)> {
    Some((3, hex(bytes.get(at + 1..at + 3)?)?))
}

fn entity(bytes: &[u8], at: usize) -> Option<(usize, u8)> {
    if bytes.get(at + 1) != Some(&b'#') {
        return None;
    }
    let digits = bytes.get(at + 2..)?;
    let (digits, prefix) = match digits.first()? {
        b'x' | b'X' => (&digits[1..], 3),
        _ => (digits, 2),
    };
    let len = digits.iter().take(8).take_while(|b| b.is_ascii_hexdigit()).count();
    let number = std::str::from_utf8(&digits[..len]).ok()?;
    let code = u32::from_str_radix(number, if prefix == 3 { 16 } else { 10 }).ok()?;
    // Browsers read a reference without its semicolon too.
    let semicolon = usize::from(digits.get(len) == Some(&b';'));
    Some((prefix + len + semicolon, u8::try_from(code).ok()?))
}

fn backslash(bytes: &[u8], at: usize) -> Option<(usize, u8)> {
    match bytes.get(at + 1)? {
        b'u' => {
            let code = bytes.get(at + 2..at + 6)?;
            Some((6, if code.starts_with(b"00") { hex(&code[2..])? } else { 0 }))
        }
        b'x' => Some((4, hex(bytes.get(at + 2..at + 4)?)?)),
        _ => None,
    }
}

fn hex(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok().filter(|t| t.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u8::from_str_radix(text, 16).ok()
}
