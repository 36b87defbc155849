//! Asking a key service over HTTPS.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::root::RootError;

/// The longest answer.
const MOST: usize = 64 * 1024;

/// How long an answer may take, with the connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// A service at an address. Requests and answers hold keys: they are in the buffers of the connection for a moment,
/// which nobody wipes.
pub(crate) struct Service {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    address: Uri,
    /// For errors.
    name: String,
}

/// An answer: its status, and its body where that is JSON.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

impl Service {
    /// The service at `address`: `https`, or `http` on this machine. `ca_file` holds authorities to trust besides the
    /// public ones, PEM.
    pub(crate) fn new(name: &str, address: &str, ca_file: Option<&Path>) -> Result<Self, RootError> {
        let bad = |why: &str| RootError::BadSettings(format!("{name}: the address {address} {why}"));
        let uri: Uri =
            address.trim_end_matches('/').parse().map_err(|_| bad("is none; it looks like https://host:8200"))?;
        let host = uri.host().ok_or_else(|| bad("has no host; it looks like https://host:8200"))?;
        let is_loopback = host == "localhost"
            || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if is_loopback => {}
            _ => {
                return Err(bad("would send keys in plain text beyond this machine (45 CFR 164.312(e)(1)); use https"));
            }
        }
        let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = ca_file {
            let no = |why: String| RootError::BadSettings(format!("{name}: ca_file {}: {why}", path.display()));
            for certificate in CertificateDer::pem_file_iter(path).map_err(|e| no(e.to_string()))? {
                let certificate = certificate.map_err(|e| no(e.to_string()))?;
                roots.add(certificate).map_err(|e| no(e.to_string()))?;
            }
        }
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| RootError::BadSettings(format!("{name}: {e}")))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(PATIENCE));
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(http);
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(1).build(connector);
        let name = format!("{name} at {host}");
        Ok(Self { client, address: uri, name })
    }

    /// Host and port, as they stand in the header `Host`.
    #[cfg(feature = "aws-kms")]
    pub(crate) fn authority(&self) -> &str {
        self.address.authority().map_or("", http::uri::Authority::as_str)
    }

    /// Sends a request and reads the answer.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Zeroizing<Vec<u8>>,
    ) -> Result<Answer, RootError> {
        let mut parts = self.address.clone().into_parts();
        let before = self.address.path().trim_end_matches('/');
        parts.path_and_query =
            Some(format!("{before}{path}").parse().map_err(|_| self.unreachable("its path is none"))?);
        let mut request = Request::new(Full::new(Bytes::copy_from_slice(&body)));
        *request.method_mut() = method;
        *request.uri_mut() = Uri::from_parts(parts).map_err(|_| self.unreachable("its address is none"))?;
        *request.headers_mut() = headers;
        let asked = async {
            let response = self.client.request(request).await.map_err(|e| {
                self.unreachable(if e.is_connect() {
                    "no connection, or no trusted certificate"
                } else {
                    "it broke off"
                })
            })?;
            let status = response.status();
            let body = Limited::new(response.into_body(), MOST).collect().await;
            let body = body.map_err(|_| self.unreachable("its answer broke off, or is over 64 KiB"))?.to_bytes();
            Ok(Answer { status, body: serde_json::from_slice(&body).unwrap_or_default() })
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| Err(self.unreachable("no answer within 10 s")))
    }

    pub(crate) fn unreachable(&self, why: &str) -> RootError {
        RootError::Unreachable { root: self.name.clone(), why: why.to_owned() }
    }

    pub(crate) fn refused(&self, doing: &'static str, why: String) -> RootError {
        RootError::Refused { root: self.name.clone(), doing, why }
    }
}

/// A text of the answer, by the names that lead to it.
pub(crate) fn text<'a>(body: &'a Value, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(body, |value, name| value.get(name))?.as_str()
}

/// What a service says for itself, cut short, without what could steer a terminal.
pub(crate) fn said(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// What stands in base 64, in a buffer that is wiped.
pub(crate) fn decoded(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    data_encoding::BASE64.decode(text.as_bytes()).ok().map(Zeroizing::new)
}

/// The bytes in base 64, in a buffer that is wiped.
pub(crate) fn encoded(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(data_encoding::BASE64.encode(bytes))
}
