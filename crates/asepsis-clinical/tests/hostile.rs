//! Texts that are made to cost time or memory: read up to the limit, in time that grows with their length.

use std::time::{Duration, Instant};

use asepsis_clinical::{Checks, Context, Piece, Tables};
use asepsis_vocab::Origin;

/// Far above what is needed, so that a busy machine does not fail; a quadratic way would take hours.
const AMPLE: Duration = Duration::from_secs(60);
const SIZE: usize = 10 << 20;

#[test]
fn r19_ten_megabytes_of_anything_are_bounded() {
    let checks = Checks::new(Tables::shipped());
    let units = [
        "7",
        "mg ",
        "1 mg ",
        "lisinopril 1 mg ",
        "one ",
        "one hundred and ",
        "a ",
        ". ",
        "deep",
        "-",
        "1-",
        "é",
        "\n",
        "no fever ",
        "allergies: ",
        "allergic to penicillin ",
        "LOINC 2345-8 ",
        "LOINC ",
        "{",
        "\"code\" unitsofmeasure {",
        "10.1000/",
        "10.1000/(",
        "doi:",
        "NCT",
        "ISBN 9",
        "^LN",
        "MRN 1",
        "DOB ",
        "50-year-old ",
        "left knee ",
        "stop ",
        "AllergyIntolerance ",
        "1/2/",
        "1 to ",
        "point ",
        "mg/",
        "every 6 ",
        "1,000,",
        "q.d. ",
        "chest pain? ",
        "AL1|",
    ];
    for unit in units {
        let text = unit.repeat(SIZE / unit.len());
        let start = Instant::now();
        let context = Context::of(&[Piece::new(&text, Origin::Document)]).patient_facing(true).summary(true);
        let review = checks.examine(&text, &context);
        assert!(start.elapsed() < AMPLE, "{unit:?} took {:?}", start.elapsed());
        assert!(review.flags.len() <= 2002, "{unit:?}: {}", review.flags.len());
        assert!(review.looked.not_read > 8 << 20, "{unit:?}");
        let last =
            review.flags.iter().find(|flag| flag.rule == "limit/not-read").expect("it says what it did not read");
        assert_eq!(last.span.end, text.len());
    }
}

#[test]
fn r19_many_pieces_are_read_up_to_the_limit() {
    let text = "Lisinopril 20 mg daily. ".repeat(40_000);
    let pieces: Vec<_> = (0..64).map(|_| Piece::new(&text, Origin::Document)).collect();
    let context = Context::of(&pieces);
    assert!(Checks::new(Tables::shipped()).review("Lisinopril 20 mg daily.", &context).is_empty());
}

#[test]
fn r19_marks_do_not_crowd_out_what_is_held() {
    let checks = Checks::new(Tables::shipped());
    let context = Context::of(&[]).patient_facing(true);
    let answer = format!("{}Stop your insulin.", "Aspirin 81 mg. ".repeat(5_000));
    let review = checks.examine(&answer, &context);
    assert!(review.flags.iter().any(|flag| flag.rule == "advice/stop-drug"));
    assert!(review.flags.iter().any(|flag| flag.rule == "limit/flags-left-out"));
    assert_eq!(review.looked.flags_left_out, 4_000);
}
