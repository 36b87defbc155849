//! Role x purpose x system x data class, all cells; and the usage sheet, read back from what people read.

use std::collections::{BTreeMap, BTreeSet};

use asepsis_policy::{
    Agreement, AgreementKind, AgreementState, AiSystem, DataClass, Facts, Pack, Policy, Register, Role, Sheet,
    SheetFacts, Standing, Status, Vendor, words,
};
use asepsis_vocab::{DisclosureForm, PurposeOfUse};
use time::macros::{date, datetime};
use time::{OffsetDateTime, UtcOffset};

const NOW: OffsetDateTime = datetime!(2026-11-25 12:00 UTC);

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn role(id: &str, restore: bool, trained: bool) -> Role {
    let standing = Standing {
        training: trained.into(),
        attestation: true.into(),
        managed_device: true.into(),
        ..Standing::default()
    };
    Role { id: id.to_owned(), restore, administer: false, licensed: false, release: Vec::new(), standing }
}

fn system(id: &str, roles: &[&str], purposes: &[PurposeOfUse]) -> AiSystem {
    AiSystem {
        id: id.to_owned(),
        vendor: "acme".to_owned(),
        roles: names(roles),
        purposes: purposes.iter().copied().collect(),
        status: Status::Approved.into(),
        retention_days: 30.into(),
        trains_on_data: false.into(),
        patient_facing: false.into(),
        ..AiSystem::default()
    }
}

/// Four systems: one for care with an agreement, one for research with a data use agreement, one without any, one that nobody
/// approved; and a grant of a single role for a single purpose.
fn register() -> Register {
    use PurposeOfUse::{Hoperat, Hpaymt, Hresch, Treat};
    let mut scribe = system("scribe", &["clinician", "front-desk"], &[Treat, Hpaymt]);
    scribe.grants = BTreeMap::from([(Hoperat, names(&["analyst"]))]);
    let study = system("study", &["analyst"], &[Hresch]);
    let bare = system("bare", &["clinician", "analyst"], &[Treat, Hresch]);
    let new = AiSystem { status: Status::InReview.into(), ..system("new", &["clinician"], &[Treat]) };
    let agreement = |id: &str, kind, systems: &[&str]| Agreement {
        id: id.to_owned(),
        kind,
        state: AgreementState::Signed,
        first_day: date!(2026 - 01 - 01),
        last_day: Some(date!(2026 - 12 - 31)),
        open_ended: false,
        systems: names(systems).into_iter().collect(),
        vendor: String::new(),
        facts: asepsis_policy::FactSheet::default(),
    };
    let vendor = Vendor {
        id: "acme".to_owned(),
        name: "Acme".to_owned(),
        status: Status::Approved.into(),
        agreements: vec![
            agreement("baa", AgreementKind::Baa, &["scribe", "new"]),
            agreement("dua", AgreementKind::Dua, &["study"]),
        ],
        ..Vendor::default()
    };
    let roles = vec![
        role("clinician", true, true),
        role("front-desk", true, false),
        role("analyst", false, true),
        role("visitor", false, true),
    ];
    Register::new(vec![vendor], vec![scribe, study, bare, new], roles).expect("the register holds together")
}

fn policy() -> Policy {
    Policy::of(&Pack::shipped("us-provider").expect("it is shipped"), UtcOffset::UTC).expect("it is valid").unchecked()
}

fn facts<'a>(
    register: &'a Register,
    (role, system): (&'a str, &str),
    purpose: PurposeOfUse,
    class: DataClass,
    policy: &Policy,
) -> Facts<'a> {
    Facts {
        user: "",
        role,
        system: register.system(system).expect("it is registered"),
        purpose,
        classes: class.classes(),
        content: class.content(policy.settings().individuals),
        whereabouts: asepsis_policy::Whereabouts::default(),
        full_assurance: true,
        first_layer_accepted: false,
        now: NOW,
    }
}

/// The grants, written down once more.
fn granted(role: &str, system: &str, purpose: PurposeOfUse) -> bool {
    let is = |kinds: &[&str]| purpose.kinds().any(|kind| kinds.contains(&kind.code()));
    match (role, system) {
        ("clinician" | "front-desk", "scribe") => is(&["TREAT", "HPAYMT"]),
        ("analyst", "scribe") => is(&["HOPERAT"]),
        ("analyst", "study") => is(&["HRESCH"]),
        ("clinician" | "analyst", "bare") => is(&["TREAT", "HRESCH"]),
        ("clinician", "new") => is(&["TREAT"]),
        _ => false,
    }
}

#[test]
fn r2_c3_every_cell_that_is_not_granted_is_refused_or_poorer_and_says_why() {
    let (register, policy) = (register(), policy());
    let mut rich = 0;
    for role in ["clinician", "front-desk", "analyst", "visitor", "unheard-of"] {
        for system in ["scribe", "study", "bare", "new"] {
            for purpose in PurposeOfUse::STATED.into_iter().chain([PurposeOfUse::Unknown]) {
                for class in DataClass::ALL {
                    let facts = facts(&register, (role, system), purpose, class, &policy);
                    let decision = policy.decide(&register, &facts, &DisclosureForm::LADDER[..4]).expect("it decides");
                    let cell = format!("{role} {system} {purpose} {class:?}: {}", decision.form);
                    let any = PurposeOfUse::STATED.into_iter().any(|purpose| granted(role, system, purpose));
                    let most = match (granted(role, system, purpose), any) {
                        _ if system == "new" => DisclosureForm::Nothing,
                        (_, false) => DisclosureForm::Nothing,
                        (false, true) => DisclosureForm::Deidentified,
                        // Without an agreement, or without training.
                        (true, _) if system == "bare" || role == "front-desk" => DisclosureForm::Deidentified,
                        (true, _) if system == "study" => DisclosureForm::Limited,
                        (true, _) => DisclosureForm::Identified,
                    };
                    assert!(decision.form <= most, "{cell}, at most {most}");
                    for step in decision.steps.iter().filter(|step| !step.permitted) {
                        for rule in &step.rules {
                            assert!(!rule.id.is_empty() && !rule.staff.is_empty() && !rule.reason.is_empty(), "{cell}");
                            assert!(rule.id.is_empty() || !rule.exception.is_empty(), "{cell}: {}", rule.id);
                        }
                        assert!(step.rules.iter().any(|rule| !rule.fix.is_empty()), "{cell} tells no fix");
                    }
                    rich += u32::from(decision.form > DisclosureForm::Deidentified);
                }
            }
        }
    }
    assert!(rich > 50, "some cells are rich: {rich}");
}

/// A system, its roles, and rows of a label and cells, as they are read.
type Table = (String, Vec<String>, Vec<(String, Vec<String>)>);

/// What people read, read back: for a role and system, the words of each purpose and kind of data.
struct Read {
    tables: Vec<Table>,
}

impl Read {
    fn of(markdown: &str) -> Self {
        let mut tables: Vec<Table> = Vec::new();
        for line in markdown.lines() {
            if let Some((system, roles)) = line.strip_prefix("## ").and_then(|title| title.split_once(" for ")) {
                tables.push((system.to_owned(), roles.split(", ").map(str::to_owned).collect(), Vec::new()));
            } else if let Some(row) = line.strip_prefix("| ").filter(|row| !row.starts_with("For |")) {
                let cells: Vec<String> = row.trim_end_matches(" |").split(" | ").map(str::to_owned).collect();
                let rows = &mut tables.last_mut().expect("a row stands in a table").2;
                rows.push((cells[0].clone(), cells[1..].to_vec()));
            }
        }
        Self { tables }
    }

    fn cell(&self, role: &str, system: &str, purpose: PurposeOfUse, class: DataClass) -> &str {
        let of = |(s, roles, _): &&Table| s == system && roles.iter().any(|r| r == role);
        let (.., rows) = self.tables.iter().find(of).expect("there is a table for each role and system");
        let named = rows.iter().find(|(label, _)| label.contains(&format!("({purpose})")));
        let other = || rows.iter().find(|(label, _)| label.starts_with("anything else")).expect("a row for all others");
        let at = DataClass::ALL.iter().position(|c| *c == class).expect("it is one of them");
        &named.unwrap_or_else(other).1[at]
    }
}

#[test]
fn c10_the_usage_sheet_and_the_policies_agree_on_ten_thousand_requests() {
    let (register, policy) = (register(), policy());
    let systems = register.systems().map(|system| (system, DisclosureForm::LADDER[..4].to_vec())).collect();
    let sheet = Sheet::of(
        &policy,
        &SheetFacts { register: &register, systems, full_assurance: true, first_layer_accepted: false, now: NOW },
    )
    .expect("it decides");
    let markdown = sheet.markdown();
    let read = Read::of(&markdown);
    let roles = ["clinician", "front-desk", "analyst", "visitor"];
    let systems = ["scribe", "study", "bare", "new"];
    let purposes: Vec<PurposeOfUse> = PurposeOfUse::STATED.into_iter().chain([PurposeOfUse::Unknown]).collect();
    let mut rng = fastrand::Rng::with_seed(3);
    let mut seen = BTreeSet::new();
    for _ in 0..10_000 {
        let (role, system) = (roles[rng.usize(..4)], systems[rng.usize(..4)]);
        let purpose = purposes[rng.usize(..purposes.len())];
        let class = DataClass::ALL[rng.usize(..7)];
        let facts = facts(&register, (role, system), purpose, class, &policy);
        let decision = policy.decide(&register, &facts, &DisclosureForm::LADDER[..4]).expect("it decides");
        assert_eq!(
            read.cell(role, system, purpose, class),
            words(decision.form),
            "{role} {system} {purpose} {class:?}"
        );
        seen.insert(decision.form);
    }
    assert_eq!(seen.len(), 5, "every form occurs: {seen:?}");
    // The page for people says the same words, and its reasons are those of the rules.
    let html = sheet.html();
    assert!(html.contains("goes with all names taken out") && html.contains("Nobody has approved this AI tool yet."));
    assert!(markdown.contains("Your role may not use this AI tool."));
}
