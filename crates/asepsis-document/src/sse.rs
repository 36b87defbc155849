//! Server-sent events, as the HTML standard (section 9.2) defines `text/event-stream`.
//!
//! [`Parser`] takes bytes as the network cuts them and gives whole [`Event`]s, each with its bytes as they came, so
//! that one that is not changed can be sent on untouched. [`write_event`] writes one.

mod parser;

pub use parser::{Event, Finish, Parser, SseError};

/// Appends an event to `out`.
///
/// Each line of `data` (they end with LF, CR LF or CR, as a reader would take them) becomes a `data` field. From the
/// name, line ends are left out: it is one line.
pub fn write_event(out: &mut Vec<u8>, event: Option<&str>, data: &str) {
    if let Some(name) = event {
        out.extend_from_slice(b"event: ");
        out.extend(name.bytes().filter(|b| !matches!(b, b'\r' | b'\n')));
        out.push(b'\n');
    }
    let mut rest = Some(data);
    while let Some(text) = rest {
        let end = text.find(['\r', '\n']);
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(&text.as_bytes()[..end.unwrap_or(text.len())]);
        out.push(b'\n');
        rest = end.map(|end| {
            let after = &text[end..];
            after.strip_prefix("\r\n").unwrap_or(&after[1..])
        });
    }
    out.push(b'\n');
}
