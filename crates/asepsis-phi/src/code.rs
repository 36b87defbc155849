//! Numbers and codes that stand for a person: social security, records, plans, accounts, licences, vehicles, devices
//! and every other unique number, 45 CFR 164.514(b)(2)(i)(G) to (M), (P), (Q), (R).
//!
//! A cue decides the class and no check digit takes it back. Without a cue only a shape that measures and codes of
//! classifications do not have is reported.

mod guard;
mod shape;
mod udi;
mod username;

use asepsis_checksum as checksum;
use asepsis_vocab::{Detail, EvidenceKind, IdentifierClass};

use crate::cue::CueKind;
use crate::doc::{Doc, Near, Rule};
use crate::lexicon::{COMMON, FIELD_NOUN, LINK, MEASURE, STOP};
use crate::sorts::Sort;
use crate::token::{Case, Kind, SPACE};
pub(crate) use guard::is_clinical;
use guard::{is_decimal, is_period, is_public_code, is_value, measured, public};

static SSN: Rule =
    Rule { name: "ssn", kind: EvidenceKind::Pattern, note: "nine digits in the shape of a social security number" };
static CUED: Rule =
    Rule { name: "code.cued", kind: EvidenceKind::Cue, note: "a number or code beside a cue for its class" };
static CARD: Rule = Rule { name: "account.card", kind: EvidenceKind::Checksum, note: "a payment card number" };
static IBAN: Rule = Rule { name: "account.iban", kind: EvidenceKind::Checksum, note: "a bank account number" };
static IMEI: Rule =
    Rule { name: "device.imei", kind: EvidenceKind::Checksum, note: "the number of a mobile telephone" };
static SHAPES: shape::Rules = shape::Rules {
    vin: Rule { name: "vehicle.vin", kind: EvidenceKind::Checksum, note: "a vehicle identification number" },
    uid: Rule { name: "id.uid", kind: EvidenceKind::Pattern, note: "a universally unique identifier or digest" },
    mbi: Rule { name: "plan.mbi", kind: EvidenceKind::Pattern, note: "a Medicare beneficiary identifier" },
    dea: Rule { name: "license.dea", kind: EvidenceKind::Checksum, note: "a registration to prescribe" },
};
static BARE: Rule =
    Rule { name: "id.bare", kind: EvidenceKind::Pattern, note: "a long number or mixed code that measures nothing" };

/// The most parts of a chunk: a digest in hexadecimal has many.
const LONGEST: usize = 128;

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
    udi::find(doc);
    username::find(doc);
    let mut i = 0;
    while let Some(number) = doc.sorts.next(i, [Sort::Number]) {
        // Nothing is told without a digit, so that only what is joined to a number is looked at.
        let joined = (i..number).rev().take_while(|k| doc.glued(k + 1)).last();
        i = joined.unwrap_or(number);
        while i <= number {
            i = step(doc, i);
        }
    }
}

/// Looks at what begins at token `i`; gives back the token to go on at.
fn step(doc: &mut Doc<'_>, i: usize) -> usize {
    let token = doc.tokens[i];
    let begins = matches!(token.kind, Kind::Number | Kind::Word) || token.mark == b'*';
    if !begins || doc.taken[i] || i > 0 && doc.glued(i) && doc.tokens[i - 1].kind != Kind::Mark {
        return i + 1;
    }
    if token.kind == Kind::Word && !(doc.glued(i + 1) && doc.mark(i + 1) != b',') {
        return i + 1;
    }
    let chunk = chunk(doc, i);
    if chunk.digits == 0 || !doc.is_free(i, chunk.end) {
        return if token.kind == Kind::Number { i + 1 } else { chunk.end.max(i + 1) };
    }
    if is_small(doc, i, &chunk) {
        return chunk.end;
    }
    decide(doc, i, &chunk).max(chunk.end)
}

/// Whether a chunk is a number of one or two digits with none in a group behind it, of which no cue makes an identifier.
fn is_small(doc: &Doc<'_>, i: usize, chunk: &Chunk) -> bool {
    let alone = chunk.end == i + 1 && doc.is_number(i);
    alone && chunk.digits <= 2 && !doc.tokens.get(i + 1).is_some_and(|t| t.gap == SPACE && t.kind == Kind::Number)
}

fn chunk(doc: &Doc<'_>, i: usize) -> Chunk {
    let mut c = Chunk { end: i, digits: 0, letters: 0, prose: false, longest: 0 };
    let mut j = i;
    while j < doc.tokens.len() && j - i < LONGEST {
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
    if let Some(end) = shape::ssn(doc, i, chunk) {
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
        // Fifteen digits are a card's where they begin as those do, else a telephone's.
        let imei = digits == 15 && !whole.starts_with("34") && !whole.starts_with("37");
        let (class, rule) = if imei { (IdentifierClass::Device, &IMEI) } else { (IdentifierClass::Account, &CARD) };
        doc.add(i, end, class, Detail::Unspecified, 0.9, rule);
        return end;
    }
    if let Some(end) = shape::iban(doc, i) {
        doc.add(i, end, IdentifierClass::Account, Detail::Unspecified, 0.98, &IBAN);
        return end;
    }
    if let Some(end) = shape::mbi(doc, i) {
        doc.add(i, end, IdentifierClass::HealthPlan, Detail::Unspecified, 0.95, &SHAPES.mbi);
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
    if let Some((class, rule)) = shape::told(text, &SHAPES) {
        doc.add(i, chunk.end, class, Detail::Unspecified, 0.95, rule);
    } else if shape::is_bare(doc, i, chunk, text) {
        doc.add(i, chunk.end, shape::prefix_class(text), Detail::Unspecified, 0.6, &BARE);
    }
    chunk.end
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
    if !linked || doc.has(chunk.end, MEASURE) || is_period(doc, i, text) {
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
    let compared = i > 0 && matches!(doc.mark(i - 1), b'<' | b'>') && doc.mark(i.wrapping_sub(2)) != b'>';
    if chunk.prose && chunk.digits < 4
        || is_period(doc, i, text)
        || is_decimal(text)
        || compared && text.starts_with('0')
    {
        return false;
    }
    let mixed = chunk.letters > 0;
    if cue.kind == CueKind::Ssn && !cue.weak {
        return chunk.digits >= 4;
    }
    if cue.kind == CueKind::Ssn {
        // "social: 6789", not "social work 2345".
        let beside = cue.distance == 0 || cue.distance == 1 && doc.tokens[i - 1].kind == Kind::Mark;
        return cue.distance <= 2 && (chunk.digits == 9 || chunk.digits == 4 && !year && beside);
    }
    if cue.weak && (is_value(doc, i, text) || is_public_code(text)) {
        return false;
    }
    if cue.weak {
        return cue.distance <= 8 && (chunk.digits >= 5 || mixed && chunk.digits >= 4);
    }
    match cue.distance {
        0..=3 => chunk.digits >= 3 || mixed && chunk.digits >= 2,
        _ => chunk.digits >= 4,
    }
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
