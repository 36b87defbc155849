//! What the request itself holds: the texts that an answer is compared with, read once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use asepsis_vocab::Origin;

use crate::cite::{self, Scheme};
use crate::dose;
use crate::drugs::{self, Allergies};
use crate::ground::Ground;
use crate::keys;
use crate::lexicon::{Lexicon, shipped};
use crate::person;
use crate::quantity::implied;
use crate::reading::Reading;
use crate::said::{self, State};
use crate::sense::{Drug, Sense};
use crate::unit::Dimension;

/// A piece of the request, with who wrote it.
#[derive(Clone, Copy)]
pub struct Piece<'a> {
    /// The text.
    pub text: &'a str,
    /// Who wrote it. What a model wrote before is no evidence for what a model writes now, so its pieces are passed over.
    pub origin: Origin,
}

impl<'a> Piece<'a> {
    /// A piece.
    #[must_use]
    pub fn new(text: &'a str, origin: Origin) -> Self {
        Self { text, origin }
    }
}

impl fmt::Debug for Piece<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes of {}", self.text.len(), self.origin)
    }
}

/// What an answer is compared with. Built once an exchange; it keeps values, not texts.
#[derive(Default)]
pub struct Context {
    pub(crate) patient_facing: bool,
    pub(crate) summary: bool,
    pub(crate) ground: Ground,
    pub(crate) findings: BTreeMap<u16, Known>,
    pub(crate) sides: BTreeMap<Result<u16, u64>, u8>,
    /// The sides of all parts of the body together.
    pub(crate) any_side: u8,
    pub(crate) allergies: Allergies,
    pub(crate) drugs: BTreeSet<Drug>,
    /// How often a day each drug is given, in thousandths, wherever the request says so.
    pub(crate) frequencies: BTreeSet<(Drug, u32)>,
    /// Bits: 1 full, 2 limited.
    pub(crate) code_status: u8,
    pub(crate) citations: BTreeSet<(Scheme, String)>,
    pub(crate) ages: BTreeSet<u16>,
    /// Bits: 1 male, 2 female.
    pub(crate) sexes: u8,
    /// Hashes of what could be record numbers or dates, sorted.
    pub(crate) values: Vec<u64>,
    pub(crate) has_record: bool,
    pub(crate) has_birth: bool,
    /// In kg, the greatest that is stated.
    pub(crate) weight: Option<f64>,
    /// Topics that need a warning, as the request's own persons raise them.
    pub(crate) topics: BTreeSet<u8>,
    pub(crate) pieces: usize,
}

/// What the request says of a finding.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    pub(crate) affirmed: bool,
    pub(crate) denied: bool,
    pub(crate) open: bool,
    pub(crate) family: bool,
}

/// All pieces together are read up to here, in bytes.
const LIMIT: usize = 4 << 20;

impl Context {
    /// Reads the pieces of a request, with the names of drugs that ship. Of a piece the first MiB is read, of all together
    /// 4 MiB; what is not read grounds nothing.
    #[must_use]
    pub fn of(pieces: &[Piece<'_>]) -> Self {
        Self::with(shipped(), pieces)
    }

    pub(crate) fn with(lexicon: &Lexicon, pieces: &[Piece<'_>]) -> Self {
        let mut it = Self::default();
        let mut left = LIMIT;
        for piece in pieces.iter().filter(|piece| piece.origin != Origin::Model) {
            let mut end = piece.text.len().min(left);
            while !piece.text.is_char_boundary(end) {
                end -= 1;
            }
            left -= end;
            it.add(lexicon, &piece.text[..end], piece.origin);
        }
        it.ground.seal();
        it.values.sort_unstable();
        it.values.dedup();
        it
    }

    /// Says whether the answer goes to a patient: then warnings that a patient needs are asked for.
    #[must_use]
    pub fn patient_facing(mut self, yes: bool) -> Self {
        self.patient_facing = yes;
        self
    }

    /// Says that the answer is to sum up the request's texts: then what it drops is looked at. Where the organisation's own
    /// prompts ask for a summary or a handoff, that is seen without it.
    #[must_use]
    pub fn summary(mut self, yes: bool) -> Self {
        self.summary = yes;
        self
    }

    fn add(&mut self, lexicon: &Lexicon, text: &str, origin: Origin) {
        let reading = Reading::of(text, lexicon);
        self.pieces += 1;
        self.ground.add(&reading.quantities);
        self.ground.add(&implied(&reading.terms).collect::<Vec<_>>());
        for said in said::said(&reading) {
            let known = self.findings.entry(said.finding).or_default();
            match said.state {
                State::Affirmed => known.affirmed = true,
                State::Denied => known.denied = true,
                State::Open => known.open = true,
                State::Family => known.family = true,
            }
        }
        for sided in said::sided(&reading) {
            *self.sides.entry(sided.of).or_default() |= sided.sides;
            if sided.of.is_ok() {
                self.any_side |= sided.sides;
            }
        }
        self.allergies.merge(drugs::allergies(&reading));
        for dose in dose::doses(&reading) {
            if let (Some(drug), Some(per_day)) = (dose.drug, dose.per_day) {
                self.frequencies.insert((drug, thousandths(per_day)));
            }
        }
        self.drugs.extend(drugs::taken(&reading));
        for term in &reading.terms {
            match term.sense {
                Sense::CodeStatus(status) => self.code_status |= status,
                Sense::Topic(topic) if origin.instructs() || origin == Origin::Patient => {
                    // "No chest pain" of a note raises nothing. A patient's own words raise it in any case: "no relief of my chest pain".
                    let first = term.first as usize;
                    let (start, _) = reading.sentence(first, 8);
                    let denied = first > start && reading.has(start, first - 1, Sense::is_denial);
                    if !denied || origin == Origin::Patient {
                        self.topics.insert(topic);
                    }
                }
                _ => {}
            }
        }
        self.citations.extend(cite::citations(&reading).into_iter().map(|c| (c.scheme, c.key)));
        for stated in person::stated(&reading) {
            self.ages.insert(stated.age);
            self.sexes |= stated.sex;
        }
        self.sexes |= person::sexes(&reading);
        for named in person::named(&reading) {
            self.has_birth |= named.birth;
            self.has_record |= !named.birth;
        }
        person::values(&reading, &mut self.values);
        for q in reading.quantities.iter().filter(|q| q.unit.is_of_bodies() && q.unit.dimension == Dimension::Mass) {
            let kg = q.base() / 1e6;
            if (0.3..=400.0).contains(&kg) && q.unit.factor > 1e5 {
                self.weight = Some(self.weight.map_or(kg, |known| known.max(kg)));
            }
        }
        if origin.instructs() {
            self.summary |= reading.keyed(keys::SUMMARY).any(|k| {
                ["summary", "summarize", "summarise", "handoff", "resumen"]
                    .iter()
                    .any(|w| reading.word(k).eq_ignore_ascii_case(w))
            });
        }
    }
}

/// A frequency as it is compared.
pub(crate) fn thousandths(per_day: f64) -> u32 {
    (per_day * 1000.0).round() as u32
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("pieces", &self.pieces)
            .field("patient_facing", &self.patient_facing)
            .field("summary", &self.summary)
            .finish_non_exhaustive()
    }
}
