//! Asking identity providers over HTTPS.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use asepsis_people::token::{Fetch, FetchFailed, Fetched};
use bytes::Bytes;
use http::{Method, Request, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;

/// The longest answer, in bytes.
const MOST: usize = 256 * 1024;
/// How long an answer may take, with the connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// A client of identity providers. It follows no redirects: nobody but the configuration says where keys come from.
pub struct HttpFetch {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl HttpFetch {
    /// A client that trusts the public certificate authorities and these.
    ///
    /// # Errors
    /// Where an authority cannot be used.
    pub fn new(extra_roots: &[CertificateDer<'static>]) -> Result<Self, rustls::Error> {
        let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for root in extra_roots {
            roots.add(root.clone())?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(PATIENCE));
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(http);
        Ok(Self { client: Client::builder(TokioExecutor::new()).pool_max_idle_per_host(1).build(connector) })
    }

    async fn ask(&self, request: Request<Full<Bytes>>, errors_too: bool) -> Result<Vec<u8>, FetchFailed> {
        let asked = async {
            let answer = self.client.request(request).await.map_err(|_| FetchFailed::Connection)?;
            if !answer.status().is_success() && !errors_too {
                return Err(FetchFailed::Answer);
            }
            let body = Limited::new(answer.into_body(), MOST).collect().await.map_err(|_| FetchFailed::Answer)?;
            Ok(body.to_bytes().to_vec())
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or(Err(FetchFailed::Time))
    }
}

impl Fetch for HttpFetch {
    fn get<'a>(&'a self, url: &'a str) -> Fetched<'a> {
        Box::pin(async move {
            let mut request = Request::new(Full::default());
            *request.uri_mut() = address(url)?;
            self.ask(request, false).await
        })
    }

    fn post<'a>(&'a self, url: &'a str, form: String, basic: Option<&'a str>) -> Fetched<'a> {
        Box::pin(async move {
            let mut request = Request::new(Full::from(form));
            *request.method_mut() = Method::POST;
            *request.uri_mut() = address(url)?;
            let headers = request.headers_mut();
            headers.insert(header::CONTENT_TYPE, http::HeaderValue::from_static("application/x-www-form-urlencoded"));
            headers.insert(header::ACCEPT, http::HeaderValue::from_static("application/json"));
            if let Some(basic) = basic {
                let mut value = http::HeaderValue::from_str(basic).map_err(|_| FetchFailed::Address)?;
                value.set_sensitive(true);
                headers.insert(header::AUTHORIZATION, value);
            }
            self.ask(request, true).await
        })
    }
}

/// An address that may be asked: `https`, or `http` on this machine.
fn address(url: &str) -> Result<Uri, FetchFailed> {
    let uri: Uri = url.parse().map_err(|_| FetchFailed::Address)?;
    let host = uri.host().ok_or(FetchFailed::Address)?;
    let here = host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match uri.scheme_str() {
        Some("https") => Ok(uri),
        Some("http") if here => Ok(uri),
        _ => Err(FetchFailed::Address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c1_nothing_is_asked_in_plain_text_beyond_this_machine() {
        for good in ["https://id.example.org/a", "http://127.0.0.1:9/a", "http://localhost/a", "http://[::1]/a"] {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in ["http://id.example.org/", "ftp://id.example.org/", "nonsense", "/a", "file:///etc/passwd"] {
            assert_eq!(address(bad).unwrap_err(), FetchFailed::Address, "{bad}");
        }
    }
}
