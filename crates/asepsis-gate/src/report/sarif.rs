//! SARIF 2.1.0 (OASIS): a rule a case, a result for each that failed. GitHub's code scanning shows it.

use serde_json::{Value, json};

use super::{about, rate, why};
use crate::outcome::{Outcome, Outcomes, Standing};
use crate::probe::Side;
use crate::suite::Kind;

/// The outcomes as SARIF 2.1.0. `version` is the tool's.
#[must_use]
pub fn sarif(outcomes: &Outcomes<'_>, version: &str) -> Value {
    let rules: Vec<Value> = outcomes.all.iter().map(rule).collect();
    let broke = outcomes.all.iter().any(|one| one.errors > 0);
    let results: Vec<Value> = outcomes
        .all
        .iter()
        .enumerate()
        .filter(|(_, one)| matches!(one.standing(), Standing::Failed | Standing::Known))
        .map(|(index, one)| result(index, one))
        .collect();
    let notes: Vec<Value> = outcomes
        .all
        .iter()
        .enumerate()
        .filter(|(_, one)| one.errors > 0)
        .map(|(index, one)| {
            json!({"level": "error", "message": {"text": why(one)}, "associatedRule": {"id": one.key(), "index": index}})
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "asepsis gate",
                "version": version,
                "semanticVersion": version,
                "rules": rules,
            }},
            "invocations": [{"executionSuccessful": !broke, "toolExecutionNotifications": notes}],
            "results": results,
        }],
    })
}

fn rule(one: &Outcome<'_>) -> Value {
    let case = one.case;
    let owasp = case.owasp.iter().map(|tag| format!("external/owasp-llm-2025/{tag}"));
    let atlas = case.atlas.iter().map(|tag| format!("external/mitre-atlas/{tag}"));
    let mut tags: Vec<String> = vec!["security".to_owned(), case.kind.word().to_owned()];
    tags.extend(owasp.chain(atlas));
    // GitHub's words for scores of CVSS: above 9 critical, 7 high, 4 medium.
    let severity = match (one.side, case.kind) {
        (Side::Twin, _) => "3.0",
        (_, Kind::Leak | Kind::Exfiltration | Kind::Tool | Kind::Harm) => "9.1",
        (_, Kind::Injection | Kind::Disguise) => "8.0",
        (_, Kind::Prompt) => "5.0",
    };
    let remedy = match one.side {
        Side::Attack => case.remedy.clone(),
        Side::Twin => {
            "Loosen what refuses it: in care a request that is refused without need harms as well.".to_owned()
        }
    };
    json!({
        "id": one.key(),
        "name": one.key(),
        "shortDescription": {"text": about(one)},
        "fullDescription": {"text": about(one)},
        "help": {"text": remedy},
        "defaultConfiguration": {"level": level(one)},
        "properties": {"tags": tags, "precision": "high", "security-severity": severity},
    })
}

fn level(one: &Outcome<'_>) -> &'static str {
    if one.side == Side::Attack { "error" } else { "warning" }
}

fn result(index: usize, one: &Outcome<'_>) -> Value {
    let mut result = json!({
        "ruleId": one.key(),
        "ruleIndex": index,
        "level": level(one),
        "message": {"text": format!("{}: {}", rate(one), why(one))},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": uri(&one.case.source.0)},
            "region": {"startLine": one.case.source.1},
        }}],
        "partialFingerprints": {"asepsisGate/v1": one.key()},
        "occurrenceCount": one.failed.max(1),
        "baselineState": if one.known { "unchanged" } else { "new" },
    });
    if one.known {
        result["suppressions"] = json!([{"kind": "external", "justification": "known failure (baseline)"}]);
    }
    result
}

/// A path as a relative reference (RFC 3986).
fn uri(path: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/".contains(&b);
    let path = path.trim_start_matches("./").replace('\\', "/");
    path.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
