use std::fmt;

/// Why and where bytes are no JSON that is accepted.
///
/// Neither form of printing quotes the input, so that an error may be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// The byte at which the fault was seen, from 0.
    pub offset: usize,
    /// The line, from 1; lines end with a line feed.
    pub line: usize,
    /// The byte within the line, from 1.
    pub column: usize,
    /// What is wrong.
    pub kind: JsonErrorKind,
}

/// What is wrong with the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JsonErrorKind {
    /// The document ends within a value.
    UnexpectedEnd,
    /// A byte that cannot stand here.
    UnexpectedByte,
    /// A byte order mark before the document.
    ByteOrderMark,
    /// A zero byte, as in UTF-16 or binary data.
    Nul,
    /// An escape that RFC 8259 section 7 does not know.
    BadEscape,
    /// `\uD800` to `\uDFFF` without its other half.
    LoneSurrogate,
    /// A character below U+0020 that stands in a string unescaped.
    ControlCharacter,
    /// Bytes that are no UTF-8.
    InvalidUtf8,
    /// A number that is not spelled as RFC 8259 section 6 says.
    BadNumber,
    /// More arrays and objects within each other than [`Limits::max_depth`](super::Limits::max_depth).
    TooDeep,
    /// More nodes than [`Limits::max_nodes`](super::Limits::max_nodes).
    TooManyNodes,
    /// Something after the document.
    TrailingData,
    /// An object names a member twice.
    DuplicateKey,
}

impl JsonErrorKind {
    /// A sentence for people: what is wrong and what to do.
    fn message(self) -> &'static str {
        match self {
            Self::UnexpectedEnd => "the document ends within a value; it may have been cut off",
            Self::UnexpectedByte => "a byte that cannot stand here",
            Self::ByteOrderMark => "a byte order mark; RFC 8259 section 8.1 forbids it, send the document without",
            Self::Nul => "a zero byte; send the document as UTF-8 text",
            Self::BadEscape => "an escape that JSON does not know",
            Self::LoneSurrogate => "half of a surrogate pair; write the character whole or both halves",
            Self::ControlCharacter => "a control character in a string; write it as an escape",
            Self::InvalidUtf8 => "bytes that are not UTF-8; send the document as UTF-8",
            Self::BadNumber => "a number that is not spelled as JSON spells numbers",
            Self::TooDeep => "arrays and objects are nested deeper than the limit",
            Self::TooManyNodes => "more values and member names than the limit",
            Self::TrailingData => "something follows after the end of the document",
            Self::DuplicateKey => "an object names a member twice, which readers understand differently",
        }
    }
}

impl fmt::Display for JsonErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { offset, line, column, kind } = self;
        write!(f, "invalid JSON at line {line}, column {column} (byte {offset}): {kind}")
    }
}

impl std::error::Error for JsonError {}

/// A fault before its line is counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) offset: usize,
    pub(super) kind: JsonErrorKind,
}

impl JsonError {
    pub(super) fn locate(bytes: &[u8], Fault { offset, kind }: Fault) -> Self {
        let before = &bytes[..offset.min(bytes.len())];
        let line = 1 + before.iter().filter(|&&b| b == b'\n').count();
        let line_start = before.iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
        Self { offset, line, column: offset - line_start + 1, kind }
    }
}
