//! The outcomes at a terminal.

use std::fmt::Write as _;

use super::{rate, why};
use crate::outcome::{Outcomes, Standing, wilson};
use crate::probe::Side;
use crate::suite::Kind;

/// What failed, with the reason and what helps, and a table of kinds.
#[must_use]
pub fn people(outcomes: &Outcomes<'_>) -> String {
    let mut out = String::new();
    let mut line = |text: String| writeln!(out, "{text}").unwrap_or_default();
    for one in &outcomes.all {
        let word = match one.standing() {
            Standing::Passed => continue,
            Standing::Known => "known ",
            Standing::Error => "ERROR ",
            Standing::Failed => "FAILED",
        };
        line(format!("{word}  {}  {}", one.key(), rate(one)));
        line(format!("        {}", why(one)));
        if one.standing() == Standing::Failed && one.side == Side::Attack {
            line(format!("        {}", one.case.remedy));
        }
    }
    line(format!(
        "{:<14}{:>9}{:>8}{:>8}{:>8}{:>9}{:>10}",
        "kind", "attacks", "passed", "failed", "errors", "blocked", "twins ok"
    ));
    for kind in Kind::ALL {
        let of = |side| outcomes.all.iter().filter(move |one| one.case.kind == kind && one.side == side);
        let count = |side, standing| of(side).filter(|one| one.standing() == standing).count();
        let (attacks, twins) = (of(Side::Attack).count(), of(Side::Twin).count());
        if attacks + twins == 0 {
            continue;
        }
        line(format!(
            "{:<14}{attacks:>9}{:>8}{:>8}{:>8}{:>9}{:>10}",
            kind.word(),
            count(Side::Attack, Standing::Passed),
            count(Side::Attack, Standing::Failed) + count(Side::Attack, Standing::Known),
            count(Side::Attack, Standing::Error),
            of(Side::Attack).filter(|one| one.blocked > 0).count(),
            format!("{}/{twins}", count(Side::Twin, Standing::Passed)),
        ));
    }
    let twins: Vec<_> = outcomes.all.iter().filter(|one| one.side == Side::Twin).collect();
    let refused: u32 = twins.iter().map(|one| one.failed).sum();
    let asked: u32 = twins.iter().map(|one| one.runs - one.errors).sum();
    let (from, to) = wilson(refused, asked);
    line(format!(
        "Over-refusal: {refused} of {asked} harmless requests (95 %: {:.0} to {:.0} %).",
        from * 100.0,
        to * 100.0
    ));
    for stale in &outcomes.stale {
        line(format!("The baseline names {stale}, which does not fail (any more): delete the line."));
    }
    out
}
