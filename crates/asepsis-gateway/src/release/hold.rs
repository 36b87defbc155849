//! Holding an answer: sealed in the store, named in the log, and nobody can decide on it before both are durable.

use std::sync::Arc;
use std::time::Duration;

use asepsis_conduct::{Contents, HeldAnswer, HeldCall, MOST_CALLS, MOST_HELD, new_id};
use asepsis_exchange::{Admitted, Asker, Ending};
use asepsis_store::{Held, HeldState, StoreError};
use asepsis_vocab::{ExchangeId, ReleaseRecord};
use aws_lc_rs::digest;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::{MOST, MOST_OF_USER, Releases, effect, state};
use crate::closing::Closing;
use crate::fault::Fault;
use crate::gateway::Gateway;
use crate::settings::Protocol;
use crate::tools::Desk;

/// Headers of a request that say what it asks, besides its body.
const SAID: [&str; 8] = [
    "x-asepsis-purpose",
    "x-asepsis-conversation",
    "x-asepsis-patient",
    "x-asepsis-labels",
    "x-asepsis-origin",
    "x-asepsis-groups",
    "x-asepsis-use",
    "x-asepsis-reviewer",
];

/// How often it is looked whether somebody has decided.
const LOOK: Duration = Duration::from_millis(500);

/// A request whose answer may come to be held.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) releases: Arc<Releases>,
    pub(crate) protocol: Protocol,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) asker: Asker,
}

/// An answer as the client would get it.
pub(crate) struct Given {
    pub(crate) stream: bool,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) marks: Option<String>,
}

/// A copy of a stream from its first byte on, of which the client gets what may go out.
#[derive(Default)]
pub(crate) struct Kept {
    bytes: Vec<u8>,
    /// How much of it was taken for the client.
    taken: usize,
    /// How much of it may go out.
    free: usize,
    /// That what went out is not kept any more, because it is too long to be held.
    is_over: bool,
}

impl Kept {
    /// Takes in what comes next. Where `paused`, it waits.
    pub(crate) fn add(&mut self, more: &mut Vec<u8>, paused: bool) {
        self.bytes.append(more);
        if !paused {
            self.free = self.bytes.len();
        }
    }

    /// What may go out and has not.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        let out = self.bytes[self.taken..self.free].to_vec();
        self.taken = self.free;
        if self.is_over || self.bytes.len() > MOST_HELD {
            self.is_over = true;
            self.bytes.drain(..self.taken);
            (self.taken, self.free) = (0, 0);
        }
        out
    }

    /// All that has not gone out.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        self.free = self.bytes.len();
        self.take()
    }

    /// The whole stream, and how much of it the client has; `None` where it is too long.
    pub(crate) fn whole(&mut self) -> Option<(Vec<u8>, usize)> {
        (!self.is_over && self.bytes.len() <= MOST_HELD).then(|| (std::mem::take(&mut self.bytes), self.taken))
    }

    /// Whether more waits than may.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() - self.free > MOST_HELD
    }
}

impl Asked {
    /// The headers that say what a request asks; the others, its key among them, are not kept.
    pub(crate) fn said(headers: &HeaderMap) -> HeaderMap {
        let said = SAID.iter().flat_map(|name| headers.get_all(*name).iter().map(|value| (*name, value.clone())));
        let mut kept = HeaderMap::new();
        for (name, value) in said {
            kept.append(name, value);
        }
        kept
    }

    /// SHA-256 over all that the request says.
    pub(crate) fn digest(&self) -> String {
        let mut context = digest::Context::new(&digest::SHA256);
        let mut add = |part: &[u8]| {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        };
        add(self.protocol.name().as_bytes());
        for name in SAID {
            let values: Vec<_> = self.headers.get_all(name).iter().collect();
            add(&(values.len() as u64).to_be_bytes());
            values.iter().for_each(|value| add(value.as_bytes()));
        }
        add(&self.body);
        context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Holds an answer, and ends its exchange with that. Gives the id and what the client is told.
    ///
    /// # Errors
    /// Why it is not held. The exchange is ended with that as well.
    pub(crate) async fn hold(
        &self,
        mut admitted: Admitted,
        closing: &Closing,
        desk: &Desk,
        given: Given,
        answer_bytes: u64,
    ) -> Result<(String, Fault), Fault> {
        let held = match self.keep(&admitted, desk, given).await {
            Ok(held) => held,
            Err(fault) => {
                let ending =
                    Ending { answer_bytes, http: Some(fault.status.as_u16()), ..closing.ending(fault.log_status()) };
                closing.finish(admitted, ending).await?;
                return Err(fault);
            }
        };
        let (id, answer) = held;
        admitted.held(ReleaseRecord { id: id.clone(), effect: answer.effect.clone() });
        let http = StatusCode::FORBIDDEN;
        let ending = Ending { answer_bytes, http: Some(http.as_u16()), ..closing.ending("held") };
        let store = &self.releases.store;
        let now = self.gateway.now();
        if let Err(fault) = closing.finish(admitted, ending).await {
            store.move_held(&id, (HeldState::New, HeldState::Lapsed), None, now).await.ok();
            return Err(fault);
        }
        match store.move_held(&id, (HeldState::New, HeldState::Waiting), None, now).await {
            Ok(true) => {}
            Ok(false) | Err(_) => return Err(not_kept()),
        }
        let fault = self.held(&id, &answer);
        Ok((id, fault))
    }

    async fn keep(&self, admitted: &Admitted, desk: &Desk, given: Given) -> Result<(String, HeldAnswer), Fault> {
        let calls = effect::called(self.protocol, given.stream, &given.body).unwrap_or_default();
        let said: Vec<HeldCall> = calls.iter().map(|call| desk.held(&call.name)).collect();
        // What is shown to a person has to be what was judged, call by call.
        if desk.names() != calls.iter().map(|call| call.name.clone()).collect::<Vec<_>>() {
            return Err(Fault::upstream("upstream_broken", "the calls of tools in the answer cannot be read"));
        }
        if calls.len() > MOST_CALLS || given.body.len() > MOST_HELD {
            return Err(too_long());
        }
        let body = String::from_utf8(given.body)
            .map_err(|_| Fault::upstream("upstream_broken", "the answer is no UTF-8 text"))?;
        let (user, role) = admitted.asker();
        let (system, _) = admitted.author();
        let now = self.gateway.now();
        let lapses = i64::try_from(self.releases.settings.lapses.as_secs()).unwrap_or(i64::MAX);
        let seals = &self.releases.seals;
        let answer = HeldAnswer {
            exchange: admitted.id(),
            user: user.clone(),
            role,
            system,
            calls: said,
            tainted: admitted.is_tainted(),
            restored: admitted.decision().restore,
            marks: given.marks,
            at: now,
            lapses: now.saturating_add(lapses),
            effect: seals.effect(&calls),
        };
        let contents = Contents { request: self.digest(), calls, headers: given.headers, body };
        let id = new_id().map_err(|_| not_kept())?;
        let plain = answer.body();
        let sealed = seals.seal(&id, &plain, &contents).map_err(|_| not_kept())?;
        let held = Held {
            id: id.clone(),
            user,
            state: HeldState::New,
            made: now,
            lapses: answer.lapses,
            ended: None,
            body: plain,
            decision: None,
            sealed: Some(sealed),
        };
        match self.releases.store.hold(held, MOST_OF_USER, MOST).await {
            Ok(()) => Ok((id, answer)),
            Err(error @ StoreError::TooManyHeld { .. }) => Err(Fault {
                retry_after: Some(60),
                ..Fault::new(StatusCode::TOO_MANY_REQUESTS, "too_many_held", error.to_string())
            }),
            Err(StoreError::HeldTooLong { .. }) => Err(too_long()),
            Err(error) => {
                tracing::error!(%error, "an answer cannot be held");
                Err(not_kept())
            }
        }
    }

    /// What the client is told.
    fn held(&self, id: &str, answer: &HeldAnswer) -> Fault {
        let place = match &self.gateway.house().coaching.pages {
            Some(pages) => format!("at {pages}/releases?id={id}"),
            None if self.gateway.doors.pages.is_some() => format!("at /asepsis/releases?id={id}"),
            None => format!("with `asepsis release show {id}`"),
        };
        let minutes = (answer.lapses - answer.at).div_euclid(60).max(1);
        let message = format!(
            "the AI system wants to use a tool: it {}. A person has to look at it and say yes, {place}, within {minutes} minutes. Then send \
             the same request again with the header X-Asepsis-Release: {id}. Nothing was done",
            answer.words()
        );
        Fault { release: Some(id.to_owned()), ..Fault::new(StatusCode::FORBIDDEN, "held_for_release", message) }
    }

    /// Waits for a decision for as long as the settings say, and fetches the answer where it was released. `None` where nobody decided.
    pub(crate) async fn awaited(
        &self,
        id: &str,
        mut turn: impl FnMut() -> bool,
    ) -> Option<(ExchangeId, Result<Contents, Fault>)> {
        let wait = self.releases.settings.wait;
        let began = tokio::time::Instant::now();
        while began.elapsed() < wait {
            tokio::time::sleep(LOOK).await;
            if !turn() {
                return None;
            }
            match self.releases.store.held(id).await {
                Ok(Some(held)) if state(&held, self.gateway.now()) == HeldState::Waiting => {}
                Ok(_) => {
                    let ticket = self.gateway.begin(self.protocol);
                    return Some(self.fetch(ticket, id).await);
                }
                Err(_) => return None,
            }
        }
        None
    }
}

pub(crate) fn too_long() -> Fault {
    Fault::new(
        StatusCode::FORBIDDEN,
        "tool_refused",
        format!(
            "the AI system wants to use tools that change something, and its answer is too long for a person to be asked: {MOST_HELD} bytes \
             and {MOST_CALLS} calls are the most. Ask for less at once; the call was not made"
        ),
    )
}

fn not_kept() -> Fault {
    Fault::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "the answer has to be held for a person and could not be kept; ask again, and report the exchange's id if it goes on",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r30_nothing_goes_out_behind_the_place_where_it_is_held() {
        let mut kept = Kept::default();
        kept.add(&mut b"one".to_vec(), false);
        assert_eq!(kept.take(), b"one");
        kept.add(&mut b"two".to_vec(), false);
        kept.add(&mut b"call".to_vec(), true);
        assert_eq!(kept.take(), b"two");
        assert_eq!(kept.take(), b"");
        kept.add(&mut b"end".to_vec(), true);
        assert_eq!(kept.take(), b"");
        assert_eq!(kept.whole(), Some((b"onetwocallend".to_vec(), 6)));
        // What turned out to be permitted goes on.
        let mut kept = Kept::default();
        kept.add(&mut b"name".to_vec(), true);
        kept.add(&mut b"more".to_vec(), false);
        assert_eq!(kept.take(), b"namemore");
    }

    #[test]
    fn r30_a_stream_that_is_too_long_goes_on_and_takes_no_memory() {
        let mut kept = Kept::default();
        for _ in 0..40 {
            kept.add(&mut vec![b'a'; 64 * 1024], false);
            assert_eq!(kept.take().len(), 64 * 1024);
        }
        assert!(kept.bytes.len() <= 64 * 1024 && kept.whole().is_none());
        kept.add(&mut b"call".to_vec(), true);
        assert_eq!((kept.take().len(), kept.is_full()), (0, false));
        kept.add(&mut vec![b'a'; MOST_HELD], true);
        assert!(kept.is_full());
    }
}
