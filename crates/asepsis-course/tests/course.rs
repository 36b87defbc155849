//! Lessons: what a file must hold, how answers are marked, and for how long that counts.

use std::collections::BTreeSet;

use asepsis_course::{Course, CourseFault, Passed, Standing, shipped};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

fn file(changes: &[(&str, &str)]) -> String {
    let mut file = "+++\nid = \"one\"\ntitle = \"One\"\nversion = 2\nroles = [\"nurse\"]\nminutes = 3\npass = 80\nvalid_days = 365\n\n\
                    [[source]]\ncite = \"45 CFR 164.308(a)(5)(i)\"\nsays = \"training\"\nas_of = \"2026-11-25\"\n"
        .to_owned();
    for question in 1..=5 {
        file += &format!(
            "\n[[question]]\nask = \"Question {question}?\"\nanswers = [\"a\", \"b\", \"c\"]\nright = [2, 3]\nwhy = \"Because.\"\n"
        );
    }
    file += "+++\n# A lesson\n";
    for (from, to) in changes {
        assert!(file.contains(from), "{from}");
        file = file.replacen(from, to, 1);
    }
    file
}

fn right(course: &Course) -> Vec<BTreeSet<usize>> {
    course.questions.iter().map(|question| question.right.clone()).collect()
}

#[test]
fn r17_every_shipped_course_can_be_read_passed_and_failed() {
    let courses = shipped().expect("they are whole");
    let ids: BTreeSet<_> = courses.iter().map(|course| course.id.as_str()).collect();
    assert_eq!(ids, ["devices", "entering-data", "false-advice", "hidden-instructions", "reporting"].into());
    for course in &courses {
        assert!(course.grade(&right(course)).passed, "{}", course.id);
        // Whoever ticks the same box everywhere, or every box, has read nothing.
        for box_ in 1..=4 {
            assert!(!course.grade(&vec![[box_].into(); course.questions.len()]).passed, "{}: always {box_}", course.id);
        }
        let every: Vec<_> = course.questions.iter().map(|q| (1..=q.answers.len()).collect()).collect();
        assert!(!course.grade(&every).passed, "{}", course.id);
        assert!(course.sources.iter().all(|source| source.as_of.len() == 10), "{}", course.id);
    }
}

#[test]
fn r17_the_pass_mark_is_met_exactly_and_never_rounded() {
    let course = Course::parse(&file(&[])).expect("a course");
    let mut answers = right(&course);
    assert_eq!(course.grade(&answers).right, 5);
    answers[4] = [2].into();
    let graded = course.grade(&answers);
    assert_eq!((graded.right, graded.of, graded.passed), (4, 5, true));
    assert_eq!(graded.missed.iter().map(|m| m.number).collect::<Vec<_>>(), [5]);
    assert_eq!(graded.missed[0].question.why, "Because.");
    answers[0] = [1, 2, 3].into();
    assert!(!course.grade(&answers).passed);
    // What was left out is wrong, and more answers than questions help nobody.
    assert!(!course.grade(&right(&course)[..3]).passed);
    assert!(!course.grade(&[]).passed);
    let higher = Course::parse(&file(&[("pass = 80", "pass = 81")])).expect("a course");
    assert!(!higher.grade(&[right(&course)[..4].to_vec(), vec![[1].into()]].concat()).passed);
}

#[test]
fn r17_it_counts_until_the_last_day_and_not_a_second_longer() {
    let course = Course::parse(&file(&[])).expect("a course");
    let at = datetime!(2026-03-01 12:00 UTC);
    let passed = Passed { course: "one".to_owned(), version: 2, at };
    let until = datetime!(2027-03-01 12:00 UTC);
    assert_eq!(passed.standing(&course, at), Standing::Current { until });
    assert_eq!(passed.standing(&course, until - Duration::SECOND), Standing::Current { until });
    assert_eq!(passed.standing(&course, until), Standing::Lapsed { since: until });
    // A clock that jumped back: what was passed later proves nothing now.
    assert_eq!(passed.standing(&course, at - Duration::SECOND), Standing::Missing);
    let older = Passed { version: 1, ..passed.clone() };
    assert_eq!(older.standing(&course, at), Standing::Older);
    let newer = Passed { version: 3, ..passed.clone() };
    assert!(newer.standing(&course, at).is_current(), "a newer version holds what an older one asks");
    let other = Passed { course: "two".to_owned(), ..passed.clone() };
    assert_eq!(other.standing(&course, at), Standing::Missing);
    // The best of all counts.
    let again = Passed { at: at + Duration::days(300), ..passed.clone() };
    let now = until + Duration::days(1);
    assert!(course.standing([&passed, &again, &older], now).is_current());
    assert_eq!(course.standing([&older, &other], now), Standing::Older);
    assert_eq!(course.standing([], now), Standing::Missing);
    let last = Passed { at: OffsetDateTime::from_unix_timestamp(253_402_300_799).expect("year 9999"), ..passed };
    assert_eq!(last.standing(&course, now), Standing::Missing);
}

#[test]
fn a_course_is_for_its_roles_or_for_everybody() {
    let course = Course::parse(&file(&[])).expect("a course");
    assert!(course.is_for("nurse") && !course.is_for("clinician"));
    let all = Course::parse(&file(&[("[\"nurse\"]", "[\"*\"]")])).expect("a course");
    assert!(all.is_for("clinician"));
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let said = |changes: &[(&str, &str)]| Course::parse(&file(changes)).expect_err("a fault").to_string();
    for (from, to, part) in [
        ("+++\nid", "id", "must begin with a line `+++`"),
        ("+++\n# A", "# A", "a second one"),
        ("# A lesson", " ", "no text"),
        ("minutes = 3", "minuets = 3", "line 6: unknown field `minuets`"),
        ("pass = 80", "pass = \"80\"", "line 7: invalid type"),
        ("pass = 80", "pass = 0", "pass: 1 to 100"),
        ("pass = 80", "pass = 101", "pass: 1 to 100"),
        ("valid_days = 365", "valid_days = 0", "valid_days: 1 to 3660"),
        ("id = \"one\"", "id = \"One course\"", "id: 1 to 64"),
        ("version = 2", "version = 0", "version: a number from 1 on"),
        ("[\"nurse\"]", "[]", "roles: at least one"),
        ("right = [2, 3]", "right = []", "question 1, right"),
        ("right = [2, 3]", "right = [4]", "question 1, right"),
        ("right = [2, 3]", "right = [0]", "question 1, right"),
        ("[\"a\", \"b\", \"c\"]", "[\"a\", \"b\", \"a\"]", "question 1, answers: each only once"),
        ("why = \"Because.\"", "why = \" \"", "question 1, ask and why"),
    ] {
        assert!(said(&[(from, to)]).contains(part), "{from} -> {to}: {}", said(&[(from, to)]));
    }
    let long = file(&[("# A lesson", &"x".repeat(70_000))]);
    assert!(matches!(Course::parse(&long), Err(CourseFault::TooLong { .. })));
    // Lines of Windows are lines.
    Course::parse(&file(&[]).replace('\n', "\r\n")).expect("a course");
}
