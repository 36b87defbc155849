//! Another patient in the answer: age, sex, record number or date of birth that the request does not have. Names are found by
//! `asepsis-phi` in the gateway.

use asepsis_vocab::Verdict;

use super::Found;
use crate::context::Context;
use crate::person;
use crate::reading::Reading;

pub(crate) fn check(answer: &Reading<'_>, context: &Context, found: &mut Found) {
    for stated in person::stated(answer) {
        if !context.ages.is_empty() && !context.ages.contains(&stated.age) {
            found.flag(answer.span(stated.first, stated.last), "patient/age", Verdict::Hold);
        }
        if stated.sex != 0 && context.sexes != 0 && context.sexes & stated.sex == 0 {
            found.flag(answer.span(stated.sex_token, stated.sex_token), "patient/sex", Verdict::Hold);
        }
    }
    for named in person::named(answer) {
        if context.values.binary_search(&named.hash).is_ok() {
            continue;
        }
        let contradicts = if named.birth { context.has_birth } else { context.has_record };
        let verdict = if contradicts { Verdict::Hold } else { Verdict::Annotate };
        found.flag(named.span, if named.birth { "patient/birth-date" } else { "patient/record-number" }, verdict);
    }
}
