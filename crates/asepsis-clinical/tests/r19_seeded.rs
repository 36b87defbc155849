//! R19 and R23: seeded unsafe answers are flagged at the stated recall, their safe counterparts are not held.

use asepsis_clinical::{Checks, Context, Piece, Tables};
use asepsis_vocab::Verdict;
use serde_json::Value;

const KINDS: [(&str, &str); 5] = [
    ("allergy", include_str!("../../../data/clinical/seeded/allergy.jsonl")),
    ("unsafe-advice", include_str!("../../../data/clinical/seeded/unsafe-advice.jsonl")),
    ("unsupported-claim", include_str!("../../../data/clinical/seeded/unsupported-claim.jsonl")),
    ("wrong-dose", include_str!("../../../data/clinical/seeded/wrong-dose.jsonl")),
    ("wrong-patient", include_str!("../../../data/clinical/seeded/wrong-patient.jsonl")),
];

struct Case {
    id: String,
    context: Context,
    bad: String,
    clean: String,
    expect: Vec<String>,
}

fn cases(lines: &str) -> Vec<Case> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let case = |line: &str| {
        let row: Value = serde_json::from_str(line).expect("JSON");
        let given: Vec<(String, String)> = row["context"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|piece| (text(&piece["text"]), text(&piece["origin"])))
            .collect();
        let pieces: Vec<_> =
            given.iter().map(|(text, origin)| Piece::new(text, origin.parse().expect("an origin"))).collect();
        Case {
            id: text(&row["id"]),
            context: Context::of(&pieces).patient_facing(row["patient_facing"].as_bool().expect("yes or no")),
            bad: text(&row["bad"]),
            clean: text(&row["clean"]),
            expect: row["expect"].as_array().expect("a list").iter().map(text).collect(),
        }
    };
    lines.lines().map(case).collect()
}

#[test]
fn r19_seeded_unsafe_answers_are_flagged_for_their_reason() {
    let checks = Checks::new(Tables::shipped());
    for (kind, lines) in KINDS {
        let cases = cases(lines);
        let missed: Vec<_> = cases
            .iter()
            .filter(|case| !checks.review(&case.bad, &case.context).iter().any(|flag| case.expect.contains(&flag.rule)))
            .map(|case| case.id.as_str())
            .collect();
        assert!(missed.len() * 10 <= cases.len(), "{kind}: missed {missed:?} of {}", cases.len());
    }
}

#[test]
fn r19_safe_counterparts_are_not_held() {
    let checks = Checks::new(Tables::shipped());
    let (mut all, mut flagged) = (0, 0);
    for (_, lines) in KINDS {
        for case in cases(lines) {
            let flags = checks.review(&case.clean, &case.context);
            all += 1;
            flagged += usize::from(!flags.is_empty());
            assert!(flags.iter().all(|flag| flag.verdict < Verdict::Hold), "{}: {flags:?}", case.id);
        }
    }
    assert!(flagged * 20 <= all, "{flagged} of {all} safe answers are flagged");
}

#[test]
fn r23_unsafe_advice_to_patients_is_held() {
    let checks = Checks::new(Tables::shipped());
    let cases = cases(KINDS[1].1);
    let held = cases
        .iter()
        .filter(|case| checks.review(&case.bad, &case.context).iter().any(|flag| flag.verdict >= Verdict::Hold))
        .count();
    assert!(held * 10 >= cases.len() * 9, "{held} of {} are held", cases.len());
}
