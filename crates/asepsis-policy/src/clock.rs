//! Whether policies look at the moment of a decision only to compare it with the bounds of agreements.

use std::cmp::Ordering;

use serde_json::Value;

use crate::inputs::Inputs;

/// Whether the verdicts of a policy, in Cedar's JSON form, can only change with the moment where an agreement begins or ends:
/// `context.now` stands in it nowhere but on one side of a comparison whose other side is such a bound.
pub(crate) fn minds_agreements_only(policy: &Value) -> bool {
    match policy {
        Value::Object(members) => {
            if let [(operator, operands)] = members.iter().collect::<Vec<_>>()[..] {
                if is_context(policy) {
                    // The whole context, handed to something that may look at the moment in it.
                    return false;
                }
                if let Some(attribute) = attribute_of_context(operator, operands) {
                    return attribute != "now";
                }
                if ["<", "<=", ">", ">="].contains(&operator.as_str())
                    && let (Some(left), Some(right)) = (operands.get("left"), operands.get("right"))
                    && (is_now(left) && is_bound(right) || is_bound(left) && is_now(right))
                {
                    return true;
                }
            }
            members.values().all(minds_agreements_only)
        }
        Value::Array(items) => items.iter().all(minds_agreements_only),
        _ => true,
    }
}

/// A moment that stands to the bounds of all agreements as that of the inputs does: the same from one such bound to the next.
/// For policies that look at the moment in no other way.
pub(crate) fn representative(inputs: &Inputs) -> i64 {
    let contracts = [&inputs.baa, &inputs.dua, &inputs.qsoa];
    let bounds = contracts.into_iter().flatten().flat_map(|contract| [contract.effective, contract.expires]);
    let (mut after, mut before) = (None, None);
    for bound in bounds {
        match bound.cmp(&inputs.now) {
            Ordering::Equal => return bound,
            Ordering::Less => after = after.max(Some(bound)),
            Ordering::Greater => before = Some(before.map_or(bound, |before: i64| before.min(bound))),
        }
    }
    after.map(|bound| bound + 1).or(before.map(|bound| bound - 1)).unwrap_or_default()
}

fn is_context(expression: &Value) -> bool {
    expression.get("Var").is_some_and(|name| name == "context")
}

/// The name, where the expression takes an attribute of the context or asks whether there is one.
fn attribute_of_context<'v>(operator: &str, operands: &'v Value) -> Option<&'v str> {
    let of_context = [".", "has"].contains(&operator) && operands.get("left").is_some_and(is_context);
    // Without a plain name it might be any attribute.
    of_context.then(|| operands.get("attr").and_then(Value::as_str).unwrap_or("now"))
}

fn is_now(expression: &Value) -> bool {
    expression.get(".").is_some_and(|operands| attribute_of_context(".", operands) == Some("now"))
}

/// `resource.baa.effective` and its like.
fn is_bound(expression: &Value) -> bool {
    let attribute = |expression: &Value| expression.get(".")?.get("attr")?.as_str().map(str::to_owned);
    let of = |expression: &Value| expression.get(".")?.get("left").cloned();
    let Some(agreement) = of(expression) else { return false };
    let resource = of(&agreement).is_some_and(|of| of.get("Var").is_some_and(|name| name == "resource"));
    let is = |name: Option<String>, names: &[&str]| name.is_some_and(|name| names.contains(&name.as_str()));
    resource
        && is(attribute(&agreement), &["baa", "dua", "qsoa"])
        && is(attribute(expression), &["effective", "expires"])
}

#[cfg(test)]
mod tests {
    use cedar_policy::PolicySet;

    use super::*;
    use crate::AgreementState;
    use crate::inputs::Contract;

    #[test]
    fn the_representative_of_a_moment_stands_to_every_bound_as_the_moment_does() {
        let contract = |effective, expires| {
            Some(Contract { id: "c".to_owned(), state: AgreementState::Signed, effective, expires })
        };
        let mut different = std::collections::BTreeSet::new();
        for now in -10..60 {
            let inputs =
                Inputs { now, baa: contract(0, 10), dua: contract(9, 30), qsoa: contract(30, 50), ..Inputs::default() };
            let at = representative(&inputs);
            for bound in [0, 9, 10, 30, 50] {
                assert_eq!(at.cmp(&bound), now.cmp(&bound), "{now} is not {at} to {bound}");
            }
            different.insert(at);
        }
        assert_eq!(different.len(), 10, "five bounds, and what is before, between and after them");
        assert_eq!(representative(&Inputs { now: 77, ..Inputs::default() }), 0);
    }

    fn minds(condition: &str) -> bool {
        let text = format!("permit (principal, action, resource) when {{ {condition} }};");
        let policies: PolicySet = text.parse().expect("it is Cedar");
        policies.policies().all(|policy| minds_agreements_only(&policy.to_json().expect("it has a JSON form")))
    }

    #[test]
    fn comparisons_with_the_bounds_of_agreements_are_told_from_all_else() {
        for good in [
            "true",
            "context.purpose == \"TREAT\"",
            "resource has baa && resource.baa.effective <= context.now && context.now < resource.baa.expires",
            "!(context.now >= resource.dua.expires)",
            "resource has qsoa && resource.qsoa.effective <= context.now",
        ] {
            assert!(minds(good), "{good}");
        }
        for bad in [
            "context.now < datetime(\"2026-12-01\")",
            "context.now.toTime() < duration(\"12h\")",
            "context.now == resource.baa.expires",
            "context.now.offset(duration(\"7d\")) < resource.baa.expires",
            "context.now < resource.baa.expires.offset(duration(\"7d\"))",
            "context.now < resource.expires",
            "context == {}",
            "if context.now < resource.baa.expires then context.now > principal.since else true",
            "[context.now].contains(resource.baa.expires)",
            "context has now",
        ] {
            assert!(!minds(bad), "{bad}");
        }
    }
}
