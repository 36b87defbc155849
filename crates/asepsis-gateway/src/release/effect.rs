//! What an answer calls, to the letter: read from the very bytes that the client would get.

use std::collections::BTreeMap;

use asepsis_conduct::Called;
use asepsis_document::json::{Json, Kind, Limits, Node};
use asepsis_document::sse;

use crate::settings::Protocol;
use crate::switch::each;

/// The calls by where they stand: name and arguments.
type Calls = BTreeMap<(u64, u64), (String, String)>;

/// The calls of an answer in the order of the answer; `None` where it cannot be read.
pub(crate) fn called(protocol: Protocol, stream: bool, answer: &[u8]) -> Option<Vec<Called>> {
    let mut calls = Calls::new();
    if stream {
        let mut parser = sse::Parser::new(answer.len());
        let mut events = Vec::new();
        parser.push(answer, &mut events).ok()?;
        for event in events.iter().filter(|event| event.has_data && event.data != "[DONE]") {
            let json = Json::parse(event.data.as_bytes(), &Limits::default()).ok()?;
            match protocol {
                Protocol::OpenAi => openai(json.root(), "delta", &mut calls),
                Protocol::Anthropic => anthropic_event(json.root(), &mut calls),
            }
        }
    } else {
        let json = Json::parse(answer, &Limits::default()).ok()?;
        match protocol {
            Protocol::OpenAi => openai(json.root(), "message", &mut calls),
            Protocol::Anthropic => {
                for (index, block) in each(json.root().get("content")).enumerate() {
                    anthropic_block(index as u64, block, &mut calls);
                }
            }
        }
    }
    Some(calls.into_values().map(|(name, arguments)| Called { name, arguments }).collect())
}

fn openai(root: Node<'_>, within: &str, calls: &mut Calls) {
    let number = |node: Option<Node<'_>>, usual: usize| node.and_then(Node::as_u64).unwrap_or(usual as u64);
    for (at, choice) in each(root.get("choices")).enumerate() {
        let index = number(choice.get("index"), at);
        let Some(message) = choice.get(within) else { continue };
        let listed = each(message.get("tool_calls")).enumerate();
        let listed = listed.map(|(at, call)| (number(call.get("index"), at), call));
        let one = message.get("function_call").filter(|call| call.kind() == Kind::Object).map(|call| (u64::MAX, call));
        for (at, call) in listed.chain(one) {
            let inner = call.get("function").or_else(|| call.get("custom")).unwrap_or(call);
            let (name, arguments) = calls.entry((index, at)).or_default();
            push(name, inner.get("name"));
            push(arguments, inner.get("arguments").or_else(|| inner.get("input")));
        }
    }
}

fn anthropic_event(root: Node<'_>, calls: &mut Calls) {
    let index = root.get("index").and_then(Node::as_u64).unwrap_or(0);
    if let Some(block) = root.get("content_block") {
        anthropic_block(index, block, calls);
    }
    let delta = root.get("delta").and_then(|delta| delta.get("partial_json"));
    if let Some((_, arguments)) = calls.get_mut(&(index, 0)) {
        push(arguments, delta);
    }
}

fn anthropic_block(index: u64, block: Node<'_>, calls: &mut Calls) {
    if block.get("type").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("tool_use")) {
        let (name, arguments) = calls.entry((index, 0)).or_default();
        push(name, block.get("name"));
        // In a stream an empty object stands here, and the arguments follow.
        let input = block.get("input").filter(|input| input.members().next().is_some());
        arguments.push_str(&input.map(|input| String::from_utf8_lossy(input.raw())).unwrap_or_default());
    }
}

fn push(into: &mut String, node: Option<Node<'_>>) {
    into.push_str(&node.and_then(Node::as_str).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(protocol: Protocol, stream: bool, answer: &str) -> Vec<(String, String)> {
        let calls = called(protocol, stream, answer.as_bytes()).expect("it is read");
        calls.iter().map(|call| (call.name.clone(), call.arguments.clone())).collect()
    }

    fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
        all.iter().map(|(name, arguments)| ((*name).to_owned(), (*arguments).to_owned())).collect()
    }

    #[test]
    fn r30_calls_are_read_to_the_letter_from_all_that_a_client_can_get() {
        let whole = r#"{"choices": [{"message": {"content": "x", "tool_calls": [{"id": "1", "function": {"name": "a", "arguments": "{\"b\": 1.0}"}},
            {"custom": {"name": "c", "input": "free"}}]}}]}"#;
        assert_eq!(read(Protocol::OpenAi, false, whole), pairs(&[("a", "{\"b\": 1.0}"), ("c", "free")]));
        let stream = "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"a\",\"arguments\":\"\"}}]}}]}\n\n\
            data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":1,\"function\":{\"name\":\"b\",\"arguments\":\"[]\"}},{\"index\":0,\"function\":{\"arguments\":\"{}\"}}]}}]}\n\n\
            data: [DONE]\n\n";
        assert_eq!(read(Protocol::OpenAi, true, stream), pairs(&[("a", "{}"), ("b", "[]")]));
        let whole = r#"{"content": [{"type": "text", "text": "x"}, {"type": "tool_use", "id": "1", "name": "a", "input": {"b":  "\u202e"}}]}"#;
        assert_eq!(read(Protocol::Anthropic, false, whole), pairs(&[("a", "{\"b\":  \"\\u202e\"}")]));
        let stream = "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"name\":\"a\",\"input\":{}}}\n\n\
            event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"b\\\":\"}}\n\n\
            event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"1}\"}}\n\n";
        assert_eq!(read(Protocol::Anthropic, true, stream), pairs(&[("a", "{\"b\":1}")]));
        assert_eq!(called(Protocol::OpenAi, false, b"{\"a\":1,\"a\":2}"), None);
    }
}
