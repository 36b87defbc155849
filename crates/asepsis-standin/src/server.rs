use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::channel::{Channel, Sender};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::answer::Answer;
use crate::behaviour::{Behaviour, Failure};
use crate::wire::{self, Event};

type Body = BoxBody<Bytes, Broken>;

/// The most requests that are kept, and the most bytes of them.
const KEPT: usize = 10_000;
const KEPT_BYTES: usize = 64 << 20;

/// How long a vendor that hangs does so.
const HANG: Duration = Duration::from_secs(3600);

/// The error that breaks a connection on purpose.
#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken off on purpose")
    }
}

impl std::error::Error for Broken {}

/// A running stand-in vendor. It stops when this is dropped.
pub struct Standin {
    address: SocketAddr,
    seen: Arc<Mutex<Kept>>,
    task: tokio::task::JoinHandle<()>,
}

/// A request as the vendor got it.
#[derive(Clone)]
pub struct Seen {
    /// The request line and the headers.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

#[derive(Default)]
struct Kept {
    requests: VecDeque<Seen>,
    bytes: usize,
}

impl Standin {
    /// Starts to listen. Port 0 takes a free one.
    ///
    /// # Errors
    /// Where the address cannot be listened on.
    pub async fn start(address: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let seen = Arc::new(Mutex::new(Kept::default()));
        let task = tokio::spawn(serve(listener, Arc::clone(&seen)));
        Ok(Self { address, seen, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every request that it got, the oldest first; of very many, the latest.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.seen).requests.iter().cloned().collect()
    }
}

impl Drop for Standin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(seen: &Mutex<Kept>) -> std::sync::MutexGuard<'_, Kept> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, seen: Arc<Mutex<Kept>>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        stream.set_nodelay(true).ok();
        let seen = Arc::clone(&seen);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let seen = Arc::clone(&seen);
                async move { Ok::<_, Infallible>(handle(request, &seen).await) }
            });
            // A client that goes away is none of the stand-in's business.
            auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await.ok();
        });
    }
}

async fn handle(request: Request<Incoming>, seen: &Mutex<Kept>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    if path == "/__seen" {
        let all: Vec<Value> = lock(seen)
            .requests
            .iter()
            .map(|s| json!({"head": s.head, "body": String::from_utf8_lossy(&s.body)}))
            .collect();
        return whole(StatusCode::OK, &Value::Array(all));
    }
    let body = body.collect().await.map(|b| b.to_bytes().to_vec()).unwrap_or_default();
    keep(seen, &parts, &body);
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let model = request["model"].as_str().unwrap_or("standin").to_owned();
    let behaviour = Behaviour::of(&model);
    if behaviour.failure == Some(Failure::Mute) {
        tokio::time::sleep(HANG).await;
    }
    if let Some(Failure::Status(status)) = behaviour.failure {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let error = json!({"type": "error", "error": {"type": "stand_in_error", "message": "as the model's name asks",
            "code": null, "param": null}});
        let mut response = whole(status, &error);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("7"));
        return response;
    }
    let answer = Answer::to(&request, &behaviour);
    let stream = request["stream"] == true;
    let usage = request["stream_options"]["include_usage"] == true;
    match (path.as_str(), stream) {
        ("/v1/chat/completions", false) => unary(&wire::openai(&model, &answer), &behaviour),
        ("/v1/messages", false) => unary(&wire::anthropic(&model, &answer), &behaviour),
        ("/v1/chat/completions", true) => {
            streamed(wire::openai_events(&model, &answer, behaviour.fragment, usage), &behaviour)
        }
        ("/v1/messages", true) => streamed(wire::anthropic_events(&model, &answer, behaviour.fragment), &behaviour),
        ("/v1/models", _) => whole(
            StatusCode::OK,
            &json!({"object": "list", "data": [{"id": "standin", "object": "model", "created": 0, "owned_by": "standin"}]}),
        ),
        _ => whole(StatusCode::NOT_FOUND, &json!({"error": {"message": "no such path", "type": "not_found"}})),
    }
}

fn keep(seen: &Mutex<Kept>, parts: &http::request::Parts, body: &[u8]) {
    let mut head = format!("{} {}\n", parts.method, parts.uri);
    for (name, value) in &parts.headers {
        head.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())));
    }
    let mut kept = lock(seen);
    kept.bytes += head.len() + body.len();
    kept.requests.push_back(Seen { head, body: body.to_vec() });
    while kept.requests.len() > KEPT || kept.bytes > KEPT_BYTES {
        let Some(old) = kept.requests.pop_front() else { break };
        kept.bytes -= old.head.len() + old.body.len();
    }
}

fn whole(status: StatusCode, value: &Value) -> Response<Body> {
    respond(
        status,
        "application/json",
        Full::new(Bytes::from(value.to_string())).map_err(|never| match never {}).boxed(),
    )
}

fn respond(status: StatusCode, kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert("x-request-id", HeaderValue::from_static("req_standin0001"));
    response
}

fn unary(value: &Value, behaviour: &Behaviour) -> Response<Body> {
    let text = value.to_string();
    let Some(failure) = behaviour.failure else { return whole(StatusCode::OK, value) };
    if failure == Failure::BadJson {
        let body = Full::new(Bytes::from_static(b"{\"id\": oops")).map_err(|never| match never {}).boxed();
        return respond(StatusCode::OK, "application/json", body);
    }
    let (mut sender, body) = Channel::<Bytes, Broken>::new(4);
    tokio::spawn(async move {
        let half = text.len() / 2;
        send(&mut sender, text.as_bytes()[..half].to_vec()).await;
        fail(sender, failure, text.as_bytes()[half..].to_vec()).await;
    });
    respond(StatusCode::OK, "application/json", body.boxed())
}

fn streamed(events: Vec<Event>, behaviour: &Behaviour) -> Response<Body> {
    let (mut sender, body) = Channel::<Bytes, Broken>::new(4);
    let behaviour = behaviour.clone();
    tokio::spawn(async move {
        let half = events.len() / 2;
        for (i, event) in events.iter().enumerate() {
            if !behaviour.delay.is_zero() {
                tokio::time::sleep(behaviour.delay).await;
            }
            match behaviour.failure {
                Some(Failure::NoEnd) if i + 1 == events.len() => return,
                Some(Failure::NoEnd) | None => {}
                Some(failure) if i == half => {
                    let rest = match failure {
                        Failure::BadJson => b"data: {oops\n\n".to_vec(),
                        _ => event.bytes(),
                    };
                    return fail(sender, failure, rest).await;
                }
                Some(_) => {}
            }
            let bytes = event.bytes();
            let piece = if behaviour.piece == 0 { bytes.len() } else { behaviour.piece };
            for part in bytes.chunks(piece) {
                if !send(&mut sender, part.to_vec()).await {
                    return;
                }
            }
        }
    });
    respond(StatusCode::OK, "text/event-stream", body.boxed())
}

/// Fails in the middle of an answer, of which `rest` would come next.
async fn fail(mut sender: Sender<Bytes, Broken>, failure: Failure, rest: Vec<u8>) {
    match failure {
        Failure::Cut => sender.abort(Broken),
        Failure::Hang => tokio::time::sleep(HANG).await,
        Failure::BadUtf8 => {
            send(&mut sender, b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\xff\xfe\"}}]}\n\n".to_vec())
                .await;
            send(&mut sender, rest).await;
        }
        Failure::Flood => while send(&mut sender, rest.repeat(64)).await {},
        Failure::BadJson | Failure::NoEnd | Failure::Mute | Failure::Status(_) => {
            send(&mut sender, rest).await;
        }
    }
}

async fn send(sender: &mut Sender<Bytes, Broken>, bytes: Vec<u8>) -> bool {
    sender.send(Frame::data(Bytes::from(bytes))).await.is_ok()
}
