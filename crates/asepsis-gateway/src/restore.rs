//! The step "restore": where an answer holds text, and how it is turned back.

use asepsis_document::json::{Json, Kind, Node, NodeId};
use asepsis_exchange::Admitted;
use asepsis_surrogate::Context;

use crate::fault::Fault;
use crate::labels::Labels;
use crate::said::{Said, no_place};
use crate::settings::Protocol;
use crate::tools::{Desk, unlabelled};

/// Names whose values are the protocol's own words or a vendor's sealed bytes. A thinking block carries a signature over
/// its text and is sent back to the vendor to the letter, so it stays as the vendor wrote it.
const KEPT: [&str; 15] = [
    "id",
    "object",
    "model",
    "role",
    "type",
    "name",
    "finish_reason",
    "stop_reason",
    "signature",
    "thinking",
    "data",
    "encrypted_content",
    "service_tier",
    "system_fingerprint",
    "tool_call_id",
];

/// A whole answer with every surrogate in its texts turned back. All else is byte for byte as it came.
pub(crate) struct Restored {
    texts: Vec<Text>,
}

struct Text {
    node: NodeId,
    restored: String,
    changed: bool,
    /// What the model says to the person.
    words: Option<Words>,
    /// Whether a program reads it.
    is_data: bool,
    /// The call of a tool whose arguments it is.
    call: Option<(u64, u64)>,
    /// Whether it is arguments of a tool, or stands in them.
    is_argument: bool,
}

impl Restored {
    /// Turns back what there is.
    ///
    /// # Errors
    /// Where a canary came back.
    pub(crate) fn of(json: &Json<'_>, protocol: Protocol, admitted: &mut Admitted) -> Result<Self, Fault> {
        let mut words = spoken(json, protocol);
        let calls = argued(json, protocol);
        let mut found = Vec::new();
        collect(json.root(), false, &mut found);
        let mut texts = Vec::with_capacity(found.len());
        let found: Vec<_> = found
            .into_iter()
            .filter_map(|(node, context, is_argument)| {
                let value = json.node(node)?;
                let text = value.as_str().or_else(|| value.as_number().map(Into::into))?;
                Some((node, value, text, context, is_argument))
            })
            .collect();
        admitted.expect(found.iter().map(|(_, _, text, ..)| text.as_ref()));
        for (node, value, text, context, is_argument) in found {
            let context = if context == Context::Text { context_of(&text).unwrap_or_default() } else { context };
            let restored = admitted.restore(context, &text).map_err(|leak| Fault::leak(&leak))?;
            let at = words.iter().position(|words| words.node == node);
            texts.push(Text {
                node,
                // A number is looked at and stays as it is.
                changed: restored != text && value.kind() == Kind::String,
                restored,
                words: at.map(|at| words.swap_remove(at)),
                is_data: context != Context::Text,
                call: calls.iter().find(|(call, _)| *call == node).map(|(_, at)| *at),
                is_argument,
            });
        }
        Ok(Self { texts })
    }

    /// What the model says to the person, text by text.
    pub(crate) fn spoken(&self) -> Vec<String> {
        self.texts.iter().filter(|text| text.words.is_some()).map(|text| text.restored.clone()).collect()
    }

    /// The whole answer, with what we say ourselves around what the model says.
    ///
    /// # Errors
    /// Where something has to be said and the model's words are read by a program, so that it cannot be; where a call has to bear a label
    /// and cannot.
    pub(crate) fn assemble(
        self,
        json: &Json<'_>,
        said: &mut Said,
        labels: &Labels,
        desk: &Desk,
    ) -> Result<Vec<u8>, Fault> {
        let inputs =
            json.root().get("content").into_iter().flat_map(Node::items).filter_map(|block| block.get("input"));
        if let Some(fault) = inputs.filter_map(|input| desk.other_patient(input)).next() {
            return Err(fault);
        }
        let mut edits = json.edits();
        for text in self.texts {
            let mut changed = text.changed;
            let mut restored = text.restored;
            let must = text.call.is_some_and(|at| desk.labels(at));
            let other = if text.call.is_some() { desk.other_patient_in(&restored) } else { None };
            if let Some(fault) = other.or_else(|| desk.withheld_in(&restored).filter(|_| text.is_argument)) {
                return Err(fault);
            }
            if text.is_data && (text.words.is_some() || text.call.is_some()) {
                match labels.fhir(&restored) {
                    Some(labelled) => (restored, changed) = (labelled, true),
                    None if must => return Err(unlabelled()),
                    None => {}
                }
            }
            if let Some(words) = text.words {
                if text.is_data && said.must_be_read() {
                    return Err(no_place());
                }
                if !text.is_data {
                    let around = said.around(&restored, words.first, words.last, words.noted);
                    changed |= around != restored;
                    restored = around;
                }
            }
            if changed {
                // A name of a member is a string literal as well, so the same splice serves both.
                edits.set_string(text.node, &restored);
            }
        }
        Ok(edits.apply())
    }
}

/// A text that the model says to the person.
struct Words {
    node: NodeId,
    /// Whether it begins what is said in this choice.
    first: bool,
    /// Whether it ends it.
    last: bool,
    /// Whether the note stands behind it.
    noted: bool,
}

/// The arguments of calls of tools that are JSON in a string, by where the call stands.
fn argued(json: &Json<'_>, protocol: Protocol) -> Vec<(NodeId, (u64, u64))> {
    let mut found = Vec::new();
    if protocol == Protocol::OpenAi {
        for (index, choice) in json.root().get("choices").into_iter().flat_map(Node::items).enumerate() {
            let Some(message) = choice.get("message") else { continue };
            let index = choice.get("index").and_then(Node::as_u64).unwrap_or(index as u64);
            for (number, call) in message.get("tool_calls").into_iter().flat_map(Node::items).enumerate() {
                let number = call.get("index").and_then(Node::as_u64).unwrap_or(number as u64);
                let arguments = call.get("function").and_then(|function| function.get("arguments"));
                found.extend(arguments.map(|node| (node.id(), (index, number))));
            }
        }
    }
    found
}

/// What the model says to the person, in order.
fn spoken(json: &Json<'_>, protocol: Protocol) -> Vec<Words> {
    let texts = |node: Option<Node<'_>>| node.filter(|node| node.kind() == Kind::String).map(Node::id);
    match protocol {
        Protocol::OpenAi => {
            let choices = json.root().get("choices").into_iter().flat_map(Node::items);
            let texts = choices.filter_map(|choice| texts(choice.get("message")?.get("content")));
            texts.enumerate().map(|(at, node)| Words { node, first: true, last: true, noted: at == 0 }).collect()
        }
        Protocol::Anthropic => {
            let blocks = json.root().get("content").into_iter().flat_map(Node::items);
            let is_text = |block: &Node<'_>| block.get("type").and_then(Node::as_str).as_deref() == Some("text");
            let found: Vec<NodeId> = blocks.filter(is_text).filter_map(|block| texts(block.get("text"))).collect();
            let last = found.len().saturating_sub(1);
            let words = |(at, node)| Words { node, first: at == 0, last: at == last, noted: at == last };
            found.into_iter().enumerate().map(words).collect()
        }
    }
}

/// The strings of a value that are restored, and whether they stand in the arguments of a tool. `free`: within those, whose names are
/// the user's own, and whose numbers may be of somebody.
fn collect(node: Node<'_>, free: bool, found: &mut Vec<(NodeId, Context, bool)>) {
    match node.kind() {
        Kind::Object => {
            for (key, value) in node.members() {
                if free {
                    found.extend(value.key_node().map(|name| (name.id(), Context::Text, true)));
                }
                if !free && KEPT.contains(&key.as_ref()) && value.kind() == Kind::String {
                    continue;
                }
                if key == "arguments" && value.kind() == Kind::String && !free {
                    found.push((value.id(), Context::JsonSource, true));
                    continue;
                }
                collect(value, free || key == "input", found);
            }
        }
        Kind::Array => node.items().for_each(|item| collect(item, free, found)),
        Kind::String => found.push((node.id(), Context::Text, free)),
        Kind::Number if free => found.push((node.id(), Context::Text, true)),
        Kind::Number | Kind::Bool | Kind::Null => {}
    }
}

/// How a text of an answer is to be read, from its beginning; `None` where that does not tell yet.
///
/// A model that was asked for JSON writes a document as its text. There what is restored must be escaped, or a quotation
/// mark in a name breaks the document. A placeholder begins with a bracket too, so the second character decides.
pub(crate) fn context_of(beginning: &str) -> Option<Context> {
    let mut marks = beginning.bytes().filter(|b| !b.is_ascii_whitespace());
    match (marks.next(), marks.next()) {
        (Some(b'{' | b'['), Some(b'"' | b'{')) => Some(Context::JsonSource),
        (Some(b'{' | b'['), None) | (None, _) if beginning.len() < LONGEST_OPENING => None,
        _ => Some(Context::Text),
    }
}

/// White space at the beginning of a text beyond this many bytes is not waited out.
const LONGEST_OPENING: usize = 256;

/// Which of the texts that are interleaved in a stream a fragment belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LaneId {
    /// The choice (OpenAI) or the content block (Anthropic).
    pub(crate) index: u64,
    /// Which text of it.
    pub(crate) part: Part,
    /// The tool call within the choice.
    pub(crate) tool: u64,
}

impl LaneId {
    /// The call of a tool that the text belongs to, as [`switch::calls`](crate::switch::calls) counts them.
    pub(crate) fn call(self) -> Option<(u64, u64)> {
        match self.part {
            Part::Arguments => Some((self.index, self.tool)),
            Part::FunctionCall => Some((self.index, u64::MAX)),
            Part::Content | Part::Refusal => None,
        }
    }
}

/// A text within a choice or a content block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Part {
    Content,
    Refusal,
    Arguments,
    FunctionCall,
}

impl Part {
    pub(crate) fn context(self) -> Context {
        match self {
            Self::Content | Self::Refusal => Context::Text,
            Self::Arguments | Self::FunctionCall => Context::JsonSource,
        }
    }
}

/// What an event of a stream says to the restorer.
#[derive(Default)]
pub(crate) struct Reading {
    /// Fragments of text: whose, and where in the event.
    pub(crate) fragments: Vec<(LaneId, NodeId)>,
    /// Choices or blocks that end with this event.
    pub(crate) ended: Vec<u64>,
    /// Choices that the event speaks of, or blocks that begin with it.
    pub(crate) opened: Vec<u64>,
    /// All that is said is said: from this event on only the end is told.
    pub(crate) closes: bool,
    /// The whole answer ends with this event.
    pub(crate) last: bool,
    /// The AI system reports an error.
    pub(crate) error: bool,
}

impl Reading {
    /// Reads an event of the protocol.
    pub(crate) fn of(protocol: Protocol, json: &Json<'_>) -> Self {
        let mut reading = Self::default();
        match protocol {
            Protocol::OpenAi => reading.openai(json.root()),
            Protocol::Anthropic => reading.anthropic(json.root()),
        }
        reading
    }

    fn openai(&mut self, root: Node<'_>) {
        self.error = root.get("error").is_some_and(|e| e.kind() != Kind::Null);
        for choice in root.get("choices").into_iter().flat_map(Node::items) {
            let index = choice.get("index").and_then(Node::as_u64).unwrap_or(0);
            self.opened.push(index);
            if let Some(delta) = choice.get("delta") {
                let lane = |part, tool| LaneId { index, part, tool };
                self.fragment(lane(Part::Content, 0), delta.get("content"));
                self.fragment(lane(Part::Refusal, 0), delta.get("refusal"));
                let call = delta.get("function_call").and_then(|c| c.get("arguments"));
                self.fragment(lane(Part::FunctionCall, 0), call);
                for (i, call) in delta.get("tool_calls").into_iter().flat_map(Node::items).enumerate() {
                    let tool = call.get("index").and_then(Node::as_u64).unwrap_or(i as u64);
                    let arguments = call.get("function").and_then(|f| f.get("arguments"));
                    self.fragment(lane(Part::Arguments, tool), arguments);
                }
            }
            if choice.get("finish_reason").is_some_and(|r| r.kind() == Kind::String) {
                self.ended.push(index);
            }
        }
    }

    fn anthropic(&mut self, root: Node<'_>) {
        let kind = root.get("type").and_then(Node::as_str).unwrap_or_default();
        let index = root.get("index").and_then(Node::as_u64).unwrap_or(0);
        let lane = |part| LaneId { index, part, tool: 0 };
        match kind.as_ref() {
            "content_block_start" => {
                self.opened.push(index);
                self.fragment(lane(Part::Content), root.get("content_block").and_then(|b| b.get("text")));
            }
            "content_block_delta" => {
                let delta = root.get("delta");
                self.fragment(lane(Part::Content), delta.and_then(|d| d.get("text")));
                self.fragment(lane(Part::Arguments), delta.and_then(|d| d.get("partial_json")));
            }
            "content_block_stop" => self.ended.push(index),
            "message_delta" => self.closes = true,
            "message_stop" => self.last = true,
            "error" => self.error = true,
            _ => {}
        }
    }

    fn fragment(&mut self, lane: LaneId, node: Option<Node<'_>>) {
        if let Some(node) = node.filter(|n| n.kind() == Kind::String) {
            self.fragments.push((lane, node.id()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_json_from_how_it_begins() {
        for json in ["{\"a\": 1}", " \n{ \n\"a\"", "[{\"a\": 1}]", "[\"a\"]"] {
            assert_eq!(context_of(json), Some(Context::JsonSource), "{json}");
        }
        for text in ["Call", "[NAME_X]", "{sure}", "- [ ] buy", "\"said\"", "[[NAME_X]]"] {
            assert_eq!(context_of(text), Some(Context::Text), "{text}");
        }
        for undecided in ["", " \n", "{", "[ "] {
            assert_eq!(context_of(undecided), None, "{undecided:?}");
        }
        assert_eq!(context_of(&" ".repeat(LONGEST_OPENING)), Some(Context::Text));
    }
}
