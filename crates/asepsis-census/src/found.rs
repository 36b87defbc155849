//! What a document says of people: names and numbers, and in which records they stand.

use std::collections::HashMap;

use asepsis_vocab::{Detail, Finding, IdentifierClass};

use crate::document::Part;
use crate::name::Name;
use crate::person::Kind;
use crate::role::{plain, says};
use crate::value;

/// What part the bearer of a name plays, as far as the words beside it say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Unsaid,
    AtWork,
    Relation,
}

/// A name at a place.
pub(crate) struct Mention {
    pub(crate) name: Name,
    pub(crate) role: Role,
    pub(crate) record: usize,
    pub(crate) at: usize,
}

/// A number or date of birth at a place.
#[derive(Clone)]
pub(crate) struct Number {
    pub(crate) kind: Kind,
    pub(crate) value: String,
    pub(crate) record: usize,
    pub(crate) at: usize,
}

/// All that a document says.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) mentions: Vec<Mention>,
    pub(crate) numbers: Vec<Number>,
}

impl Found {
    pub(crate) fn of(parts: &[Part<'_>]) -> Self {
        let mut found = Self::default();
        let mut records: HashMap<&str, usize> = HashMap::new();
        let (mut next, mut before) = (0, 0);
        // Given and family name in fields of their own, of one record.
        let mut halves: HashMap<(usize, bool), usize> = HashMap::new();
        for part in parts {
            let whole = part.record.map(|record| {
                *records.entry(record).or_insert_with(|| {
                    next += 1;
                    next
                })
            });
            let (mut line, mut seen) = (next + 1, 0);
            let mut last_end = 0;
            for finding in part.findings {
                let Some(text) = part.text.get(finding.span.range()) else { continue };
                line += part.text[seen..finding.span.start].matches('\n').count();
                seen = finding.span.start;
                let (record, at) = (whole.unwrap_or(line), before + finding.span.start);
                match finding.class {
                    IdentifierClass::Name => {
                        let joined = part.text[last_end..finding.span.start].trim();
                        let column = last_end > 0 && joined.len() == 1 && ",;|\t".contains(joined);
                        found.mention(part, finding, (text, record, at), column, &mut halves);
                        last_end = finding.span.end;
                    }
                    class => found.number(class, finding.detail, text, record, at),
                }
            }
            next = next.max(if whole.is_some() { next } else { line });
            before += part.text.len() + 1;
        }
        found
    }

    fn mention(
        &mut self,
        part: &Part<'_>,
        finding: &Finding,
        (text, record, at): (&str, usize, usize),
        column: bool,
        halves: &mut HashMap<(usize, bool), usize>,
    ) {
        let Some(mut name) = Name::read(text) else { return };
        let role = role(part.text, finding, part.field, &name);
        let half = part.field.map(plain).map(|field| says(&field)).filter(|s| s.given || s.family);
        if let Some(half) = half {
            // The other half came before: one person.
            if let Some(&other) = halves.get(&(record, !half.family)) {
                let words = &mut self.mentions[other].name.words;
                if half.family {
                    words.append(&mut name.words);
                } else {
                    words.splice(0..0, name.words).for_each(drop);
                }
                return;
            }
            halves.insert((record, half.family), self.mentions.len());
        } else if let Some(last) = self.mentions.last_mut().filter(|last| column && last.record == record) {
            // "Collins,Martha": two columns of a row.
            if last.name.words.len() == 1 && name.words.len() == 1 {
                last.name.words.append(&mut name.words);
                return;
            }
        }
        self.mentions.push(Mention { name, role, record, at });
    }

    fn number(&mut self, class: IdentifierClass, detail: Detail, text: &str, record: usize, at: usize) {
        let (kind, value) = match (class, detail) {
            (IdentifierClass::Mrn, _) => (Kind::Record, value::number(text)),
            (IdentifierClass::Ssn, _) => (Kind::Social, value::social(text)),
            (IdentifierClass::HealthPlan, _) => (Kind::Plan, value::number(text)),
            (IdentifierClass::Date, Detail::Birth) => (Kind::Birth, value::date(text)),
            _ => return,
        };
        self.numbers.extend(value.map(|value| Number { kind, value, record, at }));
    }
}

/// What the words beside a name in its line say of its bearer.
fn role(text: &str, finding: &Finding, field: Option<&str>, name: &Name) -> Role {
    let before = &text[..finding.span.start];
    let before = &before[before.rfind('\n').map_or(0, |i| i + 1)..];
    let after = text[finding.span.end..].lines().next().unwrap_or_default();
    let beside: Vec<String> =
        before.rsplit(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).take(3).map(plain).collect();
    let labelled = before.trim_end().ends_with([':', '=', '#']) || before.trim().is_empty() && field.is_some();
    let nearest = beside.first().map(|w| says(w)).unwrap_or_default();
    let label: Vec<String> = match field {
        Some(field) if before.trim().is_empty() => field.split(['_', '-', ' ', '.']).map(plain).collect(),
        _ => beside.clone(),
    };
    let credential = after.trim_start_matches([',', ' ']).split([' ', ',', ';', ')']).next().unwrap_or_default();
    let capitals = credential.chars().filter(|c| c.is_uppercase()).count() >= 2;
    let by = beside.first().is_some_and(|w| w == "by") && beside.get(1).is_some_and(|w| says(w).deed);
    if name.at_work
        || nearest.title
        || by
        || labelled && label.iter().any(|w| says(w).label)
        || capitals && says(&plain(credential)).credential
    {
        Role::AtWork
    } else if beside.iter().chain(&label).take(3).any(|w| says(w).relation) {
        Role::Relation
    } else {
        Role::Unsaid
    }
}
