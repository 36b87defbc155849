//! What goes wrong, said in the client's own protocol.

use asepsis_exchange::{Refusal, RefusalKind};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::json;

use crate::coaching::Coaching;
use crate::release::RELEASE;
use crate::settings::Protocol;

/// An error that a client is told. It never holds anything of a request or an answer but places within them.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) status: StatusCode,
    /// A stable code for programs.
    pub(crate) code: &'static str,
    /// What is wrong, where, and what helps.
    pub(crate) message: String,
    /// Seconds after which trying again may help.
    pub(crate) retry_after: Option<u32>,
    /// The id of the release, where the answer is held for a person.
    pub(crate) release: Option<String>,
}

impl Fault {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None, release: None }
    }

    /// The request is not what the protocol asks for.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", message)
    }

    /// The AI system did not answer as it should.
    pub(crate) fn upstream(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, code, message)
    }

    /// The status that the log keeps for this fault.
    pub(crate) fn log_status(&self) -> &'static str {
        match self.status.as_u16() {
            _ if self.code.starts_with("upstream_") => "upstream_error",
            _ if self.code == "stopped" => "stopped",
            _ if self.code == "held_for_release" => "held",
            _ if self.code.starts_with("release_") => "refused",
            401 | 403 | 404 | 503 => "refused",
            400..=499 => "invalid_request",
            502 | 504 => "upstream_error",
            _ => "internal",
        }
    }

    /// The error object in the protocol's shape.
    ///
    /// OpenAI: `{"error":{"message","type","param","code"}}`; Anthropic: `{"type":"error","error":{"type","message"},
    /// "request_id"}`.
    pub(crate) fn body(&self, protocol: Protocol, exchange: &str) -> String {
        let message = format!("{} [exchange {exchange}]", self.message);
        let mut body = match protocol {
            Protocol::OpenAi => json!({
                "error": {"message": message, "type": self.openai_type(), "param": null, "code": self.code}
            }),
            Protocol::Anthropic => json!({
                "type": "error",
                "error": {"type": self.anthropic_type(), "message": message},
                "request_id": exchange
            }),
        };
        if let Some(release) = &self.release {
            body["error"]["code"] = json!(self.code);
            body["error"]["release"] = json!(release);
        }
        body.to_string()
    }

    /// Something came back that must not, and the answer ends.
    pub(crate) fn leak(leak: &asepsis_exchange::Leak) -> Self {
        match leak {
            asepsis_exchange::Leak::Canary(place) => Self::new(
                StatusCode::FORBIDDEN,
                "leak",
                format!(
                    "the answer repeats an internal mark that stood in {place}: a text there may have taken the AI system over. Nothing of \
                     the answer is given out. Look at that text before you send it again"
                ),
            ),
            asepsis_exchange::Leak::Instructions => Self::new(
                StatusCode::FORBIDDEN,
                "instructions_repeated",
                "the answer repeats the instructions of this application, and your office does not give them out. Ask about your task instead; \
                 if you did, tell the person who looks after this tool ([guard] instructions)",
            ),
        }
    }

    /// The vault fails, so that something may not be.
    pub(crate) fn vault(not: &str) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "vault_unavailable",
            format!("the vault cannot be read or written, so {not}; the server's own log says more"),
        )
    }

    pub(crate) fn response(&self, protocol: Protocol, exchange: &str) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(Bytes::from(self.body(protocol, exchange))));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        } else if self.status.is_client_error() || self.code == "log_stopped" {
            // The SDKs of both vendors try again by themselves on some statuses; here it would not help.
            headers.insert("x-should-retry", HeaderValue::from_static("false"));
        }
        if let Some(release) = self.release.as_ref().and_then(|id| HeaderValue::from_str(id).ok()) {
            headers.insert(RELEASE, release);
        }
        if matches!(self.code, "request_too_large" | "request_timeout") {
            // What is left of the request is not going to be read.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    fn openai_type(&self) -> &'static str {
        match self.status.as_u16() {
            401 => "authentication_error",
            403 => "permission_error",
            429 | 503 => "rate_limit_error",
            400..=499 => "invalid_request_error",
            _ => "api_error",
        }
    }

    fn anthropic_type(&self) -> &'static str {
        match self.status.as_u16() {
            401 => "authentication_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            503 => "overloaded_error",
            400..=499 => "invalid_request_error",
            504 => "timeout_error",
            _ => "api_error",
        }
    }
}

impl Fault {
    /// What the client is told of an exchange that was not admitted.
    pub(crate) fn refused(refusal: &Refusal, coaching: &Coaching) -> Self {
        match &refusal.kind {
            RefusalKind::Policy(decision) => {
                let rules: Vec<&str> = decision.rules.iter().map(|r| r.id.as_str()).collect();
                let mut cites: Vec<&str> =
                    decision.rules.iter().map(|r| r.cite.as_str()).filter(|c| !c.is_empty()).collect();
                cites.dedup();
                let cites = if cites.is_empty() { String::new() } else { format!("; {}", cites.join("; ")) };
                Self::new(
                    StatusCode::FORBIDDEN,
                    "refused_by_policy",
                    format!(
                        "Asepsis did not send this. {} (rule {}{cites})",
                        coaching.refusal(&refusal.found, &decision.staff_message()),
                        rules.join(", ")
                    ),
                )
            }
            RefusalKind::RigidIdentifier(place) => Self::invalid(format!(
                "{place} holds what looks like a patient identifier, and nothing may be rewritten there; use a name or \
                 an id that says nothing about a person"
            )),
            RefusalKind::NoPlaceForNotice => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "notice_needs_text",
                "the notice of 42 CFR 2.32 has to go along with these records, and the request holds no text that it could \
                 stand before; send a system prompt or a message of text with it",
            ),
            RefusalKind::Hostile(place) => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "hostile_text",
                format!(
                    "{place} holds text of others that tries to take an AI system over and cannot be taken out there, or a document that \
                     cannot be read as what it looks like; nothing was sent. `asepsis guard scan` on it says what it is"
                ),
            ),
            RefusalKind::Tripwire(place) => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "identifier_left",
                format!(
                    "Asepsis did not send this: after the rewriting an identifier was still seen at {place}. Take it out \
                     or write it in a usual form, and report the exchange's id"
                ),
            ),
            RefusalKind::Wait(seconds) => Self {
                retry_after: Some(*seconds),
                ..Self::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "wait",
                    format!(
                        "too much was refused or flagged in what you asked before, so nothing is sent for {seconds} s. Wait, or ask the person \
                         who looks after this tool to clear it"
                    ),
                )
            },
            RefusalKind::UnknownSystem => {
                Self::new(StatusCode::NOT_FOUND, "unknown_system", "the AI system is not in the register")
            }
            RefusalKind::Log(error) => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "log_stopped",
                format!("the audit log cannot be written, so nothing may leave: {error}"),
            ),
            RefusalKind::TooLong(class) => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "identifier_too_long",
                format!(
                    "Asepsis did not send this: over 65535 bytes in a row look like one identifier ({class}), and nothing that long is \
                     kept. Take it out, or divide it"
                ),
            ),
            RefusalKind::Vault(_) => Self::vault("nothing may leave"),
            RefusalKind::Keys(asepsis_keys::KeyError::Shredded { .. }) => Self::new(
                StatusCode::GONE,
                "patient_erased",
                "what was kept about this patient was erased, and nothing new is recorded under the same number; ask the privacy \
                 office",
            ),
            RefusalKind::Keys(_) => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "keys_unavailable",
                "the keys cannot be read or written, so nothing may leave; the server's own log says more",
            ),
            RefusalKind::Policies(_) | RefusalKind::Internal(_) => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Asepsis failed and sent nothing; report the exchange's id",
            ),
        }
    }
}
