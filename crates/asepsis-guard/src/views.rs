//! What a text says to who reads it: clean, and decoded.
//!
//! The *clean* view is the normal form that detection of identifiers reads too: invisible characters dropped, look-alike
//! letters plain, escapes and entities decoded, spaced letters joined. *Decoded* views are texts that stand in it written
//! in base64, base32, hexadecimal or characters that cannot be seen, and what those hold again, two levels deep.
//!
//! Work and memory are linear: what is decoded is never longer than what it was decoded from, and at most
//! [`MOST_DECODED`] bytes of it are kept. Nothing is ever decompressed.

mod apart;
mod base;
mod blob;
mod readable;
mod smuggled;

use std::fmt;

use asepsis_normal::Normal;
use asepsis_vocab::{Flag, Span};

use crate::anomaly::{self, Flags};

/// How often what was decoded is looked at for what stands encoded in it.
const DEPTH: usize = 2;
/// The most bytes of decoded text that are kept of one text. What is left unread beyond it is flagged.
pub const MOST_DECODED: usize = 4 << 20;
/// The most decoded views of one text.
pub const MOST_VIEWS: usize = 1024;

/// How the text of a view stood in the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Encoding {
    /// As it came, without disguises.
    Clean,
    /// RFC 4648 section 4 or 5, with or without padding.
    Base64,
    /// RFC 4648 section 6.
    Base32,
    /// RFC 4648 section 8, also with marks between the bytes.
    Hex,
    /// Characters of the Unicode block Tags, one for each of ASCII.
    Tags,
    /// Variation selectors, one for each byte.
    Selectors,
    /// Percent escapes (RFC 3986 section 2.1) of letters that need none.
    Percent,
    /// Letters with gaps between them.
    Spaced,
    /// Written backwards under a right-to-left override.
    Reversed,
}

impl Encoding {
    /// The word for it in the names of rules and in output.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Base64 => "base64",
            Self::Base32 => "base32",
            Self::Hex => "hex",
            Self::Tags => "tags",
            Self::Selectors => "selectors",
            Self::Percent => "percent",
            Self::Spaced => "spaced",
            Self::Reversed => "reversed",
        }
    }
}

/// A text and all that it says, with the anomalies met on the way.
pub struct Views<'a> {
    original: &'a str,
    clean: Normal<'a>,
    decoded: Vec<Decoded>,
    flags: Vec<Flag>,
}

/// A text that stood encoded in another.
struct Decoded {
    /// In its own clean form.
    text: String,
    /// All of what it was decoded from.
    span: Span,
    encoding: Encoding,
}

impl<'a> Views<'a> {
    /// The views of a text, and the anomalies in it.
    #[must_use]
    pub fn of(original: &'a str) -> Self {
        let clean = Normal::of(original);
        let mut flags = Flags::default();
        let mut store = Store::default();
        store.decode(original, &clean);
        for (encoding, span) in &store.readable {
            flags.encoded(*encoding, *span);
        }
        if store.full {
            flags.unread(Span::new(0, original.len()));
        }
        anomaly::of(original, &clean, &mut flags);
        let flags = flags.into_vec();
        for flag in &flags {
            // The normal form leaves what may be a share, a score or a name that is spelled.
            let (encoding, said) = match flag.rule.as_str() {
                anomaly::PERCENT => (Encoding::Percent, apart::percent(&original[flag.span.range()])),
                anomaly::SPACED => (Encoding::Spaced, apart::joined(&original[flag.span.range()])),
                _ => continue,
            };
            store.keep(encoding, flag.span, &said, DEPTH - 1);
        }
        Self { original, clean, decoded: store.decoded, flags }
    }

    /// The text as it came.
    #[must_use]
    pub fn original(&self) -> &'a str {
        self.original
    }

    /// The text as a model would read it.
    #[must_use]
    pub fn clean(&self) -> View<'_> {
        View { text: self.clean.text(), way: Way::Clean(&self.clean), encoding: Encoding::Clean }
    }

    /// What stands encoded in the text.
    pub fn decoded(&self) -> impl Iterator<Item = View<'_>> {
        self.decoded.iter().map(|d| View { text: &d.text, way: Way::All(d.span), encoding: d.encoding })
    }

    /// The clean view, then the decoded ones.
    pub fn all(&self) -> impl Iterator<Item = View<'_>> {
        std::iter::once(self.clean()).chain(self.decoded())
    }

    /// The anomalies of the text, by their place.
    #[must_use]
    pub fn flags(&self) -> &[Flag] {
        &self.flags
    }
}

impl fmt::Debug for Views<'_> {
    /// Sizes only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bytes, decoded, flags) = (self.original.len(), self.decoded.len(), self.flags.len());
        f.debug_struct("Views").field("bytes", &bytes).field("decoded", &decoded).field("flags", &flags).finish()
    }
}

/// One reading of a text.
#[derive(Clone, Copy)]
pub struct View<'v> {
    text: &'v str,
    way: Way<'v>,
    encoding: Encoding,
}

#[derive(Clone, Copy)]
enum Way<'v> {
    Clean(&'v Normal<'v>),
    /// What is encoded is there as a whole or not at all.
    All(Span),
}

impl<'v> View<'v> {
    /// What it says.
    #[must_use]
    pub fn text(&self) -> &'v str {
        self.text
    }

    /// How it stood in the original.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The bytes of the original that `start..end` of this view came from; of a decoded view all that was encoded.
    #[must_use]
    pub fn span(&self, start: usize, end: usize) -> Span {
        match self.way {
            Way::Clean(normal) => normal.span(start, end),
            Way::All(span) => span,
        }
    }
}

impl fmt::Debug for View<'_> {
    /// Sizes only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("encoding", &self.encoding).field("bytes", &self.text.len()).finish()
    }
}

/// What was decoded so far.
#[derive(Default)]
struct Store {
    decoded: Vec<Decoded>,
    bytes: usize,
    /// Encoded texts that a person would read if they could, outermost ones only.
    readable: Vec<(Encoding, Span)>,
    /// Something was left unread.
    full: bool,
}

impl Store {
    fn decode(&mut self, original: &str, clean: &Normal<'_>) {
        if !original.is_ascii() {
            for (encoding, span, text) in smuggled::texts(original) {
                self.keep(encoding, span, &text, DEPTH - 1);
            }
        }
        self.blobs(original, &|start, end| Span::new(start, end), DEPTH);
        if clean.text().len() != original.len() || clean.text() != original {
            self.blobs(clean.text(), &|start, end| clean.span(start, end), DEPTH);
        }
    }

    /// What stands encoded in `text`, whose places lead back by `back`.
    fn blobs(&mut self, text: &str, back: &dyn Fn(usize, usize) -> Span, depth: usize) {
        for blob in blob::blobs(text) {
            let span = back(blob.start, blob.end);
            if self.decoded.iter().rev().take(8).any(|d| d.span == span && d.encoding == blob.encoding) {
                continue;
            }
            if self.full {
                return;
            }
            let Some(found) = blob.decode(MOST_DECODED.saturating_sub(self.bytes)) else { continue };
            self.full |= found.cut;
            let inner = self.readable.len();
            let reads = found.reads;
            for text in found.texts {
                self.keep(blob.encoding, span, &text, depth - 1);
            }
            // What is encoded twice is one find; bytes of an image or the like are none by themselves.
            let nested = self.readable.len() > inner;
            self.readable.truncate(inner);
            if reads || nested {
                self.readable.push((blob.encoding, span));
            }
        }
    }

    fn keep(&mut self, encoding: Encoding, span: Span, text: &str, depth: usize) {
        if self.decoded.len() >= MOST_VIEWS || self.bytes + text.len() > MOST_DECODED {
            self.full = true;
            return;
        }
        let clean = Normal::of(text);
        self.bytes += clean.text().len();
        if depth > 0 {
            self.blobs(clean.text(), &|_, _| span, depth);
        }
        self.decoded.push(Decoded { text: clean.text().to_owned(), span, encoding });
    }
}
