//! One request of a client, from its first byte to its last.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use asepsis_document::json::{self, Json};
use asepsis_exchange::{Admitted, Asker, Ending, Plane, Route, Ticket};
use asepsis_keys::PatientId;
use asepsis_people::alert::Alerts;
use asepsis_store::Store;
use asepsis_vocab::{Label, PurposeOfUse};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use prometheus_client::collector::Collector;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::body::{Answer, Pieces, read_request};
use crate::closing::{Closing, log_stopped};
use crate::coaching::Coaching;
use crate::doors::{Caller, Doors};
use crate::fault::Fault;
use crate::gather::Gathered;
use crate::identify::{EXCHANGE, MODELS};
use crate::metrics::Metrics;
use crate::request::Shape;
use crate::restore;
use crate::settings::{Limits, Protocol, Settings, SystemRoute};
use crate::stream::Relay;
use crate::switch::{self, Switch};
use crate::upstream::{Upstreams, read_answer, returned_headers};

/// The header with which a client states the purpose of use, an HL7 v3 code.
const PURPOSE: &str = "x-asepsis-purpose";
/// The header with which a client names a conversation.
const CONVERSATION: &str = "x-asepsis-conversation";

/// The header with which a client says whose data it sends: the system that gave the number, `|`, the number, as in FHIR.
const PATIENT: &str = "x-asepsis-patient";

/// The header with which a client says what makes the text sensitive: HL7 labels with commas between, or `none`.
const LABELS: &str = "x-asepsis-labels";

/// The longest name of a model that is looked at.
const LONGEST_MODEL: usize = 128;

/// Answers requests of AI clients.
pub struct Gateway {
    pub(crate) plane: Arc<Plane>,
    store: Store,
    pub(crate) doors: Doors,
    pub(crate) alerts: Alerts,
    /// Swapped as a whole.
    routes: RwLock<Arc<[Arc<SystemRoute>]>>,
    /// Counts how often registers were swapped, for exchanges that go on.
    turned: watch::Sender<u64>,
    limits: Limits,
    coaching: Coaching,
    upstreams: Upstreams,
    pub(crate) metrics: Arc<Metrics>,
    room: Arc<Semaphore>,
}

impl Gateway {
    /// A gateway over a plane.
    ///
    /// # Errors
    /// Where a certificate authority of the settings cannot be used.
    pub fn new(plane: Arc<Plane>, store: Store, doors: Doors, settings: &Settings) -> Result<Arc<Self>, rustls::Error> {
        Self::with_collectors(plane, store, doors, settings, Vec::new())
    }

    /// As [`new`](Self::new), and `/metrics` shows what the collectors tell as well.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_collectors(
        plane: Arc<Plane>,
        store: Store,
        doors: Doors,
        settings: &Settings,
        collectors: Vec<Box<dyn Collector>>,
    ) -> Result<Arc<Self>, rustls::Error> {
        Ok(Arc::new(Self {
            plane,
            store,
            doors,
            alerts: Alerts::default(),
            routes: RwLock::new(settings.systems.iter().cloned().map(Arc::new).collect()),
            turned: watch::Sender::new(0),
            limits: settings.limits,
            coaching: settings.coaching.clone(),
            upstreams: Upstreams::new(settings)?,
            metrics: Arc::new(Metrics::new(collectors)),
            room: Arc::new(Semaphore::new(settings.limits.exchanges)),
        }))
    }

    /// Serves these AI systems from the next exchange on, and has those that go on look at the kill switches of the plane's
    /// register again. The plane is to have the register that fits them by then.
    pub fn serve_systems(&self, systems: Vec<SystemRoute>) {
        let routes = systems.into_iter().map(Arc::new).collect();
        *self.routes.write().unwrap_or_else(PoisonError::into_inner) = routes;
        self.turned.send_modify(|turned| *turned += 1);
    }

    fn routes(&self) -> Arc<[Arc<SystemRoute>]> {
        Arc::clone(&self.routes.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns when no exchange goes on.
    pub(crate) async fn ended(&self) {
        let all = u32::try_from(self.limits.exchanges).unwrap_or(u32::MAX);
        drop(self.room.acquire_many(all).await);
    }

    /// Answers one request.
    pub(crate) async fn handle(self: Arc<Self>, request: Request<Incoming>, caller: Arc<Caller>) -> Response<Answer> {
        let path = request.uri().path();
        if let Some(pages) = self.doors.pages.as_ref().filter(|pages| pages.answers(path)) {
            return pages.answer(request, caller).await.map(Either::Left);
        }
        match (request.method(), path) {
            (&Method::POST, "/v1/chat/completions") => {
                self.concerning(self.exchange(Protocol::OpenAi, request, &caller).await)
            }
            (&Method::POST, "/v1/messages") => {
                self.concerning(self.exchange(Protocol::Anthropic, request, &caller).await)
            }
            (&Method::GET, "/v1/models") => self.models(request.headers(), &caller).await,
            (&Method::GET, "/healthz") => plain(StatusCode::OK, "text/plain; charset=utf-8", "ok\n"),
            (&Method::GET, "/readyz") if self.plane.log().is_healthy() => {
                plain(StatusCode::OK, "text/plain; charset=utf-8", "ready\n")
            }
            (&Method::GET, "/readyz") => plain(
                StatusCode::SERVICE_UNAVAILABLE,
                "text/plain; charset=utf-8",
                "the audit log is stopped; nothing may leave\n",
            ),
            (&Method::GET, "/metrics") => {
                let log = self.plane.log();
                let text = self.metrics.text(log.size(), log.is_healthy());
                plain(StatusCode::OK, "application/openmetrics-text; version=1.0.0; charset=utf-8", &text)
            }
            _ => self.not_offered(request.headers()).await,
        }
    }

    /// Says with the answer or refusal of an exchange where people report a concern about it, where there are pages.
    fn concerning(&self, mut response: Response<Answer>) -> Response<Answer> {
        if self.doors.pages.is_some() {
            self.coaching.concern(response.headers_mut());
        }
        response
    }

    /// The whole way of one exchange.
    async fn exchange(&self, protocol: Protocol, request: Request<Incoming>, caller: &Caller) -> Response<Answer> {
        let interface = interface(protocol);
        let mut ticket = self.plane.begin(interface);
        let (parts, body) = request.into_parts();
        let opened = self.open(&mut ticket, &parts.headers, body, caller).await;
        let (asker, bytes, room) = match opened {
            Ok(opened) => opened,
            Err(fault) => return self.fail(protocol, ticket, fault).await,
        };
        let limits = json::Limits { max_depth: self.limits.depth, ..json::Limits::default() };
        let json = match Json::parse(&bytes, &limits) {
            Ok(json) => json,
            Err(error) => {
                let fault = Fault::invalid(format!("the body is not the JSON that it must be: {error}"));
                return self.fail(protocol, ticket, fault).await;
            }
        };
        let prepared = self.prepare(protocol, &parts.headers, &json, &limits).await;
        let (shape, route, stated, mut gathered, conversation) = match prepared {
            Ok(prepared) => prepared,
            Err(fault) => return self.fail(protocol, ticket, fault).await,
        };
        let (patient, labels) = match patient(&parts.headers).and_then(|p| Ok((p, labels(&parts.headers)?))) {
            Ok(stated) => stated,
            Err(fault) => return self.fail(protocol, ticket, fault).await,
        };

        let mut switch = Switch::new(Arc::clone(&self.plane), self.turned.subscribe(), &route.id, &shape.model);
        if let Some(fault) = switch.refuses(&switch::offered(&json)) {
            return self.fail(protocol, ticket, fault).await;
        }

        let in_flight = self.metrics.in_flight();
        let began = Instant::now();
        let mut content = gathered.content(conversation, bytes.len());
        content.patient = patient;
        content.stated.labels = labels;
        let exchange = ticket.id().to_string();
        let admitted = match self.plane.admit(ticket, &asker, &stated, content).await {
            Ok(admitted) => admitted,
            Err(refusal) => {
                let fault = Fault::refused(&refusal, &self.coaching);
                self.metrics.ended(interface, &route.id, None, fault.log_status());
                tracing::info!(exchange, code = fault.code, "not admitted");
                return map(fault.response(protocol, &exchange), &exchange);
            }
        };
        self.metrics.admitted(began.elapsed(), admitted.replaced());
        let mut closing = Closing {
            metrics: Arc::clone(&self.metrics),
            interface,
            system: route.id.clone(),
            form: admitted.decision().form,
            http: 200,
            upstream_http: None,
            sent_bytes: 0,
            _going_on: (in_flight, room),
        };
        let body = match gathered.rewrite(&json, admitted.texts(), &limits) {
            Ok(body) => body,
            Err(fault) => return self.fail_admitted(protocol, admitted, closing, fault).await,
        };
        closing.sent_bytes = body.len() as u64;
        // What was switched off since the decision gets nothing.
        if let Some(fault) = switch.stopped() {
            return self.fail_admitted(protocol, admitted, closing, fault).await;
        }
        let sent = tokio::select! {
            fault = switch.pulled() => Err(fault),
            sent = self.upstreams.send(&route, &parts.headers, body) => sent,
        };
        match sent {
            Ok(response) => self.answer(protocol, shape.stream, admitted, closing, (response, switch)).await,
            Err(fault) => self.fail_admitted(protocol, admitted, closing, fault).await,
        }
    }

    /// Who asks, and what: identify, and read the body.
    async fn open(
        &self,
        ticket: &mut Ticket,
        headers: &HeaderMap,
        body: Incoming,
        caller: &Caller,
    ) -> Result<(Asker, Vec<u8>, OwnedSemaphorePermit), Fault> {
        let asker = self.identify(headers, caller, EXCHANGE).await?;
        ticket.identify(&asker);
        let room = Arc::clone(&self.room).try_acquire_owned().map_err(|_| Fault {
            retry_after: Some(1),
            ..Fault::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "too_many_exchanges",
                format!("{} exchanges go on already; try again in a moment", self.limits.exchanges),
            )
        })?;
        if headers.get(header::CONTENT_ENCODING).is_some_and(|e| e != "identity") {
            return Err(Fault::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "content_encoding",
                "a compressed request is not read; send it without Content-Encoding",
            ));
        }
        let bytes = read_request(body, &self.limits).await?;
        Ok((asker, bytes, room))
    }

    /// What is asked, of which system, and for what.
    async fn prepare(
        &self,
        protocol: Protocol,
        headers: &HeaderMap,
        json: &Json<'_>,
        limits: &json::Limits,
    ) -> Result<(Shape, Arc<SystemRoute>, Route, Gathered, Vec<u8>), Fault> {
        let shape = Shape::of(protocol, json)?;
        let routes = self.routes();
        let Some(route) = routes.iter().find(|r| r.protocol == protocol && r.serves(&shape.model)) else {
            return Err(self.unlisted(&shape.model).await);
        };
        let purpose = match headers.get(PURPOSE) {
            None => route.default_purpose,
            Some(value) => value
                .to_str()
                .ok()
                .and_then(|text| text.trim().parse::<PurposeOfUse>().ok())
                .ok_or_else(|| Fault::invalid(format!("{PURPOSE}: {}", asepsis_vocab::UnknownPurpose)))?,
        };
        let conversation = match headers.get(CONVERSATION) {
            Some(value) if value.len() <= 256 => [b"named:", value.as_bytes()].concat(),
            Some(_) => return Err(Fault::invalid(format!("{CONVERSATION} must be at most 256 bytes"))),
            None => [b"opening:", shape.opening.as_slice()].concat(),
        };
        let stated = Route {
            system: route.id.clone(),
            forms: route.forms.clone(),
            rendering: route.rendering,
            purpose,
            purpose_stated: headers.contains_key(PURPOSE),
        };
        let gathered = Gathered::from(json, limits)?;
        Ok((shape, Arc::clone(route), stated, gathered, conversation))
    }

    /// A model that no registered AI system serves: refused, and listed for the people who decide about AI.
    async fn unlisted(&self, model: &str) -> Fault {
        self.metrics.unlisted();
        let plain = (1..=LONGEST_MODEL).contains(&model.len())
            && model.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:/@+-".contains(&b))
            && asepsis_phi::tripwire(model).is_none();
        // What a client calls a model is its own words, which must not get into a register as they are.
        let name = if plain { model } else { "(withheld)" };
        if let Err(error) = self.store.note_unlisted(name, self.now()) {
            tracing::error!(%error, "a refused destination could not be listed");
        }
        Fault::new(
            StatusCode::NOT_FOUND,
            "model_not_found",
            "no registered AI system serves this model; it was refused and listed. GET /v1/models tells which there are",
        )
    }

    /// The answer of the AI system on its way back.
    async fn answer(
        &self,
        protocol: Protocol,
        stream: bool,
        mut admitted: Admitted,
        mut closing: Closing,
        (response, switch): (Response<Incoming>, Switch),
    ) -> Response<Answer> {
        let (parts, body) = response.into_parts();
        closing.upstream_http = Some(parts.status.as_u16());
        closing.http = parts.status.as_u16();
        if let Err(error) = admitted.stored().await {
            tracing::error!(%error, "the vault cannot be written");
            return self.fail_admitted(protocol, admitted, closing, Fault::vault("nothing may be given back")).await;
        }
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        if parts.headers.get(header::CONTENT_ENCODING).is_some_and(|e| e != "identity") {
            let fault =
                Fault::upstream("upstream_broken", "the AI system sent a compressed answer that was not asked for");
            return self.fail_admitted(protocol, admitted, closing, fault).await;
        }
        let streamed = kind.starts_with("text/event-stream");
        if streamed && stream && parts.status.is_success() {
            let (sender, cut, pieces) = Pieces::channel();
            let mut response = Response::new(Either::Right(pieces));
            *response.status_mut() = parts.status;
            head(&mut response, &parts.headers, &admitted, "text/event-stream; charset=utf-8");
            self.coaching.headers(response.headers_mut(), &admitted);
            let note = self.coaching.at_the_end(&admitted);
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            tokio::spawn(
                Relay::new(protocol, self.limits, (admitted, switch), closing, (sender, cut))
                    .ending_with(note)
                    .run(body),
            );
            return response;
        }
        self.whole_answer(protocol, (admitted, switch), closing, &parts, body).await
    }

    async fn whole_answer(
        &self,
        protocol: Protocol,
        (mut admitted, mut switch): (Admitted, Switch),
        closing: Closing,
        parts: &http::response::Parts,
        body: Incoming,
    ) -> Response<Answer> {
        let read = tokio::select! {
            fault = switch.pulled() => Err(fault),
            read = read_answer(body, &self.limits) => read,
        };
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(fault) => return self.fail_admitted(protocol, admitted, closing, fault).await,
        };
        let limits = json::Limits { max_depth: self.limits.depth, ..json::Limits::default() };
        let restored = match Json::parse(&bytes, &limits) {
            Ok(json) => match switch.calls(switch::calls(protocol, &json)) {
                None => {
                    let note = self.coaching.at_the_end(&admitted).filter(|_| parts.status.is_success());
                    restore::whole(&json, protocol, &mut admitted, note.as_deref())
                }
                Some(fault) => return self.fail_admitted(protocol, admitted, closing, fault).await,
            },
            Err(_) if !parts.status.is_success() => {
                // A proxy's page in front of the AI system, most likely. Its status still says what to do.
                let message = format!("the AI system answered with status {} and no JSON", parts.status.as_u16());
                let fault = Fault::new(parts.status, "upstream_error", message);
                let mut response = self.fail_admitted(protocol, admitted, closing, fault).await;
                returned_headers(&parts.headers, response.headers_mut());
                return response;
            }
            Err(_) => {
                let fault = Fault::upstream(
                    "upstream_broken",
                    format!(
                        "the AI system answered with status {} and no JSON that can be read",
                        parts.status.as_u16()
                    ),
                );
                return self.fail_admitted(protocol, admitted, closing, fault).await;
            }
        };
        let mut response = Response::new(Either::Left(Full::new(Bytes::from(restored))));
        *response.status_mut() = parts.status;
        head(&mut response, &parts.headers, &admitted, "application/json");
        self.coaching.headers(response.headers_mut(), &admitted);
        let exchange = admitted.id().to_string();
        let status = if parts.status.is_success() { "completed" } else { "upstream_error" };
        let ending = Ending { answer_bytes: bytes.len() as u64, ..closing.ending(status) };
        match closing.finish(admitted, ending).await {
            Ok(()) => response,
            Err(fault) => map(fault.response(protocol, &exchange), &exchange),
        }
    }

    /// Ends an exchange that was not admitted.
    async fn fail(&self, protocol: Protocol, ticket: Ticket, fault: Fault) -> Response<Answer> {
        let exchange = ticket.id().to_string();
        tracing::info!(exchange, code = fault.code, "not admitted");
        self.metrics.ended(interface(protocol), "none", None, fault.log_status());
        let ending = Ending::of(fault.log_status()).http(fault.status.as_u16());
        let fault = match ticket.close(ending).await {
            Ok(()) => fault,
            Err(error) => log_stopped(&error),
        };
        map(fault.response(protocol, &exchange), &exchange)
    }

    /// Ends an exchange that was admitted, with an error.
    async fn fail_admitted(
        &self,
        protocol: Protocol,
        admitted: Admitted,
        closing: Closing,
        fault: Fault,
    ) -> Response<Answer> {
        let exchange = admitted.id().to_string();
        tracing::info!(exchange, code = fault.code, "failed");
        let ending = Ending { http: Some(fault.status.as_u16()), ..closing.ending(fault.log_status()) };
        let fault = match closing.finish(admitted, ending).await {
            Ok(()) => fault,
            Err(stopped) => stopped,
        };
        map(fault.response(protocol, &exchange), &exchange)
    }

    /// The models that the user's role may use, in the shape of the protocol that the client speaks.
    async fn models(&self, headers: &HeaderMap, caller: &Caller) -> Response<Answer> {
        let protocol = spoken(headers);
        let asker = match self.identify(headers, caller, MODELS).await {
            Ok(asker) => asker,
            Err(fault) => return map(fault.response(protocol, "none"), "none"),
        };
        let register = self.plane.rules().register;
        let granted = |route: &&Arc<SystemRoute>| {
            let granted = register.system(&route.id).is_some_and(|s| s.roles.contains(&asker.role));
            route.protocol == protocol && granted
        };
        let routes = self.routes();
        let models = routes.iter().filter(granted).flat_map(|r| r.models.iter().map(move |m| (m, &r.id)));
        let body = match protocol {
            Protocol::OpenAi => json!({"object": "list", "data": models
                .map(|(m, system)| json!({"id": m, "object": "model", "created": 0, "owned_by": system}))
                .collect::<Vec<_>>()}),
            Protocol::Anthropic => json!({"data": models
                .map(|(m, _)| json!({"type": "model", "id": m, "display_name": m, "created_at": "1970-01-01T00:00:00Z"}))
                .collect::<Vec<_>>(), "has_more": false, "first_id": null, "last_id": null}),
        };
        plain(StatusCode::OK, "application/json", &body.to_string())
    }

    async fn not_offered(&self, headers: &HeaderMap) -> Response<Answer> {
        let fault = Fault::new(
            StatusCode::NOT_FOUND,
            "not_offered",
            "not offered here; POST /v1/chat/completions, POST /v1/messages and GET /v1/models are",
        );
        map(fault.response(spoken(headers), "none"), "none")
    }

    pub(crate) fn now(&self) -> i64 {
        time::OffsetDateTime::now_utc().unix_timestamp()
    }
}

fn interface(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::OpenAi => "openai.chat",
        Protocol::Anthropic => "anthropic.messages",
    }
}

/// The protocol of a client, where the path does not tell.
fn spoken(headers: &HeaderMap) -> Protocol {
    if headers.contains_key("anthropic-version") { Protocol::Anthropic } else { Protocol::OpenAi }
}

/// What the client says makes the text sensitive; `None` where it says nothing.
fn labels(headers: &HeaderMap) -> Result<Option<BTreeSet<Label>>, Fault> {
    let mut labels = None;
    for value in headers.get_all(LABELS) {
        let all = labels.get_or_insert_with(BTreeSet::new);
        let text = value.to_str().map_err(|_| Fault::invalid(format!("{LABELS} must be plain text")))?;
        for label in text.split(',').map(str::trim).filter(|label| !label.is_empty() && *label != "none") {
            // What it is instead of a label may be anything, so it is not repeated.
            all.insert(label.parse().map_err(|_| {
                Fault::invalid(format!(
                    "{LABELS} names something that is no HL7 sensitivity label; PSYTHPN, SUD, HIV and 42CFRPart2 are some, \
                     `none` says that there is none, and `asepsis policy codes` lists them"
                ))
            })?);
        }
    }
    Ok(labels)
}

/// Whose data the client says it sends.
fn patient(headers: &HeaderMap) -> Result<Option<Arc<PatientId>>, Fault> {
    let mut values = headers.get_all(PATIENT).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let wrong = || {
        Fault::invalid(format!(
            "{PATIENT} must name one patient: the system that gave the number, `|`, and the number, at most 256 bytes each"
        ))
    };
    let text = value.to_str().map_err(|_| wrong())?;
    match (PatientId::parse(text), values.next()) {
        (Ok(patient), None) => Ok(Some(Arc::new(patient))),
        _ => Err(wrong()),
    }
}

/// The headers of an answer: what the client's SDK acts upon, and what Asepsis did.
fn head(response: &mut Response<Answer>, upstream: &HeaderMap, admitted: &Admitted, kind: &'static str) {
    let headers = response.headers_mut();
    returned_headers(upstream, headers);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert("x-asepsis-form", HeaderValue::from_static(admitted.decision().form.name()));
    headers.insert("x-asepsis-replaced", HeaderValue::from(admitted.replaced()));
    name_exchange(headers, &admitted.id().to_string());
}

fn name_exchange(headers: &mut HeaderMap, exchange: &str) {
    if let Ok(value) = HeaderValue::from_str(exchange) {
        headers.insert("x-request-id", value.clone());
        headers.insert("request-id", value.clone());
        headers.insert("x-asepsis-exchange", value);
    }
}

fn map(response: Response<Full<Bytes>>, exchange: &str) -> Response<Answer> {
    let mut response = response.map(Either::Left);
    name_exchange(response.headers_mut(), exchange);
    response
}

fn plain(status: StatusCode, kind: &'static str, text: &str) -> Response<Answer> {
    let mut response = Response::new(Either::Left(Full::new(Bytes::copy_from_slice(text.as_bytes()))));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
