use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;

use super::shape::{Schema, Shape, schema};
use super::{Card, Field};

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

/// The namespace of XML signatures.
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";

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

pub(super) fn read(xml: &[u8]) -> Result<Card, CardError> {
    if xml.starts_with(b"%PDF-") {
        return Err(CardError::Pdf);
    }
    if xml.len() > LIMITS.bytes {
        return Err(CardError::TooMuch { line: 1, what: "bytes", most: LIMITS.bytes });
    }
    if xml.starts_with(&[0xFE, 0xFF]) || xml.starts_with(&[0xFF, 0xFE]) || xml.contains(&0) {
        return Err(CardError::Encoding("this is UTF-16, UTF-32 or no text"));
    }
    let text = str::from_utf8(xml).map_err(|_| CardError::Encoding("this has bytes that are none"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(at) = text.find(|c| !is_char(c)) {
        return Err(CardError::Refused { line: line(text, at), what: "a control character" });
    }
    let mut card = Card { fields: Vec::new(), empty: Vec::new(), signature: None };
    let reader = NsReader::from_str(text);
    Reading { text, reader, elements: 0, started: false }.document(&mut card)?;
    Ok(card)
}

/// What XML 1.0 lets stand (production 2).
fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

fn line(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

struct Reading<'a> {
    text: &'a str,
    reader: NsReader<&'a [u8]>,
    elements: usize,
    /// Whether anything but the declaration was seen.
    started: bool,
}

/// What comes next, where only elements and texts matter.
enum Next<'a> {
    Start { tag: BytesStart<'a>, namespace: Option<String>, empty: bool },
    Text(String),
    End,
    Eof,
}

impl<'a> Reading<'a> {
    fn here(&self) -> usize {
        line(self.text, usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX))
    }

    fn refused(&self, what: &'static str) -> CardError {
        CardError::Refused { line: self.here(), what }
    }

    fn shape(&self, message: String) -> CardError {
        CardError::Shape { line: self.here(), message }
    }

    fn next(&mut self) -> Result<Next<'a>, CardError> {
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

    fn document(&mut self, card: &mut Card) -> Result<(), CardError> {
        let schema = schema();
        loop {
            match self.next()? {
                Next::Text(text) if text.trim().is_empty() => {}
                Next::Start { tag, namespace, empty } => {
                    self.root(&tag, namespace.as_deref(), schema)?;
                    if empty {
                        return Err(self.shape(format!("{} is empty", schema.root.name)));
                    }
                    self.element(card, &schema.root, "", 1)?;
                    break;
                }
                Next::Eof => return Err(self.shape("there is no element; a card is an XML document".to_owned())),
                _ => return Err(self.shape("there is text before the first element".to_owned())),
            }
        }
        loop {
            match self.next()? {
                Next::Text(text) if text.trim().is_empty() => {}
                Next::Eof => return Ok(()),
                _ => return Err(self.shape("there is something behind the last element".to_owned())),
            }
        }
    }

    fn root(&self, tag: &BytesStart<'_>, namespace: Option<&str>, schema: &Schema) -> Result<(), CardError> {
        if tag.local_name().as_ref() != schema.root.name {
            return Err(self.shape(format!("the first element of a card is {}", schema.root.name)));
        }
        if namespace != Some(&schema.namespace) {
            return Err(self.shape(format!(
                "a card of schema v0.2 has the namespace {}; ask the developer for a card in that version",
                schema.namespace
            )));
        }
        self.attributes(tag)
    }

    /// A card's own elements carry none but declarations of namespaces and hints for validators.
    fn attributes(&self, tag: &BytesStart<'_>) -> Result<(), CardError> {
        let ours = |key: &str| key == "xmlns" || key.starts_with("xmlns:") || key.starts_with("xsi:");
        match tag.attributes().flatten().find(|attribute| !ours(attribute.key.as_ref())) {
            Some(_) => Err(self.shape("the elements of a card have no attributes".to_owned())),
            None => Ok(()),
        }
    }

    /// The content of an element up to its end.
    fn element(&mut self, card: &mut Card, shape: &Shape, path: &str, depth: usize) -> Result<(), CardError> {
        if depth > LIMITS.depth {
            return Err(CardError::TooMuch {
                line: self.here(),
                what: "elements within one another",
                most: LIMITS.depth,
            });
        }
        if shape.children.is_empty() {
            return self.leaf(card, shape, path);
        }
        // Which of the children is expected next, and how many of it there were.
        let (mut at, mut count) = (0, 0);
        loop {
            match self.next()? {
                Next::Text(text) if text.trim().is_empty() => {}
                Next::Text(_) => return Err(self.shape(format!("{} holds elements, and no text", shape.name))),
                Next::Eof => return Err(self.shape(format!("{} is not closed", shape.name))),
                Next::End => {
                    if let Some(missing) = missing(&shape.children, at, count, shape.children.len()) {
                        return Err(self.shape(format!("{} has no {missing}", shape.name)));
                    }
                    return Ok(());
                }
                Next::Start { tag, namespace, empty } => {
                    let name = tag.local_name().as_ref().to_owned();
                    if path.is_empty() && namespace.as_deref() == Some(SIGNATURE) && name == "Signature" {
                        if let Some(missing) = missing(&shape.children, at, count, shape.children.len()) {
                            return Err(self.shape(format!("{} has no {missing} before its signature", shape.name)));
                        }
                        (at, count) = (shape.children.len(), 0);
                        self.signature(card, &tag, empty)?;
                        continue;
                    }
                    if namespace.as_deref() != Some(&schema().namespace) {
                        return Err(self.shape(format!("{name} is not in the namespace of cards")));
                    }
                    self.attributes(&tag)?;
                    let found = shape.children.iter().position(|child| child.name == name);
                    let Some(found) = found else {
                        return Err(self.shape(format!("{} has no element {name} in schema v0.2", shape.name)));
                    };
                    if found < at || (found == at && count > 0 && !shape.children[found].many) {
                        return Err(self.shape(format!("{name} stands twice or too late in {}", shape.name)));
                    }
                    if found > at {
                        if let Some(missing) = missing(&shape.children, at, count, found) {
                            return Err(self.shape(format!("{} has no {missing} before {name}", shape.name)));
                        }
                        (at, count) = (found, 0);
                    }
                    count += 1;
                    let child = &shape.children[found];
                    let step = if child.many { format!("{name}[{count}]") } else { name };
                    let below = if path.is_empty() { step } else { format!("{path}/{step}") };
                    self.child(card, child, below, empty, depth)?;
                }
            }
        }
    }

    fn child(
        &mut self,
        card: &mut Card,
        child: &Shape,
        path: String,
        empty: bool,
        depth: usize,
    ) -> Result<(), CardError> {
        let fields = card.fields.len();
        match (empty, child.children.is_empty()) {
            (false, _) => self.element(card, child, &path, depth + 1)?,
            (true, true) => card.fields.push(Field { path: path.clone(), text: String::new() }),
            (true, false) => {
                if let Some(missing) = missing(&child.children, 0, 0, child.children.len()) {
                    return Err(self.shape(format!("{} has no {missing}", child.name)));
                }
            }
        }
        if card.fields.len() == fields {
            card.empty.push(path);
        }
        Ok(())
    }

    fn leaf(&mut self, card: &mut Card, shape: &Shape, path: &str) -> Result<(), CardError> {
        let mut whole = String::new();
        loop {
            match self.next()? {
                Next::Text(text) => whole.push_str(&text),
                Next::End => {
                    card.fields.push(Field { path: path.to_owned(), text: whole });
                    return Ok(());
                }
                Next::Eof => return Err(self.shape(format!("{} is not closed", shape.name))),
                Next::Start { .. } => return Err(self.shape(format!("{} holds text, and no elements", shape.name))),
            }
        }
    }

    /// Keeps a signature to the letter, within the same limits.
    fn signature(&mut self, card: &mut Card, tag: &BytesStart<'_>, empty: bool) -> Result<(), CardError> {
        if card.signature.is_some() {
            return Err(self.shape("a card has one signature".to_owned()));
        }
        let position = |reading: &Self| usize::try_from(reading.reader.buffer_position()).unwrap_or(usize::MAX);
        // The tag with its brackets, and the slash of an empty one.
        let start = position(self).saturating_sub(tag.len() + if empty { 3 } else { 2 });
        let mut depth = usize::from(!empty);
        while depth > 0 {
            match self.next()? {
                Next::Start { empty: false, .. } => depth += 1,
                Next::End => depth -= 1,
                Next::Eof => return Err(self.shape("the signature is not closed".to_owned())),
                _ => {}
            }
            if depth > LIMITS.depth {
                return Err(CardError::TooMuch {
                    line: self.here(),
                    what: "elements within one another",
                    most: LIMITS.depth,
                });
            }
        }
        card.signature = self.text.get(start..position(self)).map(str::to_owned);
        Ok(())
    }
}

/// The first child that has to stand between these two and does not.
fn missing(children: &[Shape], from: usize, count: usize, to: usize) -> Option<&str> {
    let first = from + usize::from(count > 0);
    children.get(first..to)?.iter().find(|child| !child.optional).map(|child| child.name.as_str())
}

fn namespace(resolved: &ResolveResult<'_>) -> Option<String> {
    match resolved {
        ResolveResult::Bound(Namespace(name)) => Some((*name).to_owned()),
        ResolveResult::Unbound | ResolveResult::Unknown(_) => None,
    }
}
