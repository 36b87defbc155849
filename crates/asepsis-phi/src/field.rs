//! Values of typed fields: the key says what the value is, so nothing is inferred.

use asepsis_vocab::{Detail, EvidenceKind, IdentifierClass};

use crate::cue::{CueKind, Cues};
use crate::doc::{Doc, Rule};
use crate::lexicon::COMMON;
use crate::photo;
use crate::token::Kind;

static FIELD: Rule =
    Rule { name: "field", kind: EvidenceKind::Field, note: "the value of a field whose name says what it is" };

/// The most tokens that the value of a typed field has; what is longer is free text.
const LONGEST: usize = 24;

pub(crate) fn find(doc: &mut Doc<'_>, field: &str, cues: &Cues) {
    let phrase = words_of(field);
    let found = cues.find(&phrase);
    let Some(cue) = found.iter().max_by_key(|c| (!c.weak, c.end - c.start, c.end)) else { return };
    let n = doc.tokens.len();
    if n == 0 || n > LONGEST {
        return;
    }
    let words = doc.tokens.iter().filter(|t| t.kind == Kind::Word).count();
    let digits: usize = doc.tokens.iter().filter(|t| t.kind == Kind::Number).map(super::token::Token::len).sum();
    let capital = doc.tokens.iter().filter(|t| t.kind == Kind::Word).all(|t| t.is_capital() && !t.is(COMMON));
    use IdentifierClass as Class;
    let (class, detail, fits) = match cue.kind {
        CueKind::Name => (Class::Name, Detail::Unspecified, words > 0 && words <= 8 && (!cue.weak || capital)),
        CueKind::Street => (Class::Location, Detail::Street, true),
        CueKind::Town => (Class::Location, Detail::Town, words > 0),
        CueKind::Zip => (Class::Location, Detail::PostalCode, digits > 0),
        CueKind::Date => (Class::Date, Detail::Unspecified, digits > 4),
        CueKind::Birth => (Class::Date, Detail::Birth, digits > 4),
        CueKind::Phone => (Class::Phone, Detail::Unspecified, digits >= 4),
        CueKind::Fax => (Class::Fax, Detail::Unspecified, digits >= 4),
        CueKind::Email => (Class::Email, Detail::Unspecified, words > 0),
        CueKind::Url => (Class::Url, Detail::Unspecified, words > 0),
        CueKind::Ip => (Class::Ip, Detail::Unspecified, digits > 0),
        CueKind::Ssn => (Class::Ssn, Detail::Unspecified, digits > 0),
        CueKind::Mrn => (Class::Mrn, Detail::Unspecified, digits > 0),
        CueKind::Plan => (Class::HealthPlan, Detail::Unspecified, digits > 0),
        CueKind::Account => (Class::Account, Detail::Unspecified, digits > 0),
        CueKind::License => (Class::License, Detail::Unspecified, digits > 0),
        CueKind::Vehicle => (Class::Vehicle, Detail::Unspecified, digits > 0),
        CueKind::Device => (Class::Device, Detail::Unspecified, digits > 0),
        CueKind::Biometric => (Class::Biometric, Detail::Unspecified, digits > 0),
        CueKind::Photo => (Class::Photo, Detail::Unspecified, digits > 0 || photo::is_image(doc.text)),
        CueKind::Id => (Class::Id, Detail::Unspecified, digits > 0 || phrase.contains("user")),
        CueKind::Org => (Class::Org, Detail::Unspecified, words > 0 && words <= 10),
        CueKind::Age => return ages(doc, &phrase),
        CueKind::Public | CueKind::Holiday => return,
    };
    let number = cue.kind.is_number() && words > 4;
    if fits && !number {
        doc.add(0, n, class, detail, 1.0, &FIELD);
    }
}

/// The numbers over 89 of a field for an age, unless it is told in less than years.
fn ages(doc: &mut Doc<'_>, phrase: &str) {
    let short = |word: &str| {
        ["hour", "day", "week", "wk", "month"].iter().any(|u| {
            word.get(..u.len()).is_some_and(|w| w.eq_ignore_ascii_case(u)) && matches!(&word[u.len()..], "" | "s" | "S")
        }) || matches!(word, "mo" | "mos")
    };
    if phrase.split(' ').any(short) {
        return;
    }
    for i in 0..doc.tokens.len() {
        let over = doc.digits(i, 2, 3) && (90..=150).contains(&doc.value(i));
        let fraction = i > 1 && doc.glued(i) && doc.glued(i - 1) && doc.mark(i - 1) == b'.' && doc.is_number(i - 2);
        let unit = if doc.mark(i + 1) == b'-' { i + 2 } else { i + 1 };
        if over && !fraction && !short(doc.word(unit)) {
            let decimal = doc.mark(i + 1) == b'.' && doc.glued(i + 1) && doc.glued(i + 2) && doc.is_number(i + 2);
            let end = if decimal { i + 3 } else { i + 1 };
            doc.add(i, end, IdentifierClass::Age, Detail::Unspecified, 1.0, &FIELD);
        }
    }
}

/// The words of a key: `patientName`, `patient_name` and `patient-name` are all "patient name".
fn words_of(field: &str) -> String {
    let mut out = String::with_capacity(field.len() + 4);
    let mut lower = false;
    for c in field.chars().take(128) {
        if c.is_uppercase() && lower {
            out.push(' ');
        }
        lower = c.is_lowercase() || c.is_ascii_digit();
        out.push(if c.is_alphanumeric() { c } else { ' ' });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_split_in_every_convention() {
        assert_eq!(words_of("patientName"), "patient Name");
        assert_eq!(words_of("date_of-birth"), "date of birth");
    }
}
