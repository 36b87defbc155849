//! What a decision costs at 1,000 grants, 50 vendors and the rules of a provider, beside regorus with the same rules, in one run.
//!
//! `cargo run --release -p asepsis-policy --example decide`

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
use std::time::{Duration, Instant};

use asepsis_policy::{
    Agreement, AgreementKind, AgreementState, AiSystem, ContentFacts, Facts, Inputs, Kind, Pack, Policy, Register,
    Role, Standing, Status, Vendor,
};
use asepsis_vocab::{DisclosureForm, IdentifierClass, PurposeOfUse};
use serde_json::json;
use time::UtcOffset;
use time::macros::{date, datetime};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const VENDORS: usize = 50;
const ROLES: usize = 100;
const PURPOSES: usize = 10;
const TIMES: usize = 20_000;

#[expect(clippy::print_stdout, reason = "the figures are the output")]
fn main() {
    let policy =
        Policy::of(&Pack::shipped("us-provider").expect("it is shipped"), UtcOffset::UTC).expect("it is valid");
    let register = register();
    let rules = policy.kinds().filter(|(_, kind)| *kind != Kind::Explain).count();
    println!("{} grants a system, {VENDORS} vendors, {rules} rules that decide or oblige", ROLES * PURPOSES);
    println!("{:44} {:>9} {:>9}", "microseconds, one thread", "p50", "p99");
    let roles: Vec<String> = (0..ROLES).map(|at| format!("role-{at}")).collect();
    let systems: Vec<&AiSystem> = register.systems().collect();
    let facts = |at: usize| Facts {
        user: "bench",
        role: &roles[at * 7 % ROLES],
        system: systems[at * 13 % VENDORS],
        purpose: PurposeOfUse::STATED[at % 12],
        classes: BTreeSet::from([IdentifierClass::Name, IdentifierClass::Date]),
        content: ContentFacts { individuals: Some(1), ..ContentFacts::default() },
        whereabouts: asepsis_policy::Whereabouts::default(),
        full_assurance: true,
        first_layer_accepted: false,
        now: datetime!(2026-11-25 12:00 UTC),
    };
    let asked = [DisclosureForm::Pseudonymised, DisclosureForm::Deidentified];
    report("decided anew, two forms and restoring", |at| {
        black_box(policy.decide_anew(&register, &facts(at), &asked).expect("it decides"));
    });
    report("the same, four forms and restoring", |at| {
        black_box(policy.decide_anew(&register, &facts(at), &DisclosureForm::LADDER[..4]).expect("it decides"));
    });
    report("remembered", |_| {
        black_box(policy.decide(&register, &facts(7), &asked).expect("it decides"));
    });

    // regorus holds the grants as data and answers the same questions.
    let mut rego = regorus::Engine::new();
    rego.add_policy("oracle.rego".to_owned(), include_str!("../tests/oracle.rego").to_owned()).expect("it is Rego");
    let grants: BTreeMap<String, BTreeMap<&str, &Vec<String>>> = systems
        .iter()
        .map(|system| (system.id.clone(), system.grants.keys().map(|purpose| (purpose.code(), &roles)).collect()))
        .collect();
    rego.add_data_json(&json!({ "grants": grants }).to_string()).expect("it is JSON");
    let settings = policy.settings();
    let limits = json!({
        "retention_days": settings.retention_days, "individuals": settings.individuals,
        "injection": settings.injection, "regions": settings.regions,
    });
    report("regorus, two forms and restoring", |at| {
        let facts = facts(at);
        let inputs = Inputs { purpose: facts.purpose, role: facts.role.to_owned(), ..Inputs::good() };
        let mut input = serde_json::to_value(&inputs).expect("it is data");
        input["purposes"] = facts.purpose.kinds().map(PurposeOfUse::code).collect();
        input["kinds"] = json!([]);
        input["zones"] = json!([]);
        input["limits"] = limits.clone();
        rego.set_input(regorus::Value::from_json_str(&input.to_string()).expect("it is JSON"));
        for rule in ["pseudonymised", "deidentified", "restore"] {
            black_box(rego.eval_rule(format!("data.asepsis.{rule}")).expect("it decides"));
        }
    });
}

#[expect(clippy::print_stdout, reason = "the figures are the output")]
fn report(name: &str, mut call: impl FnMut(usize)) {
    (0..TIMES / 10).for_each(&mut call);
    let mut times: Vec<Duration> = (0..TIMES)
        .map(|at| {
            let began = Instant::now();
            call(at);
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    let micros = |share: usize| times[TIMES * share / 100].as_secs_f64() * 1e6;
    println!("{name:44} {:>9.1} {:>9.1}", micros(50), micros(99));
}

fn register() -> Register {
    let roles: BTreeSet<String> = (0..ROLES).map(|at| format!("role-{at}")).collect();
    let known = || Standing {
        training: true.into(),
        attestation: true.into(),
        managed_device: true.into(),
        ..Standing::default()
    };
    let system = |at: usize| AiSystem {
        id: format!("system-{at}"),
        vendor: format!("vendor-{at}"),
        grants: PurposeOfUse::STATED.into_iter().take(PURPOSES).map(|purpose| (purpose, roles.clone())).collect(),
        status: Status::Approved.into(),
        retention_days: 30.into(),
        trains_on_data: false.into(),
        patient_facing: false.into(),
        ..AiSystem::default()
    };
    let vendor = |at: usize| Vendor {
        id: format!("vendor-{at}"),
        name: format!("Vendor {at}"),
        status: Status::Approved.into(),
        agreements: vec![Agreement {
            id: format!("baa-{at}"),
            kind: AgreementKind::Baa,
            state: AgreementState::Signed,
            first_day: date!(2026 - 01 - 01),
            last_day: Some(date!(2026 - 12 - 31)),
            open_ended: false,
            systems: vec![format!("system-{at}")],
            vendor: String::new(),
            facts: asepsis_policy::FactSheet::default(),
        }],
        ..Vendor::default()
    };
    let role = |id: &String| Role {
        id: id.clone(),
        restore: true,
        administer: false,
        licensed: false,
        release: Vec::new(),
        standing: known(),
    };
    Register::new(
        (0..VENDORS).map(vendor).collect(),
        (0..VENDORS).map(system).collect(),
        roles.iter().map(role).collect(),
    )
    .expect("the register holds together")
}
