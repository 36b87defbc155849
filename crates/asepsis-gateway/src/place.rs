//! Where in a streamed answer stands what we say ourselves at its end: behind all that the model said, before what ends the answer.

use asepsis_document::sse;
use serde_json::json;

/// The place, in the bytes that wait for the record of the answer.
#[derive(Default)]
pub(crate) struct Place {
    at: Option<usize>,
    /// The number of the next content block.
    block: u64,
    /// Whether the answer calls tools, so that a program goes on with it.
    calls: bool,
}

impl Place {
    /// What ends the answer begins at these bytes; what was said before counts.
    pub(crate) fn ends(&mut self, at: usize) {
        self.at.get_or_insert(at);
    }

    /// So many bytes were put before those that wait, of which there are `waiting`. Where nothing has ended the answer, all of them were said.
    pub(crate) fn after(&mut self, before: usize, waiting: usize) {
        self.at = Some(self.at.unwrap_or(waiting) + before);
    }

    /// These blocks began.
    pub(crate) fn opened(&mut self, blocks: &[u64]) {
        let next = blocks.iter().max().map_or(0, |last| last.saturating_add(1));
        self.block = self.block.max(next);
    }

    /// Whether there was a call of a tool.
    pub(crate) fn calls(&mut self, any: bool) {
        self.calls |= any;
    }

    /// Writes a block of Anthropic's protocol that says this. Behind a call of a tool it would stand where the vendor expects the call to be
    /// the last, and nobody reads it there.
    pub(crate) fn block(&self, text: &str, out: &mut Vec<u8>) {
        if self.calls {
            return;
        }
        let index = self.block;
        for (name, data) in [
            ("content_block_start", json!({"content_block": {"type": "text", "text": ""}})),
            ("content_block_delta", json!({"delta": {"type": "text_delta", "text": text}})),
            ("content_block_stop", json!({})),
        ] {
            let mut data = data;
            data["type"] = json!(name);
            data["index"] = json!(index);
            sse::write_event(out, Some(name), &data.to_string());
        }
    }

    /// The bytes that waited, with these at the place.
    pub(crate) fn put(&self, inserted: Vec<u8>, mut waiting: Vec<u8>) -> Vec<u8> {
        if inserted.is_empty() {
            return waiting;
        }
        let at = self.at.unwrap_or(0).min(waiting.len());
        waiting.splice(at..at, inserted);
        waiting
    }
}
