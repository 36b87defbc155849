//! The step "record": every exchange that got an id ends in the log, also one that the client walked away from.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use asepsis_aside::Aside;
use asepsis_keys::KeyError;
use asepsis_log::{LogError, SealedPayload};
use asepsis_vocab::{
    AuditEvent, ClassCount, DecisionRecord, DisclosureForm, ExchangeId, Finding, GuardRecord, IdentifierClass, Outcome,
    Phase, Recipient, Traffic, Version,
};
use time::OffsetDateTime;

use crate::admitted::Ending;
use crate::clock::Clock;
use crate::content::{Asker, Piece};
use crate::keep::Keeper;
use crate::memory::{Bounds, Standing};
use crate::plane::Plane;

/// An exchange that has begun: its id, its face, its start, and who asks once that is known.
///
/// A ticket must be closed. One that is dropped open, because the client went away in the middle, is closed as
/// `client_gone` in the background, and where a panic drops it as `internal`.
pub struct Ticket {
    plane: Arc<Plane>,
    event: AuditEvent,
    started: Instant,
    open: bool,
    keeper: Option<Keeper>,
    /// The record of the intent, where another thread may have begun it: nothing of the exchange may be recorded before it.
    intent: Option<Aside<Result<(), LogError>>>,
    /// Which conversation it belongs to, as the memory knows it.
    conversation: Option<u64>,
    /// Whether what came of it counts for the person.
    counts: bool,
}

impl Ticket {
    pub(crate) fn new(plane: Arc<Plane>, interface: &str) -> Self {
        let event = AuditEvent {
            versions: first_versions(plane.versions()),
            ..AuditEvent::new(ExchangeId::now(), Phase::Outcome, String::new(), interface)
        };
        Self {
            plane,
            event,
            started: Instant::now(),
            open: true,
            keeper: None,
            intent: None,
            conversation: None,
            counts: false,
        }
    }

    /// The exchange's id.
    pub fn id(&self) -> ExchangeId {
        self.event.exchange
    }

    /// When the exchange began.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// The plane that the exchange goes through.
    pub fn plane(&self) -> &Arc<Plane> {
        &self.plane
    }

    /// Where the person and the conversation stand; from here on what comes of the exchange counts for both. Who is told to wait does not get
    /// more points by asking again.
    pub(crate) fn stands(&mut self, user: &str, conversation: &[u8], bounds: &Bounds) -> Standing {
        let memory = self.plane.memory();
        let conversation = memory.conversation(user, conversation);
        let standing = memory.standing(user, conversation, bounds, seconds(self.plane.clock()));
        self.conversation = Some(conversation);
        self.counts = !matches!(standing, Standing::Wait(_));
        standing
    }

    /// Says who asks.
    pub fn identify(&mut self, asker: &Asker) {
        self.event.actor = Some(asker.actor());
    }

    /// Records how the exchange ended, before anything was decided or where nothing is left to say about the answer.
    /// Returns when the record is durable.
    pub async fn close(mut self, ending: Ending) -> Result<(), LogError> {
        self.record_outcome(&ending).await
    }

    /// Says what a run on this machine did, which had no recipient: the form, what was found, and how much was rewritten.
    pub fn describe_local(&mut self, form: DisclosureForm, found: Vec<ClassCount>, replaced: u64, request_bytes: u64) {
        self.event.decision =
            Some(DecisionRecord { form, rules: vec!["local".to_owned()], reason: "no-recipient".to_owned() });
        self.event.found = found;
        let traffic = self.traffic_mut();
        traffic.replaced = replaced;
        traffic.request_bytes = request_bytes;
    }

    /// Says how many surrogates were turned back by a run on this machine.
    pub fn describe_restored(&mut self, restored: u64) {
        self.traffic_mut().restored = restored;
    }

    /// To whom it goes.
    pub(crate) fn recipient(&self) -> Option<&Recipient> {
        self.event.recipient.as_ref()
    }

    /// What was found in the request.
    pub(crate) fn found(&self) -> &[ClassCount] {
        &self.event.found
    }

    /// What the guard found in the request.
    pub(crate) fn guard(&self) -> Option<&GuardRecord> {
        self.event.guard.as_deref()
    }

    /// Who asks, and in which role.
    pub(crate) fn asker(&self) -> (String, String) {
        self.event.actor.as_ref().map(|actor| (actor.user.clone(), actor.role.clone())).unwrap_or_default()
    }

    pub(crate) fn event_mut(&mut self) -> &mut AuditEvent {
        &mut self.event
    }

    /// Has texts kept under the key of the person that the exchange is about.
    pub(crate) fn keep_under(&mut self, keeper: Keeper) {
        self.keeper = Some(keeper);
    }

    /// Whether texts are kept.
    pub(crate) fn keeps(&self) -> bool {
        self.keeper.is_some()
    }

    /// What leaves, sealed; `None` where nothing is kept.
    pub(crate) fn seal_sent(
        &self,
        pieces: &[Piece],
        texts: &[Option<String>],
    ) -> Option<Result<SealedPayload, KeyError>> {
        let event = AuditEvent { phase: Phase::Intent, ..self.event.clone() };
        self.keeper.as_ref().map(|keeper| keeper.sent(&event, pieces, texts))
    }

    fn intent(&self) -> AuditEvent {
        let mut event = self.event.clone();
        event.phase = Phase::Intent;
        event.time = rfc3339(self.plane.clock().now());
        event
    }

    /// Begins to record the intent, where another thread has time for it.
    pub(crate) fn begin_intent(&mut self) {
        let thread = self.plane.log().is_quick().then(asepsis_aside::next).flatten();
        self.intent = thread.map(|thread| {
            let (plane, event) = (Arc::clone(&self.plane), self.intent());
            thread.put_future(async move { plane.log().append(&event).await.map(drop) })
        });
    }

    /// Records the intent, where that was not begun. Returns when it is durable.
    pub(crate) async fn record_intent(&mut self, payload: Option<SealedPayload>) -> Result<(), LogError> {
        match self.begun_intent().await {
            Some(recorded) => recorded,
            None => self.append(&self.intent(), payload).await,
        }
    }

    /// What became of an intent that was begun.
    async fn begun_intent(&mut self) -> Option<Result<(), LogError>> {
        // It stays here until its end is known: who is dropped meanwhile still has to wait for it.
        let recorded = self.intent.as_mut()?.result().await.unwrap_or(Err(LogError::Closed));
        self.intent = None;
        Some(recorded)
    }

    async fn append(&self, event: &AuditEvent, payload: Option<SealedPayload>) -> Result<(), LogError> {
        match payload {
            Some(payload) => self.plane.log().append_sealed(event, payload).await.map(drop),
            None => self.plane.log().append(event).await.map(drop),
        }
    }

    /// Records how the exchange ended, with what the AI system answered where that is kept.
    pub(crate) async fn record_answer(&mut self, ending: &Ending, answer: &str) -> Result<(), LogError> {
        self.begun_intent().await;
        self.finish_event(ending);
        // An answer that cannot be sealed must not cost the record of the exchange.
        let payload = self.keeper.as_ref().and_then(|keeper| keeper.answer(&self.event, answer).ok());
        let appended = self.append(&self.event, payload).await;
        self.open = false;
        appended
    }

    pub(crate) async fn record_outcome(&mut self, ending: &Ending) -> Result<(), LogError> {
        self.begun_intent().await;
        self.finish_event(ending);
        // Dropped while it waits for room in the queue, the ticket is still open, and closes itself. What was in the queue
        // by then stays: an exchange has one outcome.
        let appended = self.plane.log().append(&self.event).await.map(drop);
        self.open = false;
        appended
    }

    fn finish_event(&mut self, ending: &Ending) {
        self.event.phase = Phase::Outcome;
        self.event.time = rfc3339(self.plane.clock().now());
        self.event.outcome =
            Some(Outcome { status: ending.status.to_owned(), http: ending.http, upstream_http: ending.upstream_http });
        let traffic = self.event.traffic.get_or_insert_default();
        traffic.sent_bytes = ending.sent_bytes;
        traffic.answer_bytes = ending.answer_bytes;
        traffic.elapsed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        if let Some(actor) = self.event.actor.as_ref().filter(|_| self.counts) {
            let bounds = self.plane.guarding().bounds;
            let now = seconds(self.plane.clock());
            self.plane.memory().note(&actor.user, self.conversation, &self.event, &bounds, now);
            self.counts = false;
        }
    }

    pub(crate) fn traffic_mut(&mut self) -> &mut Traffic {
        self.event.traffic.get_or_insert_default()
    }
}

/// How an exchange ended that was left midway: its client went away, unless a part of Asepsis is failing over it.
fn left() -> &'static str {
    if std::thread::panicking() { "internal" } else { "client_gone" }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        self.finish_event(&Ending::of(left()));
        let (plane, event, intent) = (Arc::clone(&self.plane), self.event.clone(), self.intent.take());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Some(mut intent) = intent {
                    intent.result().await;
                }
                // A log that has stopped has said so to everybody already; the intent without outcome is reported at the start.
                plane.log().append(&event).await.ok()
            });
        }
    }
}

/// The versions that every exchange names, with room for those that are told later: of the guard, its classifier, the clinical tables
/// and the policies.
fn first_versions(known: &[Version]) -> Vec<Version> {
    let mut versions = Vec::with_capacity(known.len() + 4);
    versions.extend_from_slice(known);
    versions
}

/// The moment in seconds since 1970, with what is between them.
pub(crate) fn seconds(clock: &dyn Clock) -> f64 {
    // Nanoseconds since 1970 are exact to a millisecond in a double.
    #[expect(clippy::cast_precision_loss, reason = "a millisecond is enough")]
    let seconds = clock.now().unix_timestamp_nanos() as f64 / 1e9;
    seconds
}

/// The end of an exchange of which the log has only the intent.
pub(crate) fn interrupted(mut intent: AuditEvent, clock: &dyn Clock) -> AuditEvent {
    intent.phase = Phase::Outcome;
    intent.time = rfc3339(clock.now());
    intent.outcome = Some(Outcome { status: "interrupted".to_owned(), http: None, upstream_http: None });
    intent
}

/// How many identifiers of each class were found, and how many different ones.
pub fn count(pieces: &[Piece], findings: &[Vec<Finding>]) -> Vec<ClassCount> {
    count_in(pieces.iter().map(|piece| piece.text.as_str()).zip(findings.iter().map(Vec::as_slice)))
}

/// The same, of texts.
pub(crate) fn count_in<'t>(texts: impl IntoIterator<Item = (&'t str, &'t [Finding])>) -> Vec<ClassCount> {
    let mut classes: BTreeMap<IdentifierClass, (u32, HashSet<&str>)> = BTreeMap::new();
    for (text, found) in texts {
        for finding in found {
            let entry = classes.entry(finding.class).or_default();
            entry.0 += 1;
            entry.1.insert(&text[finding.span.range()]);
        }
    }
    classes
        .into_iter()
        .map(|(class, (places, distinct))| ClassCount {
            class,
            places,
            distinct: u32::try_from(distinct.len()).unwrap_or(u32::MAX),
        })
        .collect()
}

/// RFC 3339 in UTC with milliseconds.
pub(crate) fn rfc3339(at: OffsetDateTime) -> String {
    let format =
        time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    at.to_offset(time::UtcOffset::UTC).format(&format).expect("every part of the format is in a date-time")
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn what_a_failing_part_leaves_is_no_client_that_went_away() {
        struct Left<'a>(&'a Mutex<Vec<&'static str>>);
        impl Drop for Left<'_> {
            fn drop(&mut self) {
                self.0.lock().unwrap().push(left());
            }
        }
        let seen = Mutex::new(Vec::new());
        drop(Left(&seen));
        let failing = std::panic::AssertUnwindSafe(|| {
            let _left = Left(&seen);
            panic!("on purpose");
        });
        std::panic::catch_unwind(failing).unwrap_err();
        assert_eq!(*seen.lock().unwrap(), ["client_gone", "internal"]);
    }
}
