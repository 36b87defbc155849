//! Reading one document: which names are one person's, and whose the numbers are.

use std::collections::HashMap;

use asepsis_vocab::{Detail, Finding, IdentifierClass};

use crate::key::{Domain, Key};
use crate::name::Name;
use crate::person::{Kind, Person};
use crate::role::{plain, says};
use crate::value;

/// Of people of one document with a word of their names in common, so many of the latest are compared: time stays in proportion
/// to the document. Who is taken for two persons for that meets again by number.
const NAMESAKES: usize = 64;

/// A piece of a document.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    /// The text.
    pub text: &'a str,
    /// The record of the document that the whole piece belongs to: an element of a list, a row. Where there is none, each
    /// line is a record of its own.
    pub record: Option<&'a str>,
    /// The name of the field that the piece is the value of.
    pub field: Option<&'a str>,
    /// What was found in it, by start.
    pub findings: &'a [Finding],
}

/// The persons of one document, as hashes.
#[derive(Clone, Debug, Default)]
pub struct People {
    pub(crate) people: Vec<Hashed>,
}

/// One person of one document.
#[derive(Clone, Debug)]
pub(crate) struct Hashed {
    /// What says for certain that two persons are one.
    pub(crate) keys: Vec<u128>,
    pub(crate) name: Option<u128>,
    pub(crate) words: Vec<u128>,
    pub(crate) birth: Option<u128>,
    pub(crate) numbered: bool,
    pub(crate) at_work: bool,
}

impl People {
    /// Reads a document. What is given back holds no name and no number, only their hashes under the key.
    pub fn of(key: &Key, parts: &[Part<'_>]) -> Self {
        let found = Found::of(parts);
        let mut reading = Reading::default();
        reading.names(found.mentions, &found.numbers);
        reading.numbers(found.numbers);
        Self { people: reading.people.iter().map(|p| p.hashed(key)).collect() }
    }
}

/// What part the bearer of a name plays, as far as the words beside it say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Unsaid,
    AtWork,
    Relation,
}

/// A name at a place.
struct Mention {
    name: Name,
    role: Role,
    record: usize,
    at: usize,
}

/// A number or date of birth at a place.
#[derive(Clone)]
pub(crate) struct Number {
    pub(crate) kind: Kind,
    pub(crate) value: String,
    pub(crate) record: usize,
    pub(crate) at: usize,
}

#[derive(Default)]
struct Found {
    mentions: Vec<Mention>,
    numbers: Vec<Number>,
}

impl Found {
    fn of(parts: &[Part<'_>]) -> Self {
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

/// The persons of a document, as they come to be known.
#[derive(Default)]
struct Reading {
    people: Vec<Person>,
    /// For each word of a name, the persons who have it.
    by_word: HashMap<String, Vec<usize>>,
}

impl Reading {
    /// Gives every name to a person, the fullest names first. Full names of records with different numbers are namesakes.
    fn names(&mut self, mentions: Vec<Mention>, numbers: &[Number]) {
        let mut in_record: HashMap<usize, Vec<&Number>> = HashMap::new();
        for number in numbers {
            in_record.entry(number.record).or_default().push(number);
        }
        let mut alone: HashMap<usize, usize> = HashMap::new();
        for mention in mentions.iter().filter(|m| m.name.fullness() > 0 && m.role != Role::AtWork) {
            *alone.entry(mention.record).or_default() += 1;
        }
        let mut mentions = mentions;
        mentions.sort_by_key(|m| (std::cmp::Reverse(m.name.fullness()), m.at));
        for mention in mentions {
            let own =
                alone.get(&mention.record) == Some(&1) && mention.name.fullness() > 0 && mention.role != Role::AtWork;
            let numbers = if own { in_record.get(&mention.record).map(Vec::as_slice) } else { None };
            self.name(mention, numbers.unwrap_or_default());
        }
    }

    fn name(&mut self, mention: Mention, numbers: &[&Number]) {
        let full = mention.name.fullness() == 2;
        let mut candidates: Vec<usize> = mention
            .name
            .words
            .iter()
            .filter_map(|w| self.by_word.get(w))
            .flat_map(|p| p.iter().rev().take(NAMESAKES))
            .copied()
            .collect();
        if candidates.is_empty()
            && mention.name.words.len() == 1
            && mention.name.family().len() <= 3
            && self.people.len() < NAMESAKES
        {
            // Initials have no word in common with a name.
            candidates = (0..self.people.len()).collect();
        }
        candidates.sort_unstable();
        candidates.dedup();
        candidates.retain(|&p| {
            let person = &self.people[p];
            person.agrees(&mention.name) && !(full && person.contradicts(numbers))
        });
        // Of several it is the one who was spoken of last.
        let last = |p: &usize| self.people[*p].last_before(mention.at);
        let chosen = candidates.into_iter().max_by_key(|p| (numbers.iter().any(|n| self.people[*p].holds(n)), last(p)));
        let person = chosen.unwrap_or_else(|| {
            self.people.push(Person::default());
            self.people.len() - 1
        });
        for word in &mention.name.words {
            let having = self.by_word.entry(word.clone()).or_default();
            if having.last() != Some(&person) {
                having.push(person);
            }
        }
        let known = &mut self.people[person];
        known.mention(mention.name, mention.role, mention.record, mention.at);
        for number in numbers {
            known.give(number);
        }
    }

    /// Gives every number that nobody has yet to somebody.
    fn numbers(&mut self, numbers: Vec<Number>) {
        let mut held: std::collections::HashSet<(Kind, String)> = std::collections::HashSet::new();
        for person in &self.people {
            held.extend(person.numbers().map(|(kind, value)| (kind, value.to_owned())));
        }
        let mut nameless: HashMap<usize, usize> = HashMap::new();
        let places = Places::of(&self.people);
        for number in numbers {
            if !held.insert((number.kind, number.value.clone())) {
                continue;
            }
            let free = |p: &usize| self.people[*p].may_take(&number);
            let owner = places
                .beside(&number)
                .filter(free)
                .or_else(|| nameless.get(&number.record).copied().filter(free))
                .or_else(|| places.only.filter(free))
                .or_else(|| places.before(number.at).filter(free));
            match owner {
                Some(person) => self.people[person].give(&number),
                // A date of birth alone is nobody.
                None if number.kind == Kind::Birth => {}
                None => {
                    self.people.push(Person::default());
                    let person = self.people.len() - 1;
                    self.people[person].give(&number);
                    nameless.insert(number.record, person);
                }
            }
        }
    }
}

/// Where persons who may have numbers are named.
struct Places {
    /// Place, record and person of every mention, by place.
    all: Vec<(usize, usize, usize)>,
    by_record: HashMap<usize, Vec<(usize, usize)>>,
    /// The one person of the document, where there is but one.
    only: Option<usize>,
}

impl Places {
    fn of(people: &[Person]) -> Self {
        let mut all = Vec::new();
        let mut by_record: HashMap<usize, Vec<(usize, usize)>> = HashMap::new();
        let mut persons = Vec::new();
        for (p, person) in people.iter().enumerate().filter(|(_, person)| !person.at_work()) {
            for &(record, at) in person.places() {
                by_record.entry(record).or_default().push((at, p));
                if !person.is_relation() {
                    all.push((at, record, p));
                }
            }
            if !person.is_relation() {
                persons.push(p);
            }
        }
        all.sort_unstable();
        let only = if let [p] = persons[..] { Some(p) } else { None };
        Self { all, by_record, only }
    }

    /// Who is named in the same record; of several, who is nearest, and rather before the number than behind it.
    fn beside(&self, number: &Number) -> Option<usize> {
        let named = self.by_record.get(&number.record)?;
        let far = |at: usize| if at <= number.at { number.at - at } else { 2 * (at - number.at) };
        named.iter().min_by_key(|(at, _)| far(*at)).map(|(_, p)| *p)
    }

    /// Who was named last before a place, or else first behind it.
    fn before(&self, at: usize) -> Option<usize> {
        let i = self.all.partition_point(|(place, ..)| *place < at);
        i.checked_sub(1).and_then(|i| self.all.get(i)).or(self.all.first()).map(|(.., p)| *p)
    }
}

impl Person {
    fn hashed(&self, key: &Key) -> Hashed {
        let name = self.name().and_then(Name::full);
        let mut keys = Vec::new();
        let mut birth = None;
        for (kind, value) in self.numbers() {
            match kind {
                Kind::Record => keys.push(key.hash(Domain::Record, value)),
                Kind::Social => keys.push(key.hash(Domain::Social, value)),
                // Members of a family share the number of a plan: it says who it is only where nothing else does.
                Kind::Plan if self.name().is_none() => keys.push(key.hash(Domain::Plan, value)),
                Kind::Plan => {}
                Kind::Birth => birth = Some(value),
            }
        }
        let numbered = !keys.is_empty();
        if let (Some(name), Some(birth)) = (&name, birth) {
            keys.push(key.hash(Domain::NameAndBirth, &format!("{name} {birth}")));
        }
        Hashed {
            keys,
            name: name.map(|n| key.hash(Domain::Name, &n)),
            words: self.name().into_iter().flat_map(Name::telling).map(|w| key.hash(Domain::Word, w)).collect(),
            birth: birth.map(|b| key.hash(Domain::Birth, b)),
            numbered,
            at_work: self.at_work(),
        }
    }
}
