//! The texts of HTML as browsers read it: whatever is wrong with it, something is shown.
//!
//! A block is one text, inline elements divide no sentence. Titles, comments, scripts and attributes with a space in them are texts
//! too: nobody sees them, and a model reads them.

use std::collections::HashMap;
use std::ops::Range;

use crate::field::{Found, Gather, Limits, Unreadable, plain};

/// Elements that stand within a line of text.
const INLINE: [&str; 26] = [
    "b", "i", "u", "em", "strong", "span", "font", "a", "sup", "sub", "small", "mark", "code", "wbr", "label", "abbr",
    "big", "tt", "s", "del", "ins", "cite", "q", "kbd", "var", "time",
];
/// Elements whose content is no markup.
const RAW: [&str; 5] = ["script", "style", "textarea", "title", "xmp"];

/// Whether a text is HTML or a piece of it: it has a tag that HTML knows.
#[must_use]
pub fn looks_like(text: &str) -> bool {
    const KNOWN: [&str; 18] = [
        "html", "body", "head", "div", "p", "br", "table", "tr", "td", "ul", "ol", "li", "span", "a", "h1", "h2",
        "img", "b",
    ];
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if start.get(..9).is_some_and(|t| t.eq_ignore_ascii_case("<!doctype")) {
        return true;
    }
    let mut found = 0;
    for (at, _) in text.match_indices('<').take(64) {
        let closing = text.as_bytes().get(at + 1) == Some(&b'/');
        let name = name(text, at + 1 + usize::from(closing));
        let ends = text.as_bytes().get(at + 1 + usize::from(closing) + name.len());
        let ended = matches!(ends, Some(b'>' | b' ' | b'/' | b'\n' | b'\t'));
        if ended && KNOWN.iter().any(|k| name.eq_ignore_ascii_case(k)) {
            found += if closing || ends != Some(&b'>') || name.len() > 1 { 2 } else { 1 };
        }
        if found >= 2 {
            return true;
        }
    }
    false
}

fn name(text: &str, at: usize) -> &str {
    let rest = text.get(at..).unwrap_or_default();
    let len = rest.bytes().take(32).take_while(|b| b.is_ascii_alphanumeric() || *b == b'-').count();
    if rest.starts_with(|c: char| c.is_ascii_alphabetic()) { &rest[..len] } else { "" }
}

/// The texts of a page or a piece of one. Character references stay as they are written.
///
/// # Errors
/// Only where a limit is passed.
pub fn fields(text: &str, limits: &Limits) -> Result<Found, Unreadable> {
    let mut page =
        Page { text, gather: Gather::new(limits, text.len())?, counts: HashMap::new(), block: Block::default() };
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let Some(open) = bytes[at..].iter().position(|b| *b == b'<').map(|i| at + i) else { break };
        page.say(at..open);
        if text[open..].starts_with("<!--") {
            let end = text[open + 4..].find("-->").map_or(text.len(), |i| open + 4 + i);
            page.aside("comment", open + 4..end)?;
            at = (end + 3).min(text.len());
            continue;
        }
        let Some(end) = tag_end(bytes, open) else {
            // Nothing that follows is a tag.
            at = open;
            break;
        };
        let inside = bytes.get(open + 1).copied().unwrap_or(b' ');
        match inside {
            b'/' | b'!' | b'?' => {
                let name = name(text, open + 2).to_ascii_lowercase();
                if inside == b'/' && !INLINE.contains(&name.as_str()) {
                    page.flush()?;
                }
            }
            b if b.is_ascii_alphabetic() => {
                let name = name(text, open + 1).to_ascii_lowercase();
                if !INLINE.contains(&name.as_str()) {
                    page.flush()?;
                    page.block.name.clone_from(&name);
                }
                page.attributes(&name, open + 1 + name.len()..end)?;
                if RAW.contains(&name.as_str()) {
                    let close = find_close(text, end, &name);
                    page.aside(&name, end..close)?;
                    at = close;
                    continue;
                }
            }
            // A sign of less than.
            _ => {
                page.say(open..open + 1);
                at = open + 1;
                continue;
            }
        }
        at = end;
    }
    page.say(at..text.len());
    page.flush()?;
    Ok(page.gather.finish())
}

/// The end of the tag that begins at `open`, which may have brackets in quotation marks; `None` if there is none up to the end.
fn tag_end(bytes: &[u8], open: usize) -> Option<usize> {
    let first = bytes.get(open + 1)?;
    if !(first.is_ascii_alphabetic() || matches!(first, b'/' | b'!' | b'?')) {
        return Some(open + 1);
    }
    let mut quote = None;
    let quotable = first.is_ascii_alphabetic();
    for (i, b) in bytes[open..].iter().enumerate() {
        match (quote, *b) {
            (None, b'>') => return Some(open + i + 1),
            (None, b'"' | b'\'') if quotable => quote = Some(*b),
            (Some(q), b) if q == b => quote = None,
            _ => {}
        }
    }
    None
}

fn find_close(text: &str, from: usize, name: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = from;
    while let Some(open) = bytes[at..].iter().position(|b| *b == b'<').map(|i| at + i) {
        let close = text.get(open + 2..open + 2 + name.len());
        if bytes.get(open + 1) == Some(&b'/') && close.is_some_and(|n| n.eq_ignore_ascii_case(name)) {
            return open;
        }
        at = open + 1;
    }
    text.len()
}

/// The text of a block that is being read.
#[derive(Default)]
struct Block {
    name: String,
    said: String,
    span: Option<Range<usize>>,
    pieces: usize,
}

struct Page<'t, 'l> {
    text: &'t str,
    gather: Gather<'l>,
    counts: HashMap<String, usize>,
    block: Block,
}

impl Page<'_, '_> {
    fn say(&mut self, span: Range<usize>) {
        let said = self.text.get(span.clone()).unwrap_or_default();
        if said.is_empty() || self.block.span.is_none() && said.trim().is_empty() {
            return;
        }
        self.block.said.push_str(said);
        self.block.pieces += 1;
        let start = self.block.span.as_ref().map_or(span.start, |s| s.start);
        self.block.span = Some(start..span.end);
    }

    fn flush(&mut self) -> Result<(), Unreadable> {
        let block = std::mem::take(&mut self.block);
        let Some(span) = block.span.filter(|_| !block.said.trim().is_empty()) else { return Ok(()) };
        let label = self.label(if block.name.is_empty() { "text" } else { &block.name });
        self.gather.add(|| label, span, (block.pieces > 1).then_some(block.said))
    }

    fn label(&mut self, name: &str) -> String {
        let name = plain(name);
        let count = self.counts.entry(name.to_owned()).or_default();
        *count += 1;
        if *count > 1 { format!("{name}[{count}]") } else { name.to_owned() }
    }

    fn aside(&mut self, name: &str, span: Range<usize>) -> Result<(), Unreadable> {
        if self.text.get(span.clone()).is_none_or(|t| t.trim().is_empty()) {
            return Ok(());
        }
        let label = self.label(name);
        self.gather.add(|| label, span, None)
    }

    /// Texts in attributes: values with a space in them, but those that say how something looks.
    fn attributes(&mut self, name: &str, span: Range<usize>) -> Result<(), Unreadable> {
        let raw = self.text.get(span.clone()).unwrap_or_default();
        let bytes = raw.as_bytes();
        let mut at = 0;
        while let Some(sign) = bytes[at..].iter().position(|b| *b == b'=').map(|i| at + i) {
            let key_start = bytes[at..sign].iter().rposition(u8::is_ascii_whitespace).map_or(at, |i| at + i + 1);
            let key = raw.get(key_start..sign).unwrap_or_default().trim().to_ascii_lowercase();
            let value = sign + 1 + bytes[sign + 1..].iter().take_while(|b| b.is_ascii_whitespace()).count();
            let quote = bytes.get(value).copied().filter(|b| matches!(b, b'"' | b'\''));
            let start = value + usize::from(quote.is_some());
            let len = bytes.get(start..).and_then(|rest| {
                rest.iter().position(|b| quote.map_or(b.is_ascii_whitespace() || *b == b'>', |q| *b == q))
            });
            let end = len.map_or(bytes.len(), |len| start + len).max(start.min(bytes.len()));
            let start = start.min(end);
            let said = raw.get(start..end).unwrap_or_default();
            let looks = matches!(
                key.as_str(),
                "style" | "class" | "srcset" | "sizes" | "d" | "points" | "viewbox" | "rel" | "sandbox"
            ) || key.starts_with("on");
            if said.trim().contains(' ') && !looks {
                let label = self.label(name) + "/@" + plain(&key);
                self.gather.add(|| label, span.start + start..span.start + end, None)?;
            }
            at = end.max(sign + 1);
        }
        Ok(())
    }
}
