//! Shapes that tell an identifier without a word beside it.

use asepsis_checksum as checksum;
use asepsis_vocab::IdentifierClass;

use super::Chunk;
use super::guard::{is_decimal, is_statistic, is_years, measured};
use crate::cue::CueKind;
use crate::doc::{Doc, Rule};
use crate::token::{Kind, SPACE};

/// Nine digits as 3-2-4, whatever the group values, or masked with the last four left.
pub(super) fn ssn(doc: &Doc<'_>, i: usize, chunk: &Chunk) -> Option<usize> {
    let lens = |k: usize| doc.tokens.get(k).map_or(0, crate::token::Token::len);
    let masked = |k: usize| {
        doc.tokens.get(k).is_some_and(|t| t.kind == Kind::Word) && doc.word(k).bytes().all(|b| matches!(b, b'x' | b'X'))
    };
    if chunk.end == i + 5 && (lens(i), lens(i + 2), lens(i + 4)) == (3, 2, 4) && doc.is_number(i + 4) {
        let sep = doc.mark(i + 1);
        let hidden = |k: usize| doc.is_number(k) || masked(k);
        if matches!(sep, b'-' | b'.' | b'/') && doc.mark(i + 3) == sep && hidden(i) && hidden(i + 2) {
            return Some(chunk.end);
        }
    }
    if doc.mark(i) == b'*' && chunk.digits == 4 && chunk.letters == 0 {
        return doc.cues_before(i, 8).any(|c| c.kind == CueKind::Ssn).then_some(chunk.end);
    }
    // "123 45 6789", with nothing numeric beside it.
    let apart = |k: usize| doc.tokens.get(k).is_some_and(|t| t.gap == SPACE && t.kind == Kind::Number);
    let spaced = chunk.end == i + 1
        && doc.digits(i, 3, 3)
        && apart(i + 1)
        && doc.digits(i + 1, 2, 2)
        && apart(i + 2)
        && doc.digits(i + 2, 4, 4);
    let alone = spaced && !apart(i + 3) && !doc.glued(i + 3) | (doc.mark(i + 3) != b'.' || !doc.is_number(i + 4));
    alone.then_some(i + 3)
}

/// The end of an IBAN that is written in groups of four.
pub(super) fn iban(doc: &Doc<'_>, i: usize) -> Option<usize> {
    if doc.tokens[i].kind != Kind::Word || doc.tokens[i].len() != 2 || !doc.digits(i + 1, 2, 2) || !doc.glued(i + 1) {
        return None;
    }
    let start = doc.tokens[i].start;
    let mut found = None;
    for j in i + 1..i + 24 {
        let Some(t) = doc.tokens.get(j) else { break };
        if !matches!(t.kind, Kind::Word | Kind::Number) || t.gap > SPACE || t.end - start > 45 {
            break;
        }
        if !doc.glued(j + 1) || doc.tokens[j + 1].kind == Kind::Mark {
            let text = &doc.text[start..t.end];
            if t.end - start >= 15 && checksum::iban(text) {
                found = Some(j + 1);
            }
        }
    }
    found
}

/// The end of a Medicare beneficiary identifier, whole or in its three parts.
pub(super) fn mbi(doc: &Doc<'_>, i: usize) -> Option<usize> {
    // It begins with one digit and a letter.
    let digit = doc.digits(i, 1, 1) && doc.glued(i + 1) && doc.tokens[i + 1].kind == Kind::Word;
    if !digit {
        return None;
    }
    let start = doc.tokens[i].start;
    [11, 13].into_iter().find_map(|len| {
        let text = doc.text.get(start..start + len)?;
        let end = doc.token_at(start + len);
        let last = end.checked_sub(1).filter(|last| *last >= i)?;
        let whole = doc.tokens[last].end == start + len && !(doc.glued(end) && doc.tokens[end].kind != Kind::Mark);
        (whole && checksum::is_mbi(text)).then_some(end)
    })
}

/// The class that the shape and check of a code tell, and the rule that does.
pub(super) fn told(text: &str, rules: &'static Rules) -> Option<(IdentifierClass, &'static Rule)> {
    if checksum::vin(text) {
        return Some((IdentifierClass::Vehicle, &rules.vin));
    }
    if is_uid(text) {
        return Some((IdentifierClass::Id, &rules.uid));
    }
    if checksum::dea(text) {
        return Some((IdentifierClass::License, &rules.dea));
    }
    None
}

/// The rules of shapes that are checked.
pub(super) struct Rules {
    pub(super) vin: Rule,
    pub(super) uid: Rule,
    pub(super) mbi: Rule,
    pub(super) dea: Rule,
}

/// A UUID (RFC 9562), an object identifier as DICOM uses it (DICOM PS3.5, 9), or a digest in hexadecimal.
fn is_uid(text: &str) -> bool {
    let uuid = text.len() == 36
        && text
            .bytes()
            .enumerate()
            .all(|(i, b)| if matches!(i, 8 | 13 | 18 | 23) { b == b'-' } else { b.is_ascii_hexdigit() });
    let oid = text.len() >= 16
        && text.bytes().filter(|b| *b == b'.').count() >= 5
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    uuid || oid || is_digest(text)
}

pub(super) fn is_digest(text: &str) -> bool {
    matches!(text.len(), 32 | 40 | 56 | 64 | 96 | 128)
        && text.bytes().all(|b| b.is_ascii_hexdigit())
        && text.bytes().filter(u8::is_ascii_digit).count() >= 6
}

/// Whether a chunk without a cue is a number that measures nothing: long, or letters and digits mixed.
pub(super) fn is_bare(doc: &Doc<'_>, i: usize, chunk: &Chunk, text: &str) -> bool {
    let bracket = i > 0 && matches!(doc.mark(i - 1), b'[' | b'#');
    let shaped = if chunk.letters == 0 {
        chunk.longest >= 7 || bracket && chunk.digits >= 5 || chunk.digits >= 8 && chunk.longest >= 4
    } else {
        let hex = chunk.letters + chunk.digits >= 16;
        chunk.digits >= 5 && chunk.longest >= 3 && chunk.letters <= 8 || hex && chunk.digits >= 6
    };
    if !shaped {
        return false;
    }
    // "mrnq27631": a few letters glued to a long number.
    let glued = chunk.end == i + 2 && chunk.letters <= 5 && chunk.digits >= 5;
    if measured(doc, chunk.end) || chunk.prose && !glued || is_decimal(text) || is_years(text) || is_per_volume(text) {
        return false;
    }
    if doc.mark(chunk.end) == b',' && doc.glued(chunk.end) && doc.glued(chunk.end + 1) && doc.is_number(chunk.end + 1) {
        return false;
    }
    if chunk.letters == 0 {
        let ratio = || i > 0 && doc.mark(i - 1) == b'=' && text.contains('/') && is_statistic(doc, i - 1);
        return !text.contains('.') && !ratio();
    }
    true
}

/// Values by volume: `4900-17000/mm3`.
fn is_per_volume(text: &str) -> bool {
    let slash = text.bytes().rposition(|b| b == b'/');
    slash.and_then(|slash| text.get(slash + 1..)).is_some_and(|unit| {
        ["mm", "ml", "dl", "l", "ul", "kg", "h", "hr", "day", "cm"].iter().any(|u| {
            unit.get(..u.len()).is_some_and(|p| p.eq_ignore_ascii_case(u))
                && unit[u.len()..].bytes().all(|b| b.is_ascii_digit())
        })
    })
}

/// The class that the letters before the digits of a code tell: `mrn27631`, `acct4471932`.
pub(super) fn prefix_class(text: &str) -> IdentifierClass {
    use IdentifierClass as Class;
    const PREFIXES: [(&str, Class); 22] = [
        ("mr", Class::Mrn),
        ("hosp", Class::Mrn),
        ("pat", Class::Mrn),
        ("ssn", Class::Ssn),
        ("ss", Class::Ssn),
        ("acct", Class::Account),
        ("act", Class::Account),
        ("inv", Class::Account),
        ("har", Class::Account),
        ("mbi", Class::HealthPlan),
        ("mem", Class::HealthPlan),
        ("pol", Class::HealthPlan),
        ("grp", Class::HealthPlan),
        ("ins", Class::HealthPlan),
        ("sub", Class::HealthPlan),
        ("npi", Class::License),
        ("dea", Class::License),
        ("lic", Class::License),
        ("dl", Class::License),
        ("vin", Class::Vehicle),
        ("sn", Class::Device),
        ("imei", Class::Device),
    ];
    let lower = text.get(..5).unwrap_or(text).to_ascii_lowercase();
    let found = PREFIXES.iter().find(|(prefix, _)| lower.starts_with(prefix));
    match found {
        Some((_, class)) => *class,
        None if checksum::npi(text) => Class::License,
        None => Class::Id,
    }
}
