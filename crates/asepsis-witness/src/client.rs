//! Asking one witness.

use std::path::Path;
use std::time::Duration;

use asepsis_log::proof::Consistency;
use asepsis_log::{ParsedCheckpoint, VerifierKey};
use bytes::Bytes;
use http::{Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::AskError;

/// The longest answer that is read: a dozen post-quantum signatures.
const MOST_ANSWER: usize = 64 << 10;

/// Times that a witness may name another size before it is given up for this time.
const CONFLICTS: u32 = 3;

/// Asks witnesses to cosign: C2SP tlog-witness, over HTTP or HTTPS. Connections are kept.
#[derive(Clone)]
pub struct Client {
    http: HttpClient<HttpsConnector<HttpConnector>, Full<Bytes>>,
    timeout: Duration,
}

/// What a witness gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// The lines that go below the checkpoint: those that hold, of keys that were asked for.
    pub lines: String,
    /// The size that the witness has cosigned now.
    pub size: u64,
}

impl Client {
    /// A client that gives a witness so long for an answer. HTTPS trusts the certificate authorities of Mozilla.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub fn new(timeout: Duration) -> Result<Self, rustls::Error> {
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.enforce_http(false);
        connector.set_connect_timeout(Some(timeout));
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(connector);
        let http = HttpClient::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        Ok(Self { http, timeout })
    }

    /// Lets the witness at `url`, its submission prefix, cosign this checkpoint of the log in `dir`.
    ///
    /// `known` is the size that it cosigned last, as far as is known; it says so itself where that is wrong. `keys` are its
    /// public keys: what others sign is not taken.
    ///
    /// # Errors
    /// [`AskError`]; those that [`is_alarm`](AskError::is_alarm) speak of the log itself.
    pub async fn ask(
        &self,
        url: &str,
        keys: &[VerifierKey],
        dir: &Path,
        checkpoint: &str,
        known: u64,
    ) -> Result<Cosigned, AskError> {
        let protocol =
            |status: StatusCode, what| AskError::Protocol { url: url.to_owned(), status: status.as_u16(), what };
        let size = ParsedCheckpoint::new(checkpoint.as_bytes()).map_or(0, |parsed| parsed.size());
        let mut old = known.min(size);
        for _ in 0..CONFLICTS {
            let proof = Consistency::to(dir, old, checkpoint)?;
            let (status, kind, body) = self.post(url, proof.to_text()).await?;
            match status {
                StatusCode::OK => {
                    let lines = held(checkpoint, &body, keys).ok_or(protocol(status, "no signature lines"))?;
                    if lines.is_empty() {
                        return Err(AskError::OtherKey { url: url.to_owned() });
                    }
                    return Ok(Cosigned { lines, size });
                }
                StatusCode::CONFLICT => {
                    let cosigned = size_of(&kind, &body).ok_or(protocol(status, "no size in a text/x.tlog.size"))?;
                    if cosigned > size {
                        return Err(AskError::RolledBack { url: url.to_owned(), cosigned, size });
                    }
                    if cosigned == old {
                        return Err(AskError::Forked { url: url.to_owned(), cosigned });
                    }
                    old = cosigned;
                }
                StatusCode::UNPROCESSABLE_ENTITY => {
                    return Err(AskError::Forked { url: url.to_owned(), cosigned: old });
                }
                StatusCode::NOT_FOUND | StatusCode::FORBIDDEN => {
                    return Err(AskError::Unknown { url: url.to_owned(), status: status.as_u16() });
                }
                status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                    return Err(AskError::Away { url: url.to_owned(), what: format!("it answered {status}") });
                }
                status => return Err(protocol(status, "a status that the protocol does not have here")),
            }
        }
        Err(AskError::Away { url: url.to_owned(), what: "it names another size each time".to_owned() })
    }

    async fn post(&self, url: &str, body: String) -> Result<(StatusCode, String, Vec<u8>), AskError> {
        let away = |what: String| AskError::Away { url: url.to_owned(), what };
        let uri: Uri = format!("{}/add-checkpoint", url.trim_end_matches('/'))
            .parse()
            .map_err(|_| away("it is no address".to_owned()))?;
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        let exchange = async {
            let response = self.http.request(request).await.map_err(|error| away(error.to_string()))?;
            let (head, body) = response.into_parts();
            let kind = head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
            let kind = kind.to_owned();
            let body = Limited::new(body, MOST_ANSWER).collect().await.map_err(|error| away(error.to_string()))?;
            Ok((head.status, kind, body.to_bytes().to_vec()))
        };
        let late = away(format!("no answer in {} s", self.timeout.as_secs_f32()));
        tokio::time::timeout(self.timeout, exchange).await.unwrap_or(Err(late))
    }
}

/// The lines of an answer that are cosignatures of these keys on the checkpoint; `None` if it has no such form.
fn held(checkpoint: &str, answer: &[u8], keys: &[VerifierKey]) -> Option<String> {
    let text = ParsedCheckpoint::new(checkpoint.as_bytes()).ok()?;
    let text = std::str::from_utf8(text.text()).ok()?;
    let answer = std::str::from_utf8(answer).ok()?.strip_suffix('\n')?;
    let mut lines = String::new();
    for line in answer.split('\n') {
        let alone = ParsedCheckpoint::new(format!("{text}\n{line}\n").as_bytes()).ok()?;
        if alone
            .signed_by(keys)
            .is_ok_and(|signed| signed.iter().any(|signed| signed.time.is_some_and(|time| time > 0)))
        {
            lines += line;
            lines.push('\n');
        }
    }
    Some(lines)
}

fn size_of(kind: &str, body: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(body).ok()?.strip_suffix('\n')?;
    let size: u64 = text.parse().ok()?;
    (kind == "text/x.tlog.size" && size.to_string() == text).then_some(size)
}
