//! From a request to its answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use asepsis_phi::{Engine, KnownPhi};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

use crate::access::Access;
use crate::fault::Fault;
use crate::{analyze, anonymize, deanonymize, entities, operator};

/// Bounds on what clients may ask.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a request's body.
    pub request_bytes: usize,
    /// Requests whose bodies are held at the same time; others wait.
    pub requests: usize,
    /// Connections at the same time; others wait to be taken.
    pub connections: usize,
    /// Silence of a client within a request.
    pub idle: Duration,
    /// A request's body, from its first byte to its last.
    pub body: Duration,
    /// The head of a request, and silence between two requests of a connection. Longer than clients keep a connection that
    /// they do not use (aiohttp: 15 s), or one would be closed just as the next request goes out on it.
    pub head: Duration,
    /// Requests that go on when the server is told to stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_bytes: 10 << 20,
            requests: 32,
            connections: 512,
            idle: Duration::from_secs(30),
            body: Duration::from_secs(120),
            head: Duration::from_secs(75),
            drain: Duration::from_secs(10),
        }
    }
}

/// What answers requests. It keeps nothing of them.
pub struct Service {
    engine: Engine,
    known: KnownPhi,
    languages: Vec<String>,
    access: Access,
    limits: Limits,
    /// Bodies at the same time.
    bodies: Semaphore,
    /// Requests that are worked on at the same time: one a core.
    work: Semaphore,
}

impl Service {
    /// A service over an engine. `languages` are those that requests may name.
    pub fn new(engine: Engine, known: KnownPhi, languages: Vec<String>, access: Access, limits: Limits) -> Arc<Self> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Arc::new(Self {
            engine,
            known,
            languages,
            access,
            limits,
            bodies: Semaphore::new(limits.requests),
            work: Semaphore::new(cores),
        })
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Answers a request. The log gets the path, the status and the time; no word of a body.
    pub(crate) async fn handle<B: Body<Data = Bytes> + Unpin>(
        self: Arc<Self>,
        request: Request<B>,
    ) -> Response<Full<Bytes>> {
        let began = Instant::now();
        let call = Call::of(request.uri().path());
        let answer = self.respond(call, request).await;
        let response = answer.unwrap_or_else(|fault| json_response(fault.status, &json!({"error": fault.message})));
        let status = response.status().as_u16();
        tracing::debug!(?call, status, milliseconds = began.elapsed().as_millis(), "answered");
        response
    }

    async fn respond<B: Body<Data = Bytes> + Unpin>(
        self: &Arc<Self>,
        call: Option<Call>,
        request: Request<B>,
    ) -> Result<Response<Full<Bytes>>, Fault> {
        let call =
            call.ok_or_else(|| Fault::new(StatusCode::NOT_FOUND, "The requested URL was not found on the server."))?;
        if call == Call::Health && request.method() == Method::GET {
            return Ok(plain("Asepsis answers Presidio's calls"));
        }
        if !self.access.admits(request.headers()) {
            let mut response =
                json_response(StatusCode::UNAUTHORIZED, &json!({"error": "The token is missing or wrong."}));
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"asepsis\""));
            return Ok(response);
        }
        if *request.method() != call.method() {
            return Err(Fault::new(StatusCode::METHOD_NOT_ALLOWED, "The method is not allowed for the requested URL."));
        }
        let value = if call.method() == Method::GET {
            self.list(call, request.uri().query().unwrap_or_default())?
        } else {
            let _held = self.bodies.acquire().await.map_err(|_| Fault::raised("the server is stopping"))?;
            let body = self.body(request).await?;
            self.worked(call, body).await?
        };
        Ok(json_response(StatusCode::OK, &value))
    }

    fn list(&self, call: Call, query: &str) -> Result<Value, Fault> {
        let language = query.split('&').find_map(|pair| pair.strip_prefix("language="));
        match call {
            Call::Anonymizers => return Ok(json!(operator::ANONYMIZERS)),
            Call::Deanonymizers => return Ok(json!(operator::DEANONYMIZERS)),
            _ => {}
        }
        if language.is_some_and(|l| !self.languages.iter().any(|known| known == l)) {
            return Err(Fault::raised(analyze::NOBODY));
        }
        Ok(if call == Call::Recognizers { json!([analyze::RECOGNIZER]) } else { json!(entities::SUPPORTED) })
    }

    async fn body<B: Body<Data = Bytes> + Unpin>(&self, request: Request<B>) -> Result<Vec<u8>, Fault> {
        // A page in a browser cannot send this type to another origin unasked.
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        if !kind.split(';').next().is_some_and(|k| k.trim().eq_ignore_ascii_case("application/json")) {
            return Err(Fault::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Did not attempt to load JSON data because the request Content-Type was not 'application/json'.",
            ));
        }
        let too_large = || {
            let most = self.limits.request_bytes;
            Fault::new(StatusCode::PAYLOAD_TOO_LARGE, format!("The request is over the limit of {most} bytes."))
        };
        let body = request.into_body();
        if body.size_hint().lower() > self.limits.request_bytes as u64 {
            return Err(too_large());
        }
        let slow = || Fault::new(StatusCode::REQUEST_TIMEOUT, "The request came too slowly.");
        tokio::time::timeout(self.limits.body, self.collected(body, slow, too_large)).await.map_err(|_| slow())?
    }

    async fn collected<B: Body<Data = Bytes> + Unpin>(
        &self,
        mut body: B,
        slow: impl Fn() -> Fault,
        too_large: impl Fn() -> Fault,
    ) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        loop {
            let frame = match tokio::time::timeout(self.limits.idle, body.frame()).await {
                Err(_) => return Err(slow()),
                Ok(None) => return Ok(bytes),
                Ok(Some(Err(_))) => return Err(Fault::bad("The request broke off before its end.")),
                Ok(Some(Ok(frame))) => frame,
            };
            if let Ok(data) = frame.into_data() {
                if bytes.len() + data.len() > self.limits.request_bytes {
                    return Err(too_large());
                }
                bytes.extend_from_slice(&data);
            }
        }
    }

    /// Works on a request beside the sockets, as many at a time as there are cores.
    async fn worked(self: &Arc<Self>, call: Call, body: Vec<u8>) -> Result<Value, Fault> {
        let _working = self.work.acquire().await.map_err(|_| Fault::raised("the server is stopping"))?;
        let service = Arc::clone(self);
        let work = tokio::task::spawn_blocking(move || {
            let request = parsed(&body)?;
            match call {
                Call::Analyze => analyze::answer(&service.engine, &service.known, &service.languages, &request),
                Call::Anonymize => anonymize::answer(&request),
                _ => deanonymize::answer(&request),
            }
        });
        // What a panic says could quote the text.
        work.await.unwrap_or_else(|_| Err(Fault::raised("Internal server error")))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Analyze,
    Recognizers,
    SupportedEntities,
    Anonymize,
    Anonymizers,
    Deanonymize,
    Deanonymizers,
    Health,
}

impl Call {
    fn of(path: &str) -> Option<Self> {
        Some(match path.strip_suffix('/').unwrap_or(path) {
            "/analyze" => Self::Analyze,
            "/recognizers" => Self::Recognizers,
            "/supportedentities" => Self::SupportedEntities,
            "/anonymize" => Self::Anonymize,
            "/anonymizers" => Self::Anonymizers,
            "/deanonymize" => Self::Deanonymize,
            "/deanonymizers" => Self::Deanonymizers,
            "/health" => Self::Health,
            _ => return None,
        })
    }

    fn method(self) -> Method {
        match self {
            Self::Analyze | Self::Anonymize | Self::Deanonymize => Method::POST,
            _ => Method::GET,
        }
    }
}

/// An error of the parser names a place and never what stands there.
fn parsed(body: &[u8]) -> Result<Map<String, Value>, Fault> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(request)) if request.is_empty() => Err(Fault::bad("Invalid request json")),
        Ok(Value::Object(request)) => Ok(request),
        Ok(_) => Err(Fault::bad("Invalid request json")),
        Err(error) => {
            Err(Fault::bad(format!("Invalid request json: line {}, column {}", error.line(), error.column())))
        }
    }
}

fn json_response(status: StatusCode, value: &Value) -> Response<Full<Bytes>> {
    response(status, "application/json", value.to_string())
}

fn plain(text: &str) -> Response<Full<Bytes>> {
    response(StatusCode::OK, "text/plain; charset=utf-8", text.to_owned())
}

fn response(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
