//! References: their form and check digits, and whether the request holds them. Nothing is looked up anywhere else, because a
//! look-up would tell what was asked.

use asepsis_vocab::Verdict;

use super::Found;
use crate::cite::citations;
use crate::context::Context;
use crate::reading::Reading;

pub(crate) fn check(answer: &Reading<'_>, context: &Context, found: &mut Found) {
    for citation in citations(answer) {
        found.looked.citations += 1;
        let scheme = citation.scheme;
        if !citation.right {
            found.flag(citation.span, scheme.rule(), Verdict::Annotate);
        } else if !context.citations.contains(&(scheme, citation.key)) {
            found.flag(citation.span, "citation/unverified", Verdict::Annotate);
        }
    }
}
