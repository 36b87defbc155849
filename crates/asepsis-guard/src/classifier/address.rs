//! Addresses of the web and of mail, each one word.

use super::token::Shape;

/// The longest address that is read as one.
const ADDRESS: usize = 512;
/// The longest part of a mail address before its `@`.
pub(super) const LOCAL: usize = 64;

/// An address at the start of a text: its length, and the word that stands for it. Which host it names says nothing; whether
/// it carries something says much.
#[inline(never)]
pub(super) fn address(bytes: &[u8]) -> Option<(usize, Shape, &'static str)> {
    let starts = |with: &str| bytes.len() > with.len() && bytes[..with.len()].eq_ignore_ascii_case(with.as_bytes());
    if matches!(bytes.first(), Some(b'h' | b'H' | b'w' | b'W' | b'f' | b'F'))
        && ["http://", "https://", "ftp://", "www."].into_iter().any(starts)
    {
        let inside = |b: &u8| {
            b.is_ascii_graphic()
                && !matches!(b, b'"' | b'\'' | b'<' | b'>' | b')' | b']' | b'}' | b'|' | b'`' | b',' | b';')
        };
        let length = bytes.iter().take(ADDRESS).take_while(|b| inside(b)).count();
        let length = length - bytes[..length].iter().rev().take_while(|b| matches!(b, b'.' | b':' | b'!')).count();
        let carries = bytes[..length].contains(&b'=') || bytes[..length].contains(&b'{');
        return Some((length, Shape::Address, if carries { "addresswith" } else { "address" }));
    }
    let local = bytes
        .iter()
        .take(LOCAL)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+' | b'%'));
    let at = local.count();
    if at == 0 || bytes.get(at) != Some(&b'@') {
        return None;
    }
    let domain = bytes[at + 1..]
        .iter()
        .take(LOCAL)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
        .count();
    let domain =
        domain - bytes[at + 1..at + 1 + domain].iter().rev().take_while(|b| !b.is_ascii_alphanumeric()).count();
    (domain > 2 && bytes[at + 1..at + 1 + domain].contains(&b'.')).then_some((at + 1 + domain, Shape::Mail, "mailbox"))
}

/// Whether a word may be the beginning of an address of the web, by its first two letters.
pub(super) fn may_be_web(bytes: &[u8]) -> bool {
    match bytes {
        [a, b, ..] => matches!((a | 0x20, b | 0x20), (b'h' | b'f', b't') | (b'w', b'w')),
        _ => false,
    }
}
