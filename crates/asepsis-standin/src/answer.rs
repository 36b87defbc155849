//! What the stand-in says, by rule.

use serde_json::{Value, json};

use crate::behaviour::Behaviour;

/// What is answered to a request, before it is put into a protocol.
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) tool: Option<ToolCall>,
}

/// A call of a tool.
pub(crate) struct ToolCall {
    pub(crate) name: String,
    pub(crate) arguments: Value,
}

/// The most lines of a note that a summary repeats.
const SUMMARY_LINES: usize = 8;

impl Answer {
    /// The answer to a request body of either protocol.
    pub(crate) fn to(request: &Value, behaviour: &Behaviour) -> Self {
        if let Some(obeyed) = behaviour.obey.then(|| crate::obey::answer(request)).flatten() {
            return obeyed;
        }
        let words = last_user_words(request);
        let tool = behaviour.tool.then(|| first_tool(request)).flatten().map(|name| ToolCall {
            name,
            arguments: json!({
                "subject": words.lines().find(|l| !l.trim().is_empty()).unwrap_or_default(),
                "text": words,
                "lines": words.lines().collect::<Vec<_>>(),
            }),
        });
        let mut text = if behaviour.echo { words } else { summary(&words, behaviour.obey) };
        if behaviour.alien {
            text.push_str("\nSee also [NAME_ZZZZZZZZZZZZZ].");
        }
        Self { text, tool }
    }
}

/// The first lines. Who obeys everything also obeys a mark that it is not to be repeated.
fn summary(words: &str, obey: bool) -> String {
    let mut text = String::from("Summary by the stand-in vendor (no AI, only rules):\n");
    let kept = |line: &&str| !(line.is_empty() || obey && line.ends_with("not to be repeated]"));
    for line in words.lines().map(str::trim).filter(kept).take(SUMMARY_LINES) {
        text.push_str("- ");
        text.push_str(line);
        text.push('\n');
    }
    text
}

fn last_user_words(request: &Value) -> String {
    let messages = request["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    messages
        .iter()
        .rev()
        .find(|m| m["role"] == "user" || m["role"] == "tool")
        .map(|m| words(&m["content"]))
        .unwrap_or_default()
}

fn words(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts: Vec<String> = parts
                .iter()
                .map(|p| p["text"].as_str().map_or_else(|| words(&p["content"]), str::to_owned))
                .filter(|t| !t.is_empty())
                .collect();
            texts.join("\n")
        }
        _ => String::new(),
    }
}

fn first_tool(request: &Value) -> Option<String> {
    let tool = request["tools"].get(0)?;
    tool["function"]["name"].as_str().or(tool["name"].as_str()).map(str::to_owned)
}

/// The text in fragments of so many characters.
pub(crate) fn fragments(text: &str, size: usize) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    chars.chunks(size.max(1)).map(|c| c.iter().collect()).collect()
}
