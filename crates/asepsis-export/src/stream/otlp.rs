//! OTLP over HTTP, in JSON. The receiver acknowledges each batch.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use serde_json::Value;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::pace::Pace;
use super::{Failure, FailureKind, Stream};
use crate::{Record, VERSION, otlp_request};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(30);
/// No answer is read further, in bytes.
const LONGEST_ANSWER: usize = 64 << 10;

/// A receiver of OTLP over HTTP.
pub struct OtlpTarget {
    /// Where logs are posted, for example `https://otel.example.org/v1/logs`.
    pub url: Uri,
    /// See [`client_config`](super::client_config).
    pub tls: Arc<ClientConfig>,
    /// A header to send along, for example `authorization`, with its secret value.
    pub header: Option<(HeaderName, Zeroizing<String>)>,
}

/// Sends until the process ends.
pub(super) async fn run(mut stream: Stream, target: OtlpTarget) {
    let client = client(&target);
    let mut pace = Pace::default();
    // Records of a batch: fewer once a receiver finds one too large.
    let mut most = usize::MAX;
    while stream.wait_for_entries(stream.cursor.confirmed()).await {
        let failure = match batch(&mut stream, &target, &client, &mut most).await {
            Ok(()) => {
                pace.reset();
                stream.shared.connected(true);
                continue;
            }
            Err(failure) => failure,
        };
        stream.shared.connected(false);
        stream.shared.failed(&failure);
        if !stream.wait(pace.next(failure.after)).await {
            return;
        }
    }
    stream.shared.connected(false);
}

type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

fn client(target: &OtlpTarget) -> HttpClient {
    let mut http = HttpConnector::new();
    http.set_nodelay(true);
    http.enforce_http(false);
    http.set_connect_timeout(Some(CONNECT));
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(ClientConfig::clone(&target.tls))
        .https_or_http()
        .enable_http1()
        .wrap_connector(http);
    Client::builder(TokioExecutor::new()).build(connector)
}

/// Sends what comes next.
async fn batch(stream: &mut Stream, target: &OtlpTarget, client: &HttpClient, most: &mut usize) -> Result<(), Failure> {
    stream.check_log().await?;
    let mut records = stream.records(stream.cursor.confirmed()).await?;
    records.truncate((*most).max(1));
    let Some(last) = records.last().cloned() else { return Ok(()) };
    let body = otlp_request(&stream.source, &records);
    match post(target, client, body).await {
        Ok(rejected) => {
            stream.shared.sent(records.len() as u64, last.index + 1);
            stream.confirm(last).await?;
            *most = most.saturating_mul(2);
            if rejected > 0 {
                // Not to be sent again, says the protocol: an operator has to hear of it.
                stream.shared.rejected(rejected);
                let message = format!("the receiver threw {rejected} of {} records away", records.len());
                stream.shared.failed(&Failure::new(FailureKind::Rejected, message));
            }
            Ok(())
        }
        Err(Answer::TooLarge) if records.len() > 1 => {
            *most = records.len() / 2;
            Ok(())
        }
        Err(Answer::TooLarge) => Err(too_large(&last)),
        Err(Answer::Failed(failure)) => Err(failure),
    }
}

fn too_large(record: &Record) -> Failure {
    Failure::new(FailureKind::Refused, format!("the receiver finds entry {} alone too large (413)", record.index))
}

enum Answer {
    TooLarge,
    Failed(Failure),
}

/// Posts a body, and tells how many of its records the receiver threw away.
async fn post(target: &OtlpTarget, client: &HttpClient, body: Vec<u8>) -> Result<u64, Answer> {
    let failed = |kind, message: String| Answer::Failed(Failure::new(kind, message));
    let mut request = Request::new(Full::new(Bytes::from(body)));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = target.url.clone();
    let headers = request.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(agent) = HeaderValue::from_str(&format!("asepsis/{VERSION}")) {
        headers.insert(header::USER_AGENT, agent);
    }
    if let Some((name, secret)) = &target.header {
        let mut value = HeaderValue::from_str(secret)
            .map_err(|_| failed(FailureKind::Refused, format!("the value of the header {name} cannot be sent")))?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    let host = target.url.host().unwrap_or_default().to_owned();
    let response = match timeout(ANSWER, client.request(request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) if error.is_connect() => {
            return Err(failed(FailureKind::Unreachable, format!("{host} cannot be reached: {}", causes(&error))));
        }
        Ok(Err(error)) => return Err(failed(FailureKind::Broken, format!("{host} broke off: {}", causes(&error)))),
        Err(_) => return Err(failed(FailureKind::Stalled, format!("{host} gave no answer within 30 s"))),
    };
    let status = response.status();
    let after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let limited = Limited::new(response.into_body(), LONGEST_ANSWER).collect();
    let answer = match timeout(ANSWER, limited).await {
        Ok(Ok(body)) => body.to_bytes(),
        // The head has said it.
        _ if !status.is_success() => Bytes::new(),
        _ => return Err(failed(FailureKind::Broken, format!("{host} broke off within its answer"))),
    };
    match status {
        status if status.is_success() => Ok(rejected(&answer)),
        StatusCode::PAYLOAD_TOO_LARGE => Err(Answer::TooLarge),
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Err(Answer::Failed(Failure {
            kind: FailureKind::Busy,
            message: format!("{host} asks for later ({status})"),
            after: after.map(Duration::from_secs),
        })),
        // OTLP would have the batch thrown away. It is kept until somebody has seen to it.
        status => Err(failed(FailureKind::Refused, format!("{host} refuses what it is sent ({status})"))),
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        said = format!("{said}: {error}");
        source = error.source();
    }
    said
}

/// `partialSuccess.rejectedLogRecords`, a number or, as 64-bit numbers in the JSON of protobuf are, a string.
fn rejected(answer: &[u8]) -> u64 {
    let Ok(answer) = serde_json::from_slice::<Value>(answer) else { return 0 };
    let count = &answer["partialSuccess"]["rejectedLogRecords"];
    count.as_u64().or_else(|| count.as_str()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_that_were_thrown_away_are_counted_in_both_spellings() {
        assert_eq!(rejected(br#"{"partialSuccess":{"rejectedLogRecords":"3"}}"#), 3);
        assert_eq!(rejected(br#"{"partialSuccess":{"rejectedLogRecords":4}}"#), 4);
        assert_eq!(rejected(br#"{"partialSuccess":null}"#), 0);
        assert_eq!(rejected(b""), 0);
    }
}
