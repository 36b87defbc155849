//! Tiers, gates, the five questions, approvals, templates: by examples that can be followed by hand.

use asepsis_govern::{
    Assessment, Autonomy, Cap, Catalogue, CatalogueError, DataClass, Dossier, Evidence, EvidenceKind, Exception, Fact,
    Grade, Intake, Lapse, Obstacle, Question, Safety, Subject, Tier, Value, catalogue, templates,
};
use time::Date;
use time::macros::date;

const TODAY: Date = date!(2026 - 11 - 26);

fn dossier(text: &str) -> Dossier {
    toml::from_str(text).expect("a dossier")
}

/// What a small practice knows of a chat product after ten minutes with the contract.
const CHAT: &str = r#"
    id = "chat"
    subject = "system"
    vendor = "acme"
    intake = { safety = "administrative", data = "limited", autonomy = 1 }

    [facts]
    contract = { value = true, grade = "B", source = "evidence:baa" }
    breach_notice_hours = { value = 72, grade = "B", source = "evidence:baa" }
    subcontractor_flowdown = { value = true, grade = "B", source = "evidence:baa" }
    deletion_on_end = { value = true, grade = "B", source = "evidence:baa" }
    trains_on_data = { value = false, grade = "B", source = "evidence:baa" }
    retention_days = { value = 30, grade = "C" }
    regions = { value = ["us"], grade = "C" }
    encryption_transit = { value = true, grade = "A", source = "evidence:soc2" }
    encryption_rest = { value = true, grade = "A", source = "evidence:soc2" }
    access = { value = true, grade = "A", source = "evidence:soc2" }
    mfa = { value = true, grade = "A", source = "evidence:soc2" }
    logging_available = { value = true, grade = "A", source = "evidence:soc2" }
    intended_use = "Drafts of letters"
    patient_facing = false
    training_ban = { value = true, grade = "B", source = "evidence:baa" }
    tls_least = "1.2"
    tenant_isolation = true
    subprocessors_listed = true
    storage_regions = "us"
    human_review_of_data = false
    base_model = "somebody's"
    known_risks = "inventions"
    incident_plan = true
    change_notice_days = 30

    [evidence.baa]
    kind = "agreement"
    issuer = "acme"
    vendor = "acme"
    systems = ["chat"]
    valid_to = "2027-06-30"

    [evidence.soc2]
    kind = "SOC2-II"
    issuer = "an auditor"
    vendor = "acme"
    valid_to = "2027-01-31"
"#;

#[test]
fn the_catalogue_holds_together() {
    let names: Vec<_> = catalogue().facts().map(|kind| kind.name.as_str()).collect();
    assert!(names.len() >= 45, "{}", names.len());
    for kind in catalogue().facts() {
        assert!(kind.asks.ends_with('?') || kind.asks.ends_with('.'), "{}", kind.name);
        assert!(!kind.proof.is_empty());
        // What a gate or question needs has to be asked at the lowest tier, or a low system could never pass.
    }
    let low: Vec<_> = catalogue().questionnaire(Subject::System, Tier::Low).map(|kind| kind.name.as_str()).collect();
    for gate in Assessment::of(catalogue(), &Dossier::of_system("a", "b"), &[], TODAY).gates {
        for need in gate.needs {
            assert!(need.facts.iter().any(|fact| low.contains(&fact.fact.as_str())), "{}", gate.id);
        }
    }
    let counts = Tier::ALL.map(|tier| catalogue().questionnaire(Subject::System, tier).count());
    assert!(counts.windows(2).all(|pair| pair[0] < pair[1]), "{counts:?}");
    assert_eq!(catalogue().nearest("encryption_at_rest"), Some("encryption_rest"));
    assert_eq!(catalogue().nearest("qqq"), None);
}

#[test]
fn a_catalogue_that_does_not_hold_together_is_refused_by_name() {
    let facts = "[[fact]]\nname = \"a\"\nasks = \"?\"\nproof = \"p\"\nof = \"vendor\"\nvalue = \"truth\"\nfrom = \"low\"\nas_of = \"2026-01-01\"\n";
    let tiers = include_str!("../../../data/govern/tiers.toml");
    let gates = |name: &str| {
        Question::ALL
            .into_iter()
            .fold(String::from("gate = []\n"), |all, q| format!("{all}[question.{q}]\nneeds = [[\"{name}\"]]\n"))
    };
    assert!(Catalogue::read(facts, &gates("a"), tiers).is_ok());
    let twice = Catalogue::read(&format!("{facts}{facts}"), &gates("a"), tiers).unwrap_err();
    assert_eq!(twice, CatalogueError::Twice("a".to_owned()));
    assert!(
        Catalogue::read(facts, &gates("b"), tiers)
            .unwrap_err()
            .to_string()
            .contains("`b`, which is not in the catalogue")
    );
    let laxer = tiers.replacen("coverage = 95", "coverage = 10", 1);
    assert!(matches!(Catalogue::read(facts, &gates("a"), &laxer), Err(CatalogueError::NotWhole(_))));
    let typo = Catalogue::read(&facts.replace("proof", "prof"), &gates("a"), tiers).unwrap_err().to_string();
    assert!(typo.starts_with("facts.toml") && typo.contains("prof"), "{typo}");
}

#[test]
fn c19_the_tier_is_the_highest_step_and_what_nobody_said_is_critical() {
    let tier = |safety, data, level| {
        let intake = Intake { safety, data, autonomy: Autonomy::new(level) };
        catalogue().tiers().tier(&intake).tier
    };
    assert_eq!(tier(Some(Safety::Administrative), Some(DataClass::None), 1), Tier::Low);
    assert_eq!(tier(Some(Safety::Informs), Some(DataClass::None), 2), Tier::Moderate);
    assert_eq!(tier(Some(Safety::Administrative), Some(DataClass::Identified), 1), Tier::Moderate);
    assert_eq!(tier(Some(Safety::Administrative), Some(DataClass::None), 5), Tier::Critical);
    assert_eq!(tier(Some(Safety::LifeCritical), Some(DataClass::None), 1), Tier::Critical);
    for (safety, data, level) in [
        (None, Some(DataClass::None), 1),
        (Some(Safety::Informs), None, 1),
        (Some(Safety::Informs), Some(DataClass::None), 0),
    ] {
        assert_eq!(tier(safety, data, level), Tier::Critical);
    }
    let steps = catalogue().tiers().tier(&Intake { data: Some(DataClass::Special), ..Intake::default() }).steps;
    assert_eq!((steps[1].of, steps[1].said.as_deref(), steps[1].tier), ("data", Some("special"), Tier::High));
    assert_eq!(steps[0].said, None);
}

#[test]
fn c19_three_numbers_by_hand() {
    let found = Assessment::of(catalogue(), &dossier(CHAT), &[], TODAY);
    assert_eq!(found.tier.tier, Tier::Moderate);
    assert_eq!((found.cap, found.gates.iter().filter(|gate| gate.passed).count()), (Cap::None, 5));
    // At tier low 15 facts are asked, of which `no_outside_party` is open; 10 of them are by contract or report.
    let low = found.coverage_by_tier[0];
    assert_eq!((low.tier, low.met, low.of), (Tier::Low, 14, 15));
    assert_eq!((found.confidence_by_tier[0].met, found.confidence_by_tier[0].of), (10, 15));
    // At tier moderate 28 are asked: open are also `out_of_scope`, `cert_soc2`, `pen_test_date`, `regulatory_status`.
    assert_eq!((found.coverage.met, found.coverage.of, found.coverage.percent()), (23, 28, 82));
    assert_eq!((found.confidence.met, found.confidence.of), (11, 28));
    assert_eq!(found.next_review, date!(2028 - 11 - 26));
    assert!(found.questions.iter().all(|question| question.met));
    // The SOC 2 report ends first.
    assert_eq!(found.first_lapse, Some(date!(2027 - 02 - 01)));
}

#[test]
fn c16_an_expired_report_lowers_what_rests_on_it_on_that_day_and_by_itself() {
    let dossier = dossier(CHAT);
    let at = |day| dossier.known(catalogue(), "mfa", day);
    assert_eq!((at(date!(2027 - 01 - 31)).grade, at(date!(2027 - 02 - 01)).grade), (Grade::A, Grade::U));
    assert_eq!(at(date!(2027 - 02 - 01)).why.as_deref(), Some("the document ended on 2027-01-31"));
    let before = Assessment::of(catalogue(), &dossier, &[], date!(2027 - 01 - 31));
    let after = Assessment::of(catalogue(), &dossier, &[], date!(2027 - 02 - 01));
    assert_eq!(before.confidence_by_tier[1].met - after.confidence_by_tier[1].met, 5);
    assert_eq!(before.coverage_by_tier[1].met - after.coverage_by_tier[1].met, 5);
    // A document that is gone proves nothing at all.
    let mut without = dossier.clone();
    without.evidence.remove("soc2");
    assert_eq!(without.known(catalogue(), "mfa", TODAY).value, None);
}

#[test]
fn p16_a_document_proves_what_is_in_its_scope_and_no_more_than_its_kind_can() {
    let mut dossier = dossier(CHAT);
    let grade = |dossier: &Dossier| dossier.known(catalogue(), "mfa", TODAY).grade;
    let soc2 = |change: fn(&mut Evidence)| {
        let mut dossier = dossier.clone();
        change(dossier.evidence.get_mut("soc2").unwrap());
        grade(&dossier)
    };
    assert_eq!(soc2(|_| {}), Grade::A);
    assert_eq!(soc2(|e| e.vendor = "other".to_owned()), Grade::D);
    assert_eq!(soc2(|e| e.systems = ["imaging".to_owned()].into()), Grade::D);
    assert_eq!(soc2(|e| e.facts = ["encryption_rest".to_owned()].into()), Grade::D);
    assert_eq!(soc2(|e| e.kind = EvidenceKind::VendorDocument), Grade::C);
    assert_eq!(soc2(|e| e.valid_to = None), Grade::C);
    // A document makes nothing better than somebody graded it.
    dossier.facts.get_mut("mfa").unwrap().grade = Grade::C;
    assert_eq!(grade(&dossier), Grade::C);
    for kind in EvidenceKind::ALL {
        assert_eq!(kind.name().parse::<EvidenceKind>().unwrap(), kind);
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
    }
}

#[test]
fn c14_to_c17_each_failed_gate_caps_at_not_for_phi_and_names_why() {
    for (fact, value, gate) in [
        ("contract", Value::Truth(false), "agreement"),
        ("trains_on_data", Value::Truth(true), "training"),
        ("breach_notice_hours", Value::Number(2000), "breach-notice"),
        ("encryption_rest", Value::Truth(false), "encryption"),
        ("encryption_transit", Value::Truth(false), "encryption"),
    ] {
        for value in [Some(value), None] {
            let mut dossier = dossier(CHAT);
            dossier.facts.get_mut(fact).unwrap().value.clone_from(&value);
            let found = Assessment::of(catalogue(), &dossier, &[], TODAY);
            let failed: Vec<_> = found.gates.iter().filter(|gate| !gate.passed).map(|gate| gate.id.as_str()).collect();
            assert_eq!((failed, found.cap), (vec![gate], Cap::NotForPhi), "{fact} {value:?}");
            let text = asepsis_govern::text(&found, catalogue());
            assert!(
                text.contains("not for protected health information") && text.contains(&format!("{fact}: ")),
                "{text}"
            );
        }
    }
    let mut unknown = dossier(CHAT);
    unknown.facts.remove("retention_days");
    assert_eq!(Assessment::of(catalogue(), &unknown, &[], TODAY).cap, Cap::NotForPhi);
}

#[test]
fn c28_the_five_questions_need_all_that_they_name_or_a_signed_exception_that_is_in_date() {
    let mut dossier = dossier(CHAT);
    dossier.facts.remove("logging_available");
    let found = Assessment::of(catalogue(), &dossier, &[], TODAY);
    let open: Vec<_> =
        found.questions.iter().filter(|question| !question.met).map(|question| question.question).collect();
    assert_eq!(open, [Question::Logging]);
    assert_eq!(found.obstacles(catalogue(), true, "a", "b"), [Obstacle::Question(Question::Logging)]);
    let exception = Exception {
        question: Question::Logging,
        who: "privacy officer".to_owned(),
        why: "ticket 12".to_owned(),
        signed: TODAY,
        until: date!(2026 - 12 - 31),
    };
    let with = |exception: Exception| Assessment::of(catalogue(), &dossier, &[exception], TODAY);
    assert_eq!(with(exception.clone()).obstacles(catalogue(), true, "a", "b"), []);
    for wrong in [
        Exception { who: " ".to_owned(), ..exception.clone() },
        Exception { why: String::new(), ..exception.clone() },
        Exception { until: date!(2026 - 11 - 25), ..exception.clone() },
        Exception { until: date!(2028 - 01 - 01), ..exception.clone() },
        Exception { signed: date!(2026 - 12 - 01), ..exception.clone() },
        Exception { question: Question::Access, ..exception.clone() },
    ] {
        assert_eq!(with(wrong.clone()).obstacles(catalogue(), true, "a", "b").len(), 1, "{wrong:?}");
    }
    let approval = with(exception).approve(catalogue(), true, "a", "b").unwrap();
    assert!(approval.rests_on.contains(&"exception:logging".to_owned()));
    assert_eq!(approval.lapses(catalogue(), &dossier, date!(2026 - 12 - 31)), []);
    assert_eq!(approval.lapses(catalogue(), &dossier, date!(2027 - 01 - 01)), [Lapse::Question(Question::Logging)]);
}

#[test]
fn p10_who_asks_does_not_approve_and_what_is_too_thin_is_not_approved() {
    let found = Assessment::of(catalogue(), &dossier(CHAT), &[], TODAY);
    assert_eq!(found.approve(catalogue(), true, "ann", "ann").unwrap_err(), [Obstacle::SamePerson]);
    assert!(found.approve(catalogue(), true, "ann", "bob").is_ok());
    // The same facts, for a system that acts alone: its tier asks for more than is known.
    let mut alone = dossier(CHAT);
    alone.intake.autonomy = Autonomy::new(5);
    let found = Assessment::of(catalogue(), &alone, &[], TODAY);
    assert_eq!(found.tier.tier, Tier::Critical);
    let obstacles = found.approve(catalogue(), true, "ann", "bob").unwrap_err();
    assert!(matches!(
        obstacles.as_slice(),
        [Obstacle::Coverage { needs: 95, .. }, Obstacle::Confidence { needs: 60, .. }]
    ));
    // With a gate that is not passed it can be approved for other data, if the questions are settled.
    let mut trains = dossier(CHAT);
    trains.facts.insert("trains_on_data".to_owned(), Fact::stated(Value::Truth(true)));
    let found = Assessment::of(catalogue(), &trains, &[], TODAY);
    assert_eq!(found.approve(catalogue(), true, "ann", "bob").unwrap_err(), [Obstacle::Gate("training".to_owned())]);
    assert!(!found.approve(catalogue(), false, "ann", "bob").unwrap().for_phi);
}

#[test]
fn c28_an_approval_lapses_with_a_fact_and_the_other_way_to_meet_a_need_does_not_save_it() {
    let dossier = dossier(CHAT);
    let approval = Assessment::of(catalogue(), &dossier, &[], TODAY).approve(catalogue(), true, "ann", "bob").unwrap();
    assert!(["contract", "mfa", "retention_days"].iter().all(|name| approval.rests_on.contains(&(*name).to_owned())));
    assert!(!approval.rests_on.contains(&"base_model".to_owned()));
    let mut other = dossier.clone();
    other.facts.remove("contract");
    other.facts.insert("no_outside_party".to_owned(), Fact { grade: Grade::A, ..Fact::stated(Value::Truth(true)) });
    let lapses = approval.lapses(catalogue(), &other, TODAY);
    assert_eq!(lapses, [Lapse::Fact { fact: "contract".to_owned(), why: "it is unknown".to_owned() }]);
    let late = approval.lapses(catalogue(), &dossier, date!(2029 - 01 - 01));
    assert!(late.contains(&Lapse::Review(date!(2028 - 11 - 26))), "{late:?}");
    // It is kept as a record and read again.
    let kept = serde_json::to_string(&approval).unwrap();
    assert_eq!(serde_json::from_str::<asepsis_govern::Approval>(&kept).unwrap(), approval);
}

#[test]
fn c19_no_template_counts_for_anything_before_somebody_fills_it() {
    assert_eq!(templates().len(), 8);
    for template in templates() {
        let dossier = template.dossier("system", "vendor");
        let found = Assessment::of(catalogue(), &dossier, &[], TODAY);
        assert_eq!((found.coverage.met, found.cap), (0, Cap::NotForPhi), "{}", template.name);
        assert!(found.approve(catalogue(), false, "a", "b").is_err());
        assert!(found.rests_on.is_empty());
        for (name, fact) in &template.facts {
            assert_eq!(fact.grade, Grade::U, "{}: {name}", template.name);
            let kind = catalogue().fact(name).unwrap_or_else(|| panic!("{}: {name}", template.name));
            assert!(fact.value.as_ref().is_none_or(|value| kind.value.fits(value)), "{}: {name}", template.name);
        }
    }
}

#[test]
fn a_vendor_is_asked_what_is_its_own_and_a_fact_of_a_wrong_kind_is_unknown() {
    let found = Assessment::of(catalogue(), &Dossier::of_vendor("acme"), &[], TODAY);
    assert!(found.figures.iter().all(|figure| catalogue().fact(&figure.fact).unwrap().of == Subject::Vendor));
    let gates: Vec<_> = found.gates.iter().map(|gate| gate.id.as_str()).collect();
    assert_eq!(gates, ["breach-notice", "encryption"]);
    let mut dossier = dossier(CHAT);
    for (name, value) in [
        ("mfa", Value::Text("perhaps".to_owned())),
        ("retention_days", Value::Truth(true)),
        ("nonsense", Value::Number(1)),
    ] {
        dossier.facts.insert(name.to_owned(), Fact { grade: Grade::A, ..Fact::stated(value) });
        let known = dossier.known(catalogue(), name, TODAY);
        assert!(known.value.is_none() && known.why.is_some(), "{name}");
    }
    let wrong = toml::from_str::<Dossier>(&CHAT.replace("grade = \"A\"", "grad = \"A\"")).unwrap_err().to_string();
    assert!(wrong.contains("a table of value, grade"), "{wrong}");
    assert!(
        toml::from_str::<Dossier>(&CHAT.replace("autonomy = 1", "autonomy = 6"))
            .unwrap_err()
            .to_string()
            .contains("acts alone")
    );
}

#[test]
fn a_page_of_hostile_text_stays_a_page() {
    let mut dossier = dossier(CHAT);
    let hostile = "x | y\n\n# Approved\n<script>alert(1)</script> [a](javascript:1)";
    dossier.facts.insert("known_risks".to_owned(), Fact::stated(Value::Text(hostile.to_owned())));
    let page = asepsis_govern::markdown(&Assessment::of(catalogue(), &dossier, &[], TODAY), catalogue());
    let escaped = page.replace("\\<", "").replace("\\[", "");
    assert!(!page.contains("\n# Approved") && page.contains("x \\| y") && !escaped.contains(['<', '[']), "{page}");
}
