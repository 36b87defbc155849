//! What of records of others is withheld: identifiers and codes that stand nowhere else in the request.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use asepsis_keys::PatientId;
use asepsis_phi::Engine;
use asepsis_surrogate::{Context, Issued, Restorer, folded};
use asepsis_vocab::{Detail, Finding, IdentifierClass};
use zeroize::Zeroizing;

use super::{Kind, Others, Withheld};
use crate::content::Piece;

/// Codes of at least so many letters and digits are withheld although nobody says what they are.
const SHORTEST_CODE: usize = 10;

/// Numbers of at least so many digits are.
const SHORTEST_NUMBER: usize = 6;

/// The longest value that is withheld, in bytes.
const LONGEST: usize = 240;

/// The shortest part of a name that is withheld by itself, in letters.
const SHORTEST_PART: usize = 3;

/// What stands in the zones and nowhere else.
pub(super) fn collect(
    pieces: &[Piece],
    findings: &[Vec<Finding>],
    zones: &[Vec<Range<usize>>],
    patient: &PatientId,
    engine: &Engine,
) -> Others {
    let mut others = Others::default();
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    for ((piece, found), zones) in pieces.iter().zip(findings).zip(zones) {
        if zones.is_empty() {
            continue;
        }
        let source = *numbers.entry(&piece.place).or_insert_with(|| {
            others.sources.push(piece.place.clone());
            u32::try_from(others.sources.len() - 1).unwrap_or(u32::MAX)
        });
        for zone in zones {
            for finding in found.iter().filter(|f| zone.start <= f.span.start && f.span.end <= zone.end) {
                let value = &piece.text[finding.span.range()];
                if !(finding.class == IdentifierClass::Name && is_of_staff(piece, finding)) {
                    others.take(value, source, kind(finding), patient);
                }
            }
            for code in codes(piece.text.get(zone.clone()).unwrap_or_default()) {
                others.take(code, source, Kind::Plain, patient);
            }
        }
    }
    let elsewhere: Vec<&str> = elsewhere(pieces, zones);
    let all: Vec<Vec<u8>> = others.values.keys().cloned().collect();
    for at in seen(all.iter().map(|key| others.values[key].text.as_str()), &elsewhere) {
        others.values.remove(&all[at]);
    }
    others.take_parts(pieces, findings, zones, (&elsewhere, engine));
    if others.values.is_empty() {
        others.sources.clear();
    }
    others
}

/// Which of the texts stand elsewhere as well, as whole words and whatever their case.
fn seen<'t>(texts: impl Iterator<Item = &'t str>, elsewhere: &[&str]) -> HashSet<usize> {
    let mut builder = Issued::builder();
    for (at, text) in texts.enumerate() {
        builder.withhold(text, "", u32::try_from(at).unwrap_or(u32::MAX));
    }
    let issued = Arc::new(builder.build());
    let mut seen = HashSet::new();
    if issued.is_empty() {
        return seen;
    }
    for text in elsewhere {
        let mut restorer = Restorer::new(Arc::clone(&issued), Context::Text);
        let mut out = String::new();
        restorer.push(text, &mut out);
        restorer.finish(&mut out);
        seen.extend(restorer.withheld().keys().map(|at| *at as usize));
    }
    seen
}

impl Others {
    fn take(&mut self, value: &str, source: u32, kind: Kind, patient: &PatientId) {
        let value = value.trim();
        if value.is_empty() || value.len() > LONGEST || patient.is_named(value) {
            return;
        }
        let withheld = self.values.entry(key(value)).or_insert_with(|| Withheld {
            text: Zeroizing::new(value.to_owned()),
            source,
            kind,
        });
        if kind == Kind::Plain {
            withheld.kind = Kind::Plain;
        }
    }

    /// Adds the parts of the names that are withheld: who writes of Elias Barvental writes "Mr. Barvental". Ordinary words are none. A name
    /// of which all parts stand elsewhere is known there, in another order.
    fn take_parts(
        &mut self,
        pieces: &[Piece],
        findings: &[Vec<Finding>],
        zones: &[Vec<Range<usize>>],
        (elsewhere, engine): (&[&str], &Engine),
    ) {
        let mut names: Vec<(&str, u32)> = Vec::new();
        for ((piece, found), zones) in pieces.iter().zip(findings).zip(zones) {
            for finding in found.iter().filter(|finding| finding.class == IdentifierClass::Name) {
                let inside = zones.iter().any(|z| z.start <= finding.span.start && finding.span.end <= z.end);
                let name = &piece.text[finding.span.range()];
                names.extend(self.source(name).filter(|_| inside).map(|source| (name, source)));
            }
            // The format itself says what is a name there.
            let source = self.sources.iter().position(|place| *place == piece.place).unwrap_or_default();
            let source = u32::try_from(source).unwrap_or(u32::MAX);
            let in_zones = zones.iter().filter_map(|zone| piece.text.get(zone.clone())).flat_map(pid_names);
            names.extend(in_zones.map(|name| (name, source)));
        }
        let all: Vec<&str> = names.iter().flat_map(|(name, _)| parts(name)).collect();
        let seen: HashSet<Vec<u8>> = seen(all.iter().copied(), elsewhere).into_iter().map(|at| key(all[at])).collect();
        for (name, source) in names {
            let known = parts(name).all(|part| seen.contains(&key(part)));
            if known && parts(name).any(|part| !engine.is_ordinary(part)) {
                self.values.remove(&key(name));
                continue;
            }
            for part in parts(name).filter(|part| !seen.contains(&key(part)) && !engine.is_ordinary(part)) {
                let text = Zeroizing::new(part.to_owned());
                self.values.entry(key(part)).or_insert(Withheld { text, source, kind: Kind::Part });
            }
        }
    }
}

/// The names of persons that PID segments of HL7 v2 hold (PID-5, its first two components).
fn pid_names(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\r', '\n']).filter(|line| line.starts_with("PID")).flat_map(|line| {
        let mark = line[3..].chars().next().unwrap_or('|');
        let names = line.split(mark).nth(5).unwrap_or_default().split('~');
        names.flat_map(|name| name.split('^').take(2))
    })
}

/// The words of a name that are long enough to stand for it.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !(c.is_alphabetic() || c == '\'' || c == '\u{2019}')).filter(|part| {
        part.chars().filter(|c| c.is_alphabetic()).count() >= SHORTEST_PART && part.starts_with(char::is_uppercase)
    })
}

/// A value as it is compared: two that read the same are one.
pub(super) fn key(value: &str) -> Vec<u8> {
    folded(value.trim())
}

/// A number without what stands between its digits and letters.
pub(super) fn number(value: &str) -> Vec<u8> {
    value.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_uppercase()).collect()
}

/// All that does not stand in records of others.
fn elsewhere<'p>(pieces: &'p [Piece], zones: &[Vec<Range<usize>>]) -> Vec<&'p str> {
    let mut texts = Vec::new();
    for (piece, zones) in pieces.iter().zip(zones) {
        let mut at = 0;
        for zone in zones {
            texts.extend(piece.text.get(at..zone.start));
            at = at.max(zone.end);
        }
        texts.extend(piece.text.get(at..));
    }
    texts.retain(|text| !text.trim().is_empty());
    texts
}

/// Whether an identifier is looked for as it is, or only as its surrogate: a date or a town may mean anything.
fn kind(finding: &Finding) -> Kind {
    match (finding.class, finding.detail) {
        (IdentifierClass::Date, Detail::Birth) | (IdentifierClass::Location, Detail::Street) => Kind::Plain,
        (IdentifierClass::Date | IdentifierClass::Age | IdentifierClass::Location, _) => Kind::Surrogate,
        _ => Kind::Plain,
    }
}

/// Whether a name is that of somebody who treats: the field says so, or the title.
fn is_of_staff(piece: &Piece, finding: &Finding) -> bool {
    let by_field = |name: &str| STAFF_FIELDS.iter().any(|known| name.to_ascii_lowercase().starts_with(known));
    if piece.place.split(['.', '[']).any(by_field) {
        return true;
    }
    let before = piece.text[..finding.span.start].trim_end().trim_end_matches('.');
    let before = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let after = piece.text[finding.span.end..].trim_start_matches([',', ' ', '\u{a0}']);
    let after = after.split(|c: char| !(c.is_alphanumeric() || c == '.')).next().unwrap_or_default().replace('.', "");
    let name = piece.text[finding.span.range()].split_whitespace().next().unwrap_or_default().trim_end_matches('.');
    TITLES.contains(&before.to_ascii_lowercase().as_str())
        || TITLES.contains(&name.to_ascii_lowercase().as_str())
        || CREDENTIALS.contains(&after.as_str())
}

/// Names of fields that name who treats, by how they begin.
const STAFF_FIELDS: [&str; 16] = [
    "performer",
    "practitioner",
    "provider",
    "author",
    "physician",
    "doctor",
    "clinician",
    "nurse",
    "recorder",
    "asserter",
    "requester",
    "prescriber",
    "attending",
    "attester",
    "signed",
    "seen_by",
];

const TITLES: [&str; 7] = ["dr", "doctor", "prof", "professor", "nurse", "physician", "attending"];

const CREDENTIALS: [&str; 10] = ["MD", "DO", "RN", "NP", "PA", "PharmD", "DDS", "DMD", "PhD", "LCSW"];

/// Words of a text that are codes: a number of some length, or letters and digits that are no word with a number and a unit behind it.
fn codes(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .map(|word| word.trim_matches(['-', '_', '.']))
        .filter(|word| word.len() <= LONGEST && is_code(word))
}

fn is_code(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
    if digits == 0 || is_date(word) || word.contains('.') && word.parse::<f64>().is_ok() {
        return false;
    }
    if letters == 0 {
        return digits >= SHORTEST_NUMBER && !word.contains('.');
    }
    digits + letters >= SHORTEST_CODE && !is_measure(word)
}

/// `2026-11-02`, `20261102`, `11-02-2026`, and a moment of a day.
fn is_date(word: &str) -> bool {
    let day = word.split(['T', 't']).next().unwrap_or_default();
    let digits: String = day.chars().filter(char::is_ascii_digit).collect();
    let plain = day.bytes().all(|b| b.is_ascii_digit() || b == b'-' || b == b'.');
    let year = |text: &str| text.starts_with("19") || text.starts_with("20");
    plain && (6..=8).contains(&digits.len()) && day.bytes().filter(|b| b"-.".contains(b)).count() == 2
        || plain && matches!(digits.len(), 8 | 12 | 14) && day.len() == digits.len() && year(&digits)
}

/// A word, a number and a unit in one: `lisinopril10mg`.
fn is_measure(word: &str) -> bool {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let unit = rest.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'));
    rest.len() < word.len() && (unit.is_empty() || UNITS.contains(&unit.to_ascii_lowercase().as_str()))
}

const UNITS: [&str; 12] = ["mg", "g", "mcg", "ug", "ml", "l", "iu", "units", "meq", "mmol", "kg", "h"];
