//! B12: worse evidence, an unknown, an earlier end, a withdrawn answer never makes any result better; and each result can be counted
//! again from what is printed.

use std::collections::BTreeMap;

use asepsis_govern::{
    Approval, Assessment, Autonomy, Cap, Contradiction, DataClass, Dossier, Evidence, EvidenceKind, Exception, Fact,
    Grade, Intake, Question, Safety, Share, Subject, Tier, Value, ValueKind, catalogue,
};
use proptest::prelude::*;
use proptest::sample::select;
use time::macros::date;
use time::{Date, Duration};

const TODAY: Date = date!(2026 - 11 - 26);

fn day() -> impl Strategy<Value = Date> {
    (-400_i64..400).prop_map(|days| TODAY + Duration::days(days))
}

fn grade() -> impl Strategy<Value = Grade> {
    select(vec![Grade::A, Grade::A, Grade::B, Grade::B, Grade::C, Grade::D, Grade::U])
}

/// A value that may fit, and mostly is as it should be.
fn value(kind: ValueKind) -> BoxedStrategy<Value> {
    let fitting = match kind {
        ValueKind::Truth => any::<bool>().prop_map(Value::Truth).boxed(),
        ValueKind::Number => select(vec![0, 30, 72, 1440, 4000]).prop_map(Value::Number).boxed(),
        ValueKind::Words => Just(Value::Words(vec!["us".to_owned()])).boxed(),
        ValueKind::Text => {
            select(vec!["none", "1.2", "customer", "what it is"]).prop_map(|t| Value::Text(t.to_owned())).boxed()
        }
        ValueKind::Day => day().prop_map(|day| Value::Text(day.to_string())).boxed(),
    };
    prop_oneof![9 => fitting, 1 => Just(Value::Text("nonsense".to_owned()))].boxed()
}

fn fact(kind: ValueKind) -> impl Strategy<Value = Fact> {
    let source = prop_oneof![Just(None), select(vec!["evidence:soc2", "evidence:baa", "evidence:gone"]).prop_map(Some)];
    (
        proptest::option::weighted(0.9, value(kind)),
        grade(),
        source,
        proptest::option::of(day()),
        proptest::option::of(day()),
    )
        .prop_map(|(value, grade, source, as_of, expires)| Fact {
            value,
            grade,
            source: source.map(str::to_owned),
            as_of,
            expires,
            ..Fact::default()
        })
}

fn intake() -> impl Strategy<Value = Intake> {
    let safety = select(vec![Safety::Administrative, Safety::Informs, Safety::Drives, Safety::LifeCritical]);
    let data = select(vec![
        DataClass::None,
        DataClass::Deidentified,
        DataClass::Limited,
        DataClass::Identified,
        DataClass::Special,
    ]);
    let autonomy = (1_u8..=5).prop_map(|level| Autonomy::new(level).expect("1 to 5"));
    (proptest::option::of(safety), proptest::option::of(data), proptest::option::of(autonomy))
        .prop_map(|(safety, data, autonomy)| Intake { safety, data, autonomy })
}

fn evidence() -> impl Strategy<Value = BTreeMap<String, Evidence>> {
    (day(), day()).prop_map(|(soc2, baa)| {
        let document = |kind, valid_to| Evidence {
            kind,
            issuer: "somebody".to_owned(),
            vendor: "vendor".to_owned(),
            systems: Default::default(),
            facts: Default::default(),
            valid_to: Some(valid_to),
        };
        BTreeMap::from([
            ("soc2".to_owned(), document(EvidenceKind::Soc2Type2, soc2)),
            ("baa".to_owned(), document(EvidenceKind::Agreement, baa)),
        ])
    })
}

fn dossier() -> impl Strategy<Value = Dossier> {
    let facts: Vec<_> = catalogue()
        .facts()
        .map(|kind| proptest::option::weighted(0.85, fact(kind.value)).prop_map(|fact| (kind.name.clone(), fact)))
        .collect();
    (any::<bool>(), intake(), facts, evidence()).prop_map(|(system, intake, facts, evidence)| Dossier {
        intake,
        facts: facts.into_iter().filter_map(|(name, fact)| Some((name, fact?))).collect(),
        evidence,
        subject: if system { Subject::System } else { Subject::Vendor },
        ..Dossier::of_system("system", "vendor")
    })
}

/// One thing made worse.
#[derive(Clone, Debug)]
enum Worse {
    Unknown(String),
    Withdrawn(String),
    Grade(String),
    NoGrade(String),
    Earlier(String, i64),
    Ends(String, Date),
    Later(String, Date),
    DocumentGone(String),
    DocumentEarlier(String, i64),
    Measured(String),
    Intake(u8),
}

fn worse() -> impl Strategy<Value = Worse> {
    let names: Vec<_> = catalogue().facts().map(|kind| kind.name.clone()).collect();
    let name = move || select(names.clone());
    let document = || select(vec!["soc2".to_owned(), "baa".to_owned()]);
    prop_oneof![
        name().prop_map(Worse::Unknown),
        name().prop_map(Worse::Withdrawn),
        name().prop_map(Worse::Grade),
        name().prop_map(Worse::NoGrade),
        (name(), 1_i64..500).prop_map(|(name, days)| Worse::Earlier(name, days)),
        (name(), day()).prop_map(|(name, day)| Worse::Ends(name, day)),
        (name(), day()).prop_map(|(name, day)| Worse::Later(name, day)),
        document().prop_map(Worse::DocumentGone),
        (document(), 1_i64..500).prop_map(|(name, days)| Worse::DocumentEarlier(name, days)),
        name().prop_map(Worse::Measured),
        (0_u8..3).prop_map(Worse::Intake),
    ]
}

fn worsen(dossier: &mut Dossier, how: &Worse) {
    let name = match how {
        Worse::Unknown(name)
        | Worse::Withdrawn(name)
        | Worse::Grade(name)
        | Worse::NoGrade(name)
        | Worse::Measured(name) => name,
        Worse::Earlier(name, _) | Worse::Ends(name, _) | Worse::Later(name, _) => name,
        Worse::DocumentGone(name) => {
            dossier.evidence.remove(name);
            return;
        }
        Worse::DocumentEarlier(name, days) => {
            if let Some(last) = dossier.evidence.get_mut(name).and_then(|document| document.valid_to.as_mut()) {
                *last -= Duration::days(*days);
            }
            return;
        }
        Worse::Intake(0) => return dossier.intake.safety = None,
        Worse::Intake(1) => return dossier.intake.data = None,
        Worse::Intake(_) => return dossier.intake.autonomy = None,
    };
    if let (Worse::Measured(_), Some(value)) = (how, dossier.facts.get(name).and_then(|fact| fact.value.clone())) {
        dossier.contradicted.push(Contradiction { fact: name.clone(), claimed: value, found: "otherwise".to_owned() });
        return;
    }
    if matches!(how, Worse::Withdrawn(_)) {
        dossier.facts.remove(name);
        return;
    }
    let Some(fact) = dossier.facts.get_mut(name) else { return };
    match how {
        Worse::Unknown(_) => fact.value = None,
        Worse::Grade(_) => {
            fact.grade = match fact.grade {
                Grade::A => Grade::B,
                Grade::B => Grade::C,
                Grade::C => Grade::D,
                Grade::D | Grade::U => Grade::U,
            }
        }
        Worse::NoGrade(_) => fact.grade = Grade::U,
        Worse::Earlier(_, days) => fact.expires = fact.expires.map(|last| last - Duration::days(*days)),
        Worse::Ends(_, day) => fact.expires = Some(fact.expires.map_or(*day, |last| last.min(*day))),
        Worse::Later(_, day) => fact.as_of = Some(fact.as_of.map_or(*day, |first| first.max(*day))),
        _ => {}
    }
}

fn no_better(before: &Assessment, after: &Assessment) -> Result<(), TestCaseError> {
    prop_assert!(after.tier.tier >= before.tier.tier);
    prop_assert!(after.cap >= before.cap);
    prop_assert!(!before.coverage.is_less(after.coverage), "coverage {:?} to {:?}", before.coverage, after.coverage);
    prop_assert!(!before.confidence.is_less(after.confidence), "{:?} to {:?}", before.confidence, after.confidence);
    prop_assert!(after.next_review <= before.next_review);
    for (was, is) in before.gates.iter().zip(&after.gates) {
        prop_assert!(was.passed || !is.passed, "the gate {} opened", is.id);
    }
    for (was, is) in before.questions.iter().zip(&after.questions) {
        prop_assert!(was.met || !is.met, "the question of {} is met now", is.question);
    }
    for name in &after.rests_on {
        prop_assert!(before.rests_on.contains(name), "{name} came to it");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn b12_nothing_that_is_made_worse_makes_a_result_better(dossier in dossier(), how in proptest::collection::vec(worse(), 1..4)) {
        let before = Assessment::of(catalogue(), &dossier, &[], TODAY);
        let mut poorer = dossier.clone();
        for how in &how {
            worsen(&mut poorer, how);
        }
        let after = Assessment::of(catalogue(), &poorer, &[], TODAY);
        no_better(&before, &after)?;
        // Nor does it take an obstacle away.
        let obstacles = |assessment: &Assessment| assessment.obstacles(catalogue(), true, "one", "two").len();
        prop_assert!(obstacles(&before) <= obstacles(&after));
    }

    #[test]
    fn b12_the_passing_of_time_improves_nothing_that_has_begun(dossier in dossier(), days in 1_i64..900) {
        let mut dossier = dossier;
        for fact in dossier.facts.values_mut() {
            fact.as_of = fact.as_of.map(|day| day.min(TODAY));
            if let Some(Value::Text(text)) = &fact.value
                && text.as_str() > "2026-11-26" && text.starts_with("202")
            {
                fact.value = None;
            }
        }
        let before = Assessment::of(catalogue(), &dossier, &[], TODAY);
        let after = Assessment::of(catalogue(), &dossier, &[], TODAY + Duration::days(days));
        prop_assert!(!before.coverage.is_less(after.coverage) && !before.confidence.is_less(after.confidence));
        prop_assert!(after.cap >= before.cap);
        for (was, is) in before.questions.iter().zip(&after.questions) {
            prop_assert!(was.met || !is.met);
        }
    }

    #[test]
    fn b12_every_number_can_be_counted_again_from_the_figures(dossier in dossier()) {
        let found = Assessment::of(catalogue(), &dossier, &[], TODAY);
        let count = |tier: Tier, counts: fn(&asepsis_govern::Figure) -> bool| {
            let asked: Vec<_> = found.figures.iter().filter(|figure| figure.from <= tier).collect();
            (asked.iter().filter(|figure| counts(figure)).count() as u32, asked.len() as u32)
        };
        let lowest = |counts: fn(&asepsis_govern::Figure) -> bool| {
            let tiers = Tier::ALL.into_iter().filter(|tier| *tier <= found.tier.tier);
            tiers.map(|tier| count(tier, counts)).min_by(|a, b| (a.0 * b.1).cmp(&(b.0 * a.1))).unwrap()
        };
        let same = |share: Share, (met, of): (u32, u32)| share.met * of == met * share.of;
        prop_assert!(same(found.coverage, lowest(|figure| figure.answered)));
        prop_assert!(same(found.confidence, lowest(|figure| figure.proven)));
        prop_assert_eq!(found.cap == Cap::None, found.gates.iter().all(|gate| gate.passed));
        prop_assert_eq!(found.tier.tier, found.tier.steps.iter().map(|step| step.tier).max().unwrap());
        // And the page has them all.
        let page = asepsis_govern::markdown(&found, catalogue());
        for figure in &found.figures {
            let line = format!("| {} | {} |", figure.fact, figure.from);
            prop_assert!(page.contains(&line), "{}", figure.fact);
        }
        for share in found.coverage_by_tier.iter().zip(&found.confidence_by_tier) {
            let line = format!("| {} | {} of {} | {} of {} |", share.0.tier, share.0.met, share.0.of, share.1.met, share.1.of);
            prop_assert!(page.contains(&line));
        }
    }

    #[test]
    fn c28_removing_any_fact_that_an_approval_rests_on_lapses_it(dossier in good(), signed in any::<bool>(), for_phi in any::<bool>()) {
        let exceptions = signed.then(|| exception(Question::Logging)).into_iter().collect::<Vec<_>>();
        let found = Assessment::of(catalogue(), &dossier, &exceptions, TODAY);
        let Ok(approval) = found.approve(catalogue(), for_phi, "one", "two") else { return Ok(()) };
        prop_assert_eq!(approval.lapses(catalogue(), &dossier, TODAY), vec![]);
        let last = approval.last_day(catalogue(), &dossier, TODAY);
        prop_assert_eq!(approval.lapses(catalogue(), &dossier, last), vec![]);
        prop_assert!(!approval.lapses(catalogue(), &dossier, last + Duration::DAY).is_empty());
        for name in approval.rests_on.iter().filter(|name| !name.starts_with("exception:")) {
            let mut without = dossier.clone();
            without.facts.remove(name);
            let lapses = approval.lapses(catalogue(), &without, TODAY);
            prop_assert!(lapses.iter().any(|lapse| lapse.to_string().contains(name.as_str())), "{name}: {lapses:?}");
        }
        let without = Approval { exceptions: Vec::new(), ..approval.clone() };
        prop_assert_eq!(without.lapses(catalogue(), &dossier, TODAY).is_empty(), approval.exceptions.is_empty());
    }
}

fn exception(question: Question) -> Exception {
    Exception {
        question,
        who: "the privacy officer".to_owned(),
        why: "the vendor delivers it in spring".to_owned(),
        signed: TODAY,
        until: TODAY + Duration::days(90),
    }
}

/// A dossier in which everything is known and as it should be, but for a random few.
fn good() -> impl Strategy<Value = Dossier> {
    let names: Vec<_> = catalogue().facts().map(|kind| kind.name.clone()).collect();
    let ends = proptest::collection::vec(proptest::option::of(1_i64..600), names.len());
    (proptest::collection::vec(select(names), 0..3), ends).prop_map(|(removed, ends)| {
        let mut dossier = best();
        for (fact, days) in dossier.facts.values_mut().zip(ends) {
            fact.expires = days.map(|days| TODAY + Duration::days(days));
        }
        for name in removed {
            dossier.facts.remove(&name);
        }
        dossier
    })
}

fn best() -> Dossier {
    let good = |kind: &asepsis_govern::FactKind| match kind.value {
        ValueKind::Truth => Value::Truth(kind.wants.is.unwrap_or(true)),
        ValueKind::Number => Value::Number(kind.wants.least.or(kind.wants.most).unwrap_or(0)),
        ValueKind::Words => Value::Words(vec!["us".to_owned()]),
        ValueKind::Text => Value::Text(kind.wants.among.first().cloned().unwrap_or_else(|| "as it is".to_owned())),
        ValueKind::Day => Value::Text("2026-09-01".to_owned()),
    };
    let fact = |kind: &asepsis_govern::FactKind| Fact { grade: Grade::A, ..Fact::stated(good(kind)) };
    Dossier {
        facts: catalogue().facts().map(|kind| (kind.name.clone(), fact(kind))).collect(),
        intake: Intake { safety: Some(Safety::Informs), data: Some(DataClass::Identified), autonomy: Autonomy::new(1) },
        ..Dossier::of_system("system", "vendor")
    }
}
