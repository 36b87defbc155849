//! What words and phrases mean: one table for drugs, units, routes, frequencies, measures, findings and parts of numbers,
//! so that a text is looked up once.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use crate::keys;
use crate::sense::{Cue, Drug, EVERY_TOPIC, NUMBERS, Sense, Term, cue};
use crate::token::{Kind, LONGEST, Token, lower};
use crate::unit::Unit;
use crate::words::{Ends, Places};

#[derive(Clone)]
struct Entry {
    ends: Ends,
    /// What it says as a part of a number; -1 where it is none.
    number: i16,
    /// See [`crate::keys`].
    keys: u16,
    /// Longest first.
    phrases: Vec<Phrase>,
    /// In small letters.
    word: Box<str>,
}

#[derive(Clone)]
struct Phrase {
    /// What the second word begins with, where there is one.
    second: Option<Begin>,
    /// The words after the first.
    rest: Vec<Box<str>>,
    senses: Vec<Sense>,
}

/// A word's length and its first letter made small: equal in words that differ only in the case of their letters.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Begin(u8, u8);

impl Begin {
    fn of(word: &[u8]) -> Self {
        Self(word.len().min(255) as u8, word.first().map_or(0, u8::to_ascii_lowercase))
    }
}

/// The table.
#[derive(Clone)]
pub(crate) struct Lexicon {
    entries: Vec<Entry>,
    places: Places,
    pub(crate) drugs: Vec<DrugRow>,
    pub(crate) classes: Vec<ClassRow>,
    pub(crate) routes: Vec<&'static str>,
    findings: Vec<&'static str>,
}

#[derive(Clone)]
pub(crate) struct DrugRow {
    pub(crate) classes: Vec<u16>,
}

#[derive(Clone)]
pub(crate) struct ClassRow {
    pub(crate) name: Cow<'static, str>,
    /// Classes that an allergy to this one also speaks to, by name.
    pub(crate) crossing: &'static str,
}

static LEXICON: LazyLock<Arc<Lexicon>> = LazyLock::new(|| Arc::new(Lexicon::build()));

/// The shipped table, read once.
pub(crate) fn shipped() -> &'static Arc<Lexicon> {
    &LEXICON
}

const DRUGS: &str = include_str!("../../../data/clinical/drugs.tsv");
const CLASSES: &str = include_str!("../../../data/clinical/classes.tsv");
const WORDS: &str = include_str!("../../../data/clinical/words.tsv");
const FINDINGS: &str = include_str!("../../../data/clinical/findings.tsv");

pub(crate) fn rows(file: &'static str) -> impl Iterator<Item = [&'static str; 3]> {
    file.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(|line| {
        let mut fields = line.splitn(3, '\t').map(str::trim);
        std::array::from_fn(|_| fields.next().unwrap_or_default())
    })
}

pub(crate) fn list(field: &'static str) -> impl Iterator<Item = &'static str> {
    field.split(", ").map(str::trim).filter(|name| !name.is_empty())
}

impl Lexicon {
    fn build() -> Self {
        let mut it = Self {
            entries: Vec::new(),
            places: Places::default(),
            drugs: Vec::new(),
            classes: Vec::new(),
            routes: Vec::new(),
            findings: Vec::new(),
        };
        for [name, names, crossing] in rows(CLASSES) {
            let id = it.classes.len() as u16;
            it.classes.push(ClassRow { name: name.into(), crossing });
            for phrase in list(names) {
                it.insert(phrase, Sense::Class(id));
            }
        }
        for [name, names, classes] in rows(DRUGS) {
            let id = it.drugs.len() as Drug;
            let classes = list(classes).map(|class| it.class(class)).collect();
            it.drugs.push(DrugRow { classes });
            for phrase in std::iter::once(name).chain(list(names)) {
                it.insert(phrase, Sense::Drug(id));
            }
        }
        let mut measures: Vec<&str> = Vec::new();
        for [kind, value, names] in rows(WORDS) {
            let sense = match kind {
                "unit" => Sense::Unit(Unit::named(value)),
                "route" => Sense::Route(it.route(value)),
                "implied" => {
                    let (drug, dose) = value.rsplit_once(' ').unwrap_or((value, "0"));
                    Sense::Implied(it.drug_named(drug).unwrap_or(0), dose.parse().unwrap_or(0.0))
                }
                "frequency" => Sense::Frequency(value.parse().unwrap_or(0.0)),
                _ => Sense::Measure(place(&mut measures, value)),
            };
            for phrase in list(names) {
                it.insert(phrase, sense);
                if let Sense::Implied(drug, _) = sense {
                    it.insert(phrase, Sense::Drug(drug));
                }
            }
        }
        let mut organs: Vec<&str> = Vec::new();
        for [kind, value, names] in rows(FINDINGS) {
            let sense = match kind {
                "finding" => Sense::Finding(place(&mut it.findings, value)),
                "organ" => Sense::Organ(place(&mut organs, value)),
                "code-status" => Sense::CodeStatus(1 + u8::from(value == "limited")),
                "side" => Sense::Side(u8::from(value == "left") + 2 * u8::from(value == "right")),
                _ => Sense::Cue(cue(value)),
            };
            for phrase in list(names) {
                it.insert(phrase, sense);
            }
        }
        let advice = crate::advice::Advice::shipped();
        for (k, topic) in advice.topic.iter().enumerate() {
            for phrase in &topic.triggers {
                it.insert(phrase, Sense::Topic(k as u8));
            }
            for phrase in &topic.counts_as {
                it.insert(phrase, Sense::Warned(k as u8));
            }
        }
        for phrase in &advice.counts_as {
            it.insert(phrase, Sense::Warned(EVERY_TOPIC));
        }
        for phrase in &advice.talks_out_of_care {
            it.insert(phrase, Sense::Cue(Cue::NoCare));
        }
        for (word, number) in NUMBERS {
            let entry = it.entry(word);
            (entry.number, entry.keys) = (*number, entry.keys | keys::NUMBER);
        }
        for (key, words) in keys::WORDS {
            for word in *words {
                it.entry(word).keys |= key;
            }
        }
        let mut small = String::new();
        for form in crate::check::abbreviation::first_words() {
            lower(form, &mut small);
            it.entry(&small).keys |= keys::ABBREVIATION;
        }
        it.sort();
        it
    }

    fn sort(&mut self) {
        for entry in &mut self.entries {
            entry.phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.rest.len()));
        }
    }

    /// This table with more drugs, which come after those that ship: their numbers stay.
    pub(crate) fn with<'d>(&self, drugs: impl Iterator<Item = (&'d str, &'d [String], &'d [String])>) -> Self {
        let mut it = self.clone();
        for (name, names, classes) in drugs {
            let drug = it.drug_named(name).unwrap_or_else(|| {
                it.drugs.push(DrugRow { classes: Vec::new() });
                (it.drugs.len() - 1) as Drug
            });
            for class in classes {
                let class = it.class(class.clone());
                let row = &mut it.drugs[usize::from(drug)].classes;
                if !row.contains(&class) {
                    row.push(class);
                }
            }
            for phrase in std::iter::once(name).chain(names.iter().map(String::as_str)) {
                it.insert(phrase, Sense::Drug(drug));
            }
        }
        it.sort();
        it
    }

    /// The number of a class, which is made where there is none of that name.
    fn class(&mut self, name: impl Into<Cow<'static, str>>) -> u16 {
        let name = name.into();
        if let Some(id) = self.classes.iter().position(|row| row.name == name) {
            return id as u16;
        }
        self.classes.push(ClassRow { name, crossing: "" });
        (self.classes.len() - 1) as u16
    }

    fn route(&mut self, name: &'static str) -> u8 {
        place(&mut self.routes, name) as u8
    }

    /// The class of a name.
    pub(crate) fn class_named(&self, name: &str) -> Option<u16> {
        self.classes.iter().position(|row| row.name == name).map(|id| id as u16)
    }

    /// The route of a name.
    pub(crate) fn route_named(&self, name: &str) -> Option<u8> {
        self.routes.iter().position(|route| *route == name).map(|id| id as u8)
    }

    /// The finding of a name.
    pub(crate) fn finding_named(&self, name: &str) -> Option<u16> {
        self.findings.iter().position(|finding| *finding == name).map(|id| id as u16)
    }

    /// Whether the drug is of the class.
    pub(crate) fn is_of(&self, drug: Drug, class: u16) -> bool {
        self.drugs[usize::from(drug)].classes.contains(&class)
    }

    /// Whether the drug is of the class of this name.
    pub(crate) fn is_of_class(&self, drug: Drug, name: &str) -> bool {
        self.drugs[usize::from(drug)].classes.iter().any(|class| self.classes[usize::from(*class)].name == name)
    }

    /// The drug that a name means, of any case.
    pub(crate) fn drug_named(&self, name: &str) -> Option<Drug> {
        let mut tokens = crate::token::tokenize(name);
        self.read(name, &mut tokens).0.iter().find_map(|term| match term.sense {
            Sense::Drug(drug) if term.first == 0 && term.last as usize + 1 == tokens.len() => Some(drug),
            _ => None,
        })
    }

    fn insert(&mut self, phrase: &str, sense: Sense) {
        let tokens = crate::token::tokenize(phrase);
        let mut words = Vec::new();
        let mut word = String::new();
        for token in tokens.iter().filter(|t| !t.is(b'-')) {
            lower(&phrase[token.range()], &mut word);
            words.push(Box::from(word.as_str()));
        }
        if words.is_empty() {
            return;
        }
        let first = words.remove(0);
        let entry = self.entry(&first);
        match entry.phrases.iter_mut().find(|phrase| phrase.rest == words) {
            Some(phrase) if phrase.senses.contains(&sense) => {}
            Some(phrase) => phrase.senses.push(sense),
            None => {
                let second = words.first().map(|word| Begin::of(word.as_bytes()));
                entry.phrases.push(Phrase { second, rest: words, senses: vec![sense] });
            }
        }
    }

    /// The entry of a word in small letters, which is made where there is none.
    fn entry(&mut self, word: &str) -> &mut Entry {
        let place = self.place(word.as_bytes()).unwrap_or_else(|| {
            let ends = Ends::of(word.as_bytes());
            self.places.note(&ends, self.entries.len());
            self.entries.push(Entry { ends, number: -1, keys: 0, phrases: Vec::new(), word: word.into() });
            self.entries.len() - 1
        });
        &mut self.entries[place]
    }

    /// Where the entry of a word stands, in which letters of ASCII may be of any case.
    fn place(&self, word: &[u8]) -> Option<usize> {
        let ends = Ends::of(word);
        self.places.find(&ends, |place| {
            let entry = &self.entries[place];
            entry.ends == ends && (ends.are_all() || entry.word.as_bytes().eq_ignore_ascii_case(word))
        })
    }

    /// Finds every phrase of a text, the longest at each place, and the tokens at which a key stands. Marks what is part of a
    /// number.
    pub(crate) fn read(&self, text: &str, tokens: &mut [Token]) -> (Vec<Term>, Vec<u32>) {
        let mut terms = Vec::with_capacity(tokens.len() / 3);
        let mut keyed = Vec::with_capacity(tokens.len() / 4);
        let mut folded = String::new();
        let mut free = 0;
        for i in 0..tokens.len() {
            tokens[i].terms = terms.len() as u32;
            let token = tokens[i];
            let word = &text.as_bytes()[token.range()];
            let place = match token.kind {
                Kind::Word if token.has(keys::WIDE) || word.len() > LONGEST => {
                    lower(&text[token.range()], &mut folded);
                    self.place(folded.as_bytes())
                }
                Kind::Word => self.place(word),
                Kind::Mark if token.mark == b'%' => self.place(word),
                Kind::Number if i >= free => self.place(word),
                _ => None,
            };
            let entry = place.map(|place| &self.entries[place]);
            let keys = token.keys | entry.map_or(0, |entry| entry.keys);
            if keys & !keys::WIDE != 0 {
                tokens[i].keys = keys;
                keyed.push(i as u32);
            }
            let Some(entry) = entry else { continue };
            tokens[i].number = entry.number;
            if i < free {
                continue;
            }
            // Where the longest has one word, all have.
            let begin = entry.phrases.first().and_then(|longest| longest.second).and_then(|_| second(text, tokens, i));
            for Phrase { second, rest, senses } in &entry.phrases {
                if second.zip(begin).is_some_and(|(wanted, begin)| wanted != begin) {
                    continue;
                }
                if let Some(last) = follow(text, tokens, i, rest) {
                    terms.extend(senses.iter().map(|&sense| Term { first: i as u32, last: last as u32, sense }));
                    free = last + 1;
                    break;
                }
            }
        }
        (terms, keyed)
    }
}

/// What the word after token `i` begins with; `None` where that does not tell whether it is another.
fn second(text: &str, tokens: &[Token], i: usize) -> Option<Begin> {
    let after = tokens.get(i + 1)?;
    let token = if after.is(b'-') { tokens.get(i + 2)? } else { after };
    let word = &text.as_bytes()[token.range()];
    (!token.has(keys::WIDE) && token.mark < 0x80).then(|| Begin::of(word))
}

/// The last token of the phrase that goes on after token `i`, with hyphens between its words or without.
fn follow(text: &str, tokens: &[Token], i: usize, rest: &[Box<str>]) -> Option<usize> {
    let mut at = i;
    for word in rest {
        at += 1;
        if tokens.get(at)?.is(b'-') {
            at += 1;
        }
        let token = tokens.get(at)?;
        let have = &text[token.range()];
        if !have.eq_ignore_ascii_case(word) {
            if have.is_ascii() {
                return None;
            }
            let mut folded = String::new();
            lower(have, &mut folded);
            if folded != **word {
                return None;
            }
        }
    }
    Some(at)
}

fn place(names: &mut Vec<&'static str>, name: &'static str) -> u16 {
    let id = names.iter().position(|known| *known == name).unwrap_or(names.len());
    if id == names.len() {
        names.push(name);
    }
    id as u16
}
