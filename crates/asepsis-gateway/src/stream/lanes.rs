//! The texts of a streamed answer, each in its own lane: taken in piece by piece, and given back as soon as it is certain.

use std::collections::BTreeMap;

use asepsis_document::json::{self, Json};
use asepsis_document::label::may_be_fhir;
use asepsis_document::sse;
use asepsis_exchange::Leak;
use asepsis_surrogate::Context;
use serde_json::json;

use super::{Relay, Text};
use crate::fault::Fault;
use crate::restore::{LaneId, Part, context_of};
use crate::said::no_place;
use crate::settings::Protocol;
use crate::tools::unlabelled;

impl Relay {
    /// Why a text that goes on may not.
    pub(super) fn leak(&self) -> Option<&Leak> {
        self.lanes.values().find_map(|text| match text {
            Text::Lane(lane, _) => lane.leak(),
            Text::Opening(_) => None,
        })
    }

    /// Whether, in OpenAI's protocol, no choice is open any more.
    pub(super) fn ends_openly(&self) -> bool {
        self.protocol == Protocol::OpenAi && self.open.is_empty()
    }

    /// Ends the lanes of one choice or block, or all, and writes what they held back as events of their own.
    pub(super) fn flush(&mut self, index: Option<u64>, out: &mut Vec<u8>) {
        let ids: Vec<LaneId> = self.lanes.keys().copied().filter(|l| index.is_none_or(|i| l.index == i)).collect();
        for id in ids {
            let mut rest = String::new();
            self.end_lane(id, &mut rest);
            if !rest.is_empty() {
                self.add_event(id, &rest, out);
            }
        }
    }

    /// Takes in the next fragment of a text; what is decided of it goes to `out`.
    pub(super) fn push(&mut self, id: LaneId, fragment: &str, out: &mut String) {
        let text = self.lanes.entry(id).or_insert_with(|| Text::Opening(String::new()));
        match text {
            Text::Lane(lane, is_speech) => {
                let out = self.whole.get_mut(&id).unwrap_or(out);
                let from = out.len();
                lane.push(fragment, out);
                if *is_speech {
                    note_spoken(&mut self.spoken, id.index, &out[from..]);
                }
            }
            Text::Opening(beginning) => {
                beginning.push_str(fragment);
                let context = match id.part {
                    Part::Content => match context_of(beginning) {
                        // Whether it is FHIR is not known yet.
                        Some(Context::JsonSource) if may_be_fhir(beginning).is_none() => None,
                        context => context,
                    },
                    part => Some(part.context()),
                };
                if let Some(context) = context {
                    let is_speech = id.part == Part::Content && context == Context::Text;
                    let mut lane = self.admitted.lane(context);
                    if is_speech && !beginning.is_empty() {
                        out.push_str(self.said.before());
                    } else if id.part == Part::Content && self.said.must_be_read() {
                        self.held = Some(no_place());
                    }
                    let from = out.len();
                    let is_fhir = id.part == Part::Content && !is_speech && may_be_fhir(beginning) == Some(true);
                    let is_call = |at| self.desk.labels(at) || self.desk.waits_for_arguments();
                    if is_fhir || id.call().is_some_and(is_call) {
                        self.whole.insert(id, String::new());
                    }
                    lane.push(beginning, self.whole.get_mut(&id).unwrap_or(out));
                    if is_speech {
                        note_spoken(&mut self.spoken, id.index, &out[from..]);
                    }
                    *text = Text::Lane(Box::new(lane), is_speech);
                }
            }
        }
    }

    pub(super) fn end_lane(&mut self, id: LaneId, out: &mut String) {
        if let Some(text) = self.lanes.remove(&id) {
            let (mut lane, is_speech) = match text {
                Text::Lane(lane, is_speech) => (*lane, is_speech),
                Text::Opening(beginning) => {
                    // It ended before it told more, so what it is by now is what it is.
                    let is_content = id.part == Part::Content;
                    let context =
                        if is_content { context_of(&beginning).unwrap_or_default() } else { id.part.context() };
                    let is_speech =
                        is_content && context == Context::Text && self.said.must_be_read() && !beginning.is_empty();
                    if is_speech {
                        out.push_str(self.said.before());
                    } else if is_content && context != Context::Text && self.said.must_be_read() {
                        self.held = Some(no_place());
                    }
                    if is_content && context != Context::Text && may_be_fhir(&beginning) == Some(true) {
                        self.whole.insert(id, String::new());
                    }
                    let mut lane = self.admitted.lane(context);
                    lane.push(&beginning, self.whole.get_mut(&id).unwrap_or(out));
                    (lane, is_speech)
                }
            };
            let from = out.len();
            match self.whole.remove(&id) {
                None => lane.finish(out),
                Some(mut whole) => {
                    lane.finish(&mut whole);
                    if id.call().is_some() && self.held.is_none() {
                        self.held = self.desk.other_patient_in(&whole);
                    }
                    match self.labels.fhir(&whole) {
                        Some(labelled) => out.push_str(&labelled),
                        None if id.call().is_some_and(|at| self.desk.labels(at)) => self.held = Some(unlabelled()),
                        None => out.push_str(&whole),
                    }
                }
            }
            if is_speech {
                note_spoken(&mut self.spoken, id.index, &out[from..]);
            }
            if let Some(leak) = lane.leak() {
                self.held = Some(Fault::leak(leak));
            }
            if is_speech {
                out.push_str(self.said.after());
            }
            if is_speech
                && (id.index == 0 || self.protocol == Protocol::Anthropic)
                && let Some(note) = self.said.note()
            {
                out.push_str(&note);
            }
            self.admitted.collect(lane);
        }
    }

    /// Writes an event of the protocol that carries `text` for a lane.
    pub(super) fn add_event(&self, id: LaneId, text: &str, out: &mut Vec<u8>) {
        match self.protocol {
            Protocol::Anthropic => {
                let delta = match id.part {
                    Part::Arguments | Part::FunctionCall => json!({"type": "input_json_delta", "partial_json": text}),
                    Part::Content | Part::Refusal => json!({"type": "text_delta", "text": text}),
                };
                let data = json!({"type": "content_block_delta", "index": id.index, "delta": delta});
                sse::write_event(out, Some("content_block_delta"), &data.to_string());
            }
            Protocol::OpenAi => {
                let delta = match id.part {
                    Part::Content => json!({"content": text}),
                    Part::Refusal => json!({"refusal": text}),
                    Part::FunctionCall => json!({"function_call": {"arguments": text}}),
                    Part::Arguments => json!({"tool_calls": [{"index": id.tool, "function": {"arguments": text}}]}),
                };
                let choices = json!([{"index": id.index, "delta": delta, "logprobs": null, "finish_reason": null}]);
                sse::write_event(out, None, &self.enveloped(&choices.to_string()));
            }
        }
    }

    /// An event of this answer with other choices in it.
    pub(super) fn enveloped(&self, choices: &str) -> String {
        let envelope = self.envelope.as_deref().unwrap_or(r#"{"object":"chat.completion.chunk","choices":[]}"#);
        let Ok(json) = Json::parse(envelope.as_bytes(), &json::Limits::default()) else { return String::new() };
        let mut edits = json.edits();
        if let Some(node) = json.root().get("choices") {
            edits.set_raw(node.id(), choices.as_bytes());
        }
        if let Some(node) = json.root().get("usage") {
            edits.set_raw(node.id(), b"null");
        }
        String::from_utf8(edits.apply()).unwrap_or_default()
    }
}

/// The most of what is said that is reviewed, in bytes.
const MOST_SPOKEN: usize = 256 * 1024;

/// Keeps what was said for its review.
fn note_spoken(spoken: &mut BTreeMap<u64, String>, choice: u64, text: &str) {
    let kept: usize = spoken.values().map(String::len).sum();
    let end = text.floor_char_boundary(text.len().min(MOST_SPOKEN.saturating_sub(kept)));
    if end > 0 {
        spoken.entry(choice).or_default().push_str(&text[..end]);
    }
}
