//! What an answer says of doses, drugs, codes and persons, against what was asked and what is known.
//!
//! What was asked is read while the AI system works. A flag says that somebody should look; its absence says nothing.

use std::sync::Arc;

use asepsis_clinical::{Checks, Context, Piece as Told};
use asepsis_vocab::Flag;
use tokio::task::JoinHandle;

use crate::content::Piece;

/// Reviews the answer of one exchange.
pub(crate) struct Reviewer {
    checks: Arc<Checks>,
    told: JoinHandle<Context>,
}

impl Reviewer {
    /// Begins to read what was asked.
    pub(crate) fn begin(checks: Arc<Checks>, pieces: Vec<Piece>, patient: bool) -> Self {
        let reader = Arc::clone(&checks);
        let told = tokio::task::spawn_blocking(move || {
            // What a tool is, is no fact about a patient.
            let told = pieces.iter().filter(|piece| !piece.is_definition && !piece.rigid);
            let told: Vec<Told<'_>> = told.map(|piece| Told::new(&piece.text, piece.origin)).collect();
            reader.context(&told).patient_facing(patient)
        });
        Self { checks, told }
    }

    /// What there is to say of these texts of the answer, each by its number. `None` where the review itself failed.
    pub(crate) async fn review(self, texts: Vec<String>) -> Option<Vec<(usize, Flag)>> {
        let context = self.told.await.ok()?;
        let checks = self.checks;
        let work = move || {
            let mut flags = Vec::new();
            for (number, text) in texts.iter().enumerate() {
                flags.extend(checks.review(text, &context).into_iter().map(|flag| (number, flag)));
            }
            flags
        };
        tokio::task::spawn_blocking(work).await.ok()
    }
}
