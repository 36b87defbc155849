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
        // What was asked or weighed leaves room for both.
        if known.open {
            continue;
        }
        let rule = match said.state {
            State::Affirmed if known.family && !known.affirmed => "negation/family",
            State::Affirmed if known.denied && !known.affirmed => "negation/flipped",
            State::Denied if known.affirmed && !known.denied => "negation/flipped",
            _ => continue,
        };
        found.flag(answer.span(said.first, said.last), rule, Verdict::Annotate);
    }
    for sided in said::sided(answer) {
        if let Some(known) = context.sides.get(&sided.organ)
            && known & sided.sides == 0
        {
            found.flag(answer.span(sided.first, sided.last), "laterality/flipped", Verdict::Hold);
        }
    }
}
