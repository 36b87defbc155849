use std::sync::Arc;

use asepsis_log::LogError;
use asepsis_policy::Decision;
use asepsis_surrogate::{Context, Issued, Restorer, Tally};
use asepsis_vault::{Stored, VaultError};
use asepsis_vocab::{ClassCount, ExchangeId};

use crate::content::Piece;
use crate::protect::Protected;
use crate::record::{Ticket, count};

/// The most of an answer that is kept for its inspection, in bytes. A longer answer is inspected up to here.
const ANSWER_KEPT: usize = 256 * 1024;

/// An exchange whose intent is durable: its text may leave, and its answer may come back.
///
/// One that is dropped without [`finish`](Self::finish) is recorded as `client_gone`.
pub struct Admitted {
    ticket: Ticket,
    decision: Arc<Decision>,
    texts: Vec<Option<String>>,
    replaced: u64,
    issued: Arc<Issued>,
    stored: Stored,
    tally: Tally,
    answer: String,
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
    restorer: Option<Restorer>,
    kept: String,
    room: usize,
}

impl Admitted {
    pub(crate) fn new(ticket: Ticket, decision: Arc<Decision>, protected: Protected) -> Self {
        Self {
            ticket,
            decision,
            texts: protected.texts,
            replaced: protected.replaced,
            issued: protected.issued,
            stored: protected.stored,
            tally: Tally::default(),
            answer: String::new(),
        }
    }

    /// The exchange's id.
    pub fn id(&self) -> ExchangeId {
        self.ticket.id()
    }

    /// The decision.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// What was found in the request, by class.
    pub fn found(&self) -> &[ClassCount] {
        self.ticket.found()
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

    /// A lane for one stream of text of the answer.
    pub fn lane(&self, context: Context) -> Lane {
        let restorer = self.decision.restore.then(|| Restorer::new(Arc::clone(&self.issued), context));
        Lane { restorer, kept: String::new(), room: ANSWER_KEPT.saturating_sub(self.answer.len()) }
    }

    /// A whole text of the answer, turned back.
    pub fn restore(&mut self, context: Context, text: &str) -> String {
        let mut lane = self.lane(context);
        let mut out = String::with_capacity(text.len());
        lane.push(text, &mut out);
        lane.finish(&mut out);
        self.collect(lane);
        out
    }

    /// Takes back a lane that has ended, with what it counted.
    pub fn collect(&mut self, lane: Lane) {
        let Lane { restorer, kept, .. } = lane;
        if let Some(restorer) = restorer {
            let tally = restorer.tally();
            self.tally.restored += tally.restored;
            self.tally.unissued += tally.unissued;
            self.tally.withheld += tally.withheld;
        }
        if self.answer.len() < ANSWER_KEPT {
            self.answer.push_str(&kept);
            self.answer.push('\n');
        }
    }

    /// What was turned back so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Records how the exchange ended. Returns when the record is durable; only then may the last byte be given back.
    pub async fn finish(mut self, ending: Ending) -> Result<(), LogError> {
        let answer = self.inspect_answer();
        let tally = self.tally;
        let traffic = self.ticket.traffic_mut();
        traffic.restored = tally.restored;
        traffic.unissued = tally.unissued;
        if self.ticket.keeps() {
            return self.ticket.record_answer(&ending, &answer).await;
        }
        self.ticket.record_outcome(&ending).await
    }

    /// Looks at what the AI system wrote and gives it back, before anything was turned back: identifiers there are none that we sent.
    fn inspect_answer(&mut self) -> String {
        if self.answer.trim().is_empty() {
            return String::new();
        }
        let piece = Piece { text: std::mem::take(&mut self.answer), field: None, place: String::new(), rigid: false };
        // What comes back is counted, not rewritten, and somebody waits for it.
        let findings = self.ticket.plane().engine().inspect_by_rules(&piece.text);
        self.ticket.event_mut().found_in_answer = count(std::slice::from_ref(&piece), &[findings]);
        piece.text
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
        match &mut self.restorer {
            Some(restorer) => restorer.push(piece, out),
            None => out.push_str(piece),
        }
    }

    /// Ends the text and appends to `out` what was held back.
    pub fn finish(&mut self, out: &mut String) {
        if let Some(restorer) = &mut self.restorer {
            restorer.finish(out);
        }
    }
}
