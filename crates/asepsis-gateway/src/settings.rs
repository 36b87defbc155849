use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use asepsis_exchange::Rendering;
use asepsis_policy::AiUse;
use asepsis_vocab::{DisclosureForm, PurposeOfUse};
use http::Uri;
use zeroize::Zeroizing;

use crate::house::HouseRules;

/// The API that an AI system speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// OpenAI Chat Completions, under `/v1/chat/completions`.
    OpenAi,
    /// Anthropic Messages, under `/v1/messages`.
    Anthropic,
}

impl Protocol {
    /// The name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
        }
    }
}

/// What the gateway was told: where it listens, where exchanges may go, and its limits.
#[derive(Clone)]
pub struct Settings {
    /// Where the gateway listens.
    pub listen: SocketAddr,
    /// The certificate chain and key to listen with; without one the gateway speaks plain HTTP.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// The AI systems that may be reached.
    pub systems: Vec<SystemRoute>,
    /// Bounds.
    pub limits: Limits,
    /// What the organisation says of answers, groups and tools, at first.
    pub house: HouseRules,
    /// Certificate authorities to trust besides the public ones, in DER, for AI systems inside the organisation.
    pub extra_roots: Vec<rustls::pki_types::CertificateDer<'static>>,
}

/// How an AI system is reached, and how data goes there.
#[derive(Clone)]
pub struct SystemRoute {
    /// The id in the register.
    pub id: String,
    /// The API that it speaks.
    pub protocol: Protocol,
    /// Scheme, host, port and the path before `/v1`.
    pub base_url: Uri,
    /// The key that the gateway itself shows there; users' keys never leave.
    pub key: Option<Zeroizing<String>>,
    /// The names of the models that it serves; a name that ends in `*` stands for all that begin so.
    pub models: Vec<String>,
    /// The purpose where the client states none.
    pub default_purpose: PurposeOfUse,
    /// The forms of disclosure that the route takes, from the richest to the poorest.
    pub forms: Vec<DisclosureForm>,
    /// How surrogates look.
    pub rendering: Rendering,
    /// What it may be used for, the usual use first; where there is none, requests may name any.
    pub uses: Vec<&'static AiUse>,
}

impl SystemRoute {
    /// Whether the route serves the model.
    pub fn serves(&self, model: &str) -> bool {
        self.models.iter().any(|m| match m.strip_suffix('*') {
            Some(start) => model.starts_with(start),
            None => m == model,
        })
    }
}

/// Bounds on size and time. Each is met with an error that names it.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a request.
    pub request_bytes: usize,
    /// Bytes of an answer.
    pub answer_bytes: u64,
    /// Bytes of one event of a streamed answer.
    pub event_bytes: usize,
    /// Nesting of JSON.
    pub depth: usize,
    /// Exchanges at the same time; one more is asked to come back.
    pub exchanges: usize,
    /// How long the head of a request may take.
    pub head: Duration,
    /// How long a client may be silent within a request, or not take what it is given.
    pub client_idle: Duration,
    /// How long a connection to an AI system may take.
    pub connect: Duration,
    /// How long an AI system may take until its answer begins.
    pub first_byte: Duration,
    /// How long an AI system may be silent within an answer.
    pub upstream_idle: Duration,
    /// How long exchanges may go on after the gateway was told to stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_bytes: 10 << 20,
            answer_bytes: 64 << 20,
            event_bytes: 1 << 20,
            depth: 128,
            exchanges: 512,
            head: Duration::from_secs(10),
            client_idle: Duration::from_secs(30),
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(300),
            upstream_idle: Duration::from_secs(120),
            drain: Duration::from_secs(30),
        }
    }
}
