//! ArcSight Common Event Format (CEF:0), with the keys of its extension dictionary.

use std::fmt::Write as _;

use crate::reading::{self, Ending};
use crate::text::{LONGEST_FIELD, clean, cut, list, shown};
use crate::{Record, Source, VERSION};

/// One event, without a line's end.
pub(super) fn event(source: &Source, record: &Record) -> String {
    let event = &record.event;
    let (name, status) = (reading::name(event), reading::status(event));
    let severity = match reading::ending(event) {
        Ending::Good => 3,
        Ending::Minor => 5,
        Ending::Serious => 7,
        Ending::Major => 9,
    };
    let title = header(&format!("{name} of {}: {}", short(&event.interface), short(status)));
    let mut line = Line(format!("CEF:0|Asepsis|Asepsis|{VERSION}|{name}|{title}|{severity}|"));
    line.add("rt", &record.millis.to_string());
    line.add("externalId", &record.id());
    line.add("deviceExternalId", &short(&source.origin));
    line.add("dvchost", &source.host());
    line.add("cat", if event.act.is_some() { "act" } else { "exchange" });
    // The dictionary gives these two keys 31 and 63 characters.
    line.add("app", &cut(&event.interface, 31));
    if let Some(actor) = &event.actor {
        line.add("suid", &short(&actor.user));
        line.add("spriv", &short(&actor.role));
        let credential = actor.credential.iter().map(|id| format!(" {}", short(id)));
        line.add("requestContext", &std::iter::once(short(&actor.method)).chain(credential).collect::<String>());
    }
    if let Some(recipient) = &event.recipient {
        line.add("destinationServiceName", &short(&recipient.system));
        line.label("cs2", "vendor", &short(&recipient.vendor));
        line.label("cs3", "agreement", &short(recipient.agreement.as_deref().unwrap_or_default()));
    }
    if let Some(decision) = &event.decision {
        line.add("act", decision.form.name());
        line.add("reason", &short(&decision.reason));
    }
    line.add("outcome", &cut(status, 63));
    line.label("cn1", "index", &record.index.to_string());
    line.label("cs1", "purpose", event.purpose.code());
    line.label("cs4", "subject", &event.subject.map(|subject| subject.to_string()).unwrap_or_default());
    line.label("flexString1", "found_in_answer", &list(reading::counts(&event.found_in_answer)));
    line.label("flexString2", "versions", &list(event.versions.iter().map(|(name, v)| format!("{name} {v}"))));
    if let Some(traffic) = &event.traffic {
        line.add("in", &traffic.answer_bytes.to_string());
        line.add("out", &traffic.sent_bytes.to_string());
        line.label("cn2", "replaced", &traffic.replaced.to_string());
        line.label("cn3", "restored", &traffic.restored.to_string());
        line.label("flexNumber1", "unissued", &traffic.unissued.to_string());
        line.label("flexNumber2", "elapsed_ms", &traffic.elapsed_ms.to_string());
    }
    let rules = event.decision.iter().flat_map(|decision| &decision.rules).map(String::as_str);
    let found = reading::counts(&event.found);
    match &event.act {
        None => {
            line.label("cs5", "rules", &list(rules));
            line.label("cs6", "found", &list(found));
        }
        // There are six such keys. An act has something that it was done to, and as a rule neither rules nor findings.
        Some(act) => {
            line.label("cs5", "target", &short(act.target.as_deref().unwrap_or_default()));
            line.label("cs6", "basis", &short(act.basis.as_deref().unwrap_or_default()));
            let figures = act.figures.iter().map(|(name, value)| format!("{name} {value}"));
            line.add("msg", &list(figures.chain(rules.map(str::to_owned)).chain(found)));
        }
    }
    // The space behind the last value.
    line.0.pop();
    line.0
}

struct Line(String);

impl Line {
    /// Adds a key and its value, where there is one.
    fn add(&mut self, key: &str, value: &str) {
        if !value.is_empty() {
            write!(self.0, "{key}={} ", extension(value)).expect("a String takes every write");
        }
    }

    /// Adds a key that says by a label what it is.
    fn label(&mut self, key: &str, label: &str, value: &str) {
        if !value.is_empty() {
            self.add(&format!("{key}Label"), label);
            self.add(key, value);
        }
    }
}

fn short(text: &str) -> String {
    cut(text, LONGEST_FIELD)
}

/// A field of the header: backslash and pipe are escaped, and it is one line.
fn header(text: &str) -> String {
    clean(text).replace('\\', "\\\\").replace('|', "\\|")
}

/// A value of the extension: backslash, equals sign and line breaks are escaped.
fn extension(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '=' => escaped.push_str("\\="),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            c => escaped.push(shown(c)),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_cef_is_escaped_where_it_does() {
        assert_eq!(header("a|b\\c=d\ne"), "a\\|b\\\\c=d␊e");
        assert_eq!(extension("a|b\\c=d\ne\rf\tg"), "a|b\\\\c\\=d\\ne\\rf␉g");
    }
}
