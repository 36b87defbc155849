//! What words and phrases can mean, and how words make numbers.

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

/// The cue of a row of `data/clinical/findings.tsv`.
pub(crate) fn cue(name: &str) -> Cue {
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

/// Words that are parts of numbers, in English and Spanish.
pub(crate) const NUMBERS: &[(&str, i16)] = &[
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
