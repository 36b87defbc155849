//! Requests drawn at random, mostly good: of requests in which everything is random hardly one gets anywhere.

use std::collections::BTreeSet;

use asepsis_policy::{AgreementState, Contract, Inputs, Status};
use asepsis_vocab::{DisclosureForm, IdentifierClass, Label, PurposeOfUse};
use fastrand::Rng;

/// Every form that can be asked for.
pub(crate) const FORMS: [DisclosureForm; 4] =
    [DisclosureForm::Identified, DisclosureForm::Limited, DisclosureForm::Pseudonymised, DisclosureForm::Deidentified];

const CLASSES: [IdentifierClass; 5] = [
    IdentifierClass::Name,
    IdentifierClass::Date,
    IdentifierClass::Ssn,
    IdentifierClass::HealthPlan,
    IdentifierClass::Email,
];

const LABELS: [&str; 9] =
    ["PSYTHPN", "HIPAAPsyNotes", "OPIOIDUD", "42CFRPart2", "HIPAASelfPay", "CEL", "HIV", "MH", "SUD"];

const AUTHORIZATIONS: [&str; 5] = ["PSYTHPN", "42CFRPart2", "HMARKT", "MODELTRAIN", "TREAT"];

const PURPOSES: [PurposeOfUse; 14] = [
    PurposeOfUse::Treat,
    PurposeOfUse::Treat,
    PurposeOfUse::Coc,
    PurposeOfUse::Etreat,
    PurposeOfUse::Btg,
    PurposeOfUse::Hpaymt,
    PurposeOfUse::Covauth,
    PurposeOfUse::Hoperat,
    PurposeOfUse::Clintrch,
    PurposeOfUse::Pubhlth,
    PurposeOfUse::Patrqt,
    PurposeOfUse::Hmarkt,
    PurposeOfUse::Modeltrain,
    PurposeOfUse::Unknown,
];

/// A request.
pub(crate) fn request(rng: &mut Rng) -> Inputs {
    // From nearly all good to quite mixed.
    let spoil = [4, 12, 40][rng.usize(..3)];
    let mut good = Inputs::good();
    let bad = |rng: &mut Rng| rng.usize(..100) < spoil;
    good.purpose = PURPOSES[rng.usize(..PURPOSES.len())];
    good.role_granted = !bad(rng);
    good.purpose_granted = good.role_granted && good.purpose != PurposeOfUse::Unknown && !bad(rng);
    good.may_restore = !bad(rng);
    good.classes = CLASSES.into_iter().filter(|_| rng.u8(..4) == 0).collect();
    let fact = |rng: &mut Rng, value: bool| if rng.bool() { None } else { Some(value) };
    if bad(rng) {
        good.labels = None;
    } else if rng.u8(..3) == 0 {
        let label = |rng: &mut Rng| LABELS[rng.usize(..LABELS.len())].parse::<Label>().expect("a label");
        good.labels = Some((0..rng.usize(1..3)).map(|_| label(rng)).collect());
    }
    good.individuals =
        if bad(rng) { [None, Some(26), Some(25), Some(1000)][rng.usize(..4)] } else { Some(rng.u32(..26)) };
    good.injection = if bad(rng) { [None, Some(80), Some(79), Some(100)][rng.usize(..4)] } else { Some(rng.u8(..80)) };
    if bad(rng) {
        good.credentials = fact(rng, true);
    }
    if bad(rng) {
        good.reviewed = fact(rng, rng.clone().bool());
    }
    good.full_assurance = !bad(rng);
    good.first_layer_accepted = bad(rng);
    good.baa = if bad(rng) { contract(rng, good.now) } else { good.baa };
    good.dua = if bad(rng) { contract(rng, good.now) } else { good.dua };
    good.qsoa = contract(rng, good.now);
    for status in [&mut good.vendor_status, &mut good.system_status] {
        if bad(rng) {
            *status = [None, Some(Status::Suspended), Some(Status::Conditional), Some(Status::Lapsed)][rng.usize(..4)];
        }
    }
    good.stopped = bad(rng) && rng.bool();
    if bad(rng) {
        good.retention_days = [None, Some(31), Some(365)][rng.usize(..3)];
    }
    for (slot, wrong) in [
        (&mut good.trains_on_data, true),
        (&mut good.patient_facing, true),
        (&mut good.training, false),
        (&mut good.attestation, false),
        (&mut good.managed_device, false),
    ] {
        if bad(rng) {
            *slot = fact(rng, wrong);
        }
    }
    let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<BTreeSet<_>>();
    if bad(rng) {
        good.regions = [None, Some(words(&[])), Some(words(&["us", "eu"]))][rng.usize(..3)].clone();
    }
    if rng.bool() {
        good.allowed_regions = words(&["us", "ca"]);
    }
    if rng.u8(..4) == 0 {
        good.zones = words(&["clinic", "ward"]);
    }
    if bad(rng) {
        good.zone = [None, Some("guest".to_owned())][rng.usize(..2)].clone();
    }
    good.authorizations = AUTHORIZATIONS.into_iter().filter(|_| rng.u8(..6) == 0).map(str::to_owned).collect();
    good.break_glass = rng.u8(..6) == 0;
    good
}

fn contract(rng: &mut Rng, now: i64) -> Option<Contract> {
    let states = [AgreementState::Requested, AgreementState::Signed, AgreementState::Terminated];
    // At the bounds to the millisecond.
    let bound = |rng: &mut Rng| now + [-86_400_000, -1, 0, 1, 86_400_000][rng.usize(..5)];
    rng.bool().then(|| Contract {
        id: "other".to_owned(),
        state: states[rng.usize(..3)],
        effective: bound(rng),
        expires: bound(rng),
    })
}
