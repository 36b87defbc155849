//! JSON of our own, with everything that is known.

use serde_json::{Value, json};

use super::about;
use crate::outcome::{Outcome, Outcomes, Standing};
use crate::probe::Side;

/// The outcomes as JSON.
#[must_use]
pub fn json(outcomes: &Outcomes<'_>) -> Value {
    let count = |side| {
        json!({
            "passed": outcomes.count(side, Standing::Passed),
            "failed": outcomes.count(side, Standing::Failed),
            "known": outcomes.count(side, Standing::Known),
            "errors": outcomes.count(side, Standing::Error),
        })
    };
    json!({
        "attacks": count(Side::Attack),
        "twins": count(Side::Twin),
        "exit_code": outcomes.exit_code(),
        "stale_baseline": outcomes.stale,
        "cases": outcomes.all.iter().map(case).collect::<Vec<_>>(),
    })
}

fn case(one: &Outcome<'_>) -> Value {
    let (from, to) = one.interval();
    let findings: Vec<Value> =
        one.findings.iter().map(|f| json!({"rule": f.rule, "place": f.place, "what": f.what})).collect();
    json!({
        "key": one.key(),
        "kind": one.case.kind.word(),
        "side": if one.side == Side::Attack { "attack" } else { "twin" },
        "about": about(one),
        "owasp": one.case.owasp,
        "atlas": one.case.atlas,
        "standing": word(one.standing()),
        "runs": one.runs,
        "failed": one.failed,
        "blocked": one.blocked,
        "errors": one.errors,
        "failing_share_95": [from, to],
        "findings": findings,
        "error": one.error,
    })
}

fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Passed => "passed",
        Standing::Known => "known",
        Standing::Error => "error",
        Standing::Failed => "failed",
    }
}
