//! One document, and what is kept of it.

use asepsis_vocab::Finding;

use crate::found::Found;
use crate::key::{Domain, Key};
use crate::name::Name;
use crate::person::{Kind, Person};
use crate::reading::Reading;

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
    /// Numbers that may be those of further people.
    pub(crate) doubtful: Vec<u128>,
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
        let reading = Reading::of(found);
        let doubtful = reading.doubtful.iter().filter_map(|number| match number.kind {
            Kind::Record => Some(key.hash(Domain::Record, &number.value)),
            Kind::Social => Some(key.hash(Domain::Social, &number.value)),
            Kind::Plan | Kind::Birth => None,
        });
        Self { people: reading.people.iter().map(|p| p.hashed(key)).collect(), doubtful: doubtful.collect() }
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
