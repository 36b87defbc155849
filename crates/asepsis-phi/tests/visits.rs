//! Visits that were labelled by hand (`tests/gold`), in words that nothing here was trained on.

use std::path::Path;

use asepsis_phi::{Engine, Profile};
use asepsis_score::{Labelled, Score, covered, read_labelled};

/// The visits' texts whose names end so.
fn visits(kind: &str) -> Vec<Labelled> {
    let gold = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/gold/visits.jsonl");
    let all = read_labelled(&gold).expect("the labelled visits are in the repository");
    let some: Vec<_> = all.into_iter().filter(|text| text.id.ends_with(kind)).collect();
    assert_eq!(some.len(), 20);
    some
}

fn score(texts: &[Labelled]) -> Score {
    let engine = Engine::builder().profile(Profile::Balanced).build().expect("the shipped engine");
    let mut score = Score::default();
    for text in texts {
        score.add(text, &covered(&text.text, &engine.inspect_text(&text.text)));
    }
    score
}

/// What is asserted, for who reads the log.
fn said(score: &Score) -> String {
    format!(
        "leak {:.2} %, false words {:.2} in 1,000\nmissed: {:?}\nwrong: {:?}",
        score.leak() * 100.0,
        score.false_words(),
        score.missed,
        score.wrong
    )
}

#[test]
fn r5_every_name_in_the_notes_of_labelled_visits_is_wholly_covered() {
    let score = score(&visits("-note"));
    assert_eq!(score.by_label["NAME"][1], 0, "letters of names are visible; {}", said(&score));
    assert!(score.leak() <= 0.02, "{}", said(&score));
    assert!(score.false_words() <= 1.5, "{}", said(&score));
}

#[test]
fn r5_the_dialogues_of_labelled_visits_leak_at_most_eight_percent() {
    let score = score(&visits("-dialogue"));
    assert!(score.leak() <= 0.08, "{}", said(&score));
    assert!(score.false_words() <= 2.0, "{}", said(&score));
}

#[test]
fn the_marks_lie_on_words_and_do_not_overlap() {
    for text in visits("-note").iter().chain(&visits("-dialogue")) {
        let chars: Vec<char> = text.text.chars().collect();
        let mut before = 0;
        for span in &text.spans {
            assert!(before <= span.start && span.start < span.end && span.end <= chars.len(), "{}: {span:?}", text.id);
            let inside = |i: usize| chars.get(i).is_some_and(|c| c.is_alphanumeric());
            let cuts = |i: usize| i > 0 && inside(i - 1) && inside(i);
            assert!(!cuts(span.start) && !cuts(span.end), "{}: {span:?} cuts a word", text.id);
            before = span.end;
        }
    }
}
