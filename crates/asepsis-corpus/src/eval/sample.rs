//! Which texts are measured.

use std::path::{Path, PathBuf};

use asepsis_score::{Labelled, read_labelled};

use crate::measure::stem;
use crate::recipe::{NOTES, SEEN};

const VISITS: &str = "tests/gold/visits.jsonl";

/// Some texts, and how they were chosen.
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) how: &'static str,
    pub(crate) texts: Vec<Labelled>,
}

/// The labelled texts that are there.
pub(crate) struct Corpora {
    /// The development corpora, where they are there.
    pub(crate) data: Option<PathBuf>,
    sources: PathBuf,
    notes: Vec<Sample>,
    visits: Vec<Labelled>,
}

impl Corpora {
    /// What is under these folders and in the repository.
    pub(crate) fn find(data: Option<&Path>, sources: &Path) -> anyhow::Result<Self> {
        let folder = data.unwrap_or(sources);
        let mut notes = Vec::new();
        for name in NOTES {
            let file = folder.join(name);
            let mut texts = read_labelled(&file)?;
            // Those that the weights were made of are the first ones of the file.
            if data.is_some() {
                texts.drain(..SEEN.min(texts.len()));
            }
            notes.push(Sample { name: stem(&file).to_owned(), how: "", texts });
        }
        let visits = read_labelled(Path::new(VISITS))?;
        Ok(Self { data: data.map(Path::to_owned), sources: sources.to_owned(), notes, visits })
    }

    /// What there is to measure on.
    pub(crate) fn notice(&self) -> String {
        match &self.data {
            Some(folder) => format!("development corpora: {}; gold in the repository: {VISITS}", folder.display()),
            None => format!(
                "The development corpora are not in the repository, and no --data DIR says where they are. Measured are the visits \
                 labelled by hand ({VISITS}) and, each time marked as seen in training, the texts under {}. Left out: training on \
                 some sources and measuring on others, sentences by another author, and Spanish cases that were not trained on.",
                self.sources.display()
            ),
        }
    }

    /// The four sources of notes.
    pub(crate) fn notes(&self) -> &[Sample] {
        &self.notes
    }

    /// What the shipped weights have seen of [`notes`](Self::notes).
    pub(crate) fn notes_seen(&self) -> &'static str {
        if self.data.is_some() {
            "other texts of the same generators were trained on, these not"
        } else {
            "SEEN IN TRAINING: these very texts were trained on"
        }
    }

    /// The visits' notes or dialogues.
    pub(crate) fn visits<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Labelled> {
        self.visits.iter().filter(move |text| text.id.ends_with(kind))
    }

    /// A file of the development corpora.
    pub(crate) fn read(&self, name: &str) -> anyhow::Result<Vec<Labelled>> {
        let folder = self.data.as_ref().unwrap_or(&self.sources);
        Ok(read_labelled(&folder.join(name).with_extension("jsonl"))?)
    }

    /// The Spanish cases, and what the weights have seen of them.
    pub(crate) fn spanish(&self) -> (PathBuf, &'static str) {
        match &self.data {
            Some(folder) => (folder.join("meddocan-dev.jsonl"), "these were not trained on"),
            None => (self.sources.join("meddocan-train.jsonl"), "SEEN IN TRAINING: these very texts were trained on"),
        }
    }

    /// What variants are made of.
    pub(crate) fn for_variants(&self) -> anyhow::Result<Vec<Sample>> {
        let notes = self.some_notes(8, "every eighth of the texts above");
        let Some(_) = self.data else {
            return Ok(vec![Sample { how: "every eighth, SEEN IN TRAINING", ..notes }, self.all_visits()]);
        };
        let general = Sample { name: "general-a".to_owned(), how: "whole", texts: self.read("general-a")? };
        Ok(vec![notes, general, self.all_visits()])
    }

    /// What the slow peer is measured on too.
    pub(crate) fn for_peer(&self) -> anyhow::Result<Vec<Sample>> {
        let visits = |kind: &'static str, name: &str| Sample {
            name: name.to_owned(),
            how: "whole",
            texts: self.visits(kind).cloned().collect(),
        };
        let mut samples = vec![
            visits("note", "visits, notes"),
            visits("dialogue", "visits, dialogues"),
            self.some_notes(40, if self.data.is_some() { "every 40th" } else { "every 40th, SEEN IN OUR TRAINING" }),
        ];
        if self.data.is_some() {
            let texts = self.read("general-a")?.into_iter().step_by(5).collect();
            samples.push(Sample { name: "general-a".to_owned(), how: "every fifth", texts });
        }
        Ok(samples)
    }

    fn some_notes(&self, step: usize, how: &'static str) -> Sample {
        let texts = self.notes.iter().flat_map(|sample| sample.texts.iter().step_by(step)).cloned().collect();
        Sample { name: "notes of four generators".to_owned(), how, texts }
    }

    fn all_visits(&self) -> Sample {
        Sample { name: "visits, notes and dialogues".to_owned(), how: "whole", texts: self.visits.clone() }
    }
}
