use std::collections::BTreeSet;

use crate::{Course, Question};

/// What somebody chose: for each question, in order, the numbers of the answers, counted from 1. A question that was left out
/// is wrong.
pub type Answers = [BTreeSet<usize>];

/// A quiz that was marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graded<'c> {
    /// Questions that were answered rightly.
    pub right: usize,
    /// Questions in all.
    pub of: usize,
    /// Whether that is enough.
    pub passed: bool,
    /// Those that were answered wrongly.
    pub missed: Vec<Missed<'c>>,
}

/// A question that was answered wrongly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed<'c> {
    /// Its number, from 1.
    pub number: usize,
    /// The question, with the reason to show.
    pub question: &'c Question,
}

impl Course {
    /// Marks answers.
    pub fn grade(&self, answers: &Answers) -> Graded<'_> {
        let missed: Vec<_> = self
            .questions
            .iter()
            .enumerate()
            .filter(|(at, question)| answers.get(*at) != Some(&question.right))
            .map(|(at, question)| Missed { number: at + 1, question })
            .collect();
        let (of, right) = (self.questions.len(), self.questions.len() - missed.len());
        // Never rounded up: 79.9 of a hundred is not 80.
        Graded { right, of, passed: right * 100 >= self.pass as usize * of, missed }
    }
}
