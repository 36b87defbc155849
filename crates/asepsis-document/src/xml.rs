//! The texts of XML documents, C-CDA among them (HL7 CDA R2, C-CDA R2.1). Nothing is ever expanded: a document type that
//! declares entities is refused, and an entity that nobody declared stays as it is written.
//!
//! Text in and around inline elements (`content`, `b`, `br`) is one text, so that nobody cuts a sentence with them.
//! Attributes with a space in them, comments and processing instructions are texts too.

use std::collections::HashMap;
use std::ops::Range;

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use crate::field::{Found, Gather, Limits, Unreadable, plain};

/// Elements of narrative text that divide no sentence.
const INLINE: [&str; 21] = [
    "content",
    "b",
    "i",
    "u",
    "em",
    "strong",
    "span",
    "a",
    "sub",
    "sup",
    "br",
    "font",
    "linkHtml",
    "small",
    "tt",
    "big",
    "wbr",
    "abbr",
    "mark",
    "label",
    "footnoteRef",
];

/// The texts of a document, by the paths of their elements.
///
/// # Errors
/// Where it is not well-formed, declares entities, or states an encoding that it is not in.
pub fn fields(text: &str, limits: &Limits) -> Result<Found, Unreadable> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut walk = Walk { text, gather: Gather::new(limits, text.len())?, open: vec![Element::default()], roots: 0 };
    loop {
        let start = position(reader.buffer_position());
        let event = reader.read_event().map_err(|error| {
            let line = 1 + text.as_bytes()[..start.min(text.len())].iter().filter(|b| **b == b'\n').count();
            Unreadable::new(
                format!("{}, line {line}", walk.path()),
                format!("it is not well-formed: {}", fault(&error)),
            )
        })?;
        let end = position(reader.buffer_position());
        if let Event::Eof = event {
            break;
        }
        walk.event(event, start..end)?;
    }
    if walk.open.len() > 1 {
        return Err(Unreadable::new(
            walk.path(),
            "the document ends before this element does; it may have been cut off",
        ));
    }
    walk.flush()?;
    if walk.roots == 0 {
        return Err(Unreadable::new("document", "there is no element in it"));
    }
    Ok(walk.gather.finish())
}

fn position(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

/// What is wrong, without names of the document.
fn fault(error: &quick_xml::Error) -> &'static str {
    match error {
        quick_xml::Error::Syntax(_) => "markup that does not end",
        quick_xml::Error::IllFormed(_) => "tags that do not fit each other",
        quick_xml::Error::InvalidAttr(_) => "an attribute that is none",
        _ => "something that XML does not know",
    }
}

/// An element that is open.
#[derive(Default)]
struct Element {
    /// How many elements of each name are in it so far.
    counts: HashMap<String, usize>,
    label: String,
    inline: bool,
    /// The media type of what it holds in base64.
    media_type: Option<String>,
    /// Text that is not given out yet, and where it stands.
    said: String,
    span: Option<Range<usize>>,
    /// Whether the text stands as it is.
    verbatim: bool,
}

struct Walk<'t, 'l> {
    text: &'t str,
    gather: Gather<'l>,
    open: Vec<Element>,
    roots: usize,
}

impl Walk<'_, '_> {
    fn event(&mut self, event: Event<'_>, span: Range<usize>) -> Result<(), Unreadable> {
        match event {
            Event::Start(tag) => {
                let inline = self.start(&tag)?;
                self.attributes(&tag, &span)?;
                if !inline {
                    self.roots += usize::from(self.open.len() == 2);
                }
            }
            Event::Empty(tag) => {
                let inline = self.start(&tag)?;
                self.attributes(&tag, &span)?;
                self.end()?;
                if inline {
                    self.say(" ", span, false);
                }
                self.roots += usize::from(self.open.len() == 1);
            }
            Event::End(_) => self.end()?,
            Event::Text(said) => self.say(&said, span, true),
            // `<![CDATA[` and `]]>` are no text.
            Event::CData(said) => self.say(&said, span.start + 9..span.end - 3, true),
            Event::GeneralRef(reference) => {
                let said = match reference.resolve_char_ref() {
                    Ok(Some(c)) => c.to_string(),
                    _ => match &*reference {
                        "lt" => "<".to_owned(),
                        "gt" => ">".to_owned(),
                        "amp" => "&".to_owned(),
                        "apos" => "'".to_owned(),
                        "quot" => "\"".to_owned(),
                        other => format!("&{other};"),
                    },
                };
                self.say(&said, span, false);
            }
            Event::Comment(_) => {
                let inside = (span.start + 4).min(span.end)..span.end.saturating_sub(3).max(span.start + 4);
                let path = self.path();
                self.blank_or_add(move || format!("{path}/comment()"), inside)?;
            }
            Event::PI(_) => {
                let path = self.path();
                self.blank_or_add(move || format!("{path}/processing-instruction()"), span)?;
            }
            Event::DocType(inside) => {
                if inside.to_ascii_uppercase().contains("<!ENTITY") {
                    return Err(Unreadable::new(
                        "DOCTYPE",
                        "it declares entities, which are not expanded here; send the document without",
                    ));
                }
            }
            Event::Decl(declaration) => {
                let stated = declaration.encoding().and_then(Result::ok).map(|e| e.to_ascii_lowercase());
                let fits = stated.is_none_or(|e| matches!(&*e, "utf-8" | "utf8" | "us-ascii" | "ascii"))
                    || self.text.is_ascii();
                if !fits {
                    return Err(Unreadable::new(
                        "XML declaration",
                        "it states another encoding than the document is in; send it as UTF-8",
                    ));
                }
            }
            Event::Eof => {}
        }
        Ok(())
    }

    /// Opens an element; gives back whether it is an inline one.
    fn start(&mut self, tag: &BytesStart<'_>) -> Result<bool, Unreadable> {
        let name = tag.local_name();
        let name: &str = name.as_ref();
        let inline = INLINE.contains(&name) && self.open.len() > 1;
        if !inline {
            self.flush()?;
        }
        let top = self.open.last_mut();
        let count = match top {
            // A name a document makes up costs memory only once for each element that has it.
            Some(top) => {
                let count = top.counts.entry(name.to_owned()).or_default();
                *count += 1;
                *count
            }
            None => 1,
        };
        let shown = plain(name);
        let label = if count > 1 { format!("{shown}[{count}]") } else { shown.to_owned() };
        let mut media_type = None;
        let mut encoded = false;
        for attribute in tag.attributes().with_checks(false).flatten() {
            match attribute.key.as_ref() {
                "representation" => encoded = attribute.value.trim() == "B64",
                "mediaType" => media_type = Some(attribute.value.to_string()),
                _ => {}
            }
        }
        let media_type = encoded.then(|| media_type.unwrap_or_else(|| "application/octet-stream".to_owned()));
        self.open.push(Element { label, inline, media_type, ..Element::default() });
        let depth = self.open.len();
        let path = || self.path();
        self.gather.depth(depth, path)?;
        Ok(inline)
    }

    fn end(&mut self) -> Result<(), Unreadable> {
        let inline = self.open.last().is_some_and(|e| e.inline);
        if !inline {
            self.flush()?;
        }
        if self.open.len() > 1 {
            self.open.pop();
        }
        Ok(())
    }

    /// Texts in attributes.
    fn attributes(&mut self, tag: &BytesStart<'_>, span: &Range<usize>) -> Result<(), Unreadable> {
        let raw = self.text.get(span.clone()).unwrap_or_default();
        let base = raw.as_ptr() as usize;
        for attribute in tag.attributes() {
            let attribute = attribute
                .map_err(|_| Unreadable::new(self.path(), "an attribute that is none, or the same one twice"))?;
            let key: &str = attribute.key.as_ref();
            if !attribute.value.trim().contains(' ') || key.starts_with("xmlns") || key == "xsi:schemaLocation" {
                continue;
            }
            // The value is a part of the tag as it stands.
            let at = (attribute.value.as_ptr() as usize).checked_sub(base).filter(|at| *at <= raw.len());
            let inside = match at {
                Some(at) if raw.get(at..at + attribute.value.len()) == Some(&*attribute.value) => {
                    span.start + at..span.start + at + attribute.value.len()
                }
                _ => span.clone(),
            };
            let (path, key) = (self.path(), plain(key).to_owned());
            let decoded =
                (self.text.get(inside.clone()) != Some(&*attribute.value)).then(|| attribute.value.to_string());
            self.gather.add(move || format!("{path}/@{key}"), inside, decoded)?;
        }
        Ok(())
    }

    fn say(&mut self, said: &str, span: Range<usize>, verbatim: bool) {
        // Inline elements speak for the element that they stand in.
        let Some(at) = self.open.iter().rposition(|e| !e.inline) else { return };
        let element = &mut self.open[at];
        element.verbatim = element.span.is_none() && verbatim;
        element.said.push_str(said);
        let start = element.span.as_ref().map_or(span.start, |s| s.start);
        element.span = Some(start..span.end);
    }

    /// Gives out the text of the innermost element.
    fn flush(&mut self) -> Result<(), Unreadable> {
        let Some(at) = self.open.iter().rposition(|e| !e.inline) else { return Ok(()) };
        let element = &mut self.open[at];
        let said = std::mem::take(&mut element.said);
        let Some(span) = element.span.take() else { return Ok(()) };
        if said.trim().is_empty() {
            return Ok(());
        }
        let path = self.path();
        let element = &self.open[at];
        if let Some(media_type) = element.media_type.clone() {
            return self.gather.add_base64(path, span, &said, &media_type);
        }
        let verbatim = element.verbatim && self.text.get(span.clone()) == Some(said.as_str());
        self.gather.add(|| path, span, (!verbatim).then_some(said))
    }

    fn blank_or_add(&mut self, place: impl FnOnce() -> String, span: Range<usize>) -> Result<(), Unreadable> {
        if self.text.get(span.clone()).is_none_or(|t| t.trim().is_empty()) {
            return Ok(());
        }
        self.gather.add(place, span, None)
    }

    fn path(&self) -> String {
        let labels: Vec<&str> = self.open.iter().skip(1).filter(|e| !e.inline).map(|e| e.label.as_str()).collect();
        if labels.is_empty() { "document".to_owned() } else { labels.join("/") }
    }
}
