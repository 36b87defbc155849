//! Giving out a held answer, once, to whoever asked, after everything was looked at again.

use asepsis_conduct::{Contents, HeldAnswer, WhyNot};
use asepsis_document::json::{self, Json};
use asepsis_exchange::{Again, Ending, Ticket, ToolCall, ToolEffect};
use asepsis_store::{Held, HeldState};
use asepsis_vocab::{ExchangeId, ReleaseRecord};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::{Either, Full};
use std::sync::Arc;

use super::{Asked, state};
use crate::body::Answer;
use crate::closing::log_stopped;
use crate::fault::Fault;
use crate::gateway::{interface, map, name_exchange};
use crate::prepare::Prepared;
use crate::switch::{self, Call, Switch};
use crate::tools::{refused, unlabelled};

/// The header with which a client fetches an answer that was held.
pub(crate) const RELEASE: &str = "x-asepsis-release";

/// Seconds after which it may be asked again whether somebody has decided.
const ASK_AGAIN: u32 = 5;

impl Asked {
    /// The answer that is held under this id, as the client gets it, or why not.
    pub(crate) async fn fetched(&self, ticket: Ticket, id: &str) -> Response<Answer> {
        let (exchange, fetched) = self.fetch(ticket, id).await;
        self.as_answer(exchange, id, fetched)
    }

    /// What was fetched in this exchange, as a response.
    pub(crate) fn as_answer(
        &self,
        exchange: ExchangeId,
        id: &str,
        fetched: Result<Contents, Fault>,
    ) -> Response<Answer> {
        let exchange = exchange.to_string();
        match fetched {
            Err(fault) => map(fault.response(self.protocol, &exchange), &exchange),
            Ok(contents) => {
                let mut response = Response::new(Either::Left(Full::new(Bytes::from(contents.body.clone()))));
                put(response.headers_mut(), &contents.headers);
                if let Ok(id) = HeaderValue::from_str(id) {
                    response.headers_mut().insert(RELEASE, id);
                }
                name_exchange(response.headers_mut(), &exchange);
                response
            }
        }
    }

    /// The answer that is held under this id, and the exchange in which it was fetched, which is ended.
    pub(crate) async fn fetch(&self, mut ticket: Ticket, id: &str) -> (ExchangeId, Result<Contents, Fault>) {
        let exchange = ticket.id();
        ticket.identify(&self.asker);
        let (held, answer, contents) = match self.released(id).await {
            Ok(released) => released,
            Err(fault) => return (exchange, Err(self.ended(ticket, fault).await)),
        };
        let (again, switch) = match self.again(ticket, &contents).await {
            Ok(again) => again,
            Err(fault) => return (exchange, Err(fault)),
        };
        (exchange, self.give(again, &switch, (held, answer), contents).await)
    }

    /// What was released under this id, where it is this user's and this request's.
    async fn released(&self, id: &str) -> Result<(Held, HeldAnswer, Contents), Fault> {
        let unreadable = |error| {
            tracing::error!(%error, "what is held cannot be read");
            Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "what is held cannot be read; try again")
        };
        let held = self.releases.store.held(id).await.map_err(unreadable)?;
        let own = |held: &Held| held.user == self.asker.user && held.state != HeldState::New;
        // Whether others hold anything is nobody's business.
        let held = held.filter(own).ok_or_else(|| {
            Fault::new(
                StatusCode::NOT_FOUND,
                "release_unknown",
                "nothing of yours is held under this number; send the request without X-Asepsis-Release",
            )
        })?;
        if let Some(fault) = over(state(&held, self.gateway.now()), self.refusal(&held)) {
            return Err(fault);
        }
        let seals = &self.releases.seals;
        let opened = seals.open(id, &held.body, held.sealed.as_deref());
        let decision = held.decision.as_deref().and_then(|sealed| seals.open_decision(id, sealed).ok());
        let (answer, contents) = match (opened, decision) {
            (Ok((answer, contents)), Some(decision))
                if decision.refused.is_none()
                    && decision.effect == answer.effect
                    && answer.user == held.user
                    && answer.lapses == held.lapses =>
            {
                (answer, contents)
            }
            _ => {
                tracing::error!(release = id, "what is held, or its release, was changed by somebody else");
                return Err(Fault::new(
                    StatusCode::FORBIDDEN,
                    "release_altered",
                    "what was held is not what was released, so it is not given out. Tell whoever looks after Asepsis, and ask again",
                ));
            }
        };
        if contents.request != self.digest() {
            return Err(Fault::new(
                StatusCode::CONFLICT,
                "release_other_request",
                "this is another request than the one whose answer was released. Send that one again, byte for byte and with the same \
                 X-Asepsis headers, or ask anew without X-Asepsis-Release",
            ));
        }
        Ok((held, answer, contents))
    }

    fn refusal(&self, held: &Held) -> Option<WhyNot> {
        self.releases.seals.open_decision(&held.id, held.decision.as_deref()?).ok()?.refused
    }

    /// Looks at the request again, by the policies, registers and kill switches of this moment.
    async fn again(&self, ticket: Ticket, contents: &Contents) -> Result<(Again, Switch), Fault> {
        let gateway = &self.gateway;
        let limits = json::Limits { max_depth: gateway.limits.depth, ..json::Limits::default() };
        let Ok(json) = Json::parse(&self.body, &limits) else {
            return Err(self.ended(ticket, Fault::invalid("the body is not the JSON that it must be")).await);
        };
        let size = (&limits, self.body.len());
        let prepared = match gateway.prepare(self.protocol, &self.headers, &json, size, &self.asker).await {
            Ok(prepared) => prepared,
            Err(fault) => return Err(self.ended(ticket, fault).await),
        };
        let Prepared { shape, route, stated, content, used, .. } = prepared;
        let mut switch = Switch::new(Arc::clone(&gateway.plane), gateway.turns(), &route.id, &shape.model);
        let calls = contents.calls.iter().zip(0..);
        let calls: Vec<Call> = calls.map(|(call, at)| Call { at: (0, at), name: call.name.clone() }).collect();
        if let Some(fault) = switch.refuses(&switch::offered(&json)).or_else(|| switch.calls(&calls)) {
            return Err(self.ended(ticket, fault).await);
        }
        gateway
            .plane
            .again(ticket, &self.asker, &stated, content)
            .await
            .map(|again| (again, switch))
            .map_err(|refusal| Fault::refused(&refusal, &used.house().coaching))
    }

    /// Gives it out, where every call may still be made, and nobody else was faster.
    async fn give(
        &self,
        mut again: Again,
        switch: &Switch,
        (held, answer): (Held, HeldAnswer),
        contents: Contents,
    ) -> Result<Contents, Fault> {
        // What was switched off since it was decided again gets nothing.
        if let Some(fault) = self.stands_in_the_way(&again, &answer, &contents).or_else(|| switch.stopped()) {
            return Err(self.end(again, &answer, fault).await);
        }
        again.release(ReleaseRecord { id: held.id.clone(), effect: answer.effect.clone() });
        let moved = self
            .releases
            .store
            .move_held(&held.id, (HeldState::Approved, HeldState::Used), None, self.gateway.now())
            .await;
        if !matches!(moved, Ok(true)) {
            // Another request was faster, or its time is over by now.
            let now = self.releases.store.held(&held.id).await.ok().flatten();
            let fault = now.and_then(|held| over(state(&held, self.gateway.now()), None));
            let fault = fault.unwrap_or_else(|| {
                Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "what is held cannot be given out; try again")
            });
            return Err(self.end(again, &answer, fault).await);
        }
        self.count(&again, &answer, "completed");
        let ending = Ending { answer_bytes: contents.body.len() as u64, ..Ending::of("completed").http(200) };
        again.finish(ending).await.map_err(|error| log_stopped(&error))?;
        self.gateway.metrics.released();
        Ok(contents)
    }

    /// Ends an exchange in which nothing was given out, though it was decided that it may be.
    async fn end(&self, again: Again, answer: &HeldAnswer, fault: Fault) -> Fault {
        self.count(&again, answer, fault.log_status());
        let ending = Ending::of(fault.log_status()).http(fault.status.as_u16());
        again.finish(ending).await.err().map_or(fault, |error| log_stopped(&error))
    }

    fn count(&self, again: &Again, answer: &HeldAnswer, status: &'static str) {
        let form = Some(again.decision().form);
        self.gateway.metrics.ended(interface(self.protocol), &answer.system, form, status);
    }

    /// Why a call may not be made any more, though a person has released it.
    fn stands_in_the_way(&self, again: &Again, answer: &HeldAnswer, contents: &Contents) -> Option<Fault> {
        if answer.restored && !again.decision().restore {
            return Some(Fault::new(
                StatusCode::FORBIDDEN,
                "release_refused",
                "real names stand in what was held, and you may not be given them any more. Ask anew without X-Asepsis-Release",
            ));
        }
        let tools = self.gateway.tools();
        for (called, said) in contents.calls.iter().zip(&answer.calls) {
            let call = ToolCall { approved: true, ..tools.call(&called.name) };
            let does = call.effect.map(ToolEffect::name);
            if does != Some(said.does.as_str()) || call.network != Some(said.network) {
                return Some(Fault::new(
                    StatusCode::FORBIDDEN,
                    "release_refused",
                    "your office has changed what a tool does since this was released. Ask anew without X-Asepsis-Release",
                ));
            }
            match again.may_call(&call) {
                Ok(verdict) if verdict.permitted => {
                    if verdict.duties.iter().any(|duty| duty.code() == "LABEL") && !said.labelled {
                        return Some(unlabelled());
                    }
                }
                Ok(verdict) => return Some(refused(&verdict, call.effect.is_none())),
                Err(error) => {
                    tracing::error!(%error, "whether a tool may be called could not be decided");
                    return Some(Fault::new(
                        StatusCode::INTERNAL_SERVER_ERROR,
                        "internal",
                        "whether the tool may be called could not be decided",
                    ));
                }
            }
        }
        None
    }

    /// Ends an exchange in which nothing was given out.
    async fn ended(&self, ticket: Ticket, fault: Fault) -> Fault {
        self.gateway.metrics.ended(interface(self.protocol), "none", None, fault.log_status());
        let ending = Ending::of(fault.log_status()).http(fault.status.as_u16());
        ticket.close(ending).await.err().map_or(fault, |error| log_stopped(&error))
    }
}

/// Why nothing is given out of what is in this state.
fn over(state: HeldState, why: Option<WhyNot>) -> Option<Fault> {
    let fault = match state {
        HeldState::Approved => return None,
        HeldState::New | HeldState::Waiting => Fault {
            retry_after: Some(ASK_AGAIN),
            ..Fault::new(
                StatusCode::CONFLICT,
                "release_pending",
                "nobody has decided on this yet; ask again in a while",
            )
        },
        HeldState::Refused => Fault::new(
            StatusCode::FORBIDDEN,
            "release_refused",
            format!(
                "a person has said no: {}. Nothing was done; talk to them before you ask anew",
                why.map_or("no reason is given", WhyNot::words)
            ),
        ),
        HeldState::Used => Fault::new(
            StatusCode::CONFLICT,
            "release_used",
            "this was given out already, and it is given out once. Ask anew without X-Asepsis-Release",
        ),
        HeldState::Lapsed => Fault::new(
            StatusCode::GONE,
            "release_lapsed",
            "the time to decide on this, or to fetch it, is over. Ask anew without X-Asepsis-Release",
        ),
    };
    Some(fault)
}

fn put(headers: &mut HeaderMap, all: &[(String, String)]) {
    for (name, value) in all {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    }
}
