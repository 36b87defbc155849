//! Drugs that the answer gives against the request's own list of allergies and drugs. Without a list there is nothing to say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use asepsis_vocab::{Span, Verdict};

use super::Found;
use crate::context::Context;
use crate::dose::Dose;
use crate::drugs::{Given, allergies, given};
use crate::lexicon::{Lexicon, rows};
use crate::reading::Reading;
use crate::said::{State, said};
use crate::sense::{Drug, Sense};

pub(crate) fn check(answer: &Reading<'_>, doses: &[Dose], context: &Context, lexicon: &Lexicon, found: &mut Found) {
    let given = given(answer, doses);
    if !context.allergies.is_empty() {
        for drug in &given {
            let span = answer.span(drug.first, drug.last);
            if context.allergies.lists(lexicon, drug.drug) {
                found.flag(span, "allergy/listed", Verdict::Hold);
            } else if context.allergies.crosses(lexicon, drug.drug) {
                found.flag(span, "allergy/cross-reactive", Verdict::Annotate);
            }
        }
        dropped(answer, context, lexicon, found);
    }
    pairs(answer, &given, context, lexicon, found);
    teratogens(answer, &given, context, lexicon, found);
    code_status(answer, context, found);
}

/// A summary that drops the allergies, or says that there are none.
fn dropped(answer: &Reading<'_>, context: &Context, lexicon: &Lexicon, found: &mut Found) {
    let own = allergies(answer);
    if own.none {
        let place = answer.terms.iter().find(|t| t.sense == Sense::Cue(crate::sense::Cue::NoAllergy));
        if let Some(term) = place {
            found.flag(answer.span(term.first as usize, term.last as usize), "allergy/denied", Verdict::Hold);
        }
    }
    if !context.summary || answer.tokens.is_empty() {
        return;
    }
    let (mut drugs, mut classes) = (BTreeSet::new(), BTreeSet::new());
    for term in &answer.terms {
        match term.sense {
            Sense::Drug(drug) => {
                drugs.insert(drug);
            }
            Sense::Class(class) => {
                classes.insert(class);
            }
            _ => {}
        }
    }
    // A drug is named by itself or by its class, a class by itself or by one of its drugs.
    let known = &context.allergies;
    let all = known.drugs.iter().all(|d| drugs.contains(d) || classes.iter().any(|c| lexicon.is_of(*d, *c)))
        && known.classes.iter().all(|c| classes.contains(c) || drugs.iter().any(|d| lexicon.is_of(*d, *c)));
    if !all {
        found.flag(Span::new(0, answer.text.len()), "omission/allergy", Verdict::Annotate);
    }
}

fn code_status(answer: &Reading<'_>, context: &Context, found: &mut Found) {
    // Both in the request: it changed, and which one holds is not for a check to say.
    if !(context.code_status == 1 || context.code_status == 2) {
        return;
    }
    let mut named = false;
    for term in &answer.terms {
        if let Sense::CodeStatus(status) = term.sense {
            named = true;
            if status != context.code_status {
                found.flag(answer.span(term.first as usize, term.last as usize), "negation/code-status", Verdict::Hold);
            }
        }
    }
    if context.summary && context.code_status == 2 && !named && !answer.tokens.is_empty() {
        found.flag(Span::new(0, answer.text.len()), "omission/code-status", Verdict::Annotate);
    }
}

/// A drug or a class, by name.
#[derive(Clone, Copy)]
enum Party {
    Drug(Drug),
    Class(u16),
}

struct Pair {
    parties: [Party; 2],
    verdict: Verdict,
}

static PAIRS: LazyLock<Vec<Pair>> = LazyLock::new(|| {
    let lexicon = crate::lexicon::shipped();
    let party = |name: &str| {
        // Some classes are named like their drug; the class holds every form of it.
        lexicon.class_named(name).map(Party::Class).or_else(|| lexicon.drug_named(name).map(Party::Drug))
    };
    rows(include_str!("../../../../data/clinical/pairs.tsv"))
        .filter_map(|[one, other, verdict]| {
            let hold = verdict.starts_with("hold");
            Some(Pair {
                parties: [party(one)?, party(other)?],
                verdict: if hold { Verdict::Hold } else { Verdict::Annotate },
            })
        })
        .collect()
});

/// Severe pairs: what is given with what is given or taken.
fn pairs(answer: &Reading<'_>, given: &[Given], context: &Context, lexicon: &Lexicon, found: &mut Found) {
    if given.is_empty() {
        return;
    }
    let fits = |party: Party, drug: Drug| match party {
        Party::Drug(known) => known == drug,
        Party::Class(class) => lexicon.is_of(drug, class),
    };
    let mut others: Vec<Drug> = context.drugs.iter().copied().chain(given.iter().map(|g| g.drug)).collect();
    others.sort_unstable();
    others.dedup();
    let mut judged: BTreeMap<Drug, Option<Verdict>> = BTreeMap::new();
    for drug in given {
        let judge = || {
            PAIRS
                .iter()
                .filter(|pair| {
                    let [a, b] = pair.parties;
                    let meets = |one: Party, other: Party| {
                        fits(one, drug.drug) && others.iter().any(|o| *o != drug.drug && fits(other, *o))
                    };
                    meets(a, b) || meets(b, a)
                })
                .map(|pair| pair.verdict)
                .max()
        };
        if let Some(verdict) = *judged.entry(drug.drug).or_insert_with(judge) {
            found.flag(answer.span(drug.first, drug.last), "interaction/severe", verdict);
        }
    }
}

/// A drug that harms the unborn, where answer or request say that somebody is pregnant.
fn teratogens(answer: &Reading<'_>, given: &[Given], context: &Context, lexicon: &Lexicon, found: &mut Found) {
    let mut harmful = given.iter().filter(|g| lexicon.is_of_class(g.drug, "teratogen")).peekable();
    if harmful.peek().is_none() {
        return;
    }
    let Some(pregnancy) = lexicon.finding_named("pregnancy") else { return };
    let known = context.findings.get(&pregnancy).is_some_and(|k| k.affirmed && !k.denied);
    let pregnant = known || said(answer).iter().any(|s| s.finding == pregnancy && s.state == State::Affirmed);
    if !pregnant {
        return;
    }
    for drug in harmful {
        found.flag(answer.span(drug.first, drug.last), "advice/teratogen", Verdict::Hold);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_names_what_is_known() {
        let rows = rows(include_str!("../../../../data/clinical/pairs.tsv")).count();
        assert_eq!(PAIRS.len(), rows);
    }
}
