//! Quantities of a text: a number with its unit, what it is a quantity of, and what else stands near it.

use crate::number::{Number, number};
use crate::sense::{Drug, Sense, TO, Term};
use crate::token::{Kind, Token};
use crate::unit::{Dimension, Unit};

/// What a quantity is of: a drug or a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// Nothing that is known stands by it.
    Unknown,
    Drug(Drug),
    Measure(u16),
}

/// How many subjects near a quantity are kept.
pub(crate) const NEAR: usize = 4;
/// How far, in words, a drug may stand from its dose in speech ("prozac, so we'll increase it from 20 milligrams").
const REACH: usize = 30;
/// How far in the sentence of a written text.
const SENTENCE_REACH: usize = 14;
/// How near a subject has to stand to be the only one meant.
const TIGHT: usize = 4;
/// How far a measure stands from its number ("temperature today was 98.6").
const MEASURE_REACH: usize = 8;

#[derive(Clone, Copy)]
pub(crate) struct Quantity {
    pub(crate) first: usize,
    pub(crate) last: usize,
    pub(crate) value: f64,
    pub(crate) unit: Unit,
    pub(crate) subject: Subject,
    /// Every subject that it could be a quantity of; `Unknown` fills the rest.
    pub(crate) near: [Subject; NEAR],
}

impl Quantity {
    /// The value in the base of its unit's dimension.
    pub(crate) fn base(&self) -> f64 {
        self.unit.base(self.value)
    }

    /// The drug that it is a quantity of.
    pub(crate) fn drug(&self) -> Option<Drug> {
        match self.subject {
            Subject::Drug(drug) => Some(drug),
            _ => None,
        }
    }
}

/// Every number of the text, with its unit where it has one.
pub(crate) fn quantities(text: &str, tokens: &[Token], keyed: &[u32], terms: &[Term]) -> Vec<Quantity> {
    let units = Units { tokens, terms };
    let mut out: Vec<Quantity> = Vec::with_capacity(tokens.len() / 8 + 1);
    let mut free = 0;
    for i in keyed.iter().map(|k| *k as usize) {
        let token = &tokens[i];
        let is_number = token.kind == Kind::Number || token.number >= 0;
        if i < free || !is_number || is_named(tokens, terms, i) {
            continue;
        }
        let Some(n) = number(text, tokens, i) else { continue };
        let (unit, last) = units.after(text, tokens, n.last + 1).unwrap_or((Unit::NONE, n.last));
        out.push(plain(n, unit, last));
        free = last.max(n.last) + 1;
    }
    spread_units(tokens, &mut out);
    subjects(tokens, terms, &mut out);
    out
}

/// Whether a token belongs to the name of a drug or measure: "Tylenol 3", "5-FU", "hemoglobin A 1c".
fn is_named(tokens: &[Token], terms: &[Term], i: usize) -> bool {
    // Phrases stand one after another: what holds the token is the last that begins by then.
    terms[..terms_before(tokens, terms, i + 1)]
        .iter()
        .rev()
        .take_while(|term| term.last as usize >= i)
        .any(|term| matches!(term.sense, Sense::Drug(_) | Sense::Measure(_)))
}

/// How many terms begin before a token.
fn terms_before(tokens: &[Token], terms: &[Term], i: usize) -> usize {
    tokens.get(i).map_or(terms.len(), |token| token.terms as usize)
}

/// The doses that names imply.
pub(crate) fn implied(terms: &[Term]) -> impl Iterator<Item = Quantity> {
    terms.iter().filter_map(|term| {
        let Sense::Implied(drug, value) = term.sense else { return None };
        let unit = Unit::named("mass 1");
        let mut q =
            plain(Number { first: term.first as usize, last: term.last as usize, value }, unit, term.last as usize);
        q.subject = Subject::Drug(drug);
        q.near[0] = q.subject;
        Some(q)
    })
}

fn plain(n: Number, unit: Unit, last: usize) -> Quantity {
    Quantity { first: n.first, last, value: n.value, unit, subject: Subject::Unknown, near: [Subject::Unknown; NEAR] }
}

struct Units<'a> {
    tokens: &'a [Token],
    terms: &'a [Term],
}

impl Units<'_> {
    /// The unit that begins at a token, and its last token.
    fn at(&self, i: usize) -> Option<(Unit, usize)> {
        let before = |i| terms_before(self.tokens, self.terms, i);
        self.terms[before(i)..before(i + 1)].iter().find_map(|term| match term.sense {
            Sense::Unit(unit) => Some((unit, term.last as usize)),
            _ => None,
        })
    }

    /// The unit of a number that ended before token `i`, with all that stands under the line.
    fn after(&self, text: &str, tokens: &[Token], mut i: usize) -> Option<(Unit, usize)> {
        // "50-year-old", "5-mg"
        if tokens.get(i)?.is(b'-') {
            i += 1;
        }
        let (mut unit, mut last) = self.at(i).or_else(|| self.at(field(text, tokens, i)?))?;
        for _ in 0..2 {
            let Some((under, count, end)) = self.under(text, tokens, last + 1) else { break };
            unit = unit.over(under, count);
            last = end;
        }
        Some((unit, last))
    }

    fn under(&self, text: &str, tokens: &[Token], i: usize) -> Option<(Unit, f64, usize)> {
        let token = tokens.get(i)?;
        let word = &text[token.range()];
        let slash = token.is(b'/');
        if !(slash || word.eq_ignore_ascii_case("per")) {
            return None;
        }
        if let Some((unit, last)) = self.at(i + 1) {
            // "a day" and "per day" say how often, "mg/day" is a rate: both are 24 hours.
            let per_word_time = !slash && unit.dimension == Dimension::Time;
            return (!per_word_time).then_some((unit, 1.0, last));
        }
        let n = slash.then(|| number(text, tokens, i + 1)).flatten()?;
        let (unit, last) = self.at(n.last + 1)?;
        (matches!(unit.dimension, Dimension::Volume | Dimension::Mass | Dimension::Time))
            .then_some((unit, n.value, last))
    }
}

/// Where the unit of a number stands in another field: `"value":20,"unit":"mg"` of FHIR, `95|mg/dL` and `20||MG` of HL7 v2.
fn field(text: &str, tokens: &[Token], i: usize) -> Option<usize> {
    let mut k = i;
    while k < i + 2 && tokens.get(k)?.is(b'|') {
        k += 1;
    }
    if k > i {
        return Some(k);
    }
    let marks = |mut k: usize| {
        let end = k + 4;
        while k < end && tokens.get(k).is_some_and(|t| t.kind == Kind::Mark && matches!(t.mark, b',' | b'"' | b':')) {
            k += 1;
        }
        k
    };
    let name = marks(i);
    let word = &text[tokens.get(name)?.range()];
    (name > i && ["unit", "code"].contains(&word)).then(|| marks(name + 1))
}

/// In "5 to 10 mg", "5-10 mg" and "5/325 mg" the unit is that of both.
fn spread_units(tokens: &[Token], out: &mut [Quantity]) {
    for k in (1..out.len()).rev() {
        let (left, right) = out.split_at_mut(k);
        let (before, after) = (&mut left[k - 1], &right[0]);
        if before.unit.dimension != Dimension::Bare || after.first != before.last + 2 {
            continue;
        }
        let between = &tokens[before.last + 1];
        // "three to four hundred"
        if between.number == TO && before.value < 10.0 && tokens[after.last].number == crate::sense::HUNDRED {
            before.value *= 100.0;
        }
        if between.number == TO || between.is(b'-') || between.is(b'/') || between.is(0xe2) {
            before.unit = after.unit;
        }
    }
}

/// Says what each quantity is of. A drug or measure right beside it is the only one meant; further away it is one of several.
fn subjects(tokens: &[Token], terms: &[Term], out: &mut [Quantity]) {
    let known: Vec<(usize, usize, Subject)> = terms
        .iter()
        .filter_map(|term| {
            let subject = match term.sense {
                Sense::Drug(drug) => Subject::Drug(drug),
                Sense::Measure(measure) => Subject::Measure(measure),
                _ => return None,
            };
            Some((term.first as usize, term.last as usize, subject))
        })
        .collect();
    let mut words = None;
    let mut split = 0;
    for slot in out {
        let q = *slot;
        // "every 6 hours", "for 10 days" and "3 times" are no quantities of a drug; "2 tablets" are.
        if matches!(q.unit.dimension, Dimension::Time | Dimension::Count) {
            continue;
        }
        // Ounces, pounds and kilograms weigh people.
        let dose = q.unit.dimension == Dimension::Piece || q.unit.dimension.is_dose() && !q.unit.is_of_bodies();
        let fits = |subject: Subject| match subject {
            Subject::Drug(_) => dose || q.unit.dimension == Dimension::Bare || q.unit.dimension == Dimension::Percent,
            Subject::Measure(_) => !q.unit.is_plain_dose() || q.unit.factor >= 1000.0,
            Subject::Unknown => false,
        };
        // Quantities stand in the order of the text.
        while split < known.len() && known[split].0 < q.first {
            split += 1;
        }
        let sentence = tokens[q.first].sentence;
        let before = known[..split].iter().rev().take(8).find(|(_, last, subject)| {
            let reach = if matches!(subject, Subject::Drug(_)) { SENTENCE_REACH } else { MEASURE_REACH };
            fits(*subject) && *last < q.first && q.first - last <= reach && tokens[*last].sentence == sentence
        });
        let after = known[split..].iter().take(4).find(|(first, _, subject)| {
            matches!(subject, Subject::Drug(_))
                && fits(*subject)
                && *first > q.last
                && first - q.last <= 3
                && (q.last + 1..*first).all(|k| tokens[k].kind == Kind::Word)
                && tokens[*first].sentence == sentence
        });
        let chosen = choose(tokens, &q, before, after);
        if let Some(&(first, last, subject)) = chosen {
            slot.subject = subject;
            let gap = if last < q.first { q.first - last } else { first - q.last };
            if gap <= TIGHT {
                slot.near[0] = subject;
                continue;
            }
        }
        let places = words.get_or_insert_with(|| words_before(tokens));
        let backwards = known[..split]
            .iter()
            .rev()
            .take_while(|(_, last, _)| places[q.first].saturating_sub(places[*last]) <= REACH);
        let forwards =
            known[split..].iter().take_while(|(first, _, _)| places[*first].saturating_sub(places[q.last]) <= REACH);
        let mut free = 0;
        for (_, _, subject) in backwards.take(6).chain(forwards.take(4)) {
            if free < NEAR && fits(*subject) && !slot.near.contains(subject) {
                slot.near[free] = *subject;
                free += 1;
            }
        }
    }
}

/// How many words stand up to each token. Marks do not count as distance: JSON and HL7 v2 are full of them.
fn words_before(tokens: &[Token]) -> Vec<usize> {
    let mut words = 0;
    let count = |token: &Token| {
        words += usize::from(token.kind != Kind::Mark);
        words
    };
    tokens.iter().map(count).collect()
}

type Place = (usize, usize, Subject);

/// Of the subjects before and after, the one that the quantity is of.
fn choose<'a>(
    tokens: &[Token],
    q: &Quantity,
    before: Option<&'a Place>,
    after: Option<&'a Place>,
) -> Option<&'a Place> {
    let (Some(b), Some(a)) = (before, after) else { return before.or(after) };
    // "40 mg of X", "ten milligrams of norvasc"; "A, 5 mg B": a comma or "and" cuts the one before off.
    let adjacent = a.0 - q.last <= 2;
    let cut = (b.1 + 1..q.first).any(|k| tokens[k].is(b',') || tokens[k].number == crate::sense::AND);
    if adjacent && (cut || q.first - b.1 > 3) { Some(a) } else { Some(b) }
}
