//! One request of a client, from its first byte to its last.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use asepsis_document::json::{self, Json};
use asepsis_exchange::{Admitted, Asker, Ending, Plane, RefusalKind, Standing, Ticket};
use asepsis_people::alert::{Alert, Alerts};
use asepsis_store::Store;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use prometheus_client::collector::Collector;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::body::{Answer, read_request};
use crate::closing::{Closing, log_stopped};
use crate::doors::{Caller, Doors};
use crate::fault::Fault;
use crate::house::HouseRules;
use crate::identify::{EXCHANGE, MODELS};
use crate::metrics::Metrics;
use crate::prepare::Prepared;
use crate::release::{Asked, RELEASE};
use crate::settings::{Limits, Protocol, Settings, SystemRoute};
use crate::switch::{self, Switch};
use crate::tools::Tools;
use crate::upstream::Upstreams;

/// Answers requests of AI clients.
pub struct Gateway {
    pub(crate) plane: Arc<Plane>,
    pub(crate) store: Store,
    pub(crate) doors: Doors,
    pub(crate) alerts: Alerts,
    /// Swapped as a whole.
    routes: RwLock<Arc<[Arc<SystemRoute>]>>,
    /// Counts how often registers were swapped, for exchanges that go on.
    turned: watch::Sender<u64>,
    pub(crate) limits: Limits,
    /// Swapped as a whole.
    house: RwLock<Arc<HouseRules>>,
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
            house: RwLock::new(Arc::new(settings.house.clone())),
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

    /// Goes by these from the next exchange on.
    pub fn set_house_rules(&self, house: HouseRules) {
        *self.house.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(house);
    }

    pub(crate) fn house(&self) -> Arc<HouseRules> {
        Arc::clone(&self.house.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What tools may do at this moment.
    pub(crate) fn tools(&self) -> Arc<Tools> {
        Arc::clone(&self.house().tools)
    }

    pub(crate) fn routes(&self) -> Arc<[Arc<SystemRoute>]> {
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
            self.house().coaching.concern(response.headers_mut());
        }
        response
    }

    /// The whole way of one exchange.
    async fn exchange(
        self: &Arc<Self>,
        protocol: Protocol,
        request: Request<Incoming>,
        caller: &Caller,
    ) -> Response<Answer> {
        let interface = interface(protocol);
        let mut ticket = self.begin(protocol);
        let (parts, body) = request.into_parts();
        let opened = self.open(&mut ticket, &parts.headers, body, caller).await;
        let (asker, bytes, room) = match opened {
            Ok(opened) => opened,
            Err(fault) => return self.fail(protocol, ticket, fault).await,
        };
        // A thread wakes up while the request is read.
        let soon = asepsis_aside::soon();
        let bytes = Bytes::from(bytes);
        let asked = self.doors.releases.as_ref().map(|releases| Asked {
            gateway: Arc::clone(self),
            releases: Arc::clone(releases),
            protocol,
            headers: Asked::said(&parts.headers),
            body: bytes.clone(),
            asker: asker.clone(),
        });
        if let Some(id) = parts.headers.get(RELEASE) {
            let Some((asked, id)) = asked.zip(id.to_str().ok()) else {
                let fault = Fault::invalid(format!("{RELEASE} names nothing: nothing is held here"));
                return self.fail(protocol, ticket, fault).await;
            };
            return asked.fetched(ticket, id).await;
        }
        let limits = json::Limits { max_depth: self.limits.depth, ..json::Limits::default() };
        let json = match Json::parse(&bytes, &limits) {
            Ok(json) => json,
            Err(error) => {
                let fault = Fault::invalid(format!("the body is not the JSON that it must be: {error}"));
                return self.fail(protocol, ticket, fault).await;
            }
        };
        let prepared = self.prepare(protocol, &parts.headers, &json, (&limits, bytes.len()), &asker).await;
        let Prepared { shape, route, stated, gathered, content, used } = match prepared {
            Ok(prepared) => prepared,
            Err(fault) => return self.fail(protocol, ticket, fault).await,
        };

        let mut switch = Switch::new(Arc::clone(&self.plane), self.turned.subscribe(), &route.id, &shape.model);
        let offered = switch::offered(&json);
        if let Some(fault) = switch.refuses(&offered) {
            return self.fail(protocol, ticket, fault).await;
        }
        // Only what the client has can be released to it.
        let asked = asked.filter(|_| !offered.is_empty()).map(|asked| (asked, offered));

        let in_flight = self.metrics.in_flight();
        let began = Instant::now();
        let exchange = ticket.id().to_string();
        let mut admitted = match self.plane.admit(ticket, &asker, &stated, content).await {
            Ok(admitted) => admitted,
            Err(refusal) => {
                if matches!(refusal.kind, RefusalKind::Wait(_)) {
                    self.remembered(interface, &asker, "guard_wait").await;
                }
                let fault = Fault::refused(&refusal, &used.house().coaching);
                self.metrics.ended(interface, &route.id, None, fault.log_status());
                match refusal.kind.failure() {
                    Some(error) => tracing::error!(exchange, code = fault.code, %error, "not admitted"),
                    None => tracing::info!(exchange, code = fault.code, "not admitted"),
                }
                return map(fault.response(protocol, &exchange), &exchange);
            }
        };
        if admitted.standing() != Standing::Good {
            self.remembered(interface, &asker, "guard_no_tools").await;
        }
        drop(soon);
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
        let sending = async {
            tokio::select! {
                fault = switch.pulled() => Err(fault),
                sent = self.upstreams.send(&route, &parts.headers, body) => sent,
            }
        };
        let reading = async {
            // What is to be sent goes first: the connection's own task runs when this one yields.
            tokio::task::yield_now().await;
            admitted.read_ahead();
        };
        let (sent, ()) = tokio::join!(sending, reading);
        match sent {
            Ok(response) => {
                self.answer(protocol, shape.stream, admitted, closing, (response, switch), (&used, asked)).await
            }
            Err(fault) => self.fail_admitted(protocol, admitted, closing, fault).await,
        }
    }

    /// Raises an alert that earlier exchanges cost this one something.
    async fn remembered(&self, interface: &'static str, asker: &Asker, what: &'static str) {
        self.metrics.remembered(what);
        let about = format!("user/{}", asker.user);
        self.alerts
            .raise(self.plane.log(), interface, Alert { what, about, actor: Some(asker.actor()) }, self.now())
            .await;
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

    /// Begins an exchange.
    pub(crate) fn begin(&self, protocol: Protocol) -> Ticket {
        self.plane.begin(interface(protocol))
    }

    /// Tells when registers are swapped.
    pub(crate) fn turns(&self) -> watch::Receiver<u64> {
        self.turned.subscribe()
    }

    /// Ends an exchange that was not admitted.
    pub(crate) async fn fail(&self, protocol: Protocol, ticket: Ticket, fault: Fault) -> Response<Answer> {
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
    pub(crate) async fn fail_admitted(
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

pub(crate) fn interface(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::OpenAi => "openai.chat",
        Protocol::Anthropic => "anthropic.messages",
    }
}

/// The protocol of a client, where the path does not tell.
fn spoken(headers: &HeaderMap) -> Protocol {
    if headers.contains_key("anthropic-version") { Protocol::Anthropic } else { Protocol::OpenAi }
}

pub(crate) fn name_exchange(headers: &mut HeaderMap, exchange: &str) {
    if let Ok(value) = HeaderValue::from_str(exchange) {
        headers.insert("x-request-id", value.clone());
        headers.insert("request-id", value.clone());
        headers.insert("x-asepsis-exchange", value);
    }
}

pub(crate) fn map(response: Response<Full<Bytes>>, exchange: &str) -> Response<Answer> {
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
