//! A document by its fields: what is inspected is what each field says, not the bytes around it.
//!
//! The carrier is found out from the content, or stated by who knows it. A field that holds another carrier (HTML in JSON, a
//! message in a tool's result) is read on. What cannot be read is no field that is allowed: it is [`Unreadable`], which means
//! quarantine.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use asepsis_document::field::Field;
use asepsis_document::field::Found;
pub use asepsis_document::field::{Limits, Opaque, Unreadable};
use asepsis_document::{fhir, hl7, html, mail, table, xml};
use asepsis_vocab::Span;

use crate::anomaly;

/// How many carriers within each other are read.
const DEPTH: usize = 3;
/// So much of a text is looked at to find out its carrier.
const HEAD: usize = 4096;

/// What a document is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Carrier {
    /// HL7 v2 in pipes and hats.
    Hl7,
    /// JSON, FHIR among it.
    Json,
    /// XML, C-CDA among it.
    Xml,
    /// HTML, also a piece of it.
    Html,
    /// A mail.
    Mail,
    /// Comma-separated values or the like.
    Table,
    /// Nothing but text.
    Text,
}

impl Carrier {
    /// The word for it on the command line and in output.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hl7 => "hl7",
            Self::Json => "json",
            Self::Xml => "xml",
            Self::Html => "html",
            Self::Mail => "mail",
            Self::Table => "table",
            Self::Text => "text",
        }
    }

    /// What bytes look like.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let head = &bytes[..bytes.len().min(HEAD)];
        if mail::looks_like(head) {
            return Self::Mail;
        }
        std::str::from_utf8(bytes).map_or(Self::Text, Self::of_text)
    }

    /// Whether a text is a message, a page or a record: a carrier that somebody pastes, and does not write by hand.
    #[must_use]
    pub fn is_pasted(text: &str) -> bool {
        if mail::looks_like(&text.as_bytes()[..text.len().min(HEAD)]) {
            return false;
        }
        matches!(Self::but_table(text), Some(Self::Hl7 | Self::Xml | Self::Html))
    }

    fn of_text(text: &str) -> Self {
        Self::but_table(text).unwrap_or_else(|| table::division(text).map_or(Self::Text, |_| Self::Table))
    }

    /// What a text looks like, but for tables, which take longest to see.
    fn but_table(text: &str) -> Option<Self> {
        let start = text.trim_start_matches('\u{feff}').trim_start();
        let head = head(start);
        let next = || head[1..].trim_start().as_bytes().first().copied().unwrap_or(0);
        match start.as_bytes().first() {
            // "[doctor] how are you" is no JSON, and what was cut off is looked at as a text.
            Some(b'{') if matches!(next(), b'"' | b'}') && closes(text, b'}') => Some(Self::Json),
            Some(b'[') if matches!(next(), b'{' | b'[' | b'"' | b']') && closes(text, b']') => Some(Self::Json),
            Some(b'<') if head.starts_with("<?xml") => Some(Self::Xml),
            Some(b'<') if html::looks_like(head) && !is_xhtml(head) => Some(Self::Html),
            Some(b'<') if next().is_ascii_alphabetic() && closes(text, b'>') => Some(Self::Xml),
            _ if hl7::looks_like(text) => Some(Self::Hl7),
            _ if html::looks_like(head) => Some(Self::Html),
            _ => None,
        }
    }
}

/// The first characters of a text.
fn head(text: &str) -> &str {
    // What has no more bytes has no more characters.
    if text.len() <= HEAD {
        return text;
    }
    text.char_indices().nth(HEAD).map_or(text, |(i, _)| &text[..i])
}

/// A namespace says that a piece of HTML keeps XML's rules, as the narrative of FHIR does.
fn is_xhtml(head: &str) -> bool {
    head.split('>').next().is_some_and(|tag| tag.contains("xmlns"))
}

fn closes(text: &str, mark: u8) -> bool {
    text.trim_end().as_bytes().last() == Some(&mark)
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl std::str::FromStr for Carrier {
    type Err = UnknownCarrier;

    fn from_str(word: &str) -> Result<Self, UnknownCarrier> {
        [Self::Hl7, Self::Json, Self::Xml, Self::Html, Self::Mail, Self::Table, Self::Text]
            .into_iter()
            .find(|c| c.word() == word)
            .ok_or_else(|| UnknownCarrier(word.chars().take(40).collect()))
    }
}

/// A word that names no carrier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no carrier \"{0}\"; there are: hl7, json, xml, html, mail, table, text")]
pub struct UnknownCarrier(String);

/// The fields of a document.
pub struct Fields<'a> {
    carrier: Carrier,
    source: Cow<'a, [u8]>,
    found: Vec<Placed>,
    opaque: Vec<Opaque>,
}

struct Placed {
    field: Field,
    /// The span of the outermost field in the document.
    span: Range<usize>,
    place: String,
    /// What a field within a field says.
    inner: Option<String>,
    hidden: bool,
}

/// A field of a document.
#[derive(Clone, Copy)]
pub struct FieldText<'f> {
    /// Where it stands: `NTE-3`, `Patient.text.div > p[2]`.
    pub place: &'f str,
    /// What it says.
    pub text: &'f str,
    /// Whether nobody sees it: it stands in an element that is not shown.
    pub hidden: bool,
    /// Whether the text is these bytes of the document, and not decoded from them.
    pub verbatim: bool,
    start: usize,
    end: usize,
}

impl FieldText<'_> {
    /// The bytes of the document that it covers.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.start..self.end
    }
}

impl fmt::Debug for FieldText<'_> {
    /// Place and size only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}..{}]", self.place, self.start, self.end)
    }
}

/// The fields of a document; `carrier` is what it is known to be, or else it is found out.
///
/// # Errors
/// Where the document cannot be read as what it is: it belongs into quarantine.
pub fn fields(bytes: &[u8], carrier: Option<Carrier>) -> Result<Fields<'_>, Unreadable> {
    fields_within(bytes, carrier, &Limits::default())
}

/// The same within other limits.
///
/// # Errors
/// The same; also where a limit is passed.
pub fn fields_within<'a>(bytes: &'a [u8], carrier: Option<Carrier>, limits: &Limits) -> Result<Fields<'a>, Unreadable> {
    let source = readable(bytes, carrier)?;
    let carrier = carrier.unwrap_or_else(|| Carrier::of(&source));
    let mut reading = Reading { limits, found: Vec::new(), opaque: Vec::new() };
    let found = read(&source, carrier, limits)?;
    let hidden = hidden(&source, carrier);
    for field in found.fields {
        let covers = field.span();
        let hides = hidden.iter().any(|h| h.start <= covers.start && covers.end <= h.end);
        let text = field.text(&source).to_owned();
        let place = field.place().to_owned();
        reading.inner(&text, &place, &covers, 1);
        reading.keep(Placed { span: covers, place, inner: None, hidden: hides, field })?;
    }
    reading.opaque.extend(found.opaque);
    Ok(Fields { carrier, source, found: reading.found, opaque: reading.opaque })
}

struct Reading<'l> {
    limits: &'l Limits,
    found: Vec<Placed>,
    opaque: Vec<Opaque>,
}

impl Reading<'_> {
    /// Reads on within a field that holds another carrier. What looks like one and is none stays a text.
    fn inner(&mut self, text: &str, place: &str, span: &Range<usize>, depth: usize) {
        if depth > DEPTH || text.len() < 8 || !text.contains(['<', '{', '|']) {
            return;
        }
        let carrier = Carrier::of_text(text);
        if matches!(carrier, Carrier::Text | Carrier::Table | Carrier::Mail) {
            return;
        }
        let Ok(found) = read(text.as_bytes(), carrier, self.limits) else { return };
        let hidden = hidden(text.as_bytes(), carrier);
        for field in found.fields {
            let covers = field.span();
            let hides = hidden.iter().any(|h| h.start <= covers.start && covers.end <= h.end);
            let said = field.text(text.as_bytes()).to_owned();
            if said == text {
                continue;
            }
            let place = format!("{place} > {}", field.place());
            self.inner(&said, &place, span, depth + 1);
            let placed = Placed { field, span: span.clone(), place, inner: Some(said), hidden: hides };
            if self.keep(placed).is_err() {
                return;
            }
        }
        self.opaque.extend(found.opaque.into_iter().map(|o| Opaque {
            place: format!("{place} > {}", o.place),
            span: span.clone(),
            media_type: o.media_type,
        }));
    }

    fn keep(&mut self, placed: Placed) -> Result<(), Unreadable> {
        if self.found.len() >= self.limits.max_fields {
            let most = self.limits.max_fields;
            return Err(Unreadable {
                place: placed.place,
                why: format!("there are more than {most} fields; split the document"),
            });
        }
        self.found.push(placed);
        Ok(())
    }
}

/// The places in HTML that are not shown.
fn hidden(source: &[u8], carrier: Carrier) -> Vec<Range<usize>> {
    match (carrier, std::str::from_utf8(source)) {
        (Carrier::Html | Carrier::Xml, Ok(text)) => anomaly::hidden_in(text).into_iter().map(Span::range).collect(),
        _ => Vec::new(),
    }
}

fn read(source: &[u8], carrier: Carrier, limits: &Limits) -> Result<Found, Unreadable> {
    let text = || std::str::from_utf8(source).unwrap_or_default();
    match carrier {
        Carrier::Mail => mail::fields(source, limits),
        Carrier::Json => fhir::fields(source, limits),
        Carrier::Hl7 => hl7::fields(text(), limits),
        Carrier::Xml => xml::fields(text(), limits),
        Carrier::Html => html::fields(text(), limits),
        Carrier::Table => table::fields(text(), table::division(text()).unwrap_or(','), limits),
        Carrier::Text => asepsis_document::field::whole(text(), limits),
    }
}

/// The bytes as UTF-8, or as the character set that a message of HL7 states.
fn readable(bytes: &[u8], carrier: Option<Carrier>) -> Result<Cow<'_, [u8]>, Unreadable> {
    let Err(error) = std::str::from_utf8(bytes) else { return Ok(Cow::Borrowed(bytes)) };
    if carrier == Some(Carrier::Mail) || carrier.is_none() && mail::looks_like(&bytes[..bytes.len().min(HEAD)]) {
        // Mail has its own character sets.
        return Ok(Cow::Borrowed(bytes));
    }
    let start: Vec<u8> = bytes.iter().take(512).skip_while(|b| **b == 0x0B).copied().collect();
    if start.starts_with(b"MSH") {
        let header = start.split(|b| matches!(b, b'\r' | b'\n')).next().unwrap_or_default();
        let mark = header.get(3).copied().unwrap_or(b'|');
        // MSH-18; the mark itself is MSH-1.
        let charset = header.split(|b| *b == mark).nth(17).unwrap_or_default();
        if matches!(charset, b"" | b"8859/1" | b"ASCII") {
            let text: String = bytes.iter().map(|b| char::from(*b)).collect();
            return Ok(Cow::Owned(text.into_bytes()));
        }
    }
    Err(Unreadable {
        place: format!("byte {}", error.valid_up_to()),
        why: "it is not UTF-8 text; send text as UTF-8, and images, PDF and the like as what they are".to_owned(),
    })
}

impl Fields<'_> {
    /// What the document is written in.
    #[must_use]
    pub fn carrier(&self) -> Carrier {
        self.carrier
    }

    /// The document that spans count in: as it came, or, of HL7 in ISO 8859-1, in UTF-8.
    #[must_use]
    pub fn source(&self) -> &[u8] {
        &self.source
    }

    /// The texts, in the order of the document; what stands within a field comes before it.
    pub fn iter(&self) -> impl Iterator<Item = FieldText<'_>> {
        self.found.iter().map(|p| FieldText {
            place: &p.place,
            text: p.inner.as_deref().unwrap_or_else(|| p.field.text(&self.source)),
            hidden: p.hidden,
            verbatim: p.inner.is_none() && p.field.is_verbatim(),
            start: p.span.start,
            end: p.span.end,
        })
    }

    /// Parts that hold no text that can be read here.
    #[must_use]
    pub fn opaque(&self) -> &[Opaque] {
        &self.opaque
    }
}

impl fmt::Debug for Fields<'_> {
    /// Sizes only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (fields, opaque) = (self.found.len(), self.opaque.len());
        f.debug_struct("Fields")
            .field("carrier", &self.carrier)
            .field("fields", &fields)
            .field("opaque", &opaque)
            .finish()
    }
}
