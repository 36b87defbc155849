//! One word, with what could carry data out taken out of it.

use std::borrow::Cow;
use std::ops::Range;

use crate::address;
use crate::filter::{REMOVED, Written};
use crate::formula;
use crate::hosts::Hosts;
use crate::key::{self, SHORTEST_KEY};
use crate::markup;
use crate::word::{Of, undone};

/// What stands where a key was.
const KEY_REMOVED: &str = "[key removed]";

/// Something that was taken out of a word or made harmless in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Where in the word.
    pub(crate) range: Range<usize>,
    pub(crate) rule: &'static str,
}

/// The word as it may be shown. `first`: it begins a line or a cell. `past`: what came before in the same word is out already, so it
/// does not end here.
pub(crate) fn word<'w>(
    word: &'w str,
    first: bool,
    written: Written,
    hosts: &Hosts,
    cuts: &mut Vec<Cut>,
) -> Cow<'w, str> {
    let raw = word.as_bytes();
    if raw.len() >= SHORTEST_KEY
        && let Some(key) = key::in_word(word)
    {
        cuts.push(Cut { range: key.0.clone(), rule: key.1.rule() });
        return Cow::Owned(format!("{}{KEY_REMOVED}{}", &word[..key.0.start], &word[key.0.end..]));
    }
    if !raw.iter().any(|b| matches!(b, b':' | b'/' | b'\\' | b'<' | b'&' | b'=' | b'.' | b'@' | b'|')) {
        return Cow::Borrowed(word);
    }
    let before = cuts.len();
    let out = plain(word, first, written, hosts, cuts);
    // What an escape hides was looked at by nobody in the plain word, so the whole word goes.
    if raw.iter().any(|b| matches!(b, b'&' | b'\\')) {
        let seen = cuts.len() - before;
        let rule = hidden(word, hosts, seen);
        if let Some(rule) = rule {
            cuts.truncate(before);
            cuts.push(Cut { range: 0..word.len(), rule });
            return Cow::Borrowed(REMOVED);
        }
    }
    out
}

/// Why the word is refused once its escapes are undone, where it was not refused before in as many places.
fn hidden(word: &str, hosts: &Hosts, seen: usize) -> Option<&'static str> {
    let read = undone(word, Of::All);
    if read != word {
        let mut found = Vec::new();
        addresses(&read, Written::Plain, hosts, &mut found);
        if found.len() > seen {
            return Some("channel/escaped-address");
        }
    }
    let run = undone(word, Of::Programs);
    if run != word && crate::control::holds(&run) {
        return Some("channel/escaped-control");
    }
    if run != word && (markup::active(&run, 0).is_some() || markup::handler(&run, 0).is_some()) && seen == 0 {
        return Some("channel/escaped-markup");
    }
    None
}

fn addresses(text: &str, written: Written, hosts: &Hosts, found: &mut Vec<Cut>) {
    let mut from = 0;
    while let Some(address) = address::first(text, from, if written == Written::Json { 4 } else { 2 }) {
        from = address.range.end.max(address.range.start + 1);
        if let Some(rule) = hosts.refuses(&address.opened) {
            found.push(Cut { range: address.range, rule });
        }
    }
}

/// The range with the escapes that it begins or ends in the middle of: half of one is no JSON.
fn whole(word: &str, range: Range<usize>, written: Written) -> Range<usize> {
    if written == Written::Plain {
        return range;
    }
    let backslashes = |at: usize| word.as_bytes()[..at].iter().rev().take_while(|b| **b == b'\\').count();
    let start = range.start - backslashes(range.start) % 2;
    // An escape of four digits may have begun before.
    let end = if backslashes(range.end) % 2 == 1 { (range.end + 1).min(word.len()) } else { range.end };
    start..word.ceil_char_boundary(end)
}

fn plain<'w>(word: &'w str, first: bool, written: Written, hosts: &Hosts, cuts: &mut Vec<Cut>) -> Cow<'w, str> {
    let mut refused = Vec::new();
    addresses(word, written, hosts, &mut refused);
    let mut steps: Vec<(Range<usize>, &'static str, Cow<'static, str>)> =
        refused.into_iter().map(|cut| (whole(word, cut.range, written), cut.rule, Cow::Borrowed(REMOVED))).collect();
    let mut from = 0;
    while let Some(at) = markup::active(word, from) {
        steps.push((at..at + 1, "channel/active-markup", Cow::Borrowed("&lt;")));
        from = at + 1;
    }
    from = 0;
    while let Some((at, length)) = markup::handler(word, from) {
        // Its letters may be given out already; with a hyphen behind them they are the name of nothing.
        steps.push((at + length..at + length, "channel/event-handler", Cow::Borrowed("-")));
        from = at + length + 1;
    }
    if let Some(at) = formula::begins(word, first) {
        steps.push((at..at, "channel/formula", Cow::Borrowed("'")));
    }
    if steps.is_empty() {
        return Cow::Borrowed(word);
    }
    steps.sort_by_key(|(range, ..)| range.start);
    let (mut out, mut done) = (String::with_capacity(word.len()), 0);
    for (range, rule, text) in steps {
        // What stands within an address that is out already is out with it.
        if range.start < done {
            continue;
        }
        out.push_str(&word[done..range.start]);
        out.push_str(&text);
        done = range.end;
        cuts.push(Cut { range, rule });
    }
    out.push_str(&word[done..]);
    Cow::Owned(out)
}
