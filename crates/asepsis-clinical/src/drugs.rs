//! Drugs of a text by what is said of them: allergies, what is given, what is taken.

use crate::dose::Dose;
use crate::keys;
use crate::lexicon::Lexicon;
use crate::reading::Reading;
use crate::sense::{Cue, Drug, Sense};

/// How far a cue reaches to a drug, in tokens.
const REACH: usize = 12;
/// How many lines of a list of allergies are read, and how many tokens of a FHIR resource.
const LIST: usize = 24;
const RESOURCE: usize = 240;

/// The allergies that a text lists.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Allergies {
    pub(crate) drugs: Vec<Drug>,
    pub(crate) classes: Vec<u16>,
    /// The text says that there are none.
    pub(crate) none: bool,
}

impl Allergies {
    pub(crate) fn is_empty(&self) -> bool {
        self.drugs.is_empty() && self.classes.is_empty()
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for drug in other.drugs {
            push(&mut self.drugs, drug);
        }
        for class in other.classes {
            push(&mut self.classes, class);
        }
        self.none |= other.none;
    }

    fn take(&mut self, sense: Sense) {
        match sense {
            Sense::Drug(drug) => push(&mut self.drugs, drug),
            Sense::Class(class) => push(&mut self.classes, class),
            _ => {}
        }
    }

    /// Whether the drug is on the list, by itself or by its class.
    pub(crate) fn lists(&self, lexicon: &Lexicon, drug: Drug) -> bool {
        self.drugs.contains(&drug)
            || lexicon.drugs[usize::from(drug)].classes.iter().any(|class| {
                self.classes.contains(class)
                    || is_allergy_class(lexicon, *class) && self.drugs.iter().any(|known| lexicon.is_of(*known, *class))
            })
    }

    /// Whether a class of the drug is near one of the list.
    pub(crate) fn crosses(&self, lexicon: &Lexicon, drug: Drug) -> bool {
        let listed = self.drugs.iter().flat_map(|d| lexicon.drugs[usize::from(*d)].classes.iter()).chain(&self.classes);
        listed.into_iter().any(|class| {
            lexicon.classes[usize::from(*class)]
                .crossing
                .split(", ")
                .filter_map(|name| lexicon.class_named(name))
                .any(|other| lexicon.is_of(drug, other))
        })
    }
}

/// Classes of which an allergy to one speaks to all. "Opioid" or "serotonergic" are not such.
fn is_allergy_class(lexicon: &Lexicon, class: u16) -> bool {
    const CLASSES: [&str; 10] = [
        "penicillin",
        "cephalosporin",
        "sulfonamide",
        "nsaid",
        "macrolide",
        "fluoroquinolone",
        "tetracycline",
        "aminoglycoside",
        "contrast",
        "ace-inhibitor",
    ];
    CLASSES.contains(&&*lexicon.classes[usize::from(class)].name)
}

fn push<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// The allergies that a text lists: after a cue, in the lines under a heading, in FHIR and HL7 v2.
pub(crate) fn allergies(reading: &Reading<'_>) -> Allergies {
    let mut out = Allergies::default();
    for term in &reading.terms {
        match term.sense {
            Sense::Cue(Cue::NoAllergy) => out.none = true,
            Sense::Cue(Cue::Allergic) => {
                let first = term.first as usize;
                let (start, _) = reading.sentence(first, 6);
                let denied = |sense: Sense| sense.is_denial() || sense == Sense::Cue(Cue::Family);
                if !reading.has(start, first.saturating_sub(1), denied) || start == first {
                    listed(reading, term.last as usize + 1, &mut out);
                }
            }
            Sense::Drug(_) | Sense::Class(_) => {
                // "penicillin allergy", "PCN-allergic"
                let last = term.last as usize;
                let after = (last + 1..last + 3).find(|k| reading.tokens.get(*k).is_some_and(|t| !t.is(b'-')));
                let word = after.map_or("", |k| reading.word(k));
                let (start, _) = reading.sentence(term.first as usize, 4);
                let denied = reading.has(start, last, Sense::is_denial);
                if ["allergy", "allergic", "anaphylaxis"].iter().any(|w| word.eq_ignore_ascii_case(w)) && !denied {
                    out.take(term.sense);
                }
            }
            _ => {}
        }
    }
    structured(reading, &mut out);
    out
}

/// What follows a cue: the rest of the sentence, or the lines under a heading.
fn listed(reading: &Reading<'_>, mut at: usize, out: &mut Allergies) {
    let bare = ["allergies", "allergy", "alergias"].iter().any(|w| reading.word(at - 1).eq_ignore_ascii_case(w));
    let Some(next) = reading.tokens.get(at) else { return };
    let heading = next.is(b':') || next.is(b'-') || next.is(b'|');
    let told = heading || ["include", "are", "is", "to"].iter().any(|w| reading.word(at).eq_ignore_ascii_case(w));
    at += usize::from(heading);
    let Some(next) = reading.tokens.get(at) else { return };
    let same = next.sentence == reading.tokens[at - 1].sentence;
    // "a little bit of allergies maybe we can try some singulair" lists nothing.
    if bare && same && !told {
        return;
    }
    let lines = if same { 1 } else { LIST };
    for _ in 0..lines {
        if at >= reading.tokens.len() {
            return;
        }
        let (_, last) = reading.sentence(at, 60);
        let terms = reading.terms_between(at, last);
        let mut any = false;
        for term in terms {
            match term.sense {
                Sense::Cue(Cue::Turn | Cue::Give | Cue::Denied | Cue::Not) if any => break,
                Sense::Cue(Cue::NoAllergy) => out.none = true,
                sense @ (Sense::Drug(_) | Sense::Class(_)) => {
                    any = true;
                    out.take(sense);
                }
                _ => {}
            }
        }
        if !any {
            return;
        }
        at = last + 1;
    }
}

/// FHIR's AllergyIntolerance and HL7 v2's AL1 segment.
fn structured(reading: &Reading<'_>, out: &mut Allergies) {
    let mut free = 0;
    for k in reading.keyed(keys::ALLERGIES) {
        let word = reading.word(k);
        let end = if k < free {
            continue;
        } else if word == "AllergyIntolerance" {
            let end = (k + RESOURCE).min(reading.tokens.len() - 1);
            (k + 1..end).find(|n| reading.word(*n) == "resourceType").unwrap_or(end)
        } else if word == "AL1" && reading.tokens.get(k + 1).is_some_and(|t| t.is(b'|')) {
            reading.sentence(k, 60).1
        } else {
            continue;
        };
        for term in reading.terms_between(k, end) {
            out.take(term.sense);
        }
        free = end + 1;
    }
}

/// A drug that the text says to give or take, or of which it states a dose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given {
    pub(crate) drug: Drug,
    pub(crate) first: usize,
    pub(crate) last: usize,
}

/// What a text says to give: not what it says to avoid, to stop, or that somebody is allergic to.
pub(crate) fn given(reading: &Reading<'_>, doses: &[Dose]) -> Vec<Given> {
    let mut out = Vec::with_capacity(doses.len());
    for term in &reading.terms {
        let Sense::Drug(drug) = term.sense else { continue };
        let (first, last) = (term.first as usize, term.last as usize);
        if is_set_aside(reading, first, last) {
            continue;
        }
        let (start, end) = reading.sentence(first, REACH);
        // "What happens when you take clonidine?" gives nothing.
        if reading.tokens[end].is(b'?') {
            continue;
        }
        let told = reading.has(start, first.saturating_sub(1), |sense| sense == Sense::Cue(Cue::Give));
        let from = doses.partition_point(|d| reading.quantities[d.quantity].last + REACH < first);
        let dosed = doses[from..]
            .iter()
            .take_while(|d| reading.quantities[d.quantity].first <= last + REACH)
            .any(|d| d.drug == Some(drug));
        if told && start < first || dosed {
            out.push(Given { drug, first, last });
        }
    }
    out
}

/// The drugs that a text speaks of as taken: any that is not set aside.
pub(crate) fn taken(reading: &Reading<'_>) -> impl Iterator<Item = Drug> {
    reading.terms.iter().filter_map(|term| match term.sense {
        Sense::Drug(drug) if !is_set_aside(reading, term.first as usize, term.last as usize) => Some(drug),
        _ => None,
    })
}

/// Whether the words around say that the drug is not given.
fn is_set_aside(reading: &Reading<'_>, first: usize, last: usize) -> bool {
    let (start, end) = reading.sentence(first, REACH);
    let aside = |sense| {
        matches!(
            sense,
            Sense::Cue(Cue::Avoid | Cue::Stop | Cue::Allergic | Cue::NoAllergy | Cue::Denied | Cue::Not | Cue::Family)
        )
    };
    // The cue that stands nearest counts: "stop ibuprofen and start warfarin".
    let before = reading.terms_between(start, first.saturating_sub(1)).iter().rev().find_map(|term| match term.sense {
        Sense::Cue(Cue::Give) if first > start => Some(is_negated(reading, start, term.first as usize)),
        sense if aside(sense) && first > start => Some(true),
        _ => None,
    });
    if before == Some(true) {
        return true;
    }
    let after = (last + 1).min(end);
    reading.terms_between(after, (last + 8).min(end)).iter().any(|term| {
        term.first as usize > last && matches!(term.sense, Sense::Cue(Cue::Allergic) | Sense::Cue(Cue::Avoid))
    })
}

/// "should not take": the cue itself is denied by the two words before it.
fn is_negated(reading: &Reading<'_>, start: usize, cue: usize) -> bool {
    let from = cue.saturating_sub(2).max(start);
    cue > from && reading.has(from, cue - 1, |sense| matches!(sense, Sense::Cue(Cue::Denied | Cue::Not | Cue::Avoid)))
}
