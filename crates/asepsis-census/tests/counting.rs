//! Counting where it is known what stands where: `{NAME|Martha Collins}` is a name, `{BIRTH|...}` a date of birth.

use asepsis_census::{Census, Individuals, Key, Part, People};
use asepsis_vocab::{Confidence, Detail, Evidence, EvidenceKind, Finding, IdentifierClass, Span};

/// The text without its marks, and the findings that they stand for.
fn marked(text: &str) -> (String, Vec<Finding>) {
    let (mut plain, mut findings) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        plain.push_str(before);
        let (mark, after) = behind.split_once('}').expect("a closing bracket");
        let (class, value) = mark.split_once('|').expect("a class and a value");
        let (class, detail) = match class {
            "BIRTH" => (IdentifierClass::Date, Detail::Birth),
            class => (class.parse().expect("a class"), Detail::Unspecified),
        };
        findings.push(Finding {
            span: Span::new(plain.len(), plain.len() + value.len()),
            class,
            detail,
            confidence: Confidence::CERTAIN,
            detector: "test",
            evidence: Evidence { kind: EvidenceKind::Cue, note: "a test" },
        });
        plain.push_str(value);
        rest = after;
    }
    plain.push_str(rest);
    (plain, findings)
}

fn people(text: &str) -> People {
    let (text, findings) = marked(text);
    People::of(&Key::new([3; 16]), &[Part { text: &text, record: None, field: None, findings: &findings }])
}

fn count(documents: &[&str]) -> Individuals {
    let mut census = Census::default();
    for document in documents {
        census.count(&people(document));
    }
    census.individuals()
}

fn exactly(n: u64) -> (u64, u64, u64) {
    (n, n, n)
}

fn bounds(i: Individuals) -> (u64, u64, u64) {
    (i.at_least, i.estimate, i.at_most)
}

#[test]
fn r4_one_patient_in_many_spellings_of_one_document_is_one() {
    let note = "Patient: {NAME|COLLINS, MARTHA J.}\nDOB: {BIRTH|03/14/1951}  MRN: {MRN|4471902}\n\n\
        {NAME|Martha Collins} is seen by Dr. {NAME|Amy Reed}. Mrs. {NAME|Collins} feels well. {NAME|Martha}'s husband \
        {NAME|John Collins} drives. {NAME|M. Collins} signed.\nSigned by {NAME|A. Reed}, MD";
    let individuals = count(&[note]);
    assert_eq!(bounds(individuals), exactly(2), "the patient and the husband");
    assert_eq!((individuals.with_record, individuals.professionals), (1, 1));
}

#[test]
fn r4_documents_of_one_patient_meet_by_number_and_by_name_with_date_of_birth() {
    let documents = [
        "Patient: {NAME|Martha Collins}, DOB {BIRTH|03/14/1951}, MRN {MRN|TB-4471902}",
        "{NAME|Collins, Martha} born {BIRTH|March 14, 1951}",
        "MRN {MRN|TB4471902}: no show",
        "{NAME|Martha Jane Collins}, SSN {SSN|219-09-8877}, {BIRTH|1951-03-14}",
        "SSN {SSN|219 09 8877} on file",
    ];
    assert_eq!(bounds(count(&documents)), exactly(1));
}

#[test]
fn r4_namesakes_are_told_apart_by_number_or_date_of_birth() {
    let born = [
        "{NAME|John Smith}, {BIRTH|01/02/1950}",
        "{NAME|John Smith}, {BIRTH|07/09/1981}",
        "{NAME|John Smith}, {BIRTH|1/2/50}",
    ];
    assert_eq!(bounds(count(&born)), exactly(2));
    let numbered = count(&["{NAME|John Smith} MRN {MRN|100200}", "{NAME|John Smith} MRN {MRN|100300}"]);
    assert_eq!((numbered.estimate, numbered.at_most), (2, 2));
    // One person may have two record numbers, of two houses.
    assert_eq!(numbered.at_least, 1);
}

#[test]
fn p14_without_numbers_the_bounds_say_what_is_not_known() {
    let bare = count(&[
        "{NAME|John Smith} called.",
        "{NAME|John Smith} was seen.",
        "Mr. {NAME|Smith} came.",
        "{NAME|Ana Ruiz}",
    ]);
    assert_eq!(bounds(bare), (2, 2, 4));
    let one_is_known = count(&["{NAME|John Smith}, {BIRTH|01/02/1950}", "{NAME|John Smith} was seen."]);
    assert_eq!(bounds(one_is_known), (1, 1, 2));
}

#[test]
fn p14_rows_of_a_table_are_people_also_where_they_have_no_name_or_the_same() {
    let named = "name,dob,mrn\n{NAME|John Smith},{BIRTH|1950-01-02},{MRN|100200}\n{NAME|John Smith},{BIRTH|1981-07-09},{MRN|100300}\n\
        {NAME|Ana Ruiz},{BIRTH|1990-05-06},{MRN|100400}\n";
    assert_eq!(bounds(count(&[named])), exactly(3));
    assert_eq!(bounds(count(&["mrn\n{MRN|100200}\n{MRN|100300}\n{MRN|100400}\n"])), exactly(3));
    let columns = "last,first,mrn\n{NAME|Smith},{NAME|John},{MRN|100200}\n{NAME|Ruiz},{NAME|Ana},{MRN|100300}\n";
    assert_eq!(bounds(count(&[columns])), exactly(2));
}

#[test]
fn p14_blocks_of_one_document_keep_their_own_numbers() {
    let list = "Patient: {NAME|Martha Collins}\nDOB: {BIRTH|03/14/1951}\nMRN: {MRN|4471902}\nMother: {NAME|Ada Cole}\n\n\
        Patient: {NAME|John Cole}\nMRN: {MRN|4471903}\n";
    let individuals = count(&[list]);
    assert_eq!((individuals.estimate, individuals.with_record), (3, 2));
    assert_eq!(bounds(count(&[list, "MRN {MRN|4471902}", "MRN {MRN|4471903}"])), exactly(3));
}

#[test]
fn p14_a_second_number_beside_one_name_widens_the_bounds_and_not_the_estimate() {
    let note = "Patient: {NAME|Martha Collins}\nMRN: {MRN|4471902}\nAccession {MRN|99120034}\n";
    assert_eq!(bounds(count(&[note])), (1, 1, 2));
    // Elsewhere it is somebody's.
    assert_eq!(bounds(count(&[note, "{NAME|Ana Ruiz} MRN {MRN|99120034}"])), exactly(2));
}

#[test]
fn p14_members_of_a_family_share_the_number_of_a_plan() {
    let individuals =
        count(&["{NAME|Ana Ruiz} member {HEALTH_PLAN|XK99812}", "{NAME|Leo Ruiz} member {HEALTH_PLAN|XK99812}"]);
    assert_eq!(individuals.estimate, 2);
}

#[test]
fn p14_given_and_family_name_in_fields_of_one_record_are_one_person() {
    let key = Key::new([3; 16]);
    let (given, family) = (marked("{NAME|Martha}"), marked("{NAME|Collins}"));
    let (other_given, other_family) = (marked("{NAME|Ana}"), marked("{NAME|Ruiz}"));
    let part = |(text, findings): &'static (String, Vec<Finding>), record, field| Part {
        text,
        record: Some(record),
        field: Some(field),
        findings,
    };
    let leak = |m: (String, Vec<Finding>)| -> &'static (String, Vec<Finding>) { Box::leak(Box::new(m)) };
    let parts = [
        part(leak(given), "/0", "first_name"),
        part(leak(family), "/0", "last_name"),
        part(leak(other_family), "/1", "family"),
        part(leak(other_given), "/1", "given"),
    ];
    let mut census = Census::default();
    census.count(&People::of(&key, &parts));
    census.count(&people("{NAME|Martha Collins} and {NAME|Ana Ruiz}"));
    assert_eq!(census.individuals().estimate, 2);
}

#[test]
fn r4_what_is_kept_holds_no_name_and_no_number() {
    let kept =
        people("Patient: {NAME|Martha Collins}, DOB {BIRTH|03/14/1951}, MRN {MRN|TB-4471902}, SSN {SSN|219-09-8877}");
    let mut census = Census::default();
    census.count(&kept);
    let shown = format!("{kept:?} {census:?} {:?}", Key::new(*b"a secret key....")).to_lowercase();
    for secret in ["martha", "collins", "4471902", "219098877", "03-14-51", "secret"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    // Another key, another hash: those of two runs cannot be put side by side.
    let (text, findings) = marked("SSN {SSN|219-09-8877}");
    let of = |key: [u8; 16]| {
        let part = Part { text: &text, record: None, field: None, findings: &findings };
        format!("{:?}", People::of(&Key::new(key), &[part]))
    };
    assert!(of([3; 16]) == of([3; 16]) && of([3; 16]) != of([4; 16]));
}

#[test]
fn p14_a_table_of_many_thousand_rows_is_counted_in_bounded_time() {
    let rows: String = (0..20_000)
        .map(|i| {
            format!(
                "{{NAME|Given{} Family{}}},{{BIRTH|19{:02}-01-02}},{{MRN|{}}}\n",
                i % 150,
                i % 400,
                i % 90,
                100_000 + i
            )
        })
        .collect();
    let individuals = count(&[&rows]);
    assert_eq!((individuals.estimate, individuals.at_most), (20_000, 20_000));

    // Each of these would take minutes if the time grew with the square of the document.
    let namesakes: String = (0..20_000).map(|i| format!("{{NAME|John Smith}} {{MRN|{}}}\n", 100_000 + i)).collect();
    assert_eq!(count(&[&namesakes]).estimate, 20_000);
    let one = "{NAME|John Smith} ".repeat(20_000) + &"{NAME|Smith}\n".repeat(20_000);
    assert_eq!(count(&[&one]).estimate, 1);
    // A line that is the whole document, as JSON on one line is.
    let line: String = (0..50_000)
        .map(|i| format!("{{NAME|Given{i} Family{i}}} {{MRN|{}}} in the same room, ", 100_000 + i))
        .collect();
    let (text, findings) = marked(&(" ".repeat(1 << 20) + &line));
    let field = "note_".repeat(1 << 16);
    for field in [None, Some(field.as_str())] {
        let mut census = Census::default();
        census
            .count(&People::of(&Key::new([3; 16]), &[Part { text: &text, record: None, field, findings: &findings }]));
        assert_eq!(bounds(census.individuals()), exactly(50_000));
    }
}

/// Numbers that look like chance and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// Documents of `patients`, of one to five each: names in many spellings and among them namesakes, numbers and dates of birth not
/// in all of them, clinicians, relatives. Gives also how many patients and relatives there are.
fn messy(patients: u64, seed: u64) -> (Vec<String>, u64) {
    let mut dice = Dice(seed);
    let (mut documents, mut truth) = (Vec::new(), 0);
    for i in 0..patients {
        let (given, family) = (format!("Given{}", dice.below(120)), format!("Family{}", dice.below(300)));
        let birth = format!("{:02}/{:02}/19{:02}", 1 + dice.below(12), 1 + dice.below(28), 20 + dice.below(80));
        let mrn = format!("{}", 4_000_000 + i * 17);
        let relative = dice.chance(25).then(|| format!("Kin{} {family}", dice.below(400)));
        let mut named = false;
        for _ in 0..=dice.below(5) {
            let name = match dice.below(4) {
                0 => format!("{}, {}", family.to_uppercase(), given.to_uppercase()),
                1 => format!("{given} Q. {family}"),
                2 => format!("Mr. {given} {family}"),
                _ => format!("{given} {family}"),
            };
            let mut text = format!("Patient: {{NAME|{name}}}\n");
            if dice.chance(60) {
                text += &format!("DOB: {{BIRTH|{birth}}}\n");
            }
            if dice.chance(70) {
                text += &format!("MRN: {{MRN|{mrn}}}\n");
            }
            text += &format!("{{NAME|{given}}} was seen by Dr. {{NAME|Doc{} Tor}}.\n", dice.below(12));
            if let Some(relative) = relative.as_ref().filter(|_| dice.chance(80)) {
                text += &format!("Wife: {{NAME|{relative}}}\n");
                named = true;
            }
            documents.push(text);
        }
        // A relative who is never named is not there to be counted.
        truth += 1 + u64::from(named);
    }
    (documents, truth)
}

#[test]
#[expect(clippy::print_stderr, reason = "the figures are for who reads the log")]
fn p14_of_messy_documents_the_bounds_hold_the_truth_and_the_estimate_is_near() {
    for (patients, seed) in [(100, 1), (1_000, 2), (5_000, 3)] {
        let (documents, truth) = messy(patients, seed);
        let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
        let i = count(&documents);
        let error = 100.0 * (i.estimate as f64 - truth as f64) / truth as f64;
        eprintln!("{} documents, truth {truth}: {i:?}, error of the estimate {error:+.1} %", documents.len());
        assert!(i.at_least <= truth && truth <= i.at_most, "{i:?}, truth {truth}");
        assert!(error.abs() <= 3.0, "{i:?}, truth {truth}, error {error:+.1} %");
        assert_eq!(i.professionals, 12);
    }
}
