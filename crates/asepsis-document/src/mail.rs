//! The texts of mail: RFC 5322 with the parts of MIME (RFC 2045 to 2049), read by the crate `mail-parser`.
//!
//! Every header is a text, since each of them reaches a model that is given a message. Parts are decoded from their transfer
//! encoding and character set; a message within a message is read too.

use std::ops::Range;

use mail_parser::{HeaderValue, Message, MessageParser, MimeHeaders as _, PartType};

use crate::field::{Found, Gather, Limits, Unreadable};

/// The most messages within each other.
const DEPTH: usize = 4;

/// Whether bytes begin as a message does: at least two of the usual headers before the first empty line.
#[must_use]
pub fn looks_like(bytes: &[u8]) -> bool {
    const USUAL: [&[u8]; 14] = [
        b"from:",
        b"to:",
        b"cc:",
        b"subject:",
        b"date:",
        b"received:",
        b"mime-version:",
        b"return-path:",
        b"message-id:",
        b"reply-to:",
        b"content-type:",
        b"delivered-to:",
        b"sender:",
        b"x-mailer:",
    ];
    let mut known = 0;
    for (n, line) in bytes.split(|b| *b == b'\n').take(200).enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return known >= 2;
        }
        let folded = matches!(line.first(), Some(b' ' | b'\t')) && n > 0;
        let colon = line.iter().position(|b| *b == b':').unwrap_or(0);
        let named = colon > 0 && line[..colon].iter().all(u8::is_ascii_graphic);
        if !folded && !named {
            return false;
        }
        let usual = |name: &&&[u8]| line.get(..name.len()).is_some_and(|l| l.eq_ignore_ascii_case(name));
        known += usize::from(USUAL.iter().find(usual).is_some());
    }
    false
}

/// The texts of a message.
///
/// # Errors
/// Where it is no message, or a part is not in the encoding that it states.
pub fn fields(bytes: &[u8], limits: &Limits) -> Result<Found, Unreadable> {
    let mut gather = Gather::new(limits, bytes.len())?;
    let message = MessageParser::default()
        .parse(bytes)
        .ok_or_else(|| Unreadable::new("message", "it has no headers (RFC 5322 section 2.2)"))?;
    read(&message, "", None, 0, &mut gather)?;
    Ok(gather.finish())
}

/// Reads a message; `outer` is where it stands, if it is a part of another.
fn read(
    message: &Message<'_>,
    prefix: &str,
    outer: Option<&Range<usize>>,
    depth: usize,
    gather: &mut Gather<'_>,
) -> Result<(), Unreadable> {
    if depth > DEPTH {
        return Err(Unreadable::new(
            format!("{prefix}message"),
            format!("there are more than {DEPTH} messages within each other"),
        ));
    }
    let raw = message.raw_message();
    let place_of = |span: Range<usize>| outer.cloned().unwrap_or(span);
    for (n, part) in message.parts.iter().enumerate() {
        let part_prefix = if n == 0 { prefix.to_owned() } else { format!("{prefix}part {n} ") };
        for header in &part.headers {
            let span = header.offset_start as usize..header.offset_end as usize;
            let said = match &header.value {
                HeaderValue::Text(text) => text.to_string(),
                HeaderValue::TextList(list) => list.join(" "),
                // What people are called, decoded.
                HeaderValue::Address(people) => people
                    .iter()
                    .flat_map(|one| [one.name.as_deref(), one.address.as_deref()])
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(" "),
                // Dates and parameters as they stand.
                _ => String::from_utf8_lossy(raw.get(span.clone()).unwrap_or_default()).into_owned(),
            };
            if !said.trim().is_empty() {
                let name = crate::field::plain(header.name.as_str()).to_owned();
                gather.add(|| format!("{part_prefix}{name}"), place_of(span), Some(said))?;
            }
        }
        let span = place_of(part.offset_body as usize..part.offset_end as usize);
        let label = if n == 0 { format!("{prefix}body") } else { format!("{prefix}part {n}") };
        if part.is_encoding_problem {
            return Err(Unreadable::new(
                label,
                "it is not in the transfer encoding that it states (RFC 2045 section 6)",
            ));
        }
        match &part.body {
            PartType::Text(text) | PartType::Html(text) => gather.add(|| label, span, Some(text.to_string()))?,
            PartType::Message(inner) => read(inner, &format!("{label} "), Some(&span), depth + 1, gather)?,
            PartType::Binary(_) | PartType::InlineBinary(_) => {
                let kind = part.content_type().map_or_else(String::new, |kind| {
                    format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()).to_ascii_lowercase()
                });
                gather.add_opaque(label, span, kind)?;
            }
            PartType::Multipart(_) => {}
        }
    }
    Ok(())
}
