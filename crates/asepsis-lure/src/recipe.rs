//! The shipped table: what it is learnt from, and against what it is calibrated.

use std::borrow::Cow;
use std::path::Path;

use anyhow::Context;
use asepsis_guard::classifier::{Blocks, KNOTS, Table};
use asepsis_guard::{Carrier, Views, fields};
use asepsis_vocab::Channel;

use crate::chance::number;
use crate::corpus::{Part, abstracts, labelled, tagged, unlabelled};
use crate::lesson::Lesson;
use crate::quantile::Mix;
use crate::text::{Sample, sentences};
use crate::train::{Bag, Options, Weights};

/// How many attacks and benign texts of lessons are learnt from.
const LESSONS: usize = 60_000;
/// How many of each a sum is calibrated with; others than those learnt from.
const LESSONS_APART: usize = 6_000;
/// The most texts of a source that a sum is calibrated with.
const MOST: usize = 4_000;
/// Sentences without a context stand together in so many.
const TOGETHER: usize = 4;
/// The knots whose shares can be seen in the corpora; beyond, the tail goes on as it does there.
const SEEN: usize = 7;
/// 10^(-k/2).
const SHARES: [f64; SEEN] = [1.0, 0.316_227_766, 0.1, 0.031_622_776_6, 0.01, 0.003_162_277_66, 0.001];

/// Sources of benign texts that are left out one group after the other, to see what sums texts of an unknown source reach.
const GROUPS: [&[&str]; 6] = [
    &["MTS-Dialog", "aci-bench"],
    &["MedQuAD"],
    &["outis notes", "MEDDOCAN"],
    &["PubMedQA"],
    &["aug-hardneg"],
    &["aug-env"],
];

/// The corpora, and the lessons.
pub struct Recipe {
    /// Attacks and benign texts whose kind is known.
    pub samples: Vec<Sample>,
    lesson: Lesson,
}

impl Recipe {
    /// Reads `guard/dev.jsonl`, `guard/clinical-grammar.jsonl` and the notes of `phi/` under `data`; from the repository the
    /// lessons, general text, abstracts and WordNet's examples.
    ///
    /// # Errors
    /// If one of them cannot be read.
    pub fn read(data: &Path, root: &Path) -> anyhow::Result<Self> {
        let mut samples = labelled(&data.join("guard/dev.jsonl"))?;
        samples.extend(labelled(&data.join("guard/clinical-grammar.jsonl"))?);
        for (file, source) in
            [("notes-base", "outis notes"), ("notes-context", "outis notes"), ("meddocan-train", "MEDDOCAN")]
        {
            samples.extend(unlabelled(&data.join(format!("phi/{file}.jsonl")), source)?);
        }
        let training = root.join("data/training");
        let clinical = abstracts(&training.join("clinical-carriers.jsonl"), Part::Learn)?;
        samples.extend(clinical.into_iter().map(|text| benign("PubMedQA", "clinical", text)));
        let path = root.join("data/guard/examples.txt");
        let examples = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        samples.extend(together("WordNet", examples.lines()));
        for file in ["wikigold", "wnut17-train", "btc-f", "btc-g", "btc-h"] {
            let general = tagged(&training.join(format!("{file}.conll")))?;
            samples.extend(together(file, general.iter().map(String::as_str)));
        }
        Ok(Self { samples, lesson: Lesson::read(&root.join("data/guard/lesson"))? })
    }

    /// Sentences to put lessons between, of a part of the clinical texts.
    fn fillers(&self, part: Part) -> Vec<&str> {
        let clinical = self.samples.iter().filter(|s| clinical(s) && part_of(s) == part);
        clinical.flat_map(|s| sentences(&s.text)).collect()
    }

    /// Learns from every sample that may be learnt from and that `from` admits, and from lessons. What sums mean is left open.
    #[must_use]
    pub fn uncalibrated(&self, from: impl Fn(&Sample) -> bool, options: Options) -> Table {
        let lessons = self.lesson.texts(LESSONS, &self.fillers(Part::Learn), 5);
        let bags: Vec<Bag> = self.learnt(from).chain(&lessons).map(bag).collect();
        Weights::learn(&bags.iter().collect::<Vec<_>>(), options).table()
    }

    fn learnt(&self, from: impl Fn(&Sample) -> bool) -> impl Iterator<Item = &Sample> {
        self.samples.iter().filter(move |s| part_of(s) == Part::Learn && from(s))
    }

    /// Learns from every sample that may be learnt from, and from lessons; then calibrates with benign sources that are left out
    /// one group after the other.
    #[must_use]
    pub fn table(&self, options: Options) -> Table {
        let lessons = self.lesson.texts(LESSONS, &self.fillers(Part::Learn), 5);
        let bags: Vec<(&str, Bag)> =
            self.learnt(|_| true).chain(&lessons).map(|s| (s.source.as_str(), bag(s))).collect();
        let all: Vec<&Bag> = bags.iter().map(|(_, bag)| bag).collect();
        let mut table = Weights::learn(&all, options).table();
        let mut scores = Scores::default();
        for group in GROUPS {
            let rest: Vec<&Bag> = bags.iter().filter(|(s, b)| b.attack || !group.contains(s)).map(|(_, b)| b).collect();
            let without = Weights::learn(&rest, options).table();
            let mut left: Vec<&Sample> =
                self.samples.iter().filter(|s| !s.attack && group.contains(&s.source.as_str())).collect();
            left.sort_by_key(|s| number(&s.text));
            scores.0.extend(left.into_iter().take(MOST).map(|s| (s, worst(&without, &s.text))));
        }
        let apart = self.lesson.texts(LESSONS_APART, &self.fillers(Part::Calibrate), 6);
        scores.0.extend(apart.iter().filter(|s| !s.attack).map(|s| (s, worst(&table, &s.text))));
        table.knots = Channel::ALL.map(|channel| knots(&scores.mix(channel)));
        table
    }
}

/// Benign texts and the sums that they reach.
#[derive(Default)]
struct Scores<'s>(Vec<(&'s Sample, f32)>);

impl Scores<'_> {
    fn of(&self, keep: impl Fn(&Sample) -> bool) -> Vec<f32> {
        self.0.iter().filter(|(s, _)| keep(s)).map(|(_, score)| *score).collect()
    }

    /// What comes by a channel when nothing is wrong. General prompts of the corpora are in none: some are attacks that are
    /// labelled benign.
    fn mix(&self, channel: Channel) -> Mix {
        let lesson = |set: &'static [&str]| self.of(move |s| s.source == "lesson" && set.contains(&s.set.as_str()));
        let source = |source: &'static [&str]| self.of(move |s| source.contains(&s.source.as_str()));
        let mut mix = Mix::default();
        match channel {
            Channel::StaffPrompt => {
                mix.add(0.2, &source(&["MTS-Dialog", "aci-bench"]));
                mix.add(0.2, &source(&["PubMedQA"]));
                mix.add(0.3, &source(&["aug-hardneg"]));
                mix.add(0.3, &lesson(&["tasks"]));
            }
            Channel::Document => {
                mix.add(0.15, &source(&["MTS-Dialog", "aci-bench"]));
                mix.add(0.15, &source(&["MedQuAD"]));
                mix.add(0.2, &source(&["outis notes", "MEDDOCAN"]));
                mix.add(0.2, &source(&["PubMedQA"]));
                mix.add(0.15, &source(&["aug-hardneg"]));
                mix.add(0.05, &lesson(&["notes", "portal", "plain_foreign"]));
                mix.add(0.1, &source(&["aug-env"]));
            }
            Channel::Transcript => {
                mix.add(0.8, &self.of(|s| clinical(s) && (s.text.contains("Doctor:") || s.text.contains("[doctor]"))));
                mix.add(0.2, &lesson(&["commands"]));
            }
            Channel::ToolResult => {
                mix.add(0.2, &source(&["MedQuAD"]));
                mix.add(0.2, &source(&["outis notes", "MEDDOCAN"]));
                mix.add(0.1, &source(&["PubMedQA"]));
                mix.add(0.3, &source(&["aug-env"]));
                mix.add(0.1, &source(&["aug-hardneg"]));
                mix.add(0.1, &lesson(&["forms", "manual"]));
            }
        }
        mix
    }
}

/// The sums that shares of a mix reach.
#[allow(clippy::cast_precision_loss, reason = "numbers below ten")]
fn knots(mix: &Mix) -> [f32; KNOTS] {
    let mut knots = [0f32; KNOTS];
    for (knot, share) in knots.iter_mut().zip(SHARES).skip(1) {
        *knot = mix.threshold(share);
    }
    knots[0] = knots[1] - (knots[2] - knots[1]).max(1.0);
    let slope = ((knots[SEEN - 1] - knots[2]) / (SEEN - 3) as f32).max(0.5);
    for at in SEEN..KNOTS {
        knots[at] = knots[at - 1] + slope;
    }
    for at in 1..KNOTS {
        knots[at] = knots[at].max(knots[at - 1] + 0.01);
    }
    knots
}

fn benign(source: &str, set: &str, text: String) -> Sample {
    let (source, set) = (source.to_owned(), set.to_owned());
    Sample { source, set, disguise: None, carrier: None, attack: false, text }
}

fn together<'l>(source: &str, lines: impl Iterator<Item = &'l str>) -> Vec<Sample> {
    let lines: Vec<&str> = lines.collect();
    lines.chunks(TOGETHER).map(|some| benign(source, "general", some.join(". "))).collect()
}

/// Abstracts have been divided before.
fn part_of(sample: &Sample) -> Part {
    match (sample.source.as_str(), Part::of(&sample.text)) {
        ("PubMedQA", Part::Test) => Part::Learn,
        (_, part) => part,
    }
}

fn clinical(sample: &Sample) -> bool {
    !sample.attack && matches!(sample.set.as_str(), "ben_clinical" | "clinical")
}

/// The worst sum of the views of a text's fields.
pub(crate) fn worst(table: &Table, text: &str) -> f32 {
    let of = |text: &str| Views::of(text).all().filter_map(|view| table.raw(view.text())).fold(f32::MIN, f32::max);
    match fields(text.as_bytes(), None) {
        Ok(fields) => fields.iter().map(|field| of(field.text)).fold(f32::MIN, f32::max),
        Err(_) => of(text),
    }
}

/// A text as the classifier gets it, and how much it counts: corpora with wrong labels count less.
fn bag(sample: &Sample) -> Bag {
    let weight = match (sample.source.as_str(), sample.attack) {
        ("neuralchemy", false) => 0.3,
        ("neuralchemy" | "s-labs", _) => 0.5,
        _ => 1.0,
    };
    Bag { blocks: Blocks::of(Views::of(&said(&sample.text)).clean().text()), attack: sample.attack, weight }
}

/// What the fields of a text say, one after the other. Three of ten texts are left as they are: not every form is known.
fn said(text: &str) -> Cow<'_, str> {
    if number(text) / 10 % 10 < 3 {
        return text.into();
    }
    match fields(text.as_bytes(), None) {
        Ok(fields) if fields.carrier() != Carrier::Text => {
            fields.iter().map(|f| f.text).collect::<Vec<_>>().join("\n").into()
        }
        _ => text.into(),
    }
}
