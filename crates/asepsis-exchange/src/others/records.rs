//! Whose the objects of JSON are: rows, resources of FHIR, whatever a tool returns.

use std::collections::HashSet;

use asepsis_keys::PatientId;
use asepsis_vocab::{Finding, IdentifierClass};

use super::{KEYS, NUMBERS, Whose, folded_name, is_number};
use crate::content::{Content, Piece, Record};
use crate::guard::is_of_others;

/// What an object says of whom it is about.
#[derive(Clone, Copy, Default)]
struct Said {
    own: bool,
    other: bool,
}

impl Said {
    /// What names the patient goes before what names others: a record may mention its patient's other numbers, or a relative.
    fn whose(self) -> Option<Whose> {
        match (self.own, self.other) {
            (true, _) => Some(Whose::Own),
            (false, true) => Some(Whose::Other),
            (false, false) => None,
        }
    }
}

/// Reads whose the objects of a request are.
pub(super) struct Reading<'c> {
    content: &'c Content,
    patient: &'c PatientId,
    /// The object around each object.
    parents: Vec<Option<usize>>,
    /// The innermost object around each piece.
    within: Vec<Option<usize>>,
    said: Vec<Said>,
    keys: Vec<Key<'c>>,
}

/// A key by which a system knows a patient.
struct Key<'c> {
    /// The object that is about them.
    record: usize,
    /// Which kind of key it is: those of one kind are compared with each other alone.
    space: usize,
    key: &'c str,
}

/// Kinds of keys beyond the names of [`KEYS`]: ids and references of resources, identifiers, names of records.
const RESOURCES: usize = KEYS.len();
const IDENTIFIERS: usize = RESOURCES + 1;
const NAMES: usize = RESOURCES + 2;

impl<'c> Reading<'c> {
    pub(super) fn new(content: &'c Content, findings: &[Vec<Finding>], patient: &'c PatientId) -> Self {
        let records = &content.records;
        let mut reading = Self {
            content,
            patient,
            parents: Vec::with_capacity(records.len()),
            within: vec![None; content.pieces.len()],
            said: vec![Said::default(); records.len()],
            keys: Vec::new(),
        };
        reading.place();
        for (at, (piece, found)) in content.pieces.iter().zip(findings).enumerate() {
            if is_of_others(piece)
                && let Some(record) = reading.within[at]
            {
                reading.read(piece, found, record);
            }
        }
        reading.named();
        reading.resolve();
        reading
    }

    /// Whose each piece is, as far as the object that it stands in says.
    pub(super) fn whose(self) -> Vec<Option<Whose>> {
        let mut whose: Vec<Option<Whose>> = Vec::with_capacity(self.said.len());
        for (at, said) in self.said.iter().enumerate() {
            let around = || self.parents[at].and_then(|parent| whose[parent]);
            whose.push(said.whose().or_else(around));
        }
        let mut pieces: Vec<Option<Whose>> = self.within.iter().map(|within| within.and_then(|at| whose[at])).collect();
        // A number that is the name of a record belongs to it.
        for (record, whose) in self.content.records.iter().zip(&whose) {
            if let Some(at) = self.name_of(record) {
                pieces[at] = *whose;
            }
        }
        pieces
    }

    /// Finds what stands within what. Objects come in the order in which they begin.
    fn place(&mut self) {
        let mut open: Vec<usize> = Vec::new();
        for (at, record) in self.content.records.iter().enumerate() {
            while let Some(last) = open.last()
                && !encloses(&self.content.records[*last], record)
            {
                open.pop();
            }
            self.parents.push(open.last().copied());
            open.push(at);
        }
        // Inner ones come later, so that the innermost stays.
        let mut done = 0;
        let mut stack: Vec<usize> = Vec::new();
        for (at, record) in self.content.records.iter().enumerate() {
            self.fill(&mut done, record.pieces.start, &mut stack);
            stack.push(at);
        }
        self.fill(&mut done, self.content.pieces.len(), &mut stack);
    }

    /// Gives the pieces up to `end` to the innermost object that is open there.
    fn fill(&mut self, done: &mut usize, end: usize, stack: &mut Vec<usize>) {
        while *done < end {
            while stack.last().is_some_and(|at| self.content.records[*at].pieces.end <= *done) {
                stack.pop();
            }
            let until = stack.last().map_or(end, |at| self.content.records[*at].pieces.end.min(end));
            self.within[*done..until].fill(stack.last().copied());
            *done = until;
        }
    }

    /// The object that is about whom this one says: the one around it, where it is there to say that.
    fn home(&self, mut record: usize) -> usize {
        while self.content.records[record].about
            && let Some(parent) = self.parents[record]
        {
            record = parent;
        }
        record
    }

    fn read(&mut self, piece: &'c Piece, found: &[Finding], within: usize) {
        let home = self.home(within);
        let name = piece.field.as_deref().map(folded_name).unwrap_or_default();
        if NUMBERS.contains(&name.as_str()) && is_number(&piece.text) {
            return self.number(home, &piece.text);
        }
        let about = self.content.records[within].about;
        let space = match name.as_str() {
            "reference" | "id" if about => Some(RESOURCES),
            "id" if self.is_patient(within) => Some(RESOURCES),
            "value" if about => Some(IDENTIFIERS),
            name => KEYS.iter().position(|known| *known == name),
        };
        if let Some(space) = space.filter(|_| is_number(&piece.text)) {
            self.keys.push(Key { record: home, space, key: bare(&piece.text) });
            return;
        }
        // A text of several lines says by itself which part of it is about whom.
        if piece.text.contains('\n') {
            return;
        }
        for finding in found.iter().filter(|finding| is_of_a_person(finding.class)) {
            let number = &piece.text[finding.span.range()];
            if self.patient.is_named(number) {
                self.said[home].own = true;
            } else if finding.class == IdentifierClass::Mrn && is_number(number) {
                self.said[home].other = true;
            }
        }
    }

    fn number(&mut self, record: usize, number: &str) {
        if self.patient.is_named(number) {
            self.said[record].own = true;
        } else {
            self.said[record].other = true;
        }
    }

    /// Whether an object is a Patient resource of FHIR (<https://hl7.org/fhir/R4/patient.html>).
    fn is_patient(&self, record: usize) -> bool {
        let pieces = self.content.records[record].pieces.clone();
        let mut own = pieces.filter(|at| self.within[*at] == Some(record)).map(|at| &self.content.pieces[at]);
        own.any(|piece| piece.field.as_deref() == Some("resourceType") && piece.text == "Patient")
    }

    /// The piece that is the name of a record, where that is a number: `{"4471902": {...}}`.
    fn name_of(&self, record: &Record) -> Option<usize> {
        let at = record.pieces.start.checked_sub(1)?;
        let piece = self.content.pieces.get(at)?;
        let is_name = piece.field.is_none() && is_number(&piece.text) && self.within[at].is_some();
        (is_name && !piece.text.contains(char::is_whitespace)).then_some(at)
    }

    fn named(&mut self) {
        for (at, record) in self.content.records.iter().enumerate() {
            if let Some(name) = self.name_of(record) {
                self.keys.push(Key { record: at, space: NAMES, key: bare(&self.content.pieces[name].text) });
            }
        }
    }

    /// Finds out whose the keys are: a record that has a number too says so, and once one of a kind is known to be the patient's, the
    /// others of that kind are not. Until then a key says nothing: it need not be the number by which the client named the patient.
    fn resolve(&mut self) {
        for Key { record, key, .. } in &self.keys {
            self.said[*record].own |= self.patient.is_named(key);
        }
        let (mut own, mut others, mut known) = (HashSet::new(), HashSet::new(), HashSet::new());
        for Key { record, space, key } in &self.keys {
            if self.said[*record].own {
                own.insert((*space, *key));
                known.insert(*space);
            } else if self.said[*record].other {
                others.insert((*space, *key));
            }
        }
        for Key { record, space, key } in &self.keys {
            if own.contains(&(*space, *key)) {
                self.said[*record].own = true;
            } else if known.contains(space) || others.contains(&(*space, *key)) {
                self.said[*record].other = true;
            }
        }
    }
}

/// Classes of numbers by which organisations name patients.
fn is_of_a_person(class: IdentifierClass) -> bool {
    matches!(class, IdentifierClass::Mrn | IdentifierClass::HealthPlan | IdentifierClass::Account | IdentifierClass::Id)
}

fn encloses(outer: &Record, inner: &Record) -> bool {
    outer.pieces.start <= inner.pieces.start
        && inner.pieces.end <= outer.pieces.end
        && outer.pieces.end > inner.pieces.start
}

/// A key without what FHIR puts before it: `Patient/`, `urn:uuid:`, the server.
fn bare(key: &str) -> &str {
    key.trim().rsplit(['/', '|', ':']).next().unwrap_or_default()
}
