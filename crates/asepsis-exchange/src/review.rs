//! What is looked at while the AI system works, and what its answer says: of doses, drugs, codes and persons, against what was asked and
//! what is known.
//!
//! A flag says that somebody should look; its absence says nothing.

use std::sync::Arc;

use asepsis_clinical::{Checks, Context, Piece as Told};
use asepsis_vocab::{Flag, GuardRecord};
use tokio::task::JoinHandle;

use crate::content::Piece;
use crate::guard::Guarding;

/// Reviews the answer of one exchange.
pub(crate) struct Reviewer {
    checks: Option<Arc<Checks>>,
    read: JoinHandle<(Context, GuardRecord)>,
}

/// What a review came to.
#[derive(Default)]
pub(crate) struct Reviewed {
    /// What there is to say of the answer's texts, each by its number.
    pub(crate) flags: Vec<(usize, Flag)>,
    /// What was noted of what staff wrote.
    pub(crate) noted: GuardRecord,
}

impl Reviewer {
    /// Begins to read what was asked: of an answer that a patient reads, and of one that stands for what was given.
    pub(crate) fn begin(guarding: Arc<Guarding>, pieces: Vec<Piece>, (patient, sums_up): (bool, bool)) -> Self {
        let checks = guarding.checks.clone();
        let read = tokio::task::spawn_blocking(move || {
            let noted = guarding.note(&pieces);
            // What a tool is, is no fact about a patient.
            let told = pieces.iter().filter(|piece| !piece.is_definition && !piece.rigid);
            let told: Vec<Told<'_>> = told.map(|piece| Told::new(&piece.text, piece.origin)).collect();
            let context = guarding.checks.as_ref().map(|checks| checks.context(&told)).unwrap_or_default();
            // The words of a request that ask for a summary count without the use.
            let context = if sums_up { context.summary(true) } else { context };
            (context.patient_facing(patient), noted)
        });
        Self { checks, read }
    }

    /// What there is to say of these texts of the answer. `None` where the review itself failed.
    pub(crate) async fn review(self, texts: Vec<String>) -> Option<Reviewed> {
        let (context, noted) = self.read.await.ok()?;
        let Some(checks) = self.checks.filter(|_| texts.iter().any(|text| !text.trim().is_empty())) else {
            return Some(Reviewed { flags: Vec::new(), noted });
        };
        let work = move || {
            let mut flags = Vec::new();
            for (number, text) in texts.iter().enumerate() {
                flags.extend(checks.review(text, &context).into_iter().map(|flag| (number, flag)));
            }
            flags
        };
        let flags = tokio::task::spawn_blocking(work).await.ok()?;
        Some(Reviewed { flags, noted })
    }
}
