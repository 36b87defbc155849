//! Where something may stand encoded: rows of the alphabets of base64, base32 and hexadecimal.

use super::Encoding;
use super::base;
use super::readable;

/// The shortest row that is looked at: twelve bytes of base64.
const SHORTEST: usize = 16;
/// The shortest row of base32 or hexadecimal: twelve bytes.
const SHORTEST_HEX: usize = 20;
/// A line of encoded text from which on the next line may go on with it.
const LINE: usize = 40;
/// So much is decoded to see whether the rest is worth it.
const TASTE: usize = 48;

/// So much of a binary is looked at for texts in it: where images and documents have their names and remarks.
const BINARY: usize = 64 << 10;

/// A row that may be something encoded.
pub(super) struct Blob<'t> {
    pub(super) encoding: Encoding,
    pub(super) start: usize,
    pub(super) end: usize,
    text: &'t str,
}

/// What was decoded of a row.
pub(super) struct Found {
    pub(super) texts: Vec<String>,
    /// Whether the whole is a text in words.
    pub(super) reads: bool,
    /// Whether the limit cut it.
    pub(super) cut: bool,
}

impl Blob<'_> {
    /// What the row says, at most `room` bytes of it; `None` where that is nothing.
    pub(super) fn decode(&self, room: usize) -> Option<Found> {
        let bytes = &self.text.as_bytes()[self.start..self.end];
        let decode = |from: usize, most: usize| match self.encoding {
            Encoding::Base32 => base::base32(&bytes[from..], most),
            Encoding::Hex => base::hex(&bytes[from..], most),
            _ => base::base64(&bytes[from..], most),
        };
        // What stands before without a gap shifts base64 by one to three characters.
        let shifts = if self.encoding == Encoding::Base64 { 4 } else { 1 };
        let short = bytes.len() < 32;
        let from = (0..shifts).find(|from| {
            let taste = decode(*from, TASTE);
            taste.len() >= 9 && readable::may_be_text(&taste)
        });
        // A long row that does not begin as a text may be an image or a document that holds some.
        if from.is_none() && short {
            return None;
        }
        let (from, most) = from.map_or((0, BINARY.min(room)), |from| (from, room));
        let decoded = decode(from, most);
        let cut = most == room && decoded.len() == room;
        let found = readable::of(&decoded)?;
        let reads = found.is_text && !self.is_token() && !is_document(&found.texts);
        (found.is_text || !short).then_some(Found { texts: found.texts, reads, cut })
    }

    /// Whether it is a part of a JSON Web Token (RFC 7519): parts that begin as an object, with dots between them.
    fn is_token(&self) -> bool {
        let row = &self.text[self.start..self.end];
        row.starts_with("eyJ") && (self.text[self.end..].starts_with(".") || self.text[..self.start].ends_with('.'))
    }
}

/// Whether what was decoded is a document, as messages carry them in base64: it is read, and no disguise.
fn is_document(texts: &[String]) -> bool {
    const BEGIN: [&str; 9] = [
        "%PDF-",
        "{\\rtf",
        "<?xml",
        "<ClinicalDocument",
        "<!DOCTYPE",
        "<html",
        "MSH|",
        "{\"resourceType\"",
        "BEGIN:VC",
    ];
    texts.first().is_some_and(|text| BEGIN.iter().any(|begin| text.trim_start().starts_with(begin)))
}

/// Every row of a text that may be something encoded, in order; they do not overlap.
pub(super) fn blobs(text: &str) -> impl Iterator<Item = Blob<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let blob = next(text, at)?;
        at = blob.end;
        Some(blob)
    })
}

fn next(text: &str, mut at: usize) -> Option<Blob<'_>> {
    let bytes = text.as_bytes();
    while at < bytes.len() {
        if !IN[usize::from(bytes[at])] {
            at += 1;
            continue;
        }
        // Most rows are words.
        let end = at + bytes[at..].iter().take_while(|b| IN[usize::from(**b)]).count();
        if end - at < SHORTEST && !may_be_pairs(bytes, at) {
            at = end;
            continue;
        }
        if bytes[at] == b'0' && matches!(bytes.get(at + 1), Some(b'x' | b'X')) && pairs(bytes, at).is_none() {
            // "0x" before a row says that it is hexadecimal.
            at += 2;
            continue;
        }
        if let Some(end) = pairs(bytes, at) {
            return Some(Blob { encoding: Encoding::Hex, start: at, end, text });
        }
        let end = row(bytes, at);
        if end - at >= SHORTEST
            && let Some(encoding) = alphabet(&bytes[at..end])
        {
            // Padding belongs to it.
            let padding = bytes[end..].iter().take(6).take_while(|b| **b == b'=').count();
            return Some(Blob { encoding, start: at, end: end + padding, text });
        }
        at = end;
    }
    None
}

/// The characters of base64, of both kinds, and so of the other alphabets.
static IN: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = base::base64_value(b as u8).is_some();
        b += 1;
    }
    table
};

/// The end of the row that begins at `at`; long lines of it go on over line ends.
fn row(bytes: &[u8], at: usize) -> usize {
    let mut line = at;
    let mut end = at;
    loop {
        end += bytes[end..].iter().take_while(|b| IN[usize::from(**b)]).count();
        let gap = bytes[end..].iter().take(4).take_while(|b| matches!(b, b'\r' | b'\n' | b' ' | b'\t')).count();
        let broken = bytes[end..end + gap].contains(&b'\n');
        if end - line < LINE || !broken || !bytes.get(end + gap).is_some_and(|b| IN[usize::from(*b)]) {
            return end;
        }
        line = end + gap;
        end = line;
    }
}

/// Which alphabet a row is of, the narrowest first; `None` where it is words.
fn alphabet(row: &[u8]) -> Option<Encoding> {
    let all = |is: fn(&u8) -> bool| row.iter().all(|b| is(b) || b.is_ascii_whitespace());
    if row.len() >= SHORTEST_HEX && row.len().is_multiple_of(2) && all(u8::is_ascii_hexdigit) {
        return Some(Encoding::Hex);
    }
    if row.len() >= SHORTEST_HEX && all(|b| matches!(b, b'A'..=b'Z' | b'2'..=b'7')) {
        return Some(Encoding::Base32);
    }
    // Words joined by hyphens and slashes are in one case; a row of base64 has both, or digits.
    let upper = row.iter().filter(|b| b.is_ascii_uppercase()).count();
    let lower = row.iter().filter(|b| b.is_ascii_lowercase()).count();
    (upper >= 2 && lower >= 2).then_some(Encoding::Base64)
}

/// Whether bytes in hexadecimal with a mark between them may begin here: most words have no mark at their third byte.
fn may_be_pairs(bytes: &[u8], at: usize) -> bool {
    bytes.get(at + 1).is_some_and(|b| matches!(b, b'x' | b'X'))
        || bytes.get(at + 2).is_some_and(|b| matches!(b, b' ' | b':' | b',' | b'-' | b'\n'))
            && bytes[at].is_ascii_hexdigit()
            && bytes[at + 1].is_ascii_hexdigit()
}

/// The end of bytes in hexadecimal with a mark between them (`69 67 6e`, `69:67:6e`, `0x69, 0x67`) from `at` on.
fn pairs(bytes: &[u8], at: usize) -> Option<usize> {
    let pair = |k: usize| {
        let k = if bytes.get(k..k + 2).is_some_and(|p| p == b"0x" || p == b"0X") { k + 2 } else { k };
        let is_pair = bytes.get(k..k + 2)?.iter().all(u8::is_ascii_hexdigit)
            && !bytes.get(k + 2).is_some_and(u8::is_ascii_alphanumeric);
        is_pair.then_some(k + 2)
    };
    if !may_be_pairs(bytes, at) {
        return None;
    }
    let (mut end, mut count) = (pair(at)?, 1);
    loop {
        let gap = bytes[end..].iter().take(2).take_while(|b| matches!(b, b' ' | b':' | b',' | b'-' | b'\n')).count();
        if gap == 0 {
            break;
        }
        let Some(next) = pair(end + gap) else { break };
        (end, count) = (next, count + 1);
    }
    (count >= SHORTEST_HEX / 2).then_some(end)
}
