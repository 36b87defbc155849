//! Unique device identifiers as labels carry them (21 CFR 830): GS1, HIBCC and ICCBBA.

use asepsis_checksum as checksum;
use asepsis_vocab::{Detail, EvidenceKind, IdentifierClass};

use crate::doc::{Doc, Rule};
use crate::sorts::Sort;
use crate::token::Kind;

static UDI: Rule =
    Rule { name: "device.udi", kind: EvidenceKind::Pattern, note: "a unique device identifier as a label carries it" };

/// The most tokens of one label.
const LONGEST: usize = 96;

pub(super) fn find(doc: &mut Doc<'_>) {
    let mut i = 0;
    while let Some(next) = doc.sorts.next(i, [Sort::Number, Sort::Sign]) {
        i = next;
        let end = match doc.mark(i) {
            _ if doc.taken[i] => None,
            b'(' | b'[' => gs1(doc, i),
            b'+' => hibcc(doc, i),
            b'=' => iccbba(doc, i),
            _ if doc.is_number(i) => gs1_scanned(doc, i),
            _ => None,
        };
        if let Some(end) = end {
            doc.add(i, end, IdentifierClass::Device, Detail::Unspecified, 0.95, &UDI);
        }
        i = end.unwrap_or(i + 1);
    }
}

/// `(01)00844588003288(17)141120(10)7654321D(21)10987654d321`: application identifiers in brackets, the first (01) with
/// the fourteen digits of the article.
fn gs1(doc: &Doc<'_>, i: usize) -> Option<usize> {
    let close = if doc.mark(i) == b'(' { b')' } else { b']' };
    let identifier = |k: usize| doc.mark(k) == doc.mark(i) && doc.digits(k + 1, 2, 4) && doc.mark(k + 2) == close;
    let article = identifier(i) && doc.word(i + 1) == "01" && doc.digits(i + 3, 14, 14);
    let serial = identifier(i) && matches!(doc.word(i + 1), "21" | "10" | "8004") && doc.glued(i + 3);
    if !article && !serial {
        return None;
    }
    let (mut end, mut parts) = (i, 0);
    let mut k = i;
    while identifier(k) && k - i < LONGEST && (k == i || doc.tokens[k].gap <= 1) {
        k += 3;
        parts += 1;
        let value = k;
        while k - i < LONGEST
            && doc.tokens.get(k).is_some_and(|t| {
                (t.gap == 0 || k == value)
                    && (t.kind != Kind::Mark || b"-./_%+&*".contains(&t.mark) && doc.glued(k + 1))
            })
        {
            k += 1;
        }
        if k == value {
            break;
        }
        end = k;
    }
    (end > i && (article || parts > 1)).then_some(end)
}

/// The same as a scanner writes it, without brackets: `01`, a right article number, then a date, lot or serial number.
fn gs1_scanned(doc: &Doc<'_>, i: usize) -> Option<usize> {
    let digits = doc.word(i);
    let right = digits.len() >= 18
        && digits.starts_with("01")
        && matches!(&digits[16..18], "10" | "11" | "17" | "21")
        && checksum::gtin(&digits[2..16]);
    if !right {
        return None;
    }
    let mut end = i + 1;
    while end - i < LONGEST && doc.glued(end) && doc.tokens[end].kind != Kind::Mark {
        end += 1;
    }
    Some(end)
}

/// `+H123PARTNO1234567890120/$$420020216LOT123456789012345`: a plus, a labeler of a letter and three more, a second part.
fn hibcc(doc: &Doc<'_>, i: usize) -> Option<usize> {
    let t = doc.tokens.get(i + 1)?;
    if t.kind != Kind::Word || t.gap != 0 || doc.glued(i) && i > 0 && doc.tokens[i - 1].kind != Kind::Mark {
        return None;
    }
    let (mut end, mut slash) = (i + 1, false);
    while end - i < LONGEST
        && doc.tokens.get(end).is_some_and(|t| t.gap == 0 && (t.kind != Kind::Mark || b"/$+-.%".contains(&t.mark)))
    {
        slash |= doc.mark(end) == b'/';
        end += 1;
    }
    let text = &doc.text[doc.tokens[i].start..doc.tokens[end - 1].end];
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let upper = !text.bytes().take(5).any(|b| b.is_ascii_lowercase());
    (upper && digits >= 6 && text.len() >= 12 && slash).then_some(end)
}

/// `=/A9999XYZ100T0944=,000025=A99971312345600`: an equal sign, a slash or letter, capitals and digits.
fn iccbba(doc: &Doc<'_>, i: usize) -> Option<usize> {
    let slash = doc.mark(i + 1) == b'/' && doc.glued(i + 1);
    let first = if slash { i + 2 } else { i + 1 };
    if !slash || !doc.glued(first) || doc.tokens.get(first).is_none_or(|t| t.kind == Kind::Mark) {
        return None;
    }
    let mut end = first;
    while end - i < LONGEST
        && doc
            .tokens
            .get(end)
            .is_some_and(|t| t.gap == 0 && (t.kind != Kind::Mark || b"=,>&}{".contains(&t.mark) && doc.glued(end + 1)))
    {
        end += 1;
    }
    let text = &doc.text[doc.tokens[first].start..doc.tokens[end - 1].end];
    (text.len() >= 10 && text.bytes().filter(u8::is_ascii_digit).count() >= 5).then_some(end)
}
