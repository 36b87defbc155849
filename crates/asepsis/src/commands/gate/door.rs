//! The endpoint under test, over HTTP.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use asepsis_gate::{Planted, Probe, Protocol, Reply};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use zeroize::Zeroizing;

use super::BUSY;
use crate::args::Gate;

/// The longest answer that is read, in bytes.
const MOST_ANSWER: usize = 8 << 20;

/// How often a request is sent again where the endpoint says that it is too busy, and the longest that is waited before.
const AGAIN: u32 = 2;
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What came of sending.
pub(super) enum Sent<T> {
    /// There is something to judge.
    Judged(T),
    /// The endpoint cannot be reached, or wants another key or path: why, and what helps.
    Unusable(String),
}

/// The endpoint under test.
pub(super) struct Door {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    protocol: Protocol,
    uri: Uri,
    model: String,
    /// Filled with what was planted.
    headers: Vec<(HeaderName, String)>,
    key: Option<Zeroizing<String>>,
    timeout: Duration,
}

impl Door {
    pub(super) fn new(gate: &Gate, protocol: Protocol, url: &str) -> anyhow::Result<Self> {
        let uri = endpoint(url, protocol, gate.insecure_http)?;
        let headers = gate.headers.iter().map(|line| header_of(line)).collect::<anyhow::Result<_>>()?;
        let key = gate.key_env.as_ref().map(|name| {
            let key = std::env::var(name).ok().filter(|key| !key.trim().is_empty());
            key.map(|key| Zeroizing::new(key.trim().to_owned()))
                .with_context(|| format!("--key-env {name}: there is no such environment variable, or it is empty"))
        });
        let timeout = Duration::from_secs(gate.timeout);
        Ok(Self {
            client: client(gate, timeout)?,
            protocol,
            uri,
            model: gate.model.clone(),
            headers,
            key: key.transpose()?,
            timeout,
        })
    }

    /// Sends a request; again where the endpoint is too busy.
    pub(super) async fn send(&self, probe: &Probe<'_>, planted: &Planted) -> anyhow::Result<Sent<Reply>> {
        let body = Bytes::from(self.protocol.body(probe, &self.model).to_string());
        for tried in 0.. {
            let request = self.request(&body, planted)?;
            let (status, wait, body) = match tokio::time::timeout(self.timeout, self.exchange(request)).await {
                Err(_) => return Ok(broken(format!("no answer within {} s", self.timeout.as_secs()))),
                Ok(Err(Fault::Unreachable)) => return Ok(Sent::Unusable(self.unreachable())),
                Ok(Err(Fault::Broke(why))) => return Ok(broken(why)),
                Ok(Ok(got)) => got,
            };
            let busy = matches!(status.as_u16(), 429 | 503 | 529);
            if busy && tried < AGAIN && wait.is_none_or(|wait| wait <= LONGEST_WAIT) {
                tokio::time::sleep(wait.unwrap_or(BUSY)).await;
                continue;
            }
            return Ok(match status {
                StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED => Sent::Unusable(format!(
                    "{} refused the key (HTTP status {}); give one with --key-env or --header",
                    self.place(),
                    status.as_u16()
                )),
                StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Sent::Unusable(format!(
                    "{} has no such endpoint (HTTP status {}); write its whole address, and --anthropic where it speaks that protocol",
                    self.place(),
                    status.as_u16()
                )),
                status => Sent::Judged(self.protocol.reply(status.as_u16(), &body)),
            });
        }
        unreachable!("the last try returns")
    }

    fn unreachable(&self) -> String {
        let trust = if self.uri.scheme_str() == Some("https") {
            ", or its certificate is not trusted; name your own authority with --ca-file"
        } else {
            ""
        };
        format!("{} cannot be reached{trust}", self.place())
    }

    /// Scheme, host and path, without a query, which may hold a key.
    fn place(&self) -> String {
        let authority = self.uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
        format!("{}://{authority}{}", self.uri.scheme_str().unwrap_or("https"), self.uri.path())
    }

    fn request(&self, body: &Bytes, planted: &Planted) -> anyhow::Result<Request<Full<Bytes>>> {
        let mut request = Request::new(Full::new(body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(concat!("asepsis/", env!("CARGO_PKG_VERSION"))));
        if self.protocol == Protocol::Anthropic {
            headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
        }
        if let Some(key) = &self.key {
            let (name, text) = match self.protocol {
                Protocol::OpenAi => (header::AUTHORIZATION, Zeroizing::new(format!("Bearer {}", key.as_str()))),
                Protocol::Anthropic => (HeaderName::from_static("x-api-key"), key.clone()),
            };
            let mut value =
                HeaderValue::from_str(&text).ok().context("the key holds characters that no header may hold")?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        for (name, value) in &self.headers {
            let filled =
                planted.fill(value).map_err(|what| anyhow::anyhow!("--header {name}: there is no {{{{{what}}}}}"))?;
            let mut value = HeaderValue::from_str(&filled)
                .ok()
                .with_context(|| format!("--header {name}: no value of a header"))?;
            value.set_sensitive(true);
            headers.insert(name.clone(), value);
        }
        Ok(request)
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<(StatusCode, Option<Duration>, Bytes), Fault> {
        let response = self.client.request(request).await.map_err(|error| {
            if error.is_connect() { Fault::Unreachable } else { Fault::Broke("the connection broke off".to_owned()) }
        })?;
        let (head, body) = response.into_parts();
        let wait = head.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let body = Limited::new(body, MOST_ANSWER).collect().await.map_err(|error| {
            let large = error.downcast_ref::<http_body_util::LengthLimitError>().is_some();
            let why = if large { "the answer is larger than 8 MiB" } else { "the answer broke off" };
            Fault::Broke(why.to_owned())
        })?;
        Ok((head.status, wait.map(Duration::from_secs), body.to_bytes()))
    }
}

enum Fault {
    Unreachable,
    Broke(String),
}

fn broken(why: String) -> Sent<Reply> {
    Sent::Judged(Reply::Broken(why))
}

fn client(gate: &Gate, timeout: Duration) -> anyhow::Result<Client<HttpsConnector<HttpConnector>, Full<Bytes>>> {
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(file) = &gate.ca_file {
        let read = || CertificateDer::pem_file_iter(file)?.collect::<Result<Vec<_>, _>>();
        for root in read().with_context(|| format!("cannot read the certificates in {}", file.display()))? {
            roots.add(root).with_context(|| format!("{} holds what is no authority", file.display()))?;
        }
    }
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut http = HttpConnector::new();
    http.set_nodelay(true);
    http.enforce_http(false);
    http.set_connect_timeout(Some(timeout));
    let connector =
        HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(http);
    Ok(Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector))
}

fn header_of(line: &str) -> anyhow::Result<(HeaderName, String)> {
    // The value may be a key, so that no error repeats it.
    let (name, value) = line.split_once(':').context("--header: write 'Name: value'")?;
    let name =
        HeaderName::from_bytes(name.trim().as_bytes()).ok().context("--header: before the colon stands no name")?;
    Ok((name, value.trim().to_owned()))
}

fn endpoint(url: &str, protocol: Protocol, insecure: bool) -> anyhow::Result<Uri> {
    let uri: Uri = url.parse().ok().context("the endpoint is no address: write https://host/path")?;
    let host = uri.host().context("the endpoint is no address: write https://host/path")?;
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        bail!("no user and password in the address: give a key with --key-env or --header");
    }
    match uri.scheme_str() {
        Some("https") => {}
        Some("http") if insecure || is_loopback(host) => {}
        Some("http") => bail!("http to {host} sends the key in plain text: write https, or say --insecure-http"),
        _ => bail!("the endpoint begins with https://"),
    }
    let path = uri.path().trim_end_matches('/');
    let whole = match path {
        "" => format!("/v1{}", protocol.path()),
        path if path.ends_with("/v1") => format!("{path}{}", protocol.path()),
        path => path.to_owned(),
    };
    let whole = uri.query().map_or_else(|| whole.clone(), |query| format!("{whole}?{query}"));
    let mut parts = uri.into_parts();
    parts.path_and_query = Some(whole.parse()?);
    Ok(Uri::from_parts(parts)?)
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_reached_in_plain_text_on_this_machine_alone() {
        let of = |url: &str| endpoint(url, Protocol::OpenAi, false).map(|uri| uri.to_string());
        assert_eq!(of("https://a.example").expect("one"), "https://a.example/v1/chat/completions");
        assert_eq!(of("http://127.0.0.1:80/v1/").expect("one"), "http://127.0.0.1:80/v1/chat/completions");
        assert_eq!(of("http://[::1]/ask?v=2").expect("one"), "http://[::1]/ask?v=2");
        for wrong in
            ["http://a.example", "http://127.0.0.1.example/", "a.example", "ftp://a.example", "https://u:p@a.example/"]
        {
            assert!(of(wrong).is_err(), "{wrong}");
        }
        assert!(endpoint("http://a.example", Protocol::Anthropic, true).is_ok());
    }
}
