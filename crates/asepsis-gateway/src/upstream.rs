//! The step "forward": to a registered AI system and nowhere else.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::fault::Fault;
use crate::settings::{Limits, Protocol, Settings, SystemRoute};

/// Connections to AI systems, kept and used again.
pub(crate) struct Upstreams {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    first_byte: Duration,
}

/// Headers of a client that an AI system needs; all others stay here. Users' own keys are never among them.
const FORWARDED: [HeaderName; 3] = [
    HeaderName::from_static("anthropic-version"),
    HeaderName::from_static("anthropic-beta"),
    HeaderName::from_static("openai-beta"),
];

/// Beginnings of names of headers of an answer that the client gets: what its SDK acts upon.
const RETURNED: [&str; 5] =
    ["retry-after", "x-ratelimit-", "anthropic-ratelimit-", "x-should-retry", "openai-processing-ms"];

impl Upstreams {
    pub(crate) fn new(settings: &Settings) -> Result<Self, rustls::Error> {
        let mut http = HttpConnector::new();
        // Without it a small request waits for the delayed acknowledgement of the one before, some 40 ms.
        http.set_nodelay(true);
        http.enforce_http(false);
        http.set_connect_timeout(Some(settings.limits.connect));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(client_tls(settings)?)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(60))
            .build(connector);
        Ok(Self { client, first_byte: settings.limits.first_byte })
    }

    /// Sends a body to the AI system's endpoint and waits for the head of the answer.
    pub(crate) async fn send(
        &self,
        route: &SystemRoute,
        client_headers: &HeaderMap,
        body: Vec<u8>,
    ) -> Result<Response<Incoming>, Fault> {
        let request = request(route, client_headers, body)?;
        match tokio::time::timeout(self.first_byte, self.client.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if error.is_connect() => Err(Fault::upstream(
                "upstream_unreachable",
                format!("the AI system `{}` cannot be reached; nothing of the request was answered", route.id),
            )),
            Ok(Err(_)) => Err(Fault::upstream(
                "upstream_broke_off",
                format!("the AI system `{}` broke the connection off before it answered", route.id),
            )),
            Err(_) => Err(Fault::new(
                http::StatusCode::GATEWAY_TIMEOUT,
                "upstream_timeout",
                format!("the AI system `{}` did not begin to answer within {} s", route.id, self.first_byte.as_secs()),
            )),
        }
    }
}

fn client_tls(settings: &Settings) -> Result<rustls::ClientConfig, rustls::Error> {
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for root in &settings.extra_roots {
        roots.add(root.clone())?;
    }
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn request(route: &SystemRoute, client_headers: &HeaderMap, body: Vec<u8>) -> Result<Request<Full<Bytes>>, Fault> {
    let endpoint = match route.protocol {
        Protocol::OpenAi => "/v1/chat/completions",
        Protocol::Anthropic => "/v1/messages",
    };
    let internal =
        |_| Fault::new(http::StatusCode::INTERNAL_SERVER_ERROR, "internal", "the address of the AI system is wrong");
    let mut parts = route.base_url.clone().into_parts();
    let before = route.base_url.path().trim_end_matches('/');
    parts.path_and_query = Some(format!("{before}{endpoint}").parse().map_err(internal)?);
    let uri = Uri::from_parts(parts).map_err(|_| {
        Fault::new(http::StatusCode::INTERNAL_SERVER_ERROR, "internal", "the address of the AI system is wrong")
    })?;
    let mut request = Request::new(Full::new(Bytes::from(body)));
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // A compressed answer could not be read while it comes.
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(concat!("asepsis/", env!("CARGO_PKG_VERSION"))));
    for name in FORWARDED {
        for value in client_headers.get_all(&name) {
            if is_plain(value) {
                headers.append(name.clone(), value.clone());
            }
        }
    }
    if let Some(key) = &route.key {
        let (name, text) = match route.protocol {
            Protocol::OpenAi => (header::AUTHORIZATION, format!("Bearer {}", key.as_str())),
            Protocol::Anthropic => (HeaderName::from_static("x-api-key"), key.to_string()),
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_| {
            Fault::new(
                http::StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                format!("the key of the AI system `{}` holds characters that no header may hold", route.id),
            )
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(request)
}

/// Versions and names of features: nothing that could carry a text.
fn is_plain(value: &HeaderValue) -> bool {
    value.len() <= 512
        && value.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || b"-_.,=: ".contains(b))
        && value.to_str().is_ok_and(|text| asepsis_phi::tripwire(text).is_none())
}

/// Copies the headers of an answer that the client's SDK acts upon.
pub(crate) fn returned_headers(from: &HeaderMap, to: &mut HeaderMap) {
    for (name, value) in from {
        if RETURNED.iter().any(|start| name.as_str().starts_with(start)) {
            to.append(name.clone(), value.clone());
        }
    }
    if let Some(id) = from.get("x-request-id").or_else(|| from.get("request-id")) {
        to.insert("x-upstream-request-id", id.clone());
    }
}

/// Reads a whole body within the limits.
pub(crate) async fn read_answer(mut body: Incoming, limits: &Limits) -> Result<Vec<u8>, Fault> {
    use http_body_util::BodyExt;
    let mut bytes = Vec::new();
    loop {
        let frame = match tokio::time::timeout(limits.upstream_idle, body.frame()).await {
            Err(_) => {
                return Err(Fault::new(
                    http::StatusCode::GATEWAY_TIMEOUT,
                    "upstream_timeout",
                    format!("the AI system fell silent for {} s within its answer", limits.upstream_idle.as_secs()),
                ));
            }
            Ok(None) => return Ok(bytes),
            Ok(Some(Err(_))) => {
                return Err(Fault::upstream("upstream_broke_off", "the AI system broke its answer off"));
            }
            Ok(Some(Ok(frame))) => frame,
        };
        if let Ok(data) = frame.into_data() {
            if (bytes.len() + data.len()) as u64 > limits.answer_bytes {
                return Err(Fault::upstream(
                    "answer_too_large",
                    format!("the answer of the AI system is over the limit of {} bytes", limits.answer_bytes),
                ));
            }
            bytes.extend_from_slice(&data);
        }
    }
}
