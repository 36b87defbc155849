//! Findings and sides that the answer turns around: "denies chest pain" of a request that has chest pain, left for right.

use asepsis_vocab::Verdict;

use super::Found;
use crate::context::Context;
use crate::reading::Reading;
use crate::said::{self, State};

pub(crate) fn check(answer: &Reading<'_>, context: &Context, found: &mut Found) {
    for said in said::said(answer) {
        found.looked.findings += 1;
        let Some(known) = context.findings.get(&said.finding) else { continue };
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
