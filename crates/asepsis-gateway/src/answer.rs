//! The answer of an AI system on its way back to the client, whole or as a stream.

use std::collections::BTreeSet;
use std::sync::Arc;

use asepsis_document::json::{self, Json};
use asepsis_exchange::{Admitted, Ending};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};
use http_body_util::{Either, Full};
use hyper::body::Incoming;

use crate::body::{Answer, Pieces};
use crate::closing::Closing;
use crate::fault::Fault;
use crate::gateway::{Gateway, map, name_exchange};
use crate::labels::Labels;
use crate::marks::Marks;
use crate::release::{Asked, Given};
use crate::restore::Restored;
use crate::said::Said;
use crate::settings::Protocol;
use crate::stream::Relay;
use crate::switch::{self, Call, Switch};
use crate::tools::Desk;
use crate::upstream::{read_answer, returned_headers};
use crate::uses::Used;

/// What every answer of an AI system is labelled with: artificial intelligence asserted, of HL7 v3 ObservationValue.
const LABEL: &str = "AIAST";

impl Gateway {
    /// The answer of the AI system on its way back.
    pub(crate) async fn answer(
        self: &Arc<Self>,
        protocol: Protocol,
        stream: bool,
        mut admitted: Admitted,
        mut closing: Closing,
        (response, switch): (Response<Incoming>, Switch),
        (used, asked): (&Used, Option<(Asked, BTreeSet<String>)>),
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
            used.house().coaching.headers(response.headers_mut(), &admitted);
            used.headers(response.headers_mut());
            let house = used.house();
            let said = used.said(house.coaching.at_the_end(&admitted));
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            let (asked, offered) = asked.unzip();
            let desk = Desk::new(self.tools(), used.patient()).holding(offered.unwrap_or_default());
            let returned = own_headers(response.headers());
            tokio::spawn(
                Relay::new(protocol, self.limits, (admitted, switch), closing, (sender, cut))
                    .saying(said)
                    .judging(desk, asked.map(|asked| (asked, returned)))
                    .holding(house.holds, used.is_unread(), house.coaching.in_answers)
                    .run(body),
            );
            return response;
        }
        self.whole_answer(protocol, (admitted, switch), closing, &parts, body, (used, asked)).await
    }

    /// The answer as the client gets it, with the marks of its review.
    async fn reviewed(
        &self,
        json: &Json<'_>,
        protocol: Protocol,
        admitted: &mut Admitted,
        (used, desk): (&Used, &Desk),
        successful: bool,
    ) -> Result<(Vec<u8>, Marks), Fault> {
        let restored = Restored::of(json, protocol, admitted)?;
        let labels = Labels::of(admitted);
        if !successful {
            return Ok((restored.assemble(json, &mut Said::default(), &labels, desk)?, Marks::default()));
        }
        let spoken = restored.spoken();
        let flags = admitted.review(spoken.clone()).await;
        let house = used.house();
        let mut said = used.said(None);
        let marks = Marks::new(flags, &spoken, said.before());
        if let Some(fault) = marks.hold(house.holds, used.is_unread()) {
            return Err(fault);
        }
        said.noting(house.coaching.at_the_end(admitted));
        if house.coaching.in_answers {
            said.noting(marks.note());
        }
        Ok((restored.assemble(json, &mut said, &labels, desk)?, marks))
    }

    async fn whole_answer(
        &self,
        protocol: Protocol,
        (mut admitted, mut switch): (Admitted, Switch),
        closing: Closing,
        parts: &http::response::Parts,
        body: Incoming,
        (used, asked): (&Used, Option<(Asked, BTreeSet<String>)>),
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
        let (asked, offered) = asked.filter(|_| parts.status.is_success()).unzip();
        let mut desk = Desk::new(self.tools(), used.patient()).holding(offered.unwrap_or_default());
        let (restored, marks) = match Json::parse(&bytes, &limits) {
            Ok(json) => {
                let calls = switch::calls(protocol, &json);
                let judged = judged(&calls, &mut switch, &mut desk, &mut admitted);
                let reviewed = match judged {
                    None => {
                        self.reviewed(&json, protocol, &mut admitted, (used, &desk), parts.status.is_success()).await
                    }
                    Some(fault) => Err(fault),
                };
                match reviewed {
                    Ok(reviewed) => reviewed,
                    Err(fault) => return self.fail_admitted(protocol, admitted, closing, fault).await,
                }
            }
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
        let mut response = Response::new(Either::Left(Full::default()));
        *response.status_mut() = parts.status;
        head(&mut response, &parts.headers, &admitted, "application/json");
        used.house().coaching.headers(response.headers_mut(), &admitted);
        used.headers(response.headers_mut());
        marks.headers(response.headers_mut());
        if let Some(asked) = asked.filter(|_| desk.waits()) {
            let given =
                Given { stream: false, headers: own_headers(response.headers()), body: restored, marks: marks.line() };
            return self.held(asked, (admitted, &closing, &desk), given, bytes.len() as u64).await;
        }
        *response.body_mut() = Either::Left(Full::new(Bytes::from(restored)));
        let exchange = admitted.id().to_string();
        let status = if parts.status.is_success() { "completed" } else { "upstream_error" };
        let ending = Ending { answer_bytes: bytes.len() as u64, ..closing.ending(status) };
        match closing.finish(admitted, ending).await {
            Ok(()) => response,
            Err(fault) => map(fault.response(protocol, &exchange), &exchange),
        }
    }
}

impl Gateway {
    /// Holds a whole answer for a person, and tells the client, or gives it out where somebody releases it while the client waits.
    async fn held(
        &self,
        asked: Asked,
        (admitted, closing, desk): (Admitted, &Closing, &Desk),
        given: Given,
        answer_bytes: u64,
    ) -> Response<Answer> {
        let exchange = admitted.id();
        let told = |fault: Fault| {
            let exchange = exchange.to_string();
            map(fault.response(asked.protocol, &exchange), &exchange)
        };
        match asked.hold(admitted, closing, desk, given, answer_bytes).await {
            Err(fault) => told(fault),
            Ok((id, fault)) => match asked.awaited(&id, || true).await {
                None => told(fault),
                Some((fetched_in, fetched)) => asked.as_answer(fetched_in, &id, fetched),
            },
        }
    }
}

/// The headers of an answer that stay the same when it is given out later.
fn own_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let own = |name: &str| {
        name == "content-type"
            || name == "cache-control"
            || (name.starts_with("x-asepsis-") && name != "x-asepsis-exchange")
    };
    let own = headers.iter().filter(|(name, _)| own(name.as_str()));
    own.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))).collect()
}

/// The headers of an answer: what the client's SDK acts upon, and what Asepsis did.
fn head(response: &mut Response<Answer>, upstream: &HeaderMap, admitted: &Admitted, kind: &'static str) {
    let headers = response.headers_mut();
    returned_headers(upstream, headers);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert("x-asepsis-form", HeaderValue::from_static(admitted.decision().form.name()));
    headers.insert("x-asepsis-replaced", HeaderValue::from(admitted.replaced()));
    headers.insert("x-asepsis-label", HeaderValue::from_static(LABEL));
    name_exchange(headers, &admitted.id().to_string());
}

/// Why an answer with these calls is not given back.
fn judged(calls: &[Call], switch: &mut Switch, desk: &mut Desk, admitted: &mut Admitted) -> Option<Fault> {
    desk.take(calls);
    switch.calls(calls).or_else(|| desk.judge(admitted, |_| true))
}
