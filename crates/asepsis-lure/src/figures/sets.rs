//! The texts that the table is made with.

use std::path::Path;

use super::kept;
use crate::corpus::{Part, abstracts, labelled, unlabelled};
use crate::second::Second;
use crate::text::Sample;

pub(super) const SECOND: &str = "second grammar";

/// Every text, and which make up the mix.
pub(super) struct Sets {
    pub(super) all: Vec<Sample>,
    corpora: bool,
}

impl Sets {
    /// Reads the second grammar and the abstracts of the repository, and where `data` is given what was kept apart of the
    /// corpora, and notes by generators that nothing was learnt from.
    pub(super) fn read(root: &Path, data: Option<&Path>) -> anyhow::Result<Self> {
        let abstracts = abstracts(&root.join("data/training/clinical-carriers.jsonl"), Part::Test)?;
        let mut all = Second::read(&root.join("data/guard/second"), &abstracts)?.texts();
        all.extend(abstracts.into_iter().map(|text| Sample {
            source: "PubMedQA".to_owned(),
            set: "clinical".to_owned(),
            disguise: None,
            carrier: None,
            attack: false,
            text,
        }));
        if let Some(data) = data {
            for file in ["dev", "clinical-grammar"] {
                all.extend(labelled(&data.join(format!("guard/{file}.jsonl")))?.into_iter().filter(kept));
            }
            for (file, source) in [
                ("notes-narrative", "outis narrative"),
                ("notes-compositional", "outis compositional"),
                ("meddocan-dev", "MEDDOCAN dev"),
                ("general-a", "general-a"),
                ("general-b", "general-b"),
            ] {
                let mut texts = unlabelled(&data.join(format!("phi/{file}.jsonl")), source)?;
                if file.starts_with("general") {
                    texts.iter_mut().for_each(|t| "not clinical".clone_into(&mut t.set));
                }
                all.extend(texts);
            }
        }
        Ok(Self { all, corpora: data.is_some() })
    }

    /// Each part of the benign mix: its share, and its texts.
    pub(super) fn mix(&self) -> Vec<(f64, Vec<usize>)> {
        let of = |keep: &dyn Fn(&Sample) -> bool| {
            let members = self.all.iter().enumerate().filter(|(_, s)| !s.attack && keep(s));
            members.map(|(at, _)| at).collect::<Vec<usize>>()
        };
        let second = |set: &'static str| of(&|s| s.source == SECOND && s.set == set);
        let mut out = vec![(0.1, second("trigger notes")), (0.1, second("staff tasks")), (0.1, second("envelopes"))];
        if self.corpora {
            out.push((0.2, of(&|s| s.source == "PubMedQA")));
            out.push((0.3, of(&|s| s.set == "ben_clinical")));
            out.push((0.2, of(&|s| s.source.starts_with("outis"))));
        } else {
            out.push((0.7, of(&|s| s.source == "PubMedQA")));
        }
        out
    }

    /// What is clinical text here, in words.
    pub(super) fn seen(&self) -> &'static str {
        if self.corpora {
            "the second grammar; clinical text is notes of two outis generators, of which nothing was learnt from, and the parts of PubMedQA, \
             MTS-Dialog, MedQuAD and aci-bench that were kept apart"
        } else {
            "the second grammar; clinical text is the half of PubMedQA that was kept apart; --data adds the development corpora"
        }
    }
}
