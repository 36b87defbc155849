//! What must never happen is proved for every shipped pack, and a bad edit is found out with the request that it lets through.
//!
//! The tests need cvc5, which `cargo xtask setup` installs; `ASEPSIS_LEAVE_OUT=proof` leaves them out.

use asepsis_policy::{Pack, Policy, SHIPPED, Source, shipped_sources};
use asepsis_proof::{Finding, Prover};
use time::UtcOffset;

/// The solver, or `None` where the tests are left out on purpose.
fn prover() -> Option<Prover> {
    let left_out = std::env::var("ASEPSIS_LEAVE_OUT").unwrap_or_default();
    if left_out.split(',').any(|word| word.trim() == "proof") {
        return None;
    }
    match Prover::find() {
        Ok(prover) => Some(prover),
        Err(error) => {
            panic!("{error}; `cargo xtask setup` installs it, ASEPSIS_LEAVE_OUT=proof leaves these tests out")
        }
    }
}

fn policy(pack: &Pack) -> Policy {
    Policy::of(pack, UtcOffset::UTC).unwrap_or_else(|error| panic!("{error}"))
}

fn edited(name: &str, from: &str, to: &str) -> Pack {
    let mut sources = shipped_sources(name).expect("it is shipped");
    let mut changed = 0;
    for source in sources.iter_mut().filter(|source| source.name.ends_with("/rules.cedar")) {
        changed += source.text.matches(from).count();
        source.text = source.text.replace(from, to);
    }
    assert!(changed > 0, "`{from}` stands in no rule");
    Pack::read(sources).expect("the edit is still a pack")
}

#[test]
fn r25_r26_every_claim_is_proved_for_every_shipped_pack() {
    let Some(prover) = prover() else { return };
    for name in SHIPPED {
        let pack = Pack::shipped(name).expect("it is shipped");
        let findings = prover.invariants(&pack, &policy(&pack)).expect("the solver comes to an end");
        assert!(findings.len() >= 9, "{name} has too few claims");
        for finding in findings {
            assert!(matches!(finding, Finding::Proved { .. }), "{name}: {finding}");
        }
    }
}

/// Plausible edits of somebody in a hurry, each with the claim that it breaks.
#[test]
fn a_bad_pack_is_refuted_with_the_request_that_it_lets_through() {
    let Some(prover) = prover() else { return };
    let edits = [
        // An agreement that was signed once is taken for one in force.
        ("core", " && context.now < resource.baa.expires", "", "phi-needs-an-agreement-in-force"),
        ("core", "resource has retention_days && ", "", "unknown-retention-or-training-never-permits"),
        // "It is an emergency, after all."
        (
            "core",
            "when { context.classes.contains(\"SSN\") ||",
            "when { (context.classes.contains(\"SSN\") && !context.break_glass) ||",
            "identity-numbers-never-identified",
        ),
        (
            "us-provider",
            "unless { context.authorizations.contains(\"PSYTHPN\") };",
            "unless { context.break_glass || context.authorizations.contains(\"PSYTHPN\") };",
            "break-glass-never-lifts-psychotherapy-notes",
        ),
        (
            "us-provider",
            "unless { context has credentials && !context.credentials };",
            "unless { context.break_glass || (context has credentials && !context.credentials) };",
            "break-glass-never-lifts-credentials",
        ),
        // Unknown is taken for yes.
        (
            "us-provider",
            "(principal has training && principal.training) ||",
            "(if principal has training then principal.training else true) ||",
            "lapsed-training-never-permits",
        ),
    ];
    for (name, from, to, claim) in edits {
        let pack = edited(name, from, to);
        let findings = prover.invariants(&pack, &policy(&pack)).expect("the solver comes to an end");
        let refuted: Vec<&Finding> = findings.iter().filter(|f| matches!(f, Finding::Refuted { .. })).collect();
        assert!(
            refuted.iter().any(|f| matches!(f, Finding::Refuted { claim: c, example, .. } if c == claim && example.contains("Asepsis::User"))),
            "{claim} was not refuted: {findings:?}"
        );
    }
}

/// The packs of a provider take away only: none permits what the ladder alone does not.
#[test]
fn every_pack_permits_no_more_than_the_ladder() {
    let Some(prover) = prover() else { return };
    let core = policy(&Pack::shipped("core").expect("it is shipped"));
    for name in SHIPPED {
        let policy = policy(&Pack::shipped(name).expect("it is shipped"));
        for action in asepsis_proof::ACTIONS {
            assert_eq!(prover.richer(&core, &policy, action).expect("an end"), None, "{name} {action}");
        }
    }
    let richer = policy_with(
        "@id(\"too-much\") @reason(\"x\") @staff(\"x\") permit (principal, action == Asepsis::Action::\"identified\", resource) when { context.purpose == \"HRESCH\" };",
    );
    assert!(prover.richer(&core, &richer, "identified").expect("an end").is_some_and(|e| e.contains("HRESCH")));
}

fn policy_with(rule: &str) -> Policy {
    let files = vec![Source { name: "site.cedar".into(), text: rule.into() }];
    policy(&Pack::with_files("core", files).expect("it is a pack"))
}
