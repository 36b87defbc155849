//! A text of a document with its place, whatever the format.

use std::fmt;
use std::ops::Range;

/// How much a document may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of a document.
    pub max_bytes: usize,
    /// The most fields of it.
    pub max_fields: usize,
    /// The most elements, objects or messages within each other.
    pub max_depth: usize,
}

impl Default for Limits {
    /// 64 MiB, 500,000 fields, 256 levels.
    fn default() -> Self {
        Self { max_bytes: 64 << 20, max_fields: 500_000, max_depth: 256 }
    }
}

/// A text of a document.
#[derive(Clone, PartialEq, Eq)]
pub struct Field {
    place: String,
    span: Range<usize>,
    decoded: Option<String>,
}

impl Field {
    /// The place in the format's own terms: `NTE-3`, `Patient.text.div`, `ClinicalDocument/title`.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The bytes of the document that it covers.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// What it says; `source` is the document that it was read from.
    #[must_use]
    pub fn text<'a>(&'a self, source: &'a [u8]) -> &'a str {
        let verbatim = || source.get(self.span()).and_then(|bytes| std::str::from_utf8(bytes).ok());
        self.decoded.as_deref().or_else(verbatim).unwrap_or_default()
    }

    /// Whether it stands in the document as it is, so that places in it are places in the document.
    #[must_use]
    pub fn is_verbatim(&self) -> bool {
        self.decoded.is_none()
    }
}

impl fmt::Debug for Field {
    /// Place and size only: the text may be protected health information.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}..{}]", self.place, self.span.start, self.span.end)
    }
}

/// A part of a document that holds no text that is read here: an image, a PDF, an unknown encoding.
#[derive(Clone, PartialEq, Eq)]
pub struct Opaque {
    /// The place in the format's own terms.
    pub place: String,
    /// The bytes of the document that it covers.
    pub span: Range<usize>,
    /// The media type that the document states, in small letters.
    pub media_type: String,
}

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}..{}] {}", self.place, self.span.start, self.span.end, self.media_type)
    }
}

/// Why a document cannot be read, and where. It holds nothing of the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {why}")]
pub struct Unreadable {
    /// The place in the format's own terms.
    pub place: String,
    /// What is wrong, and what to do.
    pub why: String,
}

impl Unreadable {
    pub(crate) fn new(place: impl Into<String>, why: impl Into<String>) -> Self {
        Self { place: place.into(), why: why.into() }
    }
}

/// The texts of a document, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What can be read.
    pub fields: Vec<Field>,
    /// What cannot.
    pub opaque: Vec<Opaque>,
}

/// A plain text as one field, `text`.
///
/// # Errors
/// Where it is larger than the limit.
pub fn whole(text: &str, limits: &Limits) -> Result<Found, Unreadable> {
    let mut gather = Gather::new(limits, text.len())?;
    gather.add(|| "text".to_owned(), 0..text.len(), None)?;
    Ok(gather.finish())
}

/// Gathers fields within the limits.
pub(crate) struct Gather<'l> {
    limits: &'l Limits,
    found: Found,
}

impl<'l> Gather<'l> {
    /// Nothing is gathered of a document of that size.
    pub(crate) fn new(limits: &'l Limits, size: usize) -> Result<Self, Unreadable> {
        if size > limits.max_bytes {
            return Err(Unreadable::new("document", format!("it has more than {} bytes; split it", limits.max_bytes)));
        }
        Ok(Self { limits, found: Found::default() })
    }

    /// A text; blank ones are left out.
    pub(crate) fn add(
        &mut self,
        place: impl FnOnce() -> String,
        span: Range<usize>,
        decoded: Option<String>,
    ) -> Result<(), Unreadable> {
        if span.is_empty() {
            return Ok(());
        }
        if self.found.fields.len() + self.found.opaque.len() >= self.limits.max_fields {
            return Err(Unreadable::new(
                place(),
                format!("there are more than {} fields; split the document", self.limits.max_fields),
            ));
        }
        self.found.fields.push(Field { place: place(), span, decoded });
        Ok(())
    }

    /// Bytes that a document holds in base64: text, where the media type says so, or opaque.
    pub(crate) fn add_base64(
        &mut self,
        place: String,
        span: Range<usize>,
        encoded: &str,
        media_type: &str,
    ) -> Result<(), Unreadable> {
        use base64::Engine as _;
        use base64::alphabet::STANDARD;
        use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
        let media_type = media_type.trim().to_ascii_lowercase();
        let kind = media_type.split(';').next().unwrap_or_default().trim().to_owned();
        let is_text = kind.starts_with("text/")
            || matches!(
                kind.as_str(),
                "application/json" | "application/xml" | "application/fhir+json" | "application/fhir+xml"
            )
            || kind.ends_with("+xml") && !kind.starts_with("image/")
            || kind.ends_with("+json");
        if is_text {
            let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
            let packed: Vec<u8> = encoded.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
            let decoded = GeneralPurpose::new(&STANDARD, config)
                .decode(packed)
                .map_err(|_| Unreadable::new(place.as_str(), "its data is no base64 (RFC 4648 section 4)"))?;
            let text = String::from_utf8(decoded)
                .map_err(|_| Unreadable::new(place.as_str(), "its data is said to be text and is not UTF-8"))?;
            return self.add(|| place, span, Some(text));
        }
        if self.found.fields.len() + self.found.opaque.len() >= self.limits.max_fields {
            return Err(Unreadable::new(
                place,
                format!("there are more than {} fields; split the document", self.limits.max_fields),
            ));
        }
        self.found.opaque.push(Opaque { place, span, media_type: kind });
        Ok(())
    }

    pub(crate) fn add_opaque(
        &mut self,
        place: String,
        span: Range<usize>,
        media_type: String,
    ) -> Result<(), Unreadable> {
        if self.found.fields.len() + self.found.opaque.len() >= self.limits.max_fields {
            return Err(Unreadable::new(
                place,
                format!("there are more than {} fields; split the document", self.limits.max_fields),
            ));
        }
        self.found.opaque.push(Opaque { place, span, media_type });
        Ok(())
    }

    /// Checks how deep something is nested.
    pub(crate) fn depth(&self, depth: usize, place: impl FnOnce() -> String) -> Result<(), Unreadable> {
        if depth > self.limits.max_depth {
            return Err(Unreadable::new(place(), format!("it is nested deeper than {} levels", self.limits.max_depth)));
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Found {
        self.found
    }
}

/// A name as it may stand in a place: plain ones as they are, others as `?`, so that data used as a name stays out of errors.
pub(crate) fn plain(name: &str) -> &str {
    let is_plain = name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b':' | b'.'));
    if is_plain { name } else { "?" }
}
