//! The shipped table: what it is learnt from, and against what it is calibrated.

use std::borrow::Cow;
use std::path::Path;

use asepsis_guard::classifier::{Blocks, KNOTS, Table};
use asepsis_guard::{Carrier, Views, fields};
use asepsis_vocab::Channel;

use crate::chance::number;
use crate::corpus::{Part, labelled, unlabelled};
use crate::lesson::Lesson;
use crate::quantile::Mix;
use crate::text::{Sample, sentences};
use crate::train::{Bag, Options, Weights};

/// How many attacks and benign texts of lessons are learnt from.
const LESSONS: usize = 60_000;
/// How many of each a sum is calibrated with; others than those learnt from.
const LESSONS_APART: usize = 12_000;
/// The fewest shares of the benign texts that can be seen in the corpora; beyond, the tail goes on as it does there.
const SEEN: usize = 7;

/// The development corpora in a folder, and the lessons.
pub struct Recipe {
    /// Attacks and benign texts whose kind is known.
    pub samples: Vec<Sample>,
    lesson: Lesson,
}

impl Recipe {
    /// Reads `guard/dev.jsonl`, `guard/clinical-grammar.jsonl` and the notes of `phi/` under `data`, and the lessons in the
    /// repository.
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
        Ok(Self { samples, lesson: Lesson::read(&root.join("data/guard/lesson"))? })
    }

    /// Sentences to put lessons between, of a part of the clinical texts.
    fn fillers(&self, part: Part) -> Vec<&str> {
        let clinical = self.samples.iter().filter(|s| s.set == "ben_clinical" && Part::of(&s.text) == part);
        clinical.flat_map(|s| sentences(&s.text)).collect()
    }

    /// Learns from every sample that may be learnt from and that `from` admits, and from lessons; then calibrates.
    #[must_use]
    pub fn table(&self, from: impl Fn(&Sample) -> bool, options: Options) -> Table {
        let lessons = self.lesson.texts(LESSONS, &self.fillers(Part::Learn), 5);
        let learnt = self.samples.iter().filter(|s| Part::of(&s.text) == Part::Learn && from(s)).chain(&lessons);
        let bags: Vec<Bag> = learnt.map(bag).collect();
        let mut table = Weights::learn(&bags, options).table();
        drop(bags);
        self.calibrate(&mut table);
        table
    }

    /// What sums mean, by benign texts that were not learnt from.
    fn calibrate(&self, table: &mut Table) {
        let apart = self.lesson.texts(LESSONS_APART, &self.fillers(Part::Calibrate), 6);
        let benign = || self.samples.iter().filter(|s| !s.attack && Part::of(&s.text) == Part::Calibrate);
        let score = |s: &Sample| worst(table, &s.text);
        let of = |keep: &dyn Fn(&Sample) -> bool| benign().filter(|s| keep(s)).map(score).collect::<Vec<f32>>();
        let lessons = |sets: &[&str]| {
            apart.iter().filter(|s| !s.attack && sets.contains(&s.set.as_str())).map(score).collect::<Vec<f32>>()
        };
        let spoken = |s: &Sample| s.text.contains("Doctor:") || s.text.contains("[doctor]");
        let clinical = |s: &Sample| s.set == "ben_clinical" || s.set == "clinical";
        let mut knots = [[0f32; KNOTS]; Channel::ALL.len()];
        for (channel, knots) in Channel::ALL.into_iter().zip(&mut knots) {
            let mut mix = Mix::default();
            match channel {
                Channel::StaffPrompt => {
                    // The general prompts of the corpora hold attacks that are labelled benign.
                    mix.add(0.4, &of(&|s| clinical(s)));
                    mix.add(0.3, &lessons(&["tasks"]));
                    mix.add(0.3, &of(&|s| s.source == "aug-hardneg"));
                }
                Channel::Document => {
                    mix.add(0.7, &of(&|s| clinical(s)));
                    mix.add(0.05, &lessons(&["notes", "portal", "plain_foreign"]));
                    mix.add(0.15, &of(&|s| s.source == "aug-hardneg"));
                    mix.add(0.05, &of(&|s| s.source == "aug-env"));
                    mix.add(0.05, &lessons(&["forms"]));
                }
                Channel::Transcript => {
                    mix.add(0.8, &of(&|s| clinical(s) && spoken(s)));
                    mix.add(0.2, &lessons(&["commands"]));
                }
                Channel::ToolResult => {
                    mix.add(0.4, &of(&|s| clinical(s)));
                    mix.add(0.3, &of(&|s| s.source == "aug-env"));
                    mix.add(0.2, &lessons(&["forms", "manual"]));
                    mix.add(0.1, &of(&|s| s.source == "aug-hardneg"));
                }
            }
            for (at, knot) in knots.iter_mut().enumerate().take(SEEN).skip(1) {
                #[allow(clippy::cast_precision_loss, reason = "a number below ten")]
                let share = SHARES[at];
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
        }
        table.knots = knots;
    }
}

/// 10^(-k/2).
const SHARES: [f64; SEEN] = [1.0, 0.316_227_766, 0.1, 0.031_622_776_6, 0.01, 0.003_162_277_66, 0.001];

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
