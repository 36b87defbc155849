//! What is kept of an exchange beside its entries: sealed under the key of the person it is about, so that erasing the key
//! erases it, and the log stays whole.

use std::sync::Arc;

use asepsis_keys::{KeyError, Record, RecordId, SubjectKey};
use asepsis_log::{MAX_PAYLOAD_BYTES, SealedPayload};
use asepsis_vocab::{AuditEvent, Phase};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::content::Piece;

/// The version of the layout of payloads, bound to each as associated data.
pub const PAYLOAD_VERSION: u32 = 1;

/// The most text that is kept of one entry, in bytes; what is longer is cut, and says so. JSON makes at most six bytes of one.
const MOST_TEXT: usize = MAX_PAYLOAD_BYTES / 6 - 4096;

/// What is kept of exchanges that name their patient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// The entries alone: codes, counts and times.
    #[default]
    Entries,
    /// Also what left for the AI system, as it left, and what it answered, as it came.
    Texts,
}

/// Seals what is kept of one exchange.
pub(crate) struct Keeper {
    key: Arc<SubjectKey>,
    origin: String,
}

#[derive(Serialize)]
struct Kept<'t> {
    v: u32,
    /// The texts and where they stood; only as long as they fit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sent: Vec<Sent<'t>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<&'t str>,
    /// Texts were cut or left out because they are too long.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
}

#[derive(Serialize)]
struct Sent<'t> {
    place: &'t str,
    text: &'t str,
}

impl Keeper {
    pub(crate) fn new(key: Arc<SubjectKey>, origin: &str) -> Self {
        Self { key, origin: origin.to_owned() }
    }

    /// What leaves: each piece as it is after the rewriting.
    pub(crate) fn sent(
        &self,
        event: &AuditEvent,
        pieces: &[Piece],
        texts: &[Option<String>],
    ) -> Result<SealedPayload, KeyError> {
        let mut kept = Kept { v: PAYLOAD_VERSION, sent: Vec::new(), answer: None, cut: false };
        let mut room = MOST_TEXT;
        for (piece, text) in pieces.iter().zip(texts) {
            let (text, cut) = fitting(text.as_deref().unwrap_or(&piece.text), &mut room);
            kept.cut |= cut;
            if text.is_empty() && cut {
                break;
            }
            kept.sent.push(Sent { place: &piece.place, text });
        }
        self.seal(event, &kept)
    }

    /// What came back, before anything was turned back in it.
    pub(crate) fn answer(&self, event: &AuditEvent, answer: &str) -> Result<SealedPayload, KeyError> {
        let (text, cut) = fitting(answer, &mut { MOST_TEXT });
        self.seal(event, &Kept { v: PAYLOAD_VERSION, sent: Vec::new(), answer: Some(text), cut })
    }

    fn seal(&self, event: &AuditEvent, kept: &Kept<'_>) -> Result<SealedPayload, KeyError> {
        // Strings and numbers only: this cannot fail.
        let plain = Zeroizing::new(serde_json::to_vec(kept).unwrap_or_default());
        let bytes = self.key.seal(&record(&self.origin, event), &plain)?;
        Ok(SealedPayload { key: self.key.id().to_string(), bytes })
    }
}

/// Which record the payload of an event is, to open it again.
pub fn record<'o>(origin: &'o str, event: &AuditEvent) -> Record<'o> {
    let phase = match event.phase {
        Phase::Intent => 0,
        Phase::Outcome => 1,
        Phase::Act => 2,
    };
    Record { origin, id: RecordId::Event(*event.exchange.as_bytes(), phase), schema: PAYLOAD_VERSION }
}

/// As much of the text as there is room for, and whether that is less than all.
fn fitting<'t>(text: &'t str, room: &mut usize) -> (&'t str, bool) {
    let end = text.floor_char_boundary(*room);
    *room -= end;
    (&text[..end], end < text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut_between_characters_and_says_so() {
        let mut room = 5;
        assert_eq!(fitting("äb", &mut room), ("äb", false));
        assert_eq!(fitting("cé", &mut room), ("c", true));
        assert_eq!(fitting("d", &mut room), ("d", false));
        assert_eq!(fitting("e", &mut room), ("", true));
    }
}
