//! How well weights do on notes that they were not trained on.

use asepsis_phi::Engine;
use asepsis_score::{Score, covered};
use rayon::prelude::*;

use super::corrected::Corrected;

pub(super) struct Figures(Score);

impl Figures {
    pub(super) fn of(engine: &Engine, notes: &[&Corrected]) -> Self {
        let find = |note: &&Corrected| covered(&note.labelled.text, &engine.inspect_text(&note.labelled.text));
        let found: Vec<_> = notes.par_iter().map(find).collect();
        let mut score = Score::default();
        notes.iter().zip(&found).for_each(|(note, found)| score.add(&note.labelled, found));
        Self(score)
    }

    pub(super) fn leak(&self) -> f64 {
        self.0.leak()
    }

    /// Lines of before and after.
    pub(super) fn beside(&self, after: &Self) -> Vec<String> {
        let percent = |share: f64| format!("{:.2} %", share * 100.0);
        let row = |name: &str, was: &str, is: &str, what: &str| format!("{name:<15}{was:>10}{is:>10}   {what}");
        let (was, is) = (&self.0, &after.0);
        vec![
            row("", "before", "after", ""),
            row(
                "leak",
                &percent(was.leak()),
                &percent(is.leak()),
                "of the letters and digits of identifiers stay visible",
            ),
            row("wholly covered", &percent(was.whole()), &percent(is.whole()), "of the identifiers"),
            row(
                "false words",
                &format!("{:.2}", was.false_words()),
                &format!("{:.2}", is.false_words()),
                "in 1,000 others are covered for nothing",
            ),
            row(
                "strict F1",
                &format!("{:.3}", was.strict_f1().2),
                &format!("{:.3}", is.strict_f1().2),
                "where place and class have to be exact",
            ),
        ]
        .into_iter()
        .map(|line| line.trim_end().to_owned())
        .collect()
    }
}
