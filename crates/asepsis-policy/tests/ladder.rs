//! The ladder of disclosure: which form is permitted, and that every missing fact makes it poorer.

use std::collections::BTreeSet;
use std::sync::Arc;

use asepsis_policy::{
    Agreement, AgreementKind, AgreementState, AiSystem, BreakGlass, ContentFacts, DEFAULT_DENY, Decision, Fact, Facts,
    Pack, Parts, Policy, Register, Role, Standing, Vendor, shipped_sources,
};
use asepsis_vocab::{DisclosureForm, IdentifierClass, PurposeOfUse};
use time::macros::{date, datetime};
use time::{OffsetDateTime, UtcOffset};

const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

fn agreement(kind: AgreementKind) -> Agreement {
    Agreement {
        id: "agreement-1".into(),
        kind,
        state: AgreementState::Signed,
        first_day: date!(2026 - 01 - 01),
        last_day: Some(date!(2026 - 12 - 31)),
        open_ended: false,
        systems: vec!["scribe".into()],
        vendor: String::new(),
        facts: asepsis_policy::FactSheet::default(),
    }
}

fn system() -> AiSystem {
    AiSystem {
        id: "scribe".into(),
        vendor: "acme".into(),
        roles: BTreeSet::from(["dentist".into(), "front-desk".into()]),
        purposes: BTreeSet::from([PurposeOfUse::Treat, PurposeOfUse::Hresch]),
        retention_days: 30.into(),
        trains_on_data: false.into(),
        ..AiSystem::default()
    }
}

fn role(id: &str, restore: bool) -> Role {
    Role {
        id: id.into(),
        restore,
        administer: false,
        licensed: false,
        release: Vec::new(),
        standing: Standing::default(),
    }
}

fn register(agreements: Vec<Agreement>, system: AiSystem) -> Register {
    Register::new(
        vec![Vendor {
            id: "acme".into(),
            name: "Acme".into(),
            status: Fact::default(),
            agreements,
            ..Vendor::default()
        }],
        vec![system],
        vec![role("dentist", true), role("front-desk", false), role("visitor", false)],
    )
    .expect("the register holds together")
}

fn fact<T>(value: Option<T>) -> Fact<T> {
    value.map(Fact::from).unwrap_or_default()
}

/// One of each sort, a kind of one that is granted, one that only an emergency changes, and none.
const PURPOSES: [PurposeOfUse; 8] = [
    PurposeOfUse::Treat,
    PurposeOfUse::Coc,
    PurposeOfUse::Btg,
    PurposeOfUse::Hpaymt,
    PurposeOfUse::Hresch,
    PurposeOfUse::Hmarkt,
    PurposeOfUse::Modeltrain,
    PurposeOfUse::Unknown,
];

struct Case {
    register: Register,
    role: &'static str,
    purpose: PurposeOfUse,
    classes: BTreeSet<IdentifierClass>,
    full: bool,
    accepted: bool,
    now: OffsetDateTime,
    offset: UtcOffset,
}

impl Case {
    fn new() -> Self {
        Self {
            register: register(vec![agreement(AgreementKind::Baa), agreement(AgreementKind::Dua)], system()),
            role: "dentist",
            purpose: PurposeOfUse::Treat,
            classes: BTreeSet::from([IdentifierClass::Name]),
            full: true,
            accepted: false,
            now: NOW,
            offset: UtcOffset::UTC,
        }
    }

    fn decide(&self, asked: &[DisclosureForm]) -> Arc<Decision> {
        let policy = Policy::shipped(self.offset).expect("the shipped policies are valid");
        let facts = Facts {
            user: "lee",
            role: self.role,
            system: self.register.system("scribe").expect("it is registered"),
            purpose: self.purpose,
            classes: self.classes.clone(),
            whereabouts: asepsis_policy::Whereabouts::default(),
            full_assurance: self.full,
            content: ContentFacts::default(),
            first_layer_accepted: self.accepted,
            now: self.now,
        };
        policy.decide(&self.register, &facts, asked).expect("the facts fit the schema")
    }

    fn form(&self) -> DisclosureForm {
        self.decide(&DisclosureForm::LADDER[..4]).form
    }
}

#[test]
fn all_facts_present_permits_identified_for_treatment() {
    assert_eq!(Case::new().form(), DisclosureForm::Identified);
}

#[test]
fn the_first_permitted_form_that_is_asked_for_wins() {
    let decision = Case::new().decide(&[DisclosureForm::Pseudonymised, DisclosureForm::Deidentified]);
    assert_eq!(decision.form, DisclosureForm::Pseudonymised);
    assert_eq!(decision.record().rules, ["baa-permits-pseudonymised"]);
    assert_eq!(decision.reason, "baa-in-force");
}

#[test]
fn c18_an_agreement_ends_at_the_organisations_own_midnight() {
    let mut case = Case::new();
    case.offset = UtcOffset::from_hms(-5, 0, 0).expect("a real offset");
    case.now = datetime!(2027-01-01 04:59:59 UTC);
    assert_eq!(case.form(), DisclosureForm::Identified);
    case.now = datetime!(2027-01-01 05:00:00 UTC);
    let decision = case.decide(&[DisclosureForm::Pseudonymised, DisclosureForm::Deidentified]);
    assert_eq!(decision.form, DisclosureForm::Deidentified);
    assert_eq!(decision.steps[0].rules[0].reason, "baa-lapsed");
}

#[test]
fn an_agreement_that_is_missing_unsigned_or_not_begun_never_permits_identifiers() {
    let with = |change: fn(&mut Agreement)| {
        let mut a = agreement(AgreementKind::Baa);
        change(&mut a);
        let mut case = Case::new();
        case.register = register(vec![a], system());
        case.decide(&[DisclosureForm::Pseudonymised])
    };
    let reason = |d: Arc<Decision>| (d.form, d.reason.clone());
    assert_eq!(reason(with(|a| a.state = AgreementState::Terminated)).1, "baa-not-signed");
    assert_eq!(reason(with(|a| a.state = AgreementState::Requested)).1, "baa-not-signed");
    assert_eq!(reason(with(|a| a.first_day = date!(2026 - 12 - 01))).1, "baa-not-yet");
    assert_eq!(reason(with(|a| a.systems.clear())).1, "baa-missing");
    assert_eq!(with(|a| a.kind = AgreementKind::Dua).form, DisclosureForm::Nothing);
}

#[test]
fn c11_an_unstated_purpose_gets_the_safest_form() {
    let mut case = Case::new();
    case.purpose = PurposeOfUse::Unknown;
    assert_eq!(case.form(), DisclosureForm::Deidentified);
}

#[test]
fn a_purpose_that_the_system_is_not_approved_for_gets_the_safest_form() {
    let mut case = Case::new();
    case.purpose = PurposeOfUse::Hmarkt;
    assert_eq!(case.form(), DisclosureForm::Deidentified);
}

#[test]
fn r25_unknown_retention_or_training_never_permits_identified() {
    for change in [
        |s: &mut AiSystem| s.retention_days = Fact::default(),
        |s: &mut AiSystem| s.trains_on_data = Fact::default(),
        |s: &mut AiSystem| {
            s.trains_on_data = true.into();
        },
    ] {
        let mut unknown = system();
        change(&mut unknown);
        let mut case = Case::new();
        case.register = register(vec![agreement(AgreementKind::Baa)], unknown);
        assert_eq!(case.form(), DisclosureForm::Pseudonymised);
    }
}

#[test]
fn r5_numbers_that_open_accounts_never_go_identified() {
    for class in [IdentifierClass::Ssn, IdentifierClass::Account, IdentifierClass::HealthPlan, IdentifierClass::License]
    {
        let mut case = Case::new();
        case.classes.insert(class);
        assert_eq!(case.form(), DisclosureForm::Pseudonymised, "{class}");
    }
}

#[test]
fn r2_a_role_that_was_not_granted_gets_nothing_and_is_told_why() {
    let mut case = Case::new();
    case.role = "visitor";
    let decision = case.decide(&DisclosureForm::LADDER[..4]);
    assert_eq!(decision.form, DisclosureForm::Nothing);
    assert!(decision.rules.iter().any(|r| r.id == "role-not-granted"));
    assert!(decision.staff_message().contains("Your role may not use this AI tool."));
    case.role = "nobody-knows-this-role";
    assert_eq!(case.form(), DisclosureForm::Nothing);
}

#[test]
fn a_limited_data_set_needs_its_agreement_and_its_purpose() {
    let mut case = Case::new();
    assert_eq!(case.decide(&[DisclosureForm::Limited]).form, DisclosureForm::Nothing);
    case.purpose = PurposeOfUse::Hresch;
    assert_eq!(case.decide(&[DisclosureForm::Limited]).form, DisclosureForm::Limited);
    case.register = register(vec![agreement(AgreementKind::Baa)], system());
    assert_eq!(case.decide(&[DisclosureForm::Limited]).reason, "dua-not-in-force");
}

#[test]
fn first_layer_detection_carries_the_label_deidentified_only_where_accepted() {
    let mut case = Case::new();
    case.full = false;
    let decision = case.decide(&[DisclosureForm::Deidentified]);
    assert_eq!((decision.form, decision.reason.as_str()), (DisclosureForm::Nothing, "assurance-too-low"));
    case.accepted = true;
    assert_eq!(case.decide(&[DisclosureForm::Deidentified]).form, DisclosureForm::Deidentified);
}

#[test]
fn restoring_depends_on_the_role() {
    let mut case = Case::new();
    assert!(case.decide(&[DisclosureForm::Pseudonymised]).restore);
    case.role = "front-desk";
    assert!(!case.decide(&[DisclosureForm::Pseudonymised]).restore);
}

#[test]
fn a_misspelt_attribute_is_refused_when_the_policies_are_read() {
    let text = r#"@id("x") @reason("x") @staff("x") permit (principal, action == Asepsis::Action::"identified", resource) when { resource.retenton_days > 3 };"#;
    let error = Policy::parse(text, UtcOffset::UTC).err().expect("it is refused").to_string();
    assert!(error.contains("retenton_days"), "{error}");
}

/// The forbids that only explain are left out of the decision, so they must change none: over every combination of facts, the
/// verdicts with and without them are the same.
#[test]
fn a_forbid_that_only_explains_changes_no_verdict() {
    let mut sources = shipped_sources("core").expect("it is shipped");
    for source in &mut sources {
        source.text = source.text.replace("@explains(\"\")\n", "");
    }
    let pack = Pack::read(sources).expect("the same without the mark");
    let all = Policy::of(&pack, UtcOffset::UTC).expect("the same without the mark");
    let deciding = Policy::shipped(UtcOffset::UTC).expect("the shipped policies are valid");
    let baa = |change: fn(&mut Agreement)| {
        let mut a = agreement(AgreementKind::Baa);
        change(&mut a);
        a
    };
    let agreements = [
        vec![],
        vec![agreement(AgreementKind::Baa)],
        vec![agreement(AgreementKind::Dua)],
        vec![agreement(AgreementKind::Baa), agreement(AgreementKind::Dua)],
        vec![baa(|a| a.state = AgreementState::Terminated)],
        vec![baa(|a| a.first_day = date!(2026 - 12 - 01))],
        vec![baa(|a| a.last_day = Some(date!(2026 - 02 - 01)))],
    ];
    let mut asked = 0;
    for agreements in agreements {
        for (retention_days, trains_on_data) in [(None, None), (Some(1), Some(true)), (Some(1), Some(false))]
            .map(|(days, trains)| (fact(days), fact(trains)))
        {
            let mut system =
                AiSystem { retention_days: retention_days.clone(), trains_on_data: trains_on_data.clone(), ..system() };
            // No configuration may say so; the policies must hold by themselves.
            system.purposes.insert(PurposeOfUse::Unknown);
            let register = register(agreements.clone(), system);
            for purpose in PURPOSES {
                for role in ["dentist", "visitor", "unheard-of"] {
                    for classes in [vec![], vec![IdentifierClass::Name], vec![IdentifierClass::Ssn]] {
                        for (full, accepted) in [(true, false), (false, false), (false, true)] {
                            let facts = Facts {
                                user: "lee",
                                role,
                                system: register.system("scribe").expect("it is registered"),
                                purpose,
                                classes: classes.iter().copied().collect(),
                                whereabouts: asepsis_policy::Whereabouts::default(),
                                full_assurance: full,
                                content: ContentFacts::default(),
                                first_layer_accepted: accepted,
                                now: NOW,
                            };
                            for form in &DisclosureForm::LADDER[..4] {
                                let forms = [*form];
                                let a = all.decide(&register, &facts, &forms).expect("it decides");
                                let b = deciding.decide(&register, &facts, &forms).expect("it decides");
                                assert_eq!((a.form, a.restore), (b.form, b.restore), "{facts:?}");
                                assert!(
                                    b.form != DisclosureForm::Nothing || b.rules.iter().all(|r| r.id != DEFAULT_DENY),
                                    "no reason: {facts:?}"
                                );
                                asked += 1;
                            }
                        }
                    }
                }
            }
        }
    }
    assert_eq!(asked, 7 * 3 * PURPOSES.len() * 3 * 3 * 3 * 4);
}

/// Invariant 5: taking a fact away never gives a richer form.
#[test]
fn invariant_5_a_missing_fact_never_gives_a_richer_form() {
    let purposes = [PurposeOfUse::Treat, PurposeOfUse::Hresch, PurposeOfUse::Hmarkt];
    for purpose in purposes {
        for full in [true, false] {
            let mut case = Case::new();
            case.purpose = purpose;
            case.full = full;
            let before = case.form();
            let mut poorer: Vec<Case> = Vec::new();
            let mut without = |change: &dyn Fn(&mut Case)| {
                let mut c = Case { purpose, full, ..Case::new() };
                change(&mut c);
                poorer.push(c);
            };
            without(&|c| c.register = register(vec![agreement(AgreementKind::Dua)], system()));
            without(&|c| c.register = register(vec![agreement(AgreementKind::Baa)], system()));
            without(&|c| c.register = register(vec![], system()));
            without(&|c| {
                c.register = register(
                    vec![agreement(AgreementKind::Baa), agreement(AgreementKind::Dua)],
                    AiSystem { retention_days: Fact::default(), ..system() },
                );
            });
            without(&|c| {
                c.register = register(
                    vec![agreement(AgreementKind::Baa), agreement(AgreementKind::Dua)],
                    AiSystem { trains_on_data: Fact::default(), ..system() },
                );
            });
            without(&|c| c.purpose = PurposeOfUse::Unknown);
            without(&|c| c.full = false);
            without(&|c| c.role = "unheard-of");
            for case in poorer {
                assert!(case.form() <= before);
            }
        }
    }
}

/// A decision that is remembered is the one that would be taken: at every bound of every agreement, a millisecond before,
/// at it and a millisecond after, forwards, backwards and again, one policy that remembers gives what a new one gives.
#[test]
fn c18_what_is_remembered_ends_with_the_agreement_to_the_millisecond() {
    let offset = UtcOffset::from_hms(-5, 0, 0).expect("a real offset");
    let lasting =
        |first_day, last_day| Agreement { first_day, last_day: Some(last_day), ..agreement(AgreementKind::Baa) };
    let register = register(
        vec![
            lasting(date!(2026 - 01 - 01), date!(2026 - 06 - 30)),
            // Begins the day after, so that one lapses in the moment in which the other begins; and one after a gap.
            Agreement { id: "agreement-2".into(), ..lasting(date!(2026 - 07 - 01), date!(2026 - 07 - 31)) },
            Agreement { id: "agreement-3".into(), ..lasting(date!(2026 - 09 - 01), date!(2026 - 12 - 31)) },
            Agreement { first_day: date!(2026 - 07 - 15), ..agreement(AgreementKind::Dua) },
        ],
        system(),
    );
    let days = [date!(2026 - 01 - 01), date!(2026 - 07 - 01), date!(2026 - 07 - 15), date!(2026 - 08 - 01)];
    let mut moments: Vec<OffsetDateTime> = Vec::new();
    for day in days.into_iter().chain([date!(2026 - 09 - 01), date!(2027 - 01 - 01)]) {
        let midnight = day.midnight().assume_offset(offset);
        for millis in [-86_400_000, -1000, -1, 0, 1, 999, 1000] {
            moments.push(midnight + time::Duration::milliseconds(millis));
        }
    }
    let back: Vec<_> = moments.iter().rev().copied().collect();
    moments.extend(back.into_iter().chain(moments.clone()));
    let remembering = Policy::shipped(offset).expect("the shipped policies are valid");
    let (mut asked, mut changes, mut last) = (0, 0, None);
    for now in moments {
        for (role, purpose) in [("dentist", PurposeOfUse::Treat), ("front-desk", PurposeOfUse::Hresch)] {
            for accepted in [false, true] {
                let facts = Facts {
                    user: "lee",
                    role,
                    system: register.system("scribe").expect("it is registered"),
                    purpose,
                    classes: BTreeSet::from([IdentifierClass::Name]),
                    whereabouts: asepsis_policy::Whereabouts::default(),
                    full_assurance: false,
                    content: ContentFacts::default(),
                    first_layer_accepted: accepted,
                    now,
                };
                let forms = &DisclosureForm::LADDER[1..4];
                let fresh = Policy::shipped(offset).expect("the shipped policies are valid");
                let told = format!("{:?}", remembering.decide(&register, &facts, forms).expect("it decides"));
                assert_eq!(
                    told,
                    format!("{:?}", fresh.decide(&register, &facts, forms).expect("it decides")),
                    "{facts:?}"
                );
                asked += 1;
                if role == "dentist" && !accepted {
                    changes += u32::from(last.as_ref() != Some(&told));
                    last = Some(told);
                }
            }
        }
    }
    assert_eq!(asked, 3 * 6 * 7 * 4);
    assert!(changes > 12, "the moments are those at which decisions change: {changes}");
}

/// Another register is other facts, also where everything in it has the same name.
#[test]
fn c18_what_is_remembered_is_of_one_register() {
    let policy = Policy::shipped(UtcOffset::UTC).expect("the shipped policies are valid");
    let with = register(vec![agreement(AgreementKind::Baa)], system());
    let without = register(vec![], system());
    for (register, form) in [
        (&with, DisclosureForm::Pseudonymised),
        (&without, DisclosureForm::Nothing),
        (&with.clone(), DisclosureForm::Pseudonymised),
    ] {
        let facts = Facts {
            user: "lee",
            role: "dentist",
            system: register.system("scribe").expect("it is registered"),
            purpose: PurposeOfUse::Treat,
            classes: BTreeSet::new(),
            whereabouts: asepsis_policy::Whereabouts::default(),
            full_assurance: false,
            content: ContentFacts::default(),
            first_layer_accepted: false,
            now: NOW,
        };
        assert_eq!(policy.decide(register, &facts, &[DisclosureForm::Pseudonymised]).expect("it decides").form, form);
    }
}

/// A policy that reads the clock by itself is asked every time.
#[test]
fn c18_a_policy_with_a_time_of_its_own_is_never_remembered() {
    let text = r#"@id("mornings") @reason("x") @staff("x") permit (principal, action == Asepsis::Action::"identified", resource)
        when { context.now.toTime() < duration("12h") };"#;
    let policy = Policy::parse(text, UtcOffset::UTC).expect("it fits the schema");
    let register = register(vec![], system());
    let form = |now| {
        let facts = Facts {
            user: "lee",
            role: "dentist",
            system: register.system("scribe").expect("it is registered"),
            purpose: PurposeOfUse::Treat,
            classes: BTreeSet::new(),
            whereabouts: asepsis_policy::Whereabouts::default(),
            full_assurance: true,
            content: ContentFacts::default(),
            first_layer_accepted: false,
            now,
        };
        policy.decide(&register, &facts, &[DisclosureForm::Identified]).expect("it decides").form
    };
    assert_eq!(form(datetime!(2026-11-22 11:59:59.999 UTC)), DisclosureForm::Identified);
    assert_eq!(form(datetime!(2026-11-22 12:00 UTC)), DisclosureForm::Nothing);
    assert_eq!(form(datetime!(2026-11-22 11:59:59.999 UTC)), DisclosureForm::Identified);
}

/// One policy decides all of it, so that what it remembers of the emergency must end with it.
#[test]
fn c3_an_emergency_of_the_register_is_of_its_user_and_ends_to_the_millisecond() {
    let until = datetime!(2026-11-22 12:30 UTC);
    let glass = BreakGlass { reason: "emergency-care".into(), until };
    let vendor = Vendor {
        id: "acme".into(),
        name: "Acme".into(),
        agreements: vec![agreement(AgreementKind::Baa)],
        ..Vendor::default()
    };
    let system = AiSystem { purposes: BTreeSet::from([PurposeOfUse::Hresch]), ..system() };
    let register = Register::assemble(Parts {
        vendors: vec![(vendor, String::new())],
        systems: vec![(system, String::new())],
        roles: vec![role("dentist", true), role("front-desk", false)],
        emergencies: [("lee".to_owned(), glass)].into(),
        ..Parts::default()
    });
    let register = register.expect("the register holds together");
    let policy = Policy::shipped(UtcOffset::UTC).expect("the shipped policies are valid");
    let form = |user, now| {
        let break_glass = register.emergency(user, now).cloned();
        let facts = Facts {
            user,
            role: "dentist",
            system: register.system("scribe").expect("it is registered"),
            purpose: BreakGlass::purpose(PurposeOfUse::Treat),
            classes: BTreeSet::from([IdentifierClass::Name]),
            whereabouts: asepsis_policy::Whereabouts::default(),
            full_assurance: false,
            content: ContentFacts { break_glass, ..ContentFacts::default() },
            first_layer_accepted: false,
            now,
        };
        policy.decide(&register, &facts, &[DisclosureForm::Pseudonymised]).expect("it decides").form
    };
    let last = until - time::Duration::MILLISECOND;
    for _ in 0..2 {
        assert_eq!(form("lee", NOW), DisclosureForm::Pseudonymised);
        assert_eq!(form("kim", NOW), DisclosureForm::Nothing);
        assert_eq!(form("lee", last), DisclosureForm::Pseudonymised);
        assert_eq!(form("lee", until), DisclosureForm::Nothing);
    }
    // Only treatment becomes emergency treatment.
    assert_eq!(BreakGlass::purpose(PurposeOfUse::Treat), PurposeOfUse::Etreat);
    assert_eq!(BreakGlass::purpose(PurposeOfUse::Hmarkt), PurposeOfUse::Hmarkt);
}

/// A model on the organisation's own machines has nobody to make an agreement with, for as long as that is known.
#[test]
fn c29_a_system_that_nobody_outside_gets_at_needs_no_agreement() {
    let mut case = Case::new();
    let own = |said: &str| {
        let facts = toml::from_str(said).expect("facts");
        register(vec![], AiSystem { facts, ..system() })
    };
    for (said, form) in [
        ("", DisclosureForm::Deidentified),
        ("no_outside_party = false", DisclosureForm::Deidentified),
        ("no_outside_party = \"unknown\"", DisclosureForm::Deidentified),
        ("no_outside_party = { value = true, expires = \"2026-11-21\" }", DisclosureForm::Deidentified),
        ("no_outside_party = { value = true, expires = \"2026-11-22\" }", DisclosureForm::Identified),
        ("no_outside_party = true", DisclosureForm::Identified),
    ] {
        case.register = own(said);
        assert_eq!(case.form(), form, "{said}");
    }
    // A limited data set is given for research under an agreement on its use, to whomever.
    case.purpose = PurposeOfUse::Hresch;
    assert_eq!(case.decide(&[DisclosureForm::Limited]).form, DisclosureForm::Nothing);
}

/// What is remembered of a decision ends with the fact.
#[test]
fn c29_a_decision_that_is_remembered_ends_with_the_fact_that_it_rests_on() {
    let said = toml::from_str("no_outside_party = { value = true, expires = \"2026-11-22\" }").expect("facts");
    let register = register(vec![], AiSystem { facts: said, ..system() });
    let policy = Policy::shipped(UtcOffset::UTC).expect("valid");
    for (now, form) in [
        (NOW, DisclosureForm::Identified),
        (datetime!(2026-11-22 23:59:59 UTC), DisclosureForm::Identified),
        (datetime!(2026-11-23 0:00 UTC), DisclosureForm::Deidentified),
        (NOW, DisclosureForm::Identified),
    ] {
        let facts = Facts {
            user: "lee",
            role: "dentist",
            system: register.system("scribe").expect("it is registered"),
            purpose: PurposeOfUse::Treat,
            classes: BTreeSet::from([IdentifierClass::Name]),
            whereabouts: asepsis_policy::Whereabouts::default(),
            full_assurance: true,
            content: ContentFacts::default(),
            first_layer_accepted: false,
            now,
        };
        assert_eq!(
            policy.decide(&register, &facts, &DisclosureForm::LADDER[..4]).expect("decided").form,
            form,
            "{now}"
        );
    }
}
