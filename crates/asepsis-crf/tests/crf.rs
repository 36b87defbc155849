//! A small language with names in it is learnt, kept in a file, and learnt the same way every time.

#![allow(clippy::unwrap_used, reason = "tests")]

use asepsis_crf::{Feature, Model, Sequences, States, Tagging, Trainer, TrainerOptions};

fn hash(kind: u64, value: &str) -> Feature {
    let mut h = 0xcbf2_9ce4_8422_2325 ^ kind;
    for b in value.bytes() {
        h = (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3);
    }
    Feature::of(h.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29).wrapping_mul(0xBF58_476D_1CE4_E5B9))
}

/// "mr" begins a name of one or two words of capitals; nothing else does.
fn sentences() -> Vec<Vec<(&'static str, usize)>> {
    let mut out = Vec::new();
    for name in ["Reed", "Smith", "Tran", "Okafor", "Silva", "Kim"] {
        out.push(vec![("seen", 0), ("by", 0), ("mr", 0), (name, 1), ("today", 0)]);
        out.push(vec![("mr", 0), ("Anna", 1), (name, 2), ("denies", 0), ("Pain", 0)]);
        out.push(vec![("Pain", 0), ("and", 0), ("Fever", 0), ("today", 0)]);
    }
    out
}

fn features(words: &[&str], t: usize) -> Vec<Feature> {
    let before = if t > 0 { words[t - 1] } else { "^" };
    let shape = if words[t].starts_with(char::is_uppercase) { "A" } else { "a" };
    vec![hash(1, words[t]), hash(2, before), hash(3, shape), hash(4, &format!("{before}|{shape}"))]
}

fn trained() -> Model {
    let states = States::new(["O", "B-NAME", "I-NAME"]).unwrap();
    let mut sequences = Sequences::new();
    for sentence in sentences() {
        let words: Vec<&str> = sentence.iter().map(|w| w.0).collect();
        for (t, (_, state)) in sentence.iter().enumerate() {
            sequences.position(&features(&words, t), *state);
        }
        sequences.end();
    }
    let mut trainer = Trainer::new(states, TrainerOptions { least: 1, epochs: 20, ..TrainerOptions::default() });
    trainer.learn(&sequences);
    trainer.model()
}

fn tag(model: &Model, words: &[&str]) -> Vec<usize> {
    let mut tagging = Tagging::new(model, words.len());
    for t in 0..words.len() {
        tagging.position(&model.sums(&features(words, t)));
    }
    let found = tagging.finish();
    let best = |l: &[f32; 16]| (0..3).max_by(|&a, &b| l[a].total_cmp(&l[b])).unwrap();
    let mut states = Vec::new();
    for t in 0..words.len() {
        let lanes = found.at(t);
        let sum: f32 = lanes.0.iter().sum();
        assert!((sum - 1.0).abs() < 1e-4, "probabilities add up to {sum}");
        states.push(best(&lanes.0));
    }
    states
}

#[test]
fn names_that_were_never_seen_are_found_by_what_stands_before_them() {
    let model = trained();
    assert_eq!(tag(&model, &["seen", "by", "mr", "Zubrowka", "today"]), [0, 0, 0, 1, 0]);
    assert_eq!(tag(&model, &["Pain", "and", "Fever"]), [0, 0, 0]);
}

#[test]
fn a_model_is_the_same_after_a_file_and_after_training_again() {
    let (model, again) = (trained(), trained());
    let bytes = model.to_bytes();
    assert_eq!(bytes, again.to_bytes());
    let read = Model::from_bytes(&bytes).unwrap();
    assert_eq!(read.to_bytes(), bytes);
    let words = ["mr", "Anna", "Reed", "denies"];
    assert_eq!(tag(&read, &words), tag(&model, &words));
}

#[test]
fn a_model_goes_on_learning() {
    let model = trained();
    assert_eq!(tag(&model, &["Pain", "and", "Fever"]), [0, 0, 0]);
    let mut sequences = Sequences::new();
    for _ in 0..3 {
        let words = ["from", "Fever", "today"];
        for (t, state) in [0, 1, 0].into_iter().enumerate() {
            sequences.position(&features(&words, t), state);
        }
        sequences.end();
    }
    let options = TrainerOptions { least: 1, epochs: 10, dropout: 0.0, ..TrainerOptions::default() };
    let mut trainer = Trainer::from_model(&model, options, 1.0);
    trainer.learn(&sequences);
    let better = trainer.model();
    assert_eq!(tag(&better, &["from", "Fever", "today"]), [0, 1, 0]);
    assert_eq!(tag(&better, &["seen", "by", "mr", "Zubrowka", "today"]), [0, 0, 0, 1, 0]);
}

#[test]
fn a_file_that_is_cut_or_changed_is_refused_with_the_place() {
    let bytes = trained().to_bytes();
    for cut in [0, 7, 12, 30, 100, 1000, bytes.len() - 1] {
        assert!(Model::from_bytes(&bytes[..cut]).is_err(), "cut at {cut}");
    }
    let mut other = bytes.clone();
    other[3] ^= 1;
    assert!(Model::from_bytes(&other).unwrap_err().to_string().contains("the first eight bytes"));
    let mut more = bytes;
    more.push(0);
    assert!(Model::from_bytes(&more).unwrap_err().to_string().contains("the rows"));
}
