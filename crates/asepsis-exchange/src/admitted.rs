use std::collections::BTreeMap;
use std::sync::Arc;

use asepsis_egress::{Filter, Hold, Overlap, Shingles, Watcher, Written};
use asepsis_log::LogError;
use asepsis_policy::{AgreementKind, Decision, Policy, PolicyError, ToolCall, Verdict as CallVerdict};
use asepsis_surrogate::{Context, Issued, Restorer, Tally};
use asepsis_vault::{Stored, VaultError};
use asepsis_vocab::{ClassCount, ExchangeId, Flag, GuardRecord, ReleaseRecord, Verdict};

use crate::called;
use crate::guard::Watched;
use crate::memory::Standing;
use crate::others::{self, Others};
use crate::protect::Protected;
use crate::record::{Ticket, rfc3339};
use crate::returned::Returned;
use crate::review::Reviewer;

/// An exchange whose intent is durable: its text may leave, and its answer may come back.
///
/// One that is dropped without [`finish`](Self::finish) is recorded as `client_gone`.
pub struct Admitted {
    ticket: Ticket,
    decision: Arc<Decision>,
    /// What decided, and decides about tools that the answer calls.
    policy: Arc<Policy>,
    user: String,
    texts: Vec<Option<String>>,
    replaced: u64,
    issued: Arc<Issued>,
    stored: Stored,
    tally: Tally,
    answer: Returned,
    watched: Watched,
    /// Looks at what the answer says; it looks once.
    reviewer: Option<Reviewer>,
    /// What was taken out of the answer: how often by rule.
    taken: BTreeMap<String, u32>,
    /// What belongs to others than the patient.
    others: Others,
    /// That alone, where nothing is turned back.
    withheld: Option<Arc<Issued>>,
}

/// Why nothing more of an answer may be given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leak {
    /// A canary came back that had stood at this place of the request.
    Canary(String),
    /// It repeats the application's instructions.
    Instructions,
}

/// How an exchange ended, as the face saw it.
#[derive(Clone, Debug, Default)]
pub struct Ending {
    /// The status for the log; see [`asepsis_vocab::Outcome::status`].
    pub status: &'static str,
    /// The HTTP status given to the client.
    pub http: Option<u16>,
    /// The HTTP status that the AI system gave.
    pub upstream_http: Option<u16>,
    /// Bytes of the request as it went.
    pub sent_bytes: u64,
    /// Bytes of the answer as it came.
    pub answer_bytes: u64,
}

impl Ending {
    /// An ending of which nothing but the status is known.
    pub fn of(status: &'static str) -> Self {
        Self { status, ..Self::default() }
    }

    /// The same with the HTTP status that the client is given.
    #[must_use]
    pub fn http(mut self, status: u16) -> Self {
        self.http = Some(status);
        self
    }
}

/// One stream of text within an answer, on its way back: surrogates become the originals again, where the user may see
/// them. Texts that are interleaved (choices, tool calls, content blocks) need a lane each.
pub struct Lane {
    watcher: Watcher,
    filter: Filter,
    overlap: Option<Overlap>,
    hold: Option<Hold>,
    restorer: Option<Restorer>,
    kept: String,
    room: usize,
    leak: Option<Leak>,
    places: Arc<[String]>,
}

impl Admitted {
    pub(crate) fn new(
        ticket: Ticket,
        (decision, policy): (Arc<Decision>, Arc<Policy>),
        user: &str,
        protected: Protected,
        (watched, reviewer, others): (Watched, Reviewer, Others),
    ) -> Self {
        let withheld = (!decision.restore && !others.is_empty()).then(|| {
            let mut builder = Issued::builder();
            others.withhold(&mut builder);
            Arc::new(builder.build())
        });
        Self {
            ticket,
            decision,
            policy,
            user: user.to_owned(),
            texts: protected.texts,
            replaced: protected.replaced,
            issued: protected.issued,
            stored: protected.stored,
            tally: Tally::default(),
            answer: Returned::default(),
            watched,
            reviewer: Some(reviewer),
            taken: BTreeMap::new(),
            others,
            withheld,
        }
    }

    /// The exchange's id.
    pub fn id(&self) -> ExchangeId {
        self.ticket.id()
    }

    /// The AI system that was asked, by its id in the register, and the present moment, RFC 3339.
    pub fn author(&self) -> (String, String) {
        let system = self.ticket.recipient().map(|recipient| recipient.system.clone()).unwrap_or_default();
        (system, rfc3339(self.ticket.plane().clock().now()))
    }

    /// The decision.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// What was found in the request, by class.
    pub fn found(&self) -> &[ClassCount] {
        self.ticket.found()
    }

    /// Whether earlier exchanges cost this one its tools.
    pub fn standing(&self) -> Standing {
        self.watched.standing
    }

    /// The new text of each piece of the content; `None` where it stays as it came.
    pub fn texts(&self) -> &[Option<String>] {
        &self.texts
    }

    /// Places that were rewritten.
    pub fn replaced(&self) -> u64 {
        self.replaced
    }

    /// Returns when the vault has every surrogate that was sent. To be called when the answer begins, before any of it is
    /// turned back: the vault writes while the AI system works.
    ///
    /// # Errors
    /// Where the vault cannot be written; nothing of the answer may be given back then.
    pub async fn stored(&mut self) -> Result<(), VaultError> {
        std::mem::take(&mut self.stored).durable().await
    }

    /// Reads what was asked for what the answer will be compared with, where that was not begun: to be called while the AI system works.
    pub fn read_ahead(&mut self) {
        self.reviewer = self.reviewer.take().map(Reviewer::read);
    }

    /// A lane for one stream of text of the answer.
    pub fn lane(&self, context: Context) -> Lane {
        let issued = if self.decision.restore { Some(&self.issued) } else { self.withheld.as_ref() };
        let restorer = issued.map(|issued| Restorer::new(Arc::clone(issued), context));
        let (instructions, holds) = (self.watched.instructions.as_ref(), self.watched.hold_instructions);
        Lane {
            watcher: self.watched.secrets.watcher(),
            filter: Filter::new(Arc::clone(&self.watched.hosts)).written(match context {
                Context::Text => Written::Plain,
                Context::JsonSource => Written::Json,
            }),
            overlap: instructions.filter(|_| !holds).map(Shingles::overlap),
            hold: instructions.filter(|_| holds).map(|shingles| shingles.hold(context == Context::JsonSource)),
            restorer,
            kept: String::new(),
            room: self.answer.room(),
            leak: None,
            places: Arc::clone(&self.watched.places),
        }
    }

    /// Whether the AI system may have a tool called in this exchange, and why.
    ///
    /// # Errors
    /// If the policy engine cannot decide; the call is not to be made then.
    pub fn may_call(&self, call: &ToolCall) -> Result<CallVerdict, PolicyError> {
        let now = self.ticket.plane().clock().now();
        let call = self.watched.known_of(call, self.ticket.guard());
        called::asked(&self.policy, &self.decision, now, &self.user, call)
    }

    /// Records with the outcome that a call is not made, and by which rule.
    pub fn refused_call(&mut self, verdict: &CallVerdict) {
        let reason = verdict.rules.first().map_or("default-deny", |rule| rule.id.as_str()).to_owned();
        *self.guard_mut().calls.entry(reason).or_default() += 1;
    }

    /// Whether a business associate agreement is in force that covers this AI system of the register: data of a patient may be sent there.
    /// What the register does not know is not covered.
    pub fn covers(&self, system: &str) -> bool {
        let plane = self.ticket.plane();
        let (register, now, offset) = (plane.rules().register, plane.clock().now(), self.policy.offset());
        let known = register.system(system);
        let agreement = known.and_then(|system| register.agreement(system, AgreementKind::Baa, now, offset));
        agreement.is_some_and(|agreement| agreement.in_force(now, offset))
    }

    /// Whether text that nobody of the organisation wrote is in the conversation.
    pub fn is_tainted(&self) -> bool {
        self.ticket.guard().is_some_and(|guard| guard.tainted)
    }

    /// Who asked, and in which role.
    pub fn asker(&self) -> (String, String) {
        self.ticket.asker()
    }

    /// Says with the outcome that the answer was held for a person.
    pub fn held(&mut self, release: ReleaseRecord) {
        self.ticket.event_mut().release = Some(release);
    }

    /// A whole text of the answer, turned back.
    ///
    /// # Errors
    /// Where a canary came back in it, or the instructions where that is not allowed; nothing of the answer may be given out then.
    pub fn restore(&mut self, context: Context, text: &str) -> Result<String, Leak> {
        let mut lane = self.lane(context);
        let mut out = String::with_capacity(text.len());
        lane.push(text, &mut out);
        lane.finish(&mut out);
        let leak = lane.leak.clone();
        self.collect(lane);
        match leak {
            None => Ok(out),
            Some(leak) => Err(leak),
        }
    }

    /// Takes back a lane that has ended, with what it counted.
    pub fn collect(&mut self, lane: Lane) {
        let Lane { restorer, kept, filter, overlap, hold, leak, .. } = lane;
        let (flags, more) = filter.found();
        for flag in flags {
            *self.taken.entry(flag.rule.clone()).or_default() += 1;
        }
        if more > 0 {
            *self.taken.entry("channel/more".to_owned()).or_default() += u32::try_from(more).unwrap_or(u32::MAX);
        }
        let repeats = |overlap: &Overlap| overlap.is_leak();
        if leak == Some(Leak::Instructions)
            || overlap.as_ref().or(hold.as_ref().map(Hold::overlap)).is_some_and(repeats)
        {
            *self.taken.entry("leak/instructions".to_owned()).or_default() += 1;
        }
        if let Some(Leak::Canary(place)) = leak {
            self.guard_mut().canary = Some(place);
        }
        if let Some(restorer) = restorer {
            let tally = restorer.tally();
            self.tally.restored += tally.restored;
            self.tally.unissued += tally.unissued;
            self.tally.withheld += tally.withheld;
            self.note_withheld(restorer.withheld());
        }
        self.answer.keep(&kept);
    }

    /// Records that data of others than the patient came back and was not given out, and where in the request it stands.
    fn note_withheld(&mut self, withheld: &BTreeMap<u32, u32>) {
        for (source, times) in withheld {
            *self.taken.entry(others::RULE.to_owned()).or_default() += times;
            let Some(place) = self.others.sources().get(*source as usize) else { continue };
            let guard = self.ticket.event_mut().guard.get_or_insert_default();
            let known = guard.flags.iter_mut().find(|flag| flag.place == *place && flag.rule == others::STANDS);
            if let Some(flag) = known {
                // It says where it stands already, and now that it came back.
                others::RULE.clone_into(&mut flag.rule);
                Verdict::Strip.word().clone_into(&mut flag.verdict);
            }
        }
    }

    /// What there is to say of these texts of the answer as the user gets them, each by its number; it is recorded with the outcome.
    /// An answer is reviewed once.
    pub async fn review(&mut self, texts: Vec<String>) -> Vec<(usize, Flag)> {
        let Some(reviewer) = self.reviewer.take() else { return Vec::new() };
        let Some(reviewed) = reviewer.review(texts, self.inspect_answer()).await else {
            *self.taken.entry("review/failed".to_owned()).or_default() += 1;
            return Vec::new();
        };
        if !reviewed.noted.is_empty() {
            self.guard_mut().add(reviewed.noted);
        }
        for (_, flag) in &reviewed.flags {
            *self.taken.entry(flag.rule.clone()).or_default() += 1;
        }
        reviewed.flags
    }

    /// What was taken out of the answer so far: how often by rule.
    pub fn taken(&self) -> &BTreeMap<String, u32> {
        &self.taken
    }

    fn guard_mut(&mut self) -> &mut GuardRecord {
        self.ticket.event_mut().guard.get_or_insert_default()
    }

    /// What was turned back so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Records how the exchange ended. Returns when the record is durable; only then may the last byte be given back.
    pub async fn finish(mut self, ending: Ending) -> Result<(), LogError> {
        // Also of an exchange that failed it is recorded what staff wrote.
        self.review(Vec::new()).await;
        self.inspect_answer().await;
        if !self.taken.is_empty() {
            self.guard_mut().answer = std::mem::take(&mut self.taken);
        }
        let tally = self.tally;
        let traffic = self.ticket.traffic_mut();
        traffic.restored = tally.restored;
        traffic.unissued = tally.unissued;
        if self.ticket.keeps() {
            return self.ticket.record_answer(&ending, self.answer.text()).await;
        }
        self.ticket.record_outcome(&ending).await
    }

    /// Begins to look at a whole answer with these texts, where a thread is idle.
    pub fn expect<'t>(&mut self, texts: impl Iterator<Item = &'t str> + Clone) {
        self.answer.ahead(self.ticket.plane().engine(), texts);
    }

    /// Looks at what the AI system wrote, before anything was turned back: identifiers there are none that we sent.
    async fn inspect_answer(&mut self) {
        if let Some(found) = self.answer.count(self.ticket.plane().engine()).await {
            self.ticket.event_mut().found_in_answer = found;
        }
    }
}

impl Lane {
    /// Takes the next piece of the text and appends to `out` what is certain by now.
    pub fn push(&mut self, piece: &str, out: &mut String) {
        let mut end = piece.len().min(self.room);
        while !piece.is_char_boundary(end) {
            end -= 1;
        }
        self.kept.push_str(&piece[..end]);
        self.room -= end;
        if let Some(overlap) = &mut self.overlap {
            overlap.push(piece);
        }
        let mut known = String::with_capacity(piece.len());
        if let Some(found) = self.watcher.push(piece, &mut known) {
            // Nothing more goes out, not even what was held back.
            self.leak = self.leak.take().or_else(|| self.places.get(found.which).cloned().map(Leak::Canary));
            return;
        }
        if self.leak.is_none() {
            self.give(&known, out);
        }
    }

    fn give(&mut self, known: &str, out: &mut String) {
        let Some(hold) = &mut self.hold else { return self.pass(known, out) };
        let mut passed = String::with_capacity(known.len());
        if hold.push(known, &mut passed) {
            self.leak = Some(Leak::Instructions);
            return;
        }
        self.pass(&passed, out);
    }

    fn pass(&mut self, known: &str, out: &mut String) {
        match &mut self.restorer {
            Some(restorer) => {
                let mut plain = String::with_capacity(known.len());
                self.filter.push(known, &mut plain);
                restorer.push(&plain, out);
            }
            None => self.filter.push(known, out),
        }
    }

    /// Why nothing of the text may be given out any more.
    pub fn leak(&self) -> Option<&Leak> {
        self.leak.as_ref()
    }

    /// Ends the text and appends to `out` what was held back.
    pub fn finish(&mut self, out: &mut String) {
        if self.leak.is_some() {
            return;
        }
        let mut known = String::new();
        self.watcher.finish(&mut known);
        self.give(&known, out);
        let mut rest = String::new();
        if self.hold.as_mut().is_some_and(|hold| hold.finish(&mut rest)) {
            self.leak = Some(Leak::Instructions);
            return;
        }
        self.pass(&rest, out);
        let mut plain = String::new();
        self.filter.finish(&mut plain);
        match &mut self.restorer {
            Some(restorer) => {
                restorer.push(&plain, out);
                restorer.finish(out);
            }
            None => out.push_str(&plain),
        }
    }
}
