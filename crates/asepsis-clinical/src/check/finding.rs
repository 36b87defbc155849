//! Findings and sides that the answer turns around: "denies chest pain" of a request that has chest pain, left for right.

use asepsis_vocab::Verdict;

use super::Found;
use crate::context::Context;
use crate::reading::Reading;
use crate::said::{self, State};

pub(crate) fn check(answer: &Reading<'_>, context: &Context, found: &mut Found) {
    for said in said::said(answer) {
        found.looked.findings += 1;
        let Some(known) = context.findings.get(&said.finding) else {
            if said.state == State::Affirmed && is_claimed(answer, said.first) {
                found.flag(answer.span(said.first, said.last), "grounding/finding", Verdict::Annotate);
            }
            continue;
        };
        let rule = match said.state {
            State::Affirmed if known.family && !known.affirmed => "negation/family",
            State::Affirmed if known.denied && !known.affirmed => "negation/flipped",
            // What was asked or weighed leaves room for it not to be there.
            State::Denied if known.affirmed && !known.denied && !known.open => "negation/flipped",
            _ => continue,
        };
        found.flag(answer.span(said.first, said.last), rule, Verdict::Annotate);
    }
    for sided in said::sided(answer) {
        let span = answer.span(sided.first, sided.last);
        match context.sides.get(&sided.of) {
            Some(known) if known & sided.sides == 0 => {
                let verdict = if sided.of.is_ok() { Verdict::Hold } else { Verdict::Annotate };
                found.flag(span, "laterality/flipped", verdict);
            }
            // The request speaks of one side only, in whatever words.
            None if sided.of.is_ok() && context.any_side != 0 && context.any_side & sided.sides == 0 => {
                found.flag(span, "laterality/flipped", Verdict::Annotate);
            }
            _ => {}
        }
    }
}

/// Whether the sentence says that the patient tells or shows it. What is named otherwise (effects of a drug, what to watch
/// for) is no statement about the patient.
fn is_claimed(answer: &Reading<'_>, first: usize) -> bool {
    const WORDS: [&str; 13] = [
        "reports",
        "reported",
        "endorses",
        "endorsed",
        "complains",
        "complained",
        "admits",
        "presents",
        "presented",
        "experiences",
        "experienced",
        "positive",
        "notes",
    ];
    let (start, _) = answer.sentence(first, 12);
    (start..first).any(|k| WORDS.iter().any(|word| answer.word(k).eq_ignore_ascii_case(word)))
}
