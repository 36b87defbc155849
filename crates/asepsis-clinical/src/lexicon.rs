//! What words and phrases mean: one table for drugs, units, routes, frequencies, measures, findings and parts of numbers,
//! so that a text is looked up once.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use crate::token::{Kind, Token, lower};
use crate::unit::Unit;

/// A drug: the row of `data/clinical/drugs.tsv`.
pub(crate) type Drug = u16;

/// What a phrase means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Sense {
    Drug(Drug),
    /// A class of drugs by name ("penicillins", "sulfa"): the number of the class.
    Class(u16),
    Unit(Unit),
    Route(u8),
    /// How often a day.
    Frequency(f64),
    Measure(u16),
    /// A symptom, sign or condition that can be there or not.
    Finding(u16),
    /// A part of the body that has two sides.
    Organ(u16),
    Side(u8),
    /// A dose that the name itself says, in mg: baby aspirin.
    Implied(Drug, f64),
    /// A topic that needs a warning in what goes to a patient.
    Topic(u8),
    /// What counts as the warning of a topic; `EVERY_TOPIC` for all.
    Warned(u8),
    /// Whether to resuscitate: 1 yes, 2 no.
    CodeStatus(u8),
    Cue(Cue),
}

/// Words that change what stands by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cue {
    /// What follows is not there, and so is the list that goes on after it: denies, negative for.
    Denied,
    /// What follows closely is not there: no, not, without.
    Not,
    /// What stands before is not there ("was ruled out").
    DeniedBefore,
    /// Neither there nor not there: possible, asked about, in case of, to rule out, if.
    Unsure,
    /// Ends the reach of a denial: but, however, endorses, reports.
    Turn,
    /// Somebody else of the family.
    Family,
    /// The person is allergic to what follows.
    Allergic,
    /// There is no allergy.
    NoAllergy,
    /// To stop taking.
    Stop,
    /// Only after asking: "do not stop", "talk to your doctor before".
    AskFirst,
    /// A dose limit, not a dose: "do not exceed", "maximum".
    Limit,
    /// Takes the place of a statement about treatment: start, give, take.
    Give,
    /// Not to be given: avoid, contraindicated, allergic.
    Avoid,
    /// Talks a person out of care ("no need to see a doctor").
    NoCare,
    Male,
    Female,
}

impl Sense {
    /// Whether it says that something is not there or not so.
    pub(crate) fn is_denial(self) -> bool {
        matches!(self, Self::Cue(Cue::Denied | Cue::Not))
    }
}

/// What counts as a warning whatever the topic.
pub(crate) const EVERY_TOPIC: u8 = u8::MAX;

/// A meaning at its place: tokens `first` to `last`, both included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Term {
    pub(crate) first: u32,
    pub(crate) last: u32,
    pub(crate) sense: Sense,
}

/// Parts of numbers that are no plain value.
pub(crate) const HUNDRED: i16 = 100;
pub(crate) const THOUSAND: i16 = 1000;
pub(crate) const POINT: i16 = 2000;
pub(crate) const HALF: i16 = 2001;
pub(crate) const AND: i16 = 2002;
pub(crate) const ARTICLE: i16 = 2003;
pub(crate) const OH: i16 = 2004;
pub(crate) const TO: i16 = 2005;

#[derive(Clone, Default)]
struct Entry {
    number: Option<i16>,
    /// Longest first.
    phrases: Vec<(Vec<Box<str>>, Vec<Sense>)>,
}

/// The table.
#[derive(Clone)]
pub(crate) struct Lexicon {
    entries: HashMap<Box<str>, Entry>,
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
            entries: HashMap::new(),
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
            it.entries.entry((*word).into()).or_default().number = Some(*number);
        }
        it.sort();
        it
    }

    fn sort(&mut self) {
        for entry in self.entries.values_mut() {
            entry.phrases.sort_by_key(|(rest, _)| std::cmp::Reverse(rest.len()));
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

    /// The drug that a name means, of any case.
    pub(crate) fn drug_named(&self, name: &str) -> Option<Drug> {
        let mut tokens = crate::token::tokenize(name);
        self.read(name, &mut tokens).iter().find_map(|term| match term.sense {
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
        let entry = self.entries.entry(words.remove(0)).or_default();
        match entry.phrases.iter_mut().find(|(rest, _)| *rest == words) {
            Some((_, senses)) if senses.contains(&sense) => {}
            Some((_, senses)) => senses.push(sense),
            None => entry.phrases.push((words, vec![sense])),
        }
    }

    /// Finds every phrase of a text, the longest at each place, and marks what is part of a number.
    pub(crate) fn read(&self, text: &str, tokens: &mut [Token]) -> Vec<Term> {
        let mut terms = Vec::with_capacity(tokens.len() / 3);
        let mut word = String::with_capacity(64);
        let mut free = 0;
        for i in 0..tokens.len() {
            let token = tokens[i];
            let entry = match token.kind {
                Kind::Word => {
                    lower(&text[token.range()], &mut word);
                    self.entries.get(word.as_str())
                }
                Kind::Mark if token.mark == b'%' => self.entries.get("%"),
                Kind::Number if i >= free => self.entries.get(&text[token.range()]),
                _ => None,
            };
            let Some(entry) = entry else { continue };
            tokens[i].number = entry.number.unwrap_or(-1);
            if i < free {
                continue;
            }
            for (rest, senses) in &entry.phrases {
                if let Some(last) = follow(text, tokens, i, rest) {
                    terms.extend(senses.iter().map(|&sense| Term { first: i as u32, last: last as u32, sense }));
                    free = last + 1;
                    break;
                }
            }
        }
        terms
    }
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

fn cue(name: &str) -> Cue {
    match name {
        "denied" => Cue::Denied,
        "not" => Cue::Not,
        "denied-before" => Cue::DeniedBefore,
        "unsure" => Cue::Unsure,
        "turn" => Cue::Turn,
        "family" => Cue::Family,
        "allergic" => Cue::Allergic,
        "no-allergy" => Cue::NoAllergy,
        "stop" => Cue::Stop,
        "ask-first" => Cue::AskFirst,
        "limit" => Cue::Limit,
        "give" => Cue::Give,
        "avoid" => Cue::Avoid,
        "male" => Cue::Male,
        "female" => Cue::Female,
        _ => unreachable!("data/clinical/findings.tsv names a cue that the code does not know: {name}"),
    }
}

const NUMBERS: &[(&str, i16)] = &[
    ("zero", 0),
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("thirteen", 13),
    ("fourteen", 14),
    ("fifteen", 15),
    ("sixteen", 16),
    ("seventeen", 17),
    ("eighteen", 18),
    ("nineteen", 19),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("fifty", 50),
    ("sixty", 60),
    ("seventy", 70),
    ("eighty", 80),
    ("ninety", 90),
    ("hundred", HUNDRED),
    ("hundreds", HUNDRED),
    ("thousand", THOUSAND),
    ("point", POINT),
    ("half", HALF),
    ("and", AND),
    ("a", ARTICLE),
    ("oh", OH),
    ("twenties", 20),
    ("thirties", 30),
    ("forties", 40),
    ("fifties", 50),
    ("sixties", 60),
    ("seventies", 70),
    ("eighties", 80),
    ("nineties", 90),
    ("to", TO),
    ("or", TO),
    ("uno", 1),
    ("dos", 2),
    ("tres", 3),
    ("cuatro", 4),
    ("cinco", 5),
    ("seis", 6),
    ("siete", 7),
    ("ocho", 8),
    ("nueve", 9),
    ("diez", 10),
    ("veinte", 20),
    ("cien", 100),
    ("media", HALF),
];
