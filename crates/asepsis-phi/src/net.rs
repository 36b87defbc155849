//! Electronic addresses: mail, web, internet protocol and hardware, 45 CFR 164.514(b)(2)(i)(F), (M), (N), (O).

use std::net::Ipv6Addr;

use asepsis_vocab::{Detail, EvidenceKind, IdentifierClass};
use memchr::memchr2_iter;

use crate::cue::CueKind;
use crate::doc::{Doc, Rule};
use crate::sorts::Sort;
use crate::token::Kind;

static EMAIL: Rule = Rule { name: "email", kind: EvidenceKind::Pattern, note: "an electronic mail address" };
static EMAIL_SPOKEN: Rule =
    Rule { name: "email.spoken", kind: EvidenceKind::Pattern, note: "a mail address spelled out" };
static URL: Rule = Rule { name: "url", kind: EvidenceKind::Pattern, note: "a web address" };
static IP: Rule = Rule { name: "ip", kind: EvidenceKind::Pattern, note: "an internet protocol address" };
static MAC: Rule =
    Rule { name: "device.mac", kind: EvidenceKind::Pattern, note: "a hardware address of a network device" };

pub(crate) fn find(doc: &mut Doc<'_>) {
    let text = doc.text;
    let mut done = 0;
    // Every address has one of these marks.
    for at in memchr2_iter(b'@', b':', text.as_bytes()) {
        if at < done {
            continue;
        }
        let rest = &text.as_bytes()[at..];
        let found = if rest.starts_with(b"@") {
            email(text, at).map(|s| (s, IdentifierClass::Email, &EMAIL))
        } else if rest.starts_with(b"://") {
            url(text, at).map(|s| (s, IdentifierClass::Url, &URL))
        } else {
            hex_groups(text, at)
        };
        if let Some(((start, end), class, rule)) = found {
            doc.add_bytes(start, end, class, 0.98, rule);
            done = end;
        }
    }
    // Each of them has a full stop in it or a word for one.
    let mut next = 0;
    while let Some(i) = doc.sorts.next(next, [Sort::Point, Sort::Signal]) {
        next = i + 1;
        if doc.mark(i) == b'.' {
            if i > 0 && doc.is_number(i - 1) && !doc.taken[i - 1] {
                ipv4(doc, i - 1);
            }
            if !doc.taken[i] {
                host(doc, i);
            }
        } else if !doc.taken[i] && doc.is_word(i, "at") {
            spelled(doc, i);
        }
    }
}

/// The words of an address that is spelled out.
pub(crate) const SIGNALS: [&str; 2] = ["at", "dot"];

fn email(text: &str, at: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let local = |b: u8| b.is_ascii_alphanumeric() || b"._%+-'".contains(&b) || b >= 0x80;
    let mut start = at;
    while start > 0 && at - start < 64 && local(bytes[start - 1]) {
        start -= 1;
    }
    while start < at && !(bytes[start].is_ascii_alphanumeric() || bytes[start] >= 0x80) || !text.is_char_boundary(start)
    {
        start += 1;
    }
    let mut end = at + 1;
    while end < bytes.len() && end - at < 254 && (bytes[end].is_ascii_alphanumeric() || b".-_".contains(&bytes[end])) {
        end += 1;
    }
    while end > at + 1 && b".-_".contains(&bytes[end - 1]) {
        end -= 1;
    }
    let tld = text[at + 1..end].rsplit_once('.')?.1;
    (start < at && tld.len() >= 2 && tld.bytes().all(|b| b.is_ascii_alphabetic())).then_some((start, end))
}

fn url(text: &str, at: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut start = at;
    while start > 0
        && at - start < 12
        && (bytes[start - 1].is_ascii_alphanumeric() || b"+.-".contains(&bytes[start - 1]))
    {
        start -= 1;
    }
    let end = url_end(text, at + 3);
    (start < at && end > at + 4).then_some((start, end))
}

/// Where a web address that has begun ends.
fn url_end(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes();
    let mut end = from;
    while end < bytes.len()
        && end - from < 2048
        && !bytes[end].is_ascii_whitespace()
        && !b"<>\"'|)]}`".contains(&bytes[end])
    {
        end += 1;
    }
    while end > from && b".,;:!?*".contains(&bytes[end - 1]) {
        end -= 1;
    }
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    end
}

/// IPv6 and MAC addresses around a colon.
fn hex_groups(text: &str, at: usize) -> Option<((usize, usize), IdentifierClass, &'static Rule)> {
    let bytes = text.as_bytes();
    let part = |b: u8| b.is_ascii_hexdigit() || b == b':';
    let mut start = at;
    while start > 0 && at - start < 5 && part(bytes[start - 1]) {
        start -= 1;
    }
    if start > 0 && bytes[start - 1].is_ascii_alphanumeric() {
        return None;
    }
    let mut end = at;
    while end < bytes.len() && end - at < 40 && part(bytes[end]) {
        end += 1;
    }
    if bytes.get(end).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let candidate = text[start..end].trim_end_matches(':');
    end = start + candidate.len();
    let groups = || candidate.split(':').filter(|g| !g.is_empty());
    if candidate.matches(':').count() < 2 {
        return None;
    }
    if groups().count() == 6 && candidate.len() == 17 && groups().all(|g| g.len() == 2) {
        return Some(((start, end), IdentifierClass::Device, &MAC));
    }
    let real = groups().count() >= 3 || candidate.contains("::") && groups().any(|g| g.len() >= 3);
    (real && candidate.parse::<Ipv6Addr>().is_ok()).then_some(((start, end), IdentifierClass::Ip, &IP))
}

fn ipv4(doc: &mut Doc<'_>, i: usize) {
    let octet = |k: usize| doc.digits(k, 1, 3) && doc.value(k) <= 255;
    let dot = |k: usize| doc.mark(k) == b'.' && doc.glued(k) && doc.glued(k + 1);
    let before = i > 0
        && doc.glued(i)
        && (doc.tokens[i - 1].kind != Kind::Mark || matches!(doc.mark(i - 1), b'.' | b'-' | b'_'));
    if before || !(octet(i) && dot(i + 1) && octet(i + 2) && dot(i + 3) && octet(i + 4) && dot(i + 5) && octet(i + 6)) {
        return;
    }
    let mut end = i + 7;
    if doc.glued(end)
        && (doc.mark(end) == b'.' && doc.glued(end + 1) && doc.is_number(end + 1) || doc.tokens[end].kind == Kind::Word)
    {
        return;
    }
    let version = doc.cues_before(i, 3).any(|c| c.kind == CueKind::Public)
        || i > 0 && matches!(doc.word(i - 1), "v" | "V" | "build" | "release" | "firmware" | "EC");
    if version {
        return;
    }
    if doc.mark(end) == b':' && doc.digits(end + 1, 1, 5) && doc.glued(end) && doc.glued(end + 1) {
        end += 2;
    }
    doc.add(i, end, IdentifierClass::Ip, Detail::Unspecified, 0.95, &IP);
}

/// A bare host such as `www.example.org` or `portal.example.org/x`, around a dot.
fn host(doc: &mut Doc<'_>, dot: usize) {
    if !doc.glued(dot)
        || !doc.glued(dot + 1)
        || dot == 0
        || doc.tokens.get(dot + 1).is_none_or(|t| t.kind != Kind::Word)
    {
        return;
    }
    let label = |k: usize| {
        matches!(doc.tokens[k].kind, Kind::Word | Kind::Number) || doc.mark(k) == b'-' || doc.mark(k) == b'.'
    };
    let mut from = dot;
    while from > 0 && dot - from < 12 && label(from - 1) {
        from -= 1;
        if !doc.glued(from) {
            break;
        }
    }
    let mut last = dot + 1;
    while doc.mark(last + 1) == b'.'
        && doc.glued(last + 1)
        && doc.glued(last + 2)
        && doc.tokens.get(last + 2).is_some_and(|t| t.kind == Kind::Word)
        && last - dot < 12
    {
        last += 2;
    }
    let tld = doc.word(last).to_ascii_lowercase();
    const KNOWN: [&str; 18] = [
        "com", "org", "net", "edu", "gov", "mil", "io", "health", "info", "biz", "int", "us", "uk", "ca", "de", "fr",
        "es", "eu",
    ];
    let www = doc.is_word(from, "www");
    let path = doc.mark(last + 1) == b'/' && doc.glued(last + 1) && doc.glued(last + 2);
    let safe = matches!(tld.as_str(), "com" | "org" | "net" | "edu" | "gov" | "health");
    let said = || doc.cues_before(from, 5).any(|c| c.kind == CueKind::Url);
    if from == dot
        || !doc.is_free(from, last + 1)
        || !(www || KNOWN.contains(&tld.as_str()) && (path || safe || said()))
    {
        return;
    }
    let start = doc.tokens[from].start;
    let end = url_end(doc.text, doc.tokens[last].end);
    doc.add_bytes(start, end, IdentifierClass::Url, 0.9, &URL);
}

/// `name at host dot org`, with brackets or without.
fn spelled(doc: &mut Doc<'_>, at: usize) {
    let bracket = |k: usize| matches!(doc.mark(k), b'(' | b'[' | b'{' | b')' | b']' | b'}');
    let mut j = at + 1;
    while bracket(j) {
        j += 1;
    }
    let mut dots = 0;
    let mut end = j;
    for _ in 0..4 {
        let named = doc.tokens.get(j).is_some_and(|t| matches!(t.kind, Kind::Word | Kind::Number));
        if !named {
            break;
        }
        j += 1;
        end = j;
        while bracket(j) {
            j += 1;
        }
        let dot = doc.is_word(j, "dot") || dots == 0 && doc.mark(j) == b'.' && doc.glued(j) && doc.glued(j + 1);
        if !dot {
            break;
        }
        dots += 1;
        j += 1;
        while bracket(j) {
            j += 1;
        }
    }
    let tld = || ["com", "org", "net", "edu", "gov", "io", "us", "uk"].iter().any(|tld| doc.is_word(end - 1, tld));
    if dots == 0 || !tld() {
        return;
    }
    let mut from = at;
    while from > 0 && bracket(from - 1) {
        from -= 1;
    }
    let mut start = from;
    while start > 0 && from - start < 8 {
        let k = start - 1;
        let joined = doc.glued(start) || doc.is_word(k, "dot") || doc.is_word(start, "dot") || start == from;
        let part = matches!(doc.tokens[k].kind, Kind::Word | Kind::Number) || matches!(doc.mark(k), b'.' | b'_' | b'-');
        if !joined || !part || doc.tokens[start].gap > 1 {
            break;
        }
        start = k;
    }
    if start < from {
        doc.add(start, end, IdentifierClass::Email, Detail::Unspecified, 0.85, &EMAIL_SPOKEN);
    }
}
