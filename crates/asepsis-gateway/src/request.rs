//! What a request must look like before anything else is done with it.

use asepsis_document::json::{Json, Kind, Node};

use crate::fault::Fault;
use crate::settings::Protocol;

/// What the gateway itself needs to know of a request.
pub(crate) struct Shape {
    pub(crate) model: String,
    pub(crate) stream: bool,
    /// The first words of the conversation, which tell it from others where the client names none.
    pub(crate) opening: Vec<u8>,
}

/// Kinds of content that are text, or that hold only text and calls of tools.
const OPENAI_PARTS: [&str; 2] = ["text", "refusal"];
const ANTHROPIC_PARTS: [&str; 5] = ["text", "tool_use", "tool_result", "thinking", "redacted_thinking"];

const OPENAI_ROLES: [&str; 6] = ["system", "developer", "user", "assistant", "tool", "function"];
const ANTHROPIC_ROLES: [&str; 2] = ["user", "assistant"];

impl Shape {
    /// Checks a request of the protocol.
    pub(crate) fn of(protocol: Protocol, json: &Json<'_>) -> Result<Self, Fault> {
        let root = json.root();
        if root.kind() != Kind::Object {
            return Err(Fault::invalid("the body must be a JSON object"));
        }
        let model = text(root, "model")?.ok_or_else(|| missing("model", "the name of a model, as a string"))?;
        let stream = match root.get("stream") {
            None => false,
            Some(node) if node.kind() == Kind::Null => false,
            Some(node) => node.as_bool().ok_or_else(|| Fault::invalid("stream must be true or false"))?,
        };
        let messages = root.get("messages").ok_or_else(|| missing("messages", "an array of messages"))?;
        if messages.kind() != Kind::Array {
            return Err(Fault::invalid("messages must be an array"));
        }
        if messages.items().next().is_none() {
            return Err(Fault::invalid("messages must hold at least one message"));
        }
        if protocol == Protocol::Anthropic && root.get("max_tokens").and_then(Node::as_u64).is_none() {
            return Err(missing("max_tokens", "a whole number"));
        }
        let mut opening = Vec::new();
        if let Some(system) = root.get("system") {
            content(protocol, system)?;
            opening.extend_from_slice(system.raw());
        }
        let mut begun = false;
        for message in messages.items() {
            check_message(protocol, message)?;
            // Everything up to and with the first words of the user: it stays the same as the conversation grows.
            if !begun {
                opening.extend_from_slice(message.raw());
                begun = text(message, "role")?.as_deref() == Some("user");
            }
        }
        Ok(Self { model, stream, opening })
    }
}

fn check_message(protocol: Protocol, message: Node<'_>) -> Result<(), Fault> {
    if message.kind() != Kind::Object {
        return Err(Fault::invalid(format!("{} must be an object", message.path())));
    }
    let role = text(message, "role")?.ok_or_else(|| Fault::invalid(format!("{} has no role", message.path())))?;
    let known: &[&str] = match protocol {
        Protocol::OpenAi => &OPENAI_ROLES,
        Protocol::Anthropic => &ANTHROPIC_ROLES,
    };
    if !known.contains(&role.as_str()) {
        return Err(Fault::invalid(format!("{}.role must be one of {}", message.path(), known.join(", "))));
    }
    if let Some(part) = message.get("audio").filter(|p| p.kind() != Kind::Null) {
        return Err(not_text(part));
    }
    match message.get("content") {
        Some(node) => content(protocol, node),
        None if message.get("tool_calls").is_some() || message.get("function_call").is_some() => Ok(()),
        None => Err(Fault::invalid(format!("{} has no content", message.path()))),
    }
}

fn content(protocol: Protocol, node: Node<'_>) -> Result<(), Fault> {
    match node.kind() {
        Kind::String => Ok(()),
        Kind::Null if protocol == Protocol::OpenAi => Ok(()),
        Kind::Array => node.items().try_for_each(|part| check_part(protocol, part)),
        _ => Err(Fault::invalid(format!("{} must be a string or an array of parts", node.path()))),
    }
}

fn check_part(protocol: Protocol, part: Node<'_>) -> Result<(), Fault> {
    let kind = text(part, "type")?.ok_or_else(|| Fault::invalid(format!("{} has no type", part.path())))?;
    let known: &[&str] = match protocol {
        Protocol::OpenAi => &OPENAI_PARTS,
        Protocol::Anthropic => &ANTHROPIC_PARTS,
    };
    if !known.contains(&kind.as_str()) {
        return Err(not_text(part));
    }
    match (kind.as_str(), part.get("content")) {
        ("tool_result", Some(inner)) => content(protocol, inner),
        _ => Ok(()),
    }
}

fn text(node: Node<'_>, key: &str) -> Result<Option<String>, Fault> {
    match node.get(key) {
        None => Ok(None),
        Some(value) => match value.as_str() {
            Some(text) => Ok(Some(text.into_owned())),
            None => Err(Fault::invalid(format!("{} must be a string", value.path()))),
        },
    }
}

fn missing(name: &str, what: &str) -> Fault {
    Fault::invalid(format!("the request has no {name}; it must be {what}"))
}

/// Images, audio and files are not sent: nobody could say what is in them.
fn not_text(part: Node<'_>) -> Fault {
    Fault::invalid(format!(
        "{} is not text; images, audio and files cannot be inspected yet and are not sent. Send their text",
        part.path()
    ))
}
