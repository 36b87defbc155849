//! Telephone and fax numbers, 45 CFR 164.514(b)(2)(i)(D) and (E).

use asepsis_vocab::{Detail, EvidenceKind, IdentifierClass};

use crate::cue::CueKind;
use crate::doc::{Doc, Rule};
use crate::sorts::Sort;
use crate::token::{Kind, LINE, SPACE};

static PHONE: Rule = Rule { name: "phone", kind: EvidenceKind::Pattern, note: "a telephone number" };
static FAX: Rule = Rule { name: "fax", kind: EvidenceKind::Cue, note: "a telephone number after a cue for a fax" };

pub(crate) fn find(doc: &mut Doc<'_>) {
    let mut i = 0;
    while let Some(next) = doc.sorts.next(i, [Sort::Number, Sort::Sign]) {
        i = next;
        let begins = doc.is_number(i) || matches!(doc.mark(i), b'+' | b'(') && doc.is_number(i + 1);
        if !begins || doc.taken[i] {
            i += 1;
            continue;
        }
        match at(doc, i) {
            Some((end, class)) => {
                let rule = if class == IdentifierClass::Fax { &FAX } else { &PHONE };
                doc.add(i, end, class, Detail::Unspecified, 0.9, rule);
                i = end;
            }
            None => i += 1,
        }
    }
}

/// The fewest and the most digits of a number.
const LEAST: usize = 4;
const MOST: usize = 15;
/// The digits of a number of the North American numbering plan, without what may stand before them.
const NANP: usize = 10;

/// The digits of a number, as far as there may be so many.
#[derive(Default)]
struct Digits {
    bytes: [u8; MOST],
    len: usize,
}

impl Digits {
    fn push(&mut self, digits: &str) {
        if let Some(room) = self.bytes.get_mut(self.len..self.len + digits.len()) {
            room.copy_from_slice(digits.as_bytes());
        }
        self.len += digits.len();
    }

    /// The digits; nothing where there are too many.
    fn text(&self) -> &str {
        self.bytes.get(..self.len).and_then(|digits| std::str::from_utf8(digits).ok()).unwrap_or_default()
    }
}

/// The end and class of the number that starts at token `i`.
pub(crate) fn at(doc: &Doc<'_>, i: usize) -> Option<(usize, IdentifierClass)> {
    if i > 0 && doc.glued(i) && doc.is_number(i) {
        let before = doc.tokens[i - 1];
        let part = matches!(before.mark, b'-' | b'.' | b'/' | b'+' | b'#' | b'_' | b'(')
            && i > 1
            && (doc.glued(i - 1) && doc.tokens[i - 2].kind != Kind::Mark || matches!(before.mark, b'+'));
        if before.kind != Kind::Mark || part && before.mark != b'(' {
            return None;
        }
    }
    if doc.digits(i, 1, LEAST - 1) && !goes_on(doc, i + 1) {
        return None;
    }
    let (mut groups, mut count) = ([0usize; 8], 0);
    let (mut j, mut end) = (i, i);
    let plus = doc.mark(i) == b'+';
    let mut digits = Digits::default();
    let mut tight = true;
    while j < doc.tokens.len() && count < 8 && j - i < 20 {
        let token = doc.tokens[j];
        if token.kind == Kind::Number {
            // A line may end between the area code and the rest.
            let wrapped = token.gap == LINE && matches!(doc.mark(j.wrapping_sub(1)), b')' | b'-');
            if j > i && token.gap > SPACE && !wrapped || doc.taken[j] {
                break;
            }
            groups[count] = token.len();
            count += 1;
            digits.push(doc.word(j));
            j += 1;
            end = j;
            if digits.len > MOST || digits.len >= NANP && nanp(&groups[..count], digits.text(), plus) {
                break;
            }
        } else if is_joint(token.mark) && (j == i || token.gap <= SPACE) {
            tight &= token.mark != b'/';
            j += 1;
        } else {
            break;
        }
    }
    if doc.glued(end) && (doc.tokens[end].kind == Kind::Word && !is_extension(doc.word(end)) || doc.is_number(end)) {
        return None;
    }
    if doc.glued(end) && matches!(doc.mark(end), b'-' | b'/') && doc.glued(end + 1) && doc.is_number(end + 1) {
        return None;
    }
    // So many make no number of a telephone, whatever stands before them.
    if !(LEAST..=MOST).contains(&digits.len) {
        return None;
    }
    let digits = digits.text();
    let cue = doc.cues_before(i, 8).find(|c| c.kind != CueKind::Name && c.kind != CueKind::Org);
    let said = cue.filter(|c| matches!(c.kind, CueKind::Phone | CueKind::Fax));
    let known = nanp(&groups[..count], digits, plus);
    let number = cue.is_some_and(|c| c.kind.is_number() && !c.weak);
    let other = number || cue.is_some_and(|c| c.kind == CueKind::Public && c.distance <= 4);
    // "788 063-Office", "555 0131 fax": the word stands behind.
    let behind = if doc.mark(end) == b'-' || doc.mark(end) == b'(' { end + 1 } else { end };
    let labelled = || {
        doc.tokens.get(behind).is_some_and(|t| t.gap <= SPACE && t.kind == Kind::Word)
            && ["office", "fax", "mobile", "cell", "home", "work", "phone", "tel", "pager"]
                .iter()
                .any(|w| doc.is_word(behind, w))
    };
    let good = match digits.len() {
        _ if known && count == 1 => !other && (said.is_some() || digits.len() <= 11),
        // "NHS number 943 476 5919" has the shape of a telephone number, and is told to be none.
        _ if known && number && !plus && doc.mark(i) != b'(' && cue.is_some_and(|c| c.distance <= 3) => said.is_some(),
        _ if known => tight || said.is_some(),
        8..=15 if plus => true,
        7..=15 if tight && count > 1 && labelled() => !number,
        // A national number outside North America begins with a zero: "0688 872 49 99".
        9..=11
            if digits.starts_with('0')
                && !digits.starts_with("00")
                && count >= 3
                && tight
                && groups[..count].iter().all(|g| *g >= 2) =>
        {
            !other && !doc.glued(i + 1) || said.is_some()
        }
        7..=15 => {
            said.is_some_and(|c| c.distance <= 6) && tight && (count > 1 || digits.len() >= 9)
                || count == 1 && digits.len() == 7 && said.is_some_and(|c| c.distance <= 3)
        }
        4..=6 => said.is_some_and(|c| c.distance <= 2) && count == 1 && !is_year(doc, i),
        _ => false,
    };
    if !good {
        return None;
    }
    let mut class =
        if said.is_some_and(|c| c.kind == CueKind::Fax) { IdentifierClass::Fax } else { IdentifierClass::Phone };
    let stop = extension(doc, end);
    if class == IdentifierClass::Phone && doc.is_word(behind, "fax") {
        class = IdentifierClass::Fax;
    }
    Some((stop, class))
}

fn is_year(doc: &Doc<'_>, i: usize) -> bool {
    doc.digits(i, 4, 4) && (1900..=2100).contains(&doc.value(i))
}

/// Whether a number may go on at token `k`.
fn goes_on(doc: &Doc<'_>, k: usize) -> bool {
    doc.tokens.get(k).is_some_and(|t| t.kind == Kind::Number || is_joint(t.mark))
}

/// Whether a mark may stand between the groups of a number.
fn is_joint(mark: u8) -> bool {
    matches!(mark, b'-' | b'.' | b'(' | b')' | b'/' | b'+')
}

/// The shapes of the North American numbering plan: area and exchange begin with 2 to 9.
fn nanp(groups: &[usize], digits: &str, plus: bool) -> bool {
    let (body, groups) = match groups {
        [1, rest @ ..] if digits.starts_with('1') => (&digits[1..], rest),
        [3, rest @ ..] if digits.starts_with("001") => (&digits[3..], rest),
        [11] if digits.starts_with('1') => (&digits[1..], &[10][..]),
        all => (digits, all),
    };
    let bytes = body.as_bytes();
    if bytes.len() != NANP || bytes[0] < b'2' {
        return false;
    }
    match groups {
        [3, 3, 4] | [3, 7] => plus || bytes[3] >= b'2' || groups.len() == 3,
        [10] => bytes[3] >= b'2',
        _ => false,
    }
}

fn is_extension(word: &str) -> bool {
    ["x", "ext", "extension", "extn"].iter().any(|w| word.eq_ignore_ascii_case(w))
}

fn extension(doc: &Doc<'_>, end: usize) -> usize {
    let mut j = end;
    if doc.mark(j) == b',' {
        j += 1;
    }
    if !is_extension(doc.word(j)) || doc.tokens[j].gap > SPACE {
        return end;
    }
    j += 1;
    if matches!(doc.mark(j), b'.' | b':' | b'#') {
        j += 1;
    }
    if doc.digits(j, 1, 6) { j + 1 } else { end }
}
