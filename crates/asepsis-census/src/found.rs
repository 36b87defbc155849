//! What a document says of people: names and numbers, and in which records they stand.

use std::collections::HashMap;

use asepsis_vocab::{Detail, IdentifierClass};

use crate::document::Part;
use crate::name::Name;
use crate::person::Kind;
use crate::role::{Says, plain, says};
use crate::value;

/// Bytes of the longest word, with its stops and hyphens, that is read as a credential.
const LONGEST_CREDENTIAL: usize = 64;
/// Bytes before a name in which words that say something of its bearer are looked for.
const NEAR: usize = 256;

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
            let field = part.field.map(Field::of);
            let (mut line, mut line_start, mut seen) = (next + 1, 0, 0);
            let mut last_end = 0;
            for finding in part.findings {
                let Some(text) = part.text.get(finding.span.range()) else { continue };
                let passed = &part.text[seen..finding.span.start];
                line += passed.matches('\n').count();
                line_start = passed.rfind('\n').map_or(line_start, |i| seen + i + 1);
                seen = finding.span.start;
                let (record, at) = (whole.unwrap_or(line), before + finding.span.start);
                match finding.class {
                    IdentifierClass::Name => {
                        let joined = part.text[last_end..finding.span.start].trim();
                        let column = last_end > 0 && joined.len() == 1 && ",;|\t".contains(joined);
                        let beside = Beside {
                            before: &part.text[line_start..finding.span.start],
                            after: &part.text[finding.span.end..],
                            field: field.as_ref(),
                        };
                        found.mention(&beside, (text, record, at), column, &mut halves);
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
        beside: &Beside<'_>,
        (text, record, at): (&str, usize, usize),
        column: bool,
        halves: &mut HashMap<(usize, bool), usize>,
    ) {
        let Some(mut name) = Name::read(text) else { return };
        let role = beside.role(&name);
        if let Some(half) = beside.field.map(|field| field.says).filter(|s| s.given || s.family) {
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

/// The name of a field, read once for all that is found in it.
struct Field {
    says: Says,
    /// Whether one of its words says that its bearer is at work.
    labels: bool,
    /// Its first words.
    words: Vec<String>,
}

impl Field {
    fn of(name: &str) -> Self {
        let words = || name.split(['_', '-', ' ', '.']).map(plain);
        Self { says: says(&plain(name)), labels: words().any(|w| says(&w).label), words: words().take(3).collect() }
    }
}

/// What stands beside a name. A line may be as long as the document, with names all along: nothing here looks further
/// than it must.
struct Beside<'a> {
    /// The line up to the name.
    before: &'a str,
    /// The text from the name on.
    after: &'a str,
    field: Option<&'a Field>,
}

impl Beside<'_> {
    /// What the words beside a name in its line say of its bearer.
    fn role(&self, name: &Name) -> Role {
        let words = self.near().rsplit(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
        let beside: Vec<String> = words.take(3).map(plain).collect();
        let shown = self.before.trim_end();
        // The value itself begins with the name.
        let field = self.field.filter(|_| shown.is_empty());
        let labelled = match field {
            Some(field) => field.labels,
            None => shown.ends_with([':', '=', '#']) && beside.iter().any(|w| says(w).label),
        };
        let nearest = beside.first().map(|w| says(w)).unwrap_or_default();
        let by = beside.first().is_some_and(|w| w == "by") && beside.get(1).is_some_and(|w| says(w).deed);
        if name.at_work || nearest.title || by || labelled || self.is_before_credential() {
            Role::AtWork
        } else if beside.iter().chain(field.map_or(&beside, |field| &field.words)).take(3).any(|w| says(w).relation) {
            Role::Relation
        } else {
            Role::Unsaid
        }
    }

    /// The end of what stands before, without the rest of a word that begins further off.
    fn near(&self) -> &str {
        let from = self.before.floor_char_boundary(self.before.len().saturating_sub(NEAR));
        let near = &self.before[from..];
        let whole = if from == 0 { Some(0) } else { near.find(|c: char| !c.is_alphanumeric()) };
        whole.map_or("", |from| &near[from..])
    }

    /// Whether "MD", "R.N." or the like stands behind the name, in capitals.
    fn is_before_credential(&self) -> bool {
        let after = self.after.trim_start_matches([',', ' ']);
        let near = &after[..after.floor_char_boundary(LONGEST_CREDENTIAL + 1)];
        let word = near.split([' ', ',', ';', ')', '\n']).next().unwrap_or_default();
        word.len() <= LONGEST_CREDENTIAL
            && word.chars().filter(|c| c.is_uppercase()).count() >= 2
            && says(&plain(word)).credential
    }
}
