//! What registers come to at a moment: approvals that lapse, agreements that end, kill switches; and that doubt makes nothing richer.

use asepsis_policy::{
    AgreementStanding, AiSystem, Decision, Facts, Grade, Pack, Parts, Policy, Register, Role, Status, Stop, StopOf,
    Stops, Vendor, Whereabouts,
};
use asepsis_vocab::{DisclosureForm, IdentifierClass, PurposeOfUse};
use fastrand::Rng;
use serde::Deserialize;
use time::macros::{date, datetime};
use time::{OffsetDateTime, UtcOffset};

const NOW: OffsetDateTime = datetime!(2026-11-25 12:00 UTC);

#[derive(Deserialize)]
struct Holder<T> {
    it: T,
}

fn read<T: for<'de> Deserialize<'de>>(text: &str) -> T {
    toml::from_str::<Holder<T>>(&format!("it = {text}")).unwrap_or_else(|error| panic!("{text}: {error}")).it
}

/// Evidence that may be bad: the end of a fact's table.
fn evidence(rng: &mut Rng) -> &'static str {
    [
        "",
        ", grade = \"A\"",
        ", grade = \"U\"",
        ", expires = \"2026-11-25\"",
        ", expires = \"2026-11-24\"",
        ", as_of = \"2026-11-26\"",
    ][if rng.u8(..3) > 0 { rng.usize(..2) } else { rng.usize(..6) }]
}

fn fact(rng: &mut Rng, values: &[&str]) -> String {
    let value = values[if rng.u8(..5) > 0 { 0 } else { rng.usize(..values.len()) }];
    format!("{{ value = {value}{} }}", evidence(rng))
}

/// What a register is made of.
#[derive(Clone)]
struct Made {
    vendor: Vendor,
    system: AiSystem,
}

impl Made {
    fn random(rng: &mut Rng) -> Self {
        let yes = ["true", "false", "\"unknown\""];
        let sheet = |rng: &mut Rng| {
            let mut facts = Vec::new();
            for name in ["access", "encryption", "logging", "storage"] {
                if rng.u8(..6) > 0 {
                    facts.push(format!("{name} = {}", fact(rng, &yes)));
                }
            }
            format!("{{ {} }}", facts.join(", "))
        };
        let rests =
            ["", ", rests_on = [\"contract\", \"access\"]", ", rests_on = [\"encryption\", \"logging\", \"storage\"]"];
        let state = ["signed", "signed", "signed", "requested", "terminated"][rng.usize(..5)];
        let end = ["open_ended = true", "last_day = \"2026-11-25\"", "last_day = \"2026-11-24\""][rng.usize(..3)];
        let status = |rng: &mut Rng| format!("{{ value = \"approved\"{}{} }}", evidence(rng), rests[rng.usize(..3)]);
        let vendor = read(&format!(
            "{{ id = \"acme\", name = \"Acme\", status = {}, facts = {}, agreement = [{{ id = \"baa\", kind = \"baa\", \
             state = \"{state}\", first_day = \"2026-01-01\", {end}, systems = [\"chat\"] }}] }}",
            status(rng),
            sheet(rng)
        ));
        let system = AiSystem {
            id: "chat".to_owned(),
            vendor: "acme".to_owned(),
            roles: ["clinician".to_owned()].into(),
            purposes: [PurposeOfUse::Treat].into(),
            status: read(&status(rng)),
            retention_days: read(&fact(rng, &["0", "400", "\"unknown\""])),
            trains_on_data: read(&fact(rng, &["false", "true", "\"unknown\""])),
            regions: read(&fact(rng, &["[\"us\"]", "[\"eu\"]", "\"unknown\""])),
            patient_facing: read("false"),
            facts: read(&sheet(rng)),
            ..AiSystem::default()
        };
        Self { vendor, system }
    }

    fn register(&self, stops: Stops) -> Register {
        let standing = read("{ training = true, attestation = true, managed_device = true }");
        let role = Role {
            id: "clinician".to_owned(),
            restore: true,
            administer: false,
            licensed: false,
            release: Vec::new(),
            standing,
        };
        let here = || "here".to_owned();
        let (vendors, systems) = (vec![(self.vendor.clone(), here())], vec![(self.system.clone(), here())]);
        Register::assemble(Parts { vendors, systems, roles: vec![role], stops, ..Parts::default() })
            .unwrap_or_else(|error| panic!("{error}"))
    }
}

fn policy() -> Policy {
    let pack = Pack::with_files("us-provider", Vec::new()).unwrap_or_else(|problems| panic!("{problems:?}"));
    Policy::of(&pack, UtcOffset::UTC).unwrap_or_else(|error| panic!("{error}"))
}

fn decide(policy: &Policy, register: &Register) -> Decision {
    let Some(system) = register.system("chat") else { panic!("the system is there") };
    let facts = Facts {
        user: "dr-a",
        role: "clinician",
        system,
        purpose: PurposeOfUse::Treat,
        classes: [IdentifierClass::Name].into(),
        content: asepsis_policy::ContentFacts { individuals: Some(1), ..Default::default() },
        whereabouts: Whereabouts::default(),
        full_assurance: true,
        first_layer_accepted: true,
        now: NOW,
    };
    let forms = [DisclosureForm::Identified, DisclosureForm::Pseudonymised, DisclosureForm::Deidentified];
    policy.decide_anew(register, &facts, &forms).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn c28_c14_no_fact_that_is_lost_and_no_doubt_gives_a_richer_form() {
    let policy = policy();
    let mut rng = Rng::with_seed(28);
    let (mut rich, mut poorer) = (0, 0);
    for _ in 0..400 {
        let made = Made::random(&mut rng);
        let register = made.register(Stops::default());
        let form = decide(&policy, &register).form;
        rich += usize::from(form == DisclosureForm::Identified);
        let mut less: Vec<Register> = vec![register.doubted()];
        let mut without = |change: &dyn Fn(&mut Made)| {
            let mut made = made.clone();
            change(&mut made);
            less.push(made.register(Stops::default()));
        };
        without(&|made| made.vendor.agreements.clear());
        without(&|made| made.vendor.facts = read("{}"));
        without(&|made| made.system.facts = read("{}"));
        without(&|made| made.system.status.grade = Grade::U);
        without(&|made| made.vendor.status.value = None);
        without(&|made| made.system.retention_days.value = None);
        without(&|made| made.system.trains_on_data.expires = Some(date!(2026 - 11 - 24)));
        for lesser in less {
            let now = decide(&policy, &lesser).form;
            // A fact of the system hides the vendor's: without it the vendor's may count again, which is no loss of a fact.
            assert!(
                now <= form || lesser.system("chat").is_some_and(|s| s.facts.iter().next().is_none()),
                "{form} {now}"
            );
            poorer += usize::from(now < form);
        }
        for stop in [(StopOf::System, "chat"), (StopOf::Vendor, "acme")] {
            let stop = Stop { of: stop.0, name: stop.1.to_owned() };
            assert_eq!(decide(&policy, &register.with_stops(Stops::new([stop]))).form, DisclosureForm::Nothing);
        }
    }
    assert!(rich > 20 && poorer > 100, "of 400 registers {rich} permit all, and {poorer} losses told");
}

#[test]
fn c18_an_agreement_stands_where_its_days_say() {
    let agreement = |state: &str, end: &str| -> asepsis_policy::Agreement {
        read(&format!(
            "{{ id = \"a\", vendor = \"v\", kind = \"dpa\", state = \"{state}\", first_day = \"2026-01-01\", {end}, systems = [] }}"
        ))
    };
    let at = |agreement: &asepsis_policy::Agreement, now| agreement.standing(now, UtcOffset::UTC);
    let signed = agreement("signed", "last_day = \"2026-12-31\"");
    for (now, standing) in [
        (datetime!(2025-12-31 23:59:59 UTC), AgreementStanding::NotYet),
        (datetime!(2026-01-01 00:00 UTC), AgreementStanding::Signed),
        (datetime!(2026-11-30 23:59:59 UTC), AgreementStanding::Signed),
        (datetime!(2026-12-01 00:00 UTC), AgreementStanding::Expiring),
        (datetime!(2026-12-31 23:59:59 UTC), AgreementStanding::Expiring),
        (datetime!(2027-01-01 00:00 UTC), AgreementStanding::Expired),
    ] {
        assert_eq!(at(&signed, now), standing, "{now}");
    }
    assert_eq!(at(&agreement("signed", "open_ended = true"), NOW), AgreementStanding::Signed);
    assert_eq!(at(&agreement("none", "open_ended = true"), NOW), AgreementStanding::None);
    assert_eq!(at(&agreement("requested", "open_ended = true"), NOW), AgreementStanding::Requested);
    assert_eq!(at(&agreement("terminated", "open_ended = true"), NOW), AgreementStanding::Terminated);
}

#[test]
fn c28_nobody_states_that_an_approval_lapsed_or_rests_on_what_is_no_fact() {
    let made = |status: &str| {
        let mut made = Made::random(&mut Rng::with_seed(1));
        made.system.status = read(status);
        let parts = Parts {
            vendors: vec![(made.vendor, "there".to_owned())],
            systems: vec![(made.system, "in line 3".to_owned())],
            roles: vec![Role {
                id: "clinician".to_owned(),
                restore: true,
                administer: false,
                licensed: false,
                release: Vec::new(),
                standing: Default::default(),
            }],
            ..Parts::default()
        };
        Register::assemble(parts).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(made("{ value = \"approved\", rests_on = [\"contract\", \"mfa\", \"regions\"] }"), Ok(()));
    let lapsed = made("\"lapsed\"").err().unwrap_or_default();
    assert!(lapsed.starts_with("in line 3: ") && lapsed.contains("lapses by itself"), "{lapsed}");
    let misspelt = made("{ value = \"approved\", rests_on = [\"encription\"] }").err().unwrap_or_default();
    assert!(misspelt.contains("did you mean `encryption`?"), "{misspelt}");
    assert_eq!(Status::Lapsed.name(), "lapsed");
}
