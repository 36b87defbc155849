//! Whose data stands in a request: what belongs to another patient than the one that the exchange is about is not given back.
//!
//! The client says whom an exchange is about. What tools and documents return may hold records of others all the same: rows of a search,
//! an inbox, resources of a Bundle, groups of an HL7 v2 message, pages of a document. Identifiers that stand in those alone are replaced
//! by [`NOTICE`] wherever they come back, as they are or as their surrogates. What stands in the patient's own record, in the words of
//! staff or anywhere else in the request as well comes back as always.
//!
//! A record is somebody else's only where the request itself says so: by a number that is not the patient's, or by a reference of which
//! the request shows that the patient has another one. Where it does not say, nothing is withheld.

mod records;
mod sections;
mod values;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ops::Range;

use asepsis_keys::PatientId;
use asepsis_phi::Engine;
use asepsis_surrogate::IssuedBuilder;
use asepsis_vocab::{Finding, GuardFlag, GuardRecord, IdentifierClass, Verdict};
use zeroize::Zeroizing;

use crate::content::{Content, Piece};
use crate::guard::{MOST_FLAGS, is_of_others};
use records::Reading;

/// What stands in an answer in place of what belongs to another patient than the one that the exchange is about.
pub const NOTICE: &str = "[another patient]";

/// The rule under which it is noted that such data stands in a request.
pub(crate) const STANDS: &str = "scope/other-patient";

/// The rule under which it is counted that it came back.
pub(crate) const RULE: &str = "leak/other-patient";

/// Whose a part of a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// The patient's whom the exchange is about.
    Own,
    /// Somebody else's.
    Other,
}

/// What of a request is not given back.
#[derive(Default)]
pub(crate) struct Others {
    /// What is withheld: folded as it is looked for, what it is, and the number of its source.
    values: HashMap<Vec<u8>, Withheld>,
    /// Where records of others stand, without repetition.
    sources: Vec<String>,
}

struct Withheld {
    text: Zeroizing<String>,
    source: u32,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Also as it is.
    Plain,
    /// A part of a name.
    Part,
    /// Only its surrogate: as it is it may mean anything, such as a date.
    Surrogate,
}

impl Others {
    /// What belongs to others than the patient.
    pub(crate) fn find(content: &Content, findings: &[Vec<Finding>], patient: &PatientId, engine: &Engine) -> Self {
        let pieces = &content.pieces;
        if !pieces.iter().any(is_of_others) {
            return Self::default();
        }
        let mut whose = Reading::new(content, findings, patient).whose();
        let mut zones: Vec<Vec<Range<usize>>> = Vec::with_capacity(pieces.len());
        for ((piece, found), whose) in pieces.iter().zip(findings).zip(&mut whose) {
            if !is_of_others(piece) {
                zones.push(Vec::new());
                continue;
            }
            let sections = sections::of(piece, found, patient);
            // What a part of a text says goes before what the record around it says.
            zones.push(match whose.take() {
                Some(Whose::Other) if sections.is_empty() => vec![Range { start: 0, end: piece.text.len() }],
                Some(Whose::Other) => without_own(&sections, piece.text.len()),
                _ => sections.into_iter().filter(|(_, whose)| *whose == Whose::Other).map(|(range, _)| range).collect(),
            });
        }
        if zones.iter().all(Vec::is_empty) {
            return Self::default();
        }
        values::collect(pieces, findings, &zones, patient, engine)
    }

    /// Whether nothing is withheld.
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Where what is withheld stands.
    pub(crate) fn sources(&self) -> &[String] {
        &self.sources
    }

    /// The source of an identifier that is withheld.
    pub(crate) fn source(&self, value: &str) -> Option<u32> {
        if self.values.is_empty() {
            return None;
        }
        self.values.get(&values::key(value)).map(|withheld| withheld.source)
    }

    /// Has all that is withheld as it is looked for.
    pub(crate) fn withhold(&self, builder: &mut IssuedBuilder) {
        for withheld in self.values.values() {
            match withheld.kind {
                Kind::Plain => builder.withhold(&withheld.text, NOTICE, withheld.source),
                Kind::Part => builder.withhold_part(&withheld.text, NOTICE, withheld.source),
                Kind::Surrogate => {}
            }
        }
    }

    /// Notes in the record where data of others stands.
    pub(crate) fn note(&self, pieces: &[Piece], record: &mut GuardRecord) {
        for source in &self.sources {
            let Some(piece) = pieces.iter().find(|piece| piece.place == *source) else { continue };
            note(record, piece, STANDS);
        }
    }
}

/// Notes that records of a request name several patients, where nobody said whom it is about.
pub(crate) fn note_several(pieces: &[Piece], findings: &[Vec<Finding>], record: &mut GuardRecord) {
    let mut first: Option<Vec<u8>> = None;
    for (piece, found) in pieces.iter().zip(findings).filter(|(piece, _)| is_of_others(piece)) {
        for finding in found.iter().filter(|finding| finding.class == IdentifierClass::Mrn) {
            let number = values::number(&piece.text[finding.span.range()]);
            match &first {
                None => first = Some(number),
                Some(known) if *known != number => return note(record, piece, "scope/several-patients"),
                Some(_) => {}
            }
        }
    }
}

fn note(record: &mut GuardRecord, piece: &Piece, rule: &str) {
    if record.verdict.is_empty() {
        record.verdict = Verdict::Annotate.word().to_owned();
    }
    if record.flags.len() >= MOST_FLAGS {
        record.more += 1;
        return;
    }
    record.flags.push(GuardFlag {
        place: piece.place.clone(),
        origin: piece.origin.word().to_owned(),
        start: 0,
        end: piece.text.len() as u64,
        rule: rule.to_owned(),
        verdict: Verdict::Annotate.word().to_owned(),
    });
}

/// What of a text is not said to be the patient's own.
fn without_own(sections: &[(Range<usize>, Whose)], end: usize) -> Vec<Range<usize>> {
    let (mut others, mut at) = (Vec::new(), 0);
    for (range, _) in sections.iter().filter(|(_, whose)| *whose == Whose::Own) {
        if range.start > at {
            others.push(at..range.start);
        }
        at = at.max(range.end);
    }
    if at < end {
        others.push(at..end);
    }
    others
}

/// Whether a text is a number of somebody and not a name.
fn is_number(text: &str) -> bool {
    text.len() <= 256 && text.bytes().any(|b| b.is_ascii_digit())
}

/// The name of a field in small letters and without marks.
fn folded_name(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(40).collect()
}

/// Names of fields that hold the number that the organisation gave its patient.
const NUMBERS: [&str; 9] = [
    "mrn",
    "medicalrecordnumber",
    "medicalrecordno",
    "recordnumber",
    "chartnumber",
    "patientnumber",
    "patientmrn",
    "patientno",
    "hospitalnumber",
];

/// Names of fields that hold a key by which a system knows a patient: it need not be the number that people use.
const KEYS: [&str; 8] =
    ["patient", "patientid", "subject", "subjectid", "personid", "memberid", "pid", "patientreference"];
