//! Codes that policies compare with: a misspelt one would never match, and nobody would notice.

use asepsis_vocab::{IdentifierClass, Label, PurposeOfUse};
use cedar_policy::Policy;
use serde_json::Value;

use crate::problem::{Problem, closest};

/// The problems of a policy with codes that are in no table.
pub(crate) fn unknown(policy: &Policy) -> Vec<Problem> {
    let mut found = Vec::new();
    if let Ok(json) = policy.to_json() {
        walk(&json, &mut |member, code| {
            let Some(known) = known(member) else { return };
            if !known.contains(&code) {
                let problem = Problem::new("", format!("rule `{}`: `{code}` is no value of `{member}`", policy.id()));
                found.push(match closest(code, known.iter().copied()) {
                    Some(near) => problem.help(format!("did you mean `{near}`?")),
                    None => problem.help("`asepsis policy codes` lists them"),
                });
            }
        });
    }
    found
}

/// The values that an attribute can have; `None` where that is not a matter of a table.
fn known(member: &str) -> Option<Vec<&'static str>> {
    let purposes = || PurposeOfUse::STATED.into_iter().chain([PurposeOfUse::Unknown]).map(PurposeOfUse::code).collect();
    let labels = || Label::all().map(Label::code).collect::<Vec<_>>();
    match member {
        "purpose" | "purposes" => Some(purposes()),
        "classes" => Some(IdentifierClass::ALL.into_iter().map(IdentifierClass::label).collect()),
        "labels" => Some(labels()),
        "authorizations" => Some([purposes(), labels()].concat()),
        "assurance" => Some(vec!["full", "first_layer"]),
        "effect" => Some(vec!["read", "write", "record", "device"]),
        "status" => Some(vec!["requested", "in_review", "conditional", "approved", "lapsed", "suspended", "retired"]),
        "state" => Some(vec!["none", "requested", "signed", "terminated"]),
        _ => None,
    }
}

/// Gives each string that is compared with a member of the context or of an entity, with the member's name.
fn walk<'v>(expression: &'v Value, found: &mut impl FnMut(&'v str, &'v str)) {
    match expression {
        Value::Object(members) => {
            for (operator, operands) in members {
                if ["==", "!=", "contains", "containsAny", "containsAll"].contains(&operator.as_str())
                    && let (Some(left), Some(right)) = (operands.get("left"), operands.get("right"))
                {
                    for (member, codes) in [(left, right), (right, left)] {
                        if let Some(member) = member.get(".").and_then(|m| m.get("attr")).and_then(Value::as_str) {
                            strings(codes, &mut |code| found(member, code));
                        }
                    }
                }
                walk(operands, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
        _ => {}
    }
}

/// A string, or the strings of a set.
fn strings<'v>(expression: &'v Value, found: &mut impl FnMut(&'v str)) {
    if let Some(code) = expression.get("Value").and_then(Value::as_str) {
        found(code);
    }
    for item in expression.get("Set").and_then(Value::as_array).into_iter().flatten() {
        strings(item, found);
    }
}
