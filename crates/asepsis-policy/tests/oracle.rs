//! Two engines and two ways to write the rules: Cedar with the shipped pack, and regorus with `oracle.rego`.
//!
//! `ASEPSIS_REQUESTS=100000 cargo test --release -p asepsis-policy --test oracle` asks a hundred thousand requests.

mod support;

use std::collections::BTreeSet;

use asepsis_policy::{Pack, Policy};
use asepsis_vocab::{DisclosureForm, Label, PurposeOfUse};
use serde_json::json;
use support::{FORMS, request};
use time::UtcOffset;

/// How many requests are asked where nobody says.
const REQUESTS: usize = 3_000;

#[test]
fn c3_cedar_and_rego_agree_on_random_requests() {
    let count = std::env::var("ASEPSIS_REQUESTS").ok().and_then(|n| n.parse().ok()).unwrap_or(REQUESTS);
    let policy =
        Policy::of(&Pack::shipped("us-provider").expect("it is shipped"), UtcOffset::UTC).expect("valid").unchecked();
    let mut rego = regorus::Engine::new();
    rego.add_policy("oracle.rego".to_owned(), include_str!("oracle.rego").to_owned()).expect("it is Rego");
    let mut rng = fastrand::Rng::with_seed(7);
    let mut permitted = [0_usize; 5];
    for at in 0..count {
        let inputs = request(&mut rng);
        let mut input = serde_json::to_value(&inputs).expect("it is data");
        let kinds: Option<BTreeSet<&str>> =
            inputs.labels.as_ref().map(|l| l.iter().flat_map(|l| l.kinds()).map(Label::code).collect());
        input["purposes"] = inputs.purpose.kinds().map(PurposeOfUse::code).collect();
        if let Some(kinds) = kinds {
            input["kinds"] = json!(kinds);
        }
        input["zones"] = json!(inputs.zones);
        let settings = policy.settings();
        input["limits"] = json!({
            "retention_days": settings.retention_days, "individuals": settings.individuals,
            "injection": settings.injection, "regions": inputs.allowed_regions,
        });
        rego.set_input(regorus::Value::from_json_str(&input.to_string()).expect("it is JSON"));
        let mut asks = |rule: &str| {
            let value = rego.eval_rule(format!("data.asepsis.{rule}")).unwrap_or_else(|e| panic!("{rule}: {e}"));
            value == regorus::Value::from(true)
        };
        for (form, count) in FORMS.into_iter().zip(&mut permitted) {
            let decision = policy.decide_on(&inputs, &[form]).expect("it decides");
            let cedar = decision.form != DisclosureForm::Nothing;
            assert_eq!(cedar, asks(form.name()), "request {at}, {form}: {:?}\n{input:#}", decision.rules);
            *count += usize::from(cedar);
        }
        let restored = policy.decide_on(&inputs, &[]).expect("it decides").restore;
        assert_eq!(restored, asks("restore"), "request {at}, restore\n{input:#}");
        permitted[4] += usize::from(restored);
    }
    // A comparison of two engines that always refuse would say nothing.
    assert!(permitted.iter().all(|n| *n > count / 50), "{permitted:?} of {count}");
}
