//! The texts of JSON documents, FHIR resources among them (<https://hl7.org/fhir/json.html>).
//!
//! Every string is one, and every member name that has a space in it. An `Attachment` with a textual media type is read,
//! another is opaque.

use crate::field::{Found, Gather, Limits, Unreadable};
use crate::json::{Json, Kind, Node};

/// The texts of a document, by their paths; those of a resource begin with its type.
///
/// # Errors
/// Where it is no strict JSON.
pub fn fields(bytes: &[u8], limits: &Limits) -> Result<Found, Unreadable> {
    let mut gather = Gather::new(limits, bytes.len())?;
    let most = crate::json::Limits { max_depth: limits.max_depth, max_nodes: limits.max_fields.saturating_mul(4) };
    let json = Json::parse(bytes, &most)
        .map_err(|e| Unreadable::new(format!("line {}, column {}", e.line, e.column), e.kind.to_string()))?;
    let resource = resource_type(&json);
    let place = |node: Node<'_>| match &resource {
        Some(name) => format!("{name}.{}", node.path()),
        None => node.path().to_string(),
    };
    for leaf in json.leaves() {
        let node = leaf.node;
        if node.kind() != Kind::String || node.is_key() && !leaf.text().trim().contains(' ') {
            continue;
        }
        let span = node.span();
        let inside = span.start + 1..span.end - 1;
        if let Some(media_type) = attached(node) {
            gather.add_base64(place(node), inside, &leaf.text(), &media_type)?;
            continue;
        }
        let decoded = match leaf.text() {
            std::borrow::Cow::Borrowed(_) => None,
            std::borrow::Cow::Owned(text) => Some(text),
        };
        gather.add(|| place(node) + if node.is_key() { " (name)" } else { "" }, inside, decoded)?;
    }
    Ok(gather.finish())
}

/// The type of the resource that a document is.
#[must_use]
pub fn resource_type(json: &Json<'_>) -> Option<String> {
    let name = json.root().get("resourceType")?.as_str()?.into_owned();
    let plain = name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphabetic()) && !name.is_empty();
    plain.then_some(name)
}

/// The media type of what a string holds in base64: `data` of an Attachment, or of a Binary.
fn attached(node: Node<'_>) -> Option<String> {
    if node.is_key() || node.key()? != "data" {
        return None;
    }
    let object = node.parent()?;
    Some(object.get("contentType")?.as_str()?.into_owned())
}
