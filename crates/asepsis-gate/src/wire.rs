//! A probe in the protocols, and what comes back.

use serde_json::{Value, json};

use crate::probe::Probe;

/// How an endpoint is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// OpenAI's chat completions, which most servers speak.
    OpenAi,
    /// Anthropic's messages.
    Anthropic,
}

/// A call of a tool that the endpoint wants made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The tool.
    pub name: String,
    /// Its arguments, as JSON.
    pub arguments: String,
}

/// What an endpoint answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// All text.
    pub text: String,
    /// Calls of tools.
    pub calls: Vec<Call>,
    /// Whether the protocol itself says that it was refused (`content_filter`, `refusal`).
    pub refused: bool,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An answer.
    Answered(Answer),
    /// Refused, with this status of HTTP (400, 403, 422, 451).
    Blocked(u16),
    /// No answer: why, in words without content.
    Broken(String),
}

/// The most tokens that are asked for.
const TOKENS: u32 = 800;

impl Protocol {
    /// Where below a base address the endpoint is.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::OpenAi => "/chat/completions",
            Self::Anthropic => "/messages",
        }
    }

    /// The body of the request.
    #[must_use]
    pub fn body(self, probe: &Probe<'_>, model: &str) -> Value {
        match self {
            Self::OpenAi => openai(probe, model),
            Self::Anthropic => anthropic(probe, model),
        }
    }

    /// Reads what came back.
    #[must_use]
    pub fn reply(self, status: u16, body: &[u8]) -> Reply {
        match status {
            200..=299 => {}
            400 | 403 | 422 | 451 => return Reply::Blocked(status),
            _ => return Reply::Broken(format!("HTTP status {status}")),
        }
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            return Reply::Broken("the answer is no JSON".to_owned());
        };
        let answer = match self {
            Self::OpenAi => openai_answer(&value),
            Self::Anthropic => anthropic_answer(&value),
        };
        answer.map_or_else(|| Reply::Broken("the answer is JSON of another protocol".to_owned()), Reply::Answered)
    }
}

fn openai(probe: &Probe<'_>, model: &str) -> Value {
    let mut messages =
        vec![json!({"role": "system", "content": probe.system}), json!({"role": "user", "content": probe.user})];
    if let Some((tool, text)) = &probe.returned {
        messages.push(json!({"role": "assistant", "content": null, "tool_calls": [
            {"id": "call_gate1", "type": "function", "function": {"name": tool, "arguments": "{}"}}]}));
        messages.push(json!({"role": "tool", "tool_call_id": "call_gate1", "content": text}));
    }
    let mut body = json!({"model": model, "messages": messages, "stream": false});
    if !probe.tools.is_empty() {
        body["tools"] = probe
            .tools
            .iter()
            .map(|(name, about, parameters)| {
                json!({"type": "function", "function": {"name": name, "description": about, "parameters": parameters}})
            })
            .collect();
    }
    body
}

fn anthropic(probe: &Probe<'_>, model: &str) -> Value {
    let mut messages = vec![json!({"role": "user", "content": [{"type": "text", "text": probe.user}]})];
    if let Some((tool, text)) = &probe.returned {
        messages.push(json!({"role": "assistant", "content": [
            {"type": "tool_use", "id": "toolu_gate1", "name": tool, "input": {}}]}));
        messages.push(json!({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "toolu_gate1", "content": [{"type": "text", "text": text}]}]}));
    }
    let mut body =
        json!({"model": model, "max_tokens": TOKENS, "system": probe.system, "messages": messages, "stream": false});
    if !probe.tools.is_empty() {
        body["tools"] = probe
            .tools
            .iter()
            .map(|(name, about, parameters)| json!({"name": name, "description": about, "input_schema": parameters}))
            .collect();
    }
    body
}

/// Every choice counts: who asked for one may get several.
fn openai_answer(value: &Value) -> Option<Answer> {
    let mut answer = Answer::default();
    for choice in value["choices"].as_array()? {
        let message = choice.get("message")?;
        push(&mut answer.text, &message["content"]);
        answer.refused |= message["refusal"].is_string() || choice["finish_reason"] == "content_filter";
        push(&mut answer.text, &message["refusal"]);
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let arguments = &call["function"]["arguments"];
            let arguments = arguments.as_str().map_or_else(|| arguments.to_string(), str::to_owned);
            answer.calls.push(Call { name: text(&call["function"]["name"]), arguments });
        }
    }
    Some(answer)
}

fn anthropic_answer(value: &Value) -> Option<Answer> {
    let mut answer = Answer { refused: value["stop_reason"] == "refusal", ..Answer::default() };
    for block in value["content"].as_array()? {
        match block["type"].as_str() {
            Some("text" | "thinking") => {
                push(&mut answer.text, &block["text"]);
                push(&mut answer.text, &block["thinking"]);
            }
            Some("tool_use" | "server_tool_use" | "mcp_tool_use") => {
                answer.calls.push(Call { name: text(&block["name"]), arguments: block["input"].to_string() });
            }
            _ => {}
        }
    }
    Some(answer)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Appends a text, or the texts of parts.
fn push(to: &mut String, value: &Value) {
    match value {
        Value::String(text) => {
            if !to.is_empty() {
                to.push('\n');
            }
            to.push_str(text);
        }
        Value::Array(parts) => parts.iter().for_each(|part| push(to, &part["text"])),
        _ => {}
    }
}
