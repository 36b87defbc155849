//! The answer in the shapes of the two protocols.

use serde_json::{Value, json};

use crate::answer::{Answer, fragments};

/// One event of a streamed answer: its name, where the protocol names events, and its data.
pub(crate) struct Event {
    pub(crate) name: Option<&'static str>,
    pub(crate) data: String,
}

impl Event {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self.name {
            Some(name) => format!("event: {name}\ndata: {}\n\n", self.data).into_bytes(),
            None => format!("data: {}\n\n", self.data).into_bytes(),
        }
    }
}

pub(crate) fn openai(model: &str, answer: &Answer) -> Value {
    let (message, reason) = match &answer.tool {
        Some(tool) => (
            json!({"role": "assistant", "content": null, "tool_calls": [{
                "id": "call_standin0001", "type": "function",
                "function": {"name": tool.name, "arguments": tool.arguments.to_string()}
            }]}),
            "tool_calls",
        ),
        None => (json!({"role": "assistant", "content": answer.text, "refusal": null}), "stop"),
    };
    json!({
        "id": "chatcmpl-standin0001", "object": "chat.completion", "created": 1_700_000_000, "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": reason}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
    })
}

pub(crate) fn openai_events(model: &str, answer: &Answer, fragment: usize, usage: bool) -> Vec<Event> {
    let chunk = |delta: Value, reason: Value| {
        let mut value = json!({
            "id": "chatcmpl-standin0001", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": model,
            "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": reason}]
        });
        if usage {
            value["usage"] = Value::Null;
        }
        Event { name: None, data: value.to_string() }
    };
    let mut events = vec![chunk(json!({"role": "assistant", "content": ""}), Value::Null)];
    let reason = match &answer.tool {
        Some(tool) => {
            let head = json!({"tool_calls": [{"index": 0, "id": "call_standin0001", "type": "function",
                "function": {"name": tool.name, "arguments": ""}}]});
            events.push(chunk(head, Value::Null));
            for piece in fragments(&tool.arguments.to_string(), fragment) {
                events
                    .push(chunk(json!({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}), Value::Null));
            }
            "tool_calls"
        }
        None => {
            for piece in fragments(&answer.text, fragment) {
                events.push(chunk(json!({"content": piece}), Value::Null));
            }
            "stop"
        }
    };
    events.push(chunk(json!({}), json!(reason)));
    if usage {
        let value = json!({
            "id": "chatcmpl-standin0001", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": model,
            "choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
        });
        events.push(Event { name: None, data: value.to_string() });
    }
    events.push(Event { name: None, data: "[DONE]".to_owned() });
    events
}

pub(crate) fn anthropic(model: &str, answer: &Answer) -> Value {
    let (content, reason) = match &answer.tool {
        Some(tool) => (
            json!([
                {"type": "text", "text": "I call the tool."},
                {"type": "tool_use", "id": "toolu_standin0001", "name": tool.name, "input": tool.arguments}
            ]),
            "tool_use",
        ),
        None => (json!([{"type": "text", "text": answer.text}]), "end_turn"),
    };
    json!({
        "id": "msg_standin0001", "type": "message", "role": "assistant", "model": model, "content": content,
        "stop_reason": reason, "stop_sequence": null, "usage": {"input_tokens": 10, "output_tokens": 20}
    })
}

pub(crate) fn anthropic_events(model: &str, answer: &Answer, fragment: usize) -> Vec<Event> {
    let event = |name: &'static str, data: Value| Event { name: Some(name), data: data.to_string() };
    let mut events = vec![
        event(
            "message_start",
            json!({"type": "message_start", "message": {"id": "msg_standin0001", "type": "message", "role": "assistant",
                "model": model, "content": [], "stop_reason": null, "stop_sequence": null,
                "usage": {"input_tokens": 10, "output_tokens": 1}}}),
        ),
        event("ping", json!({"type": "ping"})),
    ];
    let text = if answer.tool.is_some() { "I call the tool." } else { &answer.text };
    events.push(event(
        "content_block_start",
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
    ));
    for piece in fragments(text, fragment) {
        events.push(event(
            "content_block_delta",
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}),
        ));
    }
    events.push(event("content_block_stop", json!({"type": "content_block_stop", "index": 0})));
    let mut reason = "end_turn";
    if let Some(tool) = &answer.tool {
        reason = "tool_use";
        events.push(event(
            "content_block_start",
            json!({"type": "content_block_start", "index": 1, "content_block":
                {"type": "tool_use", "id": "toolu_standin0001", "name": tool.name, "input": {}}}),
        ));
        for piece in fragments(&tool.arguments.to_string(), fragment) {
            events.push(event(
                "content_block_delta",
                json!({"type": "content_block_delta", "index": 1, "delta":
                    {"type": "input_json_delta", "partial_json": piece}}),
            ));
        }
        events.push(event("content_block_stop", json!({"type": "content_block_stop", "index": 1})));
    }
    events.push(event(
        "message_delta",
        json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null},
            "usage": {"output_tokens": 20}}),
    ));
    events.push(event("message_stop", json!({"type": "message_stop"})));
    events
}
