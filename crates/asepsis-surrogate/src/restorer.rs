use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::escape;
use crate::issued::Issued;
use crate::matcher::{self, Found};
use crate::text::{Cursor, MAX_UNITS, UNIT_MAX, Unit, unit_at};
use crate::url::UrlWatch;

/// How the text that is restored is to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Context {
    /// Text as people read it. An answer that is a JSON document is better read as [`JsonSource`](Self::JsonSource): there
    /// a URL ends with its string, here only with white space.
    #[default]
    Text,
    /// JSON as it is written, such as the arguments of a tool call that are streamed, from any place in it: escapes are
    /// read as what they mean and never split, and what is restored is escaped for a JSON string.
    JsonSource,
}

/// What a [`Restorer`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Surrogates that were replaced by their originals.
    pub restored: u64,
    /// Whole placeholders whose code was not issued in this scope; left byte for byte.
    pub unissued: u64,
    /// Surrogates left as they are because restoring them would put an identifier into a URL.
    pub withheld: u64,
}

/// The most bytes that a [`Restorer`] ever holds back after a [`push`](Restorer::push).
///
/// An attempt to match reads at most `MAX_UNITS` characters; text is held only from where an attempt ran out of it, so
/// what is held is fewer characters than that, of at most `UNIT_MAX` bytes each, and one torn escape.
pub const MAX_HELD: usize = MAX_UNITS * UNIT_MAX;

/// How much of a long piece is taken in at a time, in bytes.
const SLICE: usize = 16 * 1024;

/// Gives back the originals in a text that comes in pieces.
///
/// However the text is cut, the same comes out. Only an ending that can still become a surrogate is held back, at most
/// [`MAX_HELD`] bytes. One restorer serves one text: one choice of a completion, one argument string of a tool call.
///
/// Restored are placeholders in the forms that models give them (changed case, plural or possessive, other brackets or
/// none, other separators, a lost hint, escapes of Markdown, HTML and JSON), codes alone, and realistic surrogates
/// whole or in part. Within a URL nothing is restored.
pub struct Restorer {
    issued: Arc<Issued>,
    context: Context,
    held: String,
    /// The character before the next one, if it is in what comes out.
    prev: Option<char>,
    url: UrlWatch,
    tally: Tally,
    withheld: BTreeMap<u32, u32>,
    everywhere: bool,
}

impl Restorer {
    /// A restorer at the beginning of a text.
    pub fn new(issued: Arc<Issued>, context: Context) -> Self {
        let (held, url, tally) = (String::new(), UrlWatch::default(), Tally::default());
        Self { issued, context, held, prev: None, url, tally, withheld: BTreeMap::new(), everywhere: false }
    }

    /// The same, but restoring within URLs too: for text that stays with whoever rewrote it, and that no model wrote.
    #[must_use]
    pub fn everywhere(mut self) -> Self {
        self.everywhere = true;
        self
    }

    /// Takes in the next piece of the text and appends to `out` all that is decided.
    pub fn push(&mut self, piece: &str, out: &mut String) {
        let mut rest = piece;
        while !rest.is_empty() {
            let (slice, after) = rest.split_at(rest.floor_char_boundary(SLICE));
            rest = after;
            if self.held.is_empty() {
                let done = self.scan(slice, false, out);
                self.held.push_str(&slice[done..]);
            } else {
                let mut text = std::mem::take(&mut self.held);
                text.push_str(slice);
                let done = self.scan(&text, false, out);
                text.drain(..done);
                self.held = text;
            }
        }
    }

    /// Ends the text, so that another may begin: appends what was held back, restored if it is a surrogate.
    ///
    /// A stream that broke off is not to be finished; what is held is then dropped with the restorer.
    pub fn finish(&mut self, out: &mut String) {
        let text = std::mem::take(&mut self.held);
        let done = self.scan(&text, true, out);
        debug_assert_eq!(done, text.len(), "nothing is held back at the end");
        self.prev = None;
        self.url = UrlWatch::default();
    }

    /// What was done so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// How often something came back that is [withheld](crate::IssuedBuilder::withhold), by where it came from.
    pub fn withheld(&self) -> &BTreeMap<u32, u32> {
        &self.withheld
    }

    /// How many bytes are held back.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Restores from the beginning of `text` as far as it is decided; returns how far that is.
    fn scan(&mut self, text: &str, last: bool, out: &mut String) -> usize {
        let issued = Arc::clone(&self.issued);
        let starved = Cell::new(false);
        let mut pos = 0;
        let mut copied = 0;
        while let Some(unit) = unit_at(text, pos, self.context, last) {
            if matcher::may_start(&issued, self.prev, unit.ch) && !issued.heads.rule_out(&text.as_bytes()[pos..]) {
                starved.set(false);
                let cursor = Cursor::new(text, pos, self.context, last, &starved);
                let found = matcher::find(&issued, &cursor, self.prev);
                if starved.get() {
                    break;
                }
                if let Some(found) = found {
                    out.push_str(&text[copied..pos]);
                    let end = self.settle(&issued, &found, text, pos, last, out);
                    (copied, pos) = (end, end);
                    continue;
                }
            }
            self.pass(unit);
            pos += unit.len;
            if unit.ch.is_ascii_alphanumeric() {
                pos = self.pass_word(text.as_bytes(), pos);
            }
        }
        out.push_str(&text[copied..pos]);
        pos
    }

    /// Writes what the surrogate at `start` becomes; returns where the text goes on.
    fn settle(
        &mut self,
        issued: &Issued,
        found: &Found,
        text: &str,
        start: usize,
        last: bool,
        out: &mut String,
    ) -> usize {
        let (original, suffix, end) = match found {
            Found::Surrogate { original, suffix, end } => (Some(issued.original(*original)), suffix.clone(), *end),
            Found::Unissued { end } => (None, *end..*end, *end),
        };
        let source = original.and_then(|o| o.withheld);
        let withheld = !self.everywhere && source.is_none() && original.is_some_and(|o| self.url.withholds(o.is_url));
        let before = self.url.clone();
        let mut pos = start;
        while pos < end {
            let Some(unit) = unit_at(text, pos, self.context, last) else { break };
            self.pass(unit);
            pos += unit.len;
        }
        match original {
            Some(original) if !withheld => {
                match self.context {
                    Context::Text => out.push_str(&original.text),
                    Context::JsonSource => escape::push_json(out, &original.text),
                }
                out.push_str(&text[suffix]);
                match source {
                    Some(source) => *self.withheld.entry(source).or_default() += 1,
                    None => self.tally.restored += 1,
                }
                self.bracket_is_gone();
                if original.is_url {
                    self.url.restored_url(&before);
                }
            }
            Some(_) => {
                out.push_str(&text[start..end]);
                self.tally.withheld += 1;
            }
            None => {
                out.push_str(&text[start..end]);
                self.tally.unissued += 1;
            }
        }
        end
    }

    /// Remembers what the next decision needs of a unit that is behind it.
    fn pass(&mut self, unit: Unit) {
        self.prev = Some(unit.ch);
        if unit.delimiter {
            self.url.end_string();
        } else {
            self.url.feed(unit.ch);
        }
    }

    /// Passes what goes on with a word: no surrogate begins at a letter or digit behind another. Returns where the word ends.
    fn pass_word(&mut self, text: &[u8], from: usize) -> usize {
        let rest = &text[from..];
        let length = rest.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let word = &rest[..length];
        if let Some(last) = word.last() {
            self.prev = Some(char::from(*last));
            self.url.feed_word(word);
        }
        from + length
    }

    /// The closing bracket of a placeholder that was restored is not in what comes out, so it begins no link there.
    fn bracket_is_gone(&mut self) {
        if self.prev.is_some_and(|ch| !ch.is_alphanumeric()) {
            self.prev = None;
            self.url.forget_last();
        }
    }
}

impl fmt::Debug for Restorer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Restorer")
            .field("issued", &self.issued)
            .field("context", &self.context)
            .field("held", &self.held.len())
            .field("tally", &self.tally)
            .finish_non_exhaustive()
    }
}

/// Restores a whole text at once.
pub fn restore(issued: &Arc<Issued>, context: Context, text: &str) -> (String, Tally) {
    let mut out = String::with_capacity(text.len());
    let mut restorer = Restorer::new(Arc::clone(issued), context);
    restorer.push(text, &mut out);
    restorer.finish(&mut out);
    (out, restorer.tally())
}
