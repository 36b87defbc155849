//! HTTP: `POST /add-checkpoint`, and for monitors `GET /<SHA-256 of the origin>/checkpoint`.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body;
use http_body_util::{BodyExt as _, Full, Limited};

use crate::witness::{Answer, Witness};

/// Bounds on what clients may ask.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a request's body. 63 hashes and a checkpoint with a dozen post-quantum signatures are under 64 KiB.
    pub request_bytes: usize,
    /// Connections at the same time; others wait to be taken.
    pub connections: usize,
    /// A request's head; silence between two requests of a connection.
    pub head: Duration,
    /// A request's body.
    pub body: Duration,
    /// Requests that go on when the server is told to stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_bytes: 256 << 10,
            connections: 256,
            head: Duration::from_secs(75),
            body: Duration::from_secs(10),
            drain: Duration::from_secs(5),
        }
    }
}

/// Answers a request.
pub(crate) async fn handle<B>(witness: &Witness, limits: &Limits, request: Request<B>) -> Response<Full<Bytes>>
where
    B: Body<Data = Bytes> + Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (head, body) = request.into_parts();
    match (head.method, head.uri.path()) {
        (Method::POST, "/add-checkpoint") => {
            let body = tokio::time::timeout(limits.body, Limited::new(body, limits.request_bytes).collect()).await;
            let body = match body {
                Ok(Ok(body)) => body.to_bytes(),
                Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                    return text(StatusCode::PAYLOAD_TOO_LARGE, format!("at most {} bytes\n", limits.request_bytes));
                }
                Ok(Err(_)) => return text(StatusCode::BAD_REQUEST, "the body broke off\n".to_owned()),
                Err(_) => return text(StatusCode::REQUEST_TIMEOUT, "the body did not come in time\n".to_owned()),
            };
            match std::str::from_utf8(&body) {
                Ok(body) => answer(witness.add_checkpoint(body).await),
                Err(_) => text(StatusCode::BAD_REQUEST, "the body is not UTF-8\n".to_owned()),
            }
        }
        (Method::GET, path) => {
            let hash = path.strip_prefix('/').and_then(|path| path.strip_suffix("/checkpoint")).unwrap_or_default();
            match witness.newest(hash).await {
                Some(note) => text(StatusCode::OK, note),
                None => text(StatusCode::NOT_FOUND, "nothing was cosigned under this name\n".to_owned()),
            }
        }
        (_, "/add-checkpoint") => text(StatusCode::METHOD_NOT_ALLOWED, "POST\n".to_owned()),
        _ => text(StatusCode::NOT_FOUND, "POST /add-checkpoint\n".to_owned()),
    }
}

fn answer(answer: Answer) -> Response<Full<Bytes>> {
    match answer {
        Answer::Cosigned(lines) => text(StatusCode::OK, lines),
        Answer::Malformed(what) => text(StatusCode::BAD_REQUEST, format!("{what}\n")),
        Answer::OtherKey => {
            text(StatusCode::FORBIDDEN, "no key of this log that is known here has signed it\n".to_owned())
        }
        Answer::UnknownLog => text(StatusCode::NOT_FOUND, "this log is not known here\n".to_owned()),
        Answer::Conflict(size) => {
            let mut response = text(StatusCode::CONFLICT, format!("{size}\n"));
            let kind = HeaderValue::from_static("text/x.tlog.size");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
        Answer::NotConsistent => text(
            StatusCode::UNPROCESSABLE_ENTITY,
            "the proof does not lead from what was cosigned to this\n".to_owned(),
        ),
        Answer::Unable(what) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{what}\n")),
    }
}

fn text(status: StatusCode, content: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(content)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
