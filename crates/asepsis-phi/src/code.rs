//! Numbers and codes that stand for a person: social security, records, plans, accounts, licences, vehicles, devices
//! and every other unique number, 45 CFR 164.514(b)(2)(i)(G) to (M), (P), (Q), (R).
//!
//! A cue decides the class and no check digit takes it back. Without a cue only a shape that measures and codes of
//! classifications do not have is reported.

use asepsis_vocab::{Detail, EvidenceKind, IdentifierClass};

use crate::checksum;
use crate::cue::CueKind;
use crate::doc::{Doc, Near, Rule};
use crate::lexicon::{COMMON, FIELD_NOUN, LINK, MEASURE, STOP};
use crate::token::{Case, Kind, SPACE};

static SSN: Rule =
    Rule { name: "ssn", kind: EvidenceKind::Pattern, note: "nine digits in the shape of a social security number" };
static CUED: Rule =
    Rule { name: "code.cued", kind: EvidenceKind::Cue, note: "a number or code beside a cue for its class" };
static CARD: Rule = Rule { name: "account.card", kind: EvidenceKind::Checksum, note: "a payment card number" };
static IBAN: Rule = Rule { name: "account.iban", kind: EvidenceKind::Checksum, note: "a bank account number" };
static VIN: Rule = Rule { name: "vehicle.vin", kind: EvidenceKind::Checksum, note: "a vehicle identification number" };
static UID: Rule = Rule { name: "id.uid", kind: EvidenceKind::Pattern, note: "a universally unique identifier" };
static BARE: Rule =
    Rule { name: "id.bare", kind: EvidenceKind::Pattern, note: "a long number or mixed code that measures nothing" };

/// Letters and digits joined by hyphens, slashes, dots or underscores.
struct Chunk {
    end: usize,
    digits: usize,
    letters: usize,
    /// Words of more than one lower-case letter: `post-op` and the like.
    prose: bool,
    longest: usize,
}

pub(crate) fn find(doc: &mut Doc<'_>) {
    let mut i = 0;
    while i < doc.tokens.len() {
        let token = doc.tokens[i];
        let begins = matches!(token.kind, Kind::Number | Kind::Word) || token.mark == b'*';
        if !begins || doc.taken[i] || i > 0 && doc.glued(i) && doc.tokens[i - 1].kind != Kind::Mark {
            i += 1;
            continue;
        }
        if token.kind == Kind::Word && !(doc.glued(i + 1) && doc.mark(i + 1) != b',') {
            i += 1;
            continue;
        }
        let chunk = chunk(doc, i);
        if chunk.digits == 0 || !doc.is_free(i, chunk.end) {
            i = if token.kind == Kind::Number { i + 1 } else { chunk.end.max(i + 1) };
            continue;
        }
        i = decide(doc, i, &chunk).max(chunk.end);
    }
}

fn chunk(doc: &Doc<'_>, i: usize) -> Chunk {
    let mut c = Chunk { end: i, digits: 0, letters: 0, prose: false, longest: 0 };
    let mut j = i;
    while j < doc.tokens.len() && j - i < 32 {
        let token = doc.tokens[j];
        if j > i && token.gap != 0 {
            break;
        }
        match token.kind {
            Kind::Number => {
                c.digits += token.len();
                c.longest = c.longest.max(token.len());
                c.end = j + 1;
            }
            Kind::Word => {
                c.letters += token.len();
                c.prose |= token.len() > 2 && matches!(token.case, Case::Lower | Case::Title);
                c.end = j + 1;
            }
            Kind::Mark if matches!(token.mark, b'-' | b'/' | b'.' | b'_' | b'*' | b'#') => {}
            _ => break,
        }
        j += 1;
    }
    c
}

/// Reports the chunk where it identifies somebody; gives back the token to go on at.
fn decide(doc: &mut Doc<'_>, i: usize, chunk: &Chunk) -> usize {
    let text = &doc.text[doc.tokens[i].start..doc.tokens[chunk.end - 1].end];
    if let Some(end) = ssn_shape(doc, i, chunk) {
        doc.add(i, end, IdentifierClass::Ssn, Detail::Unspecified, 0.95, &SSN);
        return end;
    }
    let end = spaced(doc, i, chunk.end);
    let whole = &doc.text[doc.tokens[i].start..doc.tokens[end - 1].end];
    let digits = whole.bytes().filter(u8::is_ascii_digit).count();
    let cued = cue_for(doc, i, chunk, text);
    if (13..=19).contains(&digits)
        && chunk.letters == 0
        && cued.is_none_or(|c| c.weak)
        && (checksum::luhn(whole) || end > chunk.end)
    {
        doc.add(i, end, IdentifierClass::Account, Detail::Unspecified, 0.9, &CARD);
        return end;
    }
    if whole.len() >= 15 && chunk.letters >= 2 && checksum::iban(whole) {
        doc.add(i, end, IdentifierClass::Account, Detail::Unspecified, 0.98, &IBAN);
        return end;
    }
    if let Some(cue) = cued {
        let end = if cue.weak || measured(doc, end) { chunk.end } else { end };
        if let Some(class) = class_of(cue.kind) {
            let confidence = if cue.weak { 0.8 } else { 0.95 };
            let plate = doc.tokens[end - 1].end - doc.tokens[i].start <= 8;
            let (from, end) = (prefix(doc, i, cue), if plate { suffix(doc, end, cue) } else { end });
            doc.add(from, end, class, Detail::Unspecified, confidence, &CUED);
        }
        return end;
    }
    if public(doc, i) || chunk.letters > 0 && is_public_code(text) {
        return chunk.end;
    }
    if checksum::vin(text) {
        doc.add(i, chunk.end, IdentifierClass::Vehicle, Detail::Unspecified, 0.95, &VIN);
    } else if is_uid(text) {
        doc.add(i, chunk.end, IdentifierClass::Id, Detail::Unspecified, 0.9, &UID);
    } else if bare(doc, i, chunk, text) {
        doc.add(i, chunk.end, prefix_class(text), Detail::Unspecified, 0.6, &BARE);
    }
    chunk.end
}

/// Nine digits as 3-2-4, whatever the group values, or masked with the last four left.
fn ssn_shape(doc: &Doc<'_>, i: usize, chunk: &Chunk) -> Option<usize> {
    let lens = |k: usize| doc.tokens.get(k).map_or(0, super::token::Token::len);
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

/// The end of a code that is written in groups with spaces: card numbers, plan numbers, plates.
fn spaced(doc: &Doc<'_>, i: usize, end: usize) -> usize {
    let mut j = end;
    let group = |k: usize| {
        let t = doc.tokens.get(k)?;
        (t.gap == SPACE && t.kind == Kind::Number && (2..=6).contains(&t.len()) && !doc.taken[k]).then_some(k + 1)
    };
    if doc.tokens[end - 1].kind != Kind::Number || doc.tokens[end - 1].len() < 2 {
        return end;
    }
    while let Some(next) = group(j) {
        let broken = doc.glued(next) && !matches!(doc.mark(next), b',' | b'.' | b';' | b')' | b']' | b'?' | b'"');
        if broken || j - i > 8 {
            break;
        }
        j = next;
    }
    if measured(doc, j) { end } else { j }
}

/// The start of the short all-caps word that stands apart before the digits of a code: `plate GKR 4471`.
fn prefix(doc: &Doc<'_>, i: usize, cue: Near) -> usize {
    let room = i - cue.distance.min(i);
    if cue.kind == CueKind::Ssn || !(1..=6).contains(&cue.distance) || !doc.is_number(i) {
        return i;
    }
    if i <= room || doc.tokens[i].gap != SPACE || !capitals(doc, i - 1) {
        return i;
    }
    let mut from = i - 1;
    if from >= room + 2
        && doc.glued(from)
        && doc.mark(from - 1) == b'-'
        && doc.glued(from - 1)
        && capitals(doc, from - 2)
    {
        from -= 2;
    }
    let joined = doc.glued(from) && from > room && doc.tokens[from - 1].kind != Kind::Mark;
    if joined { i } else { from }
}

/// The end of the letters that stand apart after the digits of a number plate: `plate AB12 CDE`.
fn suffix(doc: &Doc<'_>, end: usize, cue: Near) -> usize {
    let letters = cue.kind == CueKind::Vehicle
        && cue.distance <= 3
        && doc.tokens.get(end).is_some_and(|t| t.gap == SPACE && (2..=3).contains(&t.len()))
        && capitals(doc, end)
        && !doc.has(end, COMMON);
    if letters && !(doc.glued(end + 1) && matches!(doc.mark(end + 1), b'-' | b'/' | b'_')) { end + 1 } else { end }
}

/// Whether a word is one to four capitals that are no ordinary word of an identifier's label.
fn capitals(doc: &Doc<'_>, k: usize) -> bool {
    let Some(t) = doc.tokens.get(k) else { return false };
    t.kind == Kind::Word
        && t.case != Case::Lower
        && !doc.taken[k]
        && !t.is(STOP | LINK | FIELD_NOUN)
        && (1..=4).contains(&t.len())
        && doc.word(k).bytes().all(|b| b.is_ascii_uppercase())
}

fn measured(doc: &Doc<'_>, end: usize) -> bool {
    doc.mark(end) == b'%' || doc.has(end, MEASURE) && doc.tokens[end].gap <= SPACE
}

/// The cue that announces the chunk, before it or after it.
fn cue_for(doc: &Doc<'_>, i: usize, chunk: &Chunk, text: &str) -> Option<Near> {
    let mut best: Option<Near> = None;
    for cue in doc.cues_before(i, 14) {
        let numbers = (i - cue.distance..i).any(|k| doc.is_number(k) && doc.tokens[k].len() > 1);
        if numbers || best.is_some_and(|b| cue.distance > b.distance + 5) {
            break;
        }
        if cue.kind == CueKind::Public && best.is_none() && cue.distance <= 4 {
            return None;
        }
        if cue.kind == CueKind::Name && !cue.weak && best.is_none() && cue.distance <= 1 {
            continue;
        }
        if cue.kind.is_number() && accepts(doc, i, chunk, text, cue) && best.is_none_or(|b| b.weak && !cue.weak) {
            best = Some(cue);
            if !cue.weak {
                break;
            }
        }
    }
    if best.is_some_and(|b| !b.weak || b.distance <= 3) {
        return best;
    }
    // "043968455 is the reference of the billing account".
    let linked = matches!(doc.word(chunk.end), "is" | "as" | "was" | "for" | "(");
    if !linked || doc.has(chunk.end, MEASURE) {
        return best;
    }
    let after = doc.cues_after(chunk.end, 14).filter(|c| {
        c.kind.is_number() && (chunk.end..chunk.end + c.distance).all(|k| !doc.is_number(k)) && chunk.digits >= 4
    });
    after.min_by_key(|c| (c.weak, c.distance)).or(best)
}

fn accepts(doc: &Doc<'_>, i: usize, chunk: &Chunk, text: &str, cue: Near) -> bool {
    let year = chunk.end == i + 1 && chunk.digits == 4 && matches!(text.get(..2), Some("19" | "20"));
    let clock = doc.mark(chunk.end) == b':' && doc.glued(chunk.end) && chunk.digits <= 2;
    let told = cue.distance <= 2;
    if measured(doc, chunk.end) && !(chunk.digits >= 6 || chunk.letters > 0 && chunk.digits >= 4)
        || clock
        || year && !told
    {
        return false;
    }
    if chunk.prose && chunk.digits < 4 || is_decimal(text) {
        return false;
    }
    let mixed = chunk.letters > 0;
    if cue.kind == CueKind::Ssn {
        return chunk.digits >= 4;
    }
    if cue.weak {
        return cue.distance <= 8 && (chunk.digits >= 5 || mixed && chunk.digits >= 4);
    }
    match cue.distance {
        0..=3 => chunk.digits >= 3 || mixed && chunk.digits >= 2,
        _ => chunk.digits >= 4,
    }
}

fn is_decimal(text: &str) -> bool {
    text.split_once('.').is_some_and(|(a, b)| {
        a.len() <= 3 && b.len() <= 2 && a.bytes().chain(b.bytes()).all(|c| c.is_ascii_digit()) && !b.is_empty()
    })
}

/// The class of a number that something else found at token `i`, by the cue before it.
pub(crate) fn told(doc: &Doc<'_>, i: usize) -> IdentifierClass {
    let cue = doc.cues_before(i, 8).find(|c| c.kind.is_number() || matches!(c.kind, CueKind::Phone | CueKind::Fax));
    match cue.map(|c| c.kind) {
        Some(CueKind::Phone) => IdentifierClass::Phone,
        Some(CueKind::Fax) => IdentifierClass::Fax,
        Some(kind) => class_of(kind).unwrap_or(IdentifierClass::Id),
        None => IdentifierClass::Id,
    }
}

/// Whether a rule of this file found it.
pub(crate) fn is_code(rule: &Rule) -> bool {
    rule.name == CUED.name || is_bare(rule)
}

/// Whether it was found by its look alone.
pub(crate) fn is_bare(rule: &Rule) -> bool {
    rule.name == BARE.name
}

fn class_of(kind: CueKind) -> Option<IdentifierClass> {
    Some(match kind {
        CueKind::Ssn => IdentifierClass::Ssn,
        CueKind::Mrn => IdentifierClass::Mrn,
        CueKind::Plan => IdentifierClass::HealthPlan,
        CueKind::Account => IdentifierClass::Account,
        CueKind::License => IdentifierClass::License,
        CueKind::Vehicle => IdentifierClass::Vehicle,
        CueKind::Device => IdentifierClass::Device,
        CueKind::Biometric => IdentifierClass::Biometric,
        CueKind::Photo => IdentifierClass::Photo,
        CueKind::Id => IdentifierClass::Id,
        _ => return None,
    })
}

fn prefix_class(text: &str) -> IdentifierClass {
    let lower = text.get(..3).unwrap_or("").to_ascii_lowercase();
    if lower.starts_with("mr") {
        IdentifierClass::Mrn
    } else if checksum::npi(text) {
        IdentifierClass::License
    } else {
        IdentifierClass::Id
    }
}

fn public(doc: &Doc<'_>, i: usize) -> bool {
    doc.cues_before(i, 6).any(|c| c.kind == CueKind::Public)
}

/// Codes that everybody may look up: trials, articles, genes, classifications.
fn is_public_code(text: &str) -> bool {
    let lower: String = text.chars().take(5).collect::<String>().to_ascii_lowercase();
    [
        "nct", "pmc", "pmid", "rs", "icd", "cpt", "gse", "orpha", "umls", "doi", "10.", "covid", "loinc", "isrct",
        "chebi", "hp", "snp",
    ]
    .iter()
    .any(|p| lower.starts_with(p))
}

/// A UUID (RFC 9562), or an object identifier as DICOM uses it (DICOM PS3.5, 9).
fn is_uid(text: &str) -> bool {
    let uuid = text.len() == 36
        && text
            .bytes()
            .enumerate()
            .all(|(i, b)| if matches!(i, 8 | 13 | 18 | 23) { b == b'-' } else { b.is_ascii_hexdigit() });
    let oid =
        text.matches('.').count() >= 5 && text.len() >= 16 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    uuid || oid
}

/// Whether a chunk without a cue is a number that measures nothing: long, or letters and digits mixed.
fn bare(doc: &Doc<'_>, i: usize, chunk: &Chunk, text: &str) -> bool {
    // "mrnq27631": a few letters glued to a long number.
    let glued = chunk.end == i + 2 && chunk.letters <= 5 && chunk.digits >= 5;
    if measured(doc, chunk.end) || chunk.prose && !glued || is_decimal(text) {
        return false;
    }
    if doc.mark(chunk.end) == b',' && doc.glued(chunk.end) && doc.glued(chunk.end + 1) && doc.is_number(chunk.end + 1) {
        return false;
    }
    let bracket = i > 0 && matches!(doc.mark(i - 1), b'[' | b'#');
    if chunk.letters == 0 {
        return !text.contains('.')
            && (chunk.longest >= 7 || bracket && chunk.digits >= 5 || chunk.digits >= 8 && chunk.longest >= 4);
    }
    let hex = chunk.letters + chunk.digits >= 16;
    chunk.digits >= 5 && chunk.longest >= 3 && chunk.letters <= 8 || hex && chunk.digits >= 6
}
