//! Unknown never permits: taking any fact away gives no richer form and no originals.

mod support;

use asepsis_policy::{Inputs, Pack, Policy, SHIPPED};
use asepsis_vocab::PurposeOfUse;
use support::{FORMS, request};
use time::UtcOffset;

/// The name of a fact, and how it becomes unknown.
type Forget = (&'static str, fn(&mut Inputs));

const UNKNOWN: [Forget; 20] = [
    ("purpose", |i| (i.purpose, i.purpose_granted) = (PurposeOfUse::Unknown, false)),
    ("labels", |i| i.labels = None),
    ("individuals", |i| i.individuals = None),
    ("injection", |i| i.injection = None),
    ("credentials", |i| i.credentials = None),
    ("reviewed", |i| i.reviewed = None),
    ("assurance", |i| i.full_assurance = false),
    ("baa", |i| i.baa = None),
    ("dua", |i| i.dua = None),
    ("qsoa", |i| i.qsoa = None),
    ("vendor_status", |i| i.vendor_status = None),
    ("system_status", |i| i.system_status = None),
    ("retention_days", |i| i.retention_days = None),
    ("trains_on_data", |i| i.trains_on_data = None),
    ("regions", |i| i.regions = None),
    ("patient_facing", |i| i.patient_facing = None),
    ("training", |i| i.training = None),
    ("attestation", |i| i.attestation = None),
    ("managed_device", |i| i.managed_device = None),
    ("zone", |i| i.zone = None),
];

#[test]
fn invariant_5_making_any_fact_unknown_never_gives_a_richer_form() {
    let mut rng = fastrand::Rng::with_seed(11);
    let mut poorer = 0;
    for name in SHIPPED {
        let policy =
            Policy::of(&Pack::shipped(name).expect("it is shipped"), UtcOffset::UTC).expect("valid").unchecked();
        for _ in 0..80 {
            let known = request(&mut rng);
            let before = policy.decide_on(&known, &FORMS).expect("it decides");
            for (fact, forget) in UNKNOWN {
                // By itself, and with whatever else may be unknown already.
                let mut unknown = known.clone();
                forget(&mut unknown);
                let after = policy.decide_on(&unknown, &FORMS).expect("it decides");
                assert!(after.form <= before.form, "{name}, {fact}: {} -> {}: {known:?}", before.form, after.form);
                // What the ladder alone asks of restoring is the role.
                assert!(!after.restore || before.restore, "{name}, {fact} restores: {known:?}");
                poorer += u32::from(after.form < before.form);
            }
        }
    }
    assert!(poorer > 300, "facts that matter are among them: {poorer}");
}
