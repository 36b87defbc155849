//! Advice that harms: to stop a drug that must not be stopped, to stay away from care; a warning that a patient needs.

use std::collections::BTreeSet;

use asepsis_vocab::{Span, Verdict};

use super::Found;
use crate::context::Context;
use crate::lexicon::Lexicon;
use crate::reading::Reading;
use crate::sense::{Cue, EVERY_TOPIC, Sense};

/// Classes of drugs that are dangerous to stop (boxed warnings and section 5 of their labels).
const NEVER_STOPPED: [&str; 8] = [
    "anticoagulant",
    "insulin",
    "antiepileptic",
    "corticosteroid",
    "beta-blocker",
    "antidepressant",
    "opioid",
    "antiplatelet",
];
/// How far behind "stop" the drug may stand, in tokens.
const REACH: usize = 7;

pub(crate) fn check(answer: &Reading<'_>, context: &Context, lexicon: &Lexicon, found: &mut Found) {
    stopped(answer, context, lexicon, found);
    let topics = |reading: &Reading<'_>| -> Vec<(u8, usize, usize)> {
        reading
            .terms
            .iter()
            .filter_map(|term| match term.sense {
                Sense::Topic(topic) => Some((topic, term.first as usize, term.last as usize)),
                _ => None,
            })
            .collect()
    };
    let own = topics(answer);
    if context.patient_facing || !context.topics.is_empty() {
        for term in &answer.terms {
            if term.sense == Sense::Cue(Cue::NoCare) && !(own.is_empty() && context.topics.is_empty()) {
                found.flag(answer.span(term.first as usize, term.last as usize), "advice/no-care", Verdict::Hold);
            }
        }
    }
    if !context.patient_facing {
        return;
    }
    let mut warned = BTreeSet::new();
    for term in &answer.terms {
        if let Sense::Warned(topic) = term.sense
            && !warned.contains(&topic)
            && !is_talked_out(answer, term.first as usize)
        {
            warned.insert(topic);
        }
    }
    if warned.contains(&EVERY_TOPIC) {
        return;
    }
    for (topic, first, last) in own {
        let (start, _) = answer.sentence(first, 8);
        let denied = first > start && answer.has(start, first - 1, Sense::is_denial);
        // One mark a topic, and one warning answers for all of it.
        if !denied && warned.insert(topic) {
            found.flag(answer.span(first, last), "advice/red-flag", Verdict::Hold);
        }
    }
    for topic in &context.topics {
        if !answer.tokens.is_empty() && warned.insert(*topic) {
            found.flag(Span::new(0, answer.text.len()), "advice/red-flag", Verdict::Hold);
        }
    }
}

/// "No need to go to the emergency room" is no warning.
fn is_talked_out(answer: &Reading<'_>, first: usize) -> bool {
    let (start, _) = answer.sentence(first, 10);
    answer.has(start, first, |sense| matches!(sense, Sense::Cue(Cue::NoCare | Cue::Denied | Cue::Not | Cue::Avoid)))
}

fn stopped(answer: &Reading<'_>, context: &Context, lexicon: &Lexicon, found: &mut Found) {
    let dangerous = |sense: Sense| match sense {
        Sense::Drug(drug) => NEVER_STOPPED.iter().any(|class| lexicon.is_of_class(drug, class)),
        Sense::Class(class) => NEVER_STOPPED.contains(&&*lexicon.classes[usize::from(class)].name),
        _ => false,
    };
    for term in &answer.terms {
        if term.sense != Sense::Cue(Cue::Stop) {
            continue;
        }
        let (first, last) = (term.first as usize, term.last as usize);
        let (start, end) = answer.sentence(first, 24);
        let denied = first > start
            && answer.has(first.saturating_sub(4).max(start), first - 1, |sense| {
                matches!(sense, Sense::Cue(Cue::Denied | Cue::Not | Cue::AskFirst | Cue::Avoid))
            });
        let asked = answer.has(start, end, |sense| sense == Sense::Cue(Cue::AskFirst));
        if denied || asked {
            continue;
        }
        let ahead = answer.terms_between(last + 1, (last + REACH).min(end));
        let Some(drug) = ahead.iter().find(|term| dangerous(term.sense)) else { continue };
        // To staff it is an order to be looked at, unless the request itself speaks of stopping.
        let verdict = if context.patient_facing { Verdict::Hold } else { Verdict::Annotate };
        found.flag(answer.span(first, drug.last as usize), "advice/stop-drug", verdict);
    }
}
