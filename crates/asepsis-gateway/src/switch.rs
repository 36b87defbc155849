//! The kill switch within an exchange that goes on: of its system, the system's vendor, its model, and the tools that are called.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use asepsis_document::json::{Json, Kind, Node};
use asepsis_exchange::Plane;
use asepsis_policy::StopOf;
use http::StatusCode;
use tokio::sync::watch;

use crate::fault::Fault;
use crate::settings::Protocol;

/// The most tools that one answer may call; each takes memory of its own.
const MOST_CALLS: usize = 1024;

/// The longest name of a tool that is put together from pieces.
const LONGEST_NAME: usize = 256;

/// Looks at the kill switches for one exchange.
pub(crate) struct Switch {
    plane: Arc<Plane>,
    turned: watch::Receiver<u64>,
    system: String,
    model: String,
    /// Names of the tools that the answer calls, by where in it; a name may come in pieces.
    called: BTreeMap<(u64, u64), String>,
}

impl Switch {
    /// Of an exchange that is about to be decided on. What is switched off from here on is noticed.
    pub(crate) fn new(plane: Arc<Plane>, turned: watch::Receiver<u64>, system: &str, model: &str) -> Self {
        let (system, model) = (system.to_owned(), model.to_owned());
        Self { plane, turned, system, model, called: BTreeMap::new() }
    }

    /// Why the request is refused: its model, or a tool that it offers or has called, is switched off. A system or vendor that is
    /// switched off is the policies' matter (D25).
    pub(crate) fn refuses(&self, tools: &BTreeSet<String>) -> Option<Fault> {
        let register = self.plane.rules().register;
        match register.stopped(&self.system, &self.model, tools.iter().map(String::as_str)) {
            None | Some((StopOf::System | StopOf::Vendor, _)) => None,
            Some((StopOf::Model, _)) => {
                Some(fault("this model is switched off for now; use another that your office lists"))
            }
            // What a client calls a tool is its own words; it knows which it has.
            Some((StopOf::Tool, _)) => Some(fault(
                "a tool that the request offers, or whose results it holds, is switched off for now; take it out of `tools` and \
                 begin a new conversation",
            )),
        }
    }

    /// Why the exchange ends, where something of it is switched off by now.
    pub(crate) fn stopped(&self) -> Option<Fault> {
        let register = self.plane.rules().register;
        let tools = self.called.values().map(String::as_str);
        // A system that was taken out of the register may not go on answering either.
        let what = match register.stopped(&self.system, &self.model, tools).map(|(of, _)| of) {
            None if register.system(&self.system).is_some() => return None,
            None | Some(StopOf::System | StopOf::Vendor) => "this AI tool was switched off",
            Some(StopOf::Model) => "this model was switched off",
            Some(StopOf::Tool) => "the answer calls a tool that is switched off",
        };
        Some(fault(format!("{what}; what came of the answer is not complete and must not be relied on")))
    }

    /// Waits until something of the exchange is switched off. It may be asked again and again.
    pub(crate) async fn pulled(&mut self) -> Fault {
        loop {
            if self.turned.changed().await.is_err() {
                // The gateway is gone, and nobody turns anything any more.
                std::future::pending::<()>().await;
            }
            if let Some(fault) = self.stopped() {
                return fault;
            }
        }
    }

    /// Takes in the tools that a piece of the answer calls. Why the exchange ends, where one is switched off.
    pub(crate) fn calls(&mut self, calls: &[Call]) -> Option<Fault> {
        if calls.is_empty() {
            return None;
        }
        for call in calls {
            let name = self.called.entry(call.at).or_default();
            if name.len() + call.name.len() <= LONGEST_NAME {
                name.push_str(&call.name);
            }
            if self.called.len() > MOST_CALLS {
                return Some(Fault::upstream("upstream_broken", "the answer calls too many tools"));
            }
        }
        self.stopped()
    }
}

fn fault(message: impl Into<String>) -> Fault {
    Fault::new(StatusCode::FORBIDDEN, "stopped", message)
}

/// A call of a tool in an answer, or a piece of one.
pub(crate) struct Call {
    /// The choice or block, and the call within it.
    pub(crate) at: (u64, u64),
    pub(crate) name: String,
}

/// The names of the tools that a request offers, and of those whose calls and results it holds.
pub(crate) fn offered(json: &Json<'_>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let root = json.root();
    for tool in each(root.get("tools")).chain(each(root.get("functions"))) {
        names.extend(name_of(tool));
    }
    for message in each(root.get("messages")) {
        for call in each(message.get("tool_calls")).chain(message.get("function_call")) {
            names.extend(name_of(call));
        }
        if message.get("role").and_then(Node::as_str).is_some_and(|role| role == "function") {
            names.extend(text(message.get("name")));
        }
        for part in each(message.get("content")) {
            if part.get("type").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("tool_use")) {
                names.extend(text(part.get("name")));
            }
        }
    }
    names
}

/// The calls of tools in a whole answer or in an event of a stream.
pub(crate) fn calls(protocol: Protocol, json: &Json<'_>) -> Vec<Call> {
    let mut calls = Vec::new();
    let root = json.root();
    let number = |node: Option<Node<'_>>, usual: usize| node.and_then(Node::as_u64).unwrap_or(usual as u64);
    match protocol {
        Protocol::OpenAi => {
            for (i, choice) in each(root.get("choices")).enumerate() {
                let index = number(choice.get("index"), i);
                for message in choice.get("delta").into_iter().chain(choice.get("message")) {
                    for (n, call) in each(message.get("tool_calls")).enumerate() {
                        let at = (index, number(call.get("index"), n));
                        calls.extend(name_of(call).map(|name| Call { at, name }));
                    }
                    let at = (index, u64::MAX);
                    calls.extend(message.get("function_call").and_then(name_of).map(|name| Call { at, name }));
                }
            }
        }
        Protocol::Anthropic => {
            let begun = root.get("content_block").map(|block| (number(root.get("index"), 0), block));
            let blocks = each(root.get("content")).enumerate().map(|(i, block)| (i as u64, block));
            for (index, block) in blocks.chain(begun) {
                if block.get("type").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("tool_use")) {
                    calls.extend(text(block.get("name")).map(|name| Call { at: (index, 0), name }));
                }
            }
        }
    }
    calls
}

/// The items of an array, and of all else none.
pub(crate) fn each(node: Option<Node<'_>>) -> impl Iterator<Item = Node<'_>> {
    node.filter(|node| node.kind() == Kind::Array).into_iter().flat_map(Node::items)
}

/// The name of a tool: its own, or that of the function or custom tool in it.
fn name_of(tool: Node<'_>) -> Option<String> {
    let inner = tool.get("function").or_else(|| tool.get("custom"));
    text(inner.and_then(|inner| inner.get("name"))).or_else(|| text(tool.get("name")))
}

fn text(node: Option<Node<'_>>) -> Option<String> {
    node.and_then(Node::as_str).map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str, look: impl Fn(&Json<'_>) -> Vec<String>) -> Vec<String> {
        look(&Json::parse(text.as_bytes(), &asepsis_document::json::Limits::default()).expect("it is JSON"))
    }

    #[test]
    fn r12_tools_are_found_in_requests_of_both_protocols() {
        let names = |text: &str| parsed(text, |json| offered(json).into_iter().collect());
        let openai = r#"{"tools": [{"type": "function", "function": {"name": "a"}}, {"type": "custom", "custom": {"name": "b"}}],
            "functions": [{"name": "c"}], "messages": [{"role": "function", "name": "d", "content": ""},
            {"role": "assistant", "tool_calls": [{"function": {"name": "e"}}]}, {"role": "user", "name": "no"},
            {"role": "assistant", "function_call": {"name": "f"}}]}"#;
        assert_eq!(names(openai), ["a", "b", "c", "d", "e", "f"]);
        let anthropic = r#"{"tools": [{"name": "a", "input_schema": {}}, {"type": "web_search_20250305", "name": "b"}],
            "messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "x", "name": "c", "input": {}},
            {"type": "text", "text": "no"}]}, {"role": "user", "content": "plain"}]}"#;
        assert_eq!(names(anthropic), ["a", "b", "c"]);
    }

    #[test]
    fn r12_calls_are_found_in_answers_and_streams_of_both_protocols() {
        let names = |protocol, text: &str| {
            parsed(text, |json| {
                calls(protocol, json).into_iter().map(|call| format!("{:?}{}", call.at, call.name)).collect()
            })
        };
        let whole =
            r#"{"choices": [{"message": {"tool_calls": [{"function": {"name": "a"}}, {"function": {"name": "b"}}]}}]}"#;
        assert_eq!(names(Protocol::OpenAi, whole), ["(0, 0)a", "(0, 1)b"]);
        let event =
            r#"{"choices": [{"index": 1, "delta": {"tool_calls": [{"index": 2, "function": {"name": "a"}}]}}]}"#;
        assert_eq!(names(Protocol::OpenAi, event), ["(1, 2)a"]);
        let whole = r#"{"content": [{"type": "text", "text": "x"}, {"type": "tool_use", "name": "a"}]}"#;
        assert_eq!(names(Protocol::Anthropic, whole), ["(1, 0)a"]);
        let event =
            r#"{"type": "content_block_start", "index": 3, "content_block": {"type": "server_tool_use", "name": "a"}}"#;
        assert_eq!(names(Protocol::Anthropic, event), ["(3, 0)a"]);
    }
}
