//! The events of a document, within bounds, and without what a card has no use for.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;

/// How much a card may hold. The published ones have 13 to 20 kB and a depth of 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the document.
    pub bytes: usize,
    /// Elements within one another.
    pub depth: usize,
    /// Elements.
    pub elements: usize,
    /// Bytes of one start tag, with its attributes.
    pub tag: usize,
}

/// What holds for every card.
pub const LIMITS: Limits = Limits { bytes: 1 << 20, depth: 16, elements: 10_000, tag: 4 << 10 };

/// Why a document is not read as a card.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// More than a limit.
    #[error("line {line}: a card has at most {most} {what}")]
    TooMuch {
        /// Where.
        line: usize,
        /// Of what.
        what: &'static str,
        /// The limit.
        most: usize,
    },
    /// A PDF. The card's XML is within it, under the name `chaiMcXml` of its properties.
    #[error(
        "this is a PDF; the card is the XML within it, which for example `exiftool -b -chaiMcXml card.pdf` takes out, or ask the \
         developer for it"
    )]
    Pdf,
    /// Another encoding.
    #[error("a card is UTF-8; {0}. Convert it, for example with `iconv -t utf-8`")]
    Encoding(&'static str),
    /// Something that a card has no use for, and attacks do.
    #[error("line {line}: {what} in a card is refused, because nothing that a card says needs it; remove it")]
    Refused {
        /// Where.
        line: usize,
        /// What.
        what: &'static str,
    },
    /// No well-formed XML.
    #[error("line {line}: {message}")]
    Syntax {
        /// Where.
        line: usize,
        /// What.
        message: String,
    },
    /// Not the schema's.
    #[error("line {line}: {message}")]
    Shape {
        /// Where.
        line: usize,
        /// What, and what was expected.
        message: String,
    },
}

/// What XML 1.0 lets stand (production 2).
pub(super) fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

pub(super) fn line(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

/// A document that is being read.
pub(super) struct Reading<'a> {
    text: &'a str,
    reader: NsReader<&'a [u8]>,
    elements: usize,
    /// Whether anything but the declaration was seen.
    started: bool,
}

/// What comes next, where only elements and texts matter.
pub(super) enum Next<'a> {
    Start { tag: BytesStart<'a>, namespace: Option<String>, empty: bool },
    Text(String),
    End,
    Eof,
}

impl<'a> Reading<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, reader: NsReader::from_str(text), elements: 0, started: false }
    }

    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// How many bytes were read.
    pub(super) fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    pub(super) fn here(&self) -> usize {
        line(self.text, self.position())
    }

    pub(super) fn refused(&self, what: &'static str) -> CardError {
        CardError::Refused { line: self.here(), what }
    }

    pub(super) fn shape(&self, message: String) -> CardError {
        CardError::Shape { line: self.here(), message }
    }

    pub(super) fn next(&mut self) -> Result<Next<'a>, CardError> {
        loop {
            let at = self.reader.buffer_position();
            let (resolved, event) = match self.reader.read_resolved_event() {
                Ok((resolved, event)) => (namespace(&resolved), event),
                Err(quick_xml::Error::Namespace(_)) => {
                    return Err(self.refused("so many declarations of namespaces, or one of `xml` or `xmlns`,"));
                }
                Err(error) => {
                    let line = line(self.text, usize::try_from(self.reader.error_position()).unwrap_or(usize::MAX));
                    return Err(CardError::Syntax { line, message: error.to_string() });
                }
            };
            let first = !std::mem::replace(&mut self.started, true);
            match event {
                Event::Decl(declaration) => {
                    if !first || at != 0 {
                        return Err(self.refused("an XML declaration that is not at the beginning"));
                    }
                    if !matches!(declaration.xml_version(), Ok(XmlVersion::Explicit1_0)) {
                        return Err(self.refused("another version of XML than 1.0"));
                    }
                    match declaration.encoding() {
                        None => {}
                        Some(Ok(name))
                            if name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("us-ascii") => {}
                        Some(_) => return Err(CardError::Encoding("this says that it is something else")),
                    }
                }
                Event::DocType(_) => return Err(self.refused("a document type (DTD)")),
                Event::PI(_) => return Err(self.refused("a processing instruction")),
                Event::Comment(_) => {}
                Event::Start(tag) => return self.start(tag, resolved, false),
                Event::Empty(tag) => return self.start(tag, resolved, true),
                Event::End(_) => return Ok(Next::End),
                Event::Text(text) => return Ok(Next::Text(text.xml10_content().into_owned())),
                Event::CData(text) => return Ok(Next::Text(text.xml10_content().into_owned())),
                Event::GeneralRef(reference) => return self.reference(&reference).map(Next::Text),
                Event::Eof => return Ok(Next::Eof),
            }
        }
    }

    fn start(&mut self, tag: BytesStart<'a>, namespace: Option<String>, empty: bool) -> Result<Next<'a>, CardError> {
        self.elements += 1;
        let too_much = |what, most| CardError::TooMuch { line: self.here(), what, most };
        if self.elements > LIMITS.elements {
            return Err(too_much("elements", LIMITS.elements));
        }
        if tag.len() > LIMITS.tag {
            return Err(too_much("bytes in a tag", LIMITS.tag));
        }
        for attribute in tag.attributes() {
            attribute.map_err(|error| CardError::Syntax { line: self.here(), message: error.to_string() })?;
        }
        Ok(Next::Start { tag, namespace, empty })
    }

    /// The five names that XML has itself, and numbers of characters. All others would come from a document type.
    fn reference(&self, reference: &BytesRef<'_>) -> Result<String, CardError> {
        match reference.resolve_char_ref() {
            Ok(Some(c)) if is_char(c) => return Ok(c.to_string()),
            Ok(None) => {}
            _ => return Err(self.refused("a number of a character that may not stand in XML")),
        }
        let plain = match &**reference {
            "amp" => "&",
            "lt" => "<",
            "gt" => ">",
            "quot" => "\"",
            "apos" => "'",
            _ => return Err(self.refused("an entity")),
        };
        Ok(plain.to_owned())
    }
}

fn namespace(resolved: &ResolveResult<'_>) -> Option<String> {
    match resolved {
        ResolveResult::Bound(Namespace(name)) => Some((*name).to_owned()),
        ResolveResult::Unbound | ResolveResult::Unknown(_) => None,
    }
}
