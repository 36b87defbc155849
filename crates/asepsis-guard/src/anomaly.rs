//! What ordinary text does not have: disguises of every kind. Each is evidence in itself, whatever it hides.

mod bidi;
mod escaped;
mod hidden;
mod invisible;
mod script;
mod spaced;
mod terminal;

use asepsis_normal::Normal;
use asepsis_vocab::{Flag, Span, Verdict};

pub(crate) use escaped::PERCENT;
pub(crate) use hidden::HIDDEN;
pub(crate) use spaced::SPACED;

use crate::views::Encoding;

/// The most flags of one rule in one text; the last covers all that follows.
pub(crate) const MOST_FLAGS: usize = 512;
/// Finds of one rule that are so near each other are one: a disguised passage. What is taken out is never more than was found.
const NEAR: usize = 32;

/// Finds the anomalies of a text.
pub(crate) fn of(original: &str, clean: &Normal<'_>, flags: &mut Flags) {
    if !original.is_ascii() {
        invisible::find(original, flags);
        bidi::find(original, flags);
        script::find(original, flags);
    }
    terminal::find(original, flags);
    escaped::find(original, flags);
    spaced::find(original, flags);
    hidden::find(original, flags);
    // What escapes hid is disguised all the same.
    let text = clean.text();
    if original.is_ascii() && !text.is_ascii() {
        script::find_in(text, &|start, end| clean.span(start, end), flags);
    }
    if original.is_ascii() && memchr::memchr2(b'&', b'\\', original.as_bytes()).is_some() {
        invisible::find_escaped(original, flags);
    }
}

/// The places of HTML that are not shown.
pub(crate) fn hidden_in(text: &str) -> Vec<Span> {
    let mut flags = Flags::default();
    hidden::find(text, &mut flags);
    flags.into_vec().into_iter().map(|f| f.span).collect()
}

/// The flags of a text as they are found: near ones of a rule become one, and there are at most [`MOST_FLAGS`] of each.
#[derive(Default)]
pub(crate) struct Flags {
    rules: Vec<(&'static str, Verdict, Vec<Span>)>,
}

impl Flags {
    /// A find of a rule. Only those that come one after the other become one.
    pub(crate) fn add(&mut self, rule: &'static str, verdict: Verdict, span: Span) {
        self.add_near(rule, verdict, span, if verdict < Verdict::Strip { NEAR } else { 0 });
    }

    /// The same, with how many bytes may lie between finds that are one.
    fn add_near(&mut self, rule: &'static str, verdict: Verdict, span: Span, near: usize) {
        let at = match self.rules.iter().position(|(known, ..)| *known == rule) {
            Some(at) => at,
            None => {
                self.rules.push((rule, verdict, Vec::new()));
                self.rules.len() - 1
            }
        };
        let spans = &mut self.rules[at].2;
        let full = spans.len() == MOST_FLAGS;
        match spans.last_mut() {
            Some(last)
                if full
                    || span.start <= last.end.saturating_add(near) && last.start <= span.end.saturating_add(near) =>
            {
                *last = Span::new(last.start.min(span.start), last.end.max(span.end));
            }
            _ => spans.push(span),
        }
    }

    /// A text that stood encoded.
    pub(crate) fn encoded(&mut self, encoding: Encoding, span: Span) {
        let rule = match encoding {
            Encoding::Base64 => "encoded/base64",
            Encoding::Base32 => "encoded/base32",
            Encoding::Hex => "encoded/hex",
            // Those have rules of their own.
            _ => return,
        };
        self.add(rule, Verdict::Strip, span);
    }

    /// More is encoded than is read.
    pub(crate) fn unread(&mut self, span: Span) {
        self.add("encoded/too-much", Verdict::Hold, span);
    }

    /// All of them, by their place.
    pub(crate) fn into_vec(self) -> Vec<Flag> {
        let mut flags: Vec<Flag> = self
            .rules
            .into_iter()
            .flat_map(|(rule, verdict, spans)| {
                spans.into_iter().map(move |span| Flag { span, rule: rule.to_owned(), verdict })
            })
            .collect();
        flags.sort_by(|a, b| (a.span, &a.rule).cmp(&(b.span, &b.rule)));
        flags
    }
}
