//! Quantities that the answer states and the request does not hold.

use asepsis_vocab::Verdict;

use super::Found;
use crate::context::Context;
use crate::lexicon::Lexicon;
use crate::quantity::{Quantity, Subject};
use crate::reading::Reading;
use crate::unit::{Dimension, Shape};

pub(crate) fn check(answer: &Reading<'_>, context: &Context, lexicon: &Lexicon, found: &mut Found) {
    for q in answer.quantities.iter().filter(|q| is_stated(q) && !is_code(answer, q)) {
        found.looked.quantities += 1;
        if context.ground.holds(q) {
            continue;
        }
        let span = answer.span(q.first, q.last);
        // Of a drug a rate or a dose by weight is a dose, too: heparin 18 units/kg/h.
        let dose = q.unit.is_plain_dose() || q.unit.dimension.is_dose() && q.drug().is_some();
        if let Some(drug) = q.drug().filter(|_| dose)
            && is_tenfold(context, q.unit.shape(), Subject::Drug(drug), q.base())
        {
            found.flag(span, "dose/tenfold", Verdict::Hold);
        } else if dose && q.drug().is_some_and(|drug| lexicon.is_of_class(drug, "high-alert")) {
            found.flag(span, "dose/high-alert", Verdict::Hold);
        } else if dose {
            found.flag(span, "grounding/dose", Verdict::Annotate);
        } else {
            found.flag(span, "grounding/number", Verdict::Annotate);
        }
    }
}

/// Whether the quantity is a statement that the request should hold: a dose, a level, or the number of a measure. Durations,
/// counts and lengths of things are worded too freely for that.
pub(crate) fn is_stated(q: &Quantity) -> bool {
    match q.unit.dimension {
        Dimension::Time | Dimension::Count | Dimension::Piece => false,
        Dimension::Bare | Dimension::Length | Dimension::Percent => matches!(q.subject, Subject::Measure(_)),
        _ => true,
    }
}

/// Digits, a hyphen and digits without a unit: a code or a date.
fn is_code(answer: &Reading<'_>, q: &Quantity) -> bool {
    let hyphen = |k: usize| answer.tokens.get(k).is_some_and(|t| t.is(b'-') && t.glued);
    let number = |k: usize| answer.tokens.get(k).is_some_and(|t| t.kind == crate::token::Kind::Number);
    q.unit.dimension == Dimension::Bare
        && (hyphen(q.last + 1) && number(q.last + 2) || q.first >= 2 && hyphen(q.first - 1) && number(q.first - 2))
}

/// Whether the request holds a dose of the same drug that is a tenth of it, or ten times it.
fn is_tenfold(context: &Context, shape: Shape, subject: Subject, value: f64) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() <= b.abs() * 0.002;
    context
        .ground
        .doses(shape, subject)
        .take(64)
        .any(|known| [0.1, 10.0, 0.01, 100.0, 0.001, 1000.0].iter().any(|factor| near(value, known * factor)))
}
