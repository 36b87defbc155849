//! Which elements stand where, and what they say.

use quick_xml::events::BytesStart;

use super::events::{CardError, LIMITS, Next, Reading, is_char, line};
use super::shape::{Schema, Shape, schema};
use super::{Card, Field};

/// The namespace of XML signatures.
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";

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
    Reading::new(text).document(&mut card)?;
    Ok(card)
}

impl Reading<'_> {
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
        // The tag with its brackets, and the slash of an empty one.
        let start = self.position().saturating_sub(tag.len() + if empty { 3 } else { 2 });
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
        card.signature = self.text().get(start..self.position()).map(str::to_owned);
        Ok(())
    }
}

/// The first child that has to stand between these two and does not.
fn missing(children: &[Shape], from: usize, count: usize, to: usize) -> Option<&str> {
    let first = from + usize::from(count > 0);
    children.get(first..to)?.iter().find(|child| !child.optional).map(|child| child.name.as_str())
}
